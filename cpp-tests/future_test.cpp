// pirn::future and pirn::promise, wait and as_completed.
#include "support.hpp"

#include <vector>

namespace {

struct thrown {
    int n;
};

} // namespace

TEST(results)
{
    pirn::executor pool(2);
    auto product = pool.submit([](int a, int b) { return a * b; }, 6, 7);
    CHECK_EQ(product.result(), 42);
    CHECK_EQ(product.result(), 42);
    CHECK(product.is_done() && !product.cancelled() && !product.running());
    CHECK_EQ(product.get(), 42);
    CHECK(!product.valid());
    CHECK_ERROR(invalid_handle, product.get());
    CHECK_ERROR(invalid_handle, product.wait());

    auto moved = pool.submit([] { return std::make_unique<int>(5); });
    CHECK_EQ(*moved.result(), 5);
    CHECK_EQ(*moved.get(), 5);

    int place = 0;
    pirn::future<int &> reference = pool.submit([&]() -> int & { return place; });
    CHECK(&reference.result() == &place && &reference.get() == &place);

    pirn::future<void> nothing = pool.submit([] {});
    nothing.result();
    nothing.get();
    pirn::future<const std::string> constant = pool.submit([]() -> const std::string { return "text"; });
    CHECK(constant.get() == "text");
}

TEST(the_same_exception)
{
    pirn::executor pool(1);
    thrown *where = nullptr;
    auto failing = pool.submit([&]() -> int {
        try {
            throw thrown{7};
        } catch (thrown &t) {
            where = &t;
            throw;
        }
    });
    failing.wait();
    CHECK(failing.wait_for(0s) && failing.wait_until(std::chrono::system_clock::now()));
    for (int i = 0; i < 2; i++) {
        try {
            failing.result();
            CHECK_FAILED("nothing was thrown");
        } catch (const thrown &t) {
            CHECK(&t == where);
            CHECK_EQ(t.n, 7);
        }
    }
    CHECK(failing.exception());
    try {
        failing.get();
        CHECK_FAILED("nothing was thrown");
    } catch (const thrown &t) {
        CHECK(&t == where);
    }
    CHECK(!pool.submit([] {}).exception());

    int32_t code = 0;
    char text[64];
    auto standard = pool.submit([] { throw std::runtime_error("in words"); });
    CHECK_OK(pirn_future_exception(standard.native_handle(), &code, text, sizeof text, nullptr));
    CHECK_EQ(code, 1);
    CHECK_STR(text, "in words");
    void *payload = nullptr;
    CHECK_OK(pirn_future_payload(standard.native_handle(), &payload));
    CHECK(*static_cast<std::exception_ptr *>(payload) == standard.exception());
}

TEST(cancelled)
{
    pirn::event go; // which the task may come to only when the pool is destroyed
    pirn::executor pool(1);
    auto running = pool.submit([&] { go.wait(); });
    auto held = std::make_shared<int>(1);
    auto queued = pool.submit([held] { return *held; });
    await([&] { return running.running(); });
    CHECK(!queued.is_done() && !queued.wait_for(1ms));
    CHECK(!running.cancel() && queued.cancel() && queued.cancelled());
    CHECK_EQ(held.use_count(), 1); // gone with the task
    queued.wait();
    CHECK_ERROR(cancelled, queued.result());
    CHECK_ERROR(cancelled, queued.exception());
    CHECK_ERROR(cancelled, queued.get());
    go.set();
}

// Whoever lets go last, the task or the future, and whatever became of the task: closure and result go exactly once.
TEST(lifetimes)
{
    auto held = std::make_shared<int>(1);
    {
        pirn::executor pool(2);
        pirn::event go;
        static_cast<void>(pool.submit([held, &go] {
            go.wait();
            return held;
        }));
        auto kept = pool.submit([held] { return held; });
        kept.wait();
        auto failing = pool.submit([held] { throw held; });
        pool.post([held] {});
        pool.post([held] { throw 1; });
        go.set();
        pool.shutdown();
        CHECK_ERROR(shut_down, pool.submit([held] {}));
        CHECK_ERROR(shut_down, pool.post([held] {}));
        CHECK_EQ(held.use_count(), 3); // one result, one exception, and `held`
        kept = {};
        failing = {};
        CHECK_EQ(held.use_count(), 1);
    }
    CHECK_EQ(held.use_count(), 1);
}

TEST(moves)
{
    pirn::executor pool(1);
    auto a = pool.submit([] { return 1; });
    a = std::move(*&a);
    CHECK(a.valid());
    auto b = std::move(a);
    CHECK(!a && b);
    a = pool.submit([] { return 2; });
    a.swap(b);
    CHECK_EQ(a.get() * 10 + b.get(), 12);
}

TEST(a_future_does_not_block)
{
    pirn::event go;
    pirn::executor pool(1);
    {
        auto unwanted = pool.submit([&] { go.wait(); });
    }
    go.set();
}

