"""Clothes on the body: legs, tops, coats, sleeves, belts and patterns."""

# A drawing is a long list of shapes chosen by name, with their coordinates.
# ruff: noqa: C901, FBT001, PLR0912, PLR0915

from __future__ import annotations

import math

from indexer.training.characters.body import torso_nodes
from indexer.training.characters.fronts import front_text
from indexer.training.characters.identity import Identity
from indexer.training.characters.legwear import folds, hem, skirt_nodes
from indexer.training.characters.patterns import pattern_text
from indexer.training.characters.rig import Rig
from indexer.training.characters.svg import (
    Canvas,
    Node,
    darker,
    ellipse,
    lighter,
    poly,
    spline,
)

LONG_TOPS = {
    "coat": 0.62,
    "robe": 0.9,
    "gown": 0.97,
    "dress": 0.42,
    "tunic": 0.22,
    "wrap": 0.5,
    "poncho": 0.12,
    "apron": 0.45,
    "raincoat": 0.36,
    "pinafore": 0.4,
}


def draw_top(c: Canvas, who: Identity, rig: Rig, back: bool) -> None:
    """Draw the upper garment, with its long skirts if it has any."""
    o = who.outfit
    colour, trim, u = o.top_colour, o.trim, rig.unit / 230
    mid = rig.middle()
    top, hip = rig.neck_y, rig.hip_y
    box = (-300.0, top, 300.0, 1050.0)
    inside = (
        pattern_text(c, o.pattern, trim, box) if o.bottom not in ("skirt", "frills", "longskirt", "stockings") else ""
    )
    front = ""
    if not back:
        front = front_text(c, who, rig, mid)
    share = LONG_TOPS.get(o.top, 0.0)
    if who.lower in ("serpent", "wisp"):
        share = min(share, 0.3)
    if share:
        flare = {
            "coat": 0.35,
            "gown": 0.75,
            "robe": 0.4,
            "dress": 0.6,
            "raincoat": 0.5,
            "pinafore": 0.6,
            "poncho": 0.3,
        }.get(o.top, 0.22)
        left, right, y = hem(rig, share, flare)
        edge = c.patch(
            poly([(left - 60, y - 16 * u), (right + 60, y - 16 * u), (right + 60, y + 60), (left - 60, y + 60)]), trim
        )
        opening = ""
        if o.top in ("coat", "robe") and not back:
            opening = c.patch(
                poly([(mid - 5, hip - 50), (mid + 5, hip - 50), (mid + 44 * u, y + 60), (mid - 44 * u, y + 60)]),
                darker(o.bottom_colour if o.top == "coat" else o.inner, 0.12),
            )
            opening += c.stroke(
                poly([(mid + 5, hip - 50), (mid + 44 * u, y + 60)], False)
                + poly([(mid - 5, hip - 50), (mid - 44 * u, y + 60)], False),
                trim,
                7,
            )
        elif o.top in ("wrap", "raincoat") and not back:
            opening = c.stroke(poly([(mid + 8, hip - 60), (mid + 22 * u, y + 40)], False), darker(colour, 0.4), 4)
        elif o.top == "apron" and not back:
            opening = ""
        c.shape(
            13,
            "body",
            spline(skirt_nodes(rig, share, flare)),
            colour,
            inside=inside + folds(c, rig, colour, share, flare) + edge + opening,
            shadow=1.2,
        )
    grow = {"sweater": 12.0, "armour": 9.0, "raincoat": 11.0, "coat": 8.0, "poncho": 8.0}.get(o.top, 5.0) * u
    trunk = torso_nodes(rig, grow, hip + 20 * u)
    if share:
        trunk = torso_nodes(rig, grow, rig.waist_y + 12 * u, rig.waist - rig.hip + 2 * u)
    c.shape(14, "chest", spline(trunk), colour, inside=inside + front)
    if o.top == "apron" and not back:
        left, right, y = hem(rig, 0.45, 0.0, True)
        bib = [
            (mid - 0.5 * rig.shoulder, rig.shoulder_y + 40 * u, 1),
            (mid + 0.5 * rig.shoulder, rig.shoulder_y + 40 * u, 1),
            (mid + 0.62 * rig.waist, rig.waist_y),
            (mid + rig.hip * 0.9, y, 1),
            (mid, y + 12),
            (mid - rig.hip * 0.9, y, 1),
            (mid - 0.62 * rig.waist, rig.waist_y),
        ]
        pocket = c.stroke(
            poly(
                [
                    (mid - 36 * u, hip + 20 * u),
                    (mid - 36 * u, hip + 62 * u),
                    (mid + 36 * u, hip + 62 * u),
                    (mid + 36 * u, hip + 20 * u),
                ]
            ),
            darker(o.inner, 0.35),
            4,
        )
        c.shape(15.5, "chest", spline(bib), o.inner, inside=pocket)
        for s in (-1, 1):
            c.line(
                15.4,
                "chest",
                poly(
                    [(mid + s * 0.46 * rig.shoulder, rig.shoulder_y + 44 * u), (s * rig.neck * 1.2, rig.neck_y + 10)],
                    False,
                ),
                o.inner,
                12,
            )
    if o.top == "poncho":
        left, right = -rig.shoulder - 62 * u, rig.shoulder + 62 * u
        y = rig.waist_y + 30 * u
        nodes: list[Node] = [
            (0, top + 4),
            (rig.neck + 10, top + 8),
            (rig.shoulder * 1.05, rig.shoulder_y),
            (right, y - 40 * u, 1),
            (right * 0.5, y + 26 * u),
            (0, y + 58 * u, 1),
            (left * 0.5, y + 26 * u),
            (left, y - 40 * u, 1),
            (-rig.shoulder * 1.05, rig.shoulder_y),
            (-rig.neck - 10, top + 8),
        ]
        bands = "".join(
            c.stroke(
                spline([(left - 20, y - 70 * u + dy), (0, y + 34 * u + dy), (right + 20, y - 70 * u + dy)], False),
                tone,
                w,
            )
            for dy, tone, w in ((-8 * u, trim, 14), (-40 * u, o.inner, 7))
        )
        c.shape(
            23, "chest", spline(nodes), colour, inside=pattern_text(c, o.pattern, lighter(colour, 0.25), box) + bands
        )
    if o.belt and o.top != "poncho":
        draw_belt(c, who, rig, mid, back)
    if o.shoulders != "none":
        for side in (-1, 1):
            x, y = side * rig.shoulder, rig.shoulder_y + 4 * u
            if o.shoulders == "pads":
                c.shape(
                    23.4,
                    "chest",
                    spline(
                        [
                            (x - side * 46 * u, y - 22 * u),
                            (x + side * 6 * u, y - 44 * u),
                            (x + side * 40 * u, y - 4 * u),
                            (x + side * 28 * u, y + 30 * u, 1),
                            (x - side * 30 * u, y + 18 * u),
                        ]
                    ),
                    trim,
                    inside=c.stroke(
                        f"M{x - 60:.0f} {y + 14:.0f}Q{x:.0f} {y - 14:.0f} {x + 60:.0f} {y + 14:.0f}",
                        darker(trim, 0.3),
                        3.6,
                    ),
                )
            elif o.shoulders == "fur":
                c.shape(
                    23.4,
                    "chest",
                    spline(
                        [
                            (
                                x + 44 * u * math.cos(a) * (1 + 0.16 * (k % 2)),
                                y - 4 * u + 32 * u * math.sin(a) * (1 + 0.16 * (k % 2)),
                            )
                            for k, a in enumerate(i * math.pi / 7 for i in range(14))
                        ]
                    ),
                    o.inner,
                )
            else:
                c.shape(23.4, "chest", ellipse(x, y + 10 * u, 30 * u, 26 * u), trim)


