"""Threads: the class, those that are alive, what happens to exceptions, the end of the process."""

import atexit
import math
import operator
import signal
import sys
import threading
import time
import warnings
import weakref
from _thread import _local, get_ident
from contextvars import Context, copy_context
from ctypes import c_size_t, c_uint64, c_void_p
from itertools import count
from threading import ExceptHookArgs

from pirn import _host
from pirn._library import (
    ALREADY_STARTED, DEADLOCK, INVALID_ARGUMENT, NOT_STARTED, NO_THREAD, OK, SHUT_DOWN, TARGET_FN, TIMED_OUT, Object,
    ask, byref, check, flag, int64, lib, new_handle, quick, text, unexpected,
)  # fmt: skip
from pirn._sync import Event
from pirn._wait import ended, is_interruptible, limit

_keys = count(1)
_threads = weakref.WeakValueDictionary()
"""Those made here, by the key that pirn hands to the new thread."""
_limbo = set()
"""Those that are started and have not come to Python yet."""
_by_id = weakref.WeakValueDictionary()
"""The object for each thread of pirn's that has one here, by its identity."""
_by_id_lock = threading.RLock()
_mains = set()
"""The main threads' objects, which stay; after a fork there are more."""
_own = _local()
"""`thread`: the calling thread's object."""

_hooks = {"trace": None, "profile": None}
_INHERITS_CONTEXT = getattr(sys.flags, "thread_inherit_context", False)
"""Whether a thread starts with a copy of the context of whoever starts it (from 3.14, by an option)."""


class Thread(Object):
    """A thread: `threading.Thread`."""

    _free = quick.thread_free

    def __init__(self, group=None, target=None, name=None, args=(), kwargs=None, *, daemon=None, context=None):
        assert group is None, "group argument must be None for now"
        self._target = target
        self._args = args
        self._kwargs = {} if kwargs is None else kwargs
        self._context = context
        self._stderr = sys.stderr  # where the excepthook looks if sys.stderr has become None
        self._set_up(self._new())
        if name:
            self.name = name
        elif target is not None and hasattr(target, "__name__"):
            self.name = f"{self.name} ({target.__name__})"
        if daemon is not None:
            self.daemon = daemon

    def _remember(self):
        self._key = next(_keys)
        _threads[self._key] = self

    def _new(self):
        self._remember()
        return new_handle(quick.thread_new, _bootstrap, self._key, None)

    def _set_up(self, handle):
        self._handle = handle
        self._ident = None
        self._known = None
        self._has_started = False
        with _by_id_lock:
            _by_id[ask(quick.object_id, handle, c_uint64)] = self

    def _check_set_up(self):
        if not hasattr(self, "_handle"):
            raise RuntimeError("Thread.__init__() not called")

    def start(self):
        if not hasattr(self, "_handle"):
            raise RuntimeError("thread.__init__() not called")
        if self._context is None:
            self._context = copy_context() if _INHERITS_CONTEXT else Context()
        _limbo.add(self)
        status = self._start()
        if status == OK:
            self._has_started = True
            return
        # A thread that is starting takes itself out.
        if status != ALREADY_STARTED or self._ident is not None:
            _limbo.discard(self)
        if status == ALREADY_STARTED:
            raise RuntimeError("threads can only be started once")
        if status == NO_THREAD:
            raise RuntimeError("can't start new thread")
        if status == SHUT_DOWN:
            raise RuntimeError("can't create new thread at interpreter shutdown")
        raise unexpected(status)

    def _start(self):
        return lib.thread_start(self._handle)

    def _work(self):
        self.run()

    def run(self):
        try:
            if self._target is not None:
                self._target(*self._args, **self._kwargs)
        finally:
            # A cycle through an argument is to be broken.
            del self._target, self._args, self._kwargs

    def _bootstrap(self):
        _own.thread = self
        self._ident = get_ident()
        _limbo.discard(self)
        try:
            self._known = _host.introduce(self.name)
            if _hooks["trace"]:
                sys.settrace(_hooks["trace"])
            if _hooks["profile"]:
                sys.setprofile(_hooks["profile"])
            self._context.run(self._work)
        except BaseException:
            _report(self)
        finally:
            self._known = None
            _host.forget()

    def join(self, timeout=None):
        self._check_set_up()
        status = ended(lib.thread_join_timeout(self._handle, limit(timeout)))
        if status in (OK, TIMED_OUT):
            return
        if status == NOT_STARTED:
            raise RuntimeError("cannot join thread before it is started")
        if status == DEADLOCK:
            is_own = self is current_thread()
            raise RuntimeError("cannot join current thread" if is_own else "cannot join a dummy thread")
        raise unexpected(status)

    def is_alive(self):
        self._check_set_up()
        return flag(quick.thread_is_alive, self._handle)

    @property
    def name(self):
        self._check_set_up()
        return text(quick.thread_name, self._handle)

    @name.setter
    def name(self, name):
        self._check_set_up()
        name = str(name)
        check(quick.thread_set_name(self._handle, name.encode(errors="replace")))
        if self._known is not None:
            self._known._name = name

    @property
    def ident(self):
        """The number that CPython knows the thread by (for a thread of another language, pirn's)."""
        self._check_set_up()
        return self._ident or self._number(quick.thread_ident)

    @property
    def native_id(self):
        self._check_set_up()
        return self._number(quick.thread_native_id)

    def _number(self, function):
        out = c_uint64()
        status = function(self._handle, byref(out))
        if status == NOT_STARTED:
            return None
        check(status)
        return out.value

    @property
    def daemon(self):
        self._check_set_up()
        return flag(quick.thread_daemon, self._handle)

    @daemon.setter
    def daemon(self, daemonic):
        self._check_set_up()
        status = quick.thread_set_daemon(self._handle, bool(daemonic))
        if status == ALREADY_STARTED:
            raise RuntimeError("cannot set daemon status of active thread")
        check(status)

    def __repr__(self):
        self._check_set_up()
        has_started = self._has_started or self.native_id is not None
        state = "started" if self.is_alive() else "stopped" if has_started else "initial"
        daemon = " daemon" if self.daemon else ""
        ident = "" if state == "initial" else f" {self.ident}"
        return f"<{type(self).__name__}({self.name}, {state}{daemon}{ident})>"

    def getName(self):
        _deprecated("getName() is deprecated, get the name attribute instead")
        return self.name

    def setName(self, name):
        _deprecated("setName() is deprecated, set the name attribute instead")
        self.name = name

    def isDaemon(self):
        _deprecated("isDaemon() is deprecated, get the daemon attribute instead")
        return self.daemon

    def setDaemon(self, daemonic):
        _deprecated("setDaemon() is deprecated, set the daemon attribute instead")
        self.daemon = daemonic


