/// @file
/// Hooks: who is told of failures that no caller sees, and of what threads do (Python: threading.excepthook,
/// settrace, setprofile).
#ifndef PIRN_HOOKS_HPP
#define PIRN_HOOKS_HPP

#include <pirn/detail/callable.hpp>
#include <pirn/hooks.h>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {

namespace detail {

using set_trace_fn = pirn_status_t (*)(pirn_trace_fn, void *, pirn_free_fn);

template <class F>
std::int32_t run_excepthook(const pirn_excepthook_args_t *args, void *hook) noexcept
{
    return guarded([&] { std::invoke(*static_cast<const F *>(hook), *args); });
}

template <class F>
void run_trace(const pirn_trace_event_t *event, void *hook) noexcept
{
    std::invoke(*static_cast<const F *>(hook), *event);
}

template <class F>
done set_trace(set_trace_fn set, F &&hook)
{
    using stored = std::decay_t<F>;
    stored *copy = create<stored>(std::forward<F>(hook));
    if (!copy)
        return fail(errc::no_memory);
    return check(set(run_trace<stored>, copy, destroy<stored>));
}

} // namespace detail

/// Has failures that no caller gets to see go to `hook`, a callable of a `const pirn_excepthook_args_t &`,
/// called as const by the thread that failed. What it throws itself is reported on stderr.
template <class F>
done set_excepthook(F &&hook)
{
    using stored = std::decay_t<F>;
    stored *copy = detail::create<stored>(std::forward<F>(hook));
    if (!copy)
        return detail::fail(errc::no_memory);
    return detail::check(pirn_set_excepthook(detail::run_excepthook<stored>, copy, detail::destroy<stored>));
}

/// Restores the default one, which writes to stderr.
inline done reset_excepthook() { return detail::check(pirn_set_excepthook(nullptr, nullptr, nullptr)); }

/// Has `hook`, a callable of a `const pirn_trace_event_t &`, told what the threads do that are started from
/// now on. It is called as const, by several threads at once, and must not throw: that ends the program.
template <class F>
done settrace(F &&hook)
{
    return detail::set_trace(pirn_settrace, std::forward<F>(hook));
}

/// The same for the threads that run already, too.
template <class F>
done settrace_all_threads(F &&hook)
{
    return detail::set_trace(pirn_settrace_all_threads, std::forward<F>(hook));
}

/// As settrace, for the events that end something alone, with their durations.
template <class F>
done setprofile(F &&hook)
{
    return detail::set_trace(pirn_setprofile, std::forward<F>(hook));
}

/// The same for the threads that run already, too.
template <class F>
done setprofile_all_threads(F &&hook)
{
    return detail::set_trace(pirn_setprofile_all_threads, std::forward<F>(hook));
}

} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_HOOKS_HPP
