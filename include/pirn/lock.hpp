/// @file
/// pirn::lock and pirn::rlock (Python: threading.Lock, threading.RLock).
#ifndef PIRN_LOCK_HPP
#define PIRN_LOCK_HPP

#include <mutex>

#include <pirn/detail/lockable.hpp>
#include <pirn/lock.h>
#include <pirn/rlock.h>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {

/// Mutual exclusion without an owner: any thread may release it, and its holder waits if it acquires it
/// again. Use it by its name pirn::lock, with the standard's guards:
///
///     pirn::lock lock;
///     std::lock_guard guard(lock);
class plain_lock
    : public detail::lockable<pirn_lock_t, pirn_lock_free, pirn_lock_acquire, pirn_lock_try_acquire,
                              pirn_lock_acquire_timeout, pirn_lock_release> {
public:
    plain_lock() { detail::created(pirn_lock_new(&handle_)); }

    /// Whether someone holds it, at this moment.
    value<bool> locked() const
    {
        bool locked = false;
        return detail::yield(pirn_lock_locked(handle_, &locked), locked);
    }
};

/// An alias, since a class cannot have a member function of its own name.
using lock = plain_lock;

/// A lock with an owner, who may acquire it again and has to release it as often.
class rlock
    : public detail::lockable<pirn_rlock_t, pirn_rlock_free, pirn_rlock_acquire, pirn_rlock_try_acquire,
                              pirn_rlock_acquire_timeout, pirn_rlock_release> {
public:
    rlock() { detail::created(pirn_rlock_new(&handle_)); }

    /// Whether someone holds it, at this moment.
    value<bool> locked() const
    {
        bool locked = false;
        return detail::yield(pirn_rlock_locked(handle_, &locked), locked);
    }

    /// Whether the calling thread holds it.
    value<bool> is_owned() const
    {
        bool owned = false;
        return detail::yield(pirn_rlock_is_owned(handle_, &owned), owned);
    }

    /// How often the calling thread holds it.
    value<std::size_t> recursion_count() const
    {
        std::size_t count = 0;
        return detail::yield(pirn_rlock_recursion_count(handle_, &count), count);
    }
};

} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_LOCK_HPP
