"""What a compiled program takes from the C headers and keeps: facts, one line each.

    pirn_status_t pirn_lock_new(pirn_lock_t **)         a function, without the names of its parameters
    typedef int32_t pirn_status_t                       a type's name
    struct pirn_trace_event: 48 bytes, aligned to 8     a struct that a program may look into,
    struct pirn_trace_event: uint32_t size at 0         and where its fields are
    PIRN_OK = 0 (int)                                   a constant

Declarations are taken from what the preprocessor leaves of the headers, and from all of it: what has none of these shapes is
an error, not left out. Sizes, places and values come from a program that the compiler makes. What is compiled into a program
as a whole is no fact: pirn/with.h, and the C++ headers.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

INLINE = {"with.h"}
# Another one with each release.
VERSION = re.compile(r"PIRN_VERSION_(MAJOR|MINOR|PATCH)")

LINE_MARKER = re.compile(r'# \d+ "([^"]*)"')
MACRO = re.compile(r"#define (?P<name>\w+)(?P<parameters>\([^)]*\))? ?(?P<value>.*)")
TYPE_AND_NAME = re.compile(r"(?P<type>[^(){}\[\],]+[ *])(?P<name>\w+)")

# What a fact is about, by kind. A struct's fields are S.x and S.y.
FUNCTION, TYPE, STRUCT, CONSTANT = range(4)
SUBJECTS = [
    re.compile(r"(?!typedef|struct)[^()]*[ *](\w+)\(.*\)"),
    re.compile(r"typedef .*\(\*(\w+)\)\(.*|typedef .*[ *](\w+)"),
    re.compile(r"struct (\w+): (?:\d+ bytes, .*|.*[ *](\w+) at \d+)"),
    re.compile(r"(PIRN_\w+) = .*"),
]

PRINTERS = r"""
static void of_integer(const char *name, const char *type, long long value) { printf("%s = %lld (%s)\n", name, value, type); }
static void of_double(const char *name, const char *type, double value) { printf("%s = %.17g (%s)\n", name, value, type); }
static void of_text(const char *name, const char *type, const char *value) { printf("%s = \"%s\" (%s)\n", name, value, type); }
#define CONSTANT(x) _Generic((x), double: of_double, char *: of_text, default: of_integer)(#x, TYPE(x), x)
#define TYPE(x) _Generic((x), int: "int", unsigned: "unsigned int", long: "long", unsigned long: "unsigned long", \
    long long: "long long", unsigned long long: "unsigned long long", double: "double", char *: "text")
"""


class NotUnderstood(Exception):
    """Something in the headers that has no place among the facts yet."""


def subject(fact: str) -> tuple[int, str]:
    """The kind and the subject of a fact. Of the facts that share them one is true at a time."""
    for kind, pattern in enumerate(SUBJECTS):
        match = pattern.fullmatch(fact)
        if match:
            return kind, ".".join(group for group in match.groups() if group)
    raise ValueError(f"not a fact: {fact}")


def facts(include: Path) -> list[str]:
    """Those of the headers in a folder, by kind and name; a struct's fields as they follow one another."""
    include = include.resolve()
    headers = Headers()
    macros, text = own(include)
    for macro in macros:
        headers.take_macro(macro)
    for declaration in declarations(text):
        headers.take(declaration)
    found = [*headers.facts, *measured(include, headers)]
    return sorted(found, key=lambda fact: (subject(fact)[0], subject(fact)[1].split(".")[0]))


class Headers:
    """What declarations say."""

    def __init__(self) -> None:
        self.facts: list[str] = []
        self.structs: dict[str, list[re.Match]] = {}
        self.constants: list[str] = []

    def take(self, declaration: str) -> None:
        for shape, take in SHAPES:
            match = shape.fullmatch(declaration)
            if match:
                return take(self, **match.groupdict())
        raise NotUnderstood(f"no function, type or struct: {declaration}")

    def take_macro(self, line: str) -> None:
        macro = MACRO.fullmatch(line)
        if macro["parameters"]:
            raise NotUnderstood(f"a macro with parameters: {line}")
        # Include guards are empty.
        if macro["value"] and not VERSION.fullmatch(macro["name"]):
            self.constants.append(macro["name"])

    def function(self, result: str, name: str, parameters: str) -> None:
        self.facts.append(f"{result}{name}({types(parameters)})")

    def function_type(self, result: str, name: str, parameters: str) -> None:
        self.facts.append(f"typedef {result}(*{name})({types(parameters)})")

    def alias(self, type: str, name: str) -> None:
        self.facts.append(f"typedef {type}{name}")

    def struct(self, tag: str, body: str, name: str | None) -> None:
        self.structs[tag] = each(body.split(";")[:-1])
        if name:
            self.alias(f"struct {tag} ", name)

    def enum(self, tag: str | None, body: str, name: str | None) -> None:
        self.constants += [entry.split("=")[0].strip() for entry in body.split(",") if entry.strip()]
        if name:
            self.alias(f"enum {tag or ''} ", name)


