// pirn::executor: submit, post, map, workers, shutdown; and what a task costs in memory.
#include "support.hpp"

#include <cstdlib>
#include <list>
#include <mutex>
#include <numeric>
#include <set>
#include <vector>

namespace {

std::atomic<int> allocations{0};

} // namespace

// Not inlined: the compiler would see a free of what came from a new.
[[gnu::noinline]] void *operator new(std::size_t size, const std::nothrow_t &) noexcept
{
    allocations++;
    return std::malloc(size);
}
[[gnu::noinline]] void *operator new(std::size_t size)
{
    if (void *memory = operator new(size, std::nothrow))
        return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void *memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void *memory, std::size_t) noexcept { operator delete(memory); }

namespace {

// What these tasks allocate, each waited for.
template <class... Tasks>
int allocations_of(pirn::executor &pool, Tasks... tasks)
{
    const int before = allocations;
    (static_cast<void>(pool.submit(std::move(tasks)).get()), ...);
    return allocations - before;
}

} // namespace

// At most: none where call and result fit into a pointer each.
TEST(one_allocation_a_task)
{
    struct large {
        char text[100];
    };
    pirn::executor pool(1);
    large a = {};
    int small = 0;
    CHECK_EQ(allocations_of(
                 pool, [] {}, [&small] { small++; }, [&small]() -> int & { return small; }),
             0);
    CHECK_EQ(allocations_of(pool, [a] { return a.text[0]; }), 1);
    CHECK_EQ(allocations_of(pool, [] { return large(); }), 1);
    CHECK_EQ(allocations_of(pool, [a] { return a; }), 1);
    const int before = allocations;
    pool.post([&small] { small++; });
    CHECK_EQ(allocations - before, 0);
    pool.post([a, &small] { small += a.text[0]; });
    CHECK_EQ(allocations - before, 1);
    pool.submit([] {}).get();
    CHECK_EQ(small, 2);
}

TEST(workers)
{
    pirn::executor pool(2);
    std::atomic<int> greeted{0};
    pool.set_thread_name_prefix("worker");
    pool.set_initializer([](std::atomic<int> *n) { ++*n; }, &greeted);
    CHECK(pool.thread_name_prefix() == "worker");
    CHECK_EQ(pool.max_workers(), 2);
    pirn::barrier both(2);
    auto name = [&] {
        both.wait();
        return pirn::current_thread().name();
    };
    auto a = pool.submit(name), b = pool.submit(name);
    CHECK(std::set<std::string>({a.get(), b.get()}) == std::set<std::string>({"worker_0", "worker_1"}));
    CHECK_EQ(greeted.load(), 2);
    CHECK_ERROR(already_started, pool.set_thread_name_prefix("late"));
    CHECK_ERROR(already_started, pool.set_initializer([] {}));
}

TEST(broken)
{
    pirn::executor pool(1);
    pool.set_initializer([] { throw std::runtime_error("no worker today"); });
    auto never = pool.submit([] { return 1; });
    CHECK_ERROR(broken_executor, never.get());
    CHECK(pool.is_broken());
    CHECK_ERROR(broken_executor, pool.submit([] {}));
}

TEST(tasks_wait_for_tasks)
{
    pirn::executor pool(1);
    auto outer = pool.submit([&] { return pool.submit([] { return 20; }).get() + 1; });
    CHECK_EQ(outer.get(), 21);
}

namespace shed {

// A range by the functions of its namespace alone.
struct looms {
    int speeds[3] = {1, 2, 3};
};
int *begin(looms &of) { return of.speeds; }
int *end(looms &of) { return of.speeds + 3; }

} // namespace shed

TEST(ranges_without_members)
{
    const auto twice = [](int n) { return 2 * n; };
    pirn::executor pool(2);
    shed::looms looms;
    pool.for_each(looms, [](int &speed) { speed++; });
    int sum = 0;
    for (int n : pool.map(twice, looms))
        sum += n;
    CHECK_EQ(sum, 18);
    CHECK_EQ(pool.submit_many(twice, looms).at(2).get(), 8);
}

TEST(map_in_order)
{
    pirn::executor pool(3);
    std::vector<int> numbers(100);
    std::iota(numbers.begin(), numbers.end(), 0);
    int next = 0;
    for (int square : pool.map([](int n) { return n * n; }, numbers, {7})) {
        CHECK_EQ(square, next * next);
        next++;
    }
    CHECK_EQ(next, 100);

    std::list<std::unique_ptr<int>> owned;
    owned.push_back(std::make_unique<int>(3));
    owned.push_back(std::make_unique<int>(4));
    int sum = 0;
    for (auto &each : pool.map([](std::unique_ptr<int> n) { return n; }, std::move(owned)))
        sum += *each;
    CHECK_EQ(sum, 7);

    // A view's elements are another's, and stay what they are.
    struct view {
        std::string *first, *last;
        std::string *begin() const { return first; }
        std::string *end() const { return last; }
    };
    std::string texts[] = {std::string(100, 'a'), std::string(100, 'b')};
    for (std::size_t n : pool.map([](std::string text) { return text.size(); }, view{texts, texts + 2}))
        CHECK_EQ(n, 100);
    CHECK_EQ(texts[0].size() + texts[1].size(), 200);

    int array[] = {1, 2, 3};
    auto results = pool.map([](int n) { return std::to_string(n); }, array);
    CHECK(*results.next() == "1");
    CHECK(*results.next() == "2");
    CHECK(*results.next() == "3");
    CHECK(!results.next() && !results.next());
    CHECK(!pool.map([](int n) { return n; }, std::vector<int>()).next());
    CHECK_ERROR(invalid_argument, pool.map([](int n) { return n; }, array, {0}));
}

