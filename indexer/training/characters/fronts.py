"""The front of a top: openings, lapels, plates and buttons."""

# A drawing is a long list of shapes chosen by name, with their coordinates.
# ruff: noqa: C901, PLR0912

from __future__ import annotations

from indexer.training.characters.identity import Identity
from indexer.training.characters.rig import Rig
from indexer.training.characters.svg import (
    Canvas,
    darker,
    ellipse,
    lighter,
    poly,
    spline,
    star,
)


def front_text(c: Canvas, who: Identity, rig: Rig, mid: float) -> str:
    """Return the front details of a top: openings, lapels, plates."""
    o, u = who.outfit, rig.unit / 230
    top, hip, sh = rig.neck_y, rig.hip_y + 40 * u, rig.shoulder_y
    n = rig.neck + 8 * u
    vee = poly([(mid - n * 1.1, top - 10), (mid + n * 1.1, top - 10), (mid, sh + 62 * u)])
    out = ""
    if o.top in ("jacket", "coat", "vest"):
        gap = {"jacket": 34.0, "coat": 26.0, "vest": 22.0}[o.top] * u
        out += c.patch(poly([(mid - n, top - 10), (mid + n, top - 10), (mid + gap, hip), (mid - gap, hip)]), o.inner)
        for s in (-1, 1):
            out += c.patch(
                poly(
                    [
                        (mid + s * n * 0.6, top - 6),
                        (mid + s * n * 2.2, top + 20 * u),
                        (mid + s * (gap + 26 * u), sh + 66 * u),
                        (mid + s * gap, sh + 96 * u),
                    ]
                ),
                trim_or(o.trim, o.top_colour),
            )
            out += c.stroke(poly([(mid + s * n, top), (mid + s * gap, hip)], False), darker(o.top_colour, 0.45), 4)
        for k in range(4):
            out += c.patch(ellipse(mid, sh + (66 + k * 36) * u, 5 * u, 5 * u), darker(o.inner, 0.4))
    elif o.top in ("robe", "wrap"):
        out += c.patch(vee, o.inner)
        out += c.stroke(
            poly([(mid + n * 1.25, top - 4), (mid - 8, sh + 84 * u), (mid - 30 * u, hip)], False), o.trim, 13 * u
        )
        out += c.stroke(poly([(mid - n * 1.25, top - 4), (mid - 2, sh + 66 * u)], False), o.trim, 13 * u)
    elif o.top == "armour":
        plate = [
            (mid - rig.shoulder * 0.8, sh - 4),
            (mid, sh + 16 * u),
            (mid + rig.shoulder * 0.8, sh - 4),
            (mid + rig.waist * 0.9, rig.waist_y - 10),
            (mid, rig.waist_y + 12),
            (mid - rig.waist * 0.9, rig.waist_y - 10),
        ]
        out += c.patch(spline(plate), lighter(o.top_colour, 0.4)) + c.stroke(
            spline(plate), darker(o.top_colour, 0.45), 4
        )
        out += c.stroke(poly([(mid, sh + 16 * u), (mid, rig.waist_y)], False), darker(o.top_colour, 0.4), 3.6)
        out += c.patch(star(mid, sh + 70 * u, 24 * u, 4), o.trim)
    elif o.top in ("dress", "gown", "pinafore"):
        out += c.patch(
            poly(
                [
                    (mid - n * 1.9, top - 6),
                    (mid + n * 1.9, top - 6),
                    (mid + 26 * u, sh + 40 * u),
                    (mid - 26 * u, sh + 40 * u),
                ]
            ),
            o.inner,
        )
        if o.top == "pinafore":
            out += c.patch(
                poly(
                    [(mid - 46 * u, sh + 46 * u), (mid + 46 * u, sh + 46 * u), (mid + 60 * u, hip), (mid - 60 * u, hip)]
                ),
                o.inner,
            )
        else:
            out += "".join(
                c.stroke(
                    poly([(mid - 20 * u, sh + (58 + k * 24) * u), (mid + 20 * u, sh + (70 + k * 24) * u)], False),
                    o.trim,
                    4.5,
                )
                for k in range(4)
            )
    elif o.top == "raincoat":
        out += c.stroke(poly([(mid + 6 * u, top), (mid + 10 * u, hip)], False), darker(o.top_colour, 0.45), 4)
        for k in range(4):
            y = sh + (34 + k * 46) * u
            out += c.patch(
                poly(
                    [
                        (mid - 20 * u, y - 5 * u),
                        (mid + 30 * u, y - 5 * u),
                        (mid + 30 * u, y + 7 * u),
                        (mid - 20 * u, y + 7 * u),
                    ]
                ),
                o.trim,
            )
    elif o.top == "overalls":
        out += c.patch(
            poly(
                [
                    (-300, top - 20),
                    (300, top - 20),
                    (300, sh + 58 * u),
                    (mid + 52 * u, sh + 58 * u),
                    (mid - 52 * u, sh + 58 * u),
                    (-300, sh + 58 * u),
                ]
            ),
            o.inner,
        )
        for s in (-1, 1):
            out += c.stroke(
                poly([(mid + s * 46 * u, sh + 70 * u), (mid + s * 58 * u, top - 20)], False), o.top_colour, 20 * u
            ) + c.patch(ellipse(mid + s * 46 * u, sh + 70 * u, 10 * u, 10 * u), o.trim)
        out += c.stroke(
            poly(
                [
                    (mid - 30 * u, sh + 100 * u),
                    (mid - 30 * u, sh + 140 * u),
                    (mid + 30 * u, sh + 140 * u),
                    (mid + 30 * u, sh + 100 * u),
                ]
            ),
            darker(o.top_colour, 0.4),
            4,
        )
    elif o.top == "sweater":
        out += c.patch(poly([(-300, hip - 44 * u), (300, hip - 44 * u), (300, hip + 30), (-300, hip + 30)]), o.trim)
        out += c.patch(
            spline([(mid - n * 1.5, top - 10), (mid, sh + 8 * u), (mid + n * 1.5, top - 10), (mid, top - 30)]), o.trim
        )
        out += c.stroke(
            poly(
                [
                    (-300, sh + 96 * u),
                    (mid - 40 * u, sh + 76 * u),
                    (mid, sh + 104 * u),
                    (mid + 40 * u, sh + 76 * u),
                    (300, sh + 96 * u),
                ],
                False,
            ),
            o.inner,
            12 * u,
        )
    elif o.top in ("tunic", "apron"):
        out += c.patch(vee, o.inner) + c.stroke(vee, o.trim, 8 * u)
        out += "".join(
            c.stroke(
                poly([(mid - 14 * u, sh + (6 + k * 18) * u), (mid + 14 * u, sh + (16 + k * 18) * u)], False),
                darker(o.inner, 0.4),
                3.6,
            )
            for k in range(3)
        )
    return out


def trim_or(trim: str, colour: str) -> str:
    """Return the lapel colour: the trim, softened towards the cloth."""
    return darker(colour, 0.22) if trim == colour else trim
