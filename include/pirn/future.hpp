/// @file
/// pirn::future and pirn::promise, waiting for several (Python: concurrent.futures.Future, wait, as_completed).
#ifndef PIRN_FUTURE_HPP
#define PIRN_FUTURE_HPP

#include <cstddef>
#include <iterator>
#include <vector>

#include <pirn/detail/owner.hpp>
#include <pirn/detail/pull.hpp>
#include <pirn/detail/task.hpp>
#include <pirn/detail/time.hpp>
#include <pirn/future.h>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {

template <class R>
class promise;
class executor;

/// A result that will be there later. Letting go of a future never blocks, and its task goes on.
///
/// One that was default-constructed, moved from, or used up by get() leads to no result: its calls fail with errc::invalid_handle.
template <class R>
class [[nodiscard]] future {
    using shown_type =
        std::conditional_t<std::is_void_v<R>, void, std::add_lvalue_reference_t<std::add_const_t<R>>>;

public:
    /// Leads to no result.
    future() noexcept = default;
    future(future &&other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    future &operator=(future &&other) noexcept
    {
        future(std::move(other)).swap(*this);
        return *this;
    }
    ~future()
    {
        if (state_)
            state_->drop();
    }

    void swap(future &other) noexcept { std::swap(state_, other.state_); }

    /// Whether it leads to a result.
    bool valid() const noexcept { return state_ != nullptr; }
    explicit operator bool() const noexcept { return valid(); }

    /// Waits for the result and moves it out; the future is used up. An exception of the task is thrown here, the same one. Throws
    /// errc::cancelled, or errc::broken_executor if a worker's initializer failed before.
    value<R> get()
    {
        const future used = std::move(*this);
        const pirn_status_t status = pirn_future_result(used.native_handle(), nullptr);
        if (status != PIRN_OK)
            return used.template failed<value<R>>(status);
        return take(*used.state_);
    }

    /// Waits for the result and shows it, any number of times. It lives as long as the future. Throws what get() throws.
    value<shown_type> result() const
    {
        const pirn_status_t status = pirn_future_result(native_handle(), nullptr);
        if (status != PIRN_OK)
            return failed<value<shown_type>>(status);
        return shown(*state_);
    }

    /// Waits until the future is over: finished or cancelled.
    done wait() const { return over(pirn_future_result(native_handle(), nullptr)); }

    /// Waits for at most so long; says whether the future is over.
    template <class Rep, class Period>
    value<bool> wait_for(const std::chrono::duration<Rep, Period> &limit) const
    {
        return is_over(pirn_future_result_timeout(native_handle(), detail::seconds(limit), nullptr));
    }

    /// Waits until a point of time at most; says whether the future is over.
    template <class Clock, class Duration>
    value<bool> wait_until(const std::chrono::time_point<Clock, Duration> &end) const
    {
        return is_over(detail::wait_until(
            end, [this](double left) { return pirn_future_result_timeout(native_handle(), left, nullptr); }));
    }

#if PIRN_HPP_EXCEPTIONS
    /// Waits until the future is over, and gives what get() would throw for a task that failed; null if it has a result.
    /// Throws errc::cancelled.
    std::exception_ptr exception() const
    {
        const pirn_status_t status = pirn_future_result(native_handle(), nullptr);
        if (status != PIRN_ERR_TASK_FAILED) {
            detail::check(status);
            return nullptr;
        }
        if (state_->outcome.failure())
            return state_->outcome.failure();
        return std::make_exception_ptr(error(errc::task_failed, pirn_last_error()));
    }
#endif

    /// Cancels it if it has not started; says whether it is cancelled. The task is then gone, with all that it held.
    value<bool> cancel()
    {
        bool cancelled = false;
        return detail::yield(pirn_future_cancel(native_handle(), &cancelled), cancelled);
    }

    value<bool> cancelled() const { return asked(pirn_future_cancelled); }
    value<bool> running() const { return asked(pirn_future_running); }
    /// Whether it is over: finished or cancelled.
    value<bool> is_done() const { return asked(pirn_future_done); }

    /// Has a callable called with this future, as a `const future<R> &`, when it is over: by the thread that finishes or cancels it,
    /// or here and now if it is over. It sees the result by result(). It must not throw: that ends the program.
    template <class F>
    done add_done_callback(F &&f)
    {
        struct callback {
            std::decay_t<F> f;
            detail::shared_state<R> *state;

            callback(F &&given, detail::shared_state<R> *of) : f(std::forward<F>(given)), state(of) { state->hold(); }
            ~callback() { state->drop(); }
            callback(const callback &) = delete;
            callback &operator=(const callback &) = delete;

            static void run(pirn_future_t *, void *arg) noexcept
            {
                auto *self = static_cast<callback *>(arg);
                self->state->hold();
                const future over(self->state);
                std::invoke(std::move(self->f), over);
            }
        };
        if (!state_)
            return detail::fail(errc::invalid_handle);
        callback *made = detail::create<callback>(std::forward<F>(f), state_);
        if (!made)
            return detail::fail(errc::no_memory);
        return detail::check(
            pirn_future_add_done_callback(native_handle(), callback::run, made, detail::destroy<callback>));
    }

    /// The C API's handle, which stays this future's.
    pirn_future_t *native_handle() const noexcept { return state_ ? state_->handle : nullptr; }

private:
    friend class promise<R>;
    friend class executor;

    explicit future(detail::shared_state<R> *state) noexcept : state_(state) {}

    static value<R> take(detail::shared_state<R> &state)
    {
        if constexpr (std::is_void_v<R>) {
            static_cast<void>(state);
            return detail::check(PIRN_OK);
        } else if constexpr (std::is_reference_v<R>) {
            return static_cast<R>(*state.outcome.value());
        } else {
            return std::move(state.outcome.value());
        }
    }

    static value<shown_type> shown(const detail::shared_state<R> &state)
    {
        if constexpr (std::is_void_v<R>) {
            static_cast<void>(state);
            return detail::check(PIRN_OK);
        } else if constexpr (std::is_reference_v<R>) {
            return *state.outcome.value();
        } else {
            return state.outcome.value();
        }
    }

    template <class As>
    As failed(pirn_status_t status) const
    {
#if PIRN_HPP_EXCEPTIONS
        if (status == PIRN_ERR_TASK_FAILED && state_->outcome.failure())
            std::rethrow_exception(state_->outcome.failure());
#endif
        return detail::fail<As>(status);
    }

    /// That it was cancelled or failed is no error to one who only waits.
    static pirn_status_t without_outcome(pirn_status_t status) noexcept
    {
        const bool over = status == PIRN_ERR_CANCELLED || status == PIRN_ERR_TASK_FAILED ||
                          status == PIRN_ERR_BROKEN_EXECUTOR;
        return over ? PIRN_OK : status;
    }
    static done over(pirn_status_t status) { return detail::check(without_outcome(status)); }
    static value<bool> is_over(pirn_status_t status) { return detail::answer(without_outcome(status)); }

    value<bool> asked(pirn_status_t (*question)(pirn_future_t *, bool *)) const
    {
        bool answer = false;
        return detail::yield(question(native_handle(), &answer), answer);
    }

    detail::shared_state<R> *state_ = nullptr;
};

/// The other side of a free-standing future, whose result the program sets itself.
///
/// A promise that goes without having set a result cancels its future; if that is running already it fails.
template <class R>
class promise {
public:
    promise()
    {
        state_ = detail::create<detail::shared_state<R>>(1);
        if (!state_)
            return;
        const pirn_status_t status = pirn_future_new(&state_->handle);
        if (status != PIRN_OK)
            std::exchange(state_, nullptr)->drop();
        detail::created(status);
    }

