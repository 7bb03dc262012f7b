"""What pirn's pool has beyond the standard library's."""

import gc
import weakref

import pytest
from conftest import PIRN, Program, until

from pirn import _library, futures, threading


class BusyPool:
    """A pool of one worker, which runs a task until the gate is opened."""

    def __init__(self, max_pending=0):
        self.pool = futures.ThreadPoolExecutor(1)
        self.pool.max_pending = max_pending
        self.gate = threading.Event()

    def __enter__(self):
        self.running = self.pool.submit(self.gate.wait)
        until(self.running.running)
        return self.pool, self.gate

    def __exit__(self, *exception):
        self.gate.set()
        self.pool.shutdown()


def test_submit_many():
    with futures.ThreadPoolExecutor(2) as pool:
        squares = pool.submit_many(lambda n: n * n, range(100))
        assert [future.result() for future in squares] == [n * n for n in range(100)]
        assert pool.submit_many(int, []) == []
        failed, worked = pool.submit_many(int, iter(["warp", "3"]))
        assert isinstance(failed.exception(), ValueError) and worked.result() == 3
        assert futures.wait([failed, worked]).not_done == set()
    with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
        pool.submit_many(int, ["1"])


class Thing:
    """Something that can be referred to weakly."""


def test_what_is_refused_is_not_kept():
    things = [Thing(), Thing(), Thing()]
    gone = [weakref.ref(thing) for thing in things]
    with BusyPool(max_pending=1) as (pool, gate):
        pool.submit(int)
        assert pool.try_submit(id, things[0]) is None
        with pytest.raises(TimeoutError):
            pool.submit_timeout(0, id, things[1])
        pool.shutdown(wait=False)
        with pytest.raises(RuntimeError):
            pool.submit_many(id, things)
        del things
        gc.collect()
        assert [each() for each in gone] == [None, None, None]


def test_items_that_end_in_an_error_are_not_kept():
    thing = Thing()
    gone = weakref.ref(thing)

    def items(thing):
        yield thing
        raise KeyError("no more")

    with futures.ThreadPoolExecutor(1) as pool:
        for submit in pool.submit_many, pool.map:
            with pytest.raises(KeyError, match="no more"):
                submit(id, items(thing))
    del thing
    gc.collect()
    assert gone() is None


def test_a_bound(blocked):
    with BusyPool(max_pending=2) as (pool, gate):
        assert pool.max_pending == 2 and pool.pending() == (0, 1)
        first, second = pool.submit(int), pool.try_submit(int, "7")
        assert pool.pending() == futures.ThreadPoolExecutor.pending(pool) == (2, 1) and pool.pending().queued == 2
        assert pool.try_submit(int) is None
        for timeout in 0, -1, 0.001:
            with pytest.raises(TimeoutError):
                pool.submit_timeout(timeout, int)
        with pytest.raises(RuntimeError, match="max_pending cannot be set after the first task"):
            pool.max_pending = 3
        calls = [
            (lambda: pool.submit(int, "1")),
            (lambda: pool.submit_timeout(1000, int, "2")),
            (lambda: pool.submit_priority(9, int, "3")),
            (lambda: pool.submit_many(int, "4")[0]),
        ]
        waiting = [blocked(call) for call in calls]
        as_map = blocked(lambda: list(pool.map(int, "56")))
        gate.set()
        assert [wait().result() for wait in waiting] == [1, 2, 3, 4]
        assert as_map() == [5, 6] and first.result() == 0 and second.result() == 7


def test_a_task_is_not_held_back():
    with futures.ThreadPoolExecutor(1) as pool:
        pool.max_pending = 1
        inner = pool.submit(lambda: [pool.submit(int) for _ in range(5)]).result()
        assert [future.result() for future in inner] == [0] * 5


def test_priorities():
    order = []
    with BusyPool() as (pool, gate):
        pool.submit(order.append, "as usual")
        pool.submit_priority(-1, order.append, "when there is time")
        pool.submit_priority(5, order.append, "soon")
        pool.submit_priority(2**31 - 1, order.append, "at once")
        for priority in 2**31, -(2**31) - 1:
            with pytest.raises(OverflowError):
                pool.submit_priority(priority, int)
        with pytest.raises(TypeError):
            pool.submit_priority("high", int)
    assert order == ["at once", "soon", "as usual", "when there is time"]


