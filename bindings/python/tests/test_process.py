"""The process: Ctrl-C, the end, fork. Programs in processes of their own, on both libraries."""

import signal
import sys

import pytest
from conftest import PIRN, Program

WAITS = {
    "lock": "lock = threading.Lock(); lock.acquire(); wait = lock.acquire",
    "lock with a limit": "lock = threading.Lock(); lock.acquire(); wait = lambda: lock.acquire(timeout=1000)",
    "with a lock": """
lock = threading.Lock(); lock.acquire()
def wait():
    with lock: pass
""",
    "rlock": """
lock = threading.RLock()
threading.Thread(target=lambda: (lock.acquire(), threading.Event().wait()), daemon=True).start()
while lock.acquire(False): lock.release()
wait = lock.acquire
""",
    "condition": """
condition = threading.Condition()
def wait():
    with condition:
        try: condition.wait()
        finally: assert condition._is_owned()
""",
    "condition, for": """
condition = threading.Condition()
def wait():
    with condition: condition.wait_for(lambda: False)
""",
    "semaphore": "wait = threading.Semaphore(0).acquire",
    "event": "wait = threading.Event().wait",
    "event with a limit": "wait = lambda: threading.Event().wait(1000)",
    "barrier": "wait = threading.Barrier(2).wait",
    "join": "t = threading.Thread(target=threading.Event().wait, daemon=True); t.start(); wait = t.join",
    "get": "wait = queue.Queue().get",
    "put": "q = queue.Queue(1); q.put(1); wait = lambda: q.put(2)",
    "queue join": "q = queue.Queue(); q.put(1); wait = q.join",
    "result": "wait = futures.Future().result",
    "exception": "wait = futures.Future().exception",
    "wait": "wait = lambda: futures.wait([futures.Future()])",
    "as_completed": "wait = lambda: next(futures.as_completed([futures.Future()]))",
    "map": """
gate = threading.Event(); pool = futures.ThreadPoolExecutor(1); results = pool.map(lambda _: gate.wait(), [1])
wait = lambda: next(results)
""",
    "shutdown": """
gate = threading.Event(); pool = futures.ThreadPoolExecutor(1); pool.submit(gate.wait)
wait = pool.shutdown
""",
}


@pytest.mark.parametrize("wait", WAITS)
def test_ctrl_c_ends_a_wait_of_the_main_thread(program, wait):
    out, err, code = program.interrupt(f"""
{WAITS[wait]}
print("waits", flush=True)
try:
    wait()
except KeyboardInterrupt:
    print("interrupted")
if "gate" in globals(): gate.set()
""")
    assert (out, err, code) == ("interrupted\n", "", 0)


def test_a_signal_handler_that_does_not_raise_lets_the_wait_go_on(program):
    out, err, code = program.interrupt("""
import signal
event = threading.Event()
signal.signal(signal.SIGINT, lambda *_: (print("handled"), event.set(), event.clear()))
print("waits", flush=True)
print(event.wait())
""")
    assert (out, err, code) == ("handled\nTrue\n", "", 0)


def test_a_signal_handler_that_waits_itself(program):
    out, err, code = program.interrupt("""
import signal
event, other = threading.Event(), threading.Event()
def handle(*_):
    threading.Thread(target=other.set).start()
    print(other.wait())
    event.set()
signal.signal(signal.SIGINT, handle)
print("waits", flush=True)
print(event.wait())
""")
    assert (out, err, code) == ("True\nTrue\n", "", 0)


def test_ctrl_c_that_nobody_catches(program):
    out, err, code = program.interrupt("""
print("waits", flush=True)
threading.Event().wait()
""")
    assert code == -signal.SIGINT and out == "" and err.endswith("KeyboardInterrupt\n")


def test_the_exit_joins_threads_and_finishes_tasks(program):
    out, err = program.run("""
import atexit, time
atexit.register(lambda: print("atexit", flush=True))
gate = threading.Event()
def thread():
    gate.wait()
    print("thread", flush=True)
said = threading.Event()
def task():
    said.wait()
    print("task", flush=True)
    gate.set()
threading.Thread(target=thread).start()
pool = futures.ThreadPoolExecutor(1)
pool.submit(task)
print("main", flush=True)
said.set()
""")
    assert (out, err) == ("main\ntask\nthread\natexit\n", "")


def test_threads_that_start_threads_at_the_exit(program):
    out, err = program.run("""
def chain(n):
    threading.main_thread().join()  # until the exit has begun to wait for threads
    print(n, flush=True)
    if n: threading.Thread(target=chain, args=(n - 1,)).start()
threading.Thread(target=chain, args=(3,)).start()
""")
    if sys.version_info < (3, 12) or err == "":  # later versions may refuse
        assert (out, err) == ("3\n2\n1\n0\n", "")


@pytest.mark.parametrize(
    "target",
    [
        "threading.Event().wait",
        "lambda: [None for _ in iter(int, 1)]",
        "lambda: [time.sleep(0.0001) for _ in iter(int, 1)]",
    ],
    ids=["blocked", "busy", "waking"],
)
def test_daemon_threads_do_not_keep_the_process(program, target):
    out, err = program.run(f"""
import time
def is_asleep(thread):
    with open(f"/proc/self/task/{{thread.native_id}}/stat") as stat: return stat.read().rpartition(")")[2].split()[0] == "S"
target, begun = {target}, threading.Semaphore(0)
threads = [threading.Thread(target=lambda: (begun.release(), target()), daemon=True) for _ in range(4)]
for thread in threads: thread.start(); begun.acquire()
while {target!r}.endswith("wait") and not all(map(is_asleep, threads)): pass
print("over")
""")
    assert (out, err) == ("over\n", "")


