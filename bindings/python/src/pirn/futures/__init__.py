"""`concurrent.futures` on top of pirn: the same names, arguments and exceptions. Processes and interpreters are left to the
standard library.

from pirn import futures
"""

from concurrent.futures import BrokenExecutor, CancelledError, Executor, InvalidStateError, TimeoutError

from pirn._executor import ThreadPoolExecutor
from pirn._future import ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION, Future, as_completed, wait
from pirn.futures import thread  # noqa: F401  (as there, without an import of its own)

__all__ = [
    "FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED", "CancelledError", "TimeoutError", "InvalidStateError",
    "BrokenExecutor", "Future", "Executor", "wait", "as_completed", "ThreadPoolExecutor",
]  # fmt: skip

for _class in Future, ThreadPoolExecutor:
    _class.__module__ = __name__
del _class
