"""libpirn, loaded: its functions with their types, its statuses.

Two ways to call: `lib` lets go of the GIL for the time of the call, `quick` keeps it. Quick calls are those that neither
wait nor call back, so that giving the GIL away, and queueing for it again, would be all that they do.

No lock of pirn's is held while a callback runs, so a quick call never waits for a thread that waits for the GIL. The one
exception is a priority queue, which is busy while it compares: its calls are never quick.
"""

import ctypes
import operator
import os
import pathlib
from ctypes import POINTER, byref, c_bool, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint64, c_void_p

OK = 0
TIMED_OUT = 1
WOULD_BLOCK = 2
END = 3
INVALID_HANDLE = -1
INVALID_ARGUMENT = -2
OVERFLOW = -3
NOT_LOCKED = -4
NOT_OWNER = -5
OVER_RELEASE = -6
ALREADY_STARTED = -7
NOT_STARTED = -8
DEADLOCK = -9
BROKEN_BARRIER = -10
CANCELLED = -11
TASK_FAILED = -12
INVALID_STATE = -13
SHUT_DOWN = -14
BROKEN_EXECUTOR = -15
NOT_FOUND = -16
BUSY = -17
NO_MEMORY = -18
NO_THREAD = -19

FOREVER = -1.0
TIMEOUT_MAX = 9223372036.0
EXIT = -(2**31)
"""What a callback returns that has reported its failure itself: nothing is left to be said."""

TARGET_FN = ctypes.CFUNCTYPE(c_int32, c_void_p)
TASK_FN = ctypes.CFUNCTYPE(c_int32, c_void_p, POINTER(c_void_p))
FREE_FN = ctypes.CFUNCTYPE(None, c_void_p)
PREDICATE_FN = ctypes.CFUNCTYPE(c_bool, c_void_p)
COMPARE_FN = ctypes.CFUNCTYPE(ctypes.c_int, c_void_p, c_void_p, c_void_p)
DONE_FN = ctypes.CFUNCTYPE(None, c_void_p, c_void_p)

_HANDLE = c_void_p
_NEW = POINTER(c_void_p)
_FLAG = POINTER(c_bool)
_SIZE = POINTER(c_size_t)
_TEXT = (c_char_p, c_size_t, _SIZE)

