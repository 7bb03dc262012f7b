"""usage: check.py INCLUDE_FOLDER EXPORTS

Checks that every exported function is documented with all that a reader asks: what it does; each parameter; what it returns, and each
status that its kind of arguments can lead to; whether it blocks; its Python equivalent; in that order.
"""

import re
import sys
from pathlib import Path

import headers

# Where Python has nothing to compare with, and no handle or time is involved.
NO_PYTHON = {"pirn_version", "pirn_status_name", "pirn_status_message", "pirn_last_error", "pirn_last_code"}


def mistakes(function: headers.Function) -> list[str]:
    found = []
    text = " ".join([function.summary, *function.notes])
    described = [name for names, _ in function.params for name in re.split(r",\s*", names)]
    returned = " ".join(function.returns)

    if not re.search(r"\.\)?$", function.summary):
        found.append("no summary that ends with a full stop")
    if described != function.parameters:
        found.append(f"@param {described} for the parameters {function.parameters}")
    for names, words in function.params:
        if not words:
            found.append(f"@param {names} says nothing")
    if not function.returns and not function.prototype.startswith("void "):
        found.append("no @return")
    if function.gives_status:
        if not returned.startswith("PIRN_OK"):
            found.append("@return does not begin with PIRN_OK")
        unknown = set(re.findall(r"\bPIRN_(?:ERR_)?[A-Z_]+\b", returned)) - STATUSES - OTHER_CONSTANTS
        if unknown:
            found.append(f"@return names {sorted(unknown)}, which are no statuses")
        if function.handles and "PIRN_ERR_INVALID_HANDLE" not in returned:
            found.append("@return does not say PIRN_ERR_INVALID_HANDLE")
        if "seconds" in function.parameters and "PIRN_ERR_OVERFLOW" not in returned:
            found.append("@return does not say PIRN_ERR_OVERFLOW for a time limit")
    if not re.search(r"\b(Does not block|Blocks|may block)\b", text):
        found.append("does not say whether it blocks")
    if function.name not in NO_PYTHON and "Python" not in text:
        found.append("does not say what the Python equivalent is")
    blocking, python = re.search(r"\b(?:Does not block|Blocks)\b", text), re.search(r"\bPython:", text)
    if blocking and python and python.start() < blocking.start():
        found.append("Python stands before blocking")
    return found


include, exports = Path(sys.argv[1]), Path(sys.argv[2]).read_text().split()
STATUSES = set(re.findall(r"#define (PIRN_\w+) \(?-?\d+\)?", (include / "pirn/status.h").read_text()))
OTHER_CONSTANTS = set(re.findall(r"#define (PIRN_\w+)", "".join(p.read_text() for p in include.glob("pirn/*.h"))))

documented = {function.name: function for function in headers.functions(include)}
failed = [f"{name}: no documentation comment in front of it" for name in exports if name not in documented]
for function in documented.values():
    failed += [f"{function.header}: {function.name}: {mistake}" for mistake in mistakes(function)]
if failed:
    sys.exit("\n".join(failed))
print(f"{len(documented)} functions are documented with all sections")
