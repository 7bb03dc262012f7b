/// @file
/// pirn::queue, lifo_queue, priority_queue, simple_queue (Python: queue.Queue, LifoQueue, PriorityQueue,
/// SimpleQueue).
#ifndef PIRN_QUEUE_HPP
#define PIRN_QUEUE_HPP

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include <pirn/detail/callable.hpp>
#include <pirn/detail/owner.hpp>
#include <pirn/detail/pull.hpp>
#include <pirn/detail/time.hpp>
#include <pirn/queue.h>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {

namespace detail {

/// Values as the pointers that the C API queues. Small plain ones are in the pointer itself, others in memory
/// of their own.
template <class T, bool Small = fits_pointer<T>>
struct item {
    static constexpr pirn_free_fn item_free() noexcept { return nullptr; }

    static bool pack(T &&value, void *&packed) noexcept
    {
        packed = to_pointer(value);
        return true;
    }
    static T unpack(void *packed) noexcept { return *from_pointer<T>(packed); }
    static void give_back(void *, T &) noexcept {}

    /// What a queue's compare function is shown.
    class shown {
    public:
        explicit shown(const void *packed) noexcept : value_(const_cast<void *>(packed)) {}
        const T &operator*() noexcept { return *value_; }

    private:
        from_pointer<T> value_;
    };
};

template <class T>
struct item<T, false> {
    static constexpr pirn_free_fn item_free() noexcept { return destroy<T>; }

    static bool pack(T &&value, void *&packed)
    {
        packed = create<T>(std::move(value));
        return packed != nullptr;
    }
    static T unpack(void *packed)
    {
        std::unique_ptr<T> owned(static_cast<T *>(packed));
        return std::move(*owned);
    }
    struct shown {
        const void *packed;
        explicit shown(const void *boxed) noexcept : packed(boxed) {}
        const T &operator*() const noexcept { return *static_cast<const T *>(packed); }
    };
    /// After a put that failed.
    static void give_back(void *packed, T &value)
    {
        std::unique_ptr<T> owned(static_cast<T *>(packed));
        value = std::move(*owned);
    }
};

} // namespace detail

/// Hands values from thread to thread, first in, first out. T has to be movable. A put that fails or is
/// refused leaves the value with the caller. A consumer can go through it until it has been shut down and is
/// empty:
///
///     for (job &next : jobs)
///         next.run();
///
/// Values that nobody gets are destroyed with the queue, or by an immediate shutdown.
template <class T>
class queue : public detail::owner<pirn_queue_t, pirn_queue_free> {
    static_assert(std::is_object_v<T> && std::is_move_constructible_v<T> && std::is_move_assignable_v<T>,
                  "a queue is of movable values");
    using item = detail::item<T>;

public:
    using element = T;
    class iterator;

    /// For at most so many values; 0 and less for no limit.
    explicit queue(std::int64_t maxsize = 0) { made(pirn_queue_new(maxsize, &handle_)); }

    queue(const queue &) = delete;
    queue &operator=(const queue &) = delete;

    /// Puts a value in, waiting as long as the queue is full. Throws errc::shut_down.
    done put(T &&value)
    {
        return detail::check(
            put_status(value, [this](void *packed) { return pirn_queue_put(handle_, packed); }));
    }
    done put(const T &value) { return put(T(value)); }

    /// Puts a value in if the queue is not full; says whether it did.
    pirn::value<bool> try_put(T &&value)
    {
        return detail::answer(
            put_status(value, [this](void *packed) { return pirn_queue_try_put(handle_, packed); }));
    }
    pirn::value<bool> try_put(const T &value) { return try_put(T(value)); }

    /// Puts a value in, waiting for at most so long; says whether it did.
    template <class Rep, class Period>
    pirn::value<bool> put_for(T &&value, const std::chrono::duration<Rep, Period> &limit)
    {
        return detail::answer(put_status(value, [&](void *packed) {
            return pirn_queue_put_timeout(handle_, packed, detail::seconds(limit));
        }));
    }
    template <class Rep, class Period>
    pirn::value<bool> put_for(const T &value, const std::chrono::duration<Rep, Period> &limit)
    {
        return put_for(T(value), limit);
    }

