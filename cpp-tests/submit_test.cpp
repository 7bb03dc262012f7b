// pirn::executor: the ways to submit, and the bound of what waits.
#include "support.hpp"

#include <cmath>
#include <numeric>
#include <vector>

namespace {

// A pool of one worker, which is busy until `go` is set.
struct busy_pool {
    explicit busy_pool(std::size_t max_pending = 0) : pool(1)
    {
        pool.set_max_pending(max_pending);
        pool.post([this] {
            begun.set();
            go.wait();
        });
        begun.wait();
    }
    ~busy_pool() { go.set(); }

    pirn::event begun, go;
    pirn::executor pool;
};

} // namespace

// A result that leads into the call, which is gone when it is got, is a value.
TEST(results_inside_the_call)
{
    struct parcel {
        std::string text = "wound on a bobbin, and longer than what a string keeps in itself";
    };
    pirn::executor pool(1);
    pirn::future<std::string> member = pool.submit(&parcel::text, parcel());
    pirn::future<std::string> moved =
        pool.submit([text = parcel().text]() mutable -> std::string && { return std::move(text); });
    CHECK(member.get() == parcel().text);
    CHECK(moved.get() == parcel().text);
    parcel outside;
    pirn::future<std::string &> stays = pool.submit(&parcel::text, &outside);
    CHECK(&stays.get() == &outside.text);
}

TEST(many_at_once)
{
    pirn::executor pool(2);
    std::vector<int> numbers(1000);
    std::iota(numbers.begin(), numbers.end(), 0);
    std::vector<pirn::future<int>> squares = pool.submit_many([](int n) { return n * n; }, numbers);
    CHECK_EQ(squares.size(), 1000);
    for (int i = 0; i < 1000; i++)
        CHECK_EQ(squares[static_cast<std::size_t>(i)].get(), i * i);

    // Results that need memory, and items that are moved out of a range that is given up.
    std::vector<std::unique_ptr<std::string>> owned;
    owned.push_back(std::make_unique<std::string>("warp"));
    owned.push_back(std::make_unique<std::string>("weft"));
    auto texts = pool.submit_many(
        [](std::unique_ptr<std::string> text) {
            if (*text == "weft")
                throw std::runtime_error("broken");
            return *text + "s";
        },
        std::move(owned));
    CHECK(texts[0].get() == "warps");
    CHECK(texts[1].exception());

    CHECK(pool.submit_many([](int n) { return n; }, std::vector<int>()).empty());
    std::atomic<int> sum{0};
    const int array[] = {1, 2, 3};
    pool.post_many([&sum](int n) { sum += n; }, array);
    pool.shutdown();
    CHECK_EQ(sum.load(), 6);
    auto held = std::make_shared<int>(1);
    CHECK_ERROR(shut_down, pool.submit_many([](const std::shared_ptr<int> &) {}, std::vector(3, held)));
    CHECK_ERROR(shut_down, pool.post_many([held](int) {}, array));
    CHECK_EQ(held.use_count(), 1);
}

// All of them or none: the copies that were made go when one cannot be.
TEST(many_of_which_one_cannot_be_copied)
{
    struct fragile {
        explicit fragile(int n) : number(n), held(std::make_shared<int>(n)) {}
        fragile(const fragile &other) : number(other.number), held(other.held)
        {
            if (number == 3)
                throw std::runtime_error("no copy");
        }
        int number;
        std::shared_ptr<int> held;
    };
    pirn::executor pool(1);
    std::vector<fragile> items;
    items.reserve(3);
    for (int n = 1; n <= 3; n++)
        items.emplace_back(n);
    const auto use = [](const fragile &) { CHECK_FAILED("called"); };
    try {
        pool.post_many(use, items);
        CHECK_FAILED("nothing was thrown");
    } catch (const std::runtime_error &e) {
        CHECK_STR(e.what(), "no copy");
    }
    for (const fragile &each : items)
        CHECK_EQ(each.held.use_count(), 1);
}

TEST(a_bound)
{
    auto held = std::make_shared<int>(1);
    const auto task = [held] { return *held; };
    std::vector<pirn::future<int>> futures;
    {
        busy_pool busy(2);
        pirn::executor &pool = busy.pool;
        CHECK_EQ(pool.max_pending(), 2);
        CHECK_ERROR(already_started, pool.set_max_pending(3));
        futures.push_back(*pool.try_submit(task));
        CHECK(pool.try_post([held] {}));
        const pirn::task_counts counts = pool.pending();
        CHECK_EQ(counts.queued, 2);
        CHECK_EQ(counts.running, 1);

        // A refused call is not kept.
        const long uses = held.use_count();
        CHECK(!pool.try_submit(task) && !pool.try_post(task));
        CHECK(!pool.submit_for(1ms, task) && !pool.post_for(0ms, task));
        CHECK_ERROR(invalid_argument, pool.post_for(std::chrono::duration<double>(NAN), task));
        CHECK_EQ(held.use_count(), uses);

        std::atomic<std::uint64_t> native_id{0};
        pirn::future<int> late;
        pirn::thread submitter([&] {
            native_id = pirn::get_native_id();
            late = *pool.submit_for(1h, task);
        });
        await_sleeping(native_id);
        busy.go.set();
        submitter.join();
        futures.push_back(std::move(late));
        CHECK(pool.post_for(1h, task));
        pool.submit(task).get();
    }
    for (auto &each : futures)
        CHECK_EQ(each.get(), 1);
    CHECK_EQ(held.use_count(), 2);
}

TEST(priorities)
{
    std::vector<int> order;
    {
        busy_pool busy;
        const auto note = [&order](int n) { order.push_back(n); };
        busy.pool.post(note, 0);
        busy.pool.post_priority(-1, note, -1);
        auto urgent = busy.pool.submit_priority(7, [&] {
            note(7);
            return std::string("a result that needs memory of its own");
        });
        busy.pool.post_priority(7, note, 8);
        busy.go.set();
        CHECK_EQ(urgent.get().size(), 37);
    }
    CHECK(order == std::vector<int>({7, 8, 0, -1}));
}

TEST(workers_changed)
{
    pirn::executor pool(1);
    pirn::barrier both(2);
    auto first = pool.submit([&] { both.wait(); });
    pool.set_max_workers(2);
    CHECK_EQ(pool.max_workers(), 2);
    pool.submit([&] { both.wait(); }).get();
    first.get();
    CHECK_ERROR(invalid_argument, pool.set_max_workers(-1));
}

TEST(a_wait_for_its_own_future_leaves_it_as_it_was)
{
    pirn::executor pool(1);
    pirn::event given, told;
    pirn::future<std::string> own;
    own = pool.submit([&] {
        given.wait();
        CHECK_ERROR(deadlock, own.get());
        CHECK_ERROR(deadlock, own.result());
        CHECK_ERROR(deadlock, own.wait());
        CHECK(own.valid());
        told.set();
        return std::string("done");
    });
    given.set();
    told.wait();
    CHECK_STR(own.get().c_str(), "done");
    CHECK(!own.valid());
}
