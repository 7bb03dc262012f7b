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

/// An item of a range, as a value of its own.
template <class Range>
using item_of = std::decay_t<decltype(*std::begin(std::declval<Range &>()))>;

/// Whether a range that is passed as Range&& owns what it leaves: a temporary, and no view, whose elements
/// are another's. A container's elements are const when it is.
template <class Range>
constexpr bool gives_up =
    !std::is_lvalue_reference_v<Range> && std::is_const_v<std::remove_reference_t<decltype(*std::begin(
                                              std::declval<const std::remove_reference_t<Range> &>()))>>;

} // namespace detail
} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_DETAIL_RANGE_HPP
