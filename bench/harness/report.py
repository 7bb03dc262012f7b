"""The results as JSON and as Markdown."""

from harness import stats
from harness.rows import LIMITS

# Above this share of the processors' time, what others do shows in the figures.
QUIET = 0.03


def collect(rows, peers, measured, settings, machine, disturbance):
    """All there is to know about a run, as it goes into the JSON file."""
    return {
        "settings": settings,
        "machine": machine,
        "disturbance": disturbance,
        "peers": {peer.name: {"label": peer.label, "version": peer.version} for peer in peers},
        "rows": [_row(row, peers, measured[row.name]) for row in rows],
    }


def _row(row, peers, measured):
    samples = {name: result["samples"] for name, result in measured.items()}
    return {
        "row": row.name,
        "title": row.title,
        "unit": row.unit,
        "more_is_better": row.more_is_better,
        "targets": [_verdict(stats.judge(row, target, samples)) for target in row.targets],
        "peers": {
            peer.name: _peer(peer, measured.get(peer.name)) for peer in peers if row.program in peer.offers
        },
    }


def _peer(peer, result):
    if result is None:
        return {"missing": peer.why_missing()}
    medians = {}
    for quantity, figures in result["samples"].items():
        figures = [figure for figure in figures if figure is not None]
        if figures:
            of = stats.summary(figures)
            medians[quantity] = {"median": of.median, "min": of.least, "max": of.most}
    return {**result, **medians}


def _verdict(verdict):
    target = verdict.target
    return {
        "whose": target.whose,
        "quantity": target.quantity,
        "relation": target.relation,
        "factor": target.factor,
        "of": target.reference,
        "reference": verdict.reference,
        "ratio": verdict.ratio,
        "spread": verdict.spread,
        "holds": verdict.holds,
        "why_not": verdict.why_not,
    }


def figure(x):
    """Three digits that count."""
    if x is None:
        return "–"
    if x >= 100:
        return f"{x:,.0f}"
    return f"{x:.1f}" if x >= 10 else f"{x:.2f}"


def markdown(run, chart):
    lines = ["# Benchmarks", "", *_conditions(run), "", *_targets(run), ""]
    if chart:
        lines += [f"![Each row's peers with medians and ranges]({chart})", ""]
    for row in run["rows"]:
        lines += [*_peers(run, row), ""]
    return "\n".join(lines + _versions(run)) + "\n"


def _conditions(run):
    m, s = run["machine"], run["settings"]
    kind = "virtual machine" if m["virtual"] else "machine"
    lines = [
        f"{m['cpu']}, {m['cores']}-core {m['architecture']} {kind}, {m['kernel']}, {m['libc']}; {m['c_compiler']}, "
        f"{m['cpp_compiler']}, {m['rust_compiler']}.",
        f"{_samples(s['repetitions'])} of {s['seconds']} s each, a fresh process a sample, peers in random order within "
        "each repetition; medians, with the least and the greatest sample. [How it is measured](README.md).",
    ]
    noise = {who: share for who, share in run["disturbance"].items() if share > QUIET}
    if noise:
        words = {"others": "other processes had {:.0%} of the processors' time", "stolen": "the host took {:.0%} of it"}
        said = ", and ".join(words[who].format(share) for who, share in noise.items())
        lines += ["", f"**Noisy**: while this ran, {said}."]
    return lines


def _samples(n):
    return f"{n} sample" if n == 1 else f"{n} samples"


def _targets(run):
    lines = ["## Targets", "",
             "Ratio: pirn's figure to the reference's, or to the number where the target is a number; in brackets the "
             "least and the greatest within one repetition.", "",
             "| row | operation | pirn has to reach | pirn | ratio | holds |", "| --- | --- | --- | --- | --- | --- |"]
    for row in run["rows"]:
        for verdict in row["targets"]:
            own = row["peers"].get(verdict["whose"], {}).get(verdict["quantity"], {}).get("median")
            unit = f" {row['unit']}" if verdict["quantity"] == "value" and own is not None else ""
            lines.append(f"| {row['row']} | {row['title']} | {describe(run, row, verdict)} | {figure(own)}{unit} "
                         f"| {_ratio(verdict)} | {_holds(verdict)} |")
    return lines


def describe(run, row, verdict):
    """A target in words."""
    whose = "" if verdict["whose"] == "pirn" else f"{label(run, verdict['whose'])} "
    relation = {"<=": "≤", "<": "<", ">=": "≥"}[verdict["relation"]]
    factor = f"{verdict['factor']:,g}"
    if verdict["quantity"] != "value":
        return f"{whose}{verdict['quantity']} {relation} {factor}"
    if verdict["of"] is None:
        return f"{whose}{relation} {factor} {row['unit']}"
    reference = label(run, verdict["of"])
    if verdict["reference"] not in (None, verdict["of"]):
        reference += f" ({label(run, verdict['reference'])})"
    times = "" if verdict["factor"] == 1 else f"{factor} × "
    return f"{whose}{relation} {times}{reference}"


def label(run, name):
    return run["peers"].get(name, {}).get("label", name)


def _ratio(verdict):
    if verdict["ratio"] is None:
        return "–"
    if verdict["spread"] is None:
        return f"{verdict['ratio']:.2f}"
    least, most = verdict["spread"]
    return f"{verdict['ratio']:.2f} ({least:.2f}–{most:.2f})"


def _holds(verdict):
    if verdict["holds"] is None:
        return f"not judged: {verdict['why_not']}"
    return "yes" if verdict["holds"] else "**no**"


def _peers(run, row):
    fairness = any("fairness" in peer for peer in row["peers"].values())
    lines = [f"## {row['row']}: {row['title']}, {row['unit']}", "",
             "| peer | what | median | min | max |" + (" fairness |" if fairness else ""),
             "| --- | --- | ---: | ---: | ---: |" + (" ---: |" if fairness else "")]
    for name in ranked(row):
        peer = row["peers"][name]
        title = f"**{label(run, name)}**" if name == "pirn" else label(run, name)
        if "value" not in peer:
            why = f"missing: {peer['missing']}" if "missing" in peer else f"failed: {peer['failures'][0]}"
            lines.append(f"| {title} | {why} | – | – | – |" + (" – |" if fairness else ""))
            continue
        value = peer["value"]
        what = peer["of"]
        if peer["failures"]:
            what += f" ({_samples(len(peer['failures']))} failed: {peer['failures'][0]})"
        cells = [title, what, figure(value["median"]), figure(value["min"]), figure(value["max"])]
        if fairness:
            cells.append(figure(peer.get("fairness", {}).get("median")))
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def ranked(row):
    """A row's peers, best first; then the limits; then those without a figure."""

    def key(name):
        peer = row["peers"][name]
        if "value" not in peer:
            return (2, 0)
        median = peer["value"]["median"]
        return (1 if name in LIMITS else 0, -median if row["more_is_better"] else median)

    return sorted(row["peers"], key=key)


def _versions(run):
    lines = ["## Versions", "", "| peer | version |", "| --- | --- |"]
    peers = [peer for name, peer in run["peers"].items() if name not in LIMITS]
    return lines + [f"| {peer['label']} | {peer['version']} |" for peer in peers]


def failures(run):
    """(row, peer, why) of all samples that gave no figure."""
    return [(row["row"], name, why) for row in run["rows"] for name, peer in row["peers"].items()
            for why in peer.get("failures", [])]
