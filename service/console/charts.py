"""Charts as SVG text: numbers and labels in, markup out. Pure; colours come from the stylesheet, by class.

Each chart is drawn twice, for a wide and for a narrow screen, and the stylesheet shows the one that fits: so its words
stay readable without being scaled. Labels come in the reader's language; a table of the same numbers belongs beside.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from xml.etree import ElementTree as ET

from markupsafe import Markup

WIDTHS = {"wide": 560.0, "narrow": 320.0}
_HEIGHT = 210.0
_TOP, _BOTTOM = 10.0, 24.0
_ROW = 28.0
_LETTER, _IDEOGRAPH = 7.3, 12.6
"""Widths of characters at the size of labels, in the units of the drawing, as browsers draw them."""

Say = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Told:
    """What a screen reader hears of a chart; `name` makes its ids and must be the only one on its page."""

    name: str
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Series:
    """One number for each column; `kind` is its class in the stylesheet."""

    name: str
    kind: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a chart of bars; `said` is its number in words."""

    label: str
    value: float
    said: str
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """A row of a chart of shares (0 to 1), each within an interval; `value` is None of nothing."""

    label: str
    value: float | None
    low: float
    high: float
    said: str
    href: str | None = None


def stacked_bars(told: Told, columns: Sequence[str], series: Sequence[Series], say: Say) -> Markup:
    """Draw a bar for each column, the first series at the bottom; `say` writes the numbers of the axis."""

    def draw(width: float) -> ET.Element:
        highest = max((sum(values) for values in zip(*(item.values for item in series), strict=True)), default=0.0)
        svg, plot = _axes(width, columns, highest, say)
        wide = max(plot.step * 0.72, 1.0)
        for number, column in enumerate(columns):
            group = ET.SubElement(svg, "g", {"class": "chart-column"})
            said = ", ".join(f"{item.name} {say(item.values[number])}" for item in series)
            ET.SubElement(group, "title").text = f"{column}: {said}"
            _rect(group, "chart-hit", plot.left + number * plot.step, _TOP, plot.step, plot.base - _TOP)
            below = 0.0
            for item in series:
                value = item.values[number]
                if value:
                    top = plot.y(below + value)
                    _rect(group, f"chart-{item.kind}", plot.x(number) - wide / 2, top, wide, plot.y(below) - top)
                below += value
        return svg

    return _both(told, draw)


def line_with_band(
    told: Told, columns: Sequence[str], line: Sequence[float | None], edge: Sequence[float | None], say: Say
) -> Markup:
    """Draw a line, and a band from it up to an edge; where a column has no number, both are interrupted."""

    def draw(width: float) -> ET.Element:
        highest = max((value for value in edge if value is not None), default=0.0)
        svg, plot = _axes(width, columns, highest, say)
        known = [
            (n, low, high) for n, (low, high) in enumerate(zip(line, edge, strict=True)) if None not in (low, high)
        ]
        for _, run in groupby(enumerate(known), key=lambda item: item[1][0] - item[0]):
            points = [item for _, item in run]
            lower = [f"{plot.x(n):.1f} {plot.y(low or 0.0):.1f}" for n, low, _ in points]
            upper = [f"{plot.x(n):.1f} {plot.y(high or 0.0):.1f}" for n, _, high in points]
            ET.SubElement(svg, "path", {"class": "chart-band", "d": f"M{' L'.join(lower + upper[::-1])} Z"})
            ET.SubElement(svg, "path", {"class": "chart-edge", "d": f"M{' L'.join(upper)}"})
            ET.SubElement(svg, "path", {"class": "chart-line", "d": f"M{' L'.join(lower)}"})
        for number, low, high in known:
            group = ET.SubElement(svg, "g", {"class": "chart-column"})
            ET.SubElement(group, "title").text = f"{columns[number]}: {say(low or 0.0)} – {say(high or 0.0)}"
            _rect(group, "chart-hit", plot.left + number * plot.step, _TOP, plot.step, plot.base - _TOP)
            _dot(group, "chart-dot-high", plot.x(number), plot.y(high or 0.0), 2.0)
            _dot(group, "chart-dot", plot.x(number), plot.y(low or 0.0), 2.6)
        return svg

    return _both(told, draw)


