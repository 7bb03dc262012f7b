/// @file
/// Waiting for several futures (Python: concurrent.futures.wait, as_completed).
#ifndef PIRN_WAIT_HPP
#define PIRN_WAIT_HPP

#include <cstddef>
#include <iterator>
#include <memory>
#include <vector>

#include <pirn/detail/owner.hpp>
#include <pirn/detail/pull.hpp>
#include <pirn/detail/range.hpp>
#include <pirn/detail/time.hpp>
#include <pirn/future.h>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {

/// What wait() waits for.
enum class return_when : std::int32_t {
    first_completed = PIRN_FIRST_COMPLETED,
    first_exception = PIRN_FIRST_EXCEPTION,
    all_completed = PIRN_ALL_COMPLETED,
};

/// Which futures were done when wait() returned: their places in the range.
struct wait_result {
    std::vector<std::size_t> done, not_done;
};

namespace detail {

template <class Futures>
std::vector<pirn_future_t *> handles(const Futures &futures)
{
    std::vector<pirn_future_t *> handles;
    for (const auto &future : futures)
        handles.push_back(future.native_handle());
    return handles;
}

template <class Futures>
value<wait_result> wait(const Futures &futures, return_when when, double seconds)
{
    const std::vector<pirn_future_t *> handles = detail::handles(futures);
    const std::unique_ptr<bool[]> done(new bool[handles.size() + 1]());
    const pirn_status_t status = pirn_wait(handles.data(), handles.size(), static_cast<std::int32_t>(when),
                                           seconds, done.get(), nullptr);
    if (status < 0)
        return fail<value<wait_result>>(status);
    wait_result result;
    for (std::size_t i = 0; i < handles.size(); i++)
        (done[i] ? result.done : result.not_done).push_back(i);
    return result;
}

} // namespace detail

/// Waits for the futures of a range until all are done, or as `when` says.
template <class Futures>
value<wait_result> wait(const Futures &futures, return_when when = return_when::all_completed)
{
    return detail::wait(futures, when, PIRN_FOREVER);
}

/// The same for at most so long; what is not done then stands in not_done.
template <class Futures, class Rep, class Period>
value<wait_result> wait_for(const Futures &futures, const std::chrono::duration<Rep, Period> &limit,
                            return_when when = return_when::all_completed)
{
    return detail::wait(futures, when, detail::seconds(limit));
}

/// Futures in the order in which they get done; see as_completed.
template <class Future>
class completed_futures : public detail::owner<pirn_as_completed_t, pirn_as_completed_free> {
public:
    using element = Future;
    using iterator = detail::pull_iterator<completed_futures>;

    template <class Futures>
    completed_futures(Futures &futures, double seconds)
    {
        for (Future &future : futures)
            futures_.push_back(std::addressof(future));
        const std::vector<pirn_future_t *> handles = detail::handles(futures);
        status_ = pirn_as_completed(handles.data(), handles.size(), seconds, &handle_);
        detail::created(status_);
    }

    /// Waits for the first. An iteration cannot be begun again: it goes on where it was.
    iterator begin() { return iterator(*this); }
    iterator end() noexcept { return iterator(); }

    /// Waits for the next; null after the last. Throws errc::timed_out when the limit has passed.
    value<Future *> next()
    {
        std::size_t index = 0;
        status_ = pirn_as_completed_next(handle_, &index);
        if (status_ == PIRN_END)
            return static_cast<Future *>(nullptr);
        return detail::yield(status_, status_ == PIRN_OK ? futures_[index] : nullptr);
    }

#if !PIRN_HPP_EXCEPTIONS
    /// Why a loop over this has ended: errc::end after the last.
    errc status() const noexcept { return static_cast<errc>(status_); }
#endif

private:
    friend iterator;
    bool pull()
    {
#if PIRN_HPP_EXCEPTIONS
        current_ = next();
#else
        const auto pulled = next();
        current_ = pulled.ok() ? pulled.value() : nullptr;
#endif
        return current_ != nullptr;
    }
    Future &current() noexcept { return *current_; }

    std::vector<Future *> futures_;
    Future *current_ = nullptr;
    pirn_status_t status_ = PIRN_OK;
};

/// A range over the futures of a range, which has to stay as it is meanwhile, in the order in which they get
/// done:
///
///     for (pirn::future<int> &done : pirn::as_completed(futures))
///         sum += done.get();
template <class Futures>
auto as_completed(Futures &futures)
{
    using future = std::remove_reference_t<detail::reference_of<Futures>>;
    return completed_futures<future>(futures, PIRN_FOREVER);
}

/// The same with a limit for the whole iteration, counted from now. When it passes the loop throws
/// errc::timed_out.
template <class Futures, class Rep, class Period>
auto as_completed(Futures &futures, const std::chrono::duration<Rep, Period> &limit)
{
    using future = std::remove_reference_t<detail::reference_of<Futures>>;
    return completed_futures<future>(futures, detail::seconds(limit));
}

/// The futures have to outlive the iteration.
template <class Futures, class... Limit>
void as_completed(const Futures &&futures, Limit...) = delete;

} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_WAIT_HPP
