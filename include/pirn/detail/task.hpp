/// @file
/// What goes to pirn_executor_submit: a call, and the way of its result.
#ifndef PIRN_DETAIL_TASK_HPP
#define PIRN_DETAIL_TASK_HPP

#include <optional>
#include <variant>
#include <vector>

#include <pirn/detail/callable.hpp>
#include <pirn/detail/range.hpp>
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
/// calls `forget`. `unmake` is for what pirn did not take.
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
    static void unmake(void *) noexcept {}

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
    static void unmake(void *arg) noexcept { forget(arg); }

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
    static void unmake(void *arg) noexcept { delete static_cast<task *>(arg); }

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

/// Has the C future give a result back that is no mere pointer.
template <class R>
pirn_status_t give_back_result(pirn_future_t *future)
{
    if constexpr (fits_pointer<kept<R>>)
        return PIRN_OK;
    else
        return pirn_future_set_result_free(future, destroy<boxed_result<R>>);
}

/// The C functions that take one argument more, in the shape of pirn_executor_submit.
struct submit_within {
    double seconds;

    pirn_status_t operator()(pirn_executor_t *to, pirn_task_fn run, void *arg, pirn_free_fn forget,
                             pirn_future_t **future) const noexcept
    {
        return pirn_executor_submit_timeout(to, run, arg, forget, seconds, future);
    }
};

struct submit_at {
    std::int32_t priority;

    pirn_status_t operator()(pirn_executor_t *to, pirn_task_fn run, void *arg, pirn_free_fn forget,
                             pirn_future_t **future) const noexcept
    {
        return pirn_executor_submit_priority(to, run, arg, forget, priority, future);
    }
};

/// Has `by`, one of the C functions that submit a task, queue a call that is made of `parts`. Without a
/// future (NULL) R is void.
template <class R, class Call, class By, class... Parts>
pirn_status_t submit(By by, pirn_executor_t *to, pirn_future_t **future, Parts &&...parts)
{
    using work = task<R, Call>;
    void *arg = nullptr;
    if (!work::make(arg, std::forward<Parts>(parts)...))
        return PIRN_ERR_NO_MEMORY;
    const pirn_status_t status = by(to, work::run, arg, work::forget, future);
    if (status > 0) // no room: it stayed here
        work::unmake(arg);
    return status == PIRN_OK && future ? give_back_result<R>(*future) : status;
}

/// Calls of one callable for the items of a range, to be submitted together.
template <class R, class F, class Range>
class batch {
    using work = task<R, call_of<F, item_of<Range>>>;

public:
    batch() = default;
    batch(const batch &) = delete;
    batch &operator=(const batch &) = delete;
    ~batch()
    {
        for (void *arg : args_)
            work::unmake(arg);
    }

    pirn_status_t add(const F &f, Range &&items)
    {
        for (auto &&item : items) {
            args_.push_back(nullptr); // before it is made: this may throw
            bool made;
            if constexpr (gives_up<Range>)
                made = work::make(args_.back(), std::in_place, f, std::move(item));
            else
                made = work::make(args_.back(), std::in_place, f, std::forward<decltype(item)>(item));
            if (!made)
                return PIRN_ERR_NO_MEMORY;
        }
        return PIRN_OK;
    }

    std::size_t size() const noexcept { return args_.size(); }

    pirn_status_t submit(pirn_executor_t *to, pirn_future_t **futures)
    {
        pirn_status_t status =
            pirn_executor_submit_many(to, work::run, args_.data(), args_.size(), work::forget, futures);
        const std::size_t submitted = status == PIRN_OK && futures ? args_.size() : 0;
        args_.clear(); // pirn's now, or given back by it
        for (std::size_t i = 0; i < submitted && status == PIRN_OK; i++)
            status = give_back_result<R>(futures[i]);
        return status;
    }

private:
    std::vector<void *> args_;
};

} // namespace detail
} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_DETAIL_TASK_HPP
