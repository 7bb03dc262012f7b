// std::stop_token: a stop request ends a wait on a condition, and a thread carries one. From C++20 on.
#include "support.hpp"

#include "on_each.hpp"

TEST(stop_before)
{
    pirn::condition changed;
    std::stop_source stop;
    stop.request_stop();
    std::unique_lock held(changed);
    CHECK(!changed.wait(held, stop.get_token(), [] { return false; }));
    CHECK(changed.wait(held, stop.get_token(), [] { return true; }));
}

TEST(stop_wakes)
{
    on_each([](auto &lock, pirn::condition &changed) {
        for (bool with_lock : {false, true}) {
            std::atomic<std::uint64_t> waiter{0};
            pirn::thread stoppable([&](std::stop_token stop) {
                std::unique_lock held(lock);
                waiter = pirn::get_native_id();
                CHECK(!changed.wait(held, stop, [] { return false; }));
                CHECK(held.owns_lock());
                changed.notify_all(); // which needs the lock
            });
            await_sleeping(waiter);
            std::unique_lock held(lock, std::defer_lock);
            if (with_lock)
                held.lock();
            CHECK(stoppable.request_stop());
            if (with_lock)
                held.unlock();
            stoppable.join();
        }
    });
}

TEST(stop_inside_two_levels)
{
    pirn::rlock lock;
    pirn::condition changed(lock);
    std::atomic<std::uint64_t> waiter{0};
    pirn::thread stoppable([&](std::stop_token stop) {
        std::unique_lock outer(lock), inner(lock);
        waiter = pirn::get_native_id();
        CHECK(!changed.wait(inner, stop, [] { return false; }));
        CHECK_EQ(lock.recursion_count(), 2);
    });
    await_sleeping(waiter);
    std::unique_lock held(lock);
    stoppable.request_stop();
    held.unlock();
    stoppable.join();
}

TEST(stop_by_the_predicate_itself)
{
    on_each([](auto &lock, pirn::condition &changed) {
        std::stop_source stop;
        std::unique_lock held(lock);
        CHECK(!changed.wait(held, stop.get_token(), [&] {
            stop.request_stop();
            return false;
        }));
        CHECK(held.owns_lock());
    });
}

TEST(stop_with_limits)
{
    pirn::lock lock;
    pirn::condition changed(lock);
    std::stop_source stop;
    std::unique_lock held(lock);
    CHECK(!changed.wait_for(held, stop.get_token(), 1ms, [] { return false; }));
    CHECK(
        !changed.wait_until(held, stop.get_token(), std::chrono::system_clock::now(), [] { return false; }));
    CHECK(changed.wait_for(held, stop.get_token(), 0ms, [] { return true; }));
}

// A stop that comes at any moment of the wait, with and without the lock, while others use the lock and the condition.
TEST(stop_races)
{
    pirn::lock lock;
    pirn::condition changed(lock);
    std::atomic<bool> over{false};
    pirn::thread noise([&] {
        while (!over) {
            std::lock_guard guard(lock);
            changed.notify_one();
        }
    });
    for (int round = 0; round < 500; round++) {
        std::atomic<int> begun{0};
        const auto wait = [&](std::stop_token stop) {
            begun++;
            std::unique_lock held(lock);
            changed.wait(held, stop, [] { return false; });
            CHECK(stop.stop_requested());
        };
        pirn::thread a(wait), b(wait);
        if (round % 2)
            await([&] { return begun == 2; });
        std::unique_lock held(lock, std::defer_lock);
        if (round % 3)
            held.lock();
        a.request_stop();
        b.request_stop();
        if (held.owns_lock())
            held.unlock();
    }
    over = true;
}

TEST(threads)
{
    std::atomic<bool> stopped{false};
    {
        pirn::thread stoppable(
            [&](std::stop_token stop, int) {
                await([&] { return stop.stop_requested(); });
                stopped = true;
            },
            1);
        CHECK(!stoppable.get_stop_token().stop_requested());
    } // the destructor asks it to stop
    CHECK(stopped);
    pirn::thread other([](std::stop_token stop) { await([&] { return stop.stop_requested(); }); });
    CHECK(other.get_stop_source().request_stop() && !other.request_stop());
    pirn::thread none;
    CHECK(!none.get_stop_token().stop_possible());
}
