"""What CPython is to know of the threads that pirn starts.

A thread's target runs within one callback, and so has one thread state of Python's from its start to its end. A worker of a pool
enters Python anew for each task. It would get a new thread state each time, and lose its thread-local data, were it not
pinned: one more PyGILState_Ensure, which its end undoes.
"""

import ctypes
import threading
from _thread import get_ident

from pirn._library import FREE_FN, TARGET_FN, check, new_handle, quick

_ensure = ctypes.pythonapi.PyGILState_Ensure
_ensure.restype = ctypes.c_int
_release = ctypes.pythonapi.PyGILState_Release
_release.argtypes, _release.restype = [ctypes.c_int], None
_WAS_HELD = 0


def pin():
    """Keeps the calling thread's thread state until the thread ends."""
    _ensure()
    check(quick.local_set(_pinned, None, None, _unpin))


@FREE_FN
def _unpin(_):
    """At the end of the thread, before a join returns: the thread state goes with the callback that is running."""
    forget()
    _release(_WAS_HELD)


_pinned = new_handle(quick.local_new, TARGET_FN(), None, None)
"""Has a value, whose free function is `_unpin`, for each thread that is pinned."""


def introduce(name):
    """Gives the calling thread its name in `threading` too, where logging and debuggers look for it."""
    known = threading.current_thread()
    if type(known) is threading._DummyThread:
        known._name = name
        return known
    return None


def forget():
    """The calling thread ends: its dummy in `threading` goes with it (which older versions of that do not do by themselves)."""
    if type(threading.current_thread()) is threading._DummyThread:
        with threading._active_limbo_lock:
            threading._active.pop(get_ident(), None)
