"""What `concurrent.futures.thread` has to offer."""

from concurrent.futures.thread import BrokenThreadPool

from pirn._executor import ThreadPoolExecutor

__all__ = ["BrokenThreadPool", "ThreadPoolExecutor"]
