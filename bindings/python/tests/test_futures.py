"""Futures, the pool, wait and as_completed, map."""

import asyncio
import concurrent.futures
import contextvars
import gc
import logging
import pickle
import re
import sys
import threading as stdlib_threading
import weakref

import pytest
from conftest import PIRN, STDLIB, same_error, until

import pirn


@pytest.fixture
def pool(futures):
    with futures.ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def gate(threading):
    """Tasks that call `wait` run until it is set."""
    gate = threading.Event()
    yield gate
    gate.set()


def test_results_and_exceptions(pool):
    future = pool.submit(pow, 2, exp=5)
    assert future.result() == 32 and future.exception() is None and future.result(0) == 32
    assert future.done() and not future.running() and not future.cancelled() and not future.cancel()
    assert re.fullmatch(r"<Future at 0x[0-9a-f]+ state=finished returned int>", repr(future))

    def fail():
        raise LookupError("in the task")

    failed = pool.submit(fail)
    with pytest.raises(LookupError, match="in the task") as caught:
        failed.result()
    assert caught.traceback[-1].name == "fail"
    assert failed.exception() is caught.value
    assert re.fullmatch(r"<Future at 0x[0-9a-f]+ state=finished raised LookupError>", repr(failed))
    assert pool.submit(lambda: None).result() is None


def test_an_object_comes_back_as_itself(pool):
    thing = object()
    assert pool.submit(lambda: thing).result() is thing


def test_even_an_exit_is_the_futures(pool):
    for kind in SystemExit, KeyboardInterrupt, GeneratorExit:

        def leave(kind=kind):
            raise kind("no")

        assert isinstance(pool.submit(leave).exception(), kind)
    assert pool.submit(int).result() == 0


def test_timeouts(pool, futures, gate):
    future = pool.submit(gate.wait)
    for attempt in future.result, future.exception:
        for timeout in 0, -1, 0.001:
            with pytest.raises(futures.TimeoutError):
                attempt(timeout)
        with pytest.raises(OverflowError):
            attempt(1e20)
    assert futures.TimeoutError is TimeoutError
    gate.set()
    assert future.result(1000) is True


def test_cancel(futures, gate):
    with futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(gate.wait)
        until(running.running)
        ran, called = [], []
        queued = pool.submit(ran.append, 1)
        queued.add_done_callback(called.append)
        assert "state=pending" in repr(queued) and "state=running" in repr(running)
        assert not running.cancel()
        assert queued.cancel() and queued.cancel() and queued.cancelled() and queued.done()
        assert "state=cancelled" in repr(queued)
        assert called == [queued]
        for attempt in queued.result, queued.exception:
            with pytest.raises(futures.CancelledError):
                attempt()
        gate.set()
        pool.submit(int).result()
        assert ran == []


def test_done_callbacks(pool, gate, caplog):
    called = []

    def fail(future):
        raise LookupError("in the callback")

    future = pool.submit(gate.wait)
    for number in range(3):
        future.add_done_callback(lambda f, number=number: called.append((number, f)))
        future.add_done_callback(fail)
    gate.set()
    future.result()
    until(lambda: len(called) == 3)
    assert called == [(0, future), (1, future), (2, future)]
    future.add_done_callback(lambda f: called.append((3, f, stdlib_threading.get_ident())))
    assert called[-1] == (3, future, stdlib_threading.get_ident())
    future.add_done_callback(fail)
    until(lambda: len(caplog.records) == 4)
    assert {record.name for record in caplog.records} == {"concurrent.futures"}
    assert caplog.records[0].getMessage().startswith("exception calling callback for <Future at")


def test_a_callback_may_do_anything(pool, gate):
    called = []

    def callback(future):
        called.append(future.result())
        future.add_done_callback(lambda f: called.append("inner"))

    future = pool.submit(gate.wait)
    future.add_done_callback(callback)
    gate.set()
    until(lambda: called == [True, "inner"])