# What the functions take after their handle. All of these return a status.
_METHODS = {
    "lock": {"acquire_timeout": [c_double], "try_acquire": [], "release": [], "locked": [_FLAG], "free": []},
    "rlock": {
        "acquire_timeout": [c_double],
        "try_acquire": [],
        "release": [],
        "is_owned": [_FLAG],
        "locked": [_FLAG],
        "recursion_count": [_SIZE],
        "free": [],
    },
    "condition": {
        "wait_timeout": [c_double],
        "wait_for_timeout": [PREDICATE_FN, c_void_p, c_double],
        "notify": [c_size_t],
        "notify_all": [],
        "free": [],
    },
    "semaphore": {
        "acquire_timeout": [c_double],
        "try_acquire": [],
        "release_n": [c_int64],
        "value": [POINTER(c_int64)],
        "free": [],
    },
    "local": {"set": [c_char_p, c_void_p, FREE_FN], "get": [c_char_p, _NEW], "free": []},
    "event": {"set": [], "clear": [], "is_set": [_FLAG], "wait_timeout": [c_double], "free": []},
    "barrier": {
        "wait": [_SIZE],
        "wait_timeout": [c_double, _SIZE],
        "reset": [],
        "abort": [],
        "parties": [_SIZE],
        "n_waiting": [_SIZE],
        "broken": [_FLAG],
        "free": [],
    },
    "thread": {
        "start": [],
        "join_timeout": [c_double],
        "is_alive": [_FLAG],
        "name": _TEXT,
        "set_name": [c_char_p],
        "ident": [POINTER(c_uint64)],
        "native_id": [POINTER(c_uint64)],
        "daemon": [_FLAG],
        "set_daemon": [c_bool],
        "free": [],
    },
    "timer": {"cancel": [], "thread": [_NEW], "free": []},
    "queue": {
        "put_timeout": [c_void_p, c_double],
        "try_put": [c_void_p],
        "get_timeout": [c_double, _NEW],
        "try_get": [_NEW],
        "task_done": [],
        "join_timeout": [c_double],
        "size": [_SIZE],
        "empty": [_FLAG],
        "full": [_FLAG],
        "unfinished": [_SIZE],
        "maxsize": [POINTER(c_int64)],
        "set_maxsize": [c_int64],
        "is_shut_down": [_FLAG],
        "shutdown": [c_bool],
        "set_item_free": [FREE_FN],
        "free": [],
    },
    "executor": {
        "set_thread_name_prefix": [c_char_p],
        "set_initializer": [TARGET_FN, c_void_p, FREE_FN],
        "submit": [TASK_FN, c_void_p, FREE_FN, _NEW],
        "submit_timeout": [TASK_FN, c_void_p, FREE_FN, c_double, _NEW],
        "try_submit": [TASK_FN, c_void_p, FREE_FN, _NEW],
        "submit_priority": [TASK_FN, c_void_p, FREE_FN, c_int32, _NEW],
        "submit_many": [TASK_FN, _NEW, c_size_t, FREE_FN, _NEW],
        "map": [TASK_FN, _NEW, c_size_t, FREE_FN, c_size_t, c_double, _NEW],
        "shutdown": [c_bool, c_bool],
        "max_workers": [_SIZE],
        "set_max_workers": [c_int64],
        "max_pending": [_SIZE],
        "set_max_pending": [c_size_t],
        "pending": [_SIZE, _SIZE],
        "thread_name_prefix": _TEXT,
        "is_shut_down": [_FLAG],
        "is_broken": [_FLAG],
        "free": [],
    },
    "map": {"next": [_NEW], "cancel": [], "free": []},
    "future": {
        "cancel": [_FLAG],
        "cancelled": [_FLAG],
        "running": [_FLAG],
        "done": [_FLAG],
        "state": [POINTER(c_int32)],
        "result_timeout": [c_double, _NEW],
        "add_done_callback": [DONE_FN, c_void_p, FREE_FN],
        "set_running_or_notify_cancel": [_FLAG],
        "set_result": [c_void_p],
        "set_exception": [c_int32, c_char_p],
        "free": [],
    },
    "as_completed": {"next": [_SIZE], "free": []},
}

# The other functions that return a status.
_FUNCTIONS = {
    "lock_new": [_NEW],
    "rlock_new": [_NEW],
    "condition_new_with_lock": [_HANDLE, _NEW],
    "condition_new_with_rlock": [_HANDLE, _NEW],
    "semaphore_new": [c_int64, _NEW],
    "semaphore_new_bounded": [c_int64, _NEW],
    "event_new": [_NEW],
    "barrier_new": [c_size_t, TARGET_FN, c_void_p, c_void_p, c_double, _NEW],
    "thread_new": [TARGET_FN, c_void_p, c_void_p, _NEW],
    "timer_new": [c_double, TARGET_FN, c_void_p, c_void_p, _NEW],
    "local_new": [TARGET_FN, c_void_p, c_void_p, _NEW],
    "current_thread": [_NEW],
    "main_thread": [_NEW],
    "enumerate": [_NEW, c_size_t, _SIZE],
    "set_stack_size": [c_size_t],
    "queue_new": [c_int64, _NEW],
    "lifo_queue_new": [c_int64, _NEW],
    "priority_queue_new": [c_int64, COMPARE_FN, c_void_p, _NEW],
    "simple_queue_new": [_NEW],
    "executor_new": [c_int64, _NEW],
    "future_new": [_NEW],
    "wait": [_NEW, c_size_t, c_int32, c_double, _FLAG, _SIZE],
    "as_completed": [_NEW, c_size_t, c_double, _NEW],
    "object_id": [_HANDLE, POINTER(c_uint64)],
    "set_interrupt": [TARGET_FN, c_void_p, c_void_p],
    "shutdown": [],
}

