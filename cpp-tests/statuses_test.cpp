// Without exceptions: the same calls give statuses. Built with -fno-exceptions.
#include "support.hpp"

#include <vector>

#if PIRN_HPP_EXCEPTIONS
#error "to be built with -fno-exceptions"
#endif

using pirn::errc;

TEST(locks)
{
    pirn::lock lock;
    CHECK(lock);
    CHECK(lock.lock() == errc::ok);
    CHECK(!lock.try_lock() && !lock.try_lock_for(1ms));
    CHECK(lock.locked().ok() && lock.locked().value());
    CHECK(lock.unlock() == errc::ok);
    CHECK(lock.unlock() == errc::not_locked);
    {
        std::lock_guard guard(lock);
    }
    pirn::condition changed(lock);
    std::unique_lock held(lock);
    CHECK(!changed.wait_for(held, 1ms).value());
    CHECK(changed.wait(held, [] { return true; }) == errc::ok);
    held.unlock();
    CHECK(changed.wait(held) == errc::not_owner);
    CHECK(changed.wait_for(held, 1ms).error() == errc::not_owner);
}

TEST(a_constructor_that_fails)
{
    pirn::semaphore refused(-1);
    CHECK(!refused);
    CHECK_STR(pirn_last_error(),
              "pirn_semaphore_new: an argument is outside its range, or NULL where a pointer is required");
    CHECK(refused.acquire() == errc::invalid_handle);
    CHECK(refused.count().error() == errc::invalid_handle);
    pirn::barrier none(0);
    CHECK(!none && none.wait().error() == errc::invalid_handle);
    pirn::executor pool(-1);
    CHECK(!pool && pool.submit([] {}).error() == errc::invalid_handle);
}

TEST(tasks)
{
    pirn::executor pool(2);
    auto submitted = pool.submit([](int a, int b) { return a * b; }, 6, 7);
    CHECK(submitted.ok());
    pirn::future<int> product = std::move(submitted).value();
    CHECK_EQ(product.result().value(), 42);
    CHECK_EQ(product.get().value(), 42);
    CHECK(product.get().error() == errc::invalid_handle);
    CHECK(pool.submit([] {}).value().get() == errc::ok);

    int sum = 0;
    auto results = pool.map([](int n) { return n + 1; }, std::vector<int>{1, 2, 3});
    for (int n : results.value())
        sum += n;
    CHECK_EQ(sum, 9);
    CHECK(results.value().status() == errc::end);
    results.value() = pool.map([](int n) { return n; }, std::vector<int>{1}).value();
    CHECK(results.value().status() == errc::ok);

    std::vector<pirn::future<int>> futures;
    for (int i = 0; i < 4; i++)
        futures.push_back(pool.submit([i] { return i; }).value());
    auto completed = pirn::as_completed(futures);
    for (pirn::future<int> &done : completed)
        sum += done.get().value();
    CHECK(completed.status() == errc::end);
    CHECK_EQ(sum, 15);

    std::vector<int> numbers = {1, 2, 3};
    CHECK(pool.for_each(numbers, [](int &n) { n *= 2; }) == errc::ok);
    CHECK_EQ(numbers[2], 6);

    auto held = std::make_shared<int>(1);
    CHECK(pool.shutdown() == errc::ok);
    CHECK(pool.post([held] {}) == errc::shut_down);
    CHECK(pool.submit([held] {}).error() == errc::shut_down);
    CHECK_EQ(held.use_count(), 1);
}

// What a task returns is its result, also if that is an errc.
TEST(errc_as_a_value)
{
    const auto weave = [](int n) { return n == 0 ? errc::ok : errc::not_found; };
    pirn::executor pool(2);
    auto woven = pool.submit(weave, 1);
    CHECK(woven.ok());
    const pirn::result<errc> result = woven.value().get();
    CHECK(result.ok() && result.value() == errc::not_found);
    const pirn::result<errc> again = woven.value().get();
    CHECK(!again.ok() && again.error() == errc::invalid_handle);
    int failed = 0;
    auto all = pool.map(weave, std::vector<int>{0, 1, 2});
    for (errc each : all.value())
        failed += each != errc::ok;
    CHECK_EQ(failed, 2);
    pirn::queue<errc> queue;
    CHECK(queue.put(errc::end) == errc::ok);
    CHECK(queue.get().value() == errc::end);
}

TEST(ways_to_submit)
{
    pirn::executor pool(1);
    CHECK(pool.set_max_pending(1) == errc::ok);
    pirn::event begun, go;
    auto running = pool.submit([&] {
        static_cast<void>(begun.set());
        return go.wait() == errc::ok;
    });
    CHECK(begun.wait() == errc::ok);
    auto queued = pool.try_submit([] { return 1; });
    CHECK(queued.ok() && queued.value());
    auto refused = pool.try_submit([] { return 2; });
    CHECK(refused.ok() && !refused.value());
    CHECK(!pool.try_post([] {}).value() && !pool.post_for(1ms, [] {}).value());
    CHECK(pool.submit_for(-1ms, [] {}).ok());
    CHECK_EQ(pool.pending().value().queued, 1);
    CHECK(go.set() == errc::ok);
    CHECK(running.value().get().value());
    CHECK_EQ(queued.value()->get().value(), 1);

    CHECK_EQ(pool.submit_priority(3, [] { return 4; }).value().get().value(), 4);
    auto several = pool.submit_many([](int n) { return std::to_string(n); }, std::vector<int>{1, 2});
    CHECK_STR(several.value()[1].get().value().c_str(), "2");
    CHECK(pool.set_max_workers(2) == errc::ok && pool.set_max_workers(-1) == errc::invalid_argument);
    CHECK(pirn::set_interrupt([] { return true; }) == errc::ok && pirn::reset_interrupt() == errc::ok);
    CHECK(pool.shutdown() == errc::ok);
    CHECK(pool.submit_many([](int) {}, std::vector<int>{1}).error() == errc::shut_down);
    CHECK(pool.post_many([](int) {}, std::vector<int>{1}) == errc::shut_down);
    CHECK(pool.try_submit([] {}).error() == errc::shut_down);
}

TEST(promises)
{
    pirn::promise<int> promise;
    pirn::future<int> future = promise.get_future().value();
    CHECK(promise.get_future().error() == errc::invalid_state);
    CHECK(!future.wait_for(1ms).value());
    CHECK(promise.set_failure(7, "seven") == errc::ok);
    CHECK(future.get().error() == errc::task_failed);
    CHECK_EQ(pirn_last_code(), 7);
    CHECK_STR(pirn_last_error(), "seven");
}

TEST(queues_and_threads)
{
    pirn::queue<std::string> texts(1);
    pirn::thread producer([&] {
        CHECK(texts.put("one") == errc::ok);
        CHECK(texts.put("two") == errc::ok);
        CHECK(texts.shutdown() == errc::ok);
    });
    std::string all;
    for (std::string &text : texts)
        all += text;
    CHECK_STR(all.c_str(), "onetwo");
    CHECK(texts.get().error() == errc::shut_down);
    CHECK(texts.try_get().error() == errc::shut_down);
    CHECK(producer.join() == errc::ok);
    CHECK(producer.name().ok());
    CHECK(pirn::thread().join() == errc::invalid_handle);
    CHECK_EQ(pirn::enumerate().value().size(), 1);
}