def test_the_future_of_a_dropped_task_still_calls_back(pool, gate, threading):
    called = threading.Event()
    pool.submit(gate.wait).add_done_callback(lambda future: called.set())
    gc.collect()
    gate.set()
    assert called.wait()


def test_a_promise(futures, blocked):
    future = futures.Future()
    assert not future.done()
    waiter = blocked(future.result)
    assert future.set_running_or_notify_cancel() and future.running() and not future.cancel()
    future.set_result(42)
    assert waiter() == 42
    with pytest.raises(futures.InvalidStateError, match="FINISHED: <Future at"):
        future.set_result(43)
    with pytest.raises(futures.InvalidStateError):
        future.set_exception(ValueError())
    with pytest.raises(RuntimeError, match="Future in unexpected state"):
        future.set_running_or_notify_cancel()
    assert future.result() == 42


def test_a_broken_promise(futures):
    future, error = futures.Future(), ValueError("on purpose")
    future.set_exception(error)
    assert future.exception() is error
    with pytest.raises(ValueError, match="on purpose"):
        future.result()


def test_a_cancelled_promise(futures):
    future = futures.Future()
    assert future.cancel()
    assert futures.wait([future], 0).not_done == {future}
    assert not future.set_running_or_notify_cancel()
    assert futures.wait([future], 0).done == {future}
    with pytest.raises(futures.InvalidStateError):
        future.set_result(1)
    assert not list(future for future in [future] if not future.cancelled())


def test_an_abandoned_promise_goes(futures):
    class Seen:
        pass

    future, seen = futures.Future(), Seen()
    future.add_done_callback(lambda f, seen=seen: None)
    references = weakref.ref(future), weakref.ref(seen)
    del future, seen
    gc.collect()
    assert [reference() for reference in references] == [None, None]


def test_nothing_is_kept_after_it(pool):
    class Thing:
        pass

    thing = Thing()
    reference = weakref.ref(thing)
    future = pool.submit(lambda x: x, thing)
    del thing
    future.result()
    del future
    gc.collect()
    until(lambda: reference() is None)


def test_pool_arguments(futures):
    for workers in 0, -1:
        same_error(
            lambda workers=workers: futures.ThreadPoolExecutor(workers),
            ValueError,
            "max_workers must be greater than 0",
        )
    same_error(lambda: futures.ThreadPoolExecutor(initializer=1), TypeError, "initializer must be a callable")
    with pytest.raises(TypeError):
        futures.ThreadPoolExecutor(1).submit()
    with futures.ThreadPoolExecutor() as pool:
        assert pool._max_workers >= 5
        with pytest.raises((TypeError, pickle.PicklingError), match="(cannot|Can't) pickle"):
            pickle.dumps(pool)


@pytest.fixture(params=[STDLIB, PIRN] if sys.version_info >= (3, 14) else [PIRN])
def later(request):
    """The standard library from 3.14 on, pirn always."""
    return request.param


def test_map_with_a_buffer(later):
    asked = []

    def numbers():
        for n in range(6):
            asked.append(n)
            yield n

    with later.futures.ThreadPoolExecutor(2) as pool:
        results = pool.map(pow, numbers(), iter(range(6)), buffersize=2, timeout=1000)
        assert asked == [0, 1]
        assert next(results) == 1 and asked == [0, 1, 2]
        assert next(results) == 1 and asked == [0, 1, 2, 3]
        assert list(results) == [4, 27, 256, 3125]
        assert list(pool.map(int, [], buffersize=1)) == []
        for refused, kind in (0, ValueError), (1.5, TypeError):
            with pytest.raises(kind):
                pool.map(int, [], buffersize=refused)
        gate = later.threading.Event()
        results = pool.map(gate.wait, [1000], buffersize=1, timeout=0)
        with pytest.raises(TimeoutError):
            next(results)
        gate.set()