TEST(done_callbacks)
{
    pirn::executor pool(1);
    pirn::event go;
    std::string seen;
    auto held = std::make_shared<int>(1);
    {
        auto later = pool.submit([&] {
            go.wait();
            return std::string("late");
        });
        later.add_done_callback(
            [&, held](const pirn::future<std::string> &f) { seen += f.result() + " 1,"; });
        later.add_done_callback([&](const pirn::future<std::string> &f) {
            seen += f.result() + " 2,";
            f.result();
        });
    } // the callbacks keep what they show
    go.set();
    pool.shutdown();
    CHECK_STR(seen.c_str(), "late 1,late 2,");
    CHECK_EQ(held.use_count(), 1);

    pirn::promise<std::string> words;
    auto copied = words.get_future();
    const std::string *shown = nullptr;
    copied.add_done_callback([&](const pirn::future<std::string> &f) { shown = &f.result(); });
    words.set_value("words");
    CHECK(&copied.result() == shown);
    CHECK(copied.get() == "words");
    pirn::promise<std::unique_ptr<int>> owner;
    auto uncopied = owner.get_future();
    uncopied.add_done_callback([](const auto &f) { CHECK_EQ(*f.result(), 2); });
    owner.set_value(new int(2));
    CHECK_EQ(*uncopied.result(), 2);
    CHECK_ERROR(invalid_state, uncopied.get());

    pirn::promise<int> promise;
    auto done = promise.get_future();
    CHECK(done.cancel());
    bool called = false;
    done.add_done_callback([&](const pirn::future<int> &f) { called = f.cancelled(); });
    CHECK(called);
    pirn::future<int> none;
    CHECK_ERROR(invalid_handle, none.add_done_callback([held](const pirn::future<int> &) {}));
    CHECK_EQ(held.use_count(), 1);
}

TEST(promises)
{
    pirn::promise<std::unique_ptr<int>> promise;
    auto future = promise.get_future();
    CHECK_ERROR(invalid_state, promise.get_future());
    CHECK(promise.set_running_or_notify_cancel() && !future.cancel());
    promise.set_value(new int(4));
    CHECK_ERROR(invalid_state, promise.set_value(nullptr));
    CHECK_EQ(*future.get(), 4);

    pirn::promise<void> failing;
    auto failed = failing.get_future();
    failing.set_exception(std::make_exception_ptr(thrown{3}));
    try {
        failed.get();
        CHECK_FAILED("nothing was thrown");
    } catch (const thrown &t) {
        CHECK_EQ(t.n, 3);
    }

    int place = 0;
    pirn::promise<int &> to;
    auto at = to.get_future();
    to.set_value(place);
    CHECK(&at.get() == &place);

    pirn::promise<int> refused;
    auto cancelled = refused.get_future();
    CHECK(cancelled.cancel());
    CHECK_ERROR(invalid_state, refused.set_value(1));
    CHECK(!refused.set_running_or_notify_cancel());

    pirn::promise<int> moved(std::move(refused));
    CHECK(!refused);
    CHECK_ERROR(invalid_handle, refused.set_value(1));
}

TEST(a_promise_that_is_not_kept)
{
    pirn::future<int> pending, running;
    {
        pirn::promise<int> one, other;
        pending = one.get_future();
        running = other.get_future();
        CHECK(other.set_running_or_notify_cancel());
    }
    CHECK_ERROR(cancelled, pending.get());
    CHECK_ERROR(task_failed, running.result());
    CHECK(running.exception());
}

TEST(wait_for_several)
{
    pirn::executor pool(2);
    std::vector<pirn::promise<int>> promises(3);
    std::vector<pirn::future<int>> futures;
    for (auto &promise : promises)
        futures.push_back(promise.get_future());
    promises[1].set_value(1);

    auto first = pirn::wait(futures, pirn::return_when::first_completed);
    CHECK(first.done == std::vector<std::size_t>({1}) && first.not_done == std::vector<std::size_t>({0, 2}));
    auto timed_out = pirn::wait_for(futures, 1ms);
    CHECK(timed_out.done.size() == 1 && timed_out.not_done.size() == 2);
    promises[2].set_exception(std::make_exception_ptr(1));
    CHECK_EQ(pirn::wait(futures, pirn::return_when::first_exception).done.size(), 2);
    promises[0].set_value(1);
    CHECK(pirn::wait(futures).not_done.empty());
    futures[0].get();
    CHECK_ERROR(invalid_handle, pirn::wait(futures));
    CHECK(pirn::wait(std::vector<pirn::future<void>>()).done.empty());
}

TEST(as_completed)
{
    std::vector<pirn::promise<int>> promises(3);
    std::vector<pirn::future<int>> futures;
    for (auto &promise : promises)
        futures.push_back(promise.get_future());
    promises[2].set_value(2);

    std::string order;
    for (pirn::future<int> &done : pirn::as_completed(futures)) {
        const int n = done.get();
        order += std::to_string(n);
        if (n > 0)
            promises[static_cast<std::size_t>(n) - 1].set_value(n - 1);
    }
    CHECK_STR(order.c_str(), "210");

    pirn::promise<int> never;
    std::vector<pirn::future<int>> late;
    late.push_back(never.get_future());
    auto iteration = pirn::as_completed(late, 1ms);
    CHECK_ERROR(timed_out, iteration.begin());
    CHECK_ERROR(timed_out, iteration.next());
    never.set_value(1);
    CHECK_EQ(iteration.next()->get(), 1); // it goes on
    CHECK(!iteration.next());
    std::vector<pirn::future<int>> none;
    for (auto &done : pirn::as_completed(none))
        CHECK(!done.valid());
}