TEST(map_fails)
{
    pirn::event go; // which the task may come to only when the pool is destroyed
    pirn::executor pool(2);
    std::string seen;
    try {
        for (int n : pool.map(
                 [](int i) {
                     if (i == 3)
                         throw std::out_of_range("three");
                     return i;
                 },
                 std::vector<int>{1, 2, 3, 4}, {2}))
            seen += std::to_string(n);
        CHECK_FAILED("nothing was thrown");
    } catch (const std::out_of_range &e) {
        CHECK_STR(e.what(), "three");
    }
    CHECK_STR(seen.c_str(), "12");

    auto late = pool.map([&](int n) { return go.wait(), n; }, std::vector<int>{1}, {1, 1ms});
    CHECK_ERROR(timed_out, late.next());
    CHECK(!late.next());
    go.set();
}

// Items, function and results go when the last of them is over, whether or not anyone looks.
TEST(map_lifetimes)
{
    auto held = std::make_shared<int>(1);
    {
        pirn::executor pool(1);
        pirn::event go;
        {
            auto results = pool.map(
                [&, held](const std::shared_ptr<int> &item) {
                    go.wait();
                    return item;
                },
                std::vector<std::shared_ptr<int>>(10, held));
            auto taken = std::move(results);
            taken.swap(results);
        } // what has not started is cancelled
        go.set();
        pool.shutdown();
        CHECK_ERROR(shut_down, pool.map([held](int n) { return n; }, std::vector<int>{1, 2}));
    }
    CHECK_EQ(held.use_count(), 1);
}

TEST(shutdown_cancels)
{
    pirn::executor pool(1);
    pirn::event go, begun;
    auto running = pool.submit([&] {
        begun.set();
        go.wait();
    });
    auto queued = pool.submit([] {});
    begun.wait();
    pool.shutdown(false, true);
    CHECK(pool.is_shut_down());
    CHECK_ERROR(cancelled, queued.get());
    go.set();
    running.get();
}

// An executor whose last owner is one of its own tasks.
TEST(destroyed_by_a_worker)
{
    auto pool = std::make_shared<pirn::executor>(1);
    pirn::event go, gone;
    pirn::executor *shown = pool.get();
    shown->post([&, mine = std::move(pool)]() mutable {
        go.wait();
        mine.reset();
        gone.set();
    });
    go.set();
    gone.wait();
}

TEST(ranges)
{
    pirn::executor pool(3);
    std::vector<std::atomic<int>> visits(1000);
    pool.for_range(0, visits.size(), [&](std::size_t begin, std::size_t end) {
        for (; begin < end; begin++)
            visits[begin]++;
    });
    for (auto &each : visits)
        CHECK_EQ(each.load(), 1);
    pool.for_range(7, 7, [](std::size_t, std::size_t) { CHECK_FAILED("called"); });
    CHECK_ERROR(invalid_argument, pool.for_range(2, 1, [](std::size_t, std::size_t) {}));

    std::vector<std::string> words = {"warp", "weft"};
    pool.for_each(words, [](std::string &word) { word += "s"; });
    CHECK(words[0] == "warps" && words[1] == "wefts");
    const int numbers[] = {1, 2, 3};
    std::atomic<int> sum{0};
    pool.for_each(
        numbers, [&](int n) { sum += n; }, 1);
    CHECK_EQ(sum.load(), 6);
}

TEST(ranges_that_fail)
{
    pirn::executor pool(2);
    std::atomic<int> calls{0};
    auto held = std::make_shared<int>(1);
    for (int round = 0; round < 100; round++) {
        try {
            pool.for_range(
                0, 1000,
                [&](std::size_t begin, std::size_t) {
                    calls++;
                    if (begin >= 500)
                        throw held;
                },
                1);
            CHECK_FAILED("nothing was thrown");
        } catch (const std::shared_ptr<int> &thrown) {
            CHECK(thrown == held);
        }
    }
    CHECK(calls < 100 * 1000);
    CHECK_EQ(held.use_count(), 1);
    pool.shutdown();
    CHECK_ERROR(shut_down, pool.for_range(0, 1, [](std::size_t, std::size_t) {}));
}