def test_a_buffered_map_that_times_out_cancels_what_has_not_started(later):
    ran = []
    with later.futures.ThreadPoolExecutor(1) as pool:
        gate = later.threading.Event()
        pool.submit(gate.wait)
        results = pool.map(ran.append, [1, 2], buffersize=1, timeout=0)
        with pytest.raises(TimeoutError):
            next(results)
        gate.set()
    assert ran == []


def test_contexts(later):
    mark = contextvars.ContextVar("mark", default="none")
    mark.set("the starter's")
    seen = []
    context = contextvars.copy_context()
    for given in None, context:
        thread = later.threading.Thread(target=lambda: (seen.append(mark.get()), mark.set("the thread's")), context=given)
        thread.start()
        thread.join()
    assert seen == ["the starter's" if getattr(sys.flags, "thread_inherit_context", False) else "none", "the starter's"]
    assert context[mark] == "the thread's" and mark.get() == "the starter's"


def test_names_of_workers(futures, threading):
    with futures.ThreadPoolExecutor(1, "spinner") as pool:
        assert pool.submit(lambda: threading.current_thread().name).result() == "spinner_0"
    with futures.ThreadPoolExecutor(1) as pool:
        name = pool.submit(lambda: threading.current_thread().name).result()
        assert re.fullmatch(r"ThreadPoolExecutor-\d+_0", name)


def test_one_worker_runs_in_order_and_is_used_again(futures, threading):
    with futures.ThreadPoolExecutor(4) as pool:
        threads = {pool.submit(threading.get_ident).result() for _ in range(20)}
    assert len(threads) == 1
    order = []
    with futures.ThreadPoolExecutor(1) as pool:
        for number in range(50):
            pool.submit(order.append, number)
    assert order == list(range(50))


def test_initializer_and_thread_local_data(futures, threading):
    local = threading.local()
    stdlib_local = stdlib_threading.local()

    def initialize(value):
        local.value = stdlib_local.value = value

    with futures.ThreadPoolExecutor(2, initializer=initialize, initargs=("set",)) as pool:
        seen = list(pool.map(lambda _: (local.value, stdlib_local.value), range(20)))
    assert set(seen) == {("set", "set")}


def test_a_failing_initializer_breaks_the_pool(futures, caplog):
    def fail():
        raise LookupError("in the initializer")

    with futures.ThreadPoolExecutor(1, initializer=fail) as pool:
        try:
            future = pool.submit(int)
        except futures.BrokenExecutor:
            future = None
        if future is not None:
            with pytest.raises(futures.BrokenExecutor):
                future.result()
            assert isinstance(future.exception(), futures.BrokenExecutor)
        with pytest.raises(futures.BrokenExecutor, match="A thread initializer failed, the thread pool is not usable"):
            pool.submit(int)
    assert [record.getMessage() for record in caplog.records] == ["Exception in initializer:"]
    assert caplog.records[0].exc_info[0] is LookupError


def test_initializers_go_with_their_pool(futures):
    class Argument:
        pass

    argument = Argument()
    reference = weakref.ref(argument)
    pool = futures.ThreadPoolExecutor(1, initializer=lambda x: None, initargs=(argument,))
    del argument
    pool.submit(int).result()
    pool.shutdown()
    del pool
    gc.collect()
    until(lambda: reference() is None)


def test_shutdown(futures, gate, blocked):
    pool = futures.ThreadPoolExecutor(1)
    running, queued = pool.submit(gate.wait), pool.submit(int)
    pool.shutdown(wait=False)
    same_error(lambda: pool.submit(int), RuntimeError, "cannot schedule new futures after shutdown")
    waiting = blocked(pool.shutdown)
    gate.set()
    assert waiting() is None
    assert running.result() is True and queued.result() == 0
    pool.shutdown()


