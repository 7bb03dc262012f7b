/// @file
/// pirn::executor (Python: concurrent.futures.ThreadPoolExecutor).
#ifndef PIRN_EXECUTOR_HPP
#define PIRN_EXECUTOR_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <pirn/detail/owner.hpp>
#include <pirn/detail/range_frame.hpp>
#include <pirn/detail/time.hpp>
#include <pirn/executor.h>
#include <pirn/future.hpp>
#include <pirn/map.hpp>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {

/// How many tasks an executor has at a moment.
struct task_counts {
    std::size_t queued;  ///< not started, not cancelled
    std::size_t running; ///< those that wait for another one included
};

/// Runs tasks on a pool of threads, which it starts as they are needed:
///
///     pirn::executor pool(4);
///     pirn::future<int> answer = pool.submit([](int a, int b) { return a * b; }, 6, 7);
///     std::cout << answer.get();
///
/// The destructor shuts it down and waits until all tasks are done, so that tasks may refer to what was made
/// before the executor. It does not wait after a shutdown(false), or on one of the executor's own workers.
class executor : public detail::owner<pirn_executor_t, pirn_executor_free> {
public:
    /// At most so many tasks run at a time; 0 for as many as suit the machine.
    explicit executor(std::int64_t max_workers = 0)
    {
        detail::created(pirn_executor_new(max_workers, &handle_));
    }

    executor(const executor &) = delete;
    executor &operator=(const executor &) = delete;

    ~executor()
    {
        if (pirn_executor_free(handle_) == PIRN_ERR_DEADLOCK)
            static_cast<void>(pirn_executor_shutdown(handle_, false, false)); // then owner frees it
        else
            handle_ = nullptr;
    }

    /// Sets what the names of the workers begin with: prefix_0, prefix_1, ... Before the first task.
    done set_thread_name_prefix(const std::string &prefix)
    {
        return detail::check(pirn_executor_set_thread_name_prefix(handle_, prefix.c_str()));
    }

    /// Sets what each worker calls before its first task, with these arguments, as const: several may at
    /// once. If it throws, the exception goes to the excepthook and the executor is broken. Before the first
    /// task.
    template <class F, class... Args>
    done set_initializer(F &&f, Args &&...args)
    {
        auto initializer = [f = std::decay_t<F>(std::forward<F>(f)),
                            args = std::tuple<std::decay_t<Args>...>(std::forward<Args>(args)...)] {
            std::apply(f, args);
        };
        using stored = decltype(initializer);
        stored *copy = detail::create<stored>(std::move(initializer));
        if (!copy)
            return detail::fail(errc::no_memory);
        return detail::check(pirn_executor_set_initializer(handle_, detail::run_shared<stored>, copy,
                                                           detail::destroy<stored>));
    }

    /// Queues a call of `f` with these arguments, all copied or moved in. The future gives what it returns or
    /// throws. Waits for room if there is a bound (see set_max_pending). Throws errc::shut_down,
    /// errc::broken_executor, or errc::no_thread if the system refuses the first worker.
    template <class F, class... Args, class R = detail::result_of<F, Args...>>
    value<future<R>> submit(F &&f, Args &&...args)
    {
        pirn_future_t *handle = nullptr;
        const pirn_status_t status = send<R>(pirn_executor_submit, &handle, std::forward<F>(f),
                                             std::forward<Args>(args)...);
        return detail::yield(status, future<R>(handle));
    }

    /// Queues a call without a future: its result is dropped, an exception goes to the excepthook.
    template <class F, class... Args>
    done post(F &&f, Args &&...args)
    {
        return detail::check(send<void>(pirn_executor_submit, nullptr, std::forward<F>(f),
                                        std::forward<Args>(args)...));
    }

    /// Queues a call if there is room for it at once (see set_max_pending); else nothing. What was to be
    /// moved into the call is gone then: pass what is to be tried again by reference, and it is copied.
    template <class F, class... Args, class R = detail::result_of<F, Args...>>
    value<std::optional<future<R>>> try_submit(F &&f, Args &&...args)
    {
        pirn_future_t *handle = nullptr;
        const pirn_status_t status = send<R>(pirn_executor_try_submit, &handle, std::forward<F>(f),
                                             std::forward<Args>(args)...);
        return if_room<R>(status, handle);
    }

    /// The same without a future; says whether there was room.
    template <class F, class... Args>
    value<bool> try_post(F &&f, Args &&...args)
    {
        return detail::answer(send<void>(pirn_executor_try_submit, nullptr, std::forward<F>(f),
                                         std::forward<Args>(args)...));
    }

