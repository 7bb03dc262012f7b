/// @file
/// pirn::map_results: what an executor's map gives.
#ifndef PIRN_MAP_HPP
#define PIRN_MAP_HPP

#include <chrono>
#include <cstddef>
#include <optional>

#include <pirn/detail/map_state.hpp>
#include <pirn/detail/owner.hpp>
#include <pirn/detail/pull.hpp>
#include <pirn/executor.h>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {

/// The results of an executor's map, in the order of the items: a range to be gone through once.
///
/// What has not started when this goes is cancelled; what is running goes on.
template <class R>
class [[nodiscard]] map_results : public detail::owner<pirn_map_t, pirn_map_free> {
public:
    using element = R;
    using iterator = detail::pull_iterator<map_results>;

    map_results(map_results &&) noexcept = default;
    map_results &operator=(map_results &&other) noexcept
    {
        map_results(std::move(other)).swap(*this);
        return *this;
    }
    ~map_results()
    {
        if (handle_)
            static_cast<void>(pirn_map_cancel(handle_));
    }

    void swap(map_results &other) noexcept
    {
        owner::swap(other);
        state_.swap(other.state_);
        std::swap(given_, other.given_);
        current_.swap(other.current_);
#if !PIRN_HPP_EXCEPTIONS
        std::swap(status_, other.status_);
#endif
    }

    /// Waits for the first result. An iteration cannot be begun again: it goes on where it was.
    iterator begin() { return iterator(*this); }
    iterator end() noexcept { return iterator(); }

    /// Waits for the next result; nothing after the last. An item's exception is thrown here, and the
    /// iteration ends; so it does when its limit has passed, with errc::timed_out.
    value<std::optional<R>> next()
    {
        void *result = nullptr;
        const pirn_status_t status = pirn_map_next(handle_, &result);
#if !PIRN_HPP_EXCEPTIONS
        status_ = status;
#endif
        if (status == PIRN_END)
            return std::optional<R>();
#if PIRN_HPP_EXCEPTIONS
        if (status == PIRN_ERR_TASK_FAILED && given_ < state_->size())
            if (std::exception_ptr failure = state_->at(given_).failure())
                std::rethrow_exception(std::move(failure));
#endif
        if (status != PIRN_OK)
            return detail::fail<value<std::optional<R>>>(status);
        given_++;
        return std::optional<R>(std::move(static_cast<detail::outcome<R> *>(result)->value()));
    }

    /// Cancels what has not started.
    done cancel() { return detail::check(pirn_map_cancel(handle_)); }

#if !PIRN_HPP_EXCEPTIONS
    /// Why a loop over this has ended: errc::end after the last.
    errc status() const noexcept { return static_cast<errc>(status_); }
#endif

private:
    friend class executor;
    friend iterator;

    map_results(pirn_map_t *handle, detail::map_state<R> *state) noexcept : owner(handle), state_(state) {}

    bool pull()
    {
        current_.reset();
#if PIRN_HPP_EXCEPTIONS
        std::optional<R> pulled = next();
#else
        auto result = next();
        std::optional<R> pulled = result.ok() ? std::move(result).value() : std::nullopt;
#endif
        if (pulled)
            current_.emplace(*std::move(pulled));
        return current_.has_value();
    }
    R &current() noexcept { return *current_; }

    detail::map_holder<R> state_;
    std::size_t given_ = 0;
    std::optional<R> current_;
#if !PIRN_HPP_EXCEPTIONS
    pirn_status_t status_ = PIRN_OK;
#endif
};

/// How an executor goes through a range.
struct map_options {
    /// How many items a worker takes at a time; not 0.
    std::size_t chunksize = 1;
    /// The limit for the whole iteration, counted from the call; by default none.
    std::optional<std::chrono::duration<double>> timeout = {};
};

} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_MAP_HPP
