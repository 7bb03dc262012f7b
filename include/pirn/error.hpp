/// @file
/// Statuses and errors in C++: pirn::errc, its category, pirn::error; and what becomes of them without
/// exceptions.
///
/// With exceptions, a call that fails throws a pirn::error. Where the compiler has none (-fno-exceptions) the
/// same call returns: pirn::errc in place of void, pirn::result<T> in place of T. The declarations below say
/// `done` and `value<T>` for the one and the other. A constructor that fails then leaves an object without a
/// handle: `if (!object)` tells, and every call on it gives errc::invalid_handle. The functions that the
/// standard's guards call (try_lock and its timed forms) give bool in both.
#ifndef PIRN_ERROR_HPP
#define PIRN_ERROR_HPP

#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <type_traits>
#include <utility>

#include <pirn/status.h>
#include <pirn/types.h>

#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#define PIRN_HPP_EXCEPTIONS 1
#else
#define PIRN_HPP_EXCEPTIONS 0
#endif

#if __cplusplus >= 202002L
#include <version>
#endif
#if defined(__cpp_lib_jthread)
#define PIRN_HPP_STOP_TOKEN 1
#else
#define PIRN_HPP_STOP_TOKEN 0
#endif

// A program may mix files with and without exceptions, in C++17 and in C++20. What differs between them has
// different names, so that the linker joins none of it.
#if PIRN_HPP_EXCEPTIONS && PIRN_HPP_STOP_TOKEN
#define PIRN_HPP_DIALECT v0
#elif PIRN_HPP_EXCEPTIONS
#define PIRN_HPP_DIALECT v0_cxx17
#elif PIRN_HPP_STOP_TOKEN
#define PIRN_HPP_DIALECT v0_statuses
#else
#define PIRN_HPP_DIALECT v0_statuses_cxx17
#endif

