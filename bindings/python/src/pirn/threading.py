"""`threading` on top of pirn: the same names, arguments and exceptions.

from pirn import threading
"""

import sys as _sys
from _thread import _local as local
from _thread import get_ident, get_native_id
from threading import BrokenBarrierError, ExceptHookArgs, ThreadError, __excepthook__

from pirn._library import TIMEOUT_MAX
from pirn._sync import Barrier, BoundedSemaphore, Condition, Event, Lock, RLock, Semaphore
from pirn._thread import (  # noqa: F401  (old names, not in __all__)
    Thread,
    Timer,
    active_count,
    activeCount,
    current_thread,
    currentThread,
    enumerate,
    getprofile,
    gettrace,
    main_thread,
    setprofile,
    settrace,
    stack_size,
)

__all__ = [
    "get_ident", "active_count", "Condition", "current_thread", "enumerate", "main_thread", "TIMEOUT_MAX", "Event",
    "Lock", "RLock", "Semaphore", "BoundedSemaphore", "Thread", "Barrier", "BrokenBarrierError", "Timer", "ThreadError",
    "setprofile", "settrace", "local", "stack_size", "excepthook", "ExceptHookArgs", "getprofile", "gettrace",
    "get_native_id",
]  # fmt: skip

for _class in Barrier, BoundedSemaphore, Condition, Event, Lock, RLock, Semaphore, Thread, Timer:
    _class.__module__ = __name__
del _class

excepthook = __excepthook__
"""Called with an ExceptHookArgs for an exception that ends a thread. Assign another one to this name."""

if hasattr(_sys, "_settraceallthreads"):

    def settrace_all_threads(func):
        settrace(func)
        _sys._settraceallthreads(func)

    def setprofile_all_threads(func):
        setprofile(func)
        _sys._setprofileallthreads(func)

    __all__ += ["settrace_all_threads", "setprofile_all_threads"]
