"""usage: listings.py ROOT DOCUMENT...

Checks that every function of pirn's which the documents name exists. And checks that the listings of the documents are what is built and run. In front of each block in C or C++ stands a comment with the file that
it is from, <!-- examples/... -->, and the block is in that file, line by line. <!-- no file: WHY --> excuses one.
"""

import re
import sys
from pathlib import Path
from textwrap import dedent

BLOCK = re.compile(r"(?:<!-- (?P<source>.+?) -->\n)?```(?:c|cpp|python)\n(?P<code>.*?)^```$", re.S | re.M)


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


def contains(text: list[str], part: list[str]) -> bool:
    return any(text[i : i + len(part)] == part for i in range(len(text) - len(part) + 1))


root, failed, found = Path(sys.argv[1]), [], 0
exports = set((root / "c-tests/exports.txt").read_text().split())
for document in sys.argv[2:]:
    for name in sorted(set(re.findall(r"\b(pirn_\w+)\b(?!\*)", (root / document).read_text()))):
        if name not in exports and not name.endswith("_t"):
            failed.append(f"{document}: there is no {name}")
    for block in BLOCK.finditer((root / document).read_text()):
        found += 1
        source, first = block["source"], block["code"].strip().splitlines()[0]
        if source is None:
            failed.append(f"{document}: no file is named in front of the listing: {first}")
        elif source.startswith("no file: "):
            continue
        elif not (root / source).is_file():
            failed.append(f"{document}: no file {source}")
        elif not contains(lines((root / source).read_text()), lines(dedent(block["code"]).strip("\n"))):
            failed.append(f"{document}: this is not in {source}: {first}")
if failed:
    sys.exit("\n".join(failed))
print(f"{found} listings are what is built and run")
