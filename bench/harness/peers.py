"""The peers that the build knows, and their versions."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from pathlib import Path

from harness import machine
from harness.rows import OWN

BENCH = Path(__file__).resolve().parent.parent

# What the peers behind the shim are called on crates.io.
CRATES = {"parking_lot": "parking_lot", "crossbeam": "crossbeam-channel", "rayon": "rayon"}


@dataclass(frozen=True)
class Peer:
    """One line of what the Makefile wrote."""

    name: str
    label: str
    package: str
    offers: frozenset  # the programs it has, if it is there
    there: bool
    version: str

    def why_missing(self):
        return f"{self.package} is not installed" if self.package else "it is not built"


def read(path):
    peers = []
    for line in path.read_text().splitlines():
        if line.strip():
            name, label, language, package, offers, there = (field.strip() for field in line.split("|"))
            version = _version(name, language, package) if there else "missing"
            peers.append(Peer(name, label, package, frozenset(offers.split()), there == "there", version))
    return peers


def _version(name, language, package):
    if name in OWN:
        return _pirn_version()
    if name in CRATES:
        return _written(BENCH / "shim/Cargo.lock", rf'name = "{CRATES[name]}"\nversion = "(.*)"')
    if language == "py":
        return platform.python_version()
    if package:
        return machine.output("dpkg-query", "-W", "-f", "${Version}", package) or "unknown"
    if name.startswith("pthread"):
        return machine.libc()
    return machine.compiler("c++" if language == "cpp" else "cc")


def _pirn_version():
    version = _written(BENCH.parent / "Cargo.toml", r'^version = "(.*)"')
    commit = machine.output("git", "-C", str(BENCH), "describe", "--always", "--dirty", "--exclude", "*")
    return f"{version} ({commit})" if commit else version


def _written(path, pattern):
    return re.search(pattern, path.read_text(), re.MULTILINE).group(1)