def test_daemon_threads_that_have_hardly_begun(program):
    out, err = program.run("""
for _ in range(20):
    timer = threading.Timer(0.001, int)
    timer.daemon = True
    timer.start()
    threading.Thread(target=threading.Event().wait, daemon=True).start()
print("over")
""")
    assert (out, err) == ("over\n", "")


def test_daemon_threads_in_callbacks_do_not_keep_the_process(program):
    out, err = program.run("""
import time
condition, begun = threading.Condition(), threading.Semaphore(0)
def go_on():
    begun.release()
    while True: time.sleep(0.0001)
def wait():
    with condition: condition.wait_for(go_on)
threading.Thread(target=wait, daemon=True).start()
threading.Thread(target=threading.Barrier(1, go_on).wait, daemon=True).start()
begun.acquire(); begun.acquire()
print("over")
""")
    assert (out, err) == ("over\n", "")


def test_a_pool_in_use_at_the_exit(program):
    out, err = program.run("""
pool = futures.ThreadPoolExecutor(2)
fs = [pool.submit(pow, n, 2) for n in range(100)]
fs[-1].add_done_callback(lambda f: print("last", f.result(), flush=True))
""")
    assert (out, err) == ("last 9801\n", "")


def test_a_submit_after_the_exit_has_begun(program):
    out, err = program.run("""
import atexit
pool = futures.ThreadPoolExecutor(1)
def late():
    try: pool.submit(int)
    except RuntimeError as error: print(error)
atexit.register(late)
""")
    assert (out, err) == ("cannot schedule new futures after interpreter shutdown\n", "")


def test_ctrl_c_beside_a_predicate_that_waits(program):
    out, err, code = program.interrupt("""
lock, condition = threading.Lock(), threading.Condition()
def predicate():
    with lock: return False
print("waits", flush=True)
with condition:
    try: condition.wait_for(predicate)
    except KeyboardInterrupt: print("interrupted", condition._is_owned())
""")
    assert (out, err, code) == ("interrupted True\n", "", 0)


def test_a_failing_thread_does_not_change_the_exit_code(program):
    out, err = program.run("""
threading.Thread(target=lambda: 1 / 0).start()
""")
    assert out == "" and err.endswith("ZeroDivisionError: division by zero\n")


def test_the_exit_code_is_kept(program):
    program.run(
        "threading.Thread(target=threading.Event().wait, daemon=True).start(); raise SystemExit(3)", exit_code=3
    )


def test_objects_that_outlive_the_modules(program):
    out, err = program.run("""
class Late:
    def __init__(self): self.lock, self.queue, self.pool = threading.Lock(), queue.Queue(), futures.Future()
    def __del__(self): self.lock.acquire(); self.lock.release(); self.queue.put(1); print("late")
late = Late()
""")
    assert (out, err) == ("late\n", "")


def test_fork(program):
    out, err = program.run("""
import os, warnings
warnings.simplefilter("ignore")
gate = threading.Event()
thread = threading.Thread(target=gate.wait); thread.start()
q = queue.Queue(); q.put("item")
lock = threading.Lock(); lock.acquire()
child = os.fork()
if child == 0:
    print(thread.is_alive(), thread in threading.enumerate(), threading.active_count(), flush=True)
    print(threading.current_thread() is threading.main_thread(), q.get(), lock.locked(), flush=True)
    thread.join()
    other = threading.Thread(target=lambda: print("child's thread", flush=True)); other.start(); other.join()
    with futures.ThreadPoolExecutor(1) as pool: print(pool.submit(int).result(), flush=True)
    os._exit(0)
print(os.waitpid(child, 0)[1] if not gate.set() else None)
thread.join()
""")
    assert (out, err) == ("False False 1\nTrue item True\nchild's thread\n0\n0\n", "")


def test_fork_from_a_thread(program):
    out, err = program.run("""
import os, warnings
warnings.simplefilter("ignore")
def fork():
    child = os.fork()
    if child == 0:
        own = threading.current_thread()
        print(own is threading.main_thread(), own.name, threading.active_count(), flush=True)
        os._exit(0)
    print(os.waitpid(child, 0)[1])
thread = threading.Thread(target=fork, name="forker"); thread.start(); thread.join()
""")
    assert (out, err) == ("True forker 1\n0\n", "")


def test_subprocess_and_signals_beside_waits(program):
    out, err = program.run("""
import subprocess, sys
with futures.ThreadPoolExecutor(4) as pool:
    run = lambda n: pool.submit(subprocess.check_output, [sys.executable, "-c", f"print({n})"], text=True)
    commands = [run(n) for n in range(6)]
    print([command.result().strip() for command in commands])
""")
    assert (out, err) == (f"{[str(n) for n in range(6)]}\n", "")


def test_import_in_a_thread(program):
    """Whoever imports pirn first, the main thread is the main thread."""
    out, err, code = program.interrupt(f"""
import threading as stdlib, sys
seen = []
def target():
    {program.family.imports}
    seen.append((threading.main_thread().name, threading.current_thread() is threading.main_thread()))
thread = stdlib.Thread(target=target); thread.start(); thread.join()
{program.family.imports}
print(seen, flush=True)
try: threading.Event().wait()
except KeyboardInterrupt: print(threading.current_thread() is threading.main_thread())
""")
    assert (out, err, code) == ("True\n", "", 0)


def test_ctrl_c_while_the_exit_waits_ends_the_process():
    """As it does for a C program. (The standard library gives up waiting, with a traceback, and goes on.)"""
    program = Program(PIRN)
    process = program.start("""
threading.Thread(target=threading.Event().wait).start()
print("exits", flush=True)
""")
    process.stdout.readline()
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == -signal.SIGINT
