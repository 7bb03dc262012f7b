"""`queue` on top of pirn: the same names, arguments and exceptions. `ShutDown` and `shutdown` are there in every version.

from pirn import queue
"""

from queue import Empty, Full

from pirn._queue import LifoQueue, PriorityQueue, Queue, ShutDown, SimpleQueue

__all__ = ["Empty", "Full", "ShutDown", "Queue", "LifoQueue", "PriorityQueue", "SimpleQueue"]

for _class in LifoQueue, PriorityQueue, Queue, SimpleQueue:
    _class.__module__ = __name__
del _class
