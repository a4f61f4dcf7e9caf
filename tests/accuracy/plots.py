"""Charts as SVG, drawn by hand: lines over two axes, each linear, logarithmic or on the normal deviate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from scipy import special

COLOURS = ("#0b6e4f", "#c2410c", "#6d28d9", "#475569", "#0369a1", "#a16207", "#be185d", "#4d7c0f")
_WIDTH, _HEIGHT = 440, 330
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 14, 14, 46


@dataclass(frozen=True)
class Line:
    """A line: its name, its points, and how it is drawn; `low` and `high` give bars where they are known."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    colour: str
    dashed: bool = False
    dots: bool = False
    bars: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True)
class Axis:
    """An axis: what it measures, its end points and marks, and how a value becomes a place."""

    label: str
    low: float
    high: float
    marks: Sequence[float]
    scale: Callable[[float], float]

    def place(self, value: float) -> float:
        """Return where a value stands, 0 to 1."""
        clipped = min(max(value, self.low), self.high)
        low, high = self.scale(self.low), self.scale(self.high)
        return (self.scale(clipped) - low) / (high - low)


def linear(value: float) -> float:
    """Equal steps for equal differences."""
    return value


def logarithmic(value: float) -> float:
    """Equal steps for equal ratios."""
    return float(np.log10(value))


def deviate(value: float) -> float:
    """Equal steps for equal differences of the normal deviate, as a DET curve has them."""
    return float(special.ndtri(value))


def chart(lines: Sequence[Line], x: Axis, y: Axis, *, diagonal: bool = False) -> str:
    """Draw a chart with its legend."""
    inner_width, inner_height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def at(a: float, b: float) -> tuple[float, float]:
        return _LEFT + x.place(a) * inner_width, _TOP + (1 - y.place(b)) * inner_height

    parts = []
    for mark in x.marks:
        place, _ = at(mark, y.low)
        parts.append(f'<path class="grid" d="M{place:.1f} {_TOP}V{_TOP + inner_height}"/>')
        parts.append(f'<text x="{place:.1f}" y="{_HEIGHT - 28}" text-anchor="middle">{_percent(mark)}</text>')
    for mark in y.marks:
        _, place = at(x.low, mark)
        parts.append(f'<path class="grid" d="M{_LEFT} {place:.1f}H{_LEFT + inner_width}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{place + 4:.1f}" text-anchor="end">{_percent(mark)}</text>')
    if diagonal:
        low, high = max(x.low, y.low), min(x.high, y.high)
        (a, b), (c, d) = at(low, low), at(high, high)
        parts.append(f'<path class="diagonal" d="M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}"/>')
        for factor in (0.5, 2.0):
            (a, b), (c, d) = at(low, low * factor), at(high, high * factor)
            parts.append(f'<path class="band" d="M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}"/>')
    for line in lines:
        points = [at(a, b) for a, b in zip(line.x, line.y, strict=True)]
        path = "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
        dashes = ' stroke-dasharray="5 4"' if line.dashed else ""
        parts.append(f'<path class="line" stroke="{line.colour}"{dashes} d="M{path}"/>')
        if line.dots:
            parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.4" fill="{line.colour}"/>' for a, b in points]
        for value, (low, high) in zip(line.x, line.bars, strict=False):
            (a, b), (_, d) = at(value, low), at(value, high)
            parts.append(f'<path stroke="{line.colour}" stroke-width="1.2" d="M{a:.1f} {b:.1f}V{d:.1f}"/>')
    parts.append(
        f'<text x="{_LEFT + inner_width / 2}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(x.label)}</text>'
        f'<text transform="translate(13 {_TOP + inner_height / 2}) rotate(-90)" text-anchor="middle">'
        f"{escape(y.label)}</text>"
    )
    frame = f'<rect class="frame" x="{_LEFT}" y="{_TOP}" width="{inner_width}" height="{inner_height}"/>'
    legend = "".join(
        f'<li><i style="background:{line.colour}"></i>{escape(line.name)}</li>' for line in lines if line.name
    )
    return (
        f'<figure><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(y.label)} over'
        f' {escape(x.label)}">{frame}{"".join(parts)}</svg><ul class="legend">{legend}</ul></figure>'
    )


def _percent(value: float) -> str:
    return f"{100 * value:g} %"
