/// @file
/// pirn::local (Python: threading.local).
#ifndef PIRN_LOCAL_HPP
#define PIRN_LOCAL_HPP

#include <pirn/detail/callable.hpp>
#include <pirn/detail/owner.hpp>
#include <pirn/local.h>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {

/// A value of its own for each thread, made at the thread's first use and destroyed at its end, or with this
/// object:
///
///     pirn::local<std::mt19937> random;
///     pirn::local<buffer> scratch([] { return buffer(4096); });
///     (*random)();
///
/// Unlike thread_local variables these can be members, and as many as you like.
template <class T>
class local : public detail::owner<pirn_local_t, pirn_local_free> {
    static_assert(std::is_object_v<T>, "a local holds an object");

public:
    /// Values are made as T().
    local() : local([] { return T(); }) {}

    /// Values are made by `make`, which is called as const, by several threads at once. What it throws comes
    /// out of the use that called it, and the next one calls it again.
    template <class Make, class = std::enable_if_t<std::is_invocable_r_v<T, const std::decay_t<Make> &>>>
    explicit local(Make &&make)
    {
        using maker = maker_of<std::decay_t<Make>>;
        maker *made = detail::create<maker>(std::forward<Make>(make));
        if (!made)
            return;
        // It is this object's as long as the local is: values are made by this object's calls alone.
        const pirn_status_t status = pirn_local_new(maker::run, made, detail::destroy<maker>, &handle_);
        if (status == PIRN_OK)
            made->handle = handle_;
        detail::created(status);
    }

    local(const local &) = delete;
    local &operator=(const local &) = delete;

    /// The calling thread's value.
    value<T &> get() const
    {
        void *place = nullptr;
        const pirn_status_t status = detail::rethrow_inside(pirn_local_get(handle_, nullptr, &place));
        if (status != PIRN_OK)
            return detail::fail<value<T &>>(status);
        return *static_cast<T *>(place);
    }

#if PIRN_HPP_EXCEPTIONS
    T &operator*() const { return get(); }
    T *operator->() const { return std::addressof(get()); }
#endif

private:
    template <class Make>
    struct maker_of {
        explicit maker_of(Make &&given) : make(std::move(given)) {}
        explicit maker_of(const Make &given) : make(given) {}

        const Make make;
        pirn_local_t *handle = nullptr;

        static std::int32_t run(void *arg) noexcept
        {
            const maker_of &self = *static_cast<maker_of *>(arg);
            pirn_status_t status = PIRN_ERR_NO_MEMORY;
            const std::int32_t code = detail::run_inside([&] {
                if (T *made = detail::create_by<T>(self.make))
                    status = pirn_local_set(self.handle, nullptr, made, detail::destroy<T>);
            });
            return code != 0 || status == PIRN_OK ? code : pirn_raise(status, pirn_status_message(status));
        }
    };
};

} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_LOCAL_HPP
