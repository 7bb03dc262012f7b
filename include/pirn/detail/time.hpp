/// @file
/// std::chrono to pirn's `double seconds`.
#ifndef PIRN_DETAIL_TIME_HPP
#define PIRN_DETAIL_TIME_HPP

#include <chrono>
#include <cmath>

#include <pirn/error.hpp>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {
namespace detail {

/// As the standard's waits take a duration: a negative one polls, and one beyond what pirn counts
/// (hours::max()) is no limit. NaN stays NaN, which the C function refuses.
template <class Rep, class Period>
double seconds(const std::chrono::duration<Rep, Period> &time) noexcept
{
    const double value = std::chrono::duration<double>(time).count();
    if (value < 0)
        return 0;
    return value > PIRN_TIMEOUT_MAX ? PIRN_FOREVER : value;
}

/// What is left until a point of time; 0 if it has come. Points far away are compared as floating point: in
/// the clock's own units they could overflow.
template <class Clock, class Duration>
double seconds_until(const std::chrono::time_point<Clock, Duration> &end)
{
    constexpr double distant = 1e6; // a double's rounding is nothing there
    const auto now = Clock::now();
    const std::chrono::duration<double> left =
        std::chrono::duration<double>(end.time_since_epoch()) - now.time_since_epoch();
    if (!(std::abs(left.count()) <= distant)) // or it is not a number
        return seconds(left);
    return end <= now ? 0 : seconds(end - now);
}

/// A wait with a limit, as one until a point of time. The C functions wait on the monotonic clock: if Clock
/// was set back meanwhile, the point has not come yet and the wait goes on.
template <class Clock, class Duration, class Wait>
pirn_status_t wait_until(const std::chrono::time_point<Clock, Duration> &end, Wait wait)
{
    for (double left = seconds_until(end);;) {
        const pirn_status_t status = wait(left);
        if (status != PIRN_TIMED_OUT)
            return status;
        left = seconds_until(end);
        if (left >= 0 && left <= 0)
            return status;
    }
}

/// When a wait of so long is over. Nothing is converted that could overflow.
template <class Rep, class Period>
std::chrono::steady_clock::time_point deadline(const std::chrono::duration<Rep, Period> &time)
{
    using clock = std::chrono::steady_clock;
    const auto now = clock::now();
    const std::chrono::duration<double> seconds(time);
    if (seconds >= clock::time_point::max() - now)
        return clock::time_point::max();
    return seconds.count() > 0 ? now + std::chrono::ceil<clock::duration>(time) : now;
}

/// Whether a duration is not a number; the C functions refuse it, where it gets that far.
template <class Rep, class Period>
bool is_nan(const std::chrono::duration<Rep, Period> &time) noexcept
{
    return std::isnan(std::chrono::duration<double>(time).count());
}

} // namespace detail
} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_DETAIL_TIME_HPP
