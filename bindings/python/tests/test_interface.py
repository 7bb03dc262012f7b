"""The modules have what their counterparts have: names, parameters, exceptions."""

import concurrent.futures
import inspect
import pathlib
import queue
import threading
import tomllib

import pytest

import pirn

# Processes are left to the standard library, and what is younger than this list is not there yet.
LEFT_OUT = {"ProcessPoolExecutor", "InterpreterPoolExecutor"}
MODULES = [
    (threading, pirn.threading),
    (queue, pirn.queue),
    (concurrent.futures, pirn.futures),
]


@pytest.mark.parametrize(("stdlib", "ours"), MODULES, ids=lambda module: module.__name__)
def test_public_names(stdlib, ours):
    assert set(stdlib.__all__) - LEFT_OUT <= set(ours.__all__)
    for name in ours.__all__:
        assert hasattr(ours, name)


def test_exceptions_are_the_same():
    for stdlib, ours in MODULES:
        for name in stdlib.__all__:
            if isinstance(getattr(stdlib, name), type) and issubclass(getattr(stdlib, name), BaseException):
                assert getattr(ours, name) is getattr(stdlib, name)


def parameters(function):
    try:
        signature = inspect.signature(function)
    except ValueError:
        return None  # C code that does not say
    return [(parameter.name, parameter.kind, parameter.default) for parameter in signature.parameters.values()]


def functions():
    for stdlib, ours in MODULES:
        for name in sorted(set(stdlib.__all__) - LEFT_OUT):
            thing, counterpart = getattr(stdlib, name), getattr(ours, name)
            if counterpart is thing:
                continue
            if not isinstance(thing, type):
                if callable(thing) and not isinstance(counterpart, type):
                    yield f"{stdlib.__name__}.{name}", thing, counterpart
                continue
            for attribute in sorted(vars(thing)):
                function = getattr(thing, attribute)
                if callable(function) and (not attribute.startswith("_") or attribute == "__init__"):
                    yield f"{stdlib.__name__}.{name}.{attribute}", function, getattr(counterpart, attribute)


@pytest.mark.parametrize(("function", "counterpart"), [pytest.param(f, c, id=name) for name, f, c in functions()])
def test_parameters(function, counterpart):
    expected = parameters(function)
    if expected is not None and inspect.isfunction(function):
        assert parameters(counterpart) == expected


def test_one_version():
    project = tomllib.loads(pathlib.Path(__file__).parents[1].joinpath("pyproject.toml").read_text())
    assert pirn.__version__ == project["project"]["version"]
