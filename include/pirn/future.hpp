/// @file
/// pirn::future (Python: concurrent.futures.Future).
#ifndef PIRN_FUTURE_HPP
#define PIRN_FUTURE_HPP

#include <atomic>
#include <cstddef>
#include <memory>

#include <pirn/detail/owner.hpp>
#include <pirn/detail/task.hpp>
#include <pirn/detail/time.hpp>
#include <pirn/future.h>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {

namespace detail {

/// A handle that a promise and its future share, the last one frees it; and what else is to be known of a
/// future, rarely.
class shared_handle {
public:
    shared_handle() = default;
    shared_handle(const shared_handle &) = delete;
    shared_handle &operator=(const shared_handle &) = delete;

    void hold() noexcept { holders_.fetch_add(1, std::memory_order_relaxed); }
    void drop() noexcept
    {
        if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }

    pirn_future_t *handle = nullptr;
    bool watched = false; // whether done callbacks may look at the result; the future's own

private:
    ~shared_handle() { static_cast<void>(pirn_future_free(handle)); }

    std::atomic<int> holders_{1};
};

} // namespace detail

template <class R>
class promise;
class executor;

/// A result that will be there later. Letting go of a future never blocks, and its task goes on.
///
/// One that was default-constructed, moved from, or used up by get() leads to no result: its calls fail with
/// errc::invalid_handle.
template <class R>
class [[nodiscard]] future {
    static constexpr bool in_pointer = detail::fits_pointer<detail::kept<R>>;
    using shown =
        std::conditional_t<std::is_void_v<R> || std::is_reference_v<R>, R,
                           std::conditional_t<in_pointer, detail::kept<R>, const detail::kept<R> &>>;

public:
    /// Leads to no result.
    future() noexcept = default;
    future(future &&other) noexcept { swap(other); }
    future &operator=(future &&other) noexcept
    {
        future(std::move(other)).swap(*this);
        return *this;
    }
    ~future()
    {
        if (shared_)
            shared_->drop();
        else if (handle_)
            static_cast<void>(pirn_future_free(handle_));
    }

    void swap(future &other) noexcept
    {
        std::swap(handle_, other.handle_);
        std::swap(shared_, other.shared_);
    }

    /// Whether it leads to a result.
    bool valid() const noexcept { return handle_ != nullptr; }
    explicit operator bool() const noexcept { return valid(); }

    /// Waits for the result and gives it; the future is used up. An exception of the task is thrown here, the
    /// same one. Throws errc::cancelled, or errc::broken_executor if a worker's initializer failed before. It is
    /// not used up if a task that waits is told errc::deadlock, since it runs the future's task itself, or
    /// errc::no_thread, since nobody is left to run that.
    ///
    /// The result is moved out; but copied if there are done callbacks, which may be looking at it.
    /// (errc::invalid_state if it cannot be copied: then use result().)
    value<R> get()
    {
        void *result = nullptr;
        const pirn_status_t status = pirn_future_result(handle_, &result);
        if (status == PIRN_ERR_DEADLOCK || status == PIRN_ERR_NO_THREAD) // it is not over
            return failed<value<R>>(status);
        const future used = std::move(*this);
        if (status != PIRN_OK)
            return used.template failed<value<R>>(status);
        if constexpr (std::is_void_v<R>) {
            return detail::check(PIRN_OK);
        } else if constexpr (std::is_reference_v<R>) {
            return static_cast<R>(*detail::carried<R>::take(result));
        } else if constexpr (in_pointer) {
            return detail::carried<R>::take(result);
        } else {
            if (!used.shared_ || !used.shared_->watched)
                return detail::carried<R>::take(result);
            if constexpr (std::is_copy_constructible_v<R>)
                return std::as_const(detail::carried<R>::show(result));
            else
                return detail::fail<value<R>>(errc::invalid_state);
        }
    }

    /// Waits for the result and shows it, any number of times: as a reference that is good as long as the
    /// future, or as a copy if it is small and plain. Throws what get() throws.
    value<shown> result() const
    {
        void *result = nullptr;
        const pirn_status_t status = pirn_future_result(handle_, &result);
        if (status != PIRN_OK)
            return failed<value<shown>>(status);
        if constexpr (std::is_void_v<R>)
            return detail::check(PIRN_OK);
        else if constexpr (std::is_reference_v<R>)
            return static_cast<R>(*detail::carried<R>::take(result));
        else if constexpr (in_pointer)
            return detail::carried<R>::take(result);
        else
            return std::as_const(detail::carried<R>::show(result));
    }

