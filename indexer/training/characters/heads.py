"""Skull, ears, horns and muzzles (head units)."""

# A drawing is a long list of shapes chosen by name, with their coordinates.
# ruff: noqa: C901, FBT001, PLR2004

from __future__ import annotations

import math

from indexer.training.characters.identity import Identity, Pose
from indexer.training.characters.svg import (
    Canvas,
    Node,
    darker,
    ellipse,
    lighter,
    mirror,
    place,
    poly,
    sample,
    spline,
    tube,
)
from indexer.training.characters.turning import slide, squash

SKULLS: dict[str, tuple[Node, ...]] = {
    "round": ((0, -102), (64, -84), (96, -30), (96, 24), (76, 66), (38, 92), (0, 98)),
    "heart": ((0, -102), (64, -86), (98, -30), (94, 20), (68, 62), (26, 94), (0, 101)),
    "oval": ((0, -106), (58, -90), (86, -34), (86, 26), (68, 72), (32, 102), (0, 109)),
    "square": ((0, -100), (70, -90), (96, -34), (96, 36), (84, 76), (42, 97), (0, 98)),
    "wide": ((0, -92), (70, -78), (108, -22), (116, 28), (92, 70), (44, 90), (0, 93)),
    "pear": ((0, -100), (54, -86), (84, -34), (98, 26), (94, 68), (48, 97), (0, 100)),
    "box": ((0, -96), (86, -96), (100, -82), (100, 76), (86, 92), (0, 92)),
    "fluff": (
        (0, -98),
        (64, -82),
        (96, -30),
        (98, 20),
        (126, 42, 1),
        (98, 52),
        (110, 74, 1),
        (72, 78),
        (32, 94),
        (0, 97),
    ),
    "long": ((0, -104), (58, -88), (84, -34), (80, 24), (64, 76), (36, 112), (0, 118)),
    "egg": ((0, -112), (52, -96), (88, -40), (100, 24), (86, 70), (44, 95), (0, 99)),
}


def draw_head(c: Canvas, who: Identity, pose: Pose) -> None:
    """Draw the skull with its ears, horns and muzzle."""
    turn = 0.0 if pose.back else pose.turn
    nodes = [(p[0] + turn * (14 * p[1] / 100 if p[1] > 0 else 4), *p[1:]) for p in mirror(SKULLS[who.head_shape])]
    inside = ""
    if who.muzzle == "snout" and not pose.back:
        x = slide(0, turn)
        inside += c.patch(
            spline(
                [
                    (x, 30, 1),
                    (x - 40, 44),
                    (x - 100, 30),
                    (x - 140, 70),
                    (x, 140),
                    (x + 140, 70),
                    (x + 100, 30),
                    (x + 40, 44),
                ]
            ),
            who.muzzle_colour,
        )
    c.shape(30, "head", spline(nodes), who.skin, inside=inside, shadow=1.2)
    _ears(c, who, turn, pose.back)
    _horns(c, who, turn, pose.back)
    if not pose.back:
        _muzzle(c, who, turn)


def _ears(c: Canvas, who: Identity, turn: float, back: bool) -> None:
    kind = who.ears
    if kind == "none":
        return
    skin, inner = who.skin, who.ear_inner
    for side in (-1, 1):
        near = turn * side < 0
        sx = 96 * math.sin(side * 1.35 + turn * 0.6)
        z = 32.0 if near and abs(turn) > 0.2 else 28.0
        hidden = turn * side > 0.45
        if kind in ("human", "elf", "fin", "disc", "long"):
            if hidden:
                continue
            if kind == "human":
                c.shape(
                    z, "head", ellipse(sx, 22, 17, 24), skin, inside=c.patch(ellipse(sx, 24, 8, 13), inner), shadow=0.4
                )
            elif kind == "disc":
                c.shape(
                    z,
                    "head",
                    ellipse(sx + side * 8, 10, 24, 32),
                    inner,
                    inside=c.patch(ellipse(sx + side * 8, 10, 11, 16), lighter(inner)),
                    shadow=0.6,
                )
            elif kind in ("elf", "long"):
                reach = 74 if kind == "elf" else 118
                ear: list[Node] = [(-6, 30), (-8, -6), (reach * 0.5, -30), (reach, -44, 1), (reach * 0.6, 12), (12, 36)]
                fold: list[Node] = [(8, 16), (10, 0), (reach * 0.75, -30, 1), (reach * 0.45, 8)]
                flip = [(p[0] * side, *p[1:]) for p in ear]
                c.shape(
                    z,
                    "head",
                    spline(place(flip, sx - side * 8, 18)),
                    skin,
                    inside=c.patch(spline(place([(p[0] * side, *p[1:]) for p in fold], sx - side * 8, 18)), inner),
                    shadow=0.5,
                )
            else:
                for k, deg in enumerate((-38, 0, 36)):
                    frond: list[Node] = [(0, -10), (50, -14), (84, 0, 1), (50, 14), (0, 10)]
                    c.shape(
                        z - 2 + k * 0.1,
                        "head",
                        spline(place([(p[0] * side, *p[1:]) for p in frond], sx - side * 10, 10 + k * 12, deg * side)),
                        inner,
                        shadow=0.5,
                    )
            continue
        x = side * 62 - turn * 16
        shapes: dict[str, tuple[list[Node], list[Node]]] = {
            "cat": (
                [(-40, 10), (-30, -50), (14, -92, 1), (40, -30), (40, 30)],
                [(-18, 0), (-8, -40), (12, -70, 1), (24, -20), (20, 10)],
            ),
            "fox": (
                [(-42, 12), (-30, -70), (26, -128, 1), (48, -40), (42, 36)],
                [(-20, 0), (-8, -52), (22, -98, 1), (30, -30), (22, 10)],
            ),
            "bear": (
                [(-34, 10), (-34, -36), (4, -58), (40, -32), (36, 20)],
                [(-14, 0), (-14, -22), (6, -36), (22, -18), (18, 6)],
            ),
            "mouse": (
                [(-42, 0), (-44, -58), (8, -96), (62, -62), (54, 10), (6, 26)],
                [(-22, -6), (-24, -48), (8, -74), (42, -50), (36, -2)],
            ),
            "rabbit": (
                [(-26, 10), (-36, -90), (-12, -196), (16, -204), (32, -100), (24, 16)],
                [(-10, 0), (-18, -84), (-2, -168), (14, -90), (10, 0)],
            ),
            "lop": (
                [(-30, -6), (-20, -56), (34, -62), (78, 10), (86, 112), (54, 132), (28, 70), (20, 10)],
                [(44, 10), (62, 60), (62, 108), (44, 60)],
            ),
            "dog": (
                [(-26, 0), (-14, -48), (40, -50), (74, 0), (64, 66, 1), (30, 40)],
                [(30, -10), (54, 8), (56, 44), (36, 20)],
            ),
            "goat": (
                [(-8, 30), (10, -4), (60, -6), (118, 30, 1), (70, 50), (20, 52)],
                [(30, 20), (60, 10), (92, 28), (56, 36)],
            ),
            "bat": (
                [(-40, 10), (-44, -80, 1), (10, -150, 1), (40, -96), (78, -80, 1), (48, 20)],
                [(-18, 0), (-16, -60), (10, -108, 1), (30, -60), (26, 0)],
            ),
            "tuft": ([(-20, 14), (-6, -40), (30, -104, 1), (38, -44), (34, 20)], [(0, -10), (22, -70, 1), (24, -10)]),
        }
        outer, fold = shapes[kind]
        angle = {"rabbit": 8 * side, "mouse": 6 * side}.get(kind, 0)
        shift = place([(p[0] * side, *p[1:]) for p in outer], x, -62, angle)
        folds = place([(p[0] * side, *p[1:]) for p in fold], x, -62, angle)
        inside = "" if back else c.patch(spline(folds), inner)
        if who.tail_tip and kind in ("fox", "rabbit", "cat"):
            tip = (
                place([(p[0] * side, *p[1:]) for p in [(-90, -92), (90, -92), (90, -260), (-90, -260)]], x, -62, angle)
                if kind == "fox"
                else []
            )
            inside += c.patch(poly(tip), who.tail_tip) if tip and back else ""
        front = kind in ("lop", "dog")
        c.shape(
            40.6 if front and not back else (43.5 if front else 29),
            "head",
            spline(shift),
            skin,
            inside=inside,
            shadow=0.7,
        )


