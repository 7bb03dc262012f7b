/// @file
/// What an executor's map shares: the function, the items, and what became of each.
#ifndef PIRN_DETAIL_MAP_STATE_HPP
#define PIRN_DETAIL_MAP_STATE_HPP

#include <atomic>
#include <cstddef>
#include <optional>
#include <vector>

#include <pirn/detail/callable.hpp>
#include <pirn/detail/range.hpp>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {
namespace detail {

/// What became of an item. Written by one thread, read by others once pirn gives the item's result out, which
/// orders the memory.
template <class R>
class outcome {
public:
    /// Makes it what body returns or throws: 0, or the code for the C API.
    template <class Body>
    std::int32_t take(Body &&body) noexcept
    {
#if PIRN_HPP_EXCEPTIONS
        try {
            value_.emplace(body());
            return 0;
        } catch (...) {
            failure_ = std::current_exception();
            return raise_current();
        }
#else
        value_.emplace(body());
        return 0;
#endif
    }

    R &value() noexcept { return *value_; }
#if PIRN_HPP_EXCEPTIONS
    const std::exception_ptr &failure() const noexcept { return failure_; }
#endif

private:
    std::optional<R> value_;
#if PIRN_HPP_EXCEPTIONS
    std::exception_ptr failure_;
#endif
};

/// Held by the results and by each item that is not over; the last one destroys it.
template <class R>
class map_state {
public:
    map_state() = default;
    map_state(const map_state &) = delete;
    map_state &operator=(const map_state &) = delete;
    virtual ~map_state() = default;

    virtual std::size_t size() const noexcept = 0;
    virtual const outcome<R> &at(std::size_t i) const noexcept = 0;

    void hold(std::size_t n) noexcept { holders_.fetch_add(n, std::memory_order_relaxed); }
    void drop() noexcept
    {
        if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }

private:
    std::atomic<std::size_t> holders_{1};
};

/// The results' share of a map_state.
template <class R>
struct map_holder {
    explicit map_holder(map_state<R> *held) noexcept : state(held) {}
    map_holder(map_holder &&other) noexcept : state(std::exchange(other.state, nullptr)) {}
    map_holder &operator=(map_holder &&) = delete;
    ~map_holder()
    {
        if (state)
            state->drop();
    }
    void swap(map_holder &other) noexcept { std::swap(state, other.state); }
    map_state<R> *operator->() const noexcept { return state; }

    map_state<R> *state;
};

template <class R, class F, class Item>
class map_work final : public map_state<R> {
public:
    using result_type = R;

    template <class G, class Range>
    map_work(G &&f, Range &&items) : f_(std::forward<G>(f))
    {
        for (auto &&item : items) {
            if constexpr (gives_up<Range>)
                entries_.emplace_back(*this, std::move(item));
            else
                entries_.emplace_back(*this, std::forward<decltype(item)>(item));
        }
    }

    /// What pirn_executor_map gets. Each entry then holds the state.
    std::vector<void *> pointers()
    {
        std::vector<void *> pointers;
        pointers.reserve(entries_.size());
        for (entry &each : entries_)
            pointers.push_back(std::addressof(each));
        this->hold(entries_.size());
        return pointers;
    }

    std::size_t size() const noexcept override { return entries_.size(); }
    const outcome<R> &at(std::size_t i) const noexcept override { return entries_[i].outcome; }

    static std::int32_t run(void *arg, void **result) noexcept
    {
        entry &self = *static_cast<entry *>(arg);
        *result = std::addressof(self.outcome);
        return self.outcome.take(
            [&]() -> R { return std::invoke(std::as_const(self.work->f_), std::move(*self.item)); });
    }

    static void forget(void *arg) noexcept
    {
        entry &self = *static_cast<entry *>(arg);
        self.item.reset();
        self.work->drop();
    }

private:
    struct entry {
        template <class From>
        entry(map_work &of, From &&from) : work(&of),
                                           item(std::forward<From>(from))
        {}

        map_work *work;
        std::optional<Item> item;
        detail::outcome<R> outcome;
    };

    F f_;
    std::vector<entry> entries_;
};

} // namespace detail
} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_DETAIL_MAP_STATE_HPP
