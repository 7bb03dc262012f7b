"""What callbacks are given: pirn carries a number as their `arg`, and gives it back when it is done with it."""

from itertools import count

from pirn._library import FREE_FN

_things = {}
_keys = count(1)


def keep(thing):
    """The number by which `kept` finds it, until pirn calls `drop` with that."""
    key = next(_keys)
    _things[key] = thing
    return key


def kept(key):
    return _things[key]


def take(key):
    """For what pirn did not take over."""
    return _things.pop(key)


@FREE_FN
def drop(key):
    del _things[key]
