"""usage: abi.py check|write

The gate that changes of the ABI go through (docs/abi.md). What the headers say now (facts.py) is what baseline.txt says, but
for the changes that CHANGELOG.md names under "### ABI" of "## [Unreleased]", each by its fact:

    - Added `pirn_status_t pirn_lock_peek(pirn_lock_t *, bool *)`.
    - Changed `typedef int32_t (*pirn_task_fn)(void *, void **)`, was `...`.
    - Removed `pirn_status_t pirn_lock_peek(pirn_lock_t *, bool *)`.

Statuses never change. Once there was a release under the library's soname nothing changes that a program could have been
compiled against: things are added, and a struct grows at its end if it begins with its size. The baseline itself does not change
unnoticed either: the newest entry "- Baseline `...`" of the changelog has its digest.

check   fails if something drifts, and says what to write or to undo
write   makes what the headers say now the baseline, if `check` has nothing against it, and says what the changelog needs

CC is the compiler, cc by default.
"""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from facts import CONSTANT, STRUCT, NotUnderstood, facts, subject

SIZE = re.compile(r"struct (?P<struct>\w+): (?P<bytes>\d+) bytes, aligned to (?P<alignment>\d+)")
STATUS = re.compile(r"PIRN_(OK|TIMED_OUT|WOULD_BLOCK|END|ERR_\w+)")
HEAD = """\
# The ABI of {soname}: what programs were compiled against. docs/abi.md says what may change, and how; `make abi-baseline`
# writes this file.
"""


@dataclass
class Tree:
    """Where the gate looks."""

    include: Path
    baseline: Path
    changelog: Path
    manifest: Path

    @property
    def major(self) -> str:
        return re.search(r'^version = "(\d+)\.', self.manifest.read_text(), re.M)[1]

    @property
    def soname(self) -> str:
        return f"libpirn.so.{self.major}"

    @property
    def is_released(self) -> bool:
        return re.search(rf"^## \[{self.major}\.", self.changelog.read_text(), re.M) is not None

    def frozen(self) -> tuple[str, list[str]]:
        """The soname that the baseline is of, and its facts."""
        text = self.baseline.read_text()
        return re.search(r"libpirn\.so\.\d+", text)[0], [
            line for line in text.splitlines() if line and not line.startswith("#")
        ]

    @property
    def named_baseline(self) -> str | None:
        """The digest of the baseline that the changelog speaks of."""
        entry = re.search(r"^- Baseline `(\w+)`", self.changelog.read_text(), re.M)
        return entry and entry[1]

    def entries(self) -> list[tuple[str, list[str]]]:
        """The entries under ABI: their first words, and what stands in them as code."""
        unreleased = re.search(r"^## \[Unreleased\]\n(.*?)(?=^## |\Z)", self.changelog.read_text(), re.M | re.S)
        section = re.search(r"^### ABI\n(.*?)(?=^### |\Z)", unreleased[1] if unreleased else "", re.M | re.S)
        entries = re.split(r"^- ", section[1] if section else "", flags=re.M)[1:]
        return [
            ((entry.split() or [""])[0], [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", entry)])
            for entry in entries
        ]


@dataclass
class Change:
    """A subject of which the baseline and the headers say different things; None says nothing."""

    kind: int
    name: str
    was: str | None
    now: str | None

    @property
    def word(self) -> str:
        return "Added" if self.was is None else "Removed" if self.now is None else "Changed"

    @property
    def line(self) -> str:
        """How the changelog has to name it."""
        return f"- {self.word} `{self.now or self.was}`" + (f", was `{self.was}`." if self.word == "Changed" else ".")

    @property
    def is_of_status(self) -> bool:
        return self.kind == CONSTANT and self.word != "Added" and STATUS.fullmatch(self.name) is not None

    def breaks(self, frozen: list[str]) -> bool:
        """Whether a program that was compiled before can notice."""
        struct, _, field = self.name.partition(".")
        size = next((size for size in map(SIZE.fullmatch, frozen) if size and size["struct"] == struct), None)
        if self.kind != STRUCT or size is None or self.word == "Removed":
            return self.word != "Added"
        if f"struct {struct}: uint32_t size at 0" not in frozen:
            return True
        if field:
            return self.word == "Changed" or int(self.now.rsplit(" ", 1)[1]) < int(size["bytes"])
        new = SIZE.fullmatch(self.now)
        return int(new["bytes"]) < int(size["bytes"]) or new["alignment"] != size["alignment"]


def digest(frozen: list[str]) -> str:
    return hashlib.sha256("\n".join(frozen).encode()).hexdigest()[:16]


def changes(frozen: list[str], now: list[str]) -> list[Change]:
    before, after = ({subject(fact): fact for fact in some} for some in (frozen, now))
    return [
        Change(*about, before.get(about), after.get(about))
        for about in sorted(before.keys() | after.keys())
        if before.get(about) != after.get(about)
    ]


def objections(tree: Tree, now: list[str]) -> list[str]:
    """What is wrong with the facts as they are now."""
    soname, frozen = tree.frozen()
    entries = tree.entries()
    found, missing = [], []
    if tree.named_baseline != digest(frozen):
        missing.append(f"- Baseline `{digest(frozen)}`: {len(frozen)} facts.")
    for change in changes(frozen, now):
        if soname == tree.soname and change.is_of_status:
            found.append(f"a status never changes: {change.line[2:]} Undo it.")
        elif soname == tree.soname and tree.is_released and change.breaks(frozen):
            found.append(
                f"programs break that use {soname}, which has been released: {change.line[2:]} Undo it, "
                "or begin a new major version."
            )
        elif not any(word == change.word and (change.now or change.was) in code for word, code in entries):
            missing.append(change.line)
    for word, code in entries:
        claimed = {"Added": code, "Changed": code[:1]}.get(word, [])
        found += [
            f"CHANGELOG.md says {word} `{fact}`; the headers do not"
            for fact in claimed
            if " " in fact and fact not in now
        ]
        found += [
            f"CHANGELOG.md says {word} `{fact}`; it is there" for fact in code if word == "Removed" and fact in now
        ]
    if missing:
        found.append(
            'The ABI, or its baseline, changes, and CHANGELOG.md does not say so. Undo it; or if it is meant, put this under "### ABI" of '
            '"## [Unreleased]", with a word on why:\n\n' + "\n".join(missing) + "\n"
        )
    return found


def main() -> None:
    root = Path(__file__).resolve().parents[2]
    tree = Tree(root / "include", root / "c-tests/abi/baseline.txt", root / "CHANGELOG.md", root / "Cargo.toml")
    if sys.argv[1:] not in (["check"], ["write"]):
        sys.exit(__doc__)
    try:
        now = facts(tree.include)
    except NotUnderstood as error:
        sys.exit(f"{error}\n\nThe ABI of the headers cannot be told: see c-tests/abi/facts.py")
    found = objections(tree, now)
    if found:
        sys.exit("\n".join([*found, "docs/abi.md says more."]))
    changed = changes(tree.frozen()[1], now)
    print(
        f"{len(now)} facts, as the baseline says"
        + (f", but for {len(changed)} that CHANGELOG.md names" if changed else "")
    )
    if sys.argv[1] == "write":
        tree.baseline.write_text(HEAD.format(soname=tree.soname) + "\n" + "\n".join(now) + "\n")
        if tree.named_baseline != digest(now):
            print(f'CHANGELOG.md needs this now, under "### ABI":\n\n- Baseline `{digest(now)}`: {len(now)} facts.')


if __name__ == "__main__":
    main()
