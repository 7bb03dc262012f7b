/// @file
/// The library as a whole: shutdown, and signals.
#ifndef PIRN_LIBRARY_HPP
#define PIRN_LIBRARY_HPP

#include <pirn/detail/callable.hpp>
#include <pirn/library.h>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {

/// What exit() does: runs the at_shutdown callbacks, has executors finish, joins all threads that are no
/// daemons.
inline done shutdown() { return detail::check(pirn_shutdown()); }

/// Has a callable called when the shutdown begins, before threads are joined; the last one registered is
/// called first. An exception goes to the excepthook.
template <class F, class... Args>
done at_shutdown(F &&f, Args &&...args)
{
    using call = detail::call_of<F, Args...>;
    call *copy = detail::create<call>(std::in_place, std::forward<F>(f), std::forward<Args>(args)...);
    if (!copy)
        return detail::fail(errc::no_memory);
    return detail::check(pirn_at_shutdown(detail::run_once<call>, copy, detail::destroy<call>));
}

namespace detail {

template <class F>
std::int32_t run_interrupt(void *hook) noexcept
{
    return std::invoke(*static_cast<const F *>(hook)) ? 1 : 0;
}

} // namespace detail

/// Lets signals call off the calling thread's waits that have a limit (one that pirn counts: hours::max() is
/// none). `hook` is asked in the waiting thread when a signal handler has run there; if it says true the wait
/// ends as if its time had passed, else it goes on. It is called as const, and must not throw: that ends the
/// program.
///
///     static volatile std::sig_atomic_t interrupted;
///     std::signal(SIGINT, [](int) { interrupted = true; });
///     pirn::set_interrupt([] { return interrupted; });
///     if (!done.wait_for(1h) && interrupted) ...
template <class F>
done set_interrupt(F &&hook)
{
    using stored = std::decay_t<F>;
    static_assert(std::is_invocable_r_v<bool, const stored &>, "the hook says whether a wait is to end");
    stored *copy = detail::create<stored>(std::forward<F>(hook));
    if (!copy)
        return detail::fail(errc::no_memory);
    return detail::check(pirn_set_interrupt(detail::run_interrupt<stored>, copy, detail::destroy<stored>));
}

/// Has signals cut no wait short, as by default.
inline done reset_interrupt() { return detail::check(pirn_set_interrupt(nullptr, nullptr, nullptr)); }

} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_LIBRARY_HPP
