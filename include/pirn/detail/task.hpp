/// @file
/// A task and its outcome in one allocation, shared by the executor and the future.
#ifndef PIRN_DETAIL_TASK_HPP
#define PIRN_DETAIL_TASK_HPP

#include <atomic>
#include <optional>
#include <variant>

#include <pirn/detail/callable.hpp>
#include <pirn/future.h>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {
namespace detail {

/// A result as it is kept: a reference as a pointer, nothing as a monostate.
template <class R>
using kept = std::conditional_t<
    std::is_void_v<R>, std::monostate,
    std::conditional_t<std::is_reference_v<R>, std::add_pointer_t<std::remove_reference_t<R>>, std::remove_cv_t<R>>>;

/// What a task came to: a value, or an exception, or (so far, or because it was cancelled) neither. Written by one thread,
/// read by others once pirn's future says that it is over, which orders the memory.
template <class R>
class outcome {
public:
    /// Makes it what body returns or throws: 0, or the code for the C API.
    template <class Body>
    std::int32_t take(Body &&body) noexcept
    {
#if PIRN_HPP_EXCEPTIONS
        try {
            store(body);
            return 0;
        } catch (...) {
            failure_ = std::current_exception();
            return raise_current();
        }
#else
        store(body);
        return 0;
#endif
    }

    template <class... Args>
    void set(Args &&...args)
    {
        value_.emplace(std::forward<Args>(args)...);
    }

    const kept<R> &value() const noexcept { return *value_; }
    kept<R> &value() noexcept { return *value_; }

#if PIRN_HPP_EXCEPTIONS
    const std::exception_ptr &failure() const noexcept { return failure_; }
    void set_failure(std::exception_ptr failure) noexcept { failure_ = std::move(failure); }
#endif

private:
    template <class Body>
    void store(Body &&body)
    {
        if constexpr (std::is_void_v<R>) {
            body();
            value_.emplace();
        } else if constexpr (std::is_reference_v<R>) {
            R result = body();
            value_.emplace(std::addressof(result));
        } else {
            value_.emplace(body());
        }
    }

    std::optional<kept<R>> value_;
#if PIRN_HPP_EXCEPTIONS
    std::exception_ptr failure_;
#endif
};

/// What a future leads to. Each of its holders (the future, the task or promise, and done callbacks while they run) drops it
/// once; the last one destroys it, and with it the C API's handle.
template <class R>
struct shared_state {
    explicit shared_state(int n_holders) noexcept : holders(n_holders) {}
    shared_state(const shared_state &) = delete;
    shared_state &operator=(const shared_state &) = delete;
    virtual ~shared_state() { static_cast<void>(pirn_future_free(handle)); }

    void hold() noexcept { holders.fetch_add(1, std::memory_order_relaxed); }

    /// A sole holder has nobody to agree with: no other can come into being.
    void drop() noexcept
    {
        if (holders.load(std::memory_order_acquire) == 1 || holders.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }

    std::atomic<int> holders;
    pirn_future_t *handle = nullptr;
    detail::outcome<R> outcome;
};

/// A task for pirn_executor_submit: the call, and what it came to. The call goes as soon as pirn is done with it, before
/// anyone sees the future over.
template <class R, class Call>
struct task final : shared_state<R> {
    std::optional<Call> call;

    template <class... Parts>
    explicit task(Parts &&...parts) : shared_state<R>(2), call(std::in_place, std::forward<Parts>(parts)...)
    {}

    static std::int32_t run(void *arg, void **) noexcept
    {
        auto *self = static_cast<task *>(arg);
        return self->outcome.take([self]() -> decltype(auto) { return (*self->call)(); });
    }

    static void forget(void *arg) noexcept
    {
        auto *self = static_cast<task *>(arg);
        self->call.reset();
        self->drop();
    }
};

} // namespace detail
} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_DETAIL_TASK_HPP
