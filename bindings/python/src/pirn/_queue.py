"""The queues."""

import queue as _stdlib
import types
import weakref
from _thread import _local
from ctypes import c_int64, c_size_t, c_void_p
from itertools import count
from queue import Empty, Full

from pirn._library import (
    COMPARE_FN, FREE_FN, OK, OVER_RELEASE, SHUT_DOWN, TIMED_OUT, WOULD_BLOCK, Object, ask, byref, check, flag, int64, lib,
    new_handle, quick, unexpected,
)  # fmt: skip
from pirn._wait import ended, limit

try:
    ShutDown = _stdlib.ShutDown
except AttributeError:

    class ShutDown(Exception):
        """Raised when put/get with shut-down queue."""


_compared = _local()
"""`raised`: what a comparison raised, on the thread whose call compares."""

_drained = _local()
"""`drop`: what takes an item off the queue that the calling thread shuts down."""


@FREE_FN
def _drop(key):
    _drained.drop(key)


class _Items(Object):
    """A queue of pirn's that carries keys, and what they stand for. (So the garbage collector sees what is in a queue.)"""

    _free = quick.queue_free
    _fast = quick

    def _set_up(self, handle):
        self._items = {}
        self._keys = count(1)
        self._handle = handle

    def _add(self, item, block, timeout):
        key = next(self._keys)
        self._items[key] = item
        try:
            status = self._fast.queue_try_put(self._handle, key)
            if block and status == WOULD_BLOCK:
                status = None
                status = lib.queue_put_timeout(self._handle, key, limit(timeout))
                ended(status)
            return status
        finally:
            if status != OK:
                self._items.pop(key, None)

    def _take(self, block, timeout):
        key = c_void_p()
        status = self._fast.queue_try_get(self._handle, byref(key))
        if block and status == WOULD_BLOCK:
            status = lib.queue_get_timeout(self._handle, limit(timeout), byref(key))
            if status == OK:
                item = self._items.pop(key.value)
                ended(status)
                return item
            ended(status)
        if status == OK:
            return self._items.pop(key.value)
        if status in (WOULD_BLOCK, TIMED_OUT):
            raise Empty
        raise ShutDown if status == SHUT_DOWN else unexpected(status)

    def qsize(self):
        return ask(self._fast.queue_size, self._handle, c_size_t)

    def empty(self):
        return flag(self._fast.queue_empty, self._handle)

    def get_nowait(self):
        return self.get(False)

    __class_getitem__ = classmethod(types.GenericAlias)


class Queue(_Items):
    """First in, first out: `queue.Queue`."""

    def __init__(self, maxsize=0):
        self._set_up(self._new(int64(int(maxsize))))

    def _new(self, maxsize):
        return new_handle(quick.queue_new, maxsize)

    def put(self, item, block=True, timeout=None):
        self._check_timeout(block, timeout)
        status = self._add(item, block, timeout)
        if status in (WOULD_BLOCK, TIMED_OUT):
            raise Full
        if status != OK:
            raise ShutDown if status == SHUT_DOWN else unexpected(status)

    def get(self, block=True, timeout=None):
        self._check_timeout(block, timeout)
        return self._take(block, timeout)

    def _check_timeout(self, block, timeout):
        if block and timeout is not None and timeout < 0:
            raise ValueError("'timeout' must be a non-negative number")

    def put_nowait(self, item):
        return self.put(item, False)

    def full(self):
        return flag(self._fast.queue_full, self._handle)

    def task_done(self):
        status = self._fast.queue_task_done(self._handle)
        if status != OK:
            raise ValueError("task_done() called too many times") if status == OVER_RELEASE else unexpected(status)

    def join(self):
        check(ended(lib.queue_join_timeout(self._handle, limit(None))))

    def shutdown(self, immediate=False):
        # Let go of at the end, since their destructors are anyone's code.
        dropped = []
        outer, _drained.drop = getattr(_drained, "drop", None), lambda key: dropped.append(self._items.pop(key, None))
        try:
            if immediate:
                lib.queue_set_item_free(self._handle, _drop)
            status = lib.queue_shutdown(self._handle, bool(immediate))
        finally:
            _drained.drop = outer
            # Those that are left when the queue goes are let go of with it.
            lib.queue_set_item_free(self._handle, FREE_FN())
        check(status)

    @property
    def is_shutdown(self):
        return flag(self._fast.queue_is_shut_down, self._handle)

    @property
    def maxsize(self):
        return ask(self._fast.queue_maxsize, self._handle, c_int64)

    @maxsize.setter
    def maxsize(self, maxsize):
        check(self._fast.queue_set_maxsize(self._handle, int64(maxsize)))

    @property
    def unfinished_tasks(self):
        return ask(self._fast.queue_unfinished, self._handle, c_size_t)


class LifoQueue(Queue):
    """Last in, first out: `queue.LifoQueue`."""

    def _new(self, maxsize):
        return new_handle(quick.lifo_queue_new, maxsize)


class PriorityQueue(Queue):
    """The least item first: `queue.PriorityQueue`."""

    # While it compares, which is Python's code, the queue is busy for others: who waits for it must not keep the GIL.
    _fast = lib
    _by_key = weakref.WeakValueDictionary()
    _queue_keys = count(1)

    def _new(self, maxsize):
        key = next(self._queue_keys)
        self._by_key[key] = self
        return new_handle(quick.priority_queue_new, maxsize, self._compare, key)

    @COMPARE_FN
    @staticmethod
    def _compare(a, b, key):
        # Alive: a call on it is under way.
        queue = PriorityQueue._by_key[key]
        try:
            left, right = queue._items[a], queue._items[b]
            return -1 if left < right else 1 if right < left else 0
        except BaseException as raised:
            _compared.raised = raised
            return 0

    def put(self, item, block=True, timeout=None):
        try:
            super().put(item, block, timeout)
        finally:
            _raise_compared()

    def get(self, block=True, timeout=None):
        try:
            return super().get(block, timeout)
        finally:
            _raise_compared()


def _raise_compared():
    """What a comparison raised goes on from the call that compared."""
    raised, _compared.raised = getattr(_compared, "raised", None), None
    if raised is not None:
        raise raised


class SimpleQueue(_Items):
    """Unbounded, without task_done: `queue.SimpleQueue`."""

    def __init__(self):
        self._set_up(new_handle(quick.simple_queue_new))

    def put(self, item, block=True, timeout=None):
        check(self._add(item, False, None))

    def put_nowait(self, item):
        self.put(item)

    def get(self, block=True, timeout=None):
        if block and timeout is not None and timeout < 0:
            raise ValueError("'timeout' must be a non-negative number")
        return self._take(block, timeout)
