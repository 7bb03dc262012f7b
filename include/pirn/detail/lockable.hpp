/// @file
/// What all locks have: the standard's Lockable and TimedLockable, on C functions of the same shape.
#ifndef PIRN_DETAIL_LOCKABLE_HPP
#define PIRN_DETAIL_LOCKABLE_HPP

#include <pirn/detail/owner.hpp>
#include <pirn/detail/time.hpp>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {
namespace detail {

/// Meets Lockable and TimedLockable, so that std::lock_guard, std::unique_lock and std::scoped_lock hold it.
/// As with the standard's mutexes it can be neither copied nor moved.
template <class Handle, pirn_status_t (*Free)(Handle *), pirn_status_t (*Acquire)(Handle *),
          pirn_status_t (*TryAcquire)(Handle *), pirn_status_t (*AcquireTimeout)(Handle *, double),
          pirn_status_t (*Release)(Handle *)>
class lockable : public owner<Handle, Free> {
public:
    lockable(const lockable &) = delete;
    lockable &operator=(const lockable &) = delete;

    /// Takes the lock, waiting without a limit.
    done lock() { return check(Acquire(this->handle_)); }

    /// Takes the lock if that is possible at once; says whether it did.
    bool try_lock() { return plain_answer(TryAcquire(this->handle_)); }

    /// Takes the lock, waiting for at most so long; says whether it did.
    template <class Rep, class Period>
    bool try_lock_for(const std::chrono::duration<Rep, Period> &limit)
    {
        return plain_answer(AcquireTimeout(this->handle_, seconds(limit)));
    }

    /// Takes the lock, waiting until a point of time at most; says whether it did.
    template <class Clock, class Duration>
    bool try_lock_until(const std::chrono::time_point<Clock, Duration> &end)
    {
        return plain_answer(
            wait_until(end, [this](double left) { return AcquireTimeout(this->handle_, left); }));
    }

    /// Lets the lock go. Throws nothing where the lock is held (by the calling thread, if it has an owner).
    done unlock() { return check(Release(this->handle_)); }

protected:
    lockable() noexcept = default;
    ~lockable() = default;
};

} // namespace detail
} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_DETAIL_LOCKABLE_HPP