    /// Puts a value in, waiting until a point of time at most; says whether it did.
    template <class Clock, class Duration>
    pirn::value<bool> put_until(T &&value, const std::chrono::time_point<Clock, Duration> &end)
    {
        return detail::answer(put_status(value, [&](void *packed) {
            return detail::wait_until(
                end, [&](double left) { return pirn_queue_put_timeout(handle_, packed, left); });
        }));
    }
    template <class Clock, class Duration>
    pirn::value<bool> put_until(const T &value, const std::chrono::time_point<Clock, Duration> &end)
    {
        return put_until(T(value), end);
    }

    /// Takes the first value out, waiting as long as there is none. Throws errc::shut_down once the queue has
    /// been shut down and is empty.
    pirn::value<T> get()
    {
        void *packed = nullptr;
        const pirn_status_t status = pirn_queue_get(handle_, &packed);
        if (status != PIRN_OK)
            return detail::fail<pirn::value<T>>(status);
        return item::unpack(packed);
    }

    /// Takes the first value out if there is one.
    pirn::value<std::optional<T>> try_get()
    {
        return get_status([this](void **packed) { return pirn_queue_try_get(handle_, packed); });
    }

    /// Takes the first value out, waiting for at most so long; nothing when the limit has passed.
    template <class Rep, class Period>
    pirn::value<std::optional<T>> get_for(const std::chrono::duration<Rep, Period> &limit)
    {
        return get_status(
            [&](void **packed) { return pirn_queue_get_timeout(handle_, detail::seconds(limit), packed); });
    }

    /// Takes the first value out, waiting until a point of time at most.
    template <class Clock, class Duration>
    pirn::value<std::optional<T>> get_until(const std::chrono::time_point<Clock, Duration> &end)
    {
        return get_status([&](void **packed) {
            return detail::wait_until(
                end, [&](double left) { return pirn_queue_get_timeout(handle_, left, packed); });
        });
    }

    /// Says that a value which was got is done with.
    done task_done() { return detail::check(pirn_queue_task_done(handle_)); }

    /// Waits until every value that was put in is done.
    done join() { return detail::check(pirn_queue_join(handle_)); }

    /// Waits for at most so long; says whether every value is done.
    template <class Rep, class Period>
    pirn::value<bool> join_for(const std::chrono::duration<Rep, Period> &limit)
    {
        return detail::answer(pirn_queue_join_timeout(handle_, detail::seconds(limit)));
    }

    /// Waits until a point of time at most; says whether every value is done.
    template <class Clock, class Duration>
    pirn::value<bool> join_until(const std::chrono::time_point<Clock, Duration> &end)
    {
        return detail::answer(
            detail::wait_until(end, [this](double left) { return pirn_queue_join_timeout(handle_, left); }));
    }

    /// How many values there are, at this moment.
    pirn::value<std::size_t> size() const { return number<std::size_t>(pirn_queue_size); }
    pirn::value<bool> empty() const { return number<bool>(pirn_queue_empty); }
    pirn::value<bool> full() const { return number<bool>(pirn_queue_full); }
    /// How many were put in and are not done yet.
    pirn::value<std::size_t> unfinished() const { return number<std::size_t>(pirn_queue_unfinished); }
    pirn::value<std::int64_t> maxsize() const { return number<std::int64_t>(pirn_queue_maxsize); }
    done set_maxsize(std::int64_t maxsize) { return detail::check(pirn_queue_set_maxsize(handle_, maxsize)); }
    pirn::value<bool> is_shut_down() const { return number<bool>(pirn_queue_is_shut_down); }

    /// Refuses puts from now on, and gets as soon as the queue is empty; an immediate shutdown destroys what
    /// is in it.
    done shutdown(bool immediate = false) { return detail::check(pirn_queue_shutdown(handle_, immediate)); }

    /// A way through the values as they come, until the queue is shut down and empty. Several threads may
    /// each go their own.
    iterator begin() { return iterator(*this); }
    iterator end() noexcept { return iterator(); }

protected:
    /// For a queue of another kind, which calls `made`.
    struct unmade {};
    explicit queue(unmade) noexcept {}

