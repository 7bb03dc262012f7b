/// @file
/// pirn::timer (Python: threading.Timer).
#ifndef PIRN_TIMER_HPP
#define PIRN_TIMER_HPP

#include <limits>

#include <pirn/detail/callable.hpp>
#include <pirn/detail/owner.hpp>
#include <pirn/detail/time.hpp>
#include <pirn/thread.hpp>
#include <pirn/timer.h>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {

/// A thread that waits first: calls its function once, so long after its construction, on a thread of its
/// own. While it waits it costs no system thread.
///
///     pirn::timer reminder(10min, [] { std::cout << "tea\n"; });
///
/// What the function throws goes to the excepthook. The destructor cancels the timer; if the function runs
/// already it waits for its end, unless it is called by it.
class timer : public detail::owner<pirn_timer_t, pirn_timer_free> {
public:
    /// No timer.
    timer() noexcept = default;

    /// An interval of 0 or less fires at once, one beyond PIRN_TIMEOUT_MAX (hours::max()) never.
    template <class Rep, class Period, class F, class... Args>
    timer(const std::chrono::duration<Rep, Period> &interval, F &&f, Args &&...args)
    {
        using call = detail::call_of<F, Args...>;
        call *made = detail::create<call>(std::in_place, std::forward<F>(f), std::forward<Args>(args)...);
        if (!made)
            return;
        pirn_status_t status = pirn_timer_new(interval_of(interval), detail::run_once<call>, made,
                                              detail::destroy<call>, &handle_);
        if (status == PIRN_OK)
            status = pirn_timer_start(handle_);
        if (status != PIRN_OK)
            reset(); // never started: not to be joined
        detail::created(status);
    }

    timer(timer &&) noexcept = default;

    /// Ends the timer that it leads to, as the destructor does, and takes over the other's.
    timer &operator=(timer &&other) noexcept
    {
        timer(std::move(other)).swap(*this);
        return *this;
    }

    ~timer()
    {
        if (!handle_)
            return;
        static_cast<void>(pirn_timer_cancel(handle_));
        static_cast<void>(pirn_timer_join(handle_)); // refused inside its own function
    }

    void swap(timer &other) noexcept { owner::swap(other); }

    /// The function will not be called, unless it has been.
    done cancel() { return detail::check(pirn_timer_cancel(handle_)); }

    /// Waits until the function has been called and has returned, or the timer was cancelled.
    done join() { return detail::check(pirn_timer_join(handle_)); }

    /// Waits for at most so long; says whether the timer has ended.
    template <class Rep, class Period>
    value<bool> join_for(const std::chrono::duration<Rep, Period> &limit)
    {
        return detail::answer(pirn_timer_join_timeout(handle_, detail::seconds(limit)));
    }

    /// Waits until a point of time at most; says whether the timer has ended.
    template <class Clock, class Duration>
    value<bool> join_until(const std::chrono::time_point<Clock, Duration> &end)
    {
        return detail::answer(
            detail::wait_until(end, [this](double left) { return pirn_timer_join_timeout(handle_, left); }));
    }

    value<bool> is_alive() const
    {
        bool alive = false;
        return detail::yield(pirn_timer_is_alive(handle_, &alive), alive);
    }

    /// The timer as a thread, for its name, ident, ...
    value<thread_ref> thread() const
    {
        pirn_thread_t *handle = nullptr;
        const pirn_status_t status = pirn_timer_thread(handle_, &handle);
        return detail::yield(status, thread_ref(handle));
    }

    /// Lets the timer go on by itself. The process's end waits for it.
    void detach() noexcept { reset(); }

private:
    template <class Rep, class Period>
    static double interval_of(const std::chrono::duration<Rep, Period> &interval) noexcept
    {
        const double seconds = std::chrono::duration<double>(interval).count();
        return seconds > PIRN_TIMEOUT_MAX ? std::numeric_limits<double>::infinity() : seconds;
    }
};

} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_TIMER_HPP
