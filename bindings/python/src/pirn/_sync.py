"""The synchronisation objects of `threading`."""

import warnings
import weakref
from _thread import get_ident
from ctypes import c_int64, c_size_t
from itertools import count
from threading import BrokenBarrierError

from pirn._library import (
    BROKEN_BARRIER, FOREVER, NOT_LOCKED, NOT_OWNER, OK, OVER_RELEASE, PREDICATE_FN, TARGET_FN, TASK_FAILED, TIMED_OUT,
    TIMEOUT_MAX, Object, ask, byref, check, flag, int64, lib, new_handle, quick, unexpected,
)  # fmt: skip
from pirn._wait import acquired, discard, ended, is_interruptible, limit


def kind(thing):
    """Its class, as the standard library would show it."""
    return f"{type(thing).__module__.rpartition('.')[2]}.{type(thing).__qualname__}"


# The names of what is called most, so that they are looked up once.
_try_lock, _release_lock = quick.lock_try_acquire, quick.lock_release


def _lock_limit(blocking, timeout):
    """The time limit of an acquire, checked as the standard library's locks do; None for not blocking."""
    if blocking and timeout == -1:
        return TIMEOUT_MAX if is_interruptible() else FOREVER
    if not isinstance(timeout, (int, float)):
        raise TypeError(f"{type(timeout).__name__!r} object cannot be interpreted as a timeout")
    if timeout != timeout:
        raise ValueError("Invalid value NaN (not a number)")
    if not blocking:
        if timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        return None
    if timeout < 0:
        raise ValueError("timeout value must be a non-negative number")
    if timeout > TIMEOUT_MAX:
        raise OverflowError("timeout value is too large")
    is_interruptible()
    return timeout


class Lock(Object):
    """A lock without an owner: `threading.Lock`."""

    __slots__ = ("__weakref__",)
    _levels = None
    _free = quick.lock_free

    def __init__(self):
        self._handle = new_handle(quick.lock_new)

    def acquire(self, blocking=True, timeout=-1):
        seconds = _lock_limit(blocking, timeout)
        handle = self._handle
        # As in CPython: without letting go of the GIL if the lock is free.
        if _try_lock(handle) == OK:
            return True
        if seconds is None:
            return False
        return acquired(lib.lock_acquire_timeout(handle, seconds), quick.lock_release, handle)

    def release(self):
        status = _release_lock(self._handle)
        if status != OK:
            raise RuntimeError("release unlocked lock") if status == NOT_LOCKED else unexpected(status)

    def locked(self):
        return flag(quick.lock_locked, self._handle)

    def __enter__(self):
        return _try_lock(self._handle) == OK or self.acquire()

    acquire_lock = acquire
    release_lock = release
    locked_lock = locked

    def __exit__(self, *exception):
        self.release()

    def __repr__(self):
        state = "locked" if self.locked() else "unlocked"
        return f"<{state} {kind(self)} object at {id(self):#x}>"

    def _at_fork_reinit(self):
        quick.lock_free(self._handle)
        self._handle = new_handle(quick.lock_new)

    def _release_save(self):
        self.release()

    def _acquire_restore(self, state):
        lib.lock_acquire_timeout(self._handle, FOREVER)

    def _restored(self, levels):
        pass

    def _is_owned(self):
        return self.locked()

    def _new_condition(self):
        return new_handle(quick.condition_new_with_lock, self._handle)


