"""Waiting: time limits as the standard library takes them, and Ctrl-C.

In the main thread a wait can be ended by a signal handler that raises, as KeyboardInterrupt does. pirn asks a hook of the
waiting thread when a signal has come during a wait with a limit; the hook runs Python's signal handlers, and if one of them
raises, the wait ends, and the exception goes on from there. If none does the wait goes on with its place in the queue. So the
main thread always waits with a limit, if need be with the longest there is. All other threads wait without further ado: they
run no signal handlers.
"""

import ctypes
import os
import sys
import threading
from _thread import get_ident

from pirn._library import FOREVER, OK, TARGET_FN, TIMED_OUT, TIMEOUT_MAX, check, quick, unexpected

_NAN_IS_REFUSED = sys.version_info >= (3, 14)
"""In the standard library; before, a wait with it polls."""
_check_signals = ctypes.pythonapi.PyErr_CheckSignals


class _MainThread:
    """What the main thread's waits have to know. Its attributes are used by that thread alone, but for `ident`."""

    def __init__(self):
        self.ident = None
        self.raised = None
        """What a signal handler raised during the wait that is under way."""
        self.is_asking = False
        """Signal handlers run: their own waits cannot be interrupted."""
        self._generator = None
        self._hook = None

    def adopt(self):
        """Makes the calling thread, which is the main one, interruptible."""
        self.raised, self.is_asking = None, False
        # Not a function: Python may run the signal handlers as its first thing, before a `try` in it is entered.
        self._generator = self._run_handlers()
        next(self._generator)
        self._hook = TARGET_FN(self._generator.send)
        check(quick.set_interrupt(self._hook, None, None))
        self.ident = get_ident()

    def _run_handlers(self):
        """Runs the signal handlers each time that it is resumed; yields 1 if the wait is to end."""
        is_over = 0
        while True:
            try:
                yield is_over
                self.is_asking = True
                _check_signals()
                is_over = 0
            except GeneratorExit:
                raise
            except BaseException as raised:
                self.raised = raised
                is_over = 1
            self.is_asking = False


_main = _MainThread()


def _adopt_main_thread():
    if threading.current_thread() is threading.main_thread():
        _main.adopt()
        return True
    return False


def _after_fork():
    # The forking thread is the main one now. The hook is its own, unless it has not been the main thread before.
    if _main.ident != get_ident():
        _main.ident = None


os.register_at_fork(after_in_child=_after_fork)


def is_interruptible():
    """Whether the calling thread's waits can be ended by signal handlers."""
    ident = _main.ident
    if ident is None:
        return _adopt_main_thread()
    return ident == get_ident() and not _main.is_asking


def limit(timeout):
    """The number of seconds that pirn is to wait: for ever if `timeout` is None, not at all if it is negative."""
    if timeout is None:
        return TIMEOUT_MAX if is_interruptible() else FOREVER
    if timeout > TIMEOUT_MAX:
        raise OverflowError("timeout value is too large")
    is_interruptible()
    if timeout > 0:
        return timeout
    if timeout != timeout and _NAN_IS_REFUSED:
        raise ValueError("Invalid value NaN (not a number)")
    return 0.0


def ended(status):
    """To be called after each wait with what it returned: raises what a signal handler raised meanwhile."""
    if _main.raised is not None and _main.ident == get_ident():
        raised, _main.raised = _main.raised, None
        try:
            raise raised
        finally:
            raised = None
    return status


def discard():
    """To be called in place of `ended` by who raises something else."""
    if _main.ident == get_ident():
        _main.raised = None


def acquired(status, release, handle):
    """The same for what has to be given back in that case. True if it was acquired."""
    try:
        ended(status)
    except BaseException:
        if status == OK:
            release(handle)
        raise
    if status == OK:
        return True
    if status == TIMED_OUT:
        return False
    raise unexpected(status)
