// pirn::condition: predicates, limits, whose lock it is, stop requests.
#include "support.hpp"

#include "on_each.hpp"

TEST(wait_until_a_predicate_holds)
{
    on_each([](auto &lock, pirn::condition &changed) {
        std::atomic<std::uint64_t> waiter{0};
        int turn = 0;
        pirn::thread other([&] {
            std::unique_lock held(lock);
            waiter = pirn::get_native_id();
            changed.wait(held, [&] { return turn == 1; });
            CHECK(held.owns_lock());
            turn = 2;
            changed.notify_all();
        });
        await_sleeping(waiter);
        std::unique_lock held(lock);
        turn = 1;
        changed.notify_one();
        changed.wait(held, [&] { return turn == 2; });
    });
}

TEST(limits)
{
    on_each([](auto &lock, pirn::condition &changed) {
        std::unique_lock held(lock);
        CHECK(!changed.wait_for(held, 1ms));
        CHECK(!changed.wait_until(held, std::chrono::system_clock::now() + 1ms));
        int calls = 0;
        CHECK(!changed.wait_for(held, 1ms, [&] { return ++calls > 1000; }));
        CHECK_EQ(calls, 2); // before, and when the limit had passed
        CHECK(changed.wait_for(held, 0ms, [] { return true; }));
        CHECK(changed.wait_for(held, std::chrono::hours::max(), [] { return true; }));
        CHECK(!changed.wait_until(held, std::chrono::steady_clock::now(), [] { return false; }));
        CHECK(!changed.wait_for(held, std::chrono::hours::min(), [] { return false; }));
        CHECK_ERROR(invalid_argument,
                    changed.wait_for(held, std::chrono::duration<double>(0.0 / 0.0), [] { return true; }));
        CHECK(held.owns_lock());
    });
}

TEST(predicates_may_throw)
{
    on_each([](auto &lock, pirn::condition &changed) {
        std::unique_lock held(lock);
        try {
            changed.wait(held, []() -> bool { throw std::out_of_range("predicate"); });
            CHECK_FAILED("nothing was thrown");
        } catch (const std::out_of_range &e) {
            CHECK_STR(e.what(), "predicate");
        }
        CHECK(held.owns_lock());
        changed.notify_all(); // which needs the lock
    });
}

TEST(needs_its_own_lock)
{
    pirn::lock lock, other;
    pirn::condition changed(lock), beside(lock), elsewhere(other);
    std::unique_lock<pirn::lock> not_held(lock, std::defer_lock), wrong(other);
    CHECK_ERROR(not_owner, changed.wait(not_held));
    CHECK_ERROR(not_owner, changed.wait(wrong));
    CHECK_ERROR(not_owner, changed.wait_for(wrong, 1ms, [] { return true; }));
    CHECK_ERROR(not_owner, changed.notify_one());
    std::unique_lock held(beside);
    CHECK(!changed.wait_for(held, 0ms)); // two conditions on one lock
    wrong.unlock();
    std::unique_lock strange(elsewhere);
    CHECK_ERROR(not_owner, changed.wait(strange));
}

TEST(outlives_the_name_of_its_lock)
{
    auto lock = std::make_unique<pirn::lock>();
    pirn::condition changed(*lock);
    lock.reset();
    std::unique_lock held(changed);
    CHECK(!changed.wait_for(held, 0ms));
}
