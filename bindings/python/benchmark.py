"""Both libraries side by side, in microseconds: python benchmark.py"""

import concurrent.futures
import queue
import threading
import timeit

import pirn


def microseconds(call, number):
    return min(timeit.repeat(call, number=number, repeat=5)) / number * 1e6


def measure(threading, queue, futures):
    lock, semaphore, event, items = threading.Lock(), threading.Semaphore(), threading.Event(), queue.Queue()
    event.set()

    def with_lock():
        with lock:
            pass

    def with_semaphore():
        with semaphore:
            pass

    def put_and_get():
        items.put(None)
        items.get()

    def thread():
        one = threading.Thread(target=int)
        one.start()
        one.join()

    with futures.ThreadPoolExecutor(1) as pool:
        return {
            "with lock": microseconds(with_lock, 20000),
            "with semaphore": microseconds(with_semaphore, 20000),
            "wait for an event that is set": microseconds(event.wait, 20000),
            "queue: put and get": microseconds(put_and_get, 10000),
            "thread: start and join": microseconds(thread, 500),
            "pool: submit and result": microseconds(lambda: pool.submit(int).result(), 2000),
            "pool: one of a hundred submits": microseconds(
                lambda: [future.result() for future in [pool.submit(int) for _ in range(100)]], 20
            )
            / 100,
            "pool: one item of a map": microseconds(lambda: list(pool.map(int, [0] * 100)), 20) / 100,
        }


if __name__ == "__main__":
    stdlib, ours = measure(threading, queue, concurrent.futures), measure(pirn.threading, pirn.queue, pirn.futures)
    print(f"{'':32}{'stdlib':>10}{'pirn':>10}")
    for row, value in stdlib.items():
        print(f"{row:32}{value:10.2f}{ours[row]:10.2f}")
