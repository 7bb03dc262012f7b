"""The rows: what is measured, by which program, and what pirn has to reach."""

from __future__ import annotations

from dataclasses import dataclass

BEST = "the best peer"

# This library, by its C functions and by its C++ header.
OWN = ("pirn", "pirn_hpp")

# They do what is to be done and nothing else: something to compare with, not peers that pirn has to beat.
LIMITS = ("cas_xchg", "spin", "futex", "nanosleep", "nanosleep_thread")


@dataclass(frozen=True)
class Target:
    """`whose` `quantity` against `factor` times that of `reference`, or against `factor` itself."""

    relation: str  # "<=", "<" or ">="
    factor: float
    reference: str | None = None  # a peer's name, or BEST
    quantity: str = "value"
    whose: str = "pirn"


@dataclass(frozen=True)
class Row:
    """One row of the table."""

    name: str
    title: str
    program: str
    arguments: tuple
    unit: str
    more_is_better: bool
    targets: tuple


def at_most(factor, reference=None):
    return Target("<=", factor, reference)


def below(reference):
    return Target("<", 1, reference)


def at_least(factor, reference=None):
    return Target(">=", factor, reference)


def by_header(relation, factor):
    """What C++ may cost: the header's figure against that of the C functions."""
    return Target(relation, factor, "pirn", whose="pirn_hpp")


def fair(factor):
    return Target(">=", factor, None, "fairness")


def costs(name, title, program, arguments, *targets):
    return Row(name, title, program, arguments, "ns", False, targets)


def takes(name, title, program, arguments, unit, *targets):
    return Row(name, title, program, arguments, unit, False, targets)


def rates(name, title, program, arguments, unit, *targets):
    return Row(name, title, program, arguments, unit, True, targets)


def by_workers(name, title, kind, program, arguments, unit, targets_2, targets_4, last=()):
    """The row with a pool of two workers and with one of four."""
    return [kind(f"{name}-{workers}", f"{title}, {workers} workers", program, (*arguments, workers, *last), unit,
                 *(targets if isinstance(targets, tuple) else (targets,)))
            for workers, targets in ((2, targets_2), (4, targets_4))]


