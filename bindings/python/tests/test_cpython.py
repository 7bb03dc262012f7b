"""CPython's own tests of its locks and queues, on pirn: those of the interpreter that runs this."""

import sys
import unittest

import pytest

from pirn import queue, threading

pytest.importorskip("test.support.threading_helper", reason="this Python comes without its own tests")
with pytest.MonkeyPatch.context() as patch:
    # For the classes that they derive from Thread.
    patch.setitem(sys.modules, "threading", threading)
    lock_tests = pytest.importorskip("test.lock_tests", reason="this Python comes without its own tests")
    test_queue = pytest.importorskip("test.test_queue", reason="this Python comes without its own tests")


@pytest.fixture(autouse=True)
def they_use_pirn_too(monkeypatch):
    monkeypatch.setattr(lock_tests, "threading", threading)
    monkeypatch.setattr(test_queue, "threading", threading)


class TestLock(lock_tests.LockTests):
    locktype = staticmethod(threading.Lock)


class TestRLock(lock_tests.RLockTests):
    locktype = staticmethod(threading.RLock)


class TestEvent(lock_tests.EventTests):
    eventtype = staticmethod(threading.Event)
    test_at_fork_reinit = None  # of what an Event consists of


class TestConditionAsRLock(lock_tests.RLockTests):
    locktype = staticmethod(threading.Condition)
    test_recursion_count = None  # which a Condition does not have
    test_repr_count = None  # nor this


class TestCondition(lock_tests.ConditionTests):
    condtype = staticmethod(threading.Condition)
    test_nan_timeout = None  # looks into it; test_sync.py has the like


class TestSemaphore(lock_tests.SemaphoreTests):
    semtype = staticmethod(threading.Semaphore)


class TestBoundedSemaphore(lock_tests.BoundedSemaphoreTests):
    semtype = staticmethod(threading.BoundedSemaphore)


class TestBarrier(lock_tests.BarrierTests):
    barriertype = staticmethod(threading.Barrier)


class QueueTests(test_queue.BaseQueueTestMixin):
    kind = None

    def setUp(self):
        self.queue = queue
        self.type2test = getattr(queue, self.kind)
        super().setUp()


class TestQueue(QueueTests, unittest.TestCase):
    kind = "Queue"


class TestLifoQueue(QueueTests, unittest.TestCase):
    kind = "LifoQueue"


class TestPriorityQueue(QueueTests, unittest.TestCase):
    kind = "PriorityQueue"


class TestSimpleQueue(test_queue.BaseSimpleQueueTest, unittest.TestCase):
    type2test = queue.SimpleQueue

    def setUp(self):
        self.queue = queue
        super().setUp()
