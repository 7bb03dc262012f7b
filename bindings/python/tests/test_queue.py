"""Queues: what CPython's own tests (test_cpython.py) leave out."""

import gc
import pickle
import weakref

import pytest
from conftest import PIRN, same_error

KINDS = ["Queue", "LifoQueue", "PriorityQueue", "SimpleQueue"]


@pytest.fixture(params=KINDS)
def make(request, queue):
    return getattr(queue, request.param)


@pytest.fixture(params=KINDS[:3])
def make_bounded(request, queue):
    return getattr(queue, request.param)


def test_a_huge_maxsize(queue):
    q = queue.Queue(2**64 + 1)
    q.maxsize = 2**64 + 1
    q.put_nowait(1)
    q.put_nowait(2)
    assert q.qsize() == 2 and not q.full()


def test_order(queue):
    def order(q, items):
        for item in items:
            q.put(item)
        return [q.get() for _ in items]

    assert order(queue.Queue(), [2, 3, 1]) == [2, 3, 1]
    assert order(queue.SimpleQueue(), [2, 3, 1]) == [2, 3, 1]
    assert order(queue.LifoQueue(), [2, 3, 1]) == [1, 3, 2]
    assert order(queue.PriorityQueue(), [2, 3, 1]) == [1, 2, 3]


def test_empty(make, queue):
    q = make()
    assert q.empty() and q.qsize() == 0
    for attempt in q.get_nowait, lambda: q.get(False), lambda: q.get(timeout=0), lambda: q.get(True, 0.001):
        with pytest.raises(queue.Empty):
            attempt()
    for item in None, ():
        q.put(item)
        assert q.qsize() == 1 and not q.empty()
        assert q.get() is item


def test_full(make_bounded, queue):
    q = make_bounded(2)
    q.put(1)
    assert not q.full()
    q.put(2)
    assert q.full() and q.qsize() == 2
    for attempt in (
        lambda: q.put_nowait(3),
        lambda: q.put(3, False),
        lambda: q.put(3, timeout=0),
        lambda: q.put(3, True, 0.001),
    ):
        with pytest.raises(queue.Full):
            attempt()
    assert q.qsize() == 2


def test_arguments(make, queue):
    q = make()
    same_error(lambda: q.get(timeout=-1), ValueError, "'timeout' must be a non-negative number")
    with pytest.raises(OverflowError):
        q.get(timeout=1e20)
    with pytest.raises(TypeError):
        q.get(timeout="1")
    # As in Python: a limit means nothing where nothing is waited for.
    with pytest.raises(queue.Empty):
        q.get(False, -1)


def test_bounds_of_any_kind(make_bounded):
    for maxsize in 0, -1, -(10**9):
        q = make_bounded(maxsize)
        assert q.maxsize == maxsize and not q.full()
        for item in range(100):
            q.put(item, False)


def test_task_done_and_join(make_bounded, blocked):
    q = make_bounded()
    same_error(q.task_done, ValueError, "task_done() called too many times")
    q.join()
    for item in 1, 2:
        q.put(item)
    assert q.unfinished_tasks == 2
    joined = blocked(q.join)
    q.get()
    q.task_done()
    assert joined.thread.is_alive()
    q.task_done()  # the item need not have been taken out
    assert joined() is None
    q.join()


def test_blocked_getters_are_served_in_turn(queue, blocked):
    q = queue.Queue()
    getters = [blocked(q.get) for _ in range(3)]
    for item in "abc":
        q.put(item)
    assert sorted(getter() for getter in getters) == ["a", "b", "c"]


def test_a_blocked_putter_is_let_in(make_bounded, blocked):
    q = make_bounded(1)
    q.put(1)
    putter = blocked(q.put, 2)
    q.get()
    assert putter() is None
    assert q.get() == 2


def test_maxsize_may_change(make_bounded):
    q = make_bounded(1)
    q.put(1)
    q.maxsize = 2
    q.put(2, False)
    assert q.full() and q.maxsize == 2


def test_items_go_with_their_queue(make):
    class Item:
        def __lt__(self, other):
            return False

    q, item = make(), Item()
    q.put(item)
    reference = weakref.ref(item)
    item.queue = q  # a cycle
    del q, item
    gc.collect()
    assert reference() is None


def test_what_is_taken_out_is_not_kept(make):
    class Item:
        def __lt__(self, other):
            return False

    q, item = make(), Item()
    reference = weakref.ref(item)
    q.put(item)
    del item
    q.get()
    assert reference() is None


def test_cannot_be_pickled_and_takes_a_parameter(make):
    with pytest.raises(TypeError, match="cannot pickle"):
        pickle.dumps(make())
    assert make[int].__origin__ is make


def test_priorities_are_compared_by_less_than_alone(queue):
    class Item:
        def __init__(self, key):
            self.key = key

        def __lt__(self, other):
            return self.key < other.key

    q = queue.PriorityQueue()
    for key in 3, 1, 2, 1:
        q.put(Item(key))
    assert [q.get().key for _ in range(4)] == [1, 1, 2, 3]


def test_priorities_that_cannot_be_compared(queue):
    q = queue.PriorityQueue()
    q.put((1, "text"))
    with pytest.raises(TypeError, match="not supported between instances"):
        q.put((1, 2))


def test_an_exception_in_a_comparison_comes_through(queue):
    class Item:
        def __lt__(self, other):
            raise LookupError("in __lt__")

    q = queue.PriorityQueue()
    q.put(Item())
    with pytest.raises(LookupError, match="in __lt__") as caught:
        q.put(Item())
    assert caught.traceback[-1].name == "__lt__"


@pytest.fixture
def shutdown_queue(queue):
    if not hasattr(queue, "ShutDown"):
        queue = PIRN.queue  # younger than this Python: pirn's alone
    return queue


def test_shutdown_lets_what_is_left_be_taken(shutdown_queue, blocked):
    q = shutdown_queue.Queue(1)
    getter = blocked(q.get)
    q.put(1)
    assert getter() == 1
    q.put(2)
    putter = blocked(q.put, 3)
    q.shutdown()
    q.shutdown()
    assert isinstance(putter(), shutdown_queue.ShutDown)
    with pytest.raises(shutdown_queue.ShutDown):
        q.put(4)
    assert q.get() == 2
    with pytest.raises(shutdown_queue.ShutDown):
        q.get()
    with pytest.raises(shutdown_queue.ShutDown):
        q.get(False)


def test_immediate_shutdown_drains(shutdown_queue, blocked):
    class Item:
        pass

    q, item = shutdown_queue.Queue(), Item()
    reference = weakref.ref(item)
    q.put(item)
    del item
    joined = blocked(q.join)
    q.shutdown(immediate=True)
    assert joined() is None
    assert q.qsize() == 0 and reference() is None
    with pytest.raises(shutdown_queue.ShutDown):
        q.get()


def test_producers_and_consumers(threading, queue):
    q, taken, lock = queue.Queue(3), [], threading.Lock()

    def produce(start):
        for item in range(start, start + 200):
            q.put(item)

    def consume():
        while (item := q.get()) is not None:
            with lock:
                taken.append(item)
            q.task_done()

    consumers = [threading.Thread(target=consume) for _ in range(3)]
    producers = [threading.Thread(target=produce, args=(i * 200,)) for i in range(3)]
    for thread in producers + consumers:
        thread.start()
    for thread in producers:
        thread.join()
    q.join()
    for _ in consumers:
        q.put(None)
    for thread in consumers:
        thread.join()
    assert sorted(taken) == list(range(600))
