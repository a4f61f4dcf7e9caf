"""Similarity to false-positive rate: how often an unrelated picture would match any set at least this strongly.

1. Two crowds of pictures that show none of the registered characters go through the very search that uploads go
   through: the control set, and the index's own references, each against all sets of *other* works (impostors in
   the references' own style, for nothing).
2. Of each picture only its strongest match counts: the rates are index-wide.
3. Inside what a crowd has seen, the rate is the share of the crowd that matched as strongly; beyond, the tail is
   continued by a generalised Pareto distribution over a high threshold (Coles, An Introduction to Statistical
   Modeling of Extreme Values, 2001, chapter 4), and never below a tenth of what the crowd could have seen.
4. The higher rate of the two crowds counts. Where the impostors are too few, the style counts as uncalibrated.

Every statistic here is "larger is stronger": Hamming distances enter negated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from indexer.errors import CalibrationError
from indexer.model import Rate
from indexer.ports import FloatArray

RECIPE = "calibration-1"
MIN_CONTROL = 500
MIN_IMPOSTORS = 60
"""Least crowd sizes: with fewer control pictures no rate is given; with fewer impostors the style is uncalibrated."""

FLOOR_BELOW_CROWD = 10.0
_TAIL_SHARE = 0.05
_MIN_TAIL = MIN_IMPOSTORS // 2
_BOOTSTRAPS = 40
_INTERVAL = (0.05, 0.95)
_NORMALISING_QUANTILE = 0.99

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Tail:
    """Generalised Pareto tail over `threshold`; `fits` (bootstraps + 1, 3) rows of share, shape, scale, best first."""

    threshold: float
    fits: Doubles

    def exceedance(self, value: float) -> Doubles:
        """Return the chance to reach `value` >= threshold under each fit."""
        share, shape, scale = self.fits.T
        excess = (value - self.threshold) / scale
        inner = np.maximum(1.0 + shape * excess, 0.0)
        flat = np.abs(shape) < 1e-6  # noqa: PLR2004 (the exponential limit of the formula)
        safe = np.where(flat, 1.0, shape)
        with np.errstate(divide="ignore"):
            powered = np.where(inner > 0, inner ** (-1.0 / safe), 0.0)
        result: Doubles = share * np.where(flat, np.exp(-excess), powered)
        return result


@dataclass(frozen=True)
class RateCurve:
    """The strongest match of every picture of one crowd, ascending, and the tail fitted to the highest of them."""

    values: Doubles
    tail: Tail | None

    @classmethod
    def fit(cls, values: npt.ArrayLike, seed: int = 0) -> RateCurve:
        """Fit a curve to the strongest matches of a crowd. Raises CalibrationError when there are none."""
        ordered = np.sort(np.asarray(values, dtype=np.float64))
        if not len(ordered) or not np.all(np.isfinite(ordered)):
            raise CalibrationError("the crowd of a calibration is empty, or gave values that are not finite")
        return cls(ordered, _fit_tail(ordered, np.random.default_rng(seed)))

    def rate(self, value: float, seen: int | None = None) -> Rate:
        """Return the rate at which this crowd reaches `value`, with its 90 % interval.

        `seen` is the number of pictures that bounds how far the tail is trusted, the crowd's own if not given.
        """
        n = len(self.values)
        floor = 1.0 / (FLOOR_BELOW_CROWD * (seen or n))
        if self.tail is not None and value > self.tail.threshold:
            chances = np.clip(self.tail.exceedance(value), floor, 1.0)
            best = float(chances[0])
            resampled = np.sort(chances[1:])
            low, high = (resampled[round(share * (len(resampled) - 1))] for share in _INTERVAL)
            return Rate(best, min(float(low), best), max(float(high), best))
        reached = n - int(np.searchsorted(self.values, value, side="left"))
        # One more than was seen: an unseen event is given the rate of the next picture, not of none.
        share = (reached + 1) / (n + 1)
        low, high = special.betaincinv(reached + 0.5, n - reached + 0.5, _INTERVAL)
        return Rate(share, min(float(low), share), max(float(high), share))


def _fit_tail(ordered: Doubles, rng: np.random.Generator) -> Tail | None:
    n = len(ordered)
    size = max(_MIN_TAIL, int(n * _TAIL_SHARE))
    if n < 2 * size:
        return None
    threshold = float(ordered[-size - 1])
    excesses = ordered[ordered > threshold] - threshold
    if len(np.unique(excesses)) < 5:  # noqa: PLR2004 (a tail of so few steps has no shape to fit)
        return None
    fits = [_pareto(excesses, n)]
    for _ in range(_BOOTSTRAPS):
        count = max(5, rng.binomial(n, len(excesses) / n))
        sample = rng.choice(excesses, count)
        fits.append(_pareto(sample, n))
    return Tail(threshold, np.asarray(fits))


def _pareto(excesses: Doubles, n: int) -> tuple[float, float, float]:
    """Fit by L-moments (Hosking and Wallis 1987): steady on small samples, where maximum likelihood is not.

    The shape is kept at -0.2 or above: a bounded tail would call everything beyond its end impossible.
    """
    ordered = np.sort(excesses)
    m = len(ordered)
    first = float(ordered.mean())
    second = float(((2 * np.arange(1, m + 1) - m - 1) * ordered).sum() / (m * (m - 1)))
    if second <= 0:
        return m / n, 0.0, max(first, 1e-9)
    shape = 2.0 - first / second
    if shape < -0.2:  # noqa: PLR2004 (see above)
        return m / n, -0.2, first * 1.2
    return m / n, shape, first * (1.0 - shape)


@dataclass(frozen=True)
class Normaliser:
    """Per set: the control set's median similarity and the distance from there to its 99th percentile, each (sets,).

    In these units every set is reached by 1 % of the control pictures at 1.0, so sets can be compared.
    """

    median: FloatArray
    spread: FloatArray

    @classmethod
    def fit(cls, similarities: FloatArray) -> Normaliser:
        """Fit to the similarity of each control picture to each set: (pictures, sets)."""
        median = np.median(similarities, axis=0)
        high = np.quantile(similarities, _NORMALISING_QUANTILE, axis=0)
        return cls(median.astype(np.float32), np.maximum(high - median, 1e-3).astype(np.float32))

    def apply(self, similarity: npt.ArrayLike, sets: npt.ArrayLike) -> Doubles:
        """Normalise similarities to the sets of those numbers."""
        numbers = np.asarray(sets, dtype=np.int64)
        result: Doubles = (np.asarray(similarity, np.float64) - self.median[numbers]) / self.spread[numbers]
        return result

    def undo(self, normalised: npt.ArrayLike, sets: npt.ArrayLike) -> Doubles:
        """Turn normalised similarities back into cosines."""
        numbers = np.asarray(sets, dtype=np.int64)
        result: Doubles = np.asarray(normalised, np.float64) * self.spread[numbers] + self.median[numbers]
        return result

    def index_rows(self, vectors: FloatArray, sets: npt.ArrayLike) -> FloatArray:
        """Stretch vectors (n, dim) of those sets to (n, dim + 1): their inner product with query_rows() is normalised.

        So the nearest rows of one search over all sets are the nearest in the units that the rates are known in.
        """
        numbers = np.asarray(sets, dtype=np.int64)
        rows = np.concatenate([vectors, -self.median[numbers, None]], axis=1) / self.spread[numbers, None]
        return np.asarray(rows, dtype=np.float32)


def query_rows(vectors: FloatArray) -> FloatArray:
    """Lengthen query vectors (n, dim) by the 1 that Normaliser.index_rows() expects: (n, dim + 1)."""
    return np.concatenate([vectors, np.ones((len(vectors), 1), np.float32)], axis=1)


@dataclass(frozen=True)
class Calibration:
    """The rate of one measure: its curve over the control set and, where there are enough, over impostors."""

    control: RateCurve
    impostors: RateCurve | None
    needs_impostors: bool = False

    def rate(self, value: float) -> Rate:
        """Return the higher rate of the two crowds.

        A control set of which hardly a picture reaches anything has no tail: beyond what it has seen it can only say
        "less than one in all of us", however far beyond. There the impostors, the harder crowd, speak alone.
        """
        control, impostors = self.crowd_rates(value)
        if impostors is None:
            return Rate(control.value, control.low, control.high, calibrated=not self.needs_impostors)
        if self.control.tail is None and value > self.control.values[-1]:
            return impostors
        return max(control, impostors, key=lambda rate: rate.value)

    def crowd_rates(self, value: float) -> tuple[Rate, Rate | None]:
        """Return the rate of the control set, and that of the impostors where there are enough.

        Likeness by embedding and collisions of hashes are matters of style (avatars from one template collide), so
        there each crowd speaks for itself alone; that points agree by chance is not, and both together bound the tail.
        """
        if self.impostors is None:
            return self.control.rate(value), None
        seen = None if self.needs_impostors else len(self.control.values) + len(self.impostors.values)
        return self.control.rate(value, seen), self.impostors.rate(value, seen)


CURVES = ("cosine", "pdq_distance", "phash_distance", "agreeing_points")


def to_arrays(calibrations: dict[str, Calibration], normaliser: Normaliser) -> dict[str, npt.NDArray[np.generic]]:
    """Flatten everything into named arrays, for a snapshot."""
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "normaliser.median": normaliser.median,
        "normaliser.spread": normaliser.spread,
    }
    for measure, calibration in calibrations.items():
        for crowd, curve in (("control", calibration.control), ("impostors", calibration.impostors)):
            if curve is None:
                continue
            arrays[f"{measure}.{crowd}.values"] = curve.values
            if curve.tail is not None:
                arrays[f"{measure}.{crowd}.tail_threshold"] = np.asarray([curve.tail.threshold])
                arrays[f"{measure}.{crowd}.tail_fits"] = curve.tail.fits
    return arrays


def from_arrays(arrays: dict[str, npt.NDArray[np.generic]]) -> tuple[dict[str, Calibration], Normaliser]:
    """Undo to_arrays. Raises KeyError when an array is missing."""

    def curve(prefix: str) -> RateCurve | None:
        if f"{prefix}.values" not in arrays:
            return None
        tail = None
        if f"{prefix}.tail_fits" in arrays:
            threshold = float(arrays[f"{prefix}.tail_threshold"].astype(np.float64)[0])
            tail = Tail(threshold, arrays[f"{prefix}.tail_fits"].astype(np.float64))
        return RateCurve(arrays[f"{prefix}.values"].astype(np.float64), tail)

    calibrations: dict[str, Calibration] = {}
    for measure in CURVES:
        control = curve(f"{measure}.control")
        if control is None:
            raise KeyError(f"{measure}.control.values")
        calibrations[measure] = Calibration(control, curve(f"{measure}.impostors"), measure != "agreeing_points")
    normaliser = Normaliser(
        arrays["normaliser.median"].astype(np.float32), arrays["normaliser.spread"].astype(np.float32)
    )
    return calibrations, normaliser
