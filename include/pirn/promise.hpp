/// @file
/// pirn::promise (Python: concurrent.futures.Future, which has both sides in one).
#ifndef PIRN_PROMISE_HPP
#define PIRN_PROMISE_HPP

#include <memory>

#include <pirn/future.hpp>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {

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
                status =
                    pirn_future_set_result_free(shared_->handle, detail::destroy<detail::boxed_result<R>>);
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

    /// Before the work begins: true if it is to be done, and the future is then running; false if it was
    /// cancelled.
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
    /// Finishes the future with an exception, which get() throws. errc::invalid_state if it is finished or
    /// cancelled.
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
    /// Finishes the future with a failure: get() gives errc::task_failed. errc::invalid_state if it is
    /// finished or cancelled.
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
        detail::check(pirn_future_set_exception_with(native_handle(), detail::exception_code, words,
                                                     payload.release(), detail::destroy<std::exception_ptr>));
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

} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_PROMISE_HPP