class RLock(Object):
    """A lock that its owner may take again: `threading.RLock`."""

    __slots__ = ("__weakref__", "_owner", "_levels")
    _free = quick.rlock_free

    def __init__(self):
        self._handle = new_handle(quick.rlock_new)
        # For repr alone, and other threads to see; written by who holds it.
        self._owner = self._levels = 0

    def acquire(self, blocking=True, timeout=-1):
        seconds = _lock_limit(blocking, timeout)
        handle = self._handle
        if quick.rlock_try_acquire(handle) != OK:
            if seconds is None:
                return False
            if not acquired(lib.rlock_acquire_timeout(handle, seconds), quick.rlock_release, handle):
                return False
        ident = get_ident()
        self._levels = self._levels + 1 if self._owner == ident else 1
        self._owner = ident
        return True

    def release(self):
        if self._owner == get_ident():
            self._levels -= 1
            if self._levels == 0:
                self._owner = 0  # first: the next owner writes its own
        status = quick.rlock_release(self._handle)
        if status != OK:
            raise RuntimeError("cannot release un-acquired lock") if status == NOT_OWNER else unexpected(status)

    def locked(self):
        return flag(quick.rlock_locked, self._handle)

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *exception):
        self.release()

    def __repr__(self):
        state, owner, count = ("locked", self._owner, self._levels) if self.locked() else ("unlocked", 0, 0)
        return f"<{state} {kind(self)} object owner={owner} count={count} at {id(self):#x}>"

    def _recursion_count(self):
        return ask(quick.rlock_recursion_count, self._handle, c_size_t)

    def _is_owned(self):
        return flag(quick.rlock_is_owned, self._handle)

    def _at_fork_reinit(self):
        quick.rlock_free(self._handle)
        self._handle = new_handle(quick.rlock_new)
        self._owner = self._levels = 0

    # What threading.Condition asks of its lock.
    def _release_save(self):
        levels = self._recursion_count()
        if levels == 0:
            raise RuntimeError("cannot release un-acquired lock")
        for _ in range(levels):
            self.release()
        return levels

    def _acquire_restore(self, levels):
        for _ in range(levels):
            lib.rlock_acquire_timeout(self._handle, FOREVER)
        self._restored(levels)

    def _restored(self, levels):
        """pirn has let go of so many levels, and taken them again."""
        self._owner, self._levels = get_ident(), levels

    def _new_condition(self):
        return new_handle(quick.condition_new_with_rlock, self._handle)


class _Predicate:
    """A predicate that pirn asks, and what it said last."""

    asked = {}
    keys = count(1)

    def __init__(self, predicate, lock):
        self.predicate = predicate
        self.lock, self.levels = lock, lock._levels
        self.said = None
        self.raised = None

    @PREDICATE_FN
    @staticmethod
    def ask(key):
        asked = _Predicate.asked[key]
        asked.lock._restored(asked.levels)
        return asked.holds()

    def holds(self):
        try:
            self.said = self.predicate()
            return bool(self.said)
        except BaseException as raised:  # goes on where the wait was called, and the wait is over
            self.raised = raised
            return True


class Condition(Object):
    """A condition variable: `threading.Condition`. Its lock is a Lock or an RLock of this module."""

    _free = quick.condition_free

    def __init__(self, lock=None):
        if lock is None:
            lock = RLock()
        if not isinstance(lock, (Lock, RLock)):
            raise TypeError(f"a Condition of pirn takes a Lock or an RLock of pirn, not {type(lock).__name__!r}")
        self._lock = lock
        self._handle = lock._new_condition()
        self.acquire = lock.acquire
        self.release = lock.release
        self._release_save = lock._release_save
        self._acquire_restore = lock._acquire_restore

    def __enter__(self):
        return self._lock.__enter__()

    def __exit__(self, *exception):
        return self._lock.__exit__(*exception)

    def __repr__(self):
        return f"<Condition({self._lock})>"

    def locked(self):
        return self._lock.locked()

    def _is_owned(self):
        return self._lock._is_owned()

    def wait(self, timeout=None):
        levels = self._lock._levels
        return self._waited(lib.condition_wait_timeout(self._handle, limit(timeout)), levels)

    def _waited(self, status, levels):
        if status == NOT_OWNER:
            raise RuntimeError("cannot wait on un-acquired lock")
        self._lock._restored(levels)
        if ended(status) not in (OK, TIMED_OUT):
            raise unexpected(status)
        return status == OK

    def wait_for(self, predicate, timeout=None):
        asked, key = _Predicate(predicate, self._lock), next(_Predicate.keys)
        _Predicate.asked[key] = asked
        try:
            status = lib.condition_wait_for_timeout(self._handle, _Predicate.ask, key, limit(timeout))
            if status == NOT_OWNER and asked.holds() and asked.raised is None:
                return asked.said  # as in Python; pirn wants its lock held before it asks
            if asked.raised is not None:
                discard()
                raise asked.raised
            self._waited(status, asked.levels)
            return asked.said
        finally:
            del _Predicate.asked[key]
            asked.raised = None

    def notify(self, n=1):
        self._notified(quick.condition_notify(self._handle, max(int64(n), 0)))

    def notify_all(self):
        self._notified(quick.condition_notify_all(self._handle))

    def _notified(self, status):
        if status != OK:
            raise RuntimeError("cannot notify on un-acquired lock") if status == NOT_OWNER else unexpected(status)

    def notifyAll(self):
        warnings.warn("notifyAll() is deprecated, use notify_all() instead", DeprecationWarning, stacklevel=2)
        self.notify_all()


