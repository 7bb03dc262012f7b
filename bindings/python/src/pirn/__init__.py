"""pirn for Python: `threading`, `queue` and `concurrent.futures` on top of libpirn.

    from pirn import threading, queue, futures

Each module has the names, arguments and exceptions of its counterpart in the standard library.
"""

from pirn import futures, queue, threading
from pirn._library import quick as _quick

__all__ = ["futures", "queue", "threading"]
__version__ = _quick.version().decode()