def bars(told: Told, rows: Sequence[Bar], *, highest: float | None = None) -> Markup:
    """Draw a horizontal bar for each row, with its number behind; the longest is `highest`, or the largest value."""
    top = highest or max((row.value for row in rows), default=0.0) or 1.0

    def draw(width: float) -> ET.Element:
        svg, left, right = _rows(width, rows)
        for number, row in enumerate(rows):
            y, group = _row(svg, row, width, left, number)
            length = row.value / top * (right - left)
            _rect(group, "chart-track", left, y - 6, right - left, 12)
            _rect(group, "chart-bar", left, y - 6, max(length, 1.5 if row.value else 0.0), 12)
            _text(group, (right + 8, y + 4), row.said, "chart-number")
        return svg

    return _both(told, draw, interactive=any(row.href for row in rows))


def dots_with_intervals(told: Told, rows: Sequence[Interval], say: Say) -> Markup:
    """Draw a share from 0 to 1 for each row as a dot in its interval; `say` writes the numbers of the axis."""

    def draw(width: float) -> ET.Element:
        svg, left, right = _rows(width, rows, below=22.0)
        bottom = float(svg.get("viewBox", "").split()[3]) - 20
        for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
            x = left + tick * (right - left)
            ET.SubElement(svg, "path", {"class": "chart-grid", "d": f"M{x:.1f} 0 V{bottom:.1f}"})
            if tick in (0.0, 0.5, 1.0):
                _text(svg, (x, bottom + 15), say(tick), "chart-tick", "middle" if tick else "start")
        for number, row in enumerate(rows):
            y, group = _row(svg, row, width, left, number)
            ends = [left + end * (right - left) for end in (row.low, row.high)]
            ET.SubElement(group, "path", {"class": "chart-interval", "d": f"M{ends[0]:.1f} {y:.1f} H{ends[1]:.1f}"})
            if row.value is not None:
                _dot(group, "chart-dot", left + row.value * (right - left), y, 4.5)
            _text(group, (right + 10, y + 4), row.said, "chart-number")
        return svg

    return _both(told, draw, interactive=any(row.href for row in rows))


def ticks(highest: float, most: int = 4) -> list[float]:
    """Return round numbers from 0 to at least `highest`: steps of 1, 2 or 5 times a power of ten, `most` at most."""
    if highest <= 0:
        return [0.0, 1.0]
    power = 10.0 ** math.floor(math.log10(highest / most))
    step = next(size * power for size in (1.0, 2.0, 5.0, 10.0, 20.0) if size * power * most >= highest * (1 - 1e-9))
    return [step * number for number in range(math.ceil(highest / step * (1 - 1e-9)) + 1)]


@dataclass(frozen=True, slots=True)
class _Plot:
    left: float
    base: float
    step: float
    top: float

    def x(self, number: int) -> float:
        return self.left + (number + 0.5) * self.step

    def y(self, value: float) -> float:
        return self.base - value / self.top * (self.base - _TOP)


def _axes(width: float, columns: Sequence[str], highest: float, say: Say) -> tuple[ET.Element, _Plot]:
    """Draw the grid with its numbers, and the names of as many columns as there is room for, the last among them."""
    svg = _drawing(width, _HEIGHT)
    marks = ticks(highest)
    left = max(_length(say(mark)) for mark in marks) + 8
    plot = _Plot(left, _HEIGHT - _BOTTOM, (width - left) / max(len(columns), 1), marks[-1])
    for mark in marks:
        y = plot.y(mark)
        ET.SubElement(
            svg, "path", {"class": "chart-grid" if mark else "chart-axis", "d": f"M{left:.1f} {y:.1f} H{width:g}"}
        )
        _text(svg, (left - 6, y + 4), say(mark), "chart-tick", "end")
    room = max(map(_length, columns), default=0.0) + 14
    every = next((n for n in (1, 2, 3, 5, 7, 10, 15) if n * plot.step >= room), 30)
    for number in range(len(columns) - 1, -1, -every):
        half = _length(columns[number]) / 2
        x = min(max(plot.x(number), left + half), width - half)
        _text(svg, (x, _HEIGHT - 6), columns[number], "chart-tick", "middle")
    return svg, plot


