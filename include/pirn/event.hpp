/// @file
/// pirn::event (Python: threading.Event).
#ifndef PIRN_EVENT_HPP
#define PIRN_EVENT_HPP

#include <pirn/detail/owner.hpp>
#include <pirn/detail/time.hpp>
#include <pirn/event.h>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {

/// A flag that threads wait for.
class event : public detail::owner<pirn_event_t, pirn_event_free> {
public:
    event() { detail::created(pirn_event_new(&handle_)); }

    event(const event &) = delete;
    event &operator=(const event &) = delete;

    /// Sets the flag, and wakes all who wait.
    done set() { return detail::check(pirn_event_set(handle_)); }

    /// Clears the flag. Those who were waiting at the last set return all the same.
    done clear() { return detail::check(pirn_event_clear(handle_)); }

    value<bool> is_set() const
    {
        bool is_set = false;
        return detail::yield(pirn_event_is_set(handle_, &is_set), is_set);
    }

    /// Waits until the flag is set.
    done wait() { return detail::check(pirn_event_wait(handle_)); }

    /// Waits for at most so long; says whether the flag was set.
    template <class Rep, class Period>
    value<bool> wait_for(const std::chrono::duration<Rep, Period> &limit)
    {
        return detail::answer(pirn_event_wait_timeout(handle_, detail::seconds(limit)));
    }

    /// Waits until a point of time at most; says whether the flag was set.
    template <class Clock, class Duration>
    value<bool> wait_until(const std::chrono::time_point<Clock, Duration> &end)
    {
        return detail::answer(
            detail::wait_until(end, [this](double left) { return pirn_event_wait_timeout(handle_, left); }));
    }
};

} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_EVENT_HPP
