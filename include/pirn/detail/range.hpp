/// @file
/// What is done with the items of a range that is passed to an executor.
#ifndef PIRN_DETAIL_RANGE_HPP
#define PIRN_DETAIL_RANGE_HPP

#include <iterator>
#include <type_traits>
#include <utility>

#include <pirn/error.hpp>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {
namespace detail {

/// begin and end of a range as a loop over it finds them: members, or functions of the range's namespace.
namespace ends {

using std::begin;
using std::end;

template <class Range>
auto first(Range &range) -> decltype(begin(range))
{
    return begin(range);
}

template <class Range>
auto last(Range &range) -> decltype(end(range))
{
    return end(range);
}

} // namespace ends

template <class Range>
using reference_of = decltype(*ends::first(std::declval<Range &>()));

/// An item of a range, as a value of its own.
template <class Range>
using item_of = std::decay_t<reference_of<Range>>;

/// Whether the elements of a range are const when it is, as a container's are. A view's are another's, and
/// there may be no way to them at all through a const one.
template <class Range, class = void>
constexpr bool owns_items = false;

template <class Range>
constexpr bool owns_items<Range, std::void_t<reference_of<const Range>>> =
    std::is_const_v<std::remove_reference_t<reference_of<const Range>>>;

/// Whether a range that is passed as Range&& owns what it leaves: a temporary, and no view.
template <class Range>
constexpr bool gives_up = !std::is_lvalue_reference_v<Range> && owns_items<std::remove_reference_t<Range>>;

} // namespace detail
} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_DETAIL_RANGE_HPP
