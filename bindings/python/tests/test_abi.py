"""The types by which the package calls libpirn are those that the C headers say."""

import ctypes
import pathlib
import re
import sys

import pytest

from pirn import _library

ROOT = pathlib.Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "c-tests" / "abi"))

import facts

SCALARS = {
    "bool": ctypes.c_bool,
    "double": ctypes.c_double,
    "int": ctypes.c_int,
    "int32_t": ctypes.c_int32,
    "int64_t": ctypes.c_int64,
    "pirn_status_t": ctypes.c_int32,
    "size_t": ctypes.c_size_t,
    "uint64_t": ctypes.c_uint64,
    "void": None,
}
if not facts.has_compiler():
    pytest.skip("no C compiler (CC, or cc) to read the C headers with", allow_module_level=True)
HEADERS = facts.facts(ROOT / "include")
SIGNATURE = re.compile(r"(?:typedef )?(?P<result>[^()]*?) ?(?:\(\*)?(?P<name>pirn_\w+)\)?\((?P<parameters>.*)\)")
SIGNATURES = {match["name"]: match for match in map(SIGNATURE.fullmatch, HEADERS) if match}
FUNCTIONS = {name: each for name, each in vars(_library.lib).items() if name != "raise_"}


def fits(ours, c):
    """Whether a ctypes type is right for a C type. An untyped pointer is right for every pointer and callback."""
    c = c.replace("const", "").replace(" ", "")
    if c in SCALARS:
        return ours is SCALARS[c]
    if ours is ctypes.c_void_p:
        return c.endswith("*") or c in SIGNATURES
    if ours is ctypes.c_char_p:
        return c == "char*"
    if c in SIGNATURES:
        return issubclass(ours, ctypes._CFuncPtr) and same(ours._restype_, ours._argtypes_, SIGNATURES[c])
    if c.endswith("**"):
        return ours is ctypes.POINTER(ctypes.c_void_p)
    return c.removesuffix("*") in SCALARS and ours is ctypes.POINTER(SCALARS[c.removesuffix("*")])


def same(result, arguments, c):
    expected = [] if c["parameters"] == "void" else c["parameters"].split(", ")
    return fits(result, c["result"]) and len(arguments) == len(expected) and all(map(fits, arguments, expected))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function(name):
    assert same(FUNCTIONS[name].restype, FUNCTIONS[name].argtypes, SIGNATURES[f"pirn_{name}"])


def test_constants():
    numbers = dict(re.findall(r"^PIRN_(?:ERR_)?(\w+) = (\S+) ", "\n".join(HEADERS), re.MULTILINE))
    ours = {name: value for name, value in vars(_library).items() if name.isupper() and isinstance(value, (int, float))}
    assert len(ours) > 20
    assert ours == {name: type(value)(numbers[name]) for name, value in ours.items()}


def test_a_wrong_type_is_seen():
    locked = SIGNATURES["pirn_lock_locked"]
    flag, handle = ctypes.POINTER(ctypes.c_bool), ctypes.c_void_p
    assert same(ctypes.c_int32, [handle, flag], locked)
    for result, arguments in (
        (ctypes.c_int64, [handle, flag]),
        (ctypes.c_int32, [handle, ctypes.POINTER(ctypes.c_int32)]),
        (ctypes.c_int32, [handle]),
        (ctypes.c_int32, [handle, flag, ctypes.c_double]),
        (ctypes.c_int32, [ctypes.c_uint64, flag]),
    ):
        assert not same(result, arguments, locked)
    assert not fits(_library.TASK_FN, "pirn_target_fn")
    assert not fits(ctypes.CFUNCTYPE(None, ctypes.c_void_p), "pirn_predicate_fn")
