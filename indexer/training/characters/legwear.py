"""Trousers, stockings, shoes and skirts."""

# A drawing is a long list of shapes chosen by name, with their coordinates.
# ruff: noqa: C901, FBT001, FBT002, PLR2004

from __future__ import annotations

import math

from indexer.training.characters.body import foot_nodes, leg_depth
from indexer.training.characters.identity import Identity
from indexer.training.characters.patterns import pattern_text
from indexer.training.characters.rig import GROUND, Rig
from indexer.training.characters.svg import (
    Canvas,
    Node,
    darker,
    lighter,
    poly,
    spline,
    tube,
)


def draw_legs(c: Canvas, who: Identity, rig: Rig) -> None:
    """Draw trousers, stockings and shoes over the bare legs."""
    o = who.outfit
    u = rig.unit / 230
    for side in (0, 1):
        z = leg_depth(rig, side)
        line = rig.legs[side]
        widths = [w + 6 * u for w in rig.leg_widths]
        if o.bottom in ("trousers", "slacks", "stockings"):
            grow = 0.0 if o.bottom == "stockings" else 6 * u
            flare = widths[2] * (1.45 if o.bottom == "slacks" else 1.0)
            inside = pattern_text(c, o.pattern, o.trim, (-400, 400, 400, 1100)) if o.bottom == "stockings" else ""
            c.shape(
                z + 0.5,
                "body",
                tube(line, [widths[0] + grow, widths[1] + grow, flare], 0, 0.96, False),
                o.bottom_colour,
                inside=inside,
            )
        elif o.bottom == "baggy":
            c.shape(
                z + 0.5,
                "body",
                tube(line, [widths[0] + 8 * u, widths[1] + 26 * u, widths[1] + 22 * u, widths[2]], 0, 0.9, False),
                o.bottom_colour,
            )
        elif o.bottom == "shorts":
            c.shape(
                z + 0.5,
                "body",
                tube(line, [widths[0] + 6 * u, widths[1] + 14 * u, widths[1] + 14 * u], 0, 0.42, False),
                o.bottom_colour,
            )
        shoe = spline(foot_nodes(rig, side, 1.08))
        x, y, _ = rig.ankles[side]
        sole = (
            c.patch(
                poly([(-600, y + 21 * u), (600, y + 21 * u), (600, y + 60), (-600, y + 60)]),
                darker(o.shoe_colour, 0.45),
            )
            if abs(rig.ankles[side][2]) < 20
            else ""
        )
        if o.shoes in ("boots", "high"):
            low = 0.72 if o.shoes == "boots" else 0.52
            c.shape(
                z + 0.8, "body", tube(line, [widths[0], widths[1] + 5 * u, widths[2] + 6 * u], low, 1.0), o.shoe_colour
            )
            c.shape(z + 0.9, "body", shoe, o.shoe_colour, inside=sole, shadow=0.7)
            c.shape(
                z + 0.95,
                "body",
                tube(line, [widths[0] + 4 * u, widths[1] + 9 * u, widths[2] + 11 * u], low - 0.03, low + 0.045, False),
                lighter(o.shoe_colour, 0.22),
                shadow=0.5,
            )
        elif o.shoes in ("shoes", "slippers"):
            c.shape(z + 0.9, "body", shoe, o.shoe_colour, inside=sole, shadow=0.7)
            if o.shoes == "shoes":
                c.line(z + 1, "body", f"M{x - 14 * u:.1f} {y - 2:.1f}L{x + 18 * u:.1f} {y - 2:.1f}", o.trim, 5)
        elif o.shoes == "sandals":
            for share in (0.86, 0.93):
                c.shape(
                    z + 0.9,
                    "body",
                    tube(line, [widths[0], widths[1], widths[2] - 3 * u], share, share + 0.03, False),
                    o.shoe_colour,
                    shadow=0,
                    outline=0.5,
                )
            c.line(
                z + 0.95, "body", poly([(x - 26 * u, y + 28 * u), (x + 30 * u, y + 28 * u)], False), o.shoe_colour, 8
            )
    hip = o.bottom not in ("skirt", "frills") and who.lower == "legs"
    if hip and o.bottom != "none":
        half = [
            (rig.hip * 0.98, rig.hip_y - 38 * u, 1),
            (rig.hip + 8 * u, rig.hip_y),
            (rig.hip * 0.75, rig.hip_y + 42 * u),
            (0, rig.hip_y + 50 * u),
        ]
        nodes = [*half, *[(-p[0], *p[1:]) for p in reversed(half[:-1])]]
        c.shape(4.5, "body", spline(nodes), o.bottom_colour, shadow=0.6, outline=0.6)