def _rows(width: float, rows: Sequence[Bar | Interval], below: float = 0.0) -> tuple[ET.Element, float, float]:
    """Make room for rows; labels stand before them, or above where it is narrow. Return where rows begin and end."""
    narrow = width == WIDTHS["narrow"]
    height = len(rows) * (_ROW + 14 if narrow else _ROW) + below
    labels = max((_length(row.label) for row in rows), default=0.0)
    said = max((_length(row.said) for row in rows), default=0.0)
    left = 4.0 if narrow else min(labels + 14, width * 0.4)
    return _drawing(width, max(height, 1.0)), left, width - said - 12


def _row(svg: ET.Element, row: Bar | Interval, width: float, left: float, number: int) -> tuple[float, ET.Element]:
    """Begin a row with its label; return the height of its middle, and what to draw it in."""
    narrow = width == WIDTHS["narrow"]
    group = ET.SubElement(svg, "a", {"href": row.href}) if row.href else ET.SubElement(svg, "g")
    top = number * (_ROW + 14 if narrow else _ROW)
    shown = _shortened(row.label, width - 4 if narrow else left - 12)
    if shown != row.label:
        ET.SubElement(group, "title").text = row.label
    if narrow:
        _text(group, (4, top + 14), shown, "chart-label")
    else:
        _text(group, (left - 10, top + 18), shown, "chart-label", "end")
    return top + (28 if narrow else 14), group


def _both(told: Told, draw: Callable[[float], ET.Element], *, interactive: bool = False) -> Markup:
    """Draw for both widths, with title and description."""
    drawn = []
    for size, width in WIDTHS.items():
        svg = draw(width)
        ids = f"{told.name}-{size}-title", f"{told.name}-{size}-text"
        for place, (tag, text) in enumerate((("title", told.title), ("desc", told.description))):
            element = ET.Element(tag, {"id": ids[place]})
            element.text = text
            svg.insert(place, element)
        svg.set("class", f"chart chart-{size}")
        # What has links is no single picture: they would be lost to whoever hears the page.
        svg.set("role", "group" if interactive else "img")
        svg.set("aria-labelledby", ids[0])
        svg.set("aria-describedby", ids[1])
        drawn.append(ET.tostring(svg, encoding="unicode"))
    return Markup("".join(drawn))  # noqa: S704 (written by a serialiser, which escapes)


def _drawing(width: float, height: float) -> ET.Element:
    return ET.Element("svg", {"viewBox": f"0 0 {width:g} {height:g}"})


def _rect(parent: ET.Element, kind: str, *box: float) -> None:
    """Draw a rectangle of left, top, width and height."""
    places = zip(("x", "y", "width", "height"), box, strict=True)
    ET.SubElement(parent, "rect", {"class": kind, **{name: f"{value:.2f}" for name, value in places}})


def _dot(parent: ET.Element, kind: str, x: float, y: float, radius: float) -> None:
    ET.SubElement(parent, "circle", {"class": kind, "cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": f"{radius:g}"})


def _text(parent: ET.Element, at: tuple[float, float], text: str, kind: str, anchor: str | None = None) -> None:
    place = {"class": kind, "x": f"{at[0]:.1f}", "y": f"{at[1]:.1f}"}
    ET.SubElement(parent, "text", place | ({"text-anchor": anchor} if anchor else {})).text = text


def _length(text: str) -> float:
    """Estimate how wide a text is drawn: the fonts are the reader's own."""
    return sum(_IDEOGRAPH if unicodedata.east_asian_width(letter) in "WF" else _LETTER for letter in text)


def _shortened(text: str, room: float) -> str:
    if _length(text) <= room:
        return text
    while text and _length(text) + _LETTER > room:
        text = text[:-1]
    return text.rstrip() + "…"
