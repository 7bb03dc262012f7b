"""The modules have what their counterparts in this interpreter have: names, attributes, parameters, exceptions. What differs is listed
here, with the reason; a list that says too much fails, too."""

import concurrent.futures
import inspect
import pathlib
import queue
import threading
import tomllib
import types

import pytest

import pirn

MODULES = {
    "threading": (threading, pirn.threading),
    "queue": (queue, pirn.queue),
    "concurrent.futures": (concurrent.futures, pirn.futures),
}

OF_PROCESSES = "processes and interpreters are left to the standard library"
OF_INTERPRETERS = "how the standard library's InterpreterPoolExecutor derives from it; not documented"
INSIDE = "what the standard library's queue consists of; not documented"

# The standard library has it, in this version or a later one, and pirn has not.
MISSING = {
    "concurrent.futures.ProcessPoolExecutor": OF_PROCESSES,
    "concurrent.futures.InterpreterPoolExecutor": OF_PROCESSES,
    "concurrent.futures.ThreadPoolExecutor.BROKEN": OF_INTERPRETERS,
    "concurrent.futures.ThreadPoolExecutor.prepare_context": OF_INTERPRETERS,
    **{
        f"queue.{kind}.{attribute}": INSIDE
        for kind in ("Queue", "LifoQueue", "PriorityQueue")
        for attribute in ("mutex", "not_empty", "not_full", "all_tasks_done", "queue")
    },
}

FROM_3_13 = "from 3.13 in the standard library; in every version here"
FROM_3_14 = "from 3.14 in the standard library; in every version here"
BEYOND = "beyond Python: docs of the package"

# pirn has it, and the standard library not or not in all versions.
EXTRA = {
    "queue.ShutDown": FROM_3_13,
    **{
        f"queue.{kind}.{attribute}": FROM_3_13
        for kind in ("Queue", "LifoQueue", "PriorityQueue")
        for attribute in ("shutdown", "is_shutdown")
    },
    "concurrent.futures.InvalidStateError": "public from 3.12 in the standard library, where it always was",
    "threading.RLock.locked": FROM_3_14,
    "threading.Condition.locked": FROM_3_14,
    **{
        f"concurrent.futures.ThreadPoolExecutor.{attribute}": BEYOND
        for attribute in (
            "max_pending", "max_workers", "pending", "submit_many", "submit_priority", "submit_timeout", "try_submit",
        )
    },
}  # fmt: skip

# Parameters that the standard library has from a later version on.
LATER = {
    "threading.Thread.__init__": {"context"},
    "concurrent.futures.ThreadPoolExecutor.map": {"buffersize"},
}
# Parameters of the standard library's that are not here.
WITHOUT = {"concurrent.futures.ThreadPoolExecutor.__init__": {"ctxkwargs": OF_INTERPRETERS}}

# As the library reference has them, for what is written in C and does not say.
DOCUMENTED = {
    "threading.stack_size": "(size=0, /)",
    "threading.Lock.acquire": "(self, blocking=True, timeout=-1)",
    "threading.Lock.release": "(self)",
    "threading.Lock.locked": "(self)",
    "threading.RLock.acquire": "(self, blocking=True, timeout=-1)",
    "threading.RLock.release": "(self)",
    "queue.SimpleQueue.qsize": "(self)",
    "queue.SimpleQueue.empty": "(self)",
    "queue.SimpleQueue.put": "(self, item, block=True, timeout=None)",
    "queue.SimpleQueue.put_nowait": "(self, item)",
    "queue.SimpleQueue.get": "(self, block=True, timeout=None)",
    "queue.SimpleQueue.get_nowait": "(self)",
}

ARGUMENTS = {"Barrier": [2], "Timer": [1, print], "ThreadPoolExecutor": [1]}


def belongs_to(module, name):
    """A public name of the module, and not something that it imports for itself."""
    thing = getattr(module, name)
    if name.startswith("_") or isinstance(thing, types.ModuleType):
        return False
    of, package = getattr(thing, "__module__", module.__name__), module.__name__.partition(".")[0]
    return name in module.__all__ or of.partition(".")[0] == package


def names(module):
    return {name for name in dir(module) if belongs_to(module, name)}