    promise(promise &&other) noexcept
        : state_(std::exchange(other.state_, nullptr)), shared_(other.shared_), settled_(other.settled_)
    {}
    promise &operator=(promise &&other) noexcept
    {
        promise(std::move(other)).swap(*this);
        return *this;
    }
    ~promise()
    {
        if (!state_)
            return;
        if (!settled_)
            abandon();
        state_->drop();
    }

    void swap(promise &other) noexcept
    {
        std::swap(state_, other.state_);
        std::swap(shared_, other.shared_);
        std::swap(settled_, other.settled_);
    }

    explicit operator bool() const noexcept { return state_ != nullptr; }

    /// The future, once; then errc::invalid_state.
    value<future<R>> get_future()
    {
        if (!state_ || shared_)
            return detail::fail<value<future<R>>>(state_ ? errc::invalid_state : errc::invalid_handle);
        shared_ = true;
        state_->hold();
        return future<R>(state_);
    }

    /// Before the work begins: true if it is to be done, and the future is then running; false if it was cancelled.
    value<bool> set_running_or_notify_cancel()
    {
        bool run = false;
        return detail::yield(pirn_future_set_running_or_notify_cancel(native_handle(), &run), run);
    }

    /// Finishes the future with a result made of these arguments: a value, a reference, or nothing for void.
    /// errc::invalid_state if it is finished or cancelled.
    template <class... Args>
    done set_value(Args &&...args)
    {
        if (!state_ || settled_)
            return detail::fail(state_ ? errc::invalid_state : errc::invalid_handle);
        if constexpr (std::is_reference_v<R>)
            state_->outcome.set(std::addressof(args)...);
        else
            state_->outcome.set(std::forward<Args>(args)...);
        return settle(pirn_future_set_result(state_->handle, nullptr));
    }

#if PIRN_HPP_EXCEPTIONS
    /// Finishes the future with an exception, which get() throws. errc::invalid_state if it is finished or cancelled.
    void set_exception(std::exception_ptr exception)
    {
        if (!state_ || settled_)
            detail::fail(state_ ? errc::invalid_state : errc::invalid_handle);
        state_->outcome.set_failure(exception);
        try {
            std::rethrow_exception(std::move(exception));
        } catch (const std::exception &e) {
            settle(pirn_future_set_exception(state_->handle, detail::exception_code, e.what()));
        } catch (...) {
            settle(pirn_future_set_exception(state_->handle, detail::exception_code, nullptr));
        }
    }
#else
    /// Finishes the future with a failure: get() gives errc::task_failed. errc::invalid_state if it is finished or cancelled.
    errc set_failure(std::int32_t code, const char *message)
    {
        if (!state_ || settled_)
            return state_ ? errc::invalid_state : errc::invalid_handle;
        return settle(pirn_future_set_exception(state_->handle, code, message));
    }
#endif

