"""Similarity to false-positive rate: how often an unrelated picture would match any set at least this strongly.

1. Two crowds of pictures that show none of the registered characters go through the very search that uploads go
   through: the control set, and the index's own references, each against all sets of *other* works (impostors in
   the references' own style, for nothing).
2. Of each picture only its strongest match counts: the rates are index-wide.
3. Inside what a crowd has seen, the rate is the share of the crowd that matched as strongly; beyond, the tail is
   continued by a generalised Pareto distribution over a high threshold (Coles, An Introduction to Statistical
   Modeling of Extreme Values, 2001, chapter 4), and never below a tenth of what the crowd could have seen.
4. Both crowds count, each at its share of the uploads. Where the impostors are too few, the style is uncalibrated.

Every statistic here is "larger is stronger": Hamming distances enter negated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import special

from indexer.errors import CalibrationError
from indexer.model import Rate

RECIPE = "calibration-2"
MIN_CONTROL = 500
MIN_IMPOSTORS = 60
"""Least crowd sizes: with fewer control pictures no rate is given; with fewer impostors the style is uncalibrated."""

IN_STYLE_SHARE = 0.2
"""Share of the unrelated uploads that are taken to be in the style of the registered works.

Impostors are such uploads, but harder ones: references of one index resemble each other more than unseen pictures of
their style do, about five times as often (docs/decisions/0012).
"""

UNKNOWN_STYLE = 5.0
"""How much more often pictures in an index's style match than control pictures do, where impostors are too few to tell.

Measured on ten sets of styles that the control set lacks: three to six times (docs/decisions/0012). Still a guess.
"""

FLOOR_BELOW_CROWD = 10.0
_TAIL_SHARE = 0.05
_MIN_TAIL = MIN_IMPOSTORS // 2
_BOOTSTRAPS = 40
_INTERVAL = (0.05, 0.95)

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
class Calibration:
    """The rate of one measure: its curve over the control set and, where there are enough, over impostors.

    `chances` is the measure's factor, see CHANCES.
    """

    control: RateCurve
    impostors: RateCurve | None
    needs_impostors: bool = False
    chances: float = 1.0

    def rate(self, value: float) -> Rate:
        """Return how often an unrelated picture reaches as much by any measure, given `value` by this one."""
        return self._alone(value).times(self.chances)

    def _alone(self, value: float) -> Rate:
        """Return the rate by this measure alone.

        What is a matter of style is reckoned among uploads of which a part, IN_STYLE_SHARE, is drawn as the registered
        works are. Elsewhere the higher rate counts; but a control set of which hardly a picture reaches anything has no
        tail, and beyond what it has seen can only say "less than one in all of us": there the impostors speak alone.
        """
        control, impostors = self.crowd_rates(value)
        if impostors is None:
            return replace(control.times(UNKNOWN_STYLE), calibrated=False) if self.needs_impostors else control
        if not self.needs_impostors:
            beyond = self.control.tail is None and value > self.control.values[-1]
            return impostors if beyond else max(control, impostors, key=lambda rate: rate.value)
        pairs = ((control.value, impostors.value), (control.low, impostors.low), (control.high, impostors.high))
        best, low, high = ((1.0 - IN_STYLE_SHARE) * one + IN_STYLE_SHARE * other for one, other in pairs)
        return Rate(best, low, high)

    def crowd_rates(self, value: float) -> tuple[Rate, Rate | None]:
        """Return the rate of the control set, and that of the impostors where there are enough.

        Likeness by embedding and collisions of hashes are matters of style (avatars from one template collide), so
        there each crowd speaks for itself alone; that points agree by chance is not, and both together bound the tail.
        """
        if self.impostors is None:
            return self.control.rate(value), None
        seen = None if self.needs_impostors else len(self.control.values) + len(self.impostors.values)
        return self.control.rate(value, seen), self.impostors.rate(value, seen)


CHANCES = {"cosine": 2.0, "pdq_distance": 5.0, "agreeing_points": 5.0, "phash_distance": 20.0}
"""What the rate of each measure is multiplied by, because an unrelated picture has a chance with each.

Their inverses add up to less than one, so a claimed rate holds for all measures together (Bonferroni's inequality, with
weights). A true copy's hash or points are rarer than any threshold; a likeness is not, so it gets the largest share.
"""

CURVES = tuple(CHANCES)


def to_arrays(calibrations: dict[str, Calibration]) -> dict[str, npt.NDArray[np.generic]]:
    """Flatten everything into named arrays, for a snapshot."""
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    for measure, calibration in calibrations.items():
        for crowd, curve in (("control", calibration.control), ("impostors", calibration.impostors)):
            if curve is None:
                continue
            arrays[f"{measure}.{crowd}.values"] = curve.values
            if curve.tail is not None:
                arrays[f"{measure}.{crowd}.tail_threshold"] = np.asarray([curve.tail.threshold])
                arrays[f"{measure}.{crowd}.tail_fits"] = curve.tail.fits
    return arrays


def from_arrays(arrays: dict[str, npt.NDArray[np.generic]]) -> dict[str, Calibration]:
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
        impostors = curve(f"{measure}.impostors")
        calibrations[measure] = Calibration(control, impostors, measure != "agreeing_points", CHANCES[measure])
    return calibrations