ROWS = (
    costs("1", "lock acquire + release, nobody else wants it", "lock", ("pair",),
          at_most(1.2, "cas_xchg"), below("std"), below("pthread"), by_header("<=", 1.15)),
    rates("2a", "lock, 2 threads, bare increment", "lock", ("contended", 2, 0, 0), "M pairs/s",
          at_least(0.9, "parking_lot")),
    rates("2b", "lock, 4 threads, bare increment", "lock", ("contended", 4, 0, 0), "M pairs/s",
          at_least(1, "parking_lot")),
    rates("2d", "lock, 4 threads, 100 ns inside, 300 ns outside", "lock", ("contended", 4, 100, 300), "M pairs/s",
          at_least(1, "parking_lot"), fair(0.8)),
    rates("2e", "lock, 8 threads on 4 cores, 100 ns inside, 300 ns outside", "lock", ("contended", 8, 100, 300),
          "M pairs/s", at_least(0.95, "parking_lot"), fair(0.4)),
    costs("3a", "rlock acquire + release", "rlock", ("pair",), at_most(1, "parking_lot")),
    costs("3b", "rlock, 2 acquires + 2 releases", "rlock", ("depth2",), at_most(1, "parking_lot")),
    costs("4a", "semaphore acquire + release", "semaphore", ("pair",), at_most(1, "pthread")),
    rates("4b", "semaphore ping-pong, idle cores", "semaphore", ("pingpong", 0), "k round trips/s", at_least(1500)),
    rates("4b-busy", "semaphore ping-pong, busy cores", "semaphore", ("pingpong", 1), "k round trips/s",
          at_least(1, "pthread")),
    rates("5a", "condition ping-pong, idle cores", "condition", ("pingpong", 0), "k round trips/s", at_least(5, BEST)),
    rates("5a-busy", "condition ping-pong, busy cores", "condition", ("pingpong", 1), "k round trips/s",
          at_least(0.9, BEST)),
    costs("5d", "notify, nobody waits", "condition", ("notify",), at_most(8)),
    costs("6a", "event set to wait in another thread, one way", "event", ("oneway",), at_most(500)),
    costs("6c", "wait on a set event", "event", ("wait_set",), at_most(4)),
    rates("7-2", "barrier, 2 threads", "barrier", ("rounds", 2), "k rounds/s", at_least(1500)),
    rates("7-4", "barrier, 4 threads on 4 cores", "barrier", ("rounds", 4), "k rounds/s", at_least(700)),
    rates("7-8", "barrier, 8 threads on 4 cores", "barrier", ("rounds", 8), "k rounds/s", at_least(50)),
    rates("8", "thread create + join", "thread", ("create",), "k threads/s", at_least(0.9, "pthread")),
    rates("9a", "bounded queue (1024), 1 producer, 1 consumer", "bounded", ("stream", 1024, 1, 1), "M items/s",
          at_least(20)),
    rates("9b", "bounded queue (1024), 2 producers, 2 consumers", "bounded", ("stream", 1024, 2, 2), "M items/s",
          at_least(20)),
    rates("9c", "unbounded queue, 1 producer, 1 consumer", "queue", ("stream", 1, 1), "M items/s", at_least(19)),
    rates("9d", "unbounded queue, 2 producers, 2 consumers", "queue", ("stream", 2, 2), "M items/s", at_least(20)),
    rates("9e", "queue ping-pong", "queue", ("pingpong",), "k round trips/s", at_least(1000)),
    *by_workers("10a", "pool, tasks without a future from outside", rates, "pool", ("tasks",), "M tasks/s",
                (at_least(8), by_header(">=", 0.87)), (at_least(8), by_header(">=", 0.87))),
    *by_workers("10a-future", "pool, tasks with a future each", rates, "futures", ("tasks",), "M tasks/s",
                (at_least(5), by_header(">=", 0.87)), (at_least(5), by_header(">=", 0.87))),
    *by_workers("10b", "submit one task and wait for its result", takes, "roundtrip", ("warm",), "µs",
                at_most(4), at_most(4)),
    *by_workers("10b-idle", "the same after 1 ms of idleness", takes, "roundtrip", ("idle",), "µs",
                at_most(12), at_most(12)),
    *by_workers("10c", "fork-join, fib(27)", takes, "forkjoin", ("fib",), "ms", at_most(20), at_most(12), last=(27,)),
    # At most 1.05 times the better of the two.
    *by_workers("10d", "parallel for, sum of 10⁶ in 1,000 chunks", takes, "range", ("sum",), "µs",
                (at_most(1.05, "tbb"), at_most(1.05, "openmp")), (at_most(1.05, "tbb"), at_most(1.05, "openmp"))),
    *by_workers("10e", "pool, tasks from 4 threads outside", rates, "submitters", ("tasks", 4), "M tasks/s",
                at_least(10), at_least(8)),
    costs("11a", "timer new + start + cancel + free, 10⁵ others pending", "timer", ("cycle", 100_000), at_most(400)),
    costs("11a-4", "the same on 4 threads at once", "timers", ("cycle", 100_000, 4)),
    takes("11a-bytes", "memory of a pending timer, of 10⁶", "timer", ("bytes", 1_000_000), "bytes", at_most(200)),
    takes("11c", "lateness of a timer of 1 ms, median", "lateness", ("late",), "µs", at_most(1.2, "nanosleep_thread")),
    takes("idle", "an idle executor, and a timer an hour away: context switches in 10 s", "idle", ("switches", 10),
          "switches", Target("<", 1)),
    costs("12", "thread-local get, anonymous attribute", "local", ("get",), at_most(6)),
    costs("12-named", "thread-local get, one of 8 named attributes", "named", ("get", 8), at_most(25)),
)


def select(names):
    """The rows of those names, in the table's order; a name's beginning stands for all that continue it by a letter or
    a hyphen, so that 2 is short for 2a, 2b, ... but 1 is not short for 10."""
    if not names:
        return list(ROWS)
    for name in names:
        if not any(_selects(name, row) for row in ROWS):
            raise ValueError(f"no row {name}; there are: {', '.join(row.name for row in ROWS)}")
    return [row for row in ROWS if any(_selects(name, row) for name in names)]


def _selects(name, row):
    rest = row.name.removeprefix(name)
    return row.name.startswith(name) and not rest[:1].isdigit()