    /// The C API's handle, which stays this promise's.
    pirn_future_t *native_handle() const noexcept { return state_ ? state_->handle : nullptr; }

private:
    /// The outcome is written before, by this one owner; a future that was cancelled meanwhile never looks at it.
    done settle(pirn_status_t status)
    {
        settled_ = settled_ || status == PIRN_OK;
        return detail::check(status);
    }

    void abandon() noexcept
    {
        bool cancelled = false, run = false;
        if (pirn_future_cancel(state_->handle, &cancelled) == PIRN_OK && cancelled)
            static_cast<void>(pirn_future_set_running_or_notify_cancel(state_->handle, &run));
        else
            static_cast<void>(pirn_future_set_exception(state_->handle, 1, "the promise was not kept"));
    }

    detail::shared_state<R> *state_ = nullptr;
    bool shared_ = false, settled_ = false;
};

/// What wait() waits for.
enum class return_when : std::int32_t {
    first_completed = PIRN_FIRST_COMPLETED,
    first_exception = PIRN_FIRST_EXCEPTION,
    all_completed = PIRN_ALL_COMPLETED,
};

/// Which futures were done when wait() returned: their places in the range.
struct wait_result {
    std::vector<std::size_t> done, not_done;
};

namespace detail {

template <class Futures>
std::vector<pirn_future_t *> handles(const Futures &futures)
{
    std::vector<pirn_future_t *> handles;
    for (const auto &future : futures)
        handles.push_back(future.native_handle());
    return handles;
}

template <class Futures>
value<wait_result> wait(const Futures &futures, return_when when, double seconds)
{
    const std::vector<pirn_future_t *> handles = detail::handles(futures);
    const std::unique_ptr<bool[]> done(new bool[handles.size() + 1]());
    const pirn_status_t status = pirn_wait(handles.data(), handles.size(), static_cast<std::int32_t>(when), seconds,
                                           done.get(), nullptr);
    if (status < 0)
        return fail<value<wait_result>>(status);
    wait_result result;
    for (std::size_t i = 0; i < handles.size(); i++)
        (done[i] ? result.done : result.not_done).push_back(i);
    return result;
}

} // namespace detail

/// Waits for the futures of a range until all are done, or as `when` says.
template <class Futures>
value<wait_result> wait(const Futures &futures, return_when when = return_when::all_completed)
{
    return detail::wait(futures, when, PIRN_FOREVER);
}

/// The same for at most so long; what is not done then stands in not_done.
template <class Futures, class Rep, class Period>
value<wait_result> wait_for(const Futures &futures, const std::chrono::duration<Rep, Period> &limit,
                            return_when when = return_when::all_completed)
{
    return detail::wait(futures, when, detail::seconds(limit));
}

/// Futures in the order in which they get done; see as_completed.
template <class Future>
class completed_futures : public detail::owner<pirn_as_completed_t, pirn_as_completed_free> {
public:
    using element = Future;
    using iterator = detail::pull_iterator<completed_futures>;

