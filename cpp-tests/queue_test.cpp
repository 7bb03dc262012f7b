// pirn::queue of values.
#include "support.hpp"

#include <vector>

namespace {

struct point {
    std::int16_t x, y;
};

struct counted {
    explicit counted(std::shared_ptr<int> to) : count(std::move(to)) {}
    std::shared_ptr<int> count;
};

} // namespace

TEST(values)
{
    pirn::queue<std::string> texts;
    const std::string text = "a text that is too long to lie inside of the string object";
    texts.put(text);
    texts.put(std::string("short"));
    CHECK_EQ(texts.size(), 2);
    CHECK(texts.get() == text);
    CHECK(*texts.try_get() == "short");
    CHECK(!texts.try_get() && !texts.get_for(1ms) && !texts.get_until(std::chrono::steady_clock::now()));

    pirn::queue<std::unique_ptr<int>> owners;
    owners.put(std::make_unique<int>(3));
    CHECK_EQ(*owners.get(), 3);

    pirn::queue<point> small;
    small.put({3, -4});
    const point p = small.get();
    CHECK(p.x == 3 && p.y == -4);
    pirn::queue<bool> flags;
    flags.put(true);
    flags.put(false);
    CHECK(flags.get() && !flags.get());
}

TEST(a_put_that_fails_leaves_the_value)
{
    pirn::queue<std::unique_ptr<int>> one(1);
    one.put(std::make_unique<int>(1));
    auto mine = std::make_unique<int>(2);
    CHECK(!one.try_put(std::move(mine)) && mine && *mine == 2);
    CHECK(!one.put_for(std::move(mine), 1ms) && mine);
    CHECK(one.full() && !one.empty() && one.maxsize() == 1);
    one.shutdown();
    CHECK_ERROR(shut_down, one.put(std::move(mine)));
    CHECK(mine && *mine == 2);
}

TEST(consumers)
{
    pirn::queue<int> numbers(4);
    std::atomic<int> sum{0};
    const auto consume = [&] {
        for (int n : numbers) {
            sum += n;
            numbers.task_done();
        }
    };
    pirn::thread a(consume), b(consume);
    for (int n = 1; n <= 100; n++)
        numbers.put(n);
    numbers.join();
    CHECK_EQ(sum.load(), 5050);
    CHECK(numbers.unfinished() == 0 && numbers.join_for(0ms));
    CHECK_ERROR(over_release, numbers.task_done());
    numbers.shutdown();
    a.join();
    b.join();
    CHECK(numbers.is_shut_down());
    CHECK_ERROR(shut_down, numbers.get());
    CHECK_ERROR(shut_down, numbers.try_get());
}

TEST(what_nobody_gets)
{
    auto count = std::make_shared<int>(0);
    {
        pirn::queue<counted> left, dropped;
        for (int i = 0; i < 3; i++) {
            left.put(counted(count));
            dropped.put(counted(count));
        }
        CHECK_EQ(count.use_count(), 7);
        dropped.shutdown(true);
        CHECK_EQ(count.use_count(), 4);
    }
    CHECK_EQ(count.use_count(), 1);
}

TEST(resized)
{
    pirn::queue<int> numbers(1);
    numbers.put(1);
    std::atomic<std::uint64_t> putter{0};
    pirn::thread blocked([&] {
        putter = pirn::get_native_id();
        numbers.put(2);
    });
    await_sleeping(putter);
    numbers.set_maxsize(2);
    blocked.join();
    CHECK_EQ(numbers.get() * 10 + numbers.get(), 12);
}
