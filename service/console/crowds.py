"""Where a rate lies among what chance reaches: the crowds by which a generation of the index was calibrated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.calibration import Calibration

_BINS = 48
_BEYOND = 0.15
_STEPS = 200
_SMOOTHING = np.asarray([1.0, 2.0, 3.0, 2.0, 1.0])


@dataclass(frozen=True)
class Crowds:
    """The crowds of one measure: shares per bin of one scale, and the rate at each of many steps along it."""

    control: tuple[float, ...]
    impostors: tuple[float, ...] | None
    rates: tuple[float, ...]

    def place(self, rate: float) -> float:
        """Return where on the scale (0..1) an unrelated picture gets with a rate; rarer than all of it is its end."""
        # Rates fall along the scale; searching needs them rising.
        rising = np.asarray(self.rates[::-1])
        found = np.interp(np.log(max(rate, 1e-12)), np.log(np.maximum(rising, 1e-12)), np.linspace(1.0, 0.0, _STEPS))
        return float(found)


def crowds_of(calibration: Calibration) -> Crowds:
    """Read the crowds of a calibration."""
    control = calibration.control.values
    impostors = calibration.impostors.values if calibration.impostors is not None else None
    least, most = float(np.quantile(control, 0.01)), float(control[-1])
    if impostors is not None:
        least, most = min(least, float(np.quantile(impostors, 0.01))), max(most, float(impostors[-1]))
    most += _BEYOND * max(most - least, 1e-9)
    steps = np.linspace(least, most, _STEPS)
    falling = np.minimum.accumulate([calibration.rate(float(step)).value for step in steps])
    return Crowds(
        _shares(control, least, most),
        _shares(impostors, least, most) if impostors is not None else None,
        tuple(float(rate) for rate in falling),
    )


def _shares(values: npt.NDArray[np.float64], least: float, most: float) -> tuple[float, ...]:
    counts, _ = np.histogram(values, bins=_BINS, range=(least, most))
    # Distances are whole numbers, and most of them even: unsmoothed they draw a comb.
    smooth = np.convolve(counts, _SMOOTHING / _SMOOTHING.sum(), mode="same")
    return tuple(float(count) / len(values) for count in smooth)


class CrowdMemory:
    """Keeps the crowds of the generation in force, so that they are read once a generation and not once a page."""

    def __init__(self) -> None:
        self._generation = ""
        self._known: dict[str, Crowds] = {}

    def get(self, generation: str, measure: str, read: Callable[[], Calibration]) -> Crowds:
        """Return the crowds of a measure; `read` is asked once."""
        if generation != self._generation:
            self._generation, self._known = generation, {}
        known = self._known
        if measure not in known:
            known[measure] = crowds_of(read())
        return known[measure]