namespace pirn {
inline namespace PIRN_HPP_DIALECT {

/// The statuses of the C functions, each by its name there (PIRN_ERR_SHUT_DOWN is errc::shut_down).
enum class [[nodiscard]] errc : std::int32_t{
    ok = PIRN_OK,
    timed_out = PIRN_TIMED_OUT,
    would_block = PIRN_WOULD_BLOCK,
    end = PIRN_END,
    invalid_handle = PIRN_ERR_INVALID_HANDLE,
    invalid_argument = PIRN_ERR_INVALID_ARGUMENT,
    overflow = PIRN_ERR_OVERFLOW,
    not_locked = PIRN_ERR_NOT_LOCKED,
    not_owner = PIRN_ERR_NOT_OWNER,
    over_release = PIRN_ERR_OVER_RELEASE,
    already_started = PIRN_ERR_ALREADY_STARTED,
    not_started = PIRN_ERR_NOT_STARTED,
    deadlock = PIRN_ERR_DEADLOCK,
    broken_barrier = PIRN_ERR_BROKEN_BARRIER,
    cancelled = PIRN_ERR_CANCELLED,
    task_failed = PIRN_ERR_TASK_FAILED,
    invalid_state = PIRN_ERR_INVALID_STATE,
    shut_down = PIRN_ERR_SHUT_DOWN,
    broken_executor = PIRN_ERR_BROKEN_EXECUTOR,
    not_found = PIRN_ERR_NOT_FOUND,
    busy = PIRN_ERR_BUSY,
    no_memory = PIRN_ERR_NO_MEMORY,
    no_thread = PIRN_ERR_NO_THREAD,
    unsupported = PIRN_ERR_UNSUPPORTED,
    internal = PIRN_ERR_INTERNAL,
};

namespace detail {

class error_category final : public std::error_category {
public:
    const char *name() const noexcept override { return "pirn"; }

    std::string message(int status) const override { return pirn_status_message(status); }

    /// So that `e.code() == std::errc::timed_out` and the like hold.
    std::error_condition default_error_condition(int status) const noexcept override
    {
        switch (static_cast<errc>(status)) {
        case errc::timed_out: return std::errc::timed_out;
        case errc::would_block: return std::errc::operation_would_block;
        case errc::invalid_argument: return std::errc::invalid_argument;
        case errc::overflow: return std::errc::value_too_large;
        case errc::not_locked:
        case errc::not_owner: return std::errc::operation_not_permitted;
        case errc::deadlock: return std::errc::resource_deadlock_would_occur;
        case errc::cancelled: return std::errc::operation_canceled;
        case errc::busy: return std::errc::device_or_resource_busy;
        case errc::no_memory: return std::errc::not_enough_memory;
        case errc::no_thread: return std::errc::resource_unavailable_try_again;
        case errc::unsupported: return std::errc::not_supported;
        default: return std::error_condition(status, *this);
        }
    }
};

} // namespace detail

/// The category of pirn's error codes; its name is "pirn". It is never destroyed: threads may fail while the
/// program ends.
inline const std::error_category &category() noexcept
{
    static const std::error_category &instance = *new detail::error_category;
    return instance;
}

/// An errc as a std::error_code; found by std::error_code's constructor.
inline std::error_code make_error_code(errc code) noexcept
{
    return std::error_code(static_cast<int>(code), category());
}

/// What is thrown when a call fails. code() is a pirn::errc and compares with std::errc where that has the
/// same meaning; what() is the text of pirn_last_error.
class error : public std::system_error {
public:
    /// An error with the general text of its code.
    explicit error(errc code) : error(code, pirn_status_message(static_cast<pirn_status_t>(code))) {}

    /// An error with a text of its own.
    error(errc code, const char *text) : std::system_error(make_error_code(code)), text_(text) {}

    const char *what() const noexcept override { return text_.what(); }

private:
    std::runtime_error text_; // a string whose copies cannot fail
};

namespace detail {

/// An errc that is no value.
struct failure {
    errc error;
};

} // namespace detail

/// What a call that could throw returns where there are no exceptions: a value, or the errc that says why
/// there is none.
template <class T>
class [[nodiscard]] result {
public:
    result(T value) : error_(errc::ok), value_(std::move(value)) {} // NOLINT: implicit, as in `return value;`
    result(detail::failure failure) : error_(failure.error) {}      // NOLINT
    /// If T is errc itself, an errc is the value.
    template <class E, class = std::enable_if_t<std::is_same_v<E, errc> && !std::is_same_v<T, errc>>>
    result(E error) : error_(error) {} // NOLINT

    /// Whether there is a value.
    bool ok() const noexcept { return error_ == errc::ok; }
    /// Why there is none; errc::ok if there is one.
    errc error() const noexcept { return error_; }

    /// The value, which has to be there.
    T &value() &noexcept { return *value_; }
    const T &value() const &noexcept { return *value_; }
    T &&value() &&noexcept { return *std::move(value_); }

private:
    errc error_;
    std::optional<T> value_;
};

/// The same for a reference.
template <class T>
class [[nodiscard]] result<T &> {
public:
    result(T &value) : error_(errc::ok), value_(std::addressof(value)) {} // NOLINT
    result(detail::failure failure) : error_(failure.error) {}            // NOLINT
    template <class E, class = std::enable_if_t<std::is_same_v<E, errc> && !std::is_same_v<T, errc>>>
    result(E error) : error_(error) {} // NOLINT

    bool ok() const noexcept { return error_ == errc::ok; }
    errc error() const noexcept { return error_; }
    T &value() const noexcept { return *value_; }

private:
    errc error_;
    T *value_ = nullptr;
};

#if PIRN_HPP_EXCEPTIONS
using done = void;
template <class T>
using value = T;
#else
/// void, or errc where there are no exceptions.
using done = errc;
/// T, or result<T> where there are no exceptions; value<void> is done.
template <class T>
using value = std::conditional_t<std::is_void_v<T>, errc, result<T>>;
#endif

namespace detail {

#if PIRN_HPP_EXCEPTIONS

/// How a function that gives As fails. Positive statuses are no errors to pirn_last_error, and leave it as it
/// is.
template <class As = done>
[[noreturn]] As fail(pirn_status_t status)
{
    throw error(static_cast<errc>(status), status < 0 ? pirn_last_error() : pirn_status_message(status));
}

template <class As = done>
[[noreturn]] As fail(errc code)
{
    throw error(code);
}

inline void check(pirn_status_t status)
{
    if (status != PIRN_OK)
        fail(status);
}

/// The end of a constructor.
inline void created(pirn_status_t status) { check(status); }

template <class T>
T yield(pirn_status_t status, T &&value)
{
    check(status);
    return std::forward<T>(value);
}

template <class T, class... Args>
T *create(Args &&...args)
{
    return new T(std::forward<Args>(args)...);
}

/// What `make` returns, made in its place: it need not be movable.
template <class T, class Make>
T *create_by(const Make &make)
{
    return new T(std::invoke(make));
}

#else

template <class As = done>
As fail(errc code)
{
    if constexpr (std::is_same_v<As, errc>)
        return code;
    else
        return failure{code};
}

template <class As = done>
As fail(pirn_status_t status)
{
    return fail<As>(static_cast<errc>(status));
}

inline errc check(pirn_status_t status) { return static_cast<errc>(status); }

inline void created(pirn_status_t) {}

template <class T>
result<std::decay_t<T>> yield(pirn_status_t status, T &&value)
{
    if (status != PIRN_OK)
        return fail<result<std::decay_t<T>>>(status);
    return std::forward<T>(value);
}

template <class T, class... Args>
T *create(Args &&...args)
{
    return new (std::nothrow) T(std::forward<Args>(args)...);
}

template <class T, class Make>
T *create_by(const Make &make)
{
    return new (std::nothrow) T(std::invoke(make));
}

#endif

/// A call whose answer may be no: a try_ call, or a wait with a limit.
inline value<bool> answer(pirn_status_t status)
{
    if (status < 0)
        return fail<value<bool>>(status);
    return status == PIRN_OK;
}

/// The same for the functions that give bool in every dialect, since the standard's guards call them.
inline bool plain_answer(pirn_status_t status)
{
#if PIRN_HPP_EXCEPTIONS
    return answer(status);
#else
    return status == PIRN_OK;
#endif
}

} // namespace detail

} // namespace PIRN_HPP_DIALECT
} // namespace pirn

/// @cond
template <>
struct std::is_error_code_enum<pirn::errc> : std::true_type {};
/// @endcond

#endif // PIRN_ERROR_HPP
