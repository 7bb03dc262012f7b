/// @file
/// The base of every class that owns a handle.
#ifndef PIRN_DETAIL_OWNER_HPP
#define PIRN_DETAIL_OWNER_HPP

#include <utility>

#include <pirn/error.hpp>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {
namespace detail {

/// Owns a handle of the C API. One that was moved from owns none, and calls on it fail with
/// errc::invalid_handle.
///
/// Freeing an object that threads wait on fails (PIRN_ERR_BUSY). A destructor cannot report that, and the
/// threads go on waiting for an object that is still there: it is leaked.
template <class Handle, pirn_status_t (*Free)(Handle *)>
class owner {
public:
    using native_handle_type = Handle *;

    /// The C API's handle, which stays this object's.
    Handle *native_handle() const noexcept { return handle_; }

    /// Whether there is a handle: it was not moved from, and its construction did not fail.
    explicit operator bool() const noexcept { return handle_ != nullptr; }

protected:
    owner() noexcept = default;
    explicit owner(Handle *handle) noexcept : handle_(handle) {}
    owner(owner &&other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    owner &operator=(owner &&other) noexcept
    {
        owner(std::move(other)).swap(*this);
        return *this;
    }
    ~owner() { static_cast<void>(Free(handle_)); }

    void swap(owner &other) noexcept { std::swap(handle_, other.handle_); }

    /// Gives the handle back now.
    void reset() noexcept { static_cast<void>(Free(std::exchange(handle_, nullptr))); }

    Handle *handle_ = nullptr;
};

} // namespace detail
} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_DETAIL_OWNER_HPP
