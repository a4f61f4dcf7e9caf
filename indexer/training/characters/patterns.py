"""Repeating marks on cloth."""

# A drawing is a long list of shapes chosen by name, with their coordinates.
# ruff: noqa: C901, PLR0912, PLR2004

from __future__ import annotations

from indexer.training.characters.svg import (
    Canvas,
    ellipse,
    poly,
    star,
)


def pattern_text(c: Canvas, kind: str, colour: str, box: tuple[float, float, float, float]) -> str:
    """Return pattern marks covering ``box`` (x0, y0, x1, y1), to clip to a garment."""
    x0, y0, x1, y1 = box
    out = ""
    if kind == "stripes":
        y = y0
        while y < y1:
            out += c.patch(poly([(x0, y), (x1, y), (x1, y + 17), (x0, y + 17)]), colour)
            y += 42
    elif kind == "columns":
        x = -190.0
        while x < 200:
            out += c.patch(poly([(x, y0), (x + 12, y0), (x + 12, y1), (x, y1)]), colour)
            x += 36
    elif kind in ("dots", "stars", "diamonds", "moons"):
        row, y = 0, y0 + 12
        while y < y1:
            for k in range(-6, 7):
                x = k * 46 + (row % 2) * 23
                if kind == "dots":
                    out += c.patch(ellipse(x, y, 8.5, 8.5), colour)
                elif kind == "stars":
                    out += c.patch(star(x, y, 12), colour)
                elif kind == "moons":
                    out += c.patch(f"M{x} {y - 11}A11 11 0 1 0 {x + 9} {y + 7}A9 9 0 1 1 {x} {y - 11}Z", colour)
                else:
                    out += c.patch(poly([(x, y - 13), (x + 9, y), (x, y + 13), (x - 9, y)]), colour)
            row, y = row + 1, y + 40
    elif kind == "checks":
        y = y0
        row = 0
        while y < y1:
            for k in range(-5, 6):
                out += c.patch(
                    poly(
                        [
                            (k * 50 + row % 2 * 25, y),
                            (k * 50 + 25 + row % 2 * 25, y),
                            (k * 50 + 25 + row % 2 * 25, y + 25),
                            (k * 50 + row % 2 * 25, y + 25),
                        ]
                    ),
                    colour,
                )
            row, y = row + 1, y + 25
    elif kind == "scales":
        y = y0
        row = 0
        while y < y1:
            for k in range(-6, 7):
                x = k * 38 + row % 2 * 19
                out += c.stroke(f"M{x - 19:.0f} {y:.0f}a19 19 0 0 0 38 0", colour, 3.4)
            row, y = row + 1, y + 20
    return out