def test_shutdown_cancels(futures, gate, blocked):
    pool = futures.ThreadPoolExecutor(1)
    running = pool.submit(gate.wait)
    until(running.running)
    queued = [pool.submit(int) for _ in range(3)]
    waiter = blocked(futures.wait, queued)
    pool.shutdown(wait=False, cancel_futures=True)
    assert all(future.cancelled() for future in queued)
    if futures is concurrent.futures:
        return_early = [future.set_running_or_notify_cancel() for future in queued]  # which Python leaves undone
        assert return_early == [False] * 3
    assert waiter().done == set(queued)
    gate.set()
    pool.shutdown()
    assert running.result() is True


def test_shutdown_from_its_own_worker(futures):
    with futures.ThreadPoolExecutor(1) as pool:
        error = pool.submit(pool.shutdown).exception()
    assert isinstance(error, RuntimeError) and str(error) == "cannot join current thread"


def test_a_dropped_pool_finishes(futures):
    done = []
    pool = futures.ThreadPoolExecutor(1)
    future = pool.submit(done.append, 1)
    del pool
    gc.collect()
    future.result()
    assert done == [1]


def test_tasks_submit_tasks(pool, futures):
    inner = pool.submit(lambda: pool.submit(lambda: 5)).result()
    assert inner.result() == 5


def test_map(pool, gate):
    assert list(pool.map(pow, range(5), [2] * 4)) == [0, 1, 4, 9]
    assert list(pool.map(int, [])) == []
    assert list(pool.map(str, range(30), chunksize=7)) == [str(i) for i in range(30)]
    ran = []
    results = pool.map(ran.append, [1, 2])
    until(lambda: sorted(ran) == [1, 2])  # without anyone asking
    assert list(results) == [None, None]


def test_map_errors(pool):
    results = pool.map(lambda x: 1 // x, [1, 0, 1])
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError) as caught:
        next(results)
    assert caught.traceback[-1].name == "<lambda>"
    with pytest.raises(StopIteration):
        next(results)


def test_map_timeout(pool, futures, gate):
    for timeout in 0, 0.001, -1:
        results = pool.map(lambda _: gate.wait(), [1], timeout=timeout)
        with pytest.raises(futures.TimeoutError):
            next(results)
        with pytest.raises(StopIteration):
            next(results)


def test_closing_a_map_cancels(futures, gate):
    with futures.ThreadPoolExecutor(1) as pool:
        ran = []
        results = pool.map(lambda x: ran.append(x) if x else gate.wait(), [0, 1, 2, 3])
        busy = pool.map(abs, [-1])
        gate.set()
        assert next(results) is True
        results.close()
        assert list(busy) == [1]
    assert len(ran) <= 3


