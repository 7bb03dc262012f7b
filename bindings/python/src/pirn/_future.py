"""Futures, and waiting for several."""

import concurrent.futures
import logging
import sys
import types
import weakref
from concurrent.futures import CancelledError, InvalidStateError, TimeoutError
from concurrent.futures.thread import BrokenThreadPool
from ctypes import c_bool, c_int32, c_size_t, c_void_p
from itertools import count

from pirn._kept import drop, keep, kept
from pirn._library import (
    BROKEN_EXECUTOR, CANCELLED, DONE_FN, END, INVALID_STATE, OK, TASK_FAILED, TIMED_OUT, Object, ask, byref, check,
    flag, lib, new_handle, quick, unexpected,
)  # fmt: skip
from pirn._wait import ended, limit

LOGGER = logging.getLogger("concurrent.futures")

FIRST_COMPLETED = "FIRST_COMPLETED"
FIRST_EXCEPTION = "FIRST_EXCEPTION"
ALL_COMPLETED = "ALL_COMPLETED"
_RETURN_WHEN = {FIRST_COMPLETED: 0, FIRST_EXCEPTION: 1, ALL_COMPLETED: 2}
_STATES = ["PENDING", "RUNNING", "CANCELLED", "CANCELLED_AND_NOTIFIED", "FINISHED"]
_STATE_NAMES = {
    "PENDING": "pending",
    "RUNNING": "running",
    "CANCELLED": "cancelled",
    "CANCELLED_AND_NOTIFIED": "cancelled",
    "FINISHED": "finished",
}

DoneAndNotDoneFutures = concurrent.futures._base.DoneAndNotDoneFutures
BROKEN = "A thread initializer failed, the thread pool is not usable anymore"


def words(exception):
    """An exception as the message of a failure, for whoever sees it without Python."""
    try:
        return f"{type(exception).__name__}: {exception}".replace("\0", "").encode(errors="replace")
    except Exception:
        return type(exception).__name__.encode(errors="replace")


class Outcomes:
    """Results and exceptions, which pirn carries as numbers: a result as its pointer, an exception as the failure's code.

    Kept by who gives them out, not in one place for all, so that the garbage collector sees what refers to what.
    """

    __slots__ = ("_outcomes", "_numbers")

    def __init__(self):
        self._outcomes = {}
        self._numbers = count(1)

    def add(self, outcome):
        number = next(self._numbers)
        self._outcomes[number] = outcome
        return number

    def __getitem__(self, number):
        return self._outcomes[number]

    def take(self, number):
        return self._outcomes.pop(number)


class _DoneCallback:
    """A function to be called with a future that is done. It keeps the future, unless whoever completes that does so."""

    def __init__(self, future, function):
        self.future = weakref.ref(future) if future._is_promise else lambda: future
        self.function = function

    def call(self):
        future = self.future()
        try:
            self.function(future)
        except Exception:
            LOGGER.exception("exception calling callback for %r", future)
        except BaseException as raised:  # there is no one to take it
            sys.unraisablehook(
                types.SimpleNamespace(
                    exc_type=type(raised),
                    exc_value=raised,
                    exc_traceback=raised.__traceback__,
                    err_msg="Exception ignored in a done callback",
                    object=self.function,
                )
            )


@DONE_FN
def _call_back(_, key):
    kept(key).call()