@TARGET_FN
def _bootstrap(key):
    # In limbo, so it is there.
    _threads[key]._bootstrap()
    return 0


class _MainThread(Thread):
    """The process's first thread, or the one that called fork()."""


class _DummyThread(Thread):
    """A thread that pirn did not start."""


class Timer(Thread):
    """Calls a function later: `threading.Timer`. It takes no system thread while it waits, and so has no ident yet.

    A subclass with a `run` of its own is a thread that runs that.
    """

    def __init__(self, interval, function, args=None, kwargs=None):
        self.interval = interval
        self.function = function
        self.args = args if args is not None else []
        self.kwargs = kwargs if kwargs is not None else {}
        self.finished = Event()
        super().__init__()

    def _new(self):
        if type(self).run is not Timer.run:
            self._timer = None
            return super()._new()
        self._remember()
        seconds = math.inf if self.interval is None else self.interval if self.interval == self.interval else 0
        self._timer = _TimerHandle(new_handle(quick.timer_new, seconds, _bootstrap, self._key, None))
        return new_handle(quick.timer_thread, self._timer._handle)

    def cancel(self):
        self.finished.set()
        if self._timer is not None:
            quick.timer_cancel(self._timer._handle)
            if not self.is_alive():
                _limbo.discard(self)  # it ended here, or has been through Python

    def _work(self):
        if self._timer is None:
            self.run()
        else:
            self._fire()

    def run(self):
        self.finished.wait(self.interval)
        self._fire()

    def _fire(self):
        if not self.finished.is_set():
            self.function(*self.args, **self.kwargs)
        self.finished.set()


class _TimerHandle(Object):
    _free = quick.timer_free

    def __init__(self, handle):
        self._handle = handle


def _wrap(handle):
    """The object for the thread behind `handle`, which is taken over."""
    identity = ask(quick.object_id, handle, c_uint64)
    with _by_id_lock:
        thread = _by_id.get(identity)
        if thread is not None:
            quick.thread_free(handle)
            return thread
        kind = _kind(handle, identity)
        thread = kind.__new__(kind)
        thread._target, thread._args, thread._kwargs, thread._context = None, (), {}, None
        thread._stderr = sys.stderr
        thread._set_up(handle)
    if kind is _MainThread:
        _mains.add(thread)
        thread._ident = threading.main_thread().ident
    return thread


