/**
 * @file
 * Timers: functions called once, later, each on a thread of its own (Python: `threading.Timer`).
 *
 * A timer is a thread that waits first: it has a name ("Thread-N") and a daemon flag, is enumerated and joined, and exit waits for
 * it if it is no daemon. While it is pending it holds no system thread: one service thread waits for all timers. It is started
 * when there is need of it and ends when there has been none for a moment, takes no signal, and is not enumerated.
 *
 * A million timers may be pending at once; each takes less than 200 bytes. Starting and cancelling take constant time, on any thread, also
 * inside callbacks. After Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", SOSP 1987; deadlines are not rounded.
 */
/* Generated from src/capi by `make headers`: change it there. */

#ifndef PIRN_TIMER_H
#define PIRN_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pirn/status.h>
#include <pirn/types.h>

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Makes a timer, to be started with pirn_timer_start.
 *
 * @param interval  seconds from the start to the call: at most PIRN_TIMEOUT_MAX; 0 or any negative number for at once, +infinity for
 *                  never (until it is cancelled)
 * @param function  what is called. What it returns is the thread's exit code; one that is not 0 goes to the excepthook
 *                  (PIRN_EXIT silently)
 * @param arg       function's argument
 * @param arg_free  called once with arg: when function has returned, or by pirn_timer_cancel, in either case before a join returns;
 *                  when the timer is freed without having been started; or when this call fails. May be NULL
 * @param out       where the handle goes; the caller frees it with pirn_timer_free
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_ARGUMENT `interval` is NaN, or `function` or `out` is NULL
 * @return PIRN_ERR_OVERFLOW         `interval` is above PIRN_TIMEOUT_MAX
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. The thread's name is "Thread-N". It is a daemon if the calling thread was started by pirn and is one itself.
 * Python: threading.Timer(interval, function); differs in that NaN is refused, and in that no system thread waits.
 *
 * @pre `function` and `arg_free` may be called with `arg` on any thread; `out` is NULL or valid for a write.
 */
pirn_status_t pirn_timer_new(double interval,
                             pirn_target_fn function,
                             void *arg,
                             pirn_free_fn arg_free,
                             pirn_timer_t **out);

/**
 * Lets go of a handle. A timer that is pending stays so, and fires.
 *
 * @param timer  the timer, or NULL
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Does not block and is never busy; may be called inside the timer's own function. Python: the end of a reference.
 */
pirn_status_t pirn_timer_free(pirn_timer_t *timer);

/**
 * Starts the timer: the interval is counted from here.
 *
 * @param timer  the timer
 * @return PIRN_OK                  it is pending: alive and enumerated
 * @return PIRN_ERR_ALREADY_STARTED it, or its thread, was started before
 * @return PIRN_ERR_NO_THREAD       the system refuses the service thread; the timer is as before and may be started again
 * @return PIRN_ERR_SHUT_DOWN       the library has been shut down; or the shutdown joins threads, and it would have to wait for
 *                                  this timer, but not for the caller
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. A timer that was cancelled before ends at once. The function runs on a thread of its own, as soon after the interval
 * as the system's scheduling allows and never before, on the monotonic clock: steps of the wall clock do not matter, nor does time
 * that the machine is suspended. That thread inherits its signal mask, timer slack, scheduling and affinity from the thread whose
 * pirn_timer_start has started the service thread. If the system refuses it the timer stays pending and tries again 10 ms later.
 * Everything done before is seen by the function. Python: timer.start().
 */
pirn_status_t pirn_timer_start(pirn_timer_t *timer);

/**
 * Cancels the timer: its function is not called, if it has not begun.
 *
 * @param timer  the timer
 * @return PIRN_OK (also if the function runs, has run, or was cancelled before)
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Does not block, and does not wait for a function that runs: pirn_timer_join does. If the timer is pending it ends here, with exit
 * code 0; arg_free is called on the calling thread, and then joins return. Before the start, it makes a later start end at once.
 * Everything done before is seen after a join that returns because of it. Python: timer.cancel(); differs in that the timer
 * has ended when the call returns.
 */
pirn_status_t pirn_timer_cancel(pirn_timer_t *timer);

/**
 * Waits until the timer has ended: its function has returned, or it was cancelled.
 *
 * @param timer  the timer
 * @return PIRN_OK                  it has ended, its argument was given back, it is no longer enumerated, and the system thread, if there
 *                                  was one, is gone
 * @return PIRN_ERR_NOT_STARTED     it was never started
 * @return PIRN_ERR_DEADLOCK        it is the calling thread: the call is made inside its own function
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Blocks without a limit. Any number of threads may join one timer, any number of times; all are woken when it ends. Everything
 * that the function did is seen afterwards. Python: timer.join().
 */
pirn_status_t pirn_timer_join(pirn_timer_t *timer);

/**
 * Waits until the timer has ended, for at most so long.
 *
 * @param timer    the timer
 * @param seconds  the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
 * @return PIRN_OK        as for pirn_timer_join
 * @return PIRN_TIMED_OUT it has not ended yet
 * @return PIRN_ERR_NOT_STARTED, PIRN_ERR_DEADLOCK, PIRN_ERR_INVALID_HANDLE as for pirn_timer_join
 * @return PIRN_ERR_INVALID_ARGUMENT `seconds` is NaN or negative (and not -1)
 * @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
 *
 * Blocks; otherwise as pirn_timer_join. Python: timer.join(seconds), followed by is_alive().
 */
pirn_status_t pirn_timer_join_timeout(pirn_timer_t *timer, double seconds);

/**
 * Says whether the timer is pending or its function runs: false before the start and after the end.
 *
 * @param timer  the timer
 * @param out    where the answer goes
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block. Python: timer.is_alive().
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_timer_is_alive(pirn_timer_t *timer, bool *out);

/**
 * Gives the thread that the timer is: for its name, its daemon flag, its ident. Every function on threads takes it, and
 * pirn_thread_start starts the timer.
 *
 * @param timer  the timer
 * @param out    where the handle goes; the caller frees it with pirn_thread_free
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. The thread has the timer's identity (pirn_object_id), and lives as long as either handle. pirn_thread_ident and
 * pirn_thread_native_id are PIRN_ERR_NOT_STARTED until the function's thread runs. Python: the timer itself, which is a Thread.
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_timer_thread(pirn_timer_t *timer,
                                pirn_thread_t **out);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PIRN_TIMER_H */
