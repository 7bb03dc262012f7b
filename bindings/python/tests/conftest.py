"""One suite, two libraries: what asks for `threading`, `queue` or `futures` runs on Python's and on pirn's."""

import concurrent.futures
import os
import queue as stdlib_queue
import signal
import subprocess
import sys
import threading as stdlib_threading
import time
from types import SimpleNamespace

import pytest

import pirn

STDLIB = SimpleNamespace(
    threading=stdlib_threading,
    queue=stdlib_queue,
    futures=concurrent.futures,
    imports="import threading, queue; import concurrent.futures as futures",
)
PIRN = SimpleNamespace(
    threading=pirn.threading,
    queue=pirn.queue,
    futures=pirn.futures,
    imports="from pirn import threading, queue, futures",
)


@pytest.fixture(params=[STDLIB, PIRN], ids=["stdlib", "pirn"])
def family(request):
    return request.param


@pytest.fixture
def threading(family):
    return family.threading


@pytest.fixture
def queue(family):
    return family.queue


@pytest.fixture
def futures(family):
    return family.futures


def until(condition):
    """Waits for a state. That it never comes is for the suite's time limit to say."""
    while not condition():
        time.sleep(0.001)


def is_asleep(native_id):
    with open(f"/proc/self/task/{native_id}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "S"


def until_asleep(native_id):
    """Until the thread sleeps, all through a series of looks: asleep once may be a wait for the GIL."""
    looks = 0
    while looks < 10:
        looks = looks + 1 if is_asleep(native_id) else 0
        time.sleep(0.001)


@pytest.fixture
def blocked(threading):
    """Starts a thread on a call; it is blocked in that when this returns. `outcome()` joins it, and gives its result."""
    started = []

    def start(call, *args, **kwargs):
        out = []

        def run():
            try:
                out.append(call(*args, **kwargs))
            except BaseException as raised:
                out.append(raised)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        until(lambda: thread.native_id)
        until_asleep(thread.native_id)

        def outcome():
            thread.join()
            return out[0]

        started.append(thread)
        outcome.thread = thread
        return outcome

    yield start
    for thread in started:
        assert not thread.is_alive()


class Program:
    """A Python program in a process of its own, with this family's modules."""

    def __init__(self, family):
        self.family = family

    def start(self, source):
        return subprocess.Popen(
            [sys.executable, "-c", f"{self.family.imports}\n{source}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, source, exit_code=0):
        """What it wrote to stdout and to stderr."""
        process = self.start(source)
        out, err = process.communicate()
        assert process.returncode == exit_code, err
        return out, err

    def interrupt(self, source):
        """Sends it SIGINT when it has said a line and sleeps; what it wrote after that, and its exit code."""
        process = self.start(source)
        process.stdout.readline()
        looks = 0
        while looks < 20 and process.poll() is None:
            with open(f"/proc/{process.pid}/task/{process.pid}/stat") as stat:
                looks = looks + 1 if stat.read().rpartition(")")[2].split()[0] == "S" else 0
            time.sleep(0.001)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate()
        return out, err, process.returncode


@pytest.fixture
def program(family):
    return Program(family)


def same_error(call, *kinds_and_text):
    """The call raises this exception with these words."""
    kind, text = kinds_and_text
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == text