def test_workers_changed():
    both = threading.Barrier(2)
    with futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(both.wait)
        pool.max_workers = 2
        assert pool.max_workers == 2
        assert sorted([pool.submit(both.wait).result(), first.result()]) == [0, 1]
        for refused in 0, -1:
            with pytest.raises(ValueError, match="max_workers must be greater than 0"):
                pool.max_workers = refused
        with pytest.raises(ValueError):
            futures.ThreadPoolExecutor().max_pending = -1
    assert futures.ThreadPoolExecutor(2**70).max_workers >= 2**60


def interrupt_a_submit(submit, before="", after=""):
    """What a program says in which Ctrl-C comes while a submit waits for room, and its exit code."""
    return Program(PIRN).interrupt(f"""
{before}
pool, gate = futures.ThreadPoolExecutor(1), threading.Event()
pool.max_pending = 1
running = pool.submit(gate.wait)
while not running.running(): pass
pool.submit(int)
print("waits", flush=True)
try:
    {submit}
except KeyboardInterrupt:
    print("interrupted")
gate.set()
{after}
""")


@pytest.mark.parametrize(
    "submit",
    [
        "pool.submit(int)",
        "pool.submit_timeout(1000, int)",
        "pool.submit_priority(1, int)",
        "pool.submit_many(int, '12')",
        "pool.map(int, '12')",
    ],
)
def test_ctrl_c_ends_the_wait_for_room(submit):
    assert interrupt_a_submit(submit) == ("interrupted\n", "", 0)


@pytest.mark.parametrize(
    "submit, function",
    [
        ("pool.submit_priority(1, int)", "executor_submit_priority"),
        ("pool.submit_many(int, '12')", "executor_submit_many"),
        ("pool.map(int, '12')", "executor_map"),
    ],
)
def test_what_ctrl_c_called_off_leaves_no_handles(submit, function):
    """What is accepted nevertheless is let go of."""
    before = f"""
import signal
from ctypes import byref, c_uint64
from pirn._library import INVALID_HANDLE, lib, quick

signal.alarm(600)

def watched(*args):
    status = submit(*args)
    given.extend(args[-1])
    accepted.set()
    return status

submit, given, accepted = lib.{function}, [], threading.Event()
lib.{function} = watched
"""
    after = """
accepted.wait()
while any(quick.object_id(handle, byref(c_uint64())) != INVALID_HANDLE for handle in given): pass
print(all(given), len(given))
"""
    out, err, code = interrupt_a_submit(submit, before, after)
    assert (out, err, code) == (f"interrupted\nTrue {2 if 'many' in function else 1}\n", "", 0)


@pytest.mark.parametrize(
    "submit, function",
    [
        (lambda pool: pool.submit_priority(1, int), "executor_submit_priority"),
        (lambda pool: pool.submit_many(int, "1"), "executor_submit_many"),
        (lambda pool: pool.map(int, "1"), "executor_map"),
        (lambda pool: pool.shutdown(), "executor_shutdown"),
    ],
)
def test_errors_where_another_thread_makes_the_call(submit, function, monkeypatch, capfd):
    """The main thread does not make calls itself that no signal ends."""
    lock = _library.new_handle(_library.quick.lock_new)

    def refused(*args):
        return _library.quick.lock_release(lock)

    def broken(*args):
        raise MemoryError("on purpose")

    with futures.ThreadPoolExecutor(1) as pool, monkeypatch.context() as patch:
        pool.max_pending = 1
        _library.quick.event_set(None)  # an error of this thread's own
        patch.setattr(_library.lib, function, refused)
        with pytest.raises(RuntimeError, match="pirn_lock_release.*PIRN_ERR_NOT_LOCKED"):
            submit(pool)
        patch.setattr(_library.lib, function, broken)
        with pytest.raises(MemoryError, match="on purpose"):
            submit(pool)
    _library.quick.lock_free(lock)
    assert capfd.readouterr() == ("", "")


def test_a_task_that_waits_for_itself_is_told():
    given = threading.Event()

    def task():
        given.wait()
        for wait in own.result, own.exception, lambda: futures.wait([own]), lambda: next(futures.as_completed([own])):
            with pytest.raises(RuntimeError, match="PIRN_ERR_DEADLOCK"):
                wait()
        return "told"

    with futures.ThreadPoolExecutor(1) as pool:
        own = pool.submit(task)
        given.set()
        assert own.result() == "told"