NOT_INSIDE = r"(?!typedef\b|static\b|extern\b|inline\b)"
SHAPES = [
    (re.compile(rf"{NOT_INSIDE}(?P<result>[^()]*[ *])(?P<name>\w+)\((?P<parameters>[^()]*)\)"), Headers.function),
    (
        re.compile(r"typedef (?P<result>[^(){}]*[ *])\(\*(?P<name>\w+)\)\((?P<parameters>[^()]*)\)"),
        Headers.function_type,
    ),
    (re.compile(r"(?:typedef )?struct (?P<tag>\w+) \{(?P<body>[^{}]*)\}(?: (?P<name>\w+))?"), Headers.struct),
    (re.compile(r"(?:typedef )?enum(?: (?P<tag>\w+))? \{(?P<body>[^{}]*)\}(?: (?P<name>\w+))?"), Headers.enum),
    (re.compile(rf"typedef {TYPE_AND_NAME.pattern}"), Headers.alias),
]


def each(declared: list[str]) -> list[re.Match]:
    """Fields or parameters, of which each has a type and a name."""
    found = [TYPE_AND_NAME.fullmatch(one.strip()) for one in declared]
    if None in found:
        raise NotUnderstood(f"a type without a name, or another form of declaration: {declared[found.index(None)]}")
    return found


def types(parameters: str) -> str:
    return "void" if parameters == "void" else ", ".join(one["type"].strip() for one in each(parameters.split(",")))


def own(include: Path) -> tuple[list[str], str]:
    """The macros and the preprocessed text of the headers themselves, without what they include from elsewhere."""
    macros, text, is_own = [], "", False
    for line in run([*compiler(include), "-E", "-dD", "-"], includes(include)).splitlines():
        marker = LINE_MARKER.match(line)
        if marker:
            is_own = include in Path(marker[1]).parents
        elif is_own and line.startswith("#define "):
            macros.append(line)
        elif is_own and not line.startswith("#"):
            text += line + "\n"
    return macros, text


def declarations(text: str) -> list[str]:
    found, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == ";" and depth == 0:
            found.append(spaced(text[start:place]))
            start = place + 1
    if text[start:].strip():
        raise NotUnderstood(f"no declaration: {text[start:]}")
    return found


def spaced(text: str) -> str:
    """With one way to put blanks: `int f(const char *, void *const *)`."""
    text = " ".join(re.findall(r"\w+|[^\w\s]", text))
    text = re.sub(r"(?<=[([]) | (?=[]),;])", "", text)  # inside brackets, before commas
    text = re.sub(r"\* (?=[*\w])", "*", text)
    text = re.sub(r"(?<=\)) (?=\()|(?<=\w) (?=\((?!\*)|\[)", "", text)  # before brackets, but those of `(*name)`
    return re.sub(r"\b_Bool\b", "bool", text)


def measured(include: Path, headers: Headers) -> list[str]:
    """The facts that only a compiler knows."""
    lines = []
    for tag, fields in headers.structs.items():
        lines.append(
            f'printf("struct {tag}: %zu bytes, aligned to %zu\\n", sizeof(struct {tag}), _Alignof(struct {tag}));'
        )
        for field in fields:
            lines.append(f'printf("struct {tag}: {field[0]} at %zu\\n", offsetof(struct {tag}, {field["name"]}));')
    lines += [f"CONSTANT({name});" for name in headers.constants]
    source = (
        f"#include <stdio.h>\n{includes(include)}{PRINTERS}int main(void)\n{{\n" + "\n".join(lines) + "\nreturn 0;\n}\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder) / "facts")
        run([*compiler(include), "-", "-o", program], source)
        return run([program]).splitlines()


def includes(include: Path) -> str:
    """Lines that include every header that has facts, in pirn.h or not."""
    headers = sorted(path.relative_to(include) for path in include.glob("pirn/*.h") if path.name not in INLINE)
    return "".join(f"#include <{header}>\n" for header in ["pirn.h", *headers])


def has_compiler() -> bool:
    return shutil.which(compiler(Path())[0]) is not None


def compiler(include: Path) -> list[str]:
    return [*shlex.split(os.environ.get("CC", "cc")), "-std=c11", "-I", str(include), "-xc"]


def run(command: list[str], text: str = "") -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise NotUnderstood(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout
