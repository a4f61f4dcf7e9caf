"""Capes, collars and hats."""

# A drawing is a long list of shapes chosen by name, with their coordinates.
# ruff: noqa: C901, E501, FBT001, PLR0912

from __future__ import annotations

import math

from indexer.training.characters.identity import Identity, Pose
from indexer.training.characters.rig import GROUND, Rig
from indexer.training.characters.svg import Canvas, Node, darker, ellipse, lighter, poly, spline


def draw_cape(c: Canvas, who: Identity, rig: Rig, pose: Pose) -> None:
    """Draw the cape: its lining behind a front view, its outside on a back view."""
    o, u = who.outfit, rig.unit / 230
    if o.cape == "none":
        return
    floor = GROUND - rig.drop
    length = {
        "long": floor - 40 * u,
        "short": rig.hip_y + 70 * u,
        "tattered": floor - 110 * u,
        "capelet": rig.waist_y - 20 * u,
        "swallow": floor - 90 * u,
    }[o.cape]
    sway = -pose.turn * 70 * u - pose.lean * 3
    wide = rig.shoulder * (1.5 if o.cape == "capelet" else 1.75)
    top = rig.neck_y + 16
    left: list[Node] = [(-rig.shoulder * 0.95, rig.shoulder_y - 10), (-wide + sway * 0.5, (length + top) / 2)]
    right: list[Node] = [(rig.shoulder * 0.95, rig.shoulder_y - 10), (wide + sway * 0.5, (length + top) / 2)]
    x0, x1 = -wide * 1.12 + sway, wide * 1.12 + sway
    bottom: list[Node] = []
    count = 8
    for k in range(count + 1):
        x = x1 + (x0 - x1) * k / count
        if o.cape == "tattered":
            bottom.append((x, length + (0 if k % 2 else 60 * u), 1))
        elif o.cape == "swallow":
            bottom.append(
                (x, length - (90 * u if k == count // 2 else 0), 1)
                if k in (0, count // 2, count)
                else (x, length + 14 * u - abs(k - count / 2) * -6)
            )
        else:
            bottom.append((x, length + (14 * u if k % 2 else 0), *((1,) if k in (0, count) else ())))
    nodes: list[Node] = [(0, top), *right, *bottom, *reversed(left)]
    outside = pose.back
    colour = o.cape_colour if outside else o.lining
    folds = "".join(
        c.stroke(
            f"M{x + sway:.0f} {length + 20:.0f}Q{x * 0.9 + sway * 0.5:.0f} {(length + top) / 2:.0f} {x * 0.55:.0f} {top + 50:.0f}",
            darker(colour, 0.3),
            4,
        )
        for x in (-wide * 0.7, -wide * 0.25, wide * 0.25, wide * 0.7)
    )
    rim = c.stroke(
        spline([(p[0], p[1] - 12 * u, *p[2:]) for p in bottom], False), o.trim if outside else o.cape_colour, 13 * u
    )
    c.shape(
        23.2 if pose.back else -50,
        "chest",
        spline(nodes),
        colour if outside else darker(colour, 0.14),
        inside=folds + rim,
        shadow=1.4,
    )
    if not pose.back:
        m = rig.middle()
        for s in (-1, 1):
            drape: list[Node] = [
                (m * 0.6 + s * rig.neck * 0.4, top, 1),
                (s * rig.shoulder * 1.02, rig.shoulder_y - 16 * u),
                (s * rig.shoulder * 1.2, rig.shoulder_y + 60 * u, 1),
                (s * rig.shoulder * 0.75, rig.shoulder_y + 44 * u),
                (m * 0.6 + s * rig.neck * 0.9, rig.shoulder_y + 18 * u),
            ]
            c.shape(23, "chest", spline(drape), o.cape_colour, shadow=0.8)
        c.shape(23.6, "chest", ellipse(m * 0.8, rig.shoulder_y + 2 * u, 15 * u, 15 * u), o.trim, shadow=0.4)


def draw_collar(c: Canvas, who: Identity, rig: Rig, back: bool) -> None:
    """Draw what is worn round the neck."""
    o, u, m = who.outfit, rig.unit / 230, rig.middle(0.8)
    y, n, kind, tone = rig.neck_y + 8 * u, rig.neck, o.collar, o.collar_colour
    if kind == "none":
        return
    if kind == "scarf":
        tail: list[Node] = [
            (m + 16 * u, y + 10 * u),
            (m + 58 * u, y + 20 * u),
            (m + 66 * u, y + 150 * u, 1),
            (m + 50 * u, y + 138 * u, 1),
            (m + 30 * u, y + 152 * u, 1),
        ]
        c.shape(
            25,
            "chest",
            spline(tail),
            tone,
            inside=c.stroke(poly([(m - 40, y + 118 * u), (m + 120, y + 118 * u)], False), lighter(tone, 0.5), 10 * u),
        )
        c.shape(
            25.1,
            "chest",
            spline(
                [
                    (-n - 34 * u, y - 4 * u),
                    (m * 0.5, y - 26 * u),
                    (n + 34 * u, y - 4 * u),
                    (n + 26 * u, y + 30 * u),
                    (m, y + 46 * u),
                    (-n - 26 * u, y + 30 * u),
                ]
            ),
            tone,
            inside=c.stroke(
                f"M{-n - 30 * u:.0f} {y + 12 * u:.0f}Q{m:.0f} {y + 34 * u:.0f} {n + 34 * u:.0f} {y + 6 * u:.0f}",
                darker(tone, 0.35),
                4,
            ),
        )
    elif kind == "ruff":
        nodes = [
            (
                m * 0.4 + (n + 40 * u) * math.cos(a) * (1 + 0.1 * (k % 2)),
                y + 6 * u + 26 * u * math.sin(a) * (1 + 0.16 * (k % 2)),
            )
            for k, a in enumerate(i * math.pi / 10 for i in range(20))
        ]
        c.shape(25, "chest", spline(nodes), tone)
    elif kind in ("bow", "bowtie"):
        g = 1.0 if kind == "bow" else 0.62
        for s in (-1, 1):
            c.shape(
                25,
                "chest",
                spline(
                    [
                        (m, y + 22 * u),
                        (m + s * 26 * g * u, y + 2 * u),
                        (m + s * 62 * g * u, y - 6 * u),
                        (m + s * 60 * g * u, y + 50 * u),
                        (m + s * 24 * g * u, y + 38 * u),
                    ]
                ),
                tone,
                shadow=0.6,
            )
            if kind == "bow":
                c.shape(
                    24.9,
                    "chest",
                    spline(
                        [
                            (m, y + 26 * u),
                            (m + s * 20 * u, y + 40 * u),
                            (m + s * 36 * u, y + 96 * u, 1),
                            (m + s * 12 * u, y + 86 * u, 1),
                        ]
                    ),
                    tone,
                    shadow=0.5,
                )
        c.shape(25.1, "chest", ellipse(m, y + 22 * u, 13 * u, 14 * u), lighter(tone, 0.2), shadow=0.4)
    elif kind == "necklace":
        for k in range(9):
            a = math.pi * (0.08 + 0.84 * k / 8)
            c.shape(
                24.5,
                "chest",
                ellipse(m + (n + 26 * u) * math.cos(a), y + 4 * u + 46 * u * math.sin(a), 9 * u, 9 * u),
                tone,
                shadow=0.3,
                outline=0.6,
            )
        c.shape(
            24.6,
            "chest",
            poly([(m, y + 50 * u), (m + 14 * u, y + 66 * u), (m, y + 90 * u), (m - 14 * u, y + 66 * u)]),
            o.trim,
            shadow=0.4,
        )
    elif kind == "hood":
        c.shape(
            24.5 if not back else 25.5,
            "chest",
            spline(
                [
                    (-n - 56 * u, y + 4 * u),
                    (-n - 10 * u, y - 34 * u),
                    (n + 10 * u, y - 34 * u),
                    (n + 56 * u, y + 4 * u),
                    (n + 30 * u, y + 44 * u),
                    (m, y + (90 if back else 26) * u),
                    (-n - 30 * u, y + 44 * u),
                ]
            ),
            tone,
            inside="" if back else c.patch(ellipse(m * 0.5, y - 8 * u, n + 16 * u, 22 * u), darker(tone, 0.4)),
        )
    elif kind == "bandana":
        c.shape(
            25,
            "chest",
            spline(
                [
                    (-n - 22 * u, y - 8 * u),
                    (m, y + 6 * u),
                    (n + 22 * u, y - 8 * u),
                    (n + 20 * u, y + 14 * u),
                    (m, y + 76 * u, 1),
                    (-n - 20 * u, y + 14 * u),
                ]
            ),
            tone,
            inside="".join(
                c.patch(ellipse(m + dx * u, y + dy * u, 5 * u, 5 * u), lighter(tone, 0.6))
                for dx, dy in ((-16, 26), (14, 24), (0, 46))
            ),
        )
    elif kind == "wide":
        for s in (-1, 1):
            c.shape(
                25,
                "chest",
                spline(
                    [
                        (m, y + 18 * u, 1),
                        (s * n * 0.9, y - 18 * u),
                        (s * (n + 62 * u), y + 18 * u, 1),
                        (m + s * 34 * u, y + 74 * u, 1),
                    ]
                ),
                tone,
                inside=c.stroke(
                    poly([(s * (n + 50 * u), y + 16 * u), (m + s * 34 * u, y + 60 * u), (m, y + 10 * u)], False),
                    o.trim,
                    5,
                ),
                shadow=0.6,
            )
    elif kind == "high":
        for s in (-1, 1):
            c.shape(
                25 if not back else 29,
                "chest",
                spline(
                    [
                        (m * 0.6 + s * 4 * u, y + 26 * u, 1),
                        (s * (n + 8 * u), y + 24 * u),
                        (s * (n + 62 * u), y - 78 * u, 1),
                        (s * (n + 8 * u), y - 20 * u),
                    ]
                ),
                tone,
                shadow=0.6,
            )