def classes():
    """Each class, or what makes an object like one, on both sides."""
    for module, (stdlib, ours) in MODULES.items():
        for name in sorted(names(stdlib) & names(ours)):
            thing, counterpart = getattr(stdlib, name), getattr(ours, name)
            if isinstance(counterpart, type) and counterpart is not thing and not issubclass(counterpart, BaseException):
                yield f"{module}.{name}", thing, counterpart


def attributes(thing):
    """Those of an object that are public, or that Python itself calls."""
    no_matter = {"__slots__", "__dict__", "__weakref__", "__del__", "__annotations__", "__firstlineno__"}
    no_matter |= {"__static_attributes__", "__annotate_func__", "__annotations_cache__", "__slotnames__"}
    return {name for name in dir(thing) if not name.startswith("_") or name.startswith("__")} - no_matter


def compare(prefix, theirs, ours):
    """That what they have and we have not is listed, and the other way round."""
    assert {name for name in theirs - ours if f"{prefix}.{name}" not in MISSING} == set()
    assert {name for name in ours - theirs if f"{prefix}.{name}" not in EXTRA} == set()
    assert {name for name in ours if f"{prefix}.{name}" in MISSING} == set()


@pytest.mark.parametrize("module", MODULES)
def test_names(module):
    stdlib, ours = MODULES[module]
    compare(module, names(stdlib), names(ours))
    compare(module, set(stdlib.__all__), set(ours.__all__))


@pytest.mark.parametrize(("name", "thing", "counterpart"), [pytest.param(*each, id=each[0]) for each in classes()])
def test_attributes(name, thing, counterpart):
    arguments = ARGUMENTS.get(name.rpartition(".")[2], [])
    compare(name, attributes(thing(*arguments)), attributes(counterpart(*arguments)))


def test_the_lists_name_what_is_there():
    for name in EXTRA:
        module, path = next((m, name[len(m) + 1 :].split(".")) for m in MODULES if name.startswith(f"{m}."))
        thing = MODULES[module][1]
        for part in path:
            thing = getattr(thing, part)


def test_exceptions_are_the_same():
    for stdlib, ours in MODULES.values():
        for name in names(stdlib):
            thing = getattr(stdlib, name)
            if isinstance(thing, type) and issubclass(thing, BaseException):
                assert getattr(ours, name) is thing
    assert pirn.futures.thread.BrokenThreadPool is concurrent.futures.thread.BrokenThreadPool
    assert pirn.futures.thread.ThreadPoolExecutor is pirn.futures.ThreadPoolExecutor


def functions():
    """Each function and method on both sides, with its name."""
    for module, (stdlib, ours) in MODULES.items():
        for name in sorted(names(stdlib) & names(ours)):
            function, counterpart = getattr(stdlib, name), getattr(ours, name)
            if inspect.isroutine(function) and not isinstance(counterpart, type) and counterpart is not function:
                yield f"{module}.{name}", function, counterpart
    for name, thing, counterpart in classes():
        kind = thing if isinstance(thing, type) else type(thing())
        for attribute in sorted(attributes(kind) & attributes(counterpart)):
            if inspect.isroutine(getattr(kind, attribute)) and (attribute == "__init__" or not attribute.startswith("_")):
                yield f"{name}.{attribute}", getattr(kind, attribute), getattr(counterpart, attribute)


def parameters(name, function, left_out=()):
    """As a caller sees them: whether `self` has a name does not matter."""
    signature = inspect.signature(function)
    kept = [each for each in signature.parameters.values() if each.name not in left_out]
    return [(each.name, each.name == "self" or each.kind, each.default) for each in kept]


def test_parameters():
    compared = set()
    for name, function, counterpart in functions():
        try:
            theirs = parameters(name, function, WITHOUT.get(name, ()))
        except ValueError:
            theirs = None  # C code that does not say
        if theirs is None or [each[0] for each in theirs] == ["self", "args", "kwargs"]:
            if name in DOCUMENTED:
                assert (name, str(inspect.signature(counterpart))) == (name, DOCUMENTED[name])
                compared.add(name)
            continue
        later = LATER.get(name, set()) - {each[0] for each in theirs}
        assert (name, parameters(name, counterpart, later)) == (name, theirs)
        compared.add(name)
    assert len(compared) > 80 and set(DOCUMENTED) <= compared


def test_one_version():
    project = tomllib.loads(pathlib.Path(__file__).parents[1].joinpath("pyproject.toml").read_text())
    assert pirn.__version__ == project["project"]["version"]