def _kind(handle, identity):
    """The class for a thread that was not made here: the main one, a dummy, or one of pirn's."""
    main = new_handle(quick.main_thread)
    is_main = ask(quick.object_id, main, c_uint64) == identity
    quick.thread_free(main)
    if is_main:
        return _MainThread
    # A dummy can be joined by nobody; another one by all but itself, and no thread made by pirn itself is a daemon.
    is_dummy = quick.thread_join_timeout(handle, 0) == DEADLOCK and flag(quick.thread_daemon, handle)
    return _DummyThread if is_dummy else Thread


def current_thread():
    try:
        return _own.thread
    except AttributeError:
        thread = _own.thread = _wrap(new_handle(quick.current_thread))
        thread._ident = get_ident()
        return thread


def main_thread():
    return _wrap(new_handle(quick.main_thread))


def active_count():
    return quick.active_count()


def enumerate():
    known = c_size_t()
    room = 16
    while True:
        handles = (c_void_p * room)()
        check(quick.enumerate(handles, room, byref(known)))
        if known.value <= room:
            return [_wrap(handle) for handle in handles[: known.value]]
        for handle in handles:
            quick.thread_free(handle)
        room = known.value + 16


def uninterrupted(call):
    """Makes a call that waits without a limit, which no signal ends: in the main thread by way of another one, for whose end
    this one waits. Gives what the call gives, and raises what it raises; `pirn_last_error` is the other thread's.

    If a signal handler raises, the call goes on, and what it refers to is let go of at its end.
    """
    if not is_interruptible():
        return call()
    outcome = []

    def run():
        try:
            outcome.append((True, call()))
        except BaseException as raised:
            outcome.append((False, raised))

    helper = Thread(target=run, daemon=True)
    try:
        helper.start()
    except RuntimeError:  # no thread to be had: then without
        return call()
    helper.join()
    has_worked, came = outcome.pop()
    try:
        if has_worked:
            return came
        raise came
    finally:
        # The exception's traceback has this frame: no cycle by way of it.
        helper = came = None


def stack_size(size=0, /):
    if operator.index(size) < 0:
        raise ValueError("size must be 0 or a positive value")
    if size != int64(size):
        raise OverflowError("Python int too large to convert to C ssize_t")
    before = quick.stack_size()
    status = quick.set_stack_size(size)
    if status == INVALID_ARGUMENT:
        raise ValueError(f"size not valid: {size} bytes")
    check(status)
    return before


def settrace(func):
    _hooks["trace"] = func


def gettrace():
    return _hooks["trace"]


def setprofile(func):
    _hooks["profile"] = func


def getprofile():
    return _hooks["profile"]


def _report(thread):
    """Hands the exception that is being handled to the excepthook; one that fails is reported, too."""
    hook = sys.modules["pirn.threading"].excepthook or threading.__excepthook__
    try:
        hook(ExceptHookArgs([*sys.exc_info(), thread]))
    except Exception as failure:
        failure.__suppress_context__ = True
        stderr = thread._stderr if sys.stderr is None else sys.stderr
        if stderr is not None:
            print("Exception in threading.excepthook:", file=stderr, flush=True)
        sys.excepthook(*sys.exc_info())


def _deprecated(message):
    warnings.warn(message, DeprecationWarning, stacklevel=3)


def currentThread():
    _deprecated("currentThread() is deprecated, use current_thread() instead")
    return current_thread()


def activeCount():
    _deprecated("activeCount() is deprecated, use active_count() instead")
    return active_count()


def _shut_down():
    """What pirn does at the end of the process, while there still is an interpreter for its callbacks.

    This wait has no limit, so Ctrl-C cannot raise KeyboardInterrupt in it: it ends the process, as it does for a C program.
    """
    is_main = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGINT) if is_main else None
    if handler is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        lib.shutdown()
    finally:
        if handler is signal.default_int_handler:
            signal.signal(signal.SIGINT, handler)


def _cut_off():
    """Has no daemon come to Python for the first time when there is none any more: its callback is gone then. (Those that are in
    Python are the interpreter's business.)"""
    for thread in list(_limbo):
        if isinstance(thread, Timer):
            Timer.cancel(thread)
    while any(thread.is_alive() for thread in list(_limbo)):
        time.sleep(0.0001)


# After all functions that the program registers, and after the shutdown: no thread starts any more.
atexit.register(_cut_off)

# Before the interpreter joins its own threads, as concurrent.futures does: theirs may wait for ours. Once that has begun
# (someone imports pirn in an atexit function) there is atexit.
try:
    threading._register_atexit(_shut_down)
except (AttributeError, RuntimeError):
    atexit.register(_shut_down)
