/// @file
/// pirn for C++17 and later: the objects of Python's threading, queue and concurrent.futures as C++ has them.
///
/// Header-only, on top of the C library (CMake: pirn::cpp). Every class owns a handle of the C API and gives
/// it back in its destructor; native_handle() shows it. The headers in pirn/ can be included one by one, too.
///
/// - Locks meet Lockable and TimedLockable, and go with std::lock_guard, std::unique_lock, std::scoped_lock.
/// - Limits are std::chrono durations and points of time. A wait with a limit says by its result whether it got
///   what it waited for; only errors are thrown.
/// - Callables are copied or moved in, with their arguments, and may throw: what a task throws comes out of its
///   future's get().
/// - Calls that fail throw pirn::error. With -fno-exceptions they return a status: see pirn/error.hpp.
/// - Threads, timers, futures and map results can be moved; what other threads refer to (locks, conditions,
///   queues, executors, ...) can not.
/// - In C++20, threads and conditions take part in std::stop_token.
#ifndef PIRN_HPP
#define PIRN_HPP

#include <pirn/barrier.hpp>
#include <pirn/condition.hpp>
#include <pirn/error.hpp>
#include <pirn/event.hpp>
#include <pirn/executor.hpp>
#include <pirn/future.hpp>
#include <pirn/hooks.hpp>
#include <pirn/library.hpp>
#include <pirn/local.hpp>
#include <pirn/lock.hpp>
#include <pirn/map.hpp>
#include <pirn/promise.hpp>
#include <pirn/queue.hpp>
#include <pirn/semaphore.hpp>
#include <pirn/thread.hpp>
#include <pirn/timer.hpp>
#include <pirn/wait.hpp>

#endif // PIRN_HPP
