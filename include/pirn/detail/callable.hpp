/// @file
/// C++ callables as the function pointer, argument and arg_free of the C API. No exception gets into a C
/// frame.
#ifndef PIRN_DETAIL_CALLABLE_HPP
#define PIRN_DETAIL_CALLABLE_HPP

#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include <pirn/error.hpp>
#include <pirn/library.h>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {
namespace detail {

/// Small plain values go through a pointer of the C API without memory of their own.
template <class T>
constexpr bool fits_pointer = std::is_trivially_copyable_v<T> &&std::is_trivially_destructible_v<T> &&
                              sizeof(T) <= sizeof(void *);

/// Whether a value has nothing to be copied: the bytes of an empty object are never written.
template <class T>
constexpr bool is_stateless = std::is_empty_v<T>;

template <class T>
void *to_pointer(const T &value) noexcept
{
    static_assert(fits_pointer<T>);
    void *pointer = nullptr;
    if constexpr (!is_stateless<T>)
        std::memcpy(&pointer, std::addressof(value), sizeof(T));
    else
        static_cast<void>(value);
    return pointer;
}

/// The value in a pointer that to_pointer made, for as long as this lives.
template <class T>
class from_pointer {
public:
    explicit from_pointer(void *pointer) noexcept { std::memcpy(memory_, &pointer, sizeof(T)); }
    T &operator*() noexcept { return *std::launder(reinterpret_cast<T *>(memory_)); }

private:
    static_assert(fits_pointer<T>);
    alignas(T) unsigned char memory_[sizeof(T)];
};

/// A callable and its arguments, by value. They are moved into the call: it can be made once.
template <class F, class... Args>
struct call {
    F f;
    std::tuple<Args...> args;

    template <class G, class... As>
    explicit call(std::in_place_t, G &&g, As &&...as) : f(std::forward<G>(g)),
                                                        args(std::forward<As>(as)...)
    {}

    template <class... First>
    decltype(auto) operator()(First &&...first)
    {
        return std::apply(
            [&](Args &...rest) -> decltype(auto) {
                return std::invoke(std::move(f), std::forward<First>(first)..., std::move(rest)...);
            },
            args);
    }
};

/// Without arguments it is as small as its callable.
template <class F>
struct call<F> {
    F f;

    template <class G>
    explicit call(std::in_place_t, G &&g) : f(std::forward<G>(g))
    {}

    template <class... First>
    decltype(auto) operator()(First &&...first)
    {
        return std::invoke(std::move(f), std::forward<First>(first)...);
    }
};

template <class F>
constexpr bool is_stateless<call<F>> = std::is_empty_v<F>;

template <class F, class... Args>
using call_of = call<std::decay_t<F>, std::decay_t<Args>...>;

template <class Result>
using outliving =
    std::conditional_t<std::is_rvalue_reference_v<Result>, std::remove_reference_t<Result>, Result>;

/// What a call gives. An rvalue reference leads into the call itself, which is gone when the result is asked
/// for: the value is taken from it.
template <class F, class... Args>
using result_of = outliving<std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>>;

/// The arg_free of an argument that was made by `create`.
template <class T>
void destroy(void *arg) noexcept
{
    delete static_cast<T *>(arg);
}

#if PIRN_HPP_EXCEPTIONS
/// The code with which a callback fails that ended with an exception.
constexpr std::int32_t exception_code = 1;

/// For a catch block: hands the exception that is being handled to pirn, in words, and itself as the payload,
/// a std::exception_ptr.
inline std::int32_t raise_current() noexcept
{
    std::exception_ptr *payload = new (std::nothrow) std::exception_ptr(std::current_exception());
    const pirn_free_fn payload_free = payload ? destroy<std::exception_ptr> : nullptr;
    try {
        throw;
    } catch (const std::exception &e) {
        return pirn_raise_with(exception_code, e.what(), payload, payload_free);
    } catch (...) {
        return pirn_raise_with(exception_code, "an exception that is no std::exception", payload,
                               payload_free);
    }
}
#endif

/// Runs what may throw, for a C frame: 0, or the code of pirn_raise.
template <class Body>
std::int32_t guarded(Body &&body) noexcept
{
#if PIRN_HPP_EXCEPTIONS
    try {
        static_cast<void>(body());
        return 0;
    } catch (...) {
        return raise_current();
    }
#else
    static_cast<void>(body());
    return 0;
#endif
}

/// For callbacks that pirn calls inside of a call that this thread makes (a barrier's action, a local's
/// init): what one throws goes from there to here by the thread.
#if PIRN_HPP_EXCEPTIONS
inline std::exception_ptr &thrown_inside() noexcept
{
    thread_local std::exception_ptr thrown;
    return thrown;
}
#endif

/// The callback's side.
template <class Body>
std::int32_t run_inside(Body &&body) noexcept
{
#if PIRN_HPP_EXCEPTIONS
    try {
        body();
        return 0;
    } catch (...) {
        thrown_inside() = std::current_exception();
        return raise_current();
    }
#else
    body();
    return 0;
#endif
}

/// The caller's side: throws it again if the call failed by it. Whatever the status, it is kept no longer.
inline pirn_status_t rethrow_inside(pirn_status_t status)
{
#if PIRN_HPP_EXCEPTIONS
    if (status != PIRN_OK) {
        std::exception_ptr mine = std::exchange(thrown_inside(), nullptr);
        if (mine && status == PIRN_ERR_TASK_FAILED)
            std::rethrow_exception(std::move(mine));
    }
#endif
    return status;
}

/// A pirn_target_fn that makes its call once: for threads, timers, shutdown callbacks.
template <class Call>
std::int32_t run_once(void *arg) noexcept
{
    return guarded([arg] { (*static_cast<Call *>(arg))(); });
}

/// A pirn_target_fn that is called again and again, maybe by several threads at once: it takes its callable
/// as const.
template <class F>
std::int32_t run_shared(void *arg) noexcept
{
    return guarded([arg] { std::invoke(*static_cast<const F *>(arg)); });
}

/// A text getter of the C API as a std::string. The text may change between two calls, so it is asked for
/// until it fits.
template <class Get>
value<std::string> text(Get get)
{
    std::string text(31, '\0');
    for (;;) {
        std::size_t length = 0;
        const pirn_status_t status = get(text.data(), text.size() + 1, &length);
        if (status != PIRN_OK)
            return fail<value<std::string>>(status);
        const bool fits = length <= text.size();
        text.resize(length);
        if (fits)
            return text;
    }
}

} // namespace detail
} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_DETAIL_CALLABLE_HPP
