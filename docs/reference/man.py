"""usage: man.py INCLUDE_FOLDER VERSION OUT

Writes the man pages: OUT/man3/<function>.3 for every public function, OUT/man7/pirn.7 for what holds for all of them.
"""

import re
import sys
import textwrap
from pathlib import Path

import headers


def roff(text: str) -> str:
    """Text as roff takes it: nothing in it is a request, `names` and statuses stand out."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    text = re.sub(r"`([^`]*)`", r"\\fI\1\\fR", text)
    text = re.sub(r"\b(PIRN_[A-Z_]+)\b", r"\\fB\1\\fR", text)
    return re.sub(r"^([.'])", r"\\&\1", text)


def paragraph(text: str) -> str:
    return f".PP\n{roff(text)}\n"


def tagged(tag: str, text: str) -> str:
    return f".TP\n{tag}\n{roff(text) or '.'}\n"


def title(name: str, section: int, version: str) -> str:
    # Names are to be found and copied whole.
    return f'.TH {name} {section} "" "pirn {version}" "pirn"\n.nh\n.ad l\n'


def synopsis(prototype: str) -> str:
    """A prototype in lines that fit a terminal, broken between parameters only."""
    whole = [part.replace(" ", "\0") for part in prototype.split(", ")]
    lines = textwrap.wrap(", ".join(whole), 72, subsequent_indent="\0" * 8, break_long_words=False, break_on_hyphens=False)
    return "".join(f".B \"{roff(line.replace(chr(0), ' '))}\"\n" for line in lines)


def page(function: headers.Function, same_header: list[str], version: str) -> str:
    summary = re.split(r"(?<=[a-z)\"])\. |: ", function.summary)[0].rstrip(".")
    out = title(function.name, 3, version)
    out += f".SH NAME\n{function.name} \\- {roff(summary)}\n"
    out += f".SH SYNOPSIS\n.nf\n.B #include <pirn/{function.header}>\n.PP\n{synopsis(function.prototype)}.fi\n"
    out += f".SH DESCRIPTION\n{roff(function.summary)}\n"
    out += "".join(paragraph(note) for note in function.notes)
    if function.params:
        out += ".SH PARAMETERS\n" + "".join(tagged(f"\\fI{names}\\fR", text) for names, text in function.params)
    if function.returns:
        out += ".SH RETURN VALUE\n"
    for each in function.returns:
        statuses, _, text = each.partition(" ")
        if statuses.rstrip(",").startswith("PIRN_"):
            while statuses.endswith(","):
                more, _, text = text.partition(" ")
                statuses += " " + more
            out += tagged(f"\\fB{statuses}\\fR", text)
        else:
            out += paragraph(each)
    if function.gives_status:
        out += paragraph("Every function may also return PIRN_ERR_INTERNAL; see pirn(7).")
    if function.pre:
        out += f".SH PRECONDITION\n{roff(function.pre)}\n"
    others = [name for name in same_header if name != function.name]
    return out + ".SH SEE ALSO\n" + see_also(others)


def see_also(names: list[str]) -> str:
    return "".join(f".BR {name} ({section}),\n" for name, section in [("pirn", 7)] + [(n, 3) for n in names])[:-2] + "\n"


def overview(include: Path, functions: list[headers.Function], version: str) -> str:
    first, *rest = headers.contract(include)
    out = title("pirn", 7, version)
    out += ".SH NAME\npirn \\- threads, locks, queues and pools with the semantics of Python's\n"
    out += f".SH SYNOPSIS\n.nf\n.B #include <pirn.h>\n.B cc program.c \\-lpirn\n.fi\n.SH DESCRIPTION\n{roff(first)}\n"
    for block in rest:
        head, dot, text = block.partition(". ")
        if dot and len(head.split()) == 1:
            out += f".SH {head.upper()}\n{roff(text)}\n"
        else:
            out += paragraph(block)
    out += ".SH FUNCTIONS\n"
    for header in sorted({function.header for function in functions}):
        names = [function.name for function in functions if function.header == header]
        out += f".TP\n<pirn/{header}>\n" + ", ".join(f"\\fB{name}\\fR(3)" for name in names) + "\n"
    return out


def main() -> None:
    include, version, out = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    functions = headers.functions(include)
    for section in ("man3", "man7"):
        (out / section).mkdir(parents=True, exist_ok=True)
        for stale in (out / section).iterdir():
            stale.unlink()
    for function in functions:
        same = [other.name for other in functions if other.header == function.header]
        (out / "man3" / f"{function.name}.3").write_text(page(function, same, version))
    (out / "man7" / "pirn.7").write_text(overview(include, functions, version))


main()
