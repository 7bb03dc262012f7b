"""usage: dependencies.py check|write

docs/dependencies.md lists every crate in Cargo.lock: its licence, who asks for it, and what it does there.

check   compares the list with what cargo says, and makes sure that each crate comes from crates.io with a checksum, that its
        licence is one that deny.toml allows, and that none is in the library twice. Needs neither network nor more than Python.
write   brings the tables up to date. What a new crate does is left to be written.

CARGO is the cargo to ask, else the one on the PATH.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/dependencies.md"
CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"
MODELS = "cfg(loom)"
HEADINGS = {"linked": "In the library", "building": "While the library is built", "testing": "In tests alone"}
TABLE_HEAD = "| crate | licence | for | what it does there |\n| --- | --- | --- | --- |\n"
ROW = re.compile(r"^\| `(?P<name>[^`]+)` \| (?P<licence>[^|]*) \| (?P<askers>[^|]*) \| *(?P<why>[^|]*?) *\|$", re.M)


class Graph:
    """What `cargo metadata` says."""

    def __init__(self) -> None:
        command = [os.environ.get("CARGO", "cargo"), "metadata", "--offline", "--locked", "--format-version=1"]
        said = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
        self.packages = {package["id"]: package for package in said["packages"]}
        self.edges = {node["id"]: node["deps"] for node in said["resolve"]["nodes"]}
        (self.root,) = said["workspace_members"]

    def name(self, package: str) -> str:
        return self.packages[package]["name"]

    def is_macro(self, package: str) -> bool:
        return any("proc-macro" in target["kind"] for target in self.packages[package]["targets"])

    def closure(self, follow) -> set[str]:
        """The packages that are reached from pirn over edges for which `follow(from, to, kind)` holds."""
        reached, todo = set(), [self.root]
        while todo:
            package = todo.pop()
            for edge in self.edges[package]:
                if edge["pkg"] not in reached and any(follow(package, edge["pkg"], kind) for kind in edge["dep_kinds"]):
                    reached.add(edge["pkg"])
                    todo.append(edge["pkg"])
        return reached

    def parts(self) -> dict[str, set[str]]:
        """The packages by what they are there for; the keys are those of HEADINGS."""

        def is_needed(_, __, kind):
            return kind["kind"] in (None, "build") and kind["target"] != MODELS

        def is_linked(_, package, kind):
            return kind["kind"] is None and kind["target"] != MODELS and not self.is_macro(package)

        linked = self.closure(is_linked)
        needed = self.closure(is_needed)
        return {"linked": linked, "building": needed - linked, "testing": set(self.packages) - {self.root} - needed}

    def askers(self, packages: set[str]) -> list[str]:
        return sorted(
            {self.name(asker) for asker, edges in self.edges.items() if any(edge["pkg"] in packages for edge in edges)}
        )


def rows(graph: Graph, part: str) -> dict[str, tuple[str, str]]:
    """The licences and the askers of each crate of a part, as its row says them. Two versions of a crate share a row."""
    versions: dict[str, set[str]] = {}
    for package in sorted(graph.parts()[part], key=graph.name):
        versions.setdefault(graph.name(package), set()).add(package)
    return {
        name: (
            ", ".join(sorted({graph.packages[package]["license"] or "unknown" for package in packages})),
            ", ".join(f"`{asker}`" for asker in graph.askers(packages)),
        )
        for name, packages in versions.items()
    }


def sections(text: str) -> dict[str, tuple[int, int]]:
    """Where the table under each of HEADINGS begins and ends in the page."""
    found = {}
    for part, heading in HEADINGS.items():
        table = re.compile(rf"^## {heading}\n.*?\n(?P<table>\| crate .*?)(?=\n\n|\Z)", re.M | re.S).search(text)
        if not table:
            sys.exit(f"docs/dependencies.md has no section '{heading}' with a table")
        found[part] = table.span("table")
    return found


def is_allowed(expression: str, allowed: set[str]) -> bool:
    """Whether an SPDX expression can be met by licences that are allowed. `/` is an old way to write OR."""
    tokens = re.findall(r"[()]|[^\s()/]+|/", expression) + [""]

    def alternatives() -> bool:
        met = together()
        while tokens[0] in ("OR", "/"):
            tokens.pop(0)
            met = together() or met
        return met

    def together() -> bool:
        met = single()
        while tokens[0] == "AND":
            tokens.pop(0)
            met = single() and met
        return met

    def single() -> bool:
        token = tokens.pop(0)
        if token == "(":
            met = alternatives()
            tokens.pop(0)
            return met
        if tokens[0] == "WITH":
            token = " ".join([token, tokens.pop(0), tokens.pop(0)])
        return token in allowed

    return alternatives()


def allowed_licences() -> tuple[set[str], dict[str, set[str]]]:
    """What deny.toml allows: every crate, and single ones."""
    text = (ROOT / "deny.toml").read_text()
    everywhere = re.search(r"^allow = \[([^\]]*)\]", text, re.M)[1]
    exceptions = re.findall(r'\{ crate = "([^"]+)", allow = \[([^\]]*)\] \}', text)
    return set(re.findall(r'"([^"]+)"', everywhere)), {
        crate: set(re.findall(r'"([^"]+)"', more)) for crate, more in exceptions
    }


def mistakes(graph: Graph) -> list[str]:
    found = []
    text = PAGE.read_text()
    everywhere, exceptions = allowed_licences()
    for part, (begin, end) in sections(text).items():
        is_so = rows(graph, part)
        listed = {row["name"]: row for row in ROW.finditer(text[begin:end])}
        heading = HEADINGS[part]
        found += [f"{name} is not listed under '{heading}'" for name in is_so.keys() - listed.keys()]
        found += [f"{name} is listed under '{heading}', and is not there" for name in listed.keys() - is_so.keys()]
        for name in is_so.keys() & listed.keys():
            licence, askers = is_so[name]
            if (listed[name]["licence"], listed[name]["askers"]) != (licence, askers):
                found.append(f"{name}: its licence is {licence}, and those who ask for it are {askers}")
            if len(listed[name]["why"].split()) < 2:
                found.append(f"{name}: the list does not say what it does")
    for package in graph.packages.values():
        if package["id"] == graph.root:
            continue
        name, licence = package["name"], package["license"] or "unknown"
        if not is_allowed(licence, everywhere | exceptions.get(name, set())):
            found.append(f"{name}: deny.toml does not allow the licence {licence}")
        if package["source"] != CRATES_IO:
            found.append(f"{name} comes from {package['source']}, not from crates.io")
    linked = [graph.name(package) for package in graph.parts()["linked"]]
    found += [f"{name} is in the library twice" for name in set(linked) if linked.count(name) > 1]
    for entry in (ROOT / "Cargo.lock").read_text().split("[[package]]")[1:]:
        if "source = " in entry and not re.search(r'^checksum = "[0-9a-f]{64}"$', entry, re.M):
            found.append(f"Cargo.lock has no checksum for {re.search('name = (.*)', entry)[1]}")
    return sorted(found)


def write(graph: Graph) -> None:
    text = PAGE.read_text()
    why = {row["name"]: row["why"] for row in ROW.finditer(text)}
    for part, (begin, end) in sorted(sections(text).items(), key=lambda each: each[1], reverse=True):
        lines = [
            f"| `{name}` | {' | '.join(known)} | {why.get(name, '')} |" for name, known in rows(graph, part).items()
        ]
        text = text[:begin] + TABLE_HEAD + "\n".join(lines) + text[end:]
    PAGE.write_text(text)


def main() -> None:
    graph = Graph()
    if sys.argv[1:] == ["write"]:
        write(graph)
    elif sys.argv[1:] != ["check"]:
        sys.exit(__doc__)
    found = mistakes(graph)
    if found:
        advice = "`python3 scripts/dependencies.py write` brings the tables up to date; the rest is for a decision"
        sys.exit("\n".join([*found, advice]))
    print(", ".join(f"{len(rows(graph, part))} crates {heading.lower()}" for part, heading in HEADINGS.items()))


if __name__ == "__main__":
    main()
