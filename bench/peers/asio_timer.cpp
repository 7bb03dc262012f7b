/* Boost.Asio's steady_timer. */
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

#define PEER_TIMER "steady_timer"
#define PEER_TIMERS "steady_timer"
#define PEER_LATENESS "steady_timer"

typedef boost::asio::steady_timer peer_timer_t;

static boost::asio::io_context timer_io;

static inline peer_timer_t *timer_start(double seconds)
{
    peer_timer_t *timer = new peer_timer_t(timer_io);
    timer->expires_after(std::chrono::nanoseconds((int64_t)(seconds * 1e9)));
    return timer;
}

static inline void peer_timers_begin(void)
{
}

static inline void peer_timer_pend(double seconds)
{
    timer_start(seconds)->async_wait([](const boost::system::error_code &) {});
}

/* What was cancelled is called, with an error, when a program next polls. */
static inline void peer_timer_cycle(void)
{
    static thread_local int cancelled;
    peer_timer_t *timer = timer_start(30);
    timer->async_wait([](const boost::system::error_code &) {});
    timer->cancel();
    delete timer;
    if (++cancelled % 64 == 0) {
        timer_io.poll();
    }
}

static inline void peer_lateness_begin(void)
{
}

static inline double peer_lateness(void)
{
    uint64_t fired = 0, due = now_ns() + 1000000;
    peer_timer_t *timer = timer_start(1e-3);
    timer->async_wait([&fired](const boost::system::error_code &) { fired = now_ns(); });
    timer_io.restart();
    timer_io.run();
    delete timer;
    return fired > due ? (double)(fired - due) : 0;
}
