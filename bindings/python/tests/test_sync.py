"""Locks, conditions, semaphores, events, barriers: what CPython's own tests (test_cpython.py) leave out."""

import copy
import gc
import pickle
import re
import sys
import weakref

import pytest
from conftest import same_error, until

HUGE = 2**64 + 1
"""More than C counts: cut down to 64 bits it would be 1."""


def test_huge_counts(threading):
    for kind in threading.Semaphore, threading.BoundedSemaphore:
        semaphore = kind(HUGE)
        assert semaphore.acquire(False) and semaphore.acquire(False)
        semaphore.release()
    condition = threading.Condition()
    with condition:
        condition.notify(HUGE)
    assert threading.Barrier(HUGE).parties > 2**60
    with pytest.raises(OverflowError):
        threading.stack_size(HUGE)
    with pytest.raises(TypeError):
        threading.stack_size("1")
    assert threading.stack_size() == 0


EVERYTHING = {
    "Lock": lambda t: t.Lock(),
    "RLock": lambda t: t.RLock(),
    "Condition": lambda t: t.Condition(),
    "Semaphore": lambda t: t.Semaphore(),
    "BoundedSemaphore": lambda t: t.BoundedSemaphore(),
    "Event": lambda t: t.Event(),
    "Barrier": lambda t: t.Barrier(1),
    "Thread": lambda t: t.Thread(),
}


@pytest.fixture(params=list(EVERYTHING))
def thing(request, threading):
    return EVERYTHING[request.param](threading)


def test_nothing_can_be_pickled_or_copied(thing):
    for attempt in pickle.dumps, copy.deepcopy:
        with pytest.raises(TypeError, match="cannot pickle"):
            attempt(thing)


def test_everything_can_be_weakly_referenced(request, thing, threading):
    name = request.node.callspec.params["thing"]
    thing = EVERYTHING[name](threading)
    if name == "Thread":
        return  # the standard library keeps those that were not started
    reference = weakref.ref(thing)
    del thing
    gc.collect()
    assert reference() is None


LOCKS = ["Lock", "RLock", "Condition"]


@pytest.fixture(params=LOCKS)
def lock(request, threading):
    return getattr(threading, request.param)()


def test_arguments_of_acquire(lock):
    for locked in False, True:
        if locked:
            lock.acquire()
        same_error(lambda: lock.acquire(False, 1), ValueError, "can't specify a timeout for a non-blocking call")
        with pytest.raises(ValueError):
            lock.acquire(timeout=-2)
        with pytest.raises(ValueError):
            lock.acquire(timeout=float("nan"))
        with pytest.raises(OverflowError):
            lock.acquire(timeout=float("inf"))
        with pytest.raises(OverflowError):
            lock.acquire(timeout=1e20)
        with pytest.raises(TypeError):
            lock.acquire(timeout="1")
        with pytest.raises(TypeError):
            lock.acquire(timeout=None)
    lock.release()


def test_largest_timeout(lock, threading):
    assert lock.acquire(timeout=threading.TIMEOUT_MAX)
    assert threading.TIMEOUT_MAX == 9223372036.0
    with pytest.raises(OverflowError):
        lock.acquire(timeout=threading.TIMEOUT_MAX + 10)
    lock.release()


def test_release_without_acquire(threading):
    same_error(threading.Lock().release, RuntimeError, "release unlocked lock")
    same_error(threading.RLock().release, RuntimeError, "cannot release un-acquired lock")
    same_error(threading.Condition().release, RuntimeError, "cannot release un-acquired lock")


def test_a_lock_is_released_by_any_thread(threading):
    lock = threading.Lock()
    lock.acquire()
    threading_thread = threading.Thread(target=lock.release)
    threading_thread.start()
    threading_thread.join()
    assert not lock.locked()


def test_an_rlock_is_released_by_its_owner_alone(threading, blocked):
    lock = threading.RLock()
    lock.acquire()
    caught = []

    def release():
        try:
            lock.release()
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=release)
    thread.start()
    thread.join()
    assert str(caught[0]) == "cannot release un-acquired lock"
    lock.release()


def test_with_blocks_release_on_the_way_out(lock, threading):
    with pytest.raises(KeyError), lock as entered:
        assert entered is True
        raise KeyError
    assert lock.acquire(False)
    lock.release()
    with threading.Semaphore() as entered:
        assert entered is True


def test_a_lock_handed_to_a_blocked_thread(threading, blocked):
    lock = threading.Lock()
    lock.acquire()
    waiter = blocked(lock.acquire)
    lock.release()
    assert waiter() is True
    assert lock.locked()


