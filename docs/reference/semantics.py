"""usage: semantics.py PAGE... -- EXPORTS HEADERS [LOG...]

Checks the contract pages against the library and against a run of its tests. A promise is an item of a list, with the functions that
keep it and the tests that show it:

    - **lock-2** Releasing a lock that is not locked is `PIRN_ERR_NOT_LOCKED`.
      - `pirn_lock_release` — `lock.release_of_an_unlocked_one_is_not_locked`

Each function has to be exported, each exported function has to keep some promise, each constant that a page names has to be in the
headers. Each test has to have passed in the run that the logs are of: what ctest and cargo test printed. Without a log the tests are
not looked at.
"""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

PROMISE = re.compile(r"^- \*\*(?P<id>[a-z]+-\d+)\*\* ")
EVIDENCE = re.compile(r"^  - `.*` — `.*`$")
CTEST = re.compile(r"^ *\d+/\d+ Test +#\d+: (?P<name>\S+) \.+ *(?P<outcome>Passed|\*\*\*\S+(?: \S+)?)")
CARGO = re.compile(r"^test (?P<name>\S+) \.\.\. (?P<outcome>ok|FAILED|ignored)\b")


@dataclass
class Promise:
    id: str
    place: str
    functions: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)


def quoted(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def logical_lines(text: str) -> list[tuple[int, str]]:
    """The lines with their numbers, those of functions and tests joined that were broken."""
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("    ") and lines and lines[-1][1].startswith("  - `"):
            lines[-1] = (lines[-1][0], f"{lines[-1][1]} {line.strip()}")
        else:
            lines.append((number, line))
    return lines


def read_promises(name: str, text: str) -> tuple[list[Promise], list[str]]:
    """The promises of a page, and what is wrong with how they are written down."""
    promises, mistakes = [], []
    for number, line in logical_lines(text):
        place = f"{name}:{number}"
        if line.startswith("- **"):
            start = PROMISE.match(line)
            if start:
                promises.append(Promise(start["id"], place))
            else:
                mistakes.append(f"{place}: this is no item as `- **lock-1** ...`")
        elif line.lstrip().startswith("- `") and " — " in line:
            if not EVIDENCE.match(line) or not promises or promises[-1].tests:
                mistakes.append(f"{place}: this belongs to no promise")
                continue
            functions, tests = line.split(" — ")
            promises[-1].functions, promises[-1].tests = quoted(functions), quoted(tests)
    mistakes += [f"{promise.place}: {promise.id} has no test" for promise in promises if not promise.tests]
    return promises, mistakes


def read_outcomes(logs: list[str]) -> dict[str, bool]:
    """Of each test that was in the run, whether it passed. One that was skipped did not."""
    passed: dict[str, bool] = {}
    for log in logs:
        for line in log.splitlines():
            found = CTEST.match(line) or CARGO.match(line)
            if found:
                passed[found["name"]] = passed.get(found["name"], True) and found["outcome"] in ("Passed", "ok")
    return passed


def check(pages: dict[str, str], exports: set[str], constants: set[str], logs: list[str]) -> tuple[list[Promise], list[str]]:
    promises, mistakes, seen = [], [], {}
    for name, text in pages.items():
        found, wrong = read_promises(name, text)
        promises += found
        mistakes += wrong
        unknown = set(re.findall(r"\bPIRN_[A-Z_]+[A-Z]\b", text)) - constants
        mistakes += [f"{name}: there is no {constant}" for constant in sorted(unknown)]
    outcomes = read_outcomes(logs)
    for promise in promises:
        where = f"{promise.place}: {promise.id}"
        if promise.id in seen:
            mistakes.append(f"{where} is at {seen[promise.id]} already")
        seen[promise.id] = promise.place
        mistakes += [f"{where}: there is no function {name}" for name in promise.functions if name not in exports]
        for test in promise.tests if logs else []:
            if test not in outcomes:
                mistakes.append(f"{where}: no test {test} was run")
            elif not outcomes[test]:
                mistakes.append(f"{where}: the test {test} failed or was skipped")
    kept = {name for promise in promises for name in promise.functions}
    mistakes += [f"no promise names {name}" for name in sorted(exports - kept)]
    return promises, mistakes


def main(arguments: list[str]) -> None:
    split = arguments.index("--")
    pages = {name: Path(name).read_text() for name in arguments[:split]}
    exports, headers, *logs = arguments[split + 1 :]
    constants = set()
    for header in Path(headers).rglob("*.h"):
        constants |= set(re.findall(r"\bPIRN_[A-Z_]+[A-Z]\b", header.read_text()))
    read = [Path(log).read_text(errors="replace") for log in logs]
    promises, mistakes = check(pages, set(Path(exports).read_text().split()), constants, read)
    for mistake in mistakes:
        print(mistake)
    functions = {name for promise in promises for name in promise.functions}
    tests = {name for promise in promises for name in promise.tests}
    print(f"contract: {len(promises)} promises of {len(functions)} functions, shown by {len(tests)} tests: {len(mistakes)} mistakes")
    sys.exit(bool(mistakes) or not promises)


if __name__ == "__main__":
    main(sys.argv[1:])
