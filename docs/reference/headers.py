"""What the C headers say: each public function with its documentation comment, taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

COMMENTED = re.compile(r"/\*\*\n(?P<comment>(?: \*.*\n)*?) \*/\n(?P<prototype>[a-z][^;{}#]*?\b(?P<name>pirn_\w+)\([^;{}]*\));")
NAMED = re.compile(r"(\w+)\s*(?:\)\s*\(.*)?$")


@dataclass
class Function:
    header: str
    name: str
    prototype: str
    summary: str = ""
    params: list[tuple[str, str]] = field(default_factory=list)
    returns: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    pre: str = ""

    @property
    def parameters(self) -> list[str]:
        """The names in the prototype."""
        inside = self.prototype[self.prototype.index("(") + 1 : self.prototype.rindex(")")]
        if inside.strip() == "void":
            return []
        return [NAMED.search(part.strip()).group(1) for part in inside.split(",")]

    @property
    def gives_status(self) -> bool:
        return self.prototype.startswith("pirn_status_t ")

    @property
    def handles(self) -> list[str]:
        """Parameters that are handles."""
        return re.findall(r"(?<!const )\bpirn_\w+_t \*(?!\*|const)(\w+)", self.prototype)


def uncommented(comment: str) -> list[str]:
    return [line.removeprefix(" *").removeprefix(" ") for line in comment.splitlines()]


def paragraphs(lines: list[str]) -> list[str]:
    """Blocks between empty lines; each @tag begins one, too."""
    blocks: list[list[str]] = [[]]
    for line in lines:
        if not line.strip() or line.startswith("@"):
            blocks.append([])
        if line.strip():
            blocks[-1].append(line.rstrip())
    return ["\n".join(block) for block in blocks if block]


def joined(text: str) -> str:
    return " ".join(text.split())


def functions(include: Path) -> list[Function]:
    found = []
    for path in sorted((include / "pirn").glob("*.h")):
        if path.name == "with.h":
            continue
        for match in COMMENTED.finditer(path.read_text()):
            each = Function(path.name, match["name"], joined(match["prototype"]).replace("( ", "("))
            for block in paragraphs(uncommented(match["comment"])):
                tag, _, rest = block.partition(" ")
                if tag == "@param":
                    names, _, text = joined(rest).partition(" ") if ", " not in rest.split("  ")[0] else split_names(rest)
                    each.params.append((names, joined(text)))
                elif tag == "@return":
                    each.returns.append(joined(rest))
                elif tag == "@pre":
                    each.pre = joined(rest)
                elif not each.summary:
                    each.summary = joined(block)
                else:
                    each.notes.append(joined(block))
            found.append(each)
    return found


def split_names(rest: str) -> tuple[str, str, str]:
    """`code, buf, cap  text`: several names, two spaces, the text."""
    names, _, text = rest.partition("  ")
    return names, "", text


def contract(include: Path) -> list[str]:
    """The paragraphs of pirn.h's own comment."""
    text = (include / "pirn.h").read_text()
    comment = text[text.index("/**\n") + 4 : text.index(" */")]
    return [joined(block) for block in paragraphs(uncommented(comment)) if not block.startswith("@file")]
