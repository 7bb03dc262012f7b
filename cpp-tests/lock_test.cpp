// pirn::lock and pirn::rlock with the standard's guards.
#include "support.hpp"

TEST(guards)
{
    pirn::lock a;
    pirn::rlock b;
    {
        std::scoped_lock both(a, b);
        CHECK(a.locked() && b.locked());
    }
    CHECK(!a.locked() && !b.locked());

    std::unique_lock held(a, std::defer_lock);
    CHECK(held.try_lock());
    std::unique_lock<pirn::lock> late(a, 1ms);
    CHECK(!late.owns_lock());
    CHECK(!late.try_lock_until(std::chrono::steady_clock::now() - 1h));
    CHECK(!late.try_lock_until(std::chrono::system_clock::now()));
    held.unlock();
    CHECK(late.try_lock_for(std::chrono::hours::max())); // beyond what pirn counts: no limit
    late.unlock();
    CHECK(late.try_lock_until(std::chrono::steady_clock::time_point::max()));
    late.unlock();
    CHECK(late.try_lock_for(-1s)); // the lock is free: a poll gets it
}

// Points of time that the clock's own units do not reach.
TEST(far_points_of_time)
{
    using steady = std::chrono::steady_clock;
    using hours_after_start = std::chrono::time_point<steady, std::chrono::hours>;
    using seconds_of_date = std::chrono::time_point<std::chrono::system_clock, std::chrono::seconds>;
    using real_after_start = std::chrono::time_point<steady, std::chrono::duration<double>>;

    pirn::lock lock;
    lock.lock();
    CHECK(!lock.try_lock_until(hours_after_start::min()));
    CHECK(!lock.try_lock_until(seconds_of_date::min()));
    CHECK(!lock.try_lock_until(steady::time_point::min()));
    CHECK(!lock.try_lock_until(real_after_start::min()));
    const real_after_start never(std::chrono::duration<double>(0.0 / 0.0));
    CHECK_ERROR(invalid_argument, lock.try_lock_until(never));

    const auto waits = [&lock](auto end) {
        std::atomic<std::uint64_t> id{0};
        bool got = false;
        pirn::thread waiter([&] {
            id = pirn::get_native_id();
            got = lock.try_lock_until(end);
        });
        await_sleeping(id);
        lock.unlock();
        waiter.join();
        CHECK(got);
    };
    waits(hours_after_start::max());
    waits(seconds_of_date::max());
    waits(steady::time_point::max());
    waits(real_after_start::max());
    waits(real_after_start(std::chrono::duration<double>(1e300)));
}

TEST(errors)
{
    pirn::lock lock;
    pirn::rlock rlock;
    CHECK_ERROR(not_locked, lock.unlock());
    CHECK_ERROR(not_owner, rlock.unlock());
    CHECK_ERROR(invalid_argument, lock.try_lock_for(std::chrono::duration<double>(0.0 / 0.0)));
    try {
        lock.unlock();
    } catch (const std::system_error &e) {
        CHECK_STR(e.what(), "pirn_lock_release: the lock is not locked");
        CHECK(e.code() == pirn::errc::not_locked);
        CHECK(e.code() == std::errc::operation_not_permitted);
        CHECK(e.code() != std::errc::timed_out);
        CHECK_STR(e.code().category().name(), "pirn");
    }
}

TEST(conditions_of_the_standard)
{
    CHECK(pirn::make_error_code(pirn::errc::timed_out) == std::errc::timed_out);
    CHECK(pirn::make_error_code(pirn::errc::deadlock) == std::errc::resource_deadlock_would_occur);
    CHECK(pirn::make_error_code(pirn::errc::no_memory) == std::errc::not_enough_memory);
    CHECK(pirn::make_error_code(pirn::errc::cancelled) == std::errc::operation_canceled);
    CHECK(std::error_code(pirn::errc::end).message() == pirn_status_message(PIRN_END));
    const pirn::error copied = pirn::error(pirn::errc::busy, "text");
    CHECK_STR(copied.what(), "text");
}

TEST(recursion)
{
    pirn::rlock lock;
    std::lock_guard outer(lock);
    CHECK(lock.is_owned());
    {
        std::lock_guard inner(lock);
        CHECK_EQ(lock.recursion_count(), 2);
    }
    CHECK_EQ(lock.recursion_count(), 1);
    pirn::thread([&] { CHECK(!lock.is_owned() && !lock.try_lock()); });
}

TEST(excludes)
{
    pirn::lock lock;
    int count = 0;
    {
        const auto add = [&] {
            for (int i = 0; i < 10000; i++) {
                std::lock_guard guard(lock);
                count++;
            }
        };
        pirn::thread a(add), b(add), c(add);
    }
    CHECK_EQ(count, 30000);
}

TEST(any_thread_may_release)
{
    pirn::lock lock;
    lock.lock();
    pirn::thread([&] { lock.unlock(); });
    CHECK(lock.try_lock());
    static_assert(!std::is_move_constructible_v<pirn::lock> && !std::is_copy_constructible_v<pirn::rlock>);
}
