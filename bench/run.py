#!/usr/bin/env python3
"""Runs the benchmark programs and reports. `make bench` calls it, after building them."""

import argparse
import json
import sys
from pathlib import Path
from random import SystemRandom

from harness import chart, machine, peers, report, rows, sample

BENCH = Path(__file__).resolve().parent


def main():
    options = arguments()
    if options.render:
        return write(json.loads(options.render.read_text()), options.out)
    known = peers.read(options.programs / "peers.txt")
    seed = SystemRandom().randrange(2**32) if options.seed is None else options.seed
    settings = {"repetitions": options.repetitions, "seconds": options.seconds, "seed": seed}
    disturbance = machine.Disturbance()
    measured = sample.run(options.rows, known, options.programs, options.repetitions, options.seconds, seed, progress)
    run = report.collect(options.rows, known, measured, settings, machine.describe(), disturbance.shares())
    status = write(run, options.out)
    for row, peer, why in report.failures(run):
        print(f"row {row}, {peer}: a sample failed: {why}", file=sys.stderr)
        status = 1
    return status


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=Path, help="the folder of the programs and of peers.txt")
    parser.add_argument("--out", type=Path, required=True, help="the folder for results.md, results.json, results.svg")
    parser.add_argument("--rows", type=row_names, default=rows.select([]), help="for example 1,2a,7 (default: all)")
    parser.add_argument("--repetitions", type=positive(int), default=9, help="samples of each peer in each row (9)")
    parser.add_argument("--seconds", type=positive(float), default=0.3, help="length of a sample (0.3)")
    parser.add_argument("--seed", type=int, help="of the random order (default: another each time)")
    parser.add_argument("--render", type=Path, metavar="JSON", help="measure nothing: table and chart of that run")
    options = parser.parse_args()
    if not options.render and not options.programs:
        parser.error("--programs is required")
    return options


def row_names(text):
    try:
        return rows.select(text.replace(",", " ").split())
    except ValueError as unknown:
        raise argparse.ArgumentTypeError(unknown) from None


def positive(kind):
    def parse(text):
        number = kind(text)
        if not number > 0:
            raise ValueError
        return number

    parse.__name__ = f"positive {kind.__name__}"
    return parse


def progress(step, steps, row, peer):
    if sys.stderr.isatty():
        end = "\n" if step == steps else ""
        print(f"\r\x1b[K{step}/{steps}  {row.name}  {peer.name}", end=end, file=sys.stderr, flush=True)
    elif step == steps or step % max(1, steps // 20) == 0:
        print(f"{step} of {steps} samples", file=sys.stderr, flush=True)


def write(run, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(run, indent=1, ensure_ascii=False) + "\n")
    picture = "results.svg"
    try:
        chart.draw(run, folder / picture)
    except ImportError as missing:
        print(f"no chart: {missing}", file=sys.stderr)
        picture = None
    text = report.markdown(run, picture)
    (folder / "results.md").write_text(text)
    print(text)
    print(f"written to {folder}: results.md, results.json" + (f", {picture}" if picture else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
