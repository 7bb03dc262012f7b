"""Threads: their life, their names, their exceptions."""

import gc
import logging
import re
import sys
import threading as stdlib
import weakref

import pytest
from conftest import same_error, until

import pirn


def run_thread(threading, target, **kwargs):
    thread = threading.Thread(target=target, **kwargs)
    thread.start()
    thread.join()
    return thread


def test_a_life(threading):
    seen = []
    thread = threading.Thread(target=lambda *a, **k: seen.append((a, k)), args=(1, 2), kwargs={"c": 3})
    assert not thread.is_alive() and thread.ident is None and thread.native_id is None
    assert re.fullmatch(r"<Thread\(Thread-\d+ \(<lambda>\), initial\)>", repr(thread))
    thread.start()
    thread.join()
    assert seen == [((1, 2), {"c": 3})]
    assert not thread.is_alive() and thread.ident and thread.native_id
    assert re.fullmatch(r"<Thread\(Thread-\d+ \(<lambda>\), stopped \d+\)>", repr(thread))
    thread.join()
    thread.join(0)


def test_what_a_running_thread_sees(threading):
    seen, go = {}, threading.Event()

    def target():
        thread = threading.current_thread()
        seen.update(
            current=thread,
            ident=threading.get_ident(),
            native_id=threading.get_native_id(),
            alive=thread.is_alive(),
            enumerated=thread in threading.enumerate(),
            repr=repr(thread),
        )
        go.wait()

    thread = threading.Thread(target=target, name="weaver")
    thread.start()
    until(lambda: "repr" in seen)
    assert thread.is_alive() and thread in threading.enumerate()
    go.set()
    thread.join()
    assert thread not in threading.enumerate()
    assert seen == {
        "current": thread,
        "ident": thread.ident,
        "native_id": thread.native_id,
        "alive": True,
        "enumerated": True,
        "repr": f"<Thread(weaver, started {thread.ident})>",
    }


def test_errors(threading):
    thread = threading.Thread()
    same_error(thread.join, RuntimeError, "cannot join thread before it is started")
    thread.start()
    same_error(thread.start, RuntimeError, "threads can only be started once")
    thread.join()
    same_error(thread.start, RuntimeError, "threads can only be started once")
    same_error(threading.current_thread().join, RuntimeError, "cannot join current thread")
    with pytest.raises(AssertionError, match="group argument must be None for now"):
        threading.Thread(group=1)
    with pytest.raises(TypeError):
        threading.Thread(None, print, "name", (), {}, True)


