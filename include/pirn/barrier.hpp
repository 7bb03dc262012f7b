/// @file
/// pirn::barrier (Python: threading.Barrier).
#ifndef PIRN_BARRIER_HPP
#define PIRN_BARRIER_HPP

#include <cstddef>

#include <pirn/barrier.h>
#include <pirn/detail/callable.hpp>
#include <pirn/detail/owner.hpp>
#include <pirn/detail/time.hpp>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {

/// A meeting point for a fixed number of threads, again and again.
class barrier : public detail::owner<pirn_barrier_t, pirn_barrier_free> {
public:
    explicit barrier(std::size_t parties)
    {
        detail::created(pirn_barrier_new(parties, nullptr, nullptr, nullptr, PIRN_FOREVER, &handle_));
    }

    /// The thread that comes last in a round runs `action` before any goes on. What it throws comes out of
    /// that thread's wait.
    template <class Action>
    barrier(std::size_t parties, Action &&action)
    {
        using stored = std::decay_t<Action>;
        stored *copy = detail::create<stored>(std::forward<Action>(action));
        if (copy)
            detail::created(pirn_barrier_new(parties, run_action<stored>, copy, detail::destroy<stored>,
                                             PIRN_FOREVER, &handle_));
    }

    barrier(const barrier &) = delete;
    barrier &operator=(const barrier &) = delete;

    /// Waits until all have come; gives a number from 0 to parties - 1, different for each thread of the
    /// round. Throws errc::broken_barrier if the barrier is, or gets, broken.
    value<std::size_t> wait() { return wait(PIRN_FOREVER); }

    /// The same for at most so long. A limit that passes breaks the barrier for all.
    template <class Rep, class Period>
    value<std::size_t> wait_for(const std::chrono::duration<Rep, Period> &limit)
    {
        return wait(detail::seconds(limit));
    }

    /// The same until a point of time at most.
    template <class Clock, class Duration>
    value<std::size_t> wait_until(const std::chrono::time_point<Clock, Duration> &end)
    {
        return wait(detail::seconds_until(end));
    }

    /// Sends those who wait away with errc::broken_barrier, and makes the barrier usable again.
    done reset() { return detail::check(pirn_barrier_reset(handle_)); }

    /// Breaks the barrier until a reset.
    done abort() { return detail::check(pirn_barrier_abort(handle_)); }

    value<std::size_t> parties() const
    {
        std::size_t parties = 0;
        return detail::yield(pirn_barrier_parties(handle_, &parties), parties);
    }

    /// How many have come in this round, at this moment.
    value<std::size_t> n_waiting() const
    {
        std::size_t n = 0;
        return detail::yield(pirn_barrier_n_waiting(handle_, &n), n);
    }

    value<bool> broken() const
    {
        bool broken = false;
        return detail::yield(pirn_barrier_broken(handle_, &broken), broken);
    }

private:
    template <class Action>
    static std::int32_t run_action(void *action) noexcept
    {
        return detail::run_inside([action] { (*static_cast<Action *>(action))(); });
    }

    value<std::size_t> wait(double seconds)
    {
        std::size_t index = 0;
        const pirn_status_t status = pirn_barrier_wait_timeout(handle_, seconds, &index);
        return detail::yield(detail::rethrow_inside(status), index);
    }
};

} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_BARRIER_HPP
