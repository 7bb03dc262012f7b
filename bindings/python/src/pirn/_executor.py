"""The thread pool, and map."""

import collections
import concurrent.futures
import itertools
import operator
import time
from ctypes import c_bool, c_size_t, c_void_p
from typing import NamedTuple

from pirn import _host
from pirn._future import BROKEN, LOGGER, BrokenThreadPool, CancelledError, Future, Outcomes, TimeoutError, words
from pirn._kept import drop, keep, kept, take
from pirn._library import (
    ALREADY_STARTED, BROKEN_EXECUTOR, CANCELLED, DEADLOCK, END, EXIT, NO_THREAD, OK, SHUT_DOWN, TARGET_FN, TASK_FAILED,
    TASK_FN, TIMED_OUT, WOULD_BLOCK, Object, ask, byref, check, flag, int64, lib, new_handle, quick, text, unexpected,
)  # fmt: skip
from pirn._thread import current_thread, uninterrupted
from pirn._wait import ended, limit


class _TaskFuture(Future):
    """The future of a task."""

    _is_promise = False

    def __init__(self):
        self._outcomes = Outcomes()


@TASK_FN
def _run(key, result):
    future, function, args, kwargs = kept(key)
    return _finish(future._outcomes, result, function, args, kwargs)


def _finish(outcomes, result, function, args, kwargs):
    """Calls the function, and leaves the number of what comes of it where pirn looks for it."""
    try:
        number = outcomes.add(function(*args, **kwargs))
    except BaseException as raised:
        number = outcomes.add(raised)
        return quick.raise_(number, words(raised))
    result[0] = number
    return 0


class _Initializer:
    """What each worker runs first: makes itself at home in Python, then the user's initializer."""

    def __init__(self, function, args):
        self.function = function
        self.args = args

    def __call__(self):
        _host.pin()
        try:
            _host.introduce(current_thread().name)
            if self.function is not None:
                self.function(*self.args)
            return 0
        except BaseException:
            LOGGER.critical("Exception in initializer:", exc_info=True)
            return EXIT


@TARGET_FN
def _initialize(key):
    return kept(key)()


class _Map:
    """A map's function, and what became of the items."""

    def __init__(self, function):
        self.function = function
        self.outcomes = Outcomes()


@TASK_FN
def _run_item(key, result):
    owner, item = kept(key)
    return _finish(owner.outcomes, result, owner.function, item, {})


class _Results(Object):
    """pirn's side of a map."""

    _free = lib.map_free

    def __init__(self, handle):
        self._handle = handle


def _cancel(handle):
    lib.future_cancel(handle, byref(c_bool()))


class _Handles:
    """What a call writes handles to. Those that nobody takes, since a signal handler raised meanwhile, go with this: their tasks
    are called off, as far as they have not started."""

    __slots__ = ("array", "_call_off", "_free")

    def __init__(self, n, call_off, free):
        self.array = (c_void_p * n)()
        self._call_off = call_off
        self._free = free

    def take(self, index):
        handle, self.array[index] = self.array[index], None
        return handle

    def __del__(self):
        for handle in filter(None, self.array):
            self._call_off(handle)
            self._free(handle)


class Pending(NamedTuple):
    """The tasks of a pool that are not over."""

    queued: int
    running: int


