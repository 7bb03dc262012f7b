/// @file
/// pirn::condition (Python: threading.Condition).
#ifndef PIRN_CONDITION_HPP
#define PIRN_CONDITION_HPP

#include <cstddef>
#include <limits>
#include <mutex>

#include <pirn/condition.h>
#include <pirn/detail/lockable.hpp>
#include <pirn/lock.hpp>
#if PIRN_HPP_STOP_TOKEN
#include <pirn/detail/stop_waker.hpp>
#endif

namespace pirn {
inline namespace PIRN_HPP_DIALECT {

/// A place to wait until what a lock guards has changed. It is made on a lock or an rlock, or has an rlock of
/// its own; locking it locks that:
///
///     pirn::condition changed;
///     std::unique_lock held(changed);
///     changed.wait(held, [&] { return !items.empty(); });
///
/// The waits take a std::unique_lock that holds the condition itself or its lock, else they fail with
/// errc::not_owner. Threads are notified in the order in which they came, and no wait ends for no reason:
/// what ends one is a notify, its limit, or a stop request that one of the threads waits with.
class condition : public detail::lockable<pirn_condition_t, pirn_condition_free, pirn_condition_acquire,
                                          pirn_condition_try_acquire, pirn_condition_acquire_timeout,
                                          pirn_condition_release> {
public:
    condition() { detail::created(pirn_condition_new(&handle_)); }

    /// On a lock, which need not outlive the condition.
    explicit condition(plain_lock &lock) : lock_(lock.native_handle())
    {
        detail::created(pirn_condition_new_with_lock(lock.native_handle(), &handle_));
    }

    explicit condition(rlock &lock) : lock_(lock.native_handle())
    {
        detail::created(pirn_condition_new_with_rlock(lock.native_handle(), &handle_));
    }

    /// Lets the lock go (all levels of an rlock), waits to be notified, and takes the lock again.
    template <class Lock>
    done wait(std::unique_lock<Lock> &held)
    {
        if (!is_held(held))
            return detail::fail(errc::not_owner);
        return detail::check(pirn_condition_wait(handle_));
    }

    /// Waits until `predicate` holds, which is tested with the lock held. What it throws comes out, the lock
    /// held.
    template <class Lock, class Predicate>
    done wait(std::unique_lock<Lock> &held, Predicate predicate)
    {
        return detail::check(wait_status(held, predicate, [this] { return pirn_condition_wait(handle_); }));
    }

    /// Waits for at most so long; says whether it was notified.
    template <class Lock, class Rep, class Period>
    value<bool> wait_for(std::unique_lock<Lock> &held, const std::chrono::duration<Rep, Period> &limit)
    {
        if (!is_held(held))
            return detail::fail<value<bool>>(errc::not_owner);
        return detail::answer(pirn_condition_wait_timeout(handle_, detail::seconds(limit)));
    }

    /// Waits until `predicate` holds, for at most so long altogether; gives what the predicate said last.
    template <class Lock, class Rep, class Period, class Predicate>
    value<bool> wait_for(std::unique_lock<Lock> &held, const std::chrono::duration<Rep, Period> &limit,
                         Predicate predicate)
    {
        if (detail::is_nan(limit))
            return detail::fail<value<bool>>(errc::invalid_argument);
        return wait_until(held, detail::deadline(limit), std::move(predicate));
    }

    /// Waits until a point of time at most; says whether it was notified.
    template <class Lock, class Clock, class Duration>
    value<bool> wait_until(std::unique_lock<Lock> &held, const std::chrono::time_point<Clock, Duration> &end)
    {
        if (!is_held(held))
            return detail::fail<value<bool>>(errc::not_owner);
        return detail::answer(wait_once(end));
    }

    /// Waits until `predicate` holds, until a point of time at most; gives what the predicate said last.
    template <class Lock, class Clock, class Duration, class Predicate>
    value<bool> wait_until(std::unique_lock<Lock> &held, const std::chrono::time_point<Clock, Duration> &end,
                           Predicate predicate)
    {
        return detail::answer(wait_status(held, predicate, [&] { return wait_once(end); }));
    }

#if PIRN_HPP_STOP_TOKEN
    /// Waits until `predicate` holds or a stop is requested; gives what the predicate said last. request_stop
    /// may be called with the lock held or not. The lock may be let go and taken again once more when a stop
    /// has been requested.
    template <class Lock, class Predicate>
    value<bool> wait(std::unique_lock<Lock> &held, std::stop_token stop, Predicate predicate)
    {
        return stoppable(held, stop, predicate, [this] { return pirn_condition_wait(handle_); });
    }

    /// The same for at most so long altogether.
    template <class Lock, class Rep, class Period, class Predicate>
    value<bool> wait_for(std::unique_lock<Lock> &held, std::stop_token stop,
                         const std::chrono::duration<Rep, Period> &limit, Predicate predicate)
    {
        if (detail::is_nan(limit))
            return detail::fail<value<bool>>(errc::invalid_argument);
        return wait_until(held, std::move(stop), detail::deadline(limit), std::move(predicate));
    }

    /// The same until a point of time at most.
    template <class Lock, class Clock, class Duration, class Predicate>
    value<bool> wait_until(std::unique_lock<Lock> &held, std::stop_token stop,
                           const std::chrono::time_point<Clock, Duration> &end, Predicate predicate)
    {
        return stoppable(held, stop, predicate, [&] { return wait_once(end); });
    }
#endif

    /// Notifies the thread that has waited longest. Unlike with the standard's condition variables the lock
    /// has to be held.
    done notify_one() { return notify(1); }

    /// Notifies up to n threads.
    done notify(std::size_t n) { return detail::check(pirn_condition_notify(handle_, n)); }

    /// Notifies all threads that wait.
    done notify_all() { return detail::check(pirn_condition_notify_all(handle_)); }

private:
    /// Whether the guard holds this condition's lock: by the lock itself, or by a condition on it.
    template <class Lock>
    bool is_held(const std::unique_lock<Lock> &held) const noexcept
    {
        if (!held.owns_lock())
            return false;
        if constexpr (std::is_same_v<Lock, condition>)
            return held.mutex() == this || (lock_ && held.mutex()->lock_ == lock_);
        else
            return lock_ == held.mutex()->native_handle();
    }

    template <class Clock, class Duration>
    pirn_status_t wait_once(const std::chrono::time_point<Clock, Duration> &end)
    {
        return detail::wait_until(end,
                                  [this](double left) { return pirn_condition_wait_timeout(handle_, left); });
    }

    /// PIRN_OK once the predicate holds, PIRN_TIMED_OUT if it does not when a wait has timed out.
    template <class Lock, class Predicate, class Wait>
    pirn_status_t wait_status(std::unique_lock<Lock> &held, Predicate &predicate, Wait wait)
    {
        if (!is_held(held))
            return PIRN_ERR_NOT_OWNER;
        while (!predicate()) {
            const pirn_status_t status = wait();
            if (status == PIRN_TIMED_OUT)
                return predicate() ? PIRN_OK : PIRN_TIMED_OUT;
            if (status != PIRN_OK)
                return status;
        }
        return PIRN_OK;
    }

#if PIRN_HPP_STOP_TOKEN
    template <class Lock, class Predicate, class Wait>
    value<bool> stoppable(std::unique_lock<Lock> &held, const std::stop_token &stop, Predicate &predicate,
                          Wait wait)
    {
        if (!is_held(held))
            return detail::fail<value<bool>>(errc::not_owner);
        pirn_status_t status = PIRN_OK;
        bool holds = false, let_go = false;
        if (!stop.stop_requested()) {
            detail::stop_waker waker(handle_, held, stop, let_go);
            // The stop is looked for last: the predicate may request it, and its notify then finds nobody
            // waiting.
            while (status == PIRN_OK && !(holds = predicate()) && !stop.stop_requested())
                status = wait();
        }
        if (status < 0)
            return detail::fail<value<bool>>(status);
        return (holds && !let_go) || static_cast<bool>(predicate());
    }
#endif

    /// The lock's handle, to compare with; null for a lock of the condition's own. It may have been freed.
    const void *lock_ = nullptr;
};

} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_CONDITION_HPP