    /// Waits until the future is over: finished or cancelled.
    done wait() const { return detail::check(without_outcome(pirn_future_result(handle_, nullptr))); }

    /// Waits for at most so long; says whether the future is over.
    template <class Rep, class Period>
    value<bool> wait_for(const std::chrono::duration<Rep, Period> &limit) const
    {
        return detail::answer(
            without_outcome(pirn_future_result_timeout(handle_, detail::seconds(limit), nullptr)));
    }

    /// Waits until a point of time at most; says whether the future is over.
    template <class Clock, class Duration>
    value<bool> wait_until(const std::chrono::time_point<Clock, Duration> &end) const
    {
        return detail::answer(without_outcome(detail::wait_until(
            end, [this](double left) { return pirn_future_result_timeout(handle_, left, nullptr); })));
    }

#if PIRN_HPP_EXCEPTIONS
    /// Waits until the future is over, and gives what get() would throw for a task that failed; null if it
    /// has a result. Throws errc::cancelled.
    std::exception_ptr exception() const
    {
        const pirn_status_t status = pirn_future_result(handle_, nullptr);
        if (status == PIRN_ERR_TASK_FAILED)
            return failure();
        detail::check(status);
        return nullptr;
    }
#endif

    /// Cancels it if it has not started; says whether it is cancelled. The task is then gone, with all that
    /// it held.
    value<bool> cancel() { return asked(pirn_future_cancel); }

    value<bool> cancelled() const { return asked(pirn_future_cancelled); }
    value<bool> running() const { return asked(pirn_future_running); }
    /// Whether it is over: finished or cancelled.
    value<bool> is_done() const { return asked(pirn_future_done); }

    /// Has a callable called with this future, as a `const future<R> &`, when it is over: by the thread that
    /// finishes or cancels it, or here and now if it is over. It sees the result by result(). It must not
    /// throw: that ends the program.
    template <class F>
    done add_done_callback(F &&f)
    {
        using stored = std::decay_t<F>;
        stored *made = nullptr;
        if (!watch() || !(made = detail::create<stored>(std::forward<F>(f))))
            return detail::fail(handle_ ? errc::no_memory : errc::invalid_handle);
        return detail::check(
            pirn_future_add_done_callback(handle_, call_back<stored>, made, detail::destroy<stored>));
    }

    /// The C API's handle, which stays this future's.
    pirn_future_t *native_handle() const noexcept { return handle_; }

private:
    friend class promise<R>;
    friend class executor;

    explicit future(pirn_future_t *handle, detail::shared_handle *shared = nullptr) noexcept
        : handle_(handle),
          shared_(shared)
    {}

    /// Remembers that the result is not to be moved out; whether there is memory to.
    bool watch()
    {
        if (in_pointer || !handle_)
            return handle_ != nullptr;
        if (!shared_) {
            shared_ = detail::create<detail::shared_handle>();
            if (!shared_)
                return false;
            shared_->handle = handle_;
        }
        shared_->watched = true;
        return true;
    }

    template <class F>
    static void call_back(pirn_future_t *borrowed, void *f) noexcept
    {
        future shown_as(borrowed);
        std::invoke(std::move(*static_cast<F *>(f)), std::as_const(shown_as));
        shown_as.handle_ = nullptr;
    }

#if PIRN_HPP_EXCEPTIONS
    std::exception_ptr failure() const
    {
        void *payload = nullptr;
        const pirn_status_t status = pirn_future_payload(handle_, &payload);
        if (status == PIRN_OK && payload)
            return *static_cast<const std::exception_ptr *>(payload);
        return std::make_exception_ptr(error(errc::task_failed, pirn_last_error()));
    }
#endif

    template <class As>
    As failed(pirn_status_t status) const
    {
#if PIRN_HPP_EXCEPTIONS
        if (status == PIRN_ERR_TASK_FAILED)
            std::rethrow_exception(failure());
#endif
        return detail::fail<As>(status);
    }

    /// That it was cancelled or failed is no error to one who only waits.
    static pirn_status_t without_outcome(pirn_status_t status) noexcept
    {
        const bool over = status == PIRN_ERR_CANCELLED || status == PIRN_ERR_TASK_FAILED ||
                          status == PIRN_ERR_BROKEN_EXECUTOR;
        return over ? PIRN_OK : status;
    }

    value<bool> asked(pirn_status_t (*question)(pirn_future_t *, bool *)) const
    {
        bool answer = false;
        return detail::yield(question(handle_, &answer), answer);
    }

    pirn_future_t *handle_ = nullptr;
    detail::shared_handle *shared_ = nullptr; // null if the handle is this future's alone
};

} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_FUTURE_HPP