def hem(rig: Rig, share: float, flare: float, narrow: bool = False) -> tuple[float, float, float]:
    """Return (left x, right x, y) of a hem ``share`` (0-1) down the legs."""
    points = [rig.legs[s][round(share * (len(rig.legs[s]) - 1))] for s in (0, 1)]
    wide = rig.hip * (1.0 + flare)
    left = min(points[0][0], points[1][0]) - rig.leg_widths[1] * 0.9
    right = max(points[0][0], points[1][0]) + rig.leg_widths[1] * 0.9
    y = sum(p[1] for p in points) / 2
    floor = GROUND - rig.drop
    y = min(max(y, rig.hip_y + 30), floor - 4)
    if narrow:
        return -wide, wide, y
    return min(left, -wide), max(right, wide), y


def skirt_nodes(rig: Rig, share: float, flare: float, folds: int = 3) -> list[Node]:
    """Return a skirt from the waist to a wavy hem."""
    left, right, y = hem(rig, share, flare)
    w = rig.waist + 5
    drop = (y - rig.waist_y) * 0.06 + 6
    # The waist follows the leaning chest; the hem stays with the legs.
    sway = math.sin(math.radians(rig.lean)) * (rig.hip_y - rig.waist_y)
    nodes: list[Node] = [
        (sway - w, rig.waist_y - 6, 1),
        (sway + w, rig.waist_y - 6, 1),
        (rig.hip + 12 + (right - rig.hip) * 0.25, rig.hip_y),
        (right, y, 1),
    ]
    for k in range(folds * 2 - 1, 0, -1):
        t = k / (folds * 2)
        nodes.append((left + (right - left) * t, y + drop * (0.35 + (k % 2) * 1.0)))
    nodes += [(left, y, 1), (-rig.hip - 12 + (left + rig.hip) * 0.25, rig.hip_y)]
    return nodes


def folds(c: Canvas, rig: Rig, colour: str, share: float, flare: float) -> str:
    """Return the fold lines of a skirt."""
    left, right, y = hem(rig, share, flare)
    out = ""
    for t in (0.22, 0.42, 0.62, 0.8):
        x = left + (right - left) * t
        out += c.stroke(
            f"M{x:.1f} {y + 10:.1f}Q{x * 0.85:.1f} {(y + rig.hip_y) / 2:.1f} {x * 0.5:.1f} {rig.hip_y + 12:.1f}",
            darker(colour, 0.3),
            3.6,
        )
    return out


def draw_skirt(c: Canvas, who: Identity, rig: Rig) -> None:
    """Draw a separate skirt when the outfit has one."""
    o = who.outfit
    if o.bottom not in ("skirt", "frills", "longskirt"):
        return
    share = {"skirt": 0.34, "frills": 0.4, "longskirt": 0.82}[o.bottom]
    left, right, y = hem(rig, share, 0.45)
    inside = pattern_text(c, o.pattern, o.trim, (left, rig.waist_y, right, y + 30)) + folds(
        c, rig, o.bottom_colour, share, 0.45
    )
    inside += c.patch(
        poly([(left - 50, y - 18), (right + 50, y - 18), (right + 50, y - 6), (left - 50, y - 6)]), o.trim
    )
    if o.bottom == "frills":
        c.shape(11.5, "body", spline(skirt_nodes(rig, share + 0.08, 0.5, 5)), o.inner)
    c.shape(12, "body", spline(skirt_nodes(rig, share, 0.45)), o.bottom_colour, inside=inside)