def test_wait(pool, futures, gate):
    running, done = pool.submit(gate.wait), pool.submit(int)
    first = futures.wait([running, done], return_when=futures.FIRST_COMPLETED)
    assert first.done == {done} and first.not_done == {running}
    done_set, not_done = futures.wait({running, done}, timeout=0)
    assert (done_set, not_done) == ({done}, {running})
    with pytest.raises(ValueError, match="Invalid return condition: 'never'"):
        futures.wait([running], return_when="never")
    failed = pool.submit(lambda: 1 // 0)
    assert failed in futures.wait([running, failed], return_when=futures.FIRST_EXCEPTION).done
    gate.set()
    assert futures.wait(iter([running, done, done])).done == {running, done}
    assert futures.wait([]) == (set(), set())


def test_as_completed(pool, futures, gate):
    running, done = pool.submit(gate.wait), pool.submit(int)
    done.result()
    iterator = futures.as_completed([running, done, done])
    assert next(iterator) is done
    gate.set()
    assert next(iterator) is running
    with pytest.raises(StopIteration):
        next(iterator)
    assert list(futures.as_completed([])) == []


def test_as_completed_timeout(pool, futures, gate):
    running, done = pool.submit(gate.wait), pool.submit(int)
    done.result()
    seen = []
    with pytest.raises(futures.TimeoutError, match=re.escape("1 (of 2) futures unfinished")):
        for future in futures.as_completed([running, done], timeout=0.001):
            seen.append(future)
    assert seen == [done]


def test_as_completed_keeps_nothing_that_it_gave(pool, futures):
    fs = [pool.submit(object) for _ in range(3)]
    futures.wait(fs)
    references = [weakref.ref(future) for future in fs]
    iterator = futures.as_completed(fs)
    del fs
    for left in 2, 1, 0:
        future = next(iterator)
        del future
        gc.collect()
        assert sum(reference() is not None for reference in references) == left


def test_a_pool_of_many(futures):
    with futures.ThreadPoolExecutor(4) as pool:
        fs = [pool.submit(lambda n=n: n * n) for n in range(500)]
        assert sum(future.result() for future in futures.as_completed(fs)) == sum(n * n for n in range(500))


def test_asyncio(futures):
    async def main():
        loop = asyncio.get_running_loop()
        with futures.ThreadPoolExecutor(2) as pool:
            results = await asyncio.gather(*(loop.run_in_executor(pool, pow, n, 2) for n in range(10)))
            with pytest.raises(ZeroDivisionError):
                await loop.run_in_executor(pool, lambda: 1 // 0)
            return results

    assert asyncio.run(main()) == [n * n for n in range(10)]


def test_context_variables(futures, threading):
    variable, seen = contextvars.ContextVar("variable", default="unset"), []
    variable.set("main")

    def task():
        before = variable.get()
        variable.set("worker")
        return before

    with futures.ThreadPoolExecutor(1) as pool:
        first, second = pool.submit(task).result(), pool.submit(task).result()
        assert second == "worker"  # a worker has one context
        thread = threading.Thread(target=lambda: seen.append(variable.get()))
        thread.start()
        thread.join()
        assert seen == [first]  # inherited or not, as this Python does it
    assert variable.get() == "main"


# pirn's own


def test_a_task_that_waits_for_its_own_pool():
    """Where the standard library's pool would stand still."""
    with pirn.futures.ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: pool.submit(lambda: pool.submit(int).result() + 1).result() + 1).result() == 2


def test_futures_of_the_standard_library_are_refused():
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        for call in pirn.futures.wait, lambda fs: next(pirn.futures.as_completed(fs)):
            with pytest.raises(TypeError, match="not a future of pirn"):
                call([pool.submit(int)])


def test_workers_are_known_to_logging(caplog):
    with pirn.futures.ThreadPoolExecutor(1, "spinner") as pool:
        pool.submit(logging.getLogger("test").warning, "said").result()
    assert caplog.records[0].threadName == "spinner_0"


def test_nothing_is_kept_of_tasks_that_never_run():
    gc.collect()
    before = len(pirn._kept._things)
    gate = pirn.threading.Event()
    pool = pirn.futures.ThreadPoolExecutor(1)
    running = pool.submit(gate.wait)
    until(running.running)
    pool.submit(int).cancel()
    results = pool.map(int, range(5))
    del results
    futures = [pool.submit(int) for _ in range(5)]
    pool.shutdown(wait=False, cancel_futures=True)
    gate.set()
    pool.shutdown()
    gate.clear()
    broken = pirn.futures.ThreadPoolExecutor(1, initializer=lambda: (gate.wait(), 1 // 0))
    with pytest.raises(pirn.futures.BrokenExecutor):
        futures.append(broken.submit(int))
        gate.set()
        futures[-1].result()
    broken.shutdown()
    for _ in range(3):
        with pytest.raises(RuntimeError):
            broken.submit(int)
    del pool, broken
    gc.collect()
    until(lambda: len(pirn._kept._things) <= before)


def test_workers_leave_nothing_behind(futures):
    """Neither their thread-local data nor an entry in `threading`."""

    class Value:
        pass

    local, references = stdlib_threading.local(), []

    def task(_):
        local.value = Value()
        references.append(weakref.ref(local.value))

    before = stdlib_threading.enumerate()
    with futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(task, range(10)))
    assert set(stdlib_threading.enumerate()) <= set(before)
    gc.collect()
    assert {reference() for reference in references} == {None}
