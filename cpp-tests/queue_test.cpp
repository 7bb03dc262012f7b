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
    CHECK(!one.put_until(std::move(mine), std::chrono::steady_clock::now()) && mine);
    CHECK(!one.join_until(std::chrono::steady_clock::now()));
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

TEST(other_orders)
{
    pirn::lifo_queue<std::string> stack;
    pirn::priority_queue<int> lowest;
    pirn::simple_queue<std::string> simple;
    for (const char *text : {"one", "two", "three"}) {
        stack.put(text);
        simple.put(text);
        lowest.put(static_cast<int>(std::string(text).size()) * (text[0] == 'o' ? 2 : 1));
    }
    CHECK(stack.get() == "three" && stack.get() == "two");
    CHECK(simple.get() == "one" && simple.get() == "two");
    CHECK(lowest.get() == 3 && lowest.get() == 5 && lowest.get() == 6);
    CHECK_ERROR(unsupported, simple.task_done());
    CHECK_ERROR(unsupported, simple.set_maxsize(1));

    pirn::queue<std::string> &base = stack;
    base.put("again");
    CHECK(*base.try_get() == "again");
}

TEST(an_order_of_its_own)
{
    // By the length of their texts, then as they came; the order holds something, and lives as long as the queue.
    auto held = std::make_shared<int>(1);
    {
        auto by_length = [held](const std::string &a, const std::string &b) { return a.size() < b.size(); };
        pirn::priority_queue<std::string, decltype(by_length)> texts(3, by_length);
        for (const char *text : {"four", "six", "one"})
            texts.put(text);
        CHECK(!texts.try_put("more"));
        CHECK(texts.get() == "six" && texts.get() == "one" && texts.get() == "four");
        texts.put("left");
        CHECK_EQ(held.use_count(), 3);
    }
    CHECK_EQ(held.use_count(), 1);
    pirn::priority_queue<int, std::greater<>> highest;
    for (int n : {2, 3, 1})
        highest.put(n);
    CHECK(highest.get() * 100 + highest.get() * 10 + highest.get() == 321);
}

// Threads that wait on a queue that is destroyed: it is leaked, and they are none the worse for it.
TEST(destroyed_under_a_waiter)
{
    std::atomic<std::uint64_t> waiter{0};
    auto numbers = std::make_unique<pirn::priority_queue<int>>();
    pirn_queue_t *handle = numbers->native_handle();
    pirn::thread blocked([&waiter, handle] {
        void *item = nullptr;
        waiter = pirn::get_native_id();
        CHECK_STATUS(pirn_queue_get(handle, &item), PIRN_ERR_SHUT_DOWN);
    });
    await_sleeping(waiter);
    numbers.reset();
    CHECK_OK(pirn_queue_shutdown(handle, false));
}
