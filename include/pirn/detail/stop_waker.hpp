/// @file
/// A stop request as a reason for a thread to wake up that waits on a condition.
#ifndef PIRN_DETAIL_STOP_WAKER_HPP
#define PIRN_DETAIL_STOP_WAKER_HPP

#include <mutex>
#include <stop_token>

#include <pirn/condition.h>
#include <pirn/error.hpp>
#include <pirn/thread.h>

namespace pirn {
inline namespace PIRN_HPP_DIALECT {
namespace detail {

/// While it lives, a stop request notifies all who wait on the condition.
///
/// A notify that is not to be lost needs the lock: a waiter that has found no stop requested and is about to
/// wait holds it. But request_stop may be called by a thread that holds the lock, and the waiter ends its
/// registration with the lock held, which waits for a callback under way; so the callback must never wait for
/// the lock. It tries. If someone has the lock, a helper thread waits for it and notifies, and the waiter
/// does not go on before the helper has: it waits on the condition, which lets go of all levels of an rlock,
/// and says so by `let_go`. Only where no thread can be started the callback waits for the lock itself.
template <class Lock>
class stop_waker {
public:
    stop_waker(pirn_condition_t *condition, const std::unique_lock<Lock> &held, const std::stop_token &stop,
               bool &let_go)
        : helper_{condition, held, let_go},
          callback_(stop, wake{helper_})
    {}

private:
    struct helper {
        pirn_condition_t *condition;
        const std::unique_lock<Lock> &held;
        bool &let_go;
        bool finished = false; // guarded by the lock
        pirn_thread_t *thread = nullptr;

        /// Comes after the end of the registration: members are destroyed in reverse order.
        ~helper()
        {
            if (!thread)
                return;
            let_go = true;
            // A notify that ended this wait was meant for another.
            while (held.owns_lock() && !finished && pirn_condition_wait(condition) == PIRN_OK && !finished)
                static_cast<void>(pirn_condition_notify(condition, 1));
            static_cast<void>(pirn_thread_join(thread));
            static_cast<void>(pirn_thread_free(thread));
        }

        void notify_and_release() noexcept
        {
            finished = true;
            static_cast<void>(pirn_condition_notify_all(condition));
            static_cast<void>(pirn_condition_release(condition));
        }

        static std::int32_t run(void *arg) noexcept
        {
            auto *self = static_cast<helper *>(arg);
            if (pirn_condition_acquire(self->condition) == PIRN_OK)
                self->notify_and_release();
            return 0;
        }

        bool start() noexcept
        {
            pirn_thread_t *started = nullptr;
            if (pirn_thread_new(run, this, nullptr, &started) != PIRN_OK)
                return false;
            static_cast<void>(pirn_thread_set_daemon(started, true));
            if (pirn_thread_start(started) != PIRN_OK) {
                static_cast<void>(pirn_thread_free(started));
                return false;
            }
            thread = started;
            return true;
        }
    };

    struct wake {
        helper &by;

        void operator()() const noexcept
        {
            if (pirn_condition_try_acquire(by.condition) == PIRN_OK)
                by.notify_and_release();
            else if (!by.start())
                static_cast<void>(helper::run(&by));
        }
    };

    helper helper_;
    std::stop_callback<wake> callback_;
};

} // namespace detail
} // namespace PIRN_HPP_DIALECT
} // namespace pirn

#endif // PIRN_DETAIL_STOP_WAKER_HPP
