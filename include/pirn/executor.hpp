/// @file
/// pirn::executor (Python: concurrent.futures.ThreadPoolExecutor).
#ifndef PIRN_EXECUTOR_HPP
#define PIRN_EXECUTOR_HPP

#include <cstddef>
#include <cstdint>
#include <string>

#include <pirn/detail/map_state.hpp>
#include <pirn/detail/owner.hpp>
#include <pirn/detail/pull.hpp>
#include <pirn/detail/range_frame.hpp>
#include <pirn/detail/time.hpp>
#include <pirn/executor.h>
#include <pirn/future.hpp>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {

/// The results of an executor's map, in the order of the items: a range to be gone through once.
///
/// What has not started when this goes is cancelled; what is running goes on.
template <class R>
class [[nodiscard]] map_results : public detail::owner<pirn_map_t, pirn_map_free> {
public:
    using element = R;
    using iterator = detail::pull_iterator<map_results>;

    map_results(map_results &&) noexcept = default;
    map_results &operator=(map_results &&other) noexcept
    {
        map_results(std::move(other)).swap(*this);
        return *this;
    }
    ~map_results()
    {
        if (handle_)
            static_cast<void>(pirn_map_cancel(handle_));
    }

    void swap(map_results &other) noexcept
    {
        owner::swap(other);
        state_.swap(other.state_);
        std::swap(given_, other.given_);
        current_.swap(other.current_);
    }

    /// Waits for the first result. An iteration cannot be begun again: it goes on where it was.
    iterator begin() { return iterator(*this); }
    iterator end() noexcept { return iterator(); }

    /// Waits for the next result; nothing after the last. An item's exception is thrown here, and the
    /// iteration ends; so it does when its limit has passed, with errc::timed_out.
    value<std::optional<R>> next()
    {
        void *result = nullptr;
        const pirn_status_t status = pirn_map_next(handle_, &result);
#if !PIRN_HPP_EXCEPTIONS
        status_ = status;
#endif
        if (status == PIRN_END)
            return std::optional<R>();
#if PIRN_HPP_EXCEPTIONS
        if (status == PIRN_ERR_TASK_FAILED && given_ < state_->size())
            if (std::exception_ptr failure = state_->at(given_).failure())
                std::rethrow_exception(std::move(failure));
#endif
        if (status != PIRN_OK)
            return detail::fail<value<std::optional<R>>>(status);
        given_++;
        return std::optional<R>(std::move(static_cast<detail::outcome<R> *>(result)->value()));
    }

    /// Cancels what has not started.
    done cancel() { return detail::check(pirn_map_cancel(handle_)); }

#if !PIRN_HPP_EXCEPTIONS
    /// Why a loop over this has ended: errc::end after the last.
    errc status() const noexcept { return static_cast<errc>(status_); }
#endif

private:
    friend class executor;
    friend iterator;

    map_results(pirn_map_t *handle, detail::map_state<R> *state) noexcept : owner(handle), state_(state) {}

    bool pull()
    {
        current_.reset();
#if PIRN_HPP_EXCEPTIONS
        std::optional<R> pulled = next();
#else
        auto result = next();
        std::optional<R> pulled = result.ok() ? std::move(result).value() : std::nullopt;
#endif
        if (pulled)
            current_.emplace(*std::move(pulled));
        return current_.has_value();
    }
    R &current() noexcept { return *current_; }

    detail::map_holder<R> state_;
    std::size_t given_ = 0;
    std::optional<R> current_;
#if !PIRN_HPP_EXCEPTIONS
    pirn_status_t status_ = PIRN_OK;
#endif
};

/// How an executor goes through a range.
struct map_options {
    /// How many items a worker takes at a time; not 0.
    std::size_t chunksize = 1;
    /// The limit for the whole iteration, counted from the call; by default none.
    std::optional<std::chrono::duration<double>> timeout = {};
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
    /// throws. Throws errc::shut_down, errc::broken_executor, or errc::no_thread if the system refuses the
    /// first worker.
    template <class F, class... Args, class R = detail::result_of<F, Args...>>
    value<future<R>> submit(F &&f, Args &&...args)
    {
        pirn_future_t *handle = nullptr;
        const pirn_status_t status = detail::submit<R, detail::call_of<F, Args...>>(
            handle_, &handle, std::in_place, std::forward<F>(f), std::forward<Args>(args)...);
        return detail::yield(status, future<R>(handle));
    }

    /// Queues a call without a future: its result is dropped, an exception goes to the excepthook.
    template <class F, class... Args>
    done post(F &&f, Args &&...args)
    {
        return detail::check(detail::submit<void, detail::call_of<F, Args...>>(
            handle_, nullptr, std::in_place, std::forward<F>(f), std::forward<Args>(args)...));
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
        using item = std::decay_t<decltype(*std::begin(items))>;
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
        const auto first = std::begin(items);
        using place = typename std::iterator_traits<std::decay_t<decltype(first)>>::difference_type;
        const auto part = [&](std::size_t from, std::size_t to) {
            for (; from < to; from++)
                std::invoke(std::as_const(f), first[static_cast<place>(from)]);
        };
        return for_range(0, static_cast<std::size_t>(std::end(items) - first), part, grain);
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