class ThreadPoolExecutor(Object, concurrent.futures.Executor):
    """A pool of threads: `concurrent.futures.ThreadPoolExecutor`."""

    def __init__(self, max_workers=None, thread_name_prefix="", initializer=None, initargs=()):
        if max_workers is not None and max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        handle = new_handle(quick.executor_new, int64(max_workers or 0))
        self._handle = handle
        self._was_shut_down = False
        self._is_bounded = False
        if thread_name_prefix:
            quick.executor_set_thread_name_prefix(handle, thread_name_prefix.encode(errors="replace"))
        quick.executor_set_initializer(handle, _initialize, keep(_Initializer(initializer, initargs)), drop)

    @property
    def max_workers(self):
        """How many tasks run at a time at most. It can be set at any time."""
        return ask(quick.executor_max_workers, self._handle, c_size_t)

    @max_workers.setter
    def max_workers(self, max_workers):
        if max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        # Without the GIL: it may start a thread.
        check(lib.executor_set_max_workers(self._handle, int64(max_workers)))

    _max_workers = max_workers

    @property
    def max_pending(self):
        """How many tasks may wait for a worker; 0, as at the beginning, for any number. While there are so many, `submit`
        waits, unless a task of this executor calls it. It can be set before the first task."""
        return ask(quick.executor_max_pending, self._handle, c_size_t)

    @max_pending.setter
    def max_pending(self, max_pending):
        if max_pending < 0:
            raise ValueError("max_pending must not be negative")
        status = quick.executor_set_max_pending(self._handle, int64(max_pending))
        if status == ALREADY_STARTED:
            raise RuntimeError("max_pending cannot be set after the first task")
        check(status)
        self._is_bounded = max_pending > 0

    def pending(self):
        """How many tasks have not started, and how many are running, at this moment."""
        queued, running = c_size_t(), c_size_t()
        check(quick.executor_pending(self._handle, byref(queued), byref(running)))
        return Pending(queued.value, running.value)

    @property
    def _thread_name_prefix(self):
        return text(quick.executor_thread_name_prefix, self._handle)

    @property
    def _broken(self):
        return BROKEN if flag(quick.executor_is_broken, self._handle) else False

    @property
    def _shutdown(self):
        return flag(quick.executor_is_shut_down, self._handle)

    def submit(self, fn, /, *args, **kwargs):
        # Without the GIL, as all of these: it may start a thread, and wait for it to run, or for room.
        if self._is_bounded:
            return self._submit(lib.executor_submit_timeout, (fn, args, kwargs), limit(None))
        return self._submit(lib.executor_submit, (fn, args, kwargs))

    def submit_timeout(self, timeout, fn, /, *args, **kwargs):
        """`submit`, waiting for room (see `max_pending`) for at most so many seconds; then TimeoutError."""
        return self._submit(lib.executor_submit_timeout, (fn, args, kwargs), limit(timeout))

    def try_submit(self, fn, /, *args, **kwargs):
        """`submit` if there is room at once (see `max_pending`); else None."""
        return self._submit(lib.executor_try_submit, (fn, args, kwargs))

    def submit_priority(self, priority, fn, /, *args, **kwargs):
        """`submit`, before all tasks that wait with a lower priority. That of the other methods' tasks is 0."""
        if not -(2**31) <= operator.index(priority) < 2**31:
            raise OverflowError(f"priority does not fit into 32 bits: {priority}")
        future, out = _TaskFuture(), _Handles(1, _cancel, quick.future_free)
        key = keep((future, fn, args, kwargs))
        self._take_over(lambda: lib.executor_submit_priority(self._handle, _run, key, drop, priority, out.array))
        future._handle = out.take(0)
        return future

    def _submit(self, submit, task, *more):
        future = _TaskFuture()
        key, out = keep((future, *task)), c_void_p()
        status = submit(self._handle, _run, key, drop, *more, byref(out))
        if status == OK:
            future._handle = out.value
        elif status > OK:
            take(key)
        try:
            ended(status)
        except BaseException:
            if status == OK:
                future.cancel()
            raise
        if status == OK:
            return future
        if status == WOULD_BLOCK:
            return None
        if status == TIMED_OUT:
            raise TimeoutError
        raise self._refusal(status)

    def submit_many(self, fn, items, /):
        """The futures of `fn(item)` for each item: all are queued, in their order, or none."""
        futures = [(_TaskFuture(), item) for item in items]
        keys = (c_void_p * len(futures))(*[keep((future, fn, (item,), {})) for future, item in futures])
        out = _Handles(len(futures), _cancel, quick.future_free)
        self._take_over(lambda: lib.executor_submit_many(self._handle, _run, keys, len(keys), drop, out.array))
        for index, (future, _) in enumerate(futures):
            future._handle = out.take(index)
        return [future for future, _ in futures]

    def _take_over(self, submit):
        """Makes a call that has no form with a limit, and waits if there is a bound. Raises what it is refused with."""

        def call():
            status = submit()
            if status != OK:
                raise self._refusal(status)

        if self._is_bounded:
            uninterrupted(call)
        else:
            call()

    def _refusal(self, status):
        if status == BROKEN_EXECUTOR:
            return BrokenThreadPool(BROKEN)
        if status == SHUT_DOWN:
            by_exit = "" if self._was_shut_down else "interpreter "
            return RuntimeError(f"cannot schedule new futures after {by_exit}shutdown")
        if status == NO_THREAD:
            return RuntimeError("can't start new thread")
        return unexpected(status)

    def map(self, fn, *iterables, timeout=None, chunksize=1, buffersize=None):
        if buffersize is not None:
            return self._map_buffered(fn, zip(*iterables), timeout, buffersize)
        seconds, owner, out = limit(timeout), _Map(fn), _Handles(1, lib.map_cancel, lib.map_free)
        # First all items: what they are asked for may raise.
        keys = [keep((owner, item)) for item in list(zip(*iterables))]
        array = (c_void_p * len(keys))(*keys)
        self._take_over(
            lambda: lib.executor_map(self._handle, _run_item, array, len(keys), drop, 1, seconds, out.array)
        )
        return self._results(_Results(out.take(0)), owner)

    def _map_buffered(self, fn, calls, timeout, buffersize):
        """A map that submits no more than `buffersize` tasks ahead of what is asked for."""
        if not isinstance(buffersize, int):
            raise TypeError("buffersize must be an integer or None")
        if buffersize < 1:
            raise ValueError("buffersize must be None or > 0")
        end = None if timeout is None else timeout + time.monotonic()
        ahead = collections.deque(self.submit(fn, *args) for args in itertools.islice(calls, buffersize))

        def results():
            try:
                while ahead:
                    for args in itertools.islice(calls, 1):
                        ahead.append(self.submit(fn, *args))
                    result = ahead[0].result(None if end is None else end - time.monotonic())
                    ahead.popleft()
                    # Kept no longer than the caller keeps it.
                    given, result = [result], None
                    yield given.pop()
            finally:
                for future in ahead:
                    future.cancel()

        return results()

    @staticmethod
    def _results(results, owner):
        number = c_void_p()
        try:
            while True:
                status = lib.map_next(results._handle, byref(number))
                code = quick.last_code()
                ended(status)
                if status == OK:
                    yield owner.outcomes.take(number.value)
                elif status == END:
                    return
                elif status == TASK_FAILED:
                    raise owner.outcomes.take(code)
                elif status == TIMED_OUT:
                    raise TimeoutError
                elif status == CANCELLED:
                    raise CancelledError
                elif status == BROKEN_EXECUTOR:
                    raise BrokenThreadPool(BROKEN)
                else:
                    raise unexpected(status)
        finally:
            lib.map_cancel(results._handle)

    def shutdown(self, wait=True, *, cancel_futures=False):
        self._was_shut_down = True

        def shut_down():
            status = lib.executor_shutdown(self._handle, bool(wait), bool(cancel_futures))
            if status == DEADLOCK:
                raise RuntimeError("cannot join current thread")
            check(status)

        if wait:
            uninterrupted(shut_down)
        else:
            shut_down()

    def __del__(self):
        try:
            handle = self._handle
        except AttributeError:
            return
        # What is queued still runs.
        lib.executor_shutdown(handle, False, False)
        lib.executor_free(handle)
