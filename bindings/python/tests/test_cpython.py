"""CPython's own tests of its locks and queues, on pirn: those of the interpreter that runs this.

Where they give others a time to get somewhere, or want to be there in time themselves, a busy machine may need longer: here they
await what it is about.
"""

import sys
import time
import unittest
from types import SimpleNamespace

import pytest
from conftest import until_asleep

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


@pytest.fixture(autouse=True)
def they_have_time(monkeypatch):
    def sleep(seconds):
        """A trigger sleeps until the main thread blocks in what it is to be let go from."""
        if isinstance(threading.current_thread(), test_queue._TriggerThread):
            until_asleep(threading.main_thread().native_id)
        else:
            time.sleep(seconds)

    monkeypatch.setattr(test_queue, "time", SimpleNamespace(**{**vars(time), "sleep": sleep}))
    monkeypatch.setattr(lock_tests.support, "SHORT_TIMEOUT", 500)
    monkeypatch.setattr(lock_tests.BaseTestCase, "assertTimeout", unittest.TestCase.assertGreaterEqual)


class TestLock(lock_tests.LockTests):
    locktype = staticmethod(threading.Lock)


class TestRLock(lock_tests.RLockTests):
    locktype = staticmethod(threading.RLock)
    test_repr_count = None  # as another thread sees it


class TestEvent(lock_tests.EventTests):
    eventtype = staticmethod(threading.Event)
    test_at_fork_reinit = None  # of what an Event consists of


class TestConditionAsRLock(lock_tests.RLockTests):
    locktype = staticmethod(threading.Condition)
    test_recursion_count = None  # which a Condition does not have
    test_repr_count = None


class TestCondition(lock_tests.ConditionTests):
    condtype = staticmethod(threading.Condition)
    test_nan_timeout = None  # looks into it; test_sync.py has the like


class TestSemaphore(lock_tests.SemaphoreTests):
    semtype = staticmethod(threading.Semaphore)


class TestBoundedSemaphore(lock_tests.BoundedSemaphoreTests):
    semtype = staticmethod(threading.BoundedSemaphore)


class TestBarrier(lock_tests.BarrierTests):
    barriertype = staticmethod(threading.Barrier)

    def setUp(self):
        super().setUp()
        self.barrier = threading.Barrier(self.N, timeout=1000)


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
