#!/usr/bin/env python3
"""CPython's own threads, thread-local data, queue and concurrent.futures: where the semantics come from. A program by
itself, not an adapter: what it measures is told by its name, PROGRAM-cpython, and its arguments."""

import collections
import operator
import os
import queue
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

PEER_THREAD = "threading.Thread"
PEER_LOCAL = "threading.local"
PEER_NAMED = "threading.local"
PEER_BOUNDED = "queue.Queue"
PEER_QUEUE = "queue.SimpleQueue"
PEER_POOL = "ThreadPoolExecutor"
PEER_SUBMITTERS = "ThreadPoolExecutor"
PEER_FUTURES = "ThreadPoolExecutor"
PEER_ROUNDTRIP = "ThreadPoolExecutor"

# A twentieth of the others' number: a rate that it keeps, and not a minute a sample.
TASKS = 50_000


class Phases:
    """As in bench.h. `counts` are what threads count; their sum is looked at when the measuring begins and ends, since a
    thread that has to wait for the interpreter's lock notices late."""

    def __init__(self, seconds):
        self.stop = self.measure = False
        self.seconds = seconds
        self.counts = []
        self.rate = None

    def start(self):
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        time.sleep(self.seconds / 10)
        self.measure = True
        begin, before = time.monotonic(), sum(self.counts)
        time.sleep(self.seconds)
        self.rate = (sum(self.counts) - before) / (time.monotonic() - begin)
        self.stop = True


def stream(phases, items, producers, consumers):
    put, totals = [], [0] * consumers
    phases.counts = [0] * consumers

    def produce():
        n = 0
        while not phases.stop:
            n += 1
            items.put(n)
        put.append(n)

    def consume(self):
        while item := items.get():
            totals[self] += item
            phases.counts[self] += 1

    writers = [threading.Thread(target=produce) for _ in range(producers)]
    readers = [threading.Thread(target=consume, args=(i,)) for i in range(consumers)]
    for thread in writers + readers:
        thread.start()
    phases.start()
    for thread in writers:
        thread.join()
    for _ in readers:
        items.put(0)
    for thread in readers:
        thread.join()
    assert sum(phases.counts) == sum(put)
    assert sum(totals) == sum(n * (n + 1) // 2 for n in put)
    return phases.rate / 1e6


def rounds(phases, turn):
    """Seconds a round."""
    while not phases.measure:
        turn()
    n, begin = 0, time.monotonic()
    while not phases.stop:
        turn()
        n += 1
    return (time.monotonic() - begin) / n


def pingpong(phases):
    ping, pong = queue.SimpleQueue(), queue.SimpleQueue()

    def answer():
        while (item := ping.get()) is not None:
            pong.put(item)

    def turn():
        ping.put(1)
        pong.get()

    threading.Thread(target=answer).start()
    phases.start()
    seconds = rounds(phases, turn)
    ping.put(None)
    return 1e-3 / seconds


def tasks(pool, n, submitters):
    ran = collections.deque()  # appending is one step, for all threads

    def submit():
        for _ in range(n // submitters):
            pool.submit(ran.append, None)

    begin = time.monotonic()
    threads = [threading.Thread(target=submit) for _ in range(submitters - 1)]
    for thread in threads:
        thread.start()
    submit()
    for thread in threads:
        thread.join()
    while len(ran) < n:
        time.sleep(20e-6)
    return n / (time.monotonic() - begin) / 1e6


def futures(pool, n):
    begin = time.monotonic()
    made = [pool.submit(int, i) for i in range(n)]
    assert all(future.result() == i for i, future in enumerate(made))
    return n / (time.monotonic() - begin) / 1e6


def roundtrip(phases, pool, idle):
    def turn():
        assert pool.submit(int, 7).result() == 7

    turn()
    phases.start()
    if not idle:
        return rounds(phases, turn) * 1e6
    took = []
    while not phases.stop:
        time.sleep(1e-3)
        begin = time.monotonic()
        turn()
        took.append(time.monotonic() - begin)
    return median(took) * 1e6


def thread(phases):
    def turn():
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()

    phases.start()
    return 1e-3 / rounds(phases, turn)


def local(phases, attributes):
    of_threads = threading.local()
    for i in range(attributes):
        setattr(of_threads, f"attribute_{i}", i)
    look = operator.attrgetter(f"attribute_{attributes // 2}")

    def turn():
        for _ in range(1000):
            look(of_threads)

    phases.start()
    return rounds(phases, turn) * 1e6


def measure(program, measurement, seconds, *numbers):
    phases = Phases(float(seconds))
    numbers = [int(number) for number in numbers]
    if program == "bounded":
        return PEER_BOUNDED, stream(phases, queue.Queue(numbers[0]), *numbers[1:])
    if program == "queue":
        return PEER_QUEUE, pingpong(phases) if measurement == "pingpong" else stream(phases, queue.SimpleQueue(), *numbers)
    if program == "thread":
        return PEER_THREAD, thread(phases)
    if program in ("local", "named"):
        return PEER_LOCAL, local(phases, *numbers or (1,))
    pool = ThreadPoolExecutor(numbers[-1])
    if program in ("pool", "submitters"):
        submitters = numbers[0] if program == "submitters" else 1
        tasks(pool, TASKS // 10, submitters)
        return PEER_POOL, tasks(pool, TASKS, submitters)
    if program == "futures":
        futures(pool, TASKS // 10)
        return PEER_FUTURES, futures(pool, TASKS)
    return PEER_ROUNDTRIP, roundtrip(phases, pool, measurement == "idle")


if __name__ == "__main__":
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:4])
    of, value = measure(os.path.basename(sys.argv[0]).partition("-")[0], *sys.argv[1:])
    print(f'{{"of": "{of}", "value": {value:.6g}}}', flush=True)
