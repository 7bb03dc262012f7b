/// @file
/// pirn::future and pirn::promise, waiting for several (Python: concurrent.futures.Future, wait, as_completed).
#ifndef PIRN_FUTURE_HPP
#define PIRN_FUTURE_HPP

#include <atomic>
#include <cstddef>
#include <iterator>
#include <memory>
#include <vector>

#include <pirn/detail/owner.hpp>
#include <pirn/detail/pull.hpp>
#include <pirn/detail/task.hpp>
#include <pirn/detail/time.hpp>
#include <pirn/future.h>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {

namespace detail {

/// A handle that a promise and its future share, the last one frees it; and what else is to be known of a future, rarely.
class shared_handle {
public:
    shared_handle() = default;
    shared_handle(const shared_handle &) = delete;
    shared_handle &operator=(const shared_handle &) = delete;

    void hold() noexcept { holders_.fetch_add(1, std::memory_order_relaxed); }
    void drop() noexcept
    {
        if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }

    pirn_future_t *handle = nullptr;
    bool watched = false; // whether done callbacks may look at the result; the future's own

private:
    ~shared_handle() { static_cast<void>(pirn_future_free(handle)); }

    std::atomic<int> holders_{1};
};

} // namespace detail

template <class R>
class promise;
class executor;

/// A result that will be there later. Letting go of a future never blocks, and its task goes on.
///
/// One that was default-constructed, moved from, or used up by get() leads to no result: its calls fail with errc::invalid_handle.
template <class R>
class [[nodiscard]] future {
    static constexpr bool in_pointer = detail::fits_pointer<detail::kept<R>>;
    using shown = std::conditional_t<std::is_void_v<R> || std::is_reference_v<R>, R,
                                     std::conditional_t<in_pointer, detail::kept<R>, const detail::kept<R> &>>;

public:
    /// Leads to no result.
    future() noexcept = default;
    future(future &&other) noexcept { swap(other); }
    future &operator=(future &&other) noexcept
    {
        future(std::move(other)).swap(*this);
        return *this;
    }
    ~future()
    {
        if (shared_)
            shared_->drop();
        else if (handle_)
            static_cast<void>(pirn_future_free(handle_));
    }

    void swap(future &other) noexcept
    {
        std::swap(handle_, other.handle_);
        std::swap(shared_, other.shared_);
    }

    /// Whether it leads to a result.
    bool valid() const noexcept { return handle_ != nullptr; }
    explicit operator bool() const noexcept { return valid(); }

    /// Waits for the result and gives it; the future is used up. An exception of the task is thrown here, the same one. Throws
    /// errc::cancelled, or errc::broken_executor if a worker's initializer failed before.
    ///
    /// The result is moved out; but copied if there are done callbacks, which may be looking at it. (errc::invalid_state if it
    /// cannot be copied: then use result().)
    value<R> get()
    {
        const future used = std::move(*this);
        void *result = nullptr;
        const pirn_status_t status = pirn_future_result(used.handle_, &result);
        if (status != PIRN_OK)
            return used.template failed<value<R>>(status);
        if constexpr (std::is_void_v<R>) {
            return detail::check(PIRN_OK);
        } else if constexpr (std::is_reference_v<R>) {
            return static_cast<R>(*detail::carried<R>::take(result));
        } else if constexpr (in_pointer) {
            return detail::carried<R>::take(result);
        } else {
            if (!used.shared_ || !used.shared_->watched)
                return detail::carried<R>::take(result);
            if constexpr (std::is_copy_constructible_v<R>)
                return std::as_const(detail::carried<R>::show(result));
            else
                return detail::fail<value<R>>(errc::invalid_state);
        }
    }

    /// Waits for the result and shows it, any number of times: as a reference that is good as long as the future, or as a copy if it
    /// is small and plain. Throws what get() throws.
    value<shown> result() const
    {
        void *result = nullptr;
        const pirn_status_t status = pirn_future_result(handle_, &result);
        if (status != PIRN_OK)
            return failed<value<shown>>(status);
        if constexpr (std::is_void_v<R>)
            return detail::check(PIRN_OK);
        else if constexpr (std::is_reference_v<R>)
            return static_cast<R>(*detail::carried<R>::take(result));
        else if constexpr (in_pointer)
            return detail::carried<R>::take(result);
        else
            return std::as_const(detail::carried<R>::show(result));
    }