    template <class Futures>
    completed_futures(Futures &futures, double seconds)
    {
        for (Future &future : futures)
            futures_.push_back(std::addressof(future));
        const std::vector<pirn_future_t *> handles = detail::handles(futures);
        status_ = pirn_as_completed(handles.data(), handles.size(), seconds, &handle_);
        detail::created(status_);
    }

    /// Waits for the first. An iteration cannot be begun again: it goes on where it was.
    iterator begin() { return iterator(*this); }
    iterator end() noexcept { return iterator(); }

    /// Waits for the next; null after the last. Throws errc::timed_out when the limit has passed.
    value<Future *> next()
    {
        std::size_t index = 0;
        status_ = pirn_as_completed_next(handle_, &index);
        if (status_ == PIRN_END)
            return static_cast<Future *>(nullptr);
        return detail::yield(status_, status_ == PIRN_OK ? futures_[index] : nullptr);
    }

#if !PIRN_HPP_EXCEPTIONS
    /// Why a loop over this has ended: errc::end after the last.
    errc status() const noexcept { return static_cast<errc>(status_); }
#endif

private:
    friend iterator;
    bool pull()
    {
#if PIRN_HPP_EXCEPTIONS
        current_ = next();
#else
        const auto pulled = next();
        current_ = pulled.ok() ? pulled.value() : nullptr;
#endif
        return current_ != nullptr;
    }
    Future &current() noexcept { return *current_; }

    std::vector<Future *> futures_;
    Future *current_ = nullptr;
    pirn_status_t status_ = PIRN_OK;
};

/// A range over the futures of a range, which has to stay as it is meanwhile, in the order in which they get done:
///
///     for (pirn::future<int> &done : pirn::as_completed(futures))
///         sum += done.get();
template <class Futures>
auto as_completed(Futures &futures)
{
    using future = std::remove_reference_t<decltype(*std::begin(futures))>;
    return completed_futures<future>(futures, PIRN_FOREVER);
}

/// The same with a limit for the whole iteration, counted from now. When it passes the loop throws errc::timed_out.
template <class Futures, class Rep, class Period>
auto as_completed(Futures &futures, const std::chrono::duration<Rep, Period> &limit)
{
    using future = std::remove_reference_t<decltype(*std::begin(futures))>;
    return completed_futures<future>(futures, detail::seconds(limit));
}

/// The futures have to outlive the iteration.
template <class Futures, class... Limit>
void as_completed(const Futures &&futures, Limit...) = delete;

} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_FUTURE_HPP