class Future(Object, concurrent.futures.Future):
    """A result that will be there later: `concurrent.futures.Future`, and one to `isinstance` (for asyncio.wrap_future)."""

    _free = quick.future_free
    _is_promise = True

    def __init__(self):
        self._outcomes = Outcomes()
        self._handle = new_handle(quick.future_new)

    @property
    def _state(self):
        return _STATES[ask(quick.future_state, self._handle, c_int32)]

    def __repr__(self):
        state = self._state
        where = f"<Future at {id(self):#x} state={_STATE_NAMES[state]}"
        if state == "FINISHED":
            exception = self.exception()
            if exception is not None:
                return f"{where} raised {type(exception).__name__}>"
            return f"{where} returned {type(self.result()).__name__}>"
        return f"{where}>"

    def cancel(self):
        # Without the GIL: the done callbacks run.
        return flag(lib.future_cancel, self._handle)

    def cancelled(self):
        return flag(quick.future_cancelled, self._handle)

    def running(self):
        return flag(quick.future_running, self._handle)

    def done(self):
        return flag(quick.future_done, self._handle)

    def add_done_callback(self, fn):
        check(lib.future_add_done_callback(self._handle, _call_back, keep(_DoneCallback(self, fn)), drop))

    def _outcome(self, timeout):
        """How it ended, as a status, and the result or the exception."""
        number = c_void_p()
        status = lib.future_result_timeout(self._handle, limit(timeout), byref(number))
        if status == OK:
            ended(status)
            return status, self._outcomes[number.value]
        if status == TASK_FAILED:
            code = quick.last_code()
            ended(status)
            return status, self._outcomes[code]
        ended(status)
        if status == TIMED_OUT:
            raise TimeoutError
        if status == CANCELLED:
            raise CancelledError
        if status == BROKEN_EXECUTOR:
            return TASK_FAILED, BrokenThreadPool(BROKEN)
        raise unexpected(status)

    def result(self, timeout=None):
        try:
            status, outcome = self._outcome(timeout)
            if status == TASK_FAILED:
                raise outcome
            return outcome
        finally:
            # The exception's traceback has this frame: no cycle by way of it.
            self = outcome = None

    def exception(self, timeout=None):
        status, outcome = self._outcome(timeout)
        return outcome if status == TASK_FAILED else None

    def set_running_or_notify_cancel(self):
        run = c_bool()
        status = lib.future_set_running_or_notify_cancel(self._handle, byref(run))
        if status == INVALID_STATE:
            LOGGER.critical("Future %s in unexpected state: %s", id(self), self._state)
            raise RuntimeError("Future in unexpected state")
        check(status)
        return run.value

    def set_result(self, result):
        self._complete(result, lambda number: lib.future_set_result(self._handle, number))

    def set_exception(self, exception):
        said = words(exception)
        self._complete(exception, lambda number: lib.future_set_exception(self._handle, number, said))

    def _complete(self, outcome, complete):
        number = self._outcomes.add(outcome)
        status = complete(number)
        if status == OK:
            return
        self._outcomes.take(number)
        if status == INVALID_STATE:
            raise InvalidStateError(f"{self._state}: {self!r}")
        raise unexpected(status)


def _array(futures):
    """Their handles, for pirn."""
    for future in futures:
        if not isinstance(future, Future):
            raise TypeError(f"not a future of pirn: {future!r}")
    return (c_void_p * len(futures))(*[future._handle for future in futures])


def wait(fs, timeout=None, return_when=ALL_COMPLETED):
    fs = list(dict.fromkeys(fs))
    if return_when not in _RETURN_WHEN:
        raise ValueError(f"Invalid return condition: {return_when!r}")
    flags = (c_bool * len(fs))()
    status = ended(lib.wait(_array(fs), len(fs), _RETURN_WHEN[return_when], limit(timeout), flags, byref(c_size_t())))
    if status not in (OK, TIMED_OUT):
        raise unexpected(status)
    done = {future for future, is_done in zip(fs, flags) if is_done}
    return DoneAndNotDoneFutures(done, set(fs) - done)


class _Iteration(Object):
    """What as_completed asks for the next future."""

    _free = quick.as_completed_free

    def __init__(self, futures, timeout):
        self._handle = new_handle(quick.as_completed, _array(futures), len(futures), limit(timeout))


def as_completed(fs, timeout=None):
    futures = list(dict.fromkeys(fs))
    del fs
    iteration = _Iteration(futures, timeout)
    place, left = c_size_t(), len(futures)
    while True:
        status = ended(lib.as_completed_next(iteration._handle, byref(place)))
        if status == END:
            return
        if status == TIMED_OUT:
            raise TimeoutError(f"{left} (of {len(futures)}) futures unfinished")
        check(status)
        left -= 1
        # Kept no longer than the caller keeps it.
        given, futures[place.value] = [futures[place.value]], None
        yield given.pop()