    /// Waits until the future is over: finished or cancelled.
    done wait() const { return detail::check(without_outcome(pirn_future_result(handle_, nullptr))); }

    /// Waits for at most so long; says whether the future is over.
    template <class Rep, class Period>
    value<bool> wait_for(const std::chrono::duration<Rep, Period> &limit) const
    {
        return detail::answer(
            without_outcome(pirn_future_result_timeout(handle_, detail::seconds(limit), nullptr)));
    }

    /// Waits until a point of time at most; says whether the future is over.
    template <class Clock, class Duration>
    value<bool> wait_until(const std::chrono::time_point<Clock, Duration> &end) const
    {
        return detail::answer(without_outcome(detail::wait_until(
            end, [this](double left) { return pirn_future_result_timeout(handle_, left, nullptr); })));
    }

#if PIRN_HPP_EXCEPTIONS
    /// Waits until the future is over, and gives what get() would throw for a task that failed; null if it has a result.
    /// Throws errc::cancelled.
    std::exception_ptr exception() const
    {
        const pirn_status_t status = pirn_future_result(handle_, nullptr);
        if (status == PIRN_ERR_TASK_FAILED)
            return failure();
        detail::check(status);
        return nullptr;
    }
#endif

    /// Cancels it if it has not started; says whether it is cancelled. The task is then gone, with all that it held.
    value<bool> cancel() { return asked(pirn_future_cancel); }

    value<bool> cancelled() const { return asked(pirn_future_cancelled); }
    value<bool> running() const { return asked(pirn_future_running); }
    /// Whether it is over: finished or cancelled.
    value<bool> is_done() const { return asked(pirn_future_done); }

    /// Has a callable called with this future, as a `const future<R> &`, when it is over: by the thread that finishes or cancels it,
    /// or here and now if it is over. It sees the result by result(). It must not throw: that ends the program.
    template <class F>
    done add_done_callback(F &&f)
    {
        using stored = std::decay_t<F>;
        stored *made = nullptr;
        if (!watch() || !(made = detail::create<stored>(std::forward<F>(f))))
            return detail::fail(handle_ ? errc::no_memory : errc::invalid_handle);
        return detail::check(
            pirn_future_add_done_callback(handle_, call_back<stored>, made, detail::destroy<stored>));
    }

    /// The C API's handle, which stays this future's.
    pirn_future_t *native_handle() const noexcept { return handle_; }

private:
    friend class promise<R>;
    friend class executor;

    explicit future(pirn_future_t *handle, detail::shared_handle *shared = nullptr) noexcept
        : handle_(handle), shared_(shared)
    {}

    /// Remembers that the result is not to be moved out; whether there is memory to.
    bool watch()
    {
        if (in_pointer || !handle_)
            return handle_ != nullptr;
        if (!shared_) {
            shared_ = detail::create<detail::shared_handle>();
            if (!shared_)
                return false;
            shared_->handle = handle_;
        }
        shared_->watched = true;
        return true;
    }

    template <class F>
    static void call_back(pirn_future_t *borrowed, void *f) noexcept
    {
        future shown_as(borrowed);
        std::invoke(std::move(*static_cast<F *>(f)), std::as_const(shown_as));
        shown_as.handle_ = nullptr;
    }

#if PIRN_HPP_EXCEPTIONS
    std::exception_ptr failure() const
    {
        void *payload = nullptr;
        const pirn_status_t status = pirn_future_payload(handle_, &payload);
        if (status == PIRN_OK && payload)
            return *static_cast<const std::exception_ptr *>(payload);
        return std::make_exception_ptr(error(errc::task_failed, pirn_last_error()));
    }
#endif