    /// Queues a call, waiting for room for at most so long (see set_max_pending); nothing when the limit has
    /// passed. What was to be moved into the call is gone then.
    template <class Rep, class Period, class F, class... Args, class R = detail::result_of<F, Args...>>
    value<std::optional<future<R>>> submit_for(const std::chrono::duration<Rep, Period> &limit, F &&f,
                                               Args &&...args)
    {
        pirn_future_t *handle = nullptr;
        const pirn_status_t status = send<R>(detail::submit_within{detail::seconds(limit)}, &handle,
                                             std::forward<F>(f), std::forward<Args>(args)...);
        return if_room<R>(status, handle);
    }

    /// The same without a future; says whether there was room in time.
    template <class Rep, class Period, class F, class... Args>
    value<bool> post_for(const std::chrono::duration<Rep, Period> &limit, F &&f, Args &&...args)
    {
        return detail::answer(send<void>(detail::submit_within{detail::seconds(limit)}, nullptr,
                                         std::forward<F>(f), std::forward<Args>(args)...));
    }

    /// Queues a call that is started before all that wait with a lower priority; all other functions queue
    /// with 0.
    template <class F, class... Args, class R = detail::result_of<F, Args...>>
    value<future<R>> submit_priority(std::int32_t priority, F &&f, Args &&...args)
    {
        pirn_future_t *handle = nullptr;
        const pirn_status_t status = send<R>(detail::submit_at{priority}, &handle, std::forward<F>(f),
                                             std::forward<Args>(args)...);
        return detail::yield(status, future<R>(handle));
    }

    /// The same without a future.
    template <class F, class... Args>
    done post_priority(std::int32_t priority, F &&f, Args &&...args)
    {
        return detail::check(send<void>(detail::submit_at{priority}, nullptr, std::forward<F>(f),
                                        std::forward<Args>(args)...));
    }

    /// Queues a call of `f` for each item of a range, all together or none, and gives their futures, in the
    /// items' order. The items are copied, or moved out of a range that is given up; each call has its own
    /// copy of `f`.
    template <class F, class Range, class R = detail::result_of<F, detail::item_of<Range>>>
    value<std::vector<future<R>>> submit_many(const F &f, Range &&items)
    {
        detail::batch<R, F, Range> tasks;
        pirn_status_t status = tasks.add(f, std::forward<Range>(items));
        std::vector<pirn_future_t *> handles(tasks.size());
        std::vector<future<R>> made;
        made.reserve(handles.size());
        if (status == PIRN_OK)
            status = tasks.submit(handle_, handles.data());
        for (pirn_future_t *handle : handles)
            if (handle)
                made.push_back(future<R>(handle));
        return detail::yield(status, std::move(made));
    }

    /// The same without futures: results are dropped, exceptions go to the excepthook.
    template <class F, class Range>
    done post_many(const F &f, Range &&items)
    {
        detail::batch<void, F, Range> tasks;
        pirn_status_t status = tasks.add(f, std::forward<Range>(items));
        if (status == PIRN_OK)
            status = tasks.submit(handle_, nullptr);
        return detail::check(status);
    }

    /// Queues a call of `f` for each item of a range, and gives the results as a range, in the items' order:
    ///
    ///     for (std::size_t n : pool.map([](const std::string &line) { return line.size(); }, lines))
    ///
    /// The items are copied, or moved out of a range that is given up. One copy of `f` is called as const, by
    /// several threads at once.
    template <class F, class Range>
    auto map(F &&f, Range &&items, const map_options &options = {})
    {
        using item = detail::item_of<Range>;
        using R = std::invoke_result_t<const std::decay_t<F> &, item>;
        static_assert(std::is_object_v<R>, "map gives values; for_each is for functions that return nothing");
        using state = detail::map_work<R, std::decay_t<F>, item>;
        return start_map<state>(std::forward<F>(f), std::forward<Range>(items), options);
    }

    /// Parallel for: calls `body(first, last)`, as const, for parts of the numbers from `begin` up to and
    /// without `end`, on several threads, of which this is one; returns when all is done. `grain` is how many
    /// numbers a call gets; 0 for as many as suits. The first exception of a call is thrown here; no call is
    /// begun after it.
    template <class Body>
    done for_range(std::size_t begin, std::size_t end, Body &&body, std::size_t grain = 0)
    {
        detail::range_frame<std::remove_reference_t<Body>> frame{body};
        return detail::check(frame.rethrow(
            pirn_executor_for_range(handle_, begin, end, grain, frame.run, std::addressof(frame))));
    }

