/// @file
/// pirn::semaphore and pirn::bounded_semaphore (Python: threading.Semaphore, BoundedSemaphore).
#ifndef PIRN_SEMAPHORE_HPP
#define PIRN_SEMAPHORE_HPP

#include <cstdint>
#include <mutex>

#include <pirn/detail/owner.hpp>
#include <pirn/detail/time.hpp>
#include <pirn/semaphore.h>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {

/// A counter of units, which threads wait for. It also has the names of a lock, so that a guard can hold one
/// unit:
///
///     std::unique_lock permit(semaphore);
class semaphore : public detail::owner<pirn_semaphore_t, pirn_semaphore_free> {
public:
    /// With so many units at first, and no upper bound.
    explicit semaphore(std::int64_t value = 1) { detail::created(pirn_semaphore_new(value, &handle_)); }

    semaphore(const semaphore &) = delete;
    semaphore &operator=(const semaphore &) = delete;

    /// Takes a unit, waiting without a limit.
    done acquire() { return detail::check(pirn_semaphore_acquire(handle_)); }

    /// Takes a unit if there is one; says whether it did.
    value<bool> try_acquire() { return detail::answer(pirn_semaphore_try_acquire(handle_)); }

    /// Takes a unit, waiting for at most so long; says whether it did.
    template <class Rep, class Period>
    value<bool> try_acquire_for(const std::chrono::duration<Rep, Period> &limit)
    {
        return detail::answer(pirn_semaphore_acquire_timeout(handle_, detail::seconds(limit)));
    }

    /// Takes a unit, waiting until a point of time at most; says whether it did.
    template <class Clock, class Duration>
    value<bool> try_acquire_until(const std::chrono::time_point<Clock, Duration> &end)
    {
        return detail::answer(detail::wait_until(
            end, [this](double left) { return pirn_semaphore_acquire_timeout(handle_, left); }));
    }

    /// Gives a unit back, or adds one. Any thread may.
    done release() { return detail::check(pirn_semaphore_release(handle_)); }

    /// Adds n units, or none if that exceeds a bound. n is at least 1.
    done release(std::int64_t n) { return detail::check(pirn_semaphore_release_n(handle_, n)); }

    /// How many units there are, at this moment.
    value<std::int64_t> count() const
    {
        std::int64_t count = 0;
        return detail::yield(pirn_semaphore_value(handle_, &count), count);
    }

    done lock() { return acquire(); }
    bool try_lock() { return detail::plain_answer(pirn_semaphore_try_acquire(handle_)); }
    done unlock() { return release(); }

protected:
    struct bounded {};
    semaphore(bounded, std::int64_t value) { detail::created(pirn_semaphore_new_bounded(value, &handle_)); }
};

/// A semaphore that refuses (errc::over_release) to get more units than it began with.
class bounded_semaphore : public semaphore {
public:
    explicit bounded_semaphore(std::int64_t value = 1) : semaphore(bounded(), value) {}
};

} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_SEMAPHORE_HPP