    void made(pirn_status_t status)
    {
        if (status == PIRN_OK)
            status = pirn_queue_set_item_free(handle_, item::item_free());
        detail::created(status);
    }

private:
    template <class Put>
    pirn_status_t put_status(T &value, Put put)
    {
        void *packed;
        if (!item::pack(std::move(value), packed))
            return PIRN_ERR_NO_MEMORY;
        const pirn_status_t status = put(packed);
        if (status != PIRN_OK)
            item::give_back(packed, value);
        return status;
    }

    template <class Get>
    pirn::value<std::optional<T>> get_status(Get get)
    {
        void *packed = nullptr;
        const pirn_status_t status = get(&packed);
        if (status < 0)
            return detail::fail<pirn::value<std::optional<T>>>(status);
        return status == PIRN_OK ? std::optional<T>(item::unpack(packed)) : std::nullopt;
    }

    template <class N>
    pirn::value<N> number(pirn_status_t (*of)(pirn_queue_t *, N *)) const
    {
        N n = 0;
        return detail::yield(of(handle_, &n), n);
    }
};

/// An input iterator, which holds the value that it got last. It can be moved, not copied.
template <class T>
class queue<T>::iterator {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = T *;
    using reference = T &;

    iterator() noexcept = default;

    reference operator*() const noexcept { return *current_; }
    pointer operator->() const noexcept { return std::addressof(*current_); }
    iterator &operator++()
    {
        void *packed = nullptr;
        current_.reset();
        const pirn_status_t status = pirn_queue_get(from_->native_handle(), &packed);
        if (status == PIRN_OK) {
            current_.emplace(item::unpack(packed));
            return *this;
        }
        from_ = nullptr;
#if PIRN_HPP_EXCEPTIONS
        if (status != PIRN_ERR_SHUT_DOWN)
            detail::fail(status);
#endif
        return *this;
    }
    void operator++(int) { ++*this; }

    friend bool operator==(const iterator &a, const iterator &b) noexcept { return a.from_ == b.from_; }
    friend bool operator!=(const iterator &a, const iterator &b) noexcept { return a.from_ != b.from_; }

private:
    friend class queue;
    explicit iterator(queue &from) : from_(&from) { ++*this; }

    queue *from_ = nullptr;
    mutable std::optional<T> current_; // what * shows is not part of the iterator's value
};

/// Last in, first out.
template <class T>
class lifo_queue : public queue<T> {
public:
    /// For at most so many values; 0 and less for no limit.
    explicit lifo_queue(std::int64_t maxsize = 0) : queue<T>(typename queue<T>::unmade())
    {
        this->made(pirn_lifo_queue_new(maxsize, &this->handle_));
    }
};

/// The lowest value first, by `Compare`, which says whether one comes before another; of equal ones the one
/// that was put first. `Compare` is called as const, never twice at once, and must not throw: that ends the
/// program. It must not use the queue.
template <class T, class Compare = std::less<T>>
class priority_queue : public queue<T> {
public:
    /// For at most so many values; 0 and less for no limit.
    explicit priority_queue(std::int64_t maxsize = 0, Compare compare = Compare())
        : queue<T>(typename queue<T>::unmade()),
          compare_(detail::create<Compare>(std::move(compare)))
    {
        if (compare_)
            this->made(pirn_priority_queue_new(maxsize, order, compare_.get(), &this->handle_));
    }

    /// The order goes after the queue; with a queue that is leaked because threads wait on it, it stays.
    ~priority_queue()
    {
        if (pirn_queue_free(this->handle_) == PIRN_OK)
            this->handle_ = nullptr;
        else
            static_cast<void>(compare_.release());
    }

private:
    static int order(const void *a, const void *b, void *compare) noexcept
    {
        typename detail::item<T>::shown first(a), second(b);
        const Compare &before = *static_cast<const Compare *>(compare);
        return before(*first, *second) ? -1 : before(*second, *first);
    }

    std::unique_ptr<Compare> compare_;
};

/// First in, first out, without a limit or a count of what is not done: task_done, join, unfinished and
/// set_maxsize throw errc::unsupported.
template <class T>
class simple_queue : public queue<T> {
public:
    simple_queue() : queue<T>(typename queue<T>::unmade())
    {
        this->made(pirn_simple_queue_new(&this->handle_));
    }
};

} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_QUEUE_HPP
