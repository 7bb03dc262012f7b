/// @file
/// What goes to pirn_executor_submit: a call, and the way of its result.
#ifndef PIRN_DETAIL_TASK_HPP
#define PIRN_DETAIL_TASK_HPP

#include <optional>
#include <variant>

#include <pirn/detail/callable.hpp>
#include <pirn/executor.h>
#include <pirn/future.h>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {
namespace detail {

/// A result as it is kept: a reference as a pointer, nothing as a monostate.
template <class R>
using kept = std::conditional_t<
    std::is_void_v<R>, std::monostate,
    std::conditional_t<std::is_reference_v<R>, std::add_pointer_t<std::remove_reference_t<R>>,
                       std::remove_cv_t<R>>>;

/// Calls `body` and gives what it returned as it is kept.
template <class R, class Body>
kept<R> keep(Body &&body)
{
    if constexpr (std::is_void_v<R>) {
        static_cast<void>(body());
        return {};
    } else if constexpr (std::is_reference_v<R>) {
        R result = body();
        return std::addressof(result);
    } else {
        return body();
    }
}

/// A result in memory. The pointer that the C future has is one to this, and its result_free deletes it.
template <class R>
struct boxed_result {
    std::optional<kept<R>> value;

    boxed_result() = default;
    boxed_result(const boxed_result &) = delete;
    boxed_result &operator=(const boxed_result &) = delete;
    virtual ~boxed_result() = default;
};

/// A result as the C future has it: in its pointer, or boxed.
template <class R, bool InPointer = fits_pointer<kept<R>>>
struct carried {
    static kept<R> take(void *result) noexcept { return *from_pointer<kept<R>>(result); }
};

template <class R>
struct carried<R, false> {
    static kept<R> &show(void *result) noexcept { return *static_cast<boxed_result<R> *>(result)->value; }
    static kept<R> take(void *result) { return std::move(show(result)); }
};

/// The three ways of a task. `Call` is made of `parts` and called once; whether it was or not, pirn then
/// calls `forget`.
///
/// Plain: call and result fit into the pointers that pirn passes on: no memory is needed.
template <class R, class Call, bool CallFits = fits_pointer<Call>, bool ResultFits = fits_pointer<kept<R>>>
struct task {
    static constexpr pirn_free_fn forget = nullptr;

    template <class... Parts>
    static bool make(void *&arg, Parts &&...parts)
    {
        arg = to_pointer(Call(std::forward<Parts>(parts)...));
        return true;
    }

    static std::int32_t run(void *arg, void **result) noexcept
    {
        from_pointer<Call> call(arg);
        return guarded([&] { *result = to_pointer(keep<R>([&]() -> decltype(auto) { return (*call)(); })); });
    }
};

/// The call in memory, given back as soon as it has been made.
template <class R, class Call>
struct task<R, Call, false, true> {
    static void forget(void *arg) noexcept { destroy<Call>(arg); }

    template <class... Parts>
    static bool make(void *&arg, Parts &&...parts)
    {
        arg = create<Call>(std::forward<Parts>(parts)...);
        return arg != nullptr;
    }

    static std::int32_t run(void *arg, void **result) noexcept
    {
        Call &call = *static_cast<Call *>(arg);
        return guarded([&] { *result = to_pointer(keep<R>([&]() -> decltype(auto) { return call(); })); });
    }
};

/// Call and result in one piece of memory: the call goes when it has been made, and the memory stays with the
/// future if there is a result.
template <class R, class Call, bool CallFits>
struct task<R, Call, CallFits, false> : boxed_result<R> {
    std::optional<Call> call;

    template <class... Parts>
    explicit task(std::in_place_t, Parts &&...parts) : call(std::in_place, std::forward<Parts>(parts)...)
    {}

    template <class... Parts>
    static bool make(void *&arg, Parts &&...parts)
    {
        arg = create<task>(std::in_place, std::forward<Parts>(parts)...);
        return arg != nullptr;
    }

    static std::int32_t run(void *arg, void **result) noexcept
    {
        task *self = static_cast<task *>(arg);
        return guarded([&] {
            self->value.emplace(keep<R>([&]() -> decltype(auto) { return (*self->call)(); }));
            *result = static_cast<boxed_result<R> *>(self);
        });
    }

    /// Comes after `run` and before anyone sees the future over.
    static void forget(void *arg) noexcept
    {
        task *self = static_cast<task *>(arg);
        self->call.reset();
        if (!self->value)
            delete self;
    }
};

/// Submits a call that is made of `parts`. Without a future (NULL) R is void.
template <class R, class Call, class... Parts>
pirn_status_t submit(pirn_executor_t *to, pirn_future_t **future, Parts &&...parts)
{
    using work = task<R, Call>;
    void *arg = nullptr;
    if (!work::make(arg, std::forward<Parts>(parts)...))
        return PIRN_ERR_NO_MEMORY;
    const pirn_status_t status = pirn_executor_submit(to, work::run, arg, work::forget, future);
    if constexpr (!fits_pointer<kept<R>>)
        if (status == PIRN_OK)
            return pirn_future_set_result_free(*future, destroy<boxed_result<R>>);
    return status;
}

} // namespace detail
} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_DETAIL_TASK_HPP
