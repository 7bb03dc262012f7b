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