_OTHERS = {
    "version": (c_char_p, []),
    "status_name": (c_char_p, [c_int32]),
    "last_error": (c_char_p, []),
    "last_code": (c_int32, []),
    "raise": (c_int32, [c_int32, c_char_p]),
    "active_count": (c_size_t, []),
    "stack_size": (c_size_t, []),
    "get_native_id": (c_uint64, []),
}


def _find():
    """The library that came with the package, unless PIRN_LIBRARY names another; else the system's."""
    named = os.environ.get("PIRN_LIBRARY")
    bundled = pathlib.Path(__file__).with_name("libpirn.so")
    return named or (str(bundled) if bundled.exists() else "libpirn.so.0")


class _Functions:
    """The library's functions by their names without `pirn_`."""

    def __init__(self, library):
        for kind, methods in _METHODS.items():
            for name, arguments in methods.items():
                self._add(library, f"{kind}_{name}", c_int32, [_HANDLE, *arguments])
        for name, arguments in _FUNCTIONS.items():
            self._add(library, name, c_int32, arguments)
        for name, (result, arguments) in _OTHERS.items():
            self._add(library, name, result, arguments)
        self.raise_ = getattr(self, "raise")

    def _add(self, library, name, result, arguments):
        function = library[f"pirn_{name}"]  # by index: a function object of its own each time
        function.restype, function.argtypes = result, arguments
        setattr(self, name, function)


def _load():
    path = _find()
    try:
        return _Functions(ctypes.CDLL(path)), _Functions(ctypes.PyDLL(path))
    except OSError as error:
        raise ImportError(f"libpirn cannot be loaded (PIRN_LIBRARY may name it): {error}") from error
    except AttributeError as error:
        raise ImportError(f"{path} is of another version than this package: {error}") from error


lib, quick = _load()


def last_error():
    """The calling thread's last error, in words."""
    return quick.last_error().decode(errors="replace")


def unexpected(status):
    """The exception for a status that has no exception of its own in this place."""
    kind = {OVERFLOW: OverflowError, INVALID_ARGUMENT: ValueError, NO_MEMORY: MemoryError}.get(status, RuntimeError)
    return kind(f"{last_error()} ({quick.status_name(status).decode()})")


def check(status):
    if status != OK:
        raise unexpected(status)


def int64(number):
    """A count that is too large for C, and that nothing will ever reach, as the largest there is."""
    return max(-(2**63), min(operator.index(number), 2**63 - 1))


def new_handle(function, *arguments):
    """The handle that `function` gives through its last argument."""
    out = c_void_p()
    check(function(*arguments, byref(out)))
    return out.value


def ask(function, handle, kind):
    """The value that `function` gives through its last argument."""
    out = kind()
    check(function(handle, byref(out)))
    return out.value


def flag(function, handle):
    return ask(function, handle, c_bool)


def text(function, handle):
    """What a getter of text copies out; the text may grow between two tries."""
    size, length = 64, c_size_t()
    while True:
        buffer = ctypes.create_string_buffer(size)
        check(function(handle, buffer, size, byref(length)))
        if length.value < size:
            return buffer.value.decode(errors="replace")
        size = length.value + 1


class Object:
    """What has a handle, and gives it back with the last reference. Handles cannot be pickled or copied.

    The free functions that pirn refuses while an object is in use are never refused here: a thread that uses an object holds
    a reference to it.
    """

    __slots__ = ("_handle",)
    _free = None

    def __reduce_ex__(self, protocol):
        raise TypeError(f"cannot pickle {type(self).__name__!r} object")

    def __del__(self):
        try:
            handle = self._handle
        except AttributeError:
            return  # the constructor failed
        self._free(handle)
