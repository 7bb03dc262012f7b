// pirn::semaphore, pirn::event, pirn::barrier.
#include "support.hpp"

TEST(semaphore_counts)
{
    pirn::semaphore units(2);
    units.acquire();
    CHECK(units.try_acquire() && !units.try_acquire());
    CHECK(!units.try_acquire_for(1ms) && !units.try_acquire_until(std::chrono::steady_clock::now()));
    units.release();
    units.release(3);
    CHECK_EQ(units.count(), 4);
    {
        std::unique_lock permit(units);
        CHECK_EQ(units.count(), 3);
    }
    CHECK_EQ(units.count(), 4);
    CHECK_ERROR(invalid_argument, units.release(0));
    CHECK_ERROR(invalid_argument, pirn::semaphore(-1));
}

TEST(bounded_semaphore_refuses)
{
    pirn::bounded_semaphore units(1);
    CHECK_ERROR(over_release, units.release());
    pirn::semaphore &base = units;
    base.acquire();
    base.release();
    CHECK_ERROR(over_release, base.release(1));
    CHECK_EQ(units.count(), 1);
}

TEST(event_wakes)
{
    pirn::event ready;
    CHECK(!ready.is_set() && !ready.wait_for(1ms) && !ready.wait_until(std::chrono::system_clock::now()));
    std::atomic<std::uint64_t> waiter{0};
    pirn::thread other([&] {
        waiter = pirn::get_native_id();
        ready.wait();
    });
    await_sleeping(waiter);
    ready.set();
    other.join();
    CHECK(ready.is_set() && ready.wait_for(0s));
    ready.clear();
    CHECK(!ready.is_set());
}

TEST(barrier_meets)
{
    int rounds = 0;
    pirn::barrier meeting(2, [&] { rounds++; });
    std::atomic<std::size_t> sum{0};
    pirn::thread other([&] {
        for (int i = 0; i < 100; i++)
            sum += meeting.wait();
    });
    for (int i = 0; i < 100; i++)
        sum += meeting.wait_for(1h);
    other.join();
    CHECK_EQ(rounds, 100);
    CHECK_EQ(sum.load(), 100); // 0 and 1 in each round
    CHECK_EQ(meeting.parties(), 2);
    CHECK_EQ(meeting.n_waiting(), 0);
}

TEST(barrier_action_throws)
{
    pirn::barrier meeting(1, [n = 0]() mutable {
        if (++n != 2)
            throw std::out_of_range("action");
    });
    try {
        meeting.wait();
        CHECK_FAILED("nothing was thrown");
    } catch (const std::out_of_range &e) {
        CHECK_STR(e.what(), "action");
    }
    CHECK(meeting.broken());
    CHECK_ERROR(broken_barrier, meeting.wait());
    meeting.reset();
    meeting.wait();
    meeting.abort();
    CHECK_ERROR(broken_barrier, meeting.wait());
}

// The exception of an action is not kept, whatever the wait that ran the action ends with.
TEST(barrier_forgets_an_exception)
{
    auto held = std::make_shared<int>(1);
    pirn::barrier *self = nullptr;
    pirn::barrier meeting(1, [&self, held] {
        self->abort();
        throw held;
    });
    self = &meeting;
    try {
        meeting.wait();
        CHECK_FAILED("nothing was thrown");
    } catch (const pirn::error &e) {
        CHECK(e.code() == pirn::errc::broken_barrier);
    } catch (const std::shared_ptr<int> &) {
    }
    CHECK(meeting.broken());
    CHECK_EQ(held.use_count(), 2);
}

TEST(barrier_breaks_by_time)
{
    pirn::barrier meeting(2);
    CHECK_ERROR(broken_barrier, meeting.wait_for(1ms));
    CHECK(meeting.broken());
    meeting.reset();
    CHECK_ERROR(broken_barrier, meeting.wait_until(std::chrono::steady_clock::now()));
    CHECK_ERROR(invalid_argument, pirn::barrier(0));
}