def draw_belt(c: Canvas, who: Identity, rig: Rig, mid: float, back: bool) -> None:
    """Draw a belt with a buckle (front) and a pouch."""
    o, u = who.outfit, rig.unit / 230
    w, y = rig.waist + 12 * u, rig.waist_y
    if o.top == "wrap":
        c.shape(
            16,
            "chest",
            spline(
                [
                    (-w, y - 26 * u, 1),
                    (0, y - 20 * u),
                    (w, y - 26 * u, 1),
                    (w + 4, y + 22 * u, 1),
                    (0, y + 28 * u),
                    (-w - 4, y + 22 * u, 1),
                ]
            ),
            o.belt,
            inside=c.stroke(f"M-200 {y}Q0 {y + 8} 200 {y}", o.trim, 6),
        )
        return
    c.shape(
        16,
        "chest",
        spline(
            [
                (-w, y - 10 * u, 1),
                (0, y - 3 * u),
                (w, y - 10 * u, 1),
                (w + 2, y + 12 * u, 1),
                (0, y + 20 * u),
                (-w - 2, y + 12 * u, 1),
            ]
        ),
        o.belt,
        shadow=0.5,
    )
    if not back:
        c.shape(
            16.1,
            "chest",
            poly(
                [
                    (mid - 17 * u, y - 8 * u),
                    (mid + 17 * u, y - 8 * u),
                    (mid + 17 * u, y + 24 * u),
                    (mid - 17 * u, y + 24 * u),
                ]
            ),
            o.trim,
            inside=c.patch(
                poly([(mid - 8 * u, y), (mid + 8 * u, y), (mid + 8 * u, y + 16 * u), (mid - 8 * u, y + 16 * u)]), o.belt
            ),
            shadow=0.4,
        )
        x = -w * 0.72
        c.shape(
            16.2,
            "chest",
            spline(
                [(x - 22 * u, y + 8 * u), (x + 22 * u, y + 8 * u), (x + 24 * u, y + 48 * u), (x - 24 * u, y + 48 * u)]
            ),
            lighter(o.belt, 0.12),
            inside=c.stroke(f"M{x - 24 * u:.0f} {y + 22 * u:.0f}h{48 * u:.0f}", darker(o.belt, 0.4), 3.5),
            shadow=0.5,
        )
