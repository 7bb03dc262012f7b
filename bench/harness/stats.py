"""From samples to medians, and from medians to whether a target holds."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from harness.rows import BEST, LIMITS, OWN


@dataclass(frozen=True)
class Summary:
    """The samples of one quantity of one peer."""

    median: float
    least: float
    most: float


def summary(samples):
    return Summary(median(samples), min(samples), max(samples))


@dataclass(frozen=True)
class Verdict:
    """A target, judged. Without a figure of both sides `holds` is None and `why_not` says what is not there."""

    target: object
    reference: str | None = None  # the peer that was compared with
    ratio: float | None = None
    spread: tuple | None = None  # the least and the greatest ratio within one repetition
    holds: bool | None = None
    why_not: str | None = None


def judge(row, target, samples):
    """`samples` is {peer: {quantity: [a figure per repetition, or None]}}."""
    own = _figures(samples, target.whose, target.quantity)
    if not own:
        return Verdict(target, why_not=f"no figure of {target.whose}")
    if target.reference is None:
        ratios = [figure / target.factor for figure in own]
        ratio = median(own) / target.factor
        return Verdict(target, None, ratio, (min(ratios), max(ratios)), holds(target.relation, ratio, 1))
    reference = best(row, target.quantity, samples) if target.reference == BEST else target.reference
    theirs = _figures(samples, reference, target.quantity)
    if not theirs:
        return Verdict(target, why_not=f"no figure of {target.reference}")
    ratio = median(own) / median(theirs)
    return Verdict(target, reference, ratio, _spread(samples, target, reference),
                   holds(target.relation, ratio, target.factor))


def best(row, quantity, samples):
    """The peer with the best median; limits and this library aside."""
    medians = {peer: median(_figures(samples, peer, quantity)) for peer in samples
               if peer not in OWN + LIMITS and _figures(samples, peer, quantity)}
    choose = max if row.more_is_better else min
    return choose(medians, key=medians.get) if medians else None


def holds(relation, ratio, limit):
    return {"<=": ratio <= limit, "<": ratio < limit, ">=": ratio >= limit}[relation]


def _figures(samples, peer, quantity):
    return [figure for figure in samples.get(peer, {}).get(quantity, []) if figure is not None]


def _spread(samples, target, reference):
    pairs = zip(samples[target.whose][target.quantity], samples[reference][target.quantity])
    ratios = [own / theirs for own, theirs in pairs if own is not None and theirs is not None]
    return (min(ratios), max(ratios)) if ratios else None
