"""The measures: shares found at a false-positive rate, areas under curves, and their intervals.

Every statistic is "larger is stronger". A picture is found at a rate when its right set exceeds a threshold that at
most that share of the unrelated pictures exceeds with any set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

Values = npt.NDArray[np.float64]
RATES = (0.01, 0.001)
NOTHING = -1e9
"""The statistic of a picture for which nothing was found."""


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Figures:
    """How well queries were found: shares in 0..1, at the rates of RATES in their order."""

    queries: int
    unrelated: int
    first: Interval
    found: tuple[Interval, ...]
    area: Interval


def threshold(unrelated: Values, rate: float) -> float:
    """Return the least threshold that at most `rate` of the unrelated pictures exceed; a match has to exceed it too."""
    ordered = np.sort(unrelated)[::-1]
    return float(ordered[min(len(ordered) - 1, int(np.floor(rate * len(ordered) + 1e-9)))])


def found_share(positives: Values, unrelated: Values, rate: float) -> float:
    """Return the share of positives beyond the threshold of `rate`."""
    return float(np.mean(positives > threshold(unrelated, rate))) if len(positives) else float("nan")


def area(positives: Values, unrelated: Values) -> float:
    """Return the area under the ROC curve: how often a positive is stronger than an unrelated picture; ties half."""
    return float(_below(positives, unrelated).mean()) if len(positives) and len(unrelated) else float("nan")


def roc(positives: Values, unrelated: Values, points: int = 160) -> tuple[Values, Values]:
    """Return false-positive rates, spaced evenly in the logarithm, and the share of positives found at each."""
    least = 1.0 / max(len(unrelated), 2)
    rates = np.unique(np.concatenate([np.geomspace(least, 1.0, points), RATES]))
    return rates, np.asarray([found_share(positives, unrelated, rate) for rate in rates])


def figures(
    strengths: Values,
    first: npt.NDArray[np.bool_],
    unrelated: Values,
    groups: Sequence[str],
    *,
    resamples: int = 400,
    seed: int = 0,
) -> Figures:
    """Measure queries by the strength of their right set, and whether it came first.

    The intervals draw groups (the pictures of one character) and unrelated pictures again, with replacement, because
    pictures of one character succeed and fail together.
    """
    rng = np.random.default_rng(seed)
    names, numbers = np.unique(np.asarray(groups), return_inverse=True)
    members = [np.flatnonzero(numbers == number) for number in range(len(names))]
    ordered = np.sort(unrelated)[::-1]
    below = _below(strengths, unrelated)
    drawn: list[tuple[float, ...]] = []
    for _ in range(resamples):
        chosen = np.concatenate([members[number] for number in rng.integers(len(members), size=len(members))])
        shares = [float(np.mean(strengths[chosen] > _drawn_threshold(ordered, rate, rng))) for rate in RATES]
        drawn.append((float(first[chosen].mean()), *shares, float(below[chosen].mean())))
    low, high = np.quantile(np.asarray(drawn), (0.025, 0.975), axis=0)
    best = (
        float(first.mean()),
        *(found_share(strengths, unrelated, rate) for rate in RATES),
        float(below.mean()),
    )
    parts = [Interval(value, float(a), float(b)) for value, a, b in zip(best, low, high, strict=True)]
    return Figures(len(strengths), len(unrelated), parts[0], tuple(parts[1:-1]), parts[-1])


def _drawn_threshold(ordered: Values, rate: float, rng: np.random.Generator) -> float:
    """Return the threshold of a crowd drawn again from `ordered` (descending): an order statistic, drawn directly."""
    m = len(ordered)
    rank = min(m - 1, int(np.floor(rate * m + 1e-9)))
    return float(ordered[min(m - 1, int(m * rng.beta(rank + 1, m - rank)))])


def _below(positives: Values, unrelated: Values) -> Values:
    """Return for each positive the share of unrelated pictures that are weaker, ties half."""
    ordered = np.sort(unrelated)
    left, right = (np.searchsorted(ordered, positives, side=side) for side in ("left", "right"))
    return np.asarray((left + right) / (2 * max(len(ordered), 1)), np.float64)


def share(hits: int, total: int) -> Interval:
    """Return a share with its Jeffreys 95 % interval, which stays sensible at none and at all."""
    if not total:
        return Interval(float("nan"), 0.0, 1.0)
    low = float(special.betaincinv(hits + 0.5, total - hits + 0.5, 0.025)) if hits else 0.0
    high = float(special.betaincinv(hits + 0.5, total - hits + 0.5, 0.975)) if hits < total else 1.0
    return Interval(hits / total, low, high)


def statistic(rate: float, closeness: float) -> float:
    """Fold the pipeline's ranking into one number: the lower rate is stronger; at one rate, the closer match.

    `closeness` is in 0..1 and moves the result by less than any two rates that can be told apart.
    """
    return -float(np.log10(max(rate, 1e-12))) + 1e-6 * closeness
