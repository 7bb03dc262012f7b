"""The thread pool, and map."""

import concurrent.futures
from ctypes import c_size_t, c_void_p

from pirn import _host
from pirn._future import BROKEN, LOGGER, BrokenThreadPool, CancelledError, Future, Outcomes, TimeoutError, words
from pirn._kept import drop, keep, kept
from pirn._library import (
    BROKEN_EXECUTOR,
    CANCELLED,
    DEADLOCK,
    END,
    EXIT,
    NO_THREAD,
    OK,
    SHUT_DOWN,
    TARGET_FN,
    TASK_FAILED,
    TASK_FN,
    TIMED_OUT,
    Object,
    ask,
    byref,
    flag,
    lib,
    new_handle,
    quick,
    text,
    unexpected,
)
from pirn._thread import Thread, current_thread
from pirn._wait import ended, is_interruptible, limit


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


class ThreadPoolExecutor(Object, concurrent.futures.Executor):
    """A pool of threads: `concurrent.futures.ThreadPoolExecutor`."""

    def __init__(self, max_workers=None, thread_name_prefix="", initializer=None, initargs=()):
        if max_workers is not None and max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        handle = new_handle(quick.executor_new, max_workers or 0)
        self._handle = handle
        self._was_shut_down = False
        if thread_name_prefix:
            quick.executor_set_thread_name_prefix(handle, thread_name_prefix.encode(errors="replace"))
        quick.executor_set_initializer(handle, _initialize, keep(_Initializer(initializer, initargs)), drop)

    @property
    def _max_workers(self):
        return ask(quick.executor_max_workers, self._handle, c_size_t)

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
        future = _TaskFuture()
        out = c_void_p()
        # Without the GIL: it may start a thread, and wait for it to run.
        status = lib.executor_submit(self._handle, _run, keep((future, fn, args, kwargs)), drop, byref(out))
        if status != OK:
            self._refuse(status)
        future._handle = out.value
        return future

    def _refuse(self, status):
        if status == BROKEN_EXECUTOR:
            raise BrokenThreadPool(BROKEN)
        if status == SHUT_DOWN:
            by_exit = "" if self._was_shut_down else "interpreter "
            raise RuntimeError(f"cannot schedule new futures after {by_exit}shutdown")
        if status == NO_THREAD:
            raise RuntimeError("can't start new thread")
        raise unexpected(status)

    def map(self, fn, *iterables, timeout=None, chunksize=1):
        if chunksize < 1:
            raise ValueError("chunksize must be >= 1.")
        seconds, owner, out = limit(timeout), _Map(fn), c_void_p()
        keys = [keep((owner, item)) for item in zip(*iterables)]
        array = (c_void_p * len(keys))(*keys)
        status = lib.executor_map(self._handle, _run_item, array, len(keys), drop, 1, seconds, byref(out))
        if status != OK:
            self._refuse(status)
        return self._results(_Results(out.value), owner)

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
        if wait and is_interruptible():
            # A wait without a limit, which no signal ends: another thread does it, and this one waits for that.
            helper = Thread(target=self._shut_down, args=(True, cancel_futures), daemon=True)
            try:
                helper.start()
            except RuntimeError:
                pass  # no thread to be had: then without
            else:
                helper.join()
                return
        self._shut_down(wait, cancel_futures)

    def _shut_down(self, wait, cancel_futures):
        status = lib.executor_shutdown(self._handle, bool(wait), bool(cancel_futures))
        if status == DEADLOCK:
            raise RuntimeError("cannot join current thread")
        if status != OK:
            raise unexpected(status)

    def __del__(self):
        try:
            handle = self._handle
        except AttributeError:
            return
        # What is queued still runs.
        lib.executor_shutdown(handle, False, False)
        lib.executor_free(handle)