def test_reprs_tell_the_state(threading):
    lock = threading.Lock()
    assert repr(lock).startswith("<unlocked ")
    lock.acquire()
    assert repr(lock).startswith("<locked ")
    rlock = threading.RLock()
    with rlock, rlock:
        assert "count=2" in repr(rlock) and f"owner={threading.get_ident()}" in repr(rlock)
    assert "count=0" in repr(rlock) and "owner=0" in repr(rlock)
    assert "unset" in repr(threading.Event())
    assert repr(threading.Condition(lock)).startswith("<Condition(<locked ")


def shown(rlock):
    """The state, owner and count in its repr."""
    return re.fullmatch(r"<(\w+) _?\w+\.RLock object owner=(\d+) count=(\d+) at 0x[0-9a-f]+>", repr(rlock)).groups()


def test_an_rlock_shows_its_owner_to_other_threads(threading, blocked):
    rlock, first, halfway, second = threading.RLock(), threading.Event(), threading.Event(), threading.Event()

    def hold():
        with rlock:
            with rlock:
                first.wait()
            halfway.set()
            second.wait()

    assert shown(rlock) == ("unlocked", "0", "0")
    holding = blocked(hold)
    ident = str(holding.thread.ident)
    assert shown(rlock) == ("locked", ident, "2")
    first.set()
    halfway.wait()
    with pytest.raises(RuntimeError):
        rlock.release()
    assert shown(rlock) == ("locked", ident, "1")
    second.set()
    holding()
    assert shown(rlock) == ("unlocked", "0", "0")
    with rlock:
        assert shown(rlock) == ("locked", str(threading.get_ident()), "1")


def test_an_rlock_shows_its_owner_after_a_wait(threading, blocked):
    rlock, seen = threading.RLock(), []
    condition = threading.Condition(rlock)

    def hold():
        with rlock, rlock:
            condition.wait()
            seen.append(shown(rlock))
            condition.wait_for(lambda: seen.append(shown(rlock)) or len(seen) == 4)
            seen.append(shown(rlock))

    holding = blocked(hold)
    assert shown(rlock) == ("unlocked", "0", "0")
    for told in 2, 3, 5:
        with rlock, rlock, rlock:
            assert shown(rlock) == ("locked", str(threading.get_ident()), "3")
            condition.notify()
        until(lambda: len(seen) == told)
    holding()
    assert seen == [("locked", str(holding.thread.ident), "2")] * 5
    assert shown(rlock) == ("unlocked", "0", "0")


def test_condition_notify_of_zero_or_less_still_needs_the_lock(threading):
    condition = threading.Condition()
    for call in condition.notify, condition.notify_all, lambda: condition.notify(0):
        same_error(call, RuntimeError, "cannot notify on un-acquired lock")
    same_error(condition.wait, RuntimeError, "cannot wait on un-acquired lock")
    same_error(lambda: condition.wait_for(lambda: False), RuntimeError, "cannot wait on un-acquired lock")
    assert condition.wait_for(lambda: 5) == 5
    with condition:
        condition.notify(0)
        condition.notify(-1)


def test_condition_wait_with_odd_timeouts(threading):
    with threading.Condition() as _:
        pass
    condition = threading.Condition()
    with condition:
        assert condition.wait(-1) is False
        assert condition.wait(0) is False
        if sys.version_info >= (3, 14):
            for wait in condition.wait, lambda timeout: condition.wait_for(lambda: False, timeout):
                same_error(lambda wait=wait: wait(float("nan")), ValueError, "Invalid value NaN (not a number)")
        else:
            assert condition.wait(float("nan")) is False
        with pytest.raises(OverflowError):
            condition.wait(1e20)
        assert condition.wait_for(lambda: 0, timeout=-1) == 0


def test_condition_wait_gives_back_every_level(threading, blocked):
    condition = threading.Condition()

    def wait():
        with condition, condition, condition:
            result = condition.wait()
            assert condition._is_owned()
            return result

    waiter = blocked(wait)
    with condition:
        condition.notify()
    assert waiter() is True
    assert condition.acquire(False)
    condition.release()


def test_condition_wakes_in_the_order_of_the_waits(threading, blocked):
    condition, order = threading.Condition(), []

    def wait(number):
        with condition:
            condition.wait()
            order.append(number)

    waiters = [blocked(wait, number) for number in range(4)]
    for number in range(4):
        with condition:
            condition.notify()
        waiters[number]()
    assert order == [0, 1, 2, 3]


def test_a_predicates_exception_comes_through(threading):
    condition = threading.Condition()

    def predicate():
        raise LookupError("in the predicate")

    with condition:
        with pytest.raises(LookupError, match="in the predicate") as caught:
            condition.wait_for(predicate)
        assert caught.traceback[-1].name == "predicate"
        assert condition._is_owned()
        with pytest.raises(SystemExit):
            condition.wait_for(lambda: exit(3))


def test_a_predicate_may_use_its_condition(threading, blocked):
    condition, state = threading.Condition(), []

    def wait():
        with condition:
            return condition.wait_for(lambda: (condition.notify_all(), state)[1])

    waiter = blocked(wait)
    with condition:
        state.append("there")
        condition.notify_all()
    assert waiter() == ["there"]


