"""Small plots as SVG text: numbers in, markup out. Colours come from the stylesheet, by class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_WIDTH, _HEIGHT, _MARGIN = 240.0, 44.0, 4.0
_RAREST = 1e-6


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on a plot, in the plot's units, and how it is drawn: `value`, `review` or `block`."""

    at: float
    kind: str


def crowds(control: Sequence[float], impostors: Sequence[float] | None, marks: Sequence[Mark], label: str) -> Markup:
    """Draw how often each strength is reached by chance, and where marks lie in it.

    `control` and `impostors` are shares of a crowd per bin of one scale, weakest first; marks are 0..1 along it.
    """
    highest = max([*control, *(impostors or []), 1e-9])
    parts = [_area(control, highest, "plot-control")]
    if impostors:
        parts.append(_line(impostors, highest, "plot-impostors"))
    base = _HEIGHT - _MARGIN
    parts.append(f'<path class="plot-axis" d="M0 {base} H{_WIDTH}"/>')
    parts += [_upright(mark, mark.at * (_WIDTH - 2) + 1) for mark in marks]
    return _drawn(parts, _HEIGHT, label)


def rate_scale(rate: float, interval: tuple[float, float] | None, marks: Sequence[Mark], label: str) -> Markup:
    """Draw a false-positive rate on a logarithmic scale, from 1 on the left to 1 in a million on the right."""
    base = _HEIGHT / 2
    parts = [f'<path class="plot-axis" d="M0 {base} H{_WIDTH}"/>']
    steps = round(-math.log10(_RAREST))
    for step in range(steps + 1):
        at = step / steps * (_WIDTH - 2) + 1
        parts.append(f'<path class="plot-axis" d="M{at:.1f} {base - 3} v6"/>')
    if interval is not None:
        low, high = (_along(value) for value in (interval[1], interval[0]))
        parts.append(f'<path class="plot-interval" d="M{low:.1f} {base} H{max(high, low + 1):.1f}"/>')
    parts += [_upright(mark, _along(mark.at)) for mark in marks]
    parts.append(f'<circle class="plot-value" cx="{_along(rate):.1f}" cy="{base}" r="4"/>')
    return _drawn(parts, _HEIGHT, label)


def bars(values: Sequence[float], label: str) -> Markup:
    """Draw a row of bars, such as counts by day, oldest first."""
    highest, width = max([*values, 1e-9]), _WIDTH / max(len(values), 1)
    parts = []
    for number, value in enumerate(values):
        height = value / highest * (_HEIGHT - _MARGIN)
        x, y = number * width, _HEIGHT - height
        parts.append(
            f'<rect class="plot-bar" x="{x:.1f}" y="{y:.1f}" width="{max(width - 1, 0.5):.1f}" height="{height:.1f}"/>'
        )
    return _drawn(parts, _HEIGHT, label)


def _along(rate: float) -> float:
    share = math.log10(max(min(rate, 1.0), _RAREST)) / math.log10(_RAREST)
    return share * (_WIDTH - 10) + 5


def _upright(mark: Mark, x: float) -> str:
    return f'<path class="plot-{escape(mark.kind)}" d="M{x:.1f} 2 V{_HEIGHT - 2}"/>'


def _points(shares: Sequence[float], highest: float) -> list[str]:
    base, step = _HEIGHT - _MARGIN, _WIDTH / max(len(shares) - 1, 1)
    # The root shows thin tails, where everything of interest lies.
    heights = [math.sqrt(max(share, 0.0) / highest) * (base - _MARGIN) for share in shares]
    return [f"{number * step:.1f} {base - height:.1f}" for number, height in enumerate(heights)]


def _area(shares: Sequence[float], highest: float, kind: str) -> str:
    base = _HEIGHT - _MARGIN
    return f'<path class="{kind}" d="M0 {base} L{" L".join(_points(shares, highest))} L{_WIDTH} {base} Z"/>'


def _line(shares: Sequence[float], highest: float, kind: str) -> str:
    return f'<path class="{kind}" d="M{" L".join(_points(shares, highest))}"/>'


def _drawn(parts: Sequence[str], height: float, label: str) -> Markup:
    inner = "".join(parts)
    return Markup('<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        f"{_WIDTH:g}",
        f"{height:g}",
        label,
        Markup(inner),  # noqa: S704 (numbers and class names of ours)
    )
