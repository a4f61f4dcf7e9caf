"""Agreement over samples: k of n pictures of one upload that resemble one character say more than the best alone."""

from __future__ import annotations

import math
from collections.abc import Sequence


def joint_rate(rates: Sequence[float], pictures: int, correlation: float) -> tuple[int, float]:
    """Return how many pictures agree best, and how often the pictures of an unrelated upload would agree so well.

    `rates` are the false-positive rates of the pictures that resemble the set, `pictures` counts all of the upload.
    The chance that k of n pictures are at or below the k-th smallest rate is beta-binomial, with `correlation` in
    0..1 between pictures of one upload: they share a subject and a style, so together they say less than independent
    ones (Skellam, A probability distribution derived from the binomial distribution, 1948). The best k from two up is
    chosen, and its chance multiplied by the number of choices. Fewer than two rates agree on nothing: (0, 1.0).
    """
    ordered = sorted(rates)
    best = (0, 1.0)
    for k in range(2, len(ordered) + 1):
        chance = _at_least(k, pictures, ordered[k - 1], correlation)
        corrected = min(1.0, chance * (len(ordered) - 1))
        if corrected < best[1]:
            best = (k, corrected)
    return best


def any_of(rate: float, pictures: int) -> float:
    """Return how often at least one of `pictures` unrelated pictures reaches what one reaches at `rate`."""
    return -math.expm1(pictures * math.log1p(-min(rate, 1.0 - 1e-12))) if pictures > 1 else rate


def _at_least(k: int, n: int, rate: float, correlation: float) -> float:
    """Upper tail of the beta-binomial distribution; binomial where the correlation is nil.

    Written as products, which stay exact where gamma functions of huge arguments cancel.
    """
    p = min(max(rate, 1e-12), 1.0 - 1e-12)
    hit, miss = p * (1.0 - correlation), (1.0 - p) * (1.0 - correlation)
    whole = math.prod(1.0 - correlation + i * correlation for i in range(n))

    def exactly(j: int) -> float:
        hits = math.prod(hit + i * correlation for i in range(j))
        return math.comb(n, j) * hits * math.prod(miss + i * correlation for i in range(n - j)) / whole

    return min(1.0, sum(exactly(j) for j in range(k, n + 1)))
