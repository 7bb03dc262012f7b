/// @file
/// The library as a whole: shutdown.
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

} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_LIBRARY_HPP
