"""Takes the samples: one process each, the peers in random order within a repetition."""

import json
import random
import subprocess

# A sample takes well under a second, unless threads wait for one another for ever.
TIME_LIMIT_S = 60


class Failed(Exception):
    """A sample that gave no figure."""


def take(program, arguments, seconds):
    """One execution's line of figures, {"of": ..., "value": ..., ...}."""
    measurement, *numbers = arguments
    command = [program, measurement, str(seconds), *map(str, numbers)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT_S)
    except subprocess.TimeoutExpired:
        raise Failed(f"no end after {TIME_LIMIT_S} s") from None
    if done.returncode != 0:
        # The loader names the program with its folder, which is nobody's business in a report.
        why = done.stderr.strip().replace(f"{program.parent}/", "")
        raise Failed(why or f"exit code {done.returncode}")
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise Failed(f"no figures: {done.stdout.strip()}") from None


def plan(rows, peers, repetitions, seed):
    """Which (row, peer) to sample, in which order: every repetition has each once, a row's peers next to one another,
    so that a slow drift of the machine touches them alike."""
    order = random.Random(seed)
    for repetition in range(repetitions):
        for row in rows:
            able = [peer for peer in peers if peer.there and row.program in peer.offers]
            for peer in order.sample(able, len(able)):
                yield repetition, row, peer


def run(rows, peers, folder, repetitions, seconds, seed, progress):
    """{row: {peer: {"of", "samples": {quantity: [figure or None per repetition]}, "failures": [...]}}}"""
    results = {row.name: {} for row in rows}
    steps = list(plan(rows, peers, repetitions, seed))
    for step, (repetition, row, peer) in enumerate(steps, 1):
        progress(step, len(steps), row, peer)
        result = results[row.name].setdefault(
            peer.name, {"of": "", "samples": {"value": [None] * repetitions}, "failures": []})
        try:
            figures = take(folder / f"{row.program}-{peer.name}", row.arguments, seconds)
        except Failed as failed:
            result["failures"].append(str(failed))
            continue
        result["of"] = figures.pop("of")
        for quantity, figure in figures.items():
            result["samples"].setdefault(quantity, [None] * repetitions)[repetition] = figure
    return results