def test_a_subclass(threading):
    class Worker(threading.Thread):
        def __init__(self, number):
            super().__init__(name=f"worker {number}")
            self.number = number

        def run(self):
            self.result = self.number**2, threading.current_thread() is self

    workers = [Worker(number) for number in range(5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.result for worker in workers] == [(number**2, True) for number in range(5)]


def test_a_subclass_that_forgets_its_constructor(threading):
    class Forgetful(threading.Thread):
        def __init__(self):
            pass

    thread = Forgetful()
    same_error(thread.start, RuntimeError, "thread.__init__() not called")
    same_error(thread.join, RuntimeError, "Thread.__init__() not called")
    with pytest.raises((AssertionError, RuntimeError)):
        thread.is_alive()


def test_join_from_itself(threading):
    caught = []

    def target():
        try:
            threading.current_thread().join()
        except RuntimeError as error:
            caught.append(str(error))

    run_thread(threading, target)
    assert caught == ["cannot join current thread"]


def test_join_with_a_limit(threading):
    go = threading.Event()
    thread = threading.Thread(target=go.wait)
    thread.start()
    for timeout in 0, 0.001, -1:
        assert thread.join(timeout) is None
        assert thread.is_alive()
    with pytest.raises(OverflowError):
        thread.join(1e20)
    go.set()
    thread.join()


def test_names(threading):
    def named():
        pass

    assert re.fullmatch(r"Thread-\d+ \(named\)", threading.Thread(target=named).name)
    assert re.fullmatch(r"Thread-\d+", threading.Thread().name)
    assert threading.Thread(name=5).name == "5"
    for none in "", 0:
        assert re.fullmatch(r"Thread-\d+ \(named\)", threading.Thread(target=named, name=none).name)
    thread = threading.Thread(name="a" * 500)
    assert thread.name == "a" * 500
    thread.name = "Fädchen"
    assert thread.name == "Fädchen"
    with pytest.deprecated_call():
        thread.setName("n")
    with pytest.deprecated_call():
        assert thread.getName() == "n"


def test_daemon(threading):
    thread = threading.Thread()
    assert thread.daemon is False
    thread.daemon = True
    assert thread.daemon is True and threading.Thread(daemon=True).daemon is True
    with pytest.deprecated_call():
        assert thread.isDaemon() is True
    with pytest.deprecated_call():
        thread.setDaemon(False)
    inherited = []
    parent = run_thread(threading, lambda: inherited.append(threading.Thread().daemon), daemon=True)
    run_thread(threading, lambda: inherited.append(threading.Thread().daemon))
    assert inherited == [True, False]
    with pytest.raises(RuntimeError, match="cannot set daemon status of active thread"):
        go = threading.Event()
        running = threading.Thread(target=go.wait)
        running.start()
        try:
            running.daemon = True
        finally:
            go.set()
            running.join()
    assert parent.daemon


def test_the_main_thread(threading):
    main = threading.main_thread()
    assert main is threading.main_thread() is threading.current_thread()
    assert main.name == "MainThread" and main.is_alive() and not main.daemon
    assert main.ident == threading.get_ident()
    assert main in threading.enumerate()
    until(lambda: threading.active_count() == len(threading.enumerate()))  # others of before may be on their way out
    assert repr(main) == f"<_MainThread(MainThread, started {main.ident})>"
    same_error(main.join, RuntimeError, "cannot join current thread")


def test_a_foreign_thread(threading, family):
    """One that the library did not start gets a dummy."""
    foreign = stdlib.Thread if family.threading is pirn.threading else pirn.threading.Thread
    seen = []

    def target():
        own = threading.current_thread()
        seen.append((own.name.startswith("Dummy-") or own.name == "alien", own.daemon, own.is_alive()))
        seen.append(own is threading.current_thread())
        seen.append(own in threading.enumerate())

    thread = foreign(target=target, name="alien")
    thread.start()
    thread.join()
    assert seen == [(True, True, True), True, True]


class Hook:
    """The excepthook for a time; what came to it."""

    def __init__(self, threading, monkeypatch, fail=False):
        self.calls = []
        self.fail = fail
        monkeypatch.setattr(threading, "excepthook", self)

    def __call__(self, args):
        traceback, frames = args.exc_traceback, []
        while traceback:
            frames.append(traceback.tb_frame.f_code.co_name)
            traceback = traceback.tb_next
        self.calls.append((args.exc_type, str(args.exc_value), frames[-1], args.thread.name, args.thread.is_alive()))
        if self.fail:
            raise LookupError("in the hook")


def fail():
    raise ValueError("on purpose")


def test_an_exception_goes_to_the_excepthook(threading, monkeypatch):
    hook = Hook(threading, monkeypatch)
    run_thread(threading, fail, name="failing")
    assert hook.calls == [(ValueError, "on purpose", "fail", "failing", True)]


@pytest.mark.parametrize("hook", ["", "threading.excepthook = lambda args: print(1 / 0)"])
def test_a_failure_when_stderr_has_gone(program, hook):
    out, err = program.run(f"""
import sys
{hook}
def fail():
    gone.wait()
    raise KeyError("lost")
gone = threading.Event()
thread = threading.Thread(target=fail)
thread.start()
sys.stderr = None
gone.set()
thread.join()
""")
    assert out == ""
    assert "Exception in threading.excepthook:" in err if hook else "KeyError: 'lost'" in err


def test_the_default_excepthook(threading, capfd):
    run_thread(threading, fail, name="failing")
    err = capfd.readouterr().err
    assert err.startswith("Exception in thread failing:\nTraceback (most recent call last):\n")
    assert err.endswith("ValueError: on purpose\n")
    assert threading.excepthook is stdlib.__excepthook__


def test_a_failing_excepthook_is_reported(threading, monkeypatch, capfd):
    caught = []
    monkeypatch.setattr(sys, "excepthook", lambda *args: caught.append(args[1]))
    Hook(threading, monkeypatch, fail=True)
    run_thread(threading, fail)
    assert "Exception in threading.excepthook:" in capfd.readouterr().err
    assert [str(error) for error in caught] == ["in the hook"]


def test_an_exit_is_silent_by_default(threading, monkeypatch, capfd):
    run_thread(threading, lambda: sys.exit("no"))
    assert capfd.readouterr().err == ""
    hook = Hook(threading, monkeypatch)
    run_thread(threading, lambda: sys.exit("no"), name="leaving")
    assert hook.calls == [(SystemExit, "no", "<lambda>", "leaving", True)]


def test_what_a_thread_was_given_goes_with_it(threading):
    class Argument:
        pass

    argument = Argument()
    reference = weakref.ref(argument)
    thread = threading.Thread(target=lambda x: None, args=(argument,))
    del argument
    thread.start()
    thread.join()
    assert reference() is None
    unstarted = threading.Thread(target=lambda: None)
    reference = weakref.ref(unstarted)
    del unstarted
    gc.collect()
    if threading is not stdlib or sys.version_info < (3, 13):
        assert reference() is None or threading is stdlib


def test_a_thread_goes_on_without_its_object(threading):
    go, done = threading.Event(), threading.Event()
    threading.Thread(target=lambda: (go.wait(), done.set())).start()
    gc.collect()
    go.set()
    assert done.wait()


def test_local_data(threading):
    local, seen = threading.local(), []
    local.value = "main"

    def target():
        seen.append(hasattr(local, "value"))
        local.value = "thread"

    run_thread(threading, target)
    assert seen == [False] and local.value == "main"

    class Counted(threading.local):
        made = 0

        def __init__(self, start):
            Counted.made += 1
            self.value = start

    counted = Counted(7)
    counted.value = 8
    run_thread(threading, lambda: seen.append(counted.value))
    assert seen == [False, 7] and counted.value == 8 and Counted.made == 2
    with pytest.raises(AttributeError):
        counted.other
    del counted.value
    assert not hasattr(counted, "value")


def test_local_data_goes_with_its_thread(threading):
    class Value:
        pass

    local, references = threading.local(), []

    def target():
        local.value = Value()
        references.append(weakref.ref(local.value))

    run_thread(threading, target)
    gc.collect()
    assert references[0]() is None


def test_timer(threading):
    ran, go = [], threading.Event()
    timer = threading.Timer(0.001, lambda *a, **k: (ran.append((a, k)), go.set()), [1], {"b": 2})
    assert not timer.is_alive()
    timer.start()
    assert go.wait()
    timer.join()
    assert ran == [((1,), {"b": 2})] and not timer.is_alive()


def test_a_cancelled_timer(threading):
    ran = []
    timer = threading.Timer(1000, ran.append, [1])
    timer.start()
    assert timer.is_alive() and timer in threading.enumerate()
    timer.cancel()
    timer.join()
    timer.cancel()
    assert ran == [] and not timer.is_alive()
    same_error(timer.start, RuntimeError, "threads can only be started once")


def test_a_timer_with_a_run_of_its_own(threading):
    class Repeating(threading.Timer):
        def run(self):
            while not self.finished.wait(self.interval):
                self.function(*self.args, **self.kwargs)

    ran = []
    timer = Repeating(0.001, ran.append, [1])
    timer.start()
    until(lambda: len(ran) >= 3)
    timer.cancel()
    timer.join()


def test_stack_size(threading):
    try:
        assert threading.stack_size(1 << 20) == 0
        seen = []
        run_thread(threading, lambda: seen.append(1))
        assert seen == [1]
        with pytest.raises(ValueError):
            threading.stack_size(4096)
        with pytest.raises(ValueError):
            threading.stack_size(-1)
        assert threading.stack_size(0) == 1 << 20
        assert threading.stack_size(1 << 20) == 0
        assert threading.stack_size() == 1 << 20  # and that sets it to 0
        assert threading.stack_size() == 0
    finally:
        threading.stack_size(0)


def test_trace_and_profile(threading):
    events = {"trace": set(), "profile": set()}

    def traced():
        pass

    def hook(kind):
        def record(frame, event, arg):
            if frame.f_code is traced.__code__:
                events[kind].add(event)
            return record

        return record

    hooks = hook("trace"), hook("profile")
    threading.settrace(hooks[0])
    threading.setprofile(hooks[1])
    try:
        assert (threading.gettrace(), threading.getprofile()) == hooks
        run_thread(threading, traced)
    finally:
        threading.settrace(None)
        threading.setprofile(None)
    assert {"call", "return"} <= events["trace"] and {"call", "return"} <= events["profile"]


def test_logging_knows_the_name(threading, caplog):
    run_thread(threading, lambda: logging.getLogger("test").warning("said"), name="speaker")
    assert caplog.records[0].threadName == "speaker"


def test_native_ids_are_the_kernels(threading):
    ids = []
    thread = run_thread(threading, lambda: ids.append((threading.get_native_id(), stdlib.get_native_id())))
    assert ids == [(thread.native_id, thread.native_id)]


def test_a_storm(threading):
    """Threads come and go while others list them."""
    stop = threading.Event()
    listing = threading.Thread(target=lambda: [repr(threading.enumerate()) for _ in iter(stop.is_set, True)])
    listing.start()
    for _ in range(20):
        threads = [threading.Thread(target=threading.current_thread) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    stop.set()
    listing.join()
    assert not any(thread in threading.enumerate() for thread in threads)
