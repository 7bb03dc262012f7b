"""CPython's own tests of its locks, queues and threads, on pirn: those of the interpreter that runs this.

Where they give others a time to get somewhere, or want to be there in time themselves, a busy machine may need longer: here they
await what it is about.
"""

import asyncio  # noqa: F401 - before the standard library's threading is hidden, as those below
import re
import sys
import threading as stdlib_threading
import time
import unittest
import unittest.mock
from types import SimpleNamespace

import pytest
from conftest import until_asleep

from pirn import queue, threading

for support in "threading_helper", "script_helper", "import_helper", "os_helper":
    pytest.importorskip(f"test.support.{support}", reason="this Python comes without its own tests")


def private(name):
    """What pirn's module does not have, for the parts of the tests that are not run here."""
    if name.startswith("_"):
        return getattr(stdlib_threading, name)
    raise AttributeError(name)


with pytest.MonkeyPatch.context() as patch:
    # For the classes that they derive from Thread.
    patch.setitem(sys.modules, "threading", threading)
    patch.setattr(threading, "__getattr__", private, raising=False)
    test_threading = pytest.importorskip("test.test_threading", reason="this Python comes without its own tests")
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


@pytest.fixture
def their_programs_use_pirn_too(monkeypatch):
    def on_pirn(source):
        if isinstance(source, str):
            source = re.sub(r"^( *)import threading$", r"\1from pirn import threading", source, flags=re.MULTILINE)
            source = source.replace("from threading import", "from pirn.threading import")
        return source

    for name in "assert_python_ok", "assert_python_failure":
        run = getattr(test_threading, name)
        monkeypatch.setattr(test_threading, name, lambda *args, run=run, **env: run(*map(on_pirn, args), **env))


@pytest.mark.usefixtures("their_programs_use_pirn_too")
class TestThreads(test_threading.ThreadTests):
    test_name = None  # whose numbers are pirn's; test_threads.py has the like
    # A Lock is a class like any other.
    test_disallow_instantiation = None
    test_lock_no_subclass = None
    test_debug_deprecation = None  # for CPython's own debug builds
    # Look into the module, or a thread of it.
    test_foreign_thread = None
    test_ident_of_no_threading_threads = None
    test_limbo_cleanup = None
    test_shutdown_locks = None
    test_tstate_lock = None


@pytest.mark.usefixtures("their_programs_use_pirn_too")
class TestThreadsAtTheExit(test_threading.ThreadJoinOnShutdown):
    pass


@pytest.mark.usefixtures("their_programs_use_pirn_too")
class TestThreadsThatFail(test_threading.ThreadingExceptionTests):
    pass


class TestExceptHook(test_threading.ExceptHookTests):
    pass


class TestTimer(test_threading.TimerTests):
    pass


class TestInterruptMain(test_threading.InterruptMainTests):
    pass