    /// Calls `f` for each item of a random-access range, as const, on several threads; returns when all is
    /// done. Otherwise as for_range.
    ///
    ///     pool.for_each(images, [](image &each) { each.sharpen(); });
    template <class Range, class F>
    done for_each(Range &&items, F &&f, std::size_t grain = 0)
    {
        const auto first = detail::ends::first(items);
        using place = typename std::iterator_traits<std::decay_t<decltype(first)>>::difference_type;
        const auto part = [&](std::size_t from, std::size_t to) {
            for (; from < to; from++)
                std::invoke(std::as_const(f), first[static_cast<place>(from)]);
        };
        return for_range(0, static_cast<std::size_t>(detail::ends::last(items) - first), part, grain);
    }

    /// Takes no more tasks; what is queued still runs. Waits for the end if `wait` is true.
    done shutdown(bool wait = true, bool cancel_futures = false)
    {
        return detail::check(pirn_executor_shutdown(handle_, wait, cancel_futures));
    }

    value<std::size_t> max_workers() const
    {
        std::size_t n = 0;
        return detail::yield(pirn_executor_max_workers(handle_, &n), n);
    }

    /// Changes how many tasks run at a time at most, at any time; 0 for as many as suit the machine. No task
    /// is interrupted.
    done set_max_workers(std::int64_t max_workers)
    {
        return detail::check(pirn_executor_set_max_workers(handle_, max_workers));
    }

    /// How many tasks may wait for a worker; 0 for any number.
    value<std::size_t> max_pending() const
    {
        std::size_t n = 0;
        return detail::yield(pirn_executor_max_pending(handle_, &n), n);
    }

    /// Sets how many tasks may wait for a worker; 0 for any number. While there are so many, a submit or a
    /// post waits for room, unless it is made by a task of this executor. Before the first task.
    done set_max_pending(std::size_t max_pending)
    {
        return detail::check(pirn_executor_set_max_pending(handle_, max_pending));
    }

    /// How many tasks there are, at this moment. A map's chunk counts as one.
    value<task_counts> pending() const
    {
        task_counts counts = {};
        return detail::yield(pirn_executor_pending(handle_, &counts.queued, &counts.running), counts);
    }

    value<std::string> thread_name_prefix() const
    {
        return detail::text([this](char *buf, std::size_t cap, std::size_t *len) {
            return pirn_executor_thread_name_prefix(handle_, buf, cap, len);
        });
    }

    value<bool> is_shut_down() const
    {
        bool is = false;
        return detail::yield(pirn_executor_is_shut_down(handle_, &is), is);
    }

    /// Whether an initializer has failed.
    value<bool> is_broken() const
    {
        bool is = false;
        return detail::yield(pirn_executor_is_broken(handle_, &is), is);
    }

private:
    /// Has `by`, one of the C functions that submit a task, queue the call.
    template <class R, class By, class F, class... Args>
    pirn_status_t send(By by, pirn_future_t **handle, F &&f, Args &&...args)
    {
        return detail::submit<R, detail::call_of<F, Args...>>(
            by, handle_, handle, std::in_place, std::forward<F>(f), std::forward<Args>(args)...);
    }

    template <class R>
    static value<std::optional<future<R>>> if_room(pirn_status_t status, pirn_future_t *handle)
    {
        using result = std::optional<future<R>>;
        future<R> made(handle);
        if (status < 0)
            return detail::fail<value<result>>(status);
        return status == PIRN_OK ? result(std::move(made)) : result();
    }

    template <class State, class F, class Range>
    value<map_results<typename State::result_type>> start_map(F &&f, Range &&items,
                                                              const map_options &options)
    {
        using R = typename State::result_type;
        State *state = detail::create<State>(std::forward<F>(f), std::forward<Range>(items));
        if (!state)
            return detail::fail<value<map_results<R>>>(errc::no_memory);
        map_results<R> results(nullptr, state);
        const std::vector<void *> pointers = state->pointers();
        const double timeout = options.timeout ? detail::seconds(*options.timeout) : PIRN_FOREVER;
        const pirn_status_t status =
            pirn_executor_map(handle_, State::run, pointers.data(), pointers.size(), State::forget,
                              options.chunksize, timeout, &results.handle_);
        return detail::yield(status, std::move(results));
    }
};

} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_EXECUTOR_HPP