class Semaphore(Object):
    """A counter that never falls below zero: `threading.Semaphore`."""

    _free = quick.semaphore_free
    _new = quick.semaphore_new

    def __init__(self, value=1):
        if value < 0:
            raise ValueError("semaphore initial value must be >= 0")
        self._handle = new_handle(type(self)._new, int64(value))

    @property
    def _value(self):
        return ask(quick.semaphore_value, self._handle, c_int64)

    def __repr__(self):
        return f"<{kind(self)} at {id(self):#x}: value={self._value}>"

    def acquire(self, blocking=True, timeout=None):
        if not blocking and timeout is not None:
            raise ValueError("can't specify timeout for non-blocking acquire")
        handle = self._handle
        if quick.semaphore_try_acquire(handle) == OK:
            return True
        if not blocking:
            return False
        return acquired(lib.semaphore_acquire_timeout(handle, limit(timeout)), _release_one, handle)

    __enter__ = acquire

    def __exit__(self, *exception):
        self.release()

    def release(self, n=1):
        if n < 1:
            raise ValueError("n must be one or more")
        status = quick.semaphore_release_n(self._handle, n if n == 1 else int64(n))
        if status != OK:
            raise ValueError("Semaphore released too many times") if status == OVER_RELEASE else unexpected(status)


def _release_one(handle):
    quick.semaphore_release_n(handle, 1)


class BoundedSemaphore(Semaphore):
    """A semaphore that refuses to be released too often: `threading.BoundedSemaphore`."""

    _new = quick.semaphore_new_bounded

    def __init__(self, value=1):
        super().__init__(value)
        self._initial_value = value

    def __repr__(self):
        return f"{super().__repr__()[:-1]}/{self._initial_value}>"


class Event(Object):
    """A flag to wait for: `threading.Event`."""

    _free = quick.event_free

    def __init__(self):
        self._handle = new_handle(quick.event_new)

    def __repr__(self):
        return f"<{kind(self)} at {id(self):#x}: {'set' if self.is_set() else 'unset'}>"

    def is_set(self):
        return flag(quick.event_is_set, self._handle)

    def isSet(self):
        warnings.warn("isSet() is deprecated, use is_set() instead", DeprecationWarning, stacklevel=2)
        return self.is_set()

    def set(self):
        quick.event_set(self._handle)

    def clear(self):
        quick.event_clear(self._handle)

    def wait(self, timeout=None):
        handle = self._handle
        if quick.event_wait_timeout(handle, 0.0) == OK:
            return True
        status = ended(lib.event_wait_timeout(handle, limit(timeout)))
        if status not in (OK, TIMED_OUT):
            raise unexpected(status)
        return status == OK


class Barrier(Object):
    """Threads that wait for each other: `threading.Barrier`."""

    _free = quick.barrier_free
    _barriers = weakref.WeakValueDictionary()
    _keys = count(1)

    def __init__(self, parties, action=None, timeout=None):
        if parties < 1:
            raise ValueError("parties must be >= 1")
        self._action = action
        self._timeout = timeout
        self._raised = None
        key = next(self._keys)
        self._barriers[key] = self
        run = self._run if action is not None else TARGET_FN()
        self._handle = new_handle(quick.barrier_new, int64(parties), run, key, None, FOREVER)

    @TARGET_FN
    @staticmethod
    def _run(key):
        # Alive: the thread that runs this waits on it.
        barrier = Barrier._barriers[key]
        try:
            barrier._action()
            return 0
        except BaseException as raised:
            barrier._raised = raised
            return quick.raise_(1, repr(raised).encode(errors="replace"))

    def __repr__(self):
        state = "broken" if self.broken else f"waiters={self.n_waiting}/{self.parties}"
        return f"<{kind(self)} at {id(self):#x}: {state}>"

    def wait(self, timeout=None):
        if timeout is None:
            timeout = self._timeout
        index = c_size_t()
        # Without the GIL: the action may run.
        status = lib.barrier_wait_timeout(self._handle, limit(timeout), byref(index))
        if status == TASK_FAILED:
            discard()
            raised, self._raised = self._raised, None
            try:
                raise raised
            finally:
                raised = None
        ended(status)
        if status == BROKEN_BARRIER:
            raise BrokenBarrierError
        check(status)
        return index.value

    def reset(self):
        lib.barrier_reset(self._handle)

    def abort(self):
        lib.barrier_abort(self._handle)

    @property
    def parties(self):
        return ask(quick.barrier_parties, self._handle, c_size_t)

    @property
    def n_waiting(self):
        return ask(quick.barrier_n_waiting, self._handle, c_size_t)

    @property
    def broken(self):
        return flag(quick.barrier_broken, self._handle)
