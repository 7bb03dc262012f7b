/// @file
/// pirn::thread, and what a program can ask about its threads (Python: threading.Thread, current_thread,
/// enumerate, ...).
#ifndef PIRN_THREAD_HPP
#define PIRN_THREAD_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <pirn/detail/callable.hpp>
#include <pirn/detail/owner.hpp>
#include <pirn/detail/time.hpp>
#include <pirn/thread.h>
#if PIRN_HPP_STOP_TOKEN
#include <stop_token>
#endif

namespace pirn {
inline namespace PIRN_HPP_DIALECT {

class thread;

/// Leads to a thread, whoever started it, and lets go of it without a word: what current_thread, main_thread
/// and enumerate give.
class thread_ref : public detail::owner<pirn_thread_t, pirn_thread_free> {
public:
    /// Leads to no thread.
    thread_ref() noexcept = default;

    thread_ref(thread_ref &&) noexcept = default;
    thread_ref &operator=(thread_ref &&) noexcept = default;

    /// A pirn::thread that was moved into this would be joined by nobody: detach() says so.
    thread_ref(thread &&) = delete;
    thread_ref &operator=(thread &&) = delete;

    /// Takes over a handle of the C API.
    explicit thread_ref(pirn_thread_t *handle) noexcept : owner(handle) {}

    /// Waits until the thread has ended. Any number of threads may, any number of times.
    done join() { return detail::check(pirn_thread_join(handle_)); }

    /// Waits for at most so long; says whether the thread has ended.
    template <class Rep, class Period>
    value<bool> join_for(const std::chrono::duration<Rep, Period> &limit)
    {
        return detail::answer(pirn_thread_join_timeout(handle_, detail::seconds(limit)));
    }

    /// Waits until a point of time at most; says whether the thread has ended.
    template <class Clock, class Duration>
    value<bool> join_until(const std::chrono::time_point<Clock, Duration> &end)
    {
        return detail::answer(
            detail::wait_until(end, [this](double left) { return pirn_thread_join_timeout(handle_, left); }));
    }

    value<bool> is_alive() const
    {
        bool alive = false;
        return detail::yield(pirn_thread_is_alive(handle_, &alive), alive);
    }

    value<std::string> name() const
    {
        return detail::text([this](char *buf, std::size_t cap, std::size_t *len) {
            return pirn_thread_name(handle_, buf, cap, len);
        });
    }

    /// Renames it; the system's name for it follows.
    done set_name(const std::string &name)
    {
        return detail::check(pirn_thread_set_name(handle_, name.c_str()));
    }

    /// Its number in this process; stays after its end.
    value<std::uint64_t> ident() const
    {
        std::uint64_t ident = 0;
        return detail::yield(pirn_thread_ident(handle_, &ident), ident);
    }

    /// The kernel's number for it; stays after its end.
    value<std::uint64_t> native_id() const
    {
        std::uint64_t id = 0;
        return detail::yield(pirn_thread_native_id(handle_, &id), id);
    }

    /// Whether the process's end cuts it off instead of waiting for it.
    value<bool> daemon() const
    {
        bool daemon = false;
        return detail::yield(pirn_thread_daemon(handle_, &daemon), daemon);
    }

    /// 0, or not if an exception ended it; errc::invalid_state while it runs.
    value<std::int32_t> exit_code() const
    {
        std::int32_t code = 0;
        return detail::yield(pirn_thread_exit_code(handle_, &code), code);
    }
};

/// What has to be known before a thread starts.
struct thread_options {
    std::string name = {};           ///< empty: "Thread-N"
    std::optional<bool> daemon = {}; ///< unset: as the thread that makes it
};

/// Runs a callable on a thread of its own, from its construction on:
///
///     pirn::thread reader(read_all, std::ref(input), 42);
///     pirn::thread poller(pirn::thread_options{"poller"}, [](std::stop_token stop) { ... });    // C++20
///
/// The callable and its arguments are copied or moved in, as by std::thread; one that takes a std::stop_token
/// first gets the thread's. What the callable returns is dropped; an exception that it throws goes to the
/// excepthook, which writes it to stderr with the thread's name, and nothing else ends.
///
/// The destructor asks the thread to stop and joins it, a daemon too, unless it was let go by detach(), or
/// runs on that very thread.
class thread : public thread_ref {
public:
    /// No thread.
    thread() noexcept = default;

    template <class F, class... Args,
              class = std::enable_if_t<!std::is_base_of_v<thread_ref, std::decay_t<F>> &&
                                       !std::is_same_v<std::decay_t<F>, thread_options>>>
    explicit thread(F &&f, Args &&...args)
        : thread(thread_options(), std::forward<F>(f), std::forward<Args>(args)...)
    {}

    template <class F, class... Args>
    thread(const thread_options &options, F &&f, Args &&...args)
#if PIRN_HPP_STOP_TOKEN
        : stop_()
#endif
    {
        using call = detail::call_of<F, Args...>;
#if PIRN_HPP_STOP_TOKEN
        if constexpr (std::is_invocable_v<std::decay_t<F>, std::stop_token, std::decay_t<Args>...>) {
            auto body = [call = call(std::in_place, std::forward<F>(f), std::forward<Args>(args)...),
                         stop = stop_.get_token()]() mutable { call(std::move(stop)); };
            start<decltype(body)>(options, std::move(body));
        } else
#endif
            start<call>(options, std::in_place, std::forward<F>(f), std::forward<Args>(args)...);
    }

    thread(thread &&other) noexcept { swap(other); }

    /// Stops and joins the thread that it leads to, and takes over the other's.
    thread &operator=(thread &&other) noexcept
    {
        thread(std::move(other)).swap(*this);
        return *this;
    }

    ~thread()
    {
        if (!handle_)
            return;
#if PIRN_HPP_STOP_TOKEN
        stop_.request_stop();
#endif
        static_cast<void>(pirn_thread_join(handle_)); // refused on the thread itself
    }

    void swap(thread &other) noexcept
    {
        owner::swap(other);
#if PIRN_HPP_STOP_TOKEN
        stop_.swap(other.stop_);
#endif
    }

    /// Lets the thread go on by itself; this object then leads to none. The process's end waits for it unless
    /// it is a daemon.
    void detach() noexcept { reset(); }

#if PIRN_HPP_STOP_TOKEN
    std::stop_source get_stop_source() noexcept { return stop_; }
    std::stop_token get_stop_token() const noexcept { return stop_.get_token(); }
    /// Asks the thread to stop; says whether this was the first time.
    bool request_stop() noexcept { return stop_.request_stop(); }
#endif

private:
    template <class Call, class... Parts>
    void start(const thread_options &options, Parts &&...parts)
    {
        Call *call = detail::create<Call>(std::forward<Parts>(parts)...);
        if (!call)
            return;
        pirn_status_t status = pirn_thread_new(detail::run_once<Call>, call, detail::destroy<Call>, &handle_);
        if (status == PIRN_OK && !options.name.empty())
            status = pirn_thread_set_name(handle_, options.name.c_str());
        if (status == PIRN_OK && options.daemon)
            status = pirn_thread_set_daemon(handle_, *options.daemon);
        if (status == PIRN_OK)
            status = pirn_thread_start(handle_);
        if (status != PIRN_OK)
            reset(); // never started: not to be joined
        detail::created(status);
    }

#if PIRN_HPP_STOP_TOKEN
    std::stop_source stop_{std::nostopstate};
#endif
};

/// The calling thread; one that pirn did not start is registered as a dummy.
inline value<thread_ref> current_thread()
{
    pirn_thread_t *handle = nullptr;
    const pirn_status_t status = pirn_current_thread(&handle);
    return detail::yield(status, thread_ref(handle));
}

/// The process's main thread.
inline value<thread_ref> main_thread()
{
    pirn_thread_t *handle = nullptr;
    const pirn_status_t status = pirn_main_thread(&handle);
    return detail::yield(status, thread_ref(handle));
}

/// Every thread that is alive.
inline value<std::vector<thread_ref>> enumerate()
{
    std::vector<pirn_thread_t *> handles(pirn_active_count() + 8);
    std::vector<thread_ref> threads;
    for (;;) {
        threads.reserve(handles.size());
        std::size_t count = 0;
        const pirn_status_t status = pirn_enumerate(handles.data(), handles.size(), &count);
        if (status != PIRN_OK)
            return detail::fail<value<std::vector<thread_ref>>>(status);
        for (std::size_t i = 0; i < count && i < handles.size(); i++)
            threads.emplace_back(handles[i]);
        if (count <= handles.size())
            return threads;
        threads.clear();
        handles.resize(count + 8);
    }
}

/// How many threads are alive.
inline std::size_t active_count() noexcept { return pirn_active_count(); }

/// The calling thread's number in this process. Registers nothing.
inline std::uint64_t get_ident() noexcept { return pirn_get_ident(); }

/// The kernel's number for the calling thread.
inline std::uint64_t get_native_id() noexcept { return pirn_get_native_id(); }

/// How many bytes of stack the threads have that are started from now on; 0 for the system's default.
inline std::size_t stack_size() noexcept { return pirn_stack_size(); }

/// Sets it: 0, or at least 32768.
inline done set_stack_size(std::size_t bytes) { return detail::check(pirn_set_stack_size(bytes)); }

} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_THREAD_HPP