def test_conditions_share_a_lock(threading, blocked):
    lock = threading.Lock()
    full, empty = threading.Condition(lock), threading.Condition(lock)

    def wait(condition):
        with lock:
            return condition.wait()

    waiters = blocked(wait, full), blocked(wait, empty)
    with lock:
        full.notify()
    assert waiters[0]()
    assert waiters[1].thread.is_alive()
    with empty:
        empty.notify()
    assert waiters[1]()


def test_semaphore_arguments(threading):
    same_error(lambda: threading.Semaphore(-1), ValueError, "semaphore initial value must be >= 0")
    semaphore = threading.Semaphore(0)
    same_error(lambda: semaphore.acquire(False, 1), ValueError, "can't specify timeout for non-blocking acquire")
    same_error(lambda: semaphore.release(0), ValueError, "n must be one or more")
    assert semaphore.acquire(timeout=-5) is False
    semaphore.release(2)
    assert semaphore.acquire(timeout=0) is True and semaphore.acquire(False) is True
    assert semaphore.acquire(False) is False


def test_a_bounded_semaphore_refuses_all_or_nothing(threading):
    semaphore = threading.BoundedSemaphore(2)
    semaphore.acquire()
    same_error(lambda: semaphore.release(2), ValueError, "Semaphore released too many times")
    semaphore.release()
    same_error(semaphore.release, ValueError, "Semaphore released too many times")
    same_error(threading.BoundedSemaphore(0).release, ValueError, "Semaphore released too many times")
    assert repr(semaphore).endswith("value=2/2>")


def test_release_n_wakes_n(threading, blocked):
    semaphore = threading.Semaphore(0)
    waiters = [blocked(semaphore.acquire) for _ in range(3)]
    semaphore.release(3)
    assert [waiter() for waiter in waiters] == [True, True, True]
    assert not semaphore.acquire(False)


def test_an_event_set_and_cleared_at_once_still_wakes(threading, blocked):
    event = threading.Event()
    waiters = [blocked(event.wait) for _ in range(3)]
    event.set()
    event.clear()
    assert [waiter() for waiter in waiters] == [True, True, True]
    assert event.wait(0) is False and event.wait(-1) is False
    event.set()
    assert event.wait(-1) is True


def test_barrier_gives_each_thread_an_index(threading, blocked):
    ran = []
    barrier = threading.Barrier(3, action=lambda: ran.append(threading.current_thread()))
    waiters = [blocked(barrier.wait) for _ in range(2)]
    assert barrier.n_waiting == 2 and barrier.parties == 3 and not barrier.broken
    assert barrier.wait() == 2
    assert sorted(waiter() for waiter in waiters) == [0, 1]
    assert ran == [threading.current_thread()]
    assert barrier.n_waiting == 0


def test_a_failing_action_breaks_the_barrier(threading, blocked):
    def action():
        raise LookupError("in the action")

    barrier = threading.Barrier(2, action)
    waiter = blocked(barrier.wait)
    with pytest.raises(LookupError, match="in the action") as caught:
        barrier.wait()
    assert caught.traceback[-1].name == "action"
    assert isinstance(waiter(), threading.BrokenBarrierError)
    assert barrier.broken
    with pytest.raises(threading.BrokenBarrierError):
        barrier.wait()
    barrier.reset()
    assert not barrier.broken


def test_barrier_timeouts(threading, blocked):
    barrier = threading.Barrier(2, timeout=0.01)
    with pytest.raises(threading.BrokenBarrierError):
        barrier.wait()
    barrier.reset()
    waiter = blocked(barrier.wait, 1000)  # overrides the default
    with pytest.raises(threading.BrokenBarrierError):
        barrier.abort()
        barrier.wait()
    assert isinstance(waiter(), threading.BrokenBarrierError)
    for timeout in 0, -1:
        barrier.reset()
        with pytest.raises(threading.BrokenBarrierError):
            barrier.wait(timeout)


def test_old_names_warn(threading):
    with pytest.deprecated_call():
        assert threading.Event().isSet() is False
    condition = threading.Condition()
    with condition, pytest.deprecated_call():
        condition.notifyAll()
    with pytest.deprecated_call():
        assert threading.currentThread() is threading.current_thread()
    with pytest.deprecated_call():
        until(lambda: threading.activeCount() == threading.active_count())


def test_many_threads_count(threading):
    """Mutual exclusion, with the GIL let go of inside."""
    lock, semaphore, total = threading.Lock(), threading.BoundedSemaphore(1), [0, 0]

    def count():
        for _ in range(200):
            with lock:
                seen = total[0]
                until(lambda: True)
                total[0] = seen + 1
            with semaphore:
                total[1] += 1

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert total == [800, 800]
