// pirn::timer, pirn::local, hooks, signals.
#include "support.hpp"

#include <csignal>
#include <pthread.h>
#include <vector>

TEST(timer_fires)
{
    std::string heard;
    auto held = std::make_shared<int>(1);
    pirn::timer soon(
        1ms, [&heard, held](const char *what) { heard = what; }, "now");
    soon.join();
    CHECK_STR(heard.c_str(), "now");
    CHECK_EQ(held.use_count(), 1);
    CHECK(!soon.is_alive() && soon.join_for(0ms) && soon.join_until(std::chrono::steady_clock::now()));
    pirn::timer past(-1h, [&] { heard = "past"; });
    past.join();
    CHECK_STR(heard.c_str(), "past");
}

TEST(timer_is_cancelled)
{
    auto held = std::make_shared<int>(1);
    const auto never = [held] { CHECK_FAILED("called"); };
    {
        pirn::timer late(1h, never), later(std::chrono::hours::max(), never), explicitly(1h, never);
        CHECK(late.is_alive() && !late.join_for(0ms));
        CHECK(late.thread().name().substr(0, 7) == "Thread-");
        explicitly.cancel();
        explicitly.join();
        late = std::move(*&late);
        CHECK(late.is_alive());
        late = std::move(later); // ends the old one
        CHECK(!later);
        CHECK_ERROR(invalid_handle, later.cancel());
    }                              // the destructor cancels
    CHECK_EQ(held.use_count(), 2); // and `never`
}

// The destructor of a timer waits for a function that runs, but not inside of it.
TEST(timer_is_destroyed)
{
    pirn::event begun, go;
    std::atomic<bool> over{false};
    {
        pirn::timer running(0ms, [&] {
            begun.set();
            go.wait();
            over = true;
        });
        begun.wait();
        go.set();
    }
    CHECK(over);

    auto self = std::make_shared<pirn::timer>();
    pirn::event ready, gone;
    *self = pirn::timer(0ms, [&, mine = self]() mutable {
        ready.wait();
        mine.reset();
        gone.set();
    });
    self.reset();
    ready.set();
    gone.wait();
}

TEST(local_values)
{
    pirn::local<int> numbers;
    pirn::local<std::string> texts([] { return std::string("new"); });
    *numbers = 3;
    texts->append("er");
    pirn::thread([&] {
        CHECK_EQ(*numbers, 0);
        CHECK(texts.get() == "new");
        *numbers = 4;
    });
    CHECK_EQ(*numbers, 3);
    CHECK(*texts == "newer");
}

// A value is made in its place.
TEST(local_that_cannot_be_moved)
{
    pirn::local<std::atomic<int>> counter;
    pirn::local<pirn::lock> lock([] { return pirn::lock(); });
    *counter += 2;
    lock->lock();
    pirn::thread([&] {
        CHECK_EQ(counter.get().load(), 0);
        CHECK(lock->try_lock());
    }).join();
    CHECK_EQ(counter.get().load(), 2);
    CHECK(lock->locked());
}

TEST(local_lifetimes)
{
    auto held = std::make_shared<int>(1);
    {
        pirn::local<std::shared_ptr<int>> shared([held] { return held; });
        CHECK_EQ(shared->use_count(), 3);
        pirn::thread other([&] { CHECK_EQ(shared->use_count(), 4); });
        other.join();
        CHECK_EQ(held.use_count(), 3);
    }
    CHECK_EQ(held.use_count(), 1);
}

TEST(local_that_cannot_be_made)
{
    pirn::local<int> number([n = std::make_shared<int>(0)] {
        if (++*n == 1)
            throw std::out_of_range("first");
        return *n;
    });
    try {
        ++*number;
        CHECK_FAILED("nothing was thrown");
    } catch (const std::out_of_range &e) {
        CHECK_STR(e.what(), "first");
    }
    CHECK_EQ(*number, 2);
}

TEST(excepthook)
{
    std::string heard;
    auto held = std::make_shared<int>(1);
    pirn::set_excepthook([&heard, held](const pirn_excepthook_args_t &failure) {
        heard = std::to_string(failure.code) + " " + failure.message;
    });
    pirn::thread([] { throw std::runtime_error("on purpose"); });
    CHECK_STR(heard.c_str(), "1 on purpose");
    CHECK_EQ(held.use_count(), 2);
    pirn::reset_excepthook();
    CHECK_EQ(held.use_count(), 1);
}

namespace {

void on_signal(int) {}

} // namespace

// The hook is asked at each signal; the wait ends when it says so, and not one without a limit.
TEST(signals_end_a_wait)
{
    std::signal(SIGUSR1, on_signal);
    std::atomic<int> asked{0};
    std::atomic<bool> is_over{false};
    auto held = std::make_shared<int>(1);
    std::atomic<std::uint64_t> native_id{0};
    std::atomic<pthread_t> self{};
    pirn::event never;
    pirn::thread waiter([&] {
        pirn::set_interrupt([&, held] {
            asked++;
            return is_over.load();
        });
        self = pthread_self();
        native_id = pirn::get_native_id();
        CHECK(!never.wait_for(1h));
        CHECK_EQ(held.use_count(), 2);
        pirn::reset_interrupt();
        CHECK_EQ(held.use_count(), 1);
    });
    await_sleeping(native_id);
    pthread_kill(self, SIGUSR1);
    await([&] { return asked == 1; });
    await_sleeping(native_id);
    is_over = true;
    pthread_kill(self, SIGUSR1);
    waiter.join();
    CHECK_EQ(asked.load(), 2);
}

TEST(trace)
{
    std::atomic<int> starts{0}, ends{0};
    const auto count = [&](const pirn_trace_event_t &event) {
        starts += event.kind == PIRN_TRACE_THREAD_START;
        ends += event.kind == PIRN_TRACE_THREAD_END;
    };
    pirn::settrace(count);
    pirn::thread([] {}).join();
    CHECK_EQ(starts.load(), 1);
    CHECK_EQ(ends.load(), 1);
    pirn::setprofile(count);
    pirn::settrace_all_threads([](const pirn_trace_event_t &) {});
    pirn::thread([] {}).join();
    CHECK_EQ(starts.load(), 1);
    pirn::setprofile_all_threads([](const pirn_trace_event_t &) {});
}
