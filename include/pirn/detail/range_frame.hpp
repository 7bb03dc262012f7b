/// @file
/// A parallel for's body, and the first exception of its calls. It lies in the frame of the call that waits
/// for all of them.
#ifndef PIRN_DETAIL_RANGE_FRAME_HPP
#define PIRN_DETAIL_RANGE_FRAME_HPP

#include <atomic>
#include <cstddef>

#include <pirn/detail/callable.hpp>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {
namespace detail {

template <class Body>
struct range_frame {
    const Body &body;
#if PIRN_HPP_EXCEPTIONS
    std::atomic<bool> failed{false};
    std::exception_ptr first =
        nullptr; // written by the one that set `failed`, read when all calls have returned
#endif

    static std::int32_t run(std::size_t begin, std::size_t end, void *arg) noexcept
    {
        range_frame &self = *static_cast<range_frame *>(arg);
#if PIRN_HPP_EXCEPTIONS
        try {
            self.body(begin, end);
            return 0;
        } catch (...) {
            if (!self.failed.exchange(true, std::memory_order_relaxed))
                self.first = std::current_exception();
            return raise_current();
        }
#else
        self.body(begin, end);
        return 0;
#endif
    }

    pirn_status_t rethrow(pirn_status_t status)
    {
#if PIRN_HPP_EXCEPTIONS
        if (status == PIRN_ERR_TASK_FAILED && first)
            std::rethrow_exception(std::move(first));
#endif
        return status;
    }
};

} // namespace detail
} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_DETAIL_RANGE_FRAME_HPP