    template <class As>
    As failed(pirn_status_t status) const
    {
#if PIRN_HPP_EXCEPTIONS
        if (status == PIRN_ERR_TASK_FAILED)
            std::rethrow_exception(failure());
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

    value<bool> asked(pirn_status_t (*question)(pirn_future_t *, bool *)) const
    {
        bool answer = false;
        return detail::yield(question(handle_, &answer), answer);
    }

    pirn_future_t *handle_ = nullptr;
    detail::shared_handle *shared_ = nullptr; // null if the handle is this future's alone
};

/// The other side of a free-standing future, whose result the program sets itself.
///
/// A promise that goes without having set a result cancels its future; if that is running already it fails.
template <class R>
class promise {
    using kept = detail::kept<R>;
    static constexpr bool in_pointer = detail::fits_pointer<kept>;

public:
    promise()
    {
        shared_ = detail::create<detail::shared_handle>();
        if (!shared_)
            return;
        pirn_status_t status = pirn_future_new(&shared_->handle);
        if constexpr (!in_pointer)
            if (status == PIRN_OK)
                status = pirn_future_set_result_free(shared_->handle, detail::destroy<detail::boxed_result<R>>);
        if (status != PIRN_OK)
            std::exchange(shared_, nullptr)->drop();
        detail::created(status);
    }

    promise(promise &&other) noexcept { swap(other); }
    promise &operator=(promise &&other) noexcept
    {
        promise(std::move(other)).swap(*this);
        return *this;
    }
    ~promise()
    {
        if (!shared_)
            return;
        abandon();
        shared_->drop();
    }

    void swap(promise &other) noexcept
    {
        std::swap(shared_, other.shared_);
        std::swap(taken_, other.taken_);
    }

    explicit operator bool() const noexcept { return shared_ != nullptr; }

    /// The future, once; then errc::invalid_state.
    value<future<R>> get_future()
    {
        if (!shared_ || taken_)
            return detail::fail<value<future<R>>>(shared_ ? errc::invalid_state : errc::invalid_handle);
        taken_ = true;
        shared_->hold();
        return future<R>(shared_->handle, shared_);
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
        if constexpr (std::is_reference_v<R>) {
            return set(detail::to_pointer(kept(std::addressof(args)...)));
        } else if constexpr (in_pointer) {
            return set(detail::to_pointer(kept(std::forward<Args>(args)...)));
        } else {
            using box = detail::boxed_result<R>;
            std::unique_ptr<box> made(detail::create<box>());
            if (!made)
                return detail::fail(errc::no_memory);
            made->value.emplace(std::forward<Args>(args)...);
            const pirn_status_t status = pirn_future_set_result(native_handle(), made.get());
            if (status == PIRN_OK)
                static_cast<void>(made.release());
            return detail::check(status);
        }
    }

#if PIRN_HPP_EXCEPTIONS
    /// Finishes the future with an exception, which get() throws. errc::invalid_state if it is finished or cancelled.
    void set_exception(std::exception_ptr exception)
    {
        auto payload = std::make_unique<std::exception_ptr>(exception);
        const char *words = "an exception that is no std::exception";
        try {
            std::rethrow_exception(std::move(exception));
        } catch (const std::exception &e) {
            return set_failure(e.what(), std::move(payload));
        } catch (...) {
            return set_failure(words, std::move(payload));
        }
    }
#else
    /// Finishes the future with a failure: get() gives errc::task_failed. errc::invalid_state if it is finished or cancelled.
    errc set_failure(std::int32_t code, const char *message)
    {
        return detail::check(pirn_future_set_exception(native_handle(), code, message));
    }
#endif

    /// The C API's handle, which stays this promise's.
    pirn_future_t *native_handle() const noexcept { return shared_ ? shared_->handle : nullptr; }

private:
    done set(void *result) { return detail::check(pirn_future_set_result(native_handle(), result)); }

#if PIRN_HPP_EXCEPTIONS
    void set_failure(const char *words, std::unique_ptr<std::exception_ptr> payload)
    {
        detail::check(pirn_future_set_exception_with(native_handle(), detail::exception_code, words, payload.release(),
                                                     detail::destroy<std::exception_ptr>));
    }
#endif

    void abandon() noexcept
    {
        bool over = false, cancelled = false, run = false;
        if (pirn_future_done(shared_->handle, &over) == PIRN_OK && over)
            return;
        if (pirn_future_cancel(shared_->handle, &cancelled) == PIRN_OK && cancelled)
            static_cast<void>(pirn_future_set_running_or_notify_cancel(shared_->handle, &run));
        else
            static_cast<void>(pirn_future_set_exception(shared_->handle, 1, "the promise was not kept"));
    }

    detail::shared_handle *shared_ = nullptr;
    bool taken_ = false;
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
