/// @file
/// An iterator over what has to be waited for, one element after the other.
#ifndef PIRN_DETAIL_PULL_HPP
#define PIRN_DETAIL_PULL_HPP

#include <cstddef>
#include <iterator>
#include <memory>

#include <pirn/error.hpp>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {
namespace detail {

/// An input iterator. Source has a type `element`, `bool pull()`, which waits for the next element and says
/// whether there is one, and `element &current()`, which is there until the next pull.
template <class Source>
class pull_iterator {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = std::remove_cv_t<typename Source::element>;
    using difference_type = std::ptrdiff_t;
    using pointer = typename Source::element *;
    using reference = typename Source::element &;

    pull_iterator() noexcept = default;
    explicit pull_iterator(Source &source) : source_(std::addressof(source)) { ++*this; }

    reference operator*() const noexcept { return source_->current(); }
    pointer operator->() const noexcept { return std::addressof(source_->current()); }
    pull_iterator &operator++()
    {
        if (!source_->pull())
            source_ = nullptr;
        return *this;
    }
    void operator++(int) { ++*this; }

    friend bool operator==(const pull_iterator &a, const pull_iterator &b) noexcept
    {
        return a.source_ == b.source_;
    }
    friend bool operator!=(const pull_iterator &a, const pull_iterator &b) noexcept
    {
        return a.source_ != b.source_;
    }

private:
    Source *source_ = nullptr;
};

} // namespace detail
} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_DETAIL_PULL_HPP
