"""The results as a chart: a panel a row, a dot a peer with the range of its samples."""

import math

from harness.report import describe, figure, label, ranked
from harness.rows import LIMITS

COLUMNS = 3
COLOURS = {"pirn": "#c2410c", "peer": "#334155", "limit": "#94a3b8", "target": "#c2410c"}


def draw(run, path):
    # Here and not above: without matplotlib there is everything but the chart.
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"font.family": "sans-serif", "font.size": 8, "svg.hashsalt": "pirn", "svg.fonttype": "none"})
    rows = [row for row in run["rows"] if any("value" in peer for peer in row["peers"].values())]
    columns = min(COLUMNS, len(rows))
    bands = [rows[i:i + columns] for i in range(0, len(rows), columns)]
    heights = [1.1 + 0.19 * max(len(_drawn(row)) for row in band) for band in bands]
    grid, panels = plt.subplots(len(bands), columns, squeeze=False, layout="constrained",
                                figsize=(5.2 * columns, sum(heights)), height_ratios=heights)
    for band, line in zip(bands, panels):
        for panel, row in zip(line, band):
            _panel(panel, run, row)
        for panel in line[len(band):]:
            panel.axis("off")
    grid.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    plt.close(grid)


def _drawn(row):
    return [name for name in ranked(row) if "value" in row["peers"][name]]


def _panel(panel, run, row):
    names = _drawn(row)
    for y, name in enumerate(names):
        value = row["peers"][name]["value"]
        colour = COLOURS["pirn" if name == "pirn" else "limit" if name in LIMITS else "peer"]
        panel.plot([value["min"], value["max"]], [y, y], color=colour, linewidth=1.2, solid_capstyle="round")
        panel.plot(value["median"], y, "o", color=colour, markersize=5)
        panel.annotate(figure(value["median"]), (1.01, y), xycoords=("axes fraction", "data"), va="center",
                       color=colour)
    for verdict in row["targets"]:
        at = _position(row, verdict)
        if at:
            panel.axvline(at, color=COLOURS["target"], linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    panel.set_yticks(range(len(names)), [label(run, name) for name in names])
    for text, name in zip(panel.get_yticklabels(), names):
        text.set_color(COLOURS["pirn" if name == "pirn" else "limit" if name in LIMITS else "peer"])
    panel.set_ylim(len(names) - 0.4, -0.6)
    _log_axis(panel)
    better = "more" if row["more_is_better"] else "less"
    panel.set_xlabel(f"{row['unit']}, {better} is better", color="#64748b")
    targets = "; ".join(describe(run, row, verdict) for verdict in row["targets"])
    panel.set_title(f"{row['row']}  {row['title']}\n", loc="left", fontsize=9, fontweight="bold")
    panel.text(0, 1.015, f"target: {targets}", transform=panel.transAxes, color=COLOURS["target"], fontsize=7)
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.tick_params(axis="y", length=0)
    panel.grid(axis="x", color="#e2e8f0", linewidth=0.6)
    panel.set_axisbelow(True)


def _position(row, verdict):
    """Where a target's line goes."""
    if verdict["quantity"] != "value":
        return None
    if verdict["of"] is None:
        return verdict["factor"]
    reference = row["peers"].get(verdict["reference"], {}).get("value")
    return reference and reference["median"] * verdict["factor"]


def _log_axis(panel):
    """Ratios are what counts, so equal ratios are equal distances."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    panel.set_xscale("log")
    low, high = panel.get_xlim()
    decades = math.log10(high / low)
    steps = (1,) if decades > 2.5 else (1, 2, 5)
    panel.xaxis.set_major_locator(LogLocator(subs=steps) if decades > 0.9 else MaxNLocator(5, steps=(1, 2, 5, 10)))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.10g}"))