def _horns(c: Canvas, who: Identity, turn: float, back: bool) -> None:
    kind, tone = who.horns, who.horn_colour
    if kind == "none":
        return
    z = 40.3 if not back else 42.5
    if kind == "unicorn":
        x = slide(0, turn)
        rings = "".join(c.stroke(f"M{x - 22} {-90 - i * 22}l44 -12", darker(tone, 0.25), 3, "head") for i in range(5))
        c.shape(41.6, "head", poly([(x - 18, -72), (x + 6, -196), (x + 20, -72)]), tone, inside=rings, shadow=0.6)
        return
    if kind == "sprout":
        x = -turn * 6
        c.line(38, "head", f"M{x} -110Q{x - 8} -140 {x + 2} -160", darker(tone, 0.3), 7)
        for s in (-1, 1):
            leaf: list[Node] = [(0, 0, 1), (s * 30, -40), (s * 78, -36, 1), (s * 44, 4)]
            c.shape(38.1, "head", spline(place(leaf, x, -156)), tone, shadow=0.5)
        return
    for side in (-1, 1):
        x = side * 56 - turn * 14
        if kind == "ram":
            arc = [(x + side * (34 - 52 * math.cos(a)), -60 - 52 * math.sin(a)) for a in (k * 0.42 for k in range(12))]
            rings = "".join(c.stroke(ellipse(p[0], p[1], 9, 9), darker(tone, 0.22), 2.5, "head") for p in arc[::2])
            c.shape(z if turn * side <= 0.3 else 28, "head", tube(arc, [26, 26, 22, 17, 11, 3]), tone, inside=rings)
        elif kind in ("bull", "devil", "goat"):
            local: dict[str, list[Node]] = {
                "bull": [(0, 0), (46, -8), (78, -36), (80, -84)],
                "devil": [(0, 0), (6, -28), (20, -48), (18, -74)],
                "goat": [(0, 0), (10, -50), (34, -96), (72, -128)],
            }
            size = {"bull": [27, 24, 16, 2], "devil": [18, 15, 9, 1], "goat": [22, 20, 14, 3]}[kind]
            line = [(x + p[0] * side, -84 + p[1] * 1.15) for p in local[kind]]
            c.shape(z, "head", tube(sample(line), [float(v) for v in size]), tone, shadow=0.7)
        elif kind == "antlers":
            line = [(x, -84), (x + side * 26, -140), (x + side * 20, -190), (x + side * 50, -226)]
            for branch in (
                [line[1], (x + side * 70, -166), (x + side * 88, -204)],
                [line[2], (x - side * 10, -214), (x - side * 14, -240)],
            ):
                c.shape(38, "head", tube(sample(branch), [9, 7, 3]), tone, shadow=0.4)
            c.shape(38.1, "head", tube(sample(line), [13, 11, 8, 3]), tone, shadow=0.5)
        elif kind in ("antennae", "feelers"):
            tip = (x + side * 44, -206)
            c.line(38, "head", f"M{x * 0.6:.1f} -96Q{x * 0.6:.1f} -180 {tip[0]:.1f} {tip[1]}", darker(tone, 0.35), 8)
            if kind == "antennae":
                c.shape(38.1, "head", ellipse(tip[0], tip[1], 17, 17), tone, shadow=0.5)
            else:
                feather: list[Node] = [(0, 40), (-26, 10), (-14, -50), (14, -76, 1), (26, -20), (20, 20)]
                c.shape(
                    38.1,
                    "head",
                    spline(place([(p[0] * side, *p[1:]) for p in feather], tip[0] - side * 8, tip[1] + 24, side * 24)),
                    tone,
                    shadow=0.6,
                )


def _muzzle(c: Canvas, who: Identity, turn: float) -> None:
    kind = who.muzzle
    x, k = slide(0, turn, 108), math.cos(turn * 0.5)
    if kind == "cat":
        c.raw(
            34.5,
            "head",
            c.patch(ellipse(x - 13, 62, 25 * k, 20), who.muzzle_colour)
            + c.patch(ellipse(x + 13, 62, 25 * k, 20), who.muzzle_colour),
        )
        c.raw(37, "head", c.patch(spline([(x - 11, 44), (x, 41), (x + 11, 44), (x, 56, 1)]), who.nose_colour))
        for s in (-1, 1):
            if turn * s < 0.4:
                w = slide(s * 58, turn)
                c.line(37, "head", f"M{w:.1f} 58l{s * 46} -6M{w:.1f} 66l{s * 44} 6", darker(who.skin, 0.55), 2.6)
    elif kind == "snout":
        c.raw(
            37,
            "head",
            c.patch(spline([(x - 15, 48), (x, 44), (x + 15, 48), (x + 4, 64), (x - 4, 64)]), who.nose_colour),
        )
        c.raw(37.1, "head", c.patch(ellipse(x - 4, 50, 4, 2.6), "#ffffff", 0.6))
    elif kind == "beak":
        b = slide(0, turn, 118)
        w = 30 * squash(0, turn)
        nodes: list[Node] = [(b - w, 44), (b, 26), (b + w, 44), (b + turn * 26, 96, 1)]
        crease = c.stroke(f"M{b - w:.1f} 52Q{b:.1f} 70 {b + w:.1f} 52", darker(who.muzzle_colour, 0.4), 3.5, "head")
        c.shape(38, "head", spline(nodes), who.muzzle_colour, inside=crease, shadow=0.6)
    elif kind == "bovine":
        c.shape(35, "head", ellipse(x, 70, 62 * k, 38), who.muzzle_colour, shadow=0.7)
        for s in (-1, 1):
            c.raw(37, "head", c.patch(ellipse(x + s * 26 * k, 58, 8, 6), who.nose_colour))
    elif kind == "frog":
        for s in (-1, 1):
            c.raw(37, "head", c.patch(ellipse(x + s * 8, 44, 3, 2.4), darker(who.skin, 0.5)))
