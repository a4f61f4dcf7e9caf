"""Skin and bones: torso, arms, hands, legs, feet, tails and wings."""

# A drawing is a long list of shapes chosen by name, with their coordinates.
# ruff: noqa: FBT001, PLR2004

from __future__ import annotations

import math

from indexer.training.characters.identity import Identity, Pose
from indexer.training.characters.rig import GROUND, Rig
from indexer.training.characters.svg import (
    Canvas,
    Node,
    darker,
    ellipse,
    lighter,
    place,
    poly,
    sample,
    spline,
    tube,
)

MITTEN: tuple[Node, ...] = ((-11, -8), (-15, 8), (-14, 24), (-7, 34), (3, 35), (11, 29), (14, 14), (11, -8))
THUMB: tuple[Node, ...] = ((-9, 0), (-20, 6), (-25, 17), (-21, 23), (-13, 20), (-8, 14))
FIST: tuple[Node, ...] = ((-12, -8), (-17, 6), (-16, 22), (-6, 29), (8, 29), (17, 20), (17, 5), (11, -8))


def torso_nodes(rig: Rig, grow: float, bottom: float, flare: float = 0.0) -> list[Node]:
    """Return the torso outline grown by ``grow``, ending at height ``bottom``."""
    s, w, h = rig.shoulder + grow, rig.waist + grow, rig.hip + grow + flare
    n, top = rig.neck + grow * 0.5, rig.neck_y + 6
    half: list[Node] = [
        (0, top),
        (n, top, 1),
        (s * 0.86, rig.shoulder_y - 0.035 * rig.unit),
        (s, rig.shoulder_y + 0.06 * rig.unit),
        (s * 0.9 + w * 0.06, (rig.shoulder_y * 0.6 + rig.waist_y * 0.4)),
        (w, rig.waist_y),
        (h, bottom, 1),
        (0, bottom + 8),
    ]
    return [*half, *[(-p[0], *p[1:]) for p in reversed(half[1:-1])]]


def draw_torso(c: Canvas, who: Identity, rig: Rig) -> None:
    """Draw the neck and the bare trunk (mostly covered by clothes)."""
    neck = [
        (-rig.neck, rig.neck_y - 40),
        (rig.neck, rig.neck_y - 40),
        (rig.neck * 1.15, rig.shoulder_y),
        (-rig.neck * 1.15, rig.shoulder_y),
    ]
    shade = c.patch(ellipse(4, rig.neck_y - 4, rig.neck * 1.6, 22), darker(who.skin, 0.28))
    c.shape(11, "chest", poly(neck), who.skin, inside=shade, shadow=0)
    inside = ""
    if who.belly:
        inside = c.patch(
            ellipse(rig.middle(), rig.waist_y - 5, rig.waist * 0.72, (rig.hip_y - rig.shoulder_y) * 0.6), who.belly
        )
    c.shape(10, "chest", spline(torso_nodes(rig, -2, rig.hip_y + 12)), who.skin, inside=inside)


def arm_depth(rig: Rig, side: int) -> float:
    """Return the depth of an arm: the far arm of a turned body goes behind it."""
    if (side == 0 and rig.turn < -0.55) or (side == 1 and rig.turn > 0.55):
        return 8.0
    return 20.0


def draw_arm(c: Canvas, who: Identity, rig: Rig, side: int, holding: bool) -> None:
    """Draw the bare arm and hand."""
    z = arm_depth(rig, side)
    c.shape(z, "chest", tube(rig.arms[side], rig.arm_widths), who.skin, shadow=0.8)
    x, y, angle = rig.arm_end[side]
    size = rig.unit * (0.0052 + 0.0006 * who.bulk)
    flip = 1 if side == 1 else -1
    skin = who.outfit.gloves or who.skin

    def put(nodes: tuple[Node, ...]) -> str:
        return spline(place([(p[0] * flip, *p[1:]) for p in nodes], x, y, angle, size))

    c.shape(z + 2.6, "chest", put(FIST if holding else MITTEN), skin, shadow=0.6)
    if holding:
        for k in (-5, 3, 11):
            ends = place([(k * flip, 14), (k * flip + flip, 25)], x, y, angle, size)
            c.line(z + 2.7, "chest", poly(ends, False), darker(skin, 0.5), 2.6)
    else:
        c.shape(z + 2.65, "chest", put(THUMB), skin, shadow=0, outline=0.8)
        for k in (-3, 5):
            ends = place([(k * flip, 22), (k * flip, 31)], x, y, angle, size)
            c.line(z + 2.7, "chest", poly(ends, False), darker(skin, 0.5), 2.4)


def foot_nodes(rig: Rig, side: int, size: float = 1.0) -> list[Node]:
    """Return a shoe outline at the ankle, toes outwards or along the turn."""
    x, y, angle = rig.ankles[side]
    way = (1 if side == 1 else -1) if abs(rig.turn) < 0.4 else (1 if rig.turn > 0 else -1)
    reach = 0.6 + 0.55 * abs(rig.turn)
    u = rig.unit * size / 230
    base = [
        (-19, -20),
        (20, -20),
        (23, 2),
        (22 + 24 * reach, 10),
        (26 + 26 * reach, 26),
        (20 + 22 * reach, 30, 1),
        (-20, 30, 1),
        (-24, 14),
    ]
    return place([(p[0] * way, *p[1:]) for p in base], x, y, angle * 0.75, u)


def draw_leg(c: Canvas, who: Identity, rig: Rig, side: int) -> None:
    """Draw a bare leg and foot."""
    far = (side == 0 and rig.turn < -0.3) or (side == 1 and rig.turn > 0.3)
    z = 0.0 if far else 3.0
    c.shape(z, "body", tube(rig.legs[side], rig.leg_widths), who.skin)
    c.shape(z + 0.2, "body", spline(foot_nodes(rig, side)), who.skin, shadow=0.7)


def leg_depth(rig: Rig, side: int) -> float:
    """Return the depth at which a leg was drawn."""
    return 0.0 if (side == 0 and rig.turn < -0.3) or (side == 1 and rig.turn > 0.3) else 3.0


def draw_serpent(c: Canvas, who: Identity, rig: Rig) -> None:
    """Draw a coiled serpent body in place of legs."""
    top, base = rig.hip_y, GROUND - rig.drop
    u, w = rig.unit / 230, rig.hip
    plate = who.belly or lighter(who.skin, 0.35)
    dark = who.tail_tip or darker(who.skin, 0.25)
    tail = sample(
        [
            (120 * u, base - 40 * u),
            (215 * u, base - 46 * u),
            (268 * u, base - 104 * u),
            (226 * u, base - 168 * u),
            (262 * u, base - 226 * u),
        ]
    )
    widths = [44 * u, 38 * u, 28 * u, 17 * u, 4 * u]
    c.shape(-2, "body", tube(tail, widths), who.skin)
    for k, start in enumerate((0.5, 0.66, 0.82)):
        c.shape(
            -1.9,
            "body",
            tube(tail, widths, start, start + 0.07 if k < 2 else 1.0, k == 2),
            dark,
            shadow=0.4,
            outline=0.4,
        )

    def ring(z: float, x: float, y: float, rx: float, ry: float) -> None:
        # Plates along the lower rim and spots along the back make the coil read as round.
        marks = "".join(
            c.patch(ellipse(x + rx * k / 4, y + ry * (0.95 - 0.035 * k * k), rx * 0.105, ry * 0.42), plate)
            for k in range(-3, 4)
        )
        marks += "".join(
            c.patch(ellipse(x + rx * (k + 0.5) / 3.2, y - ry * 0.42 + abs(k + 0.5) * 5 * u, 15 * u, 9 * u), dark)
            for k in range(-3, 3)
        )
        c.shape(z, "body", ellipse(x, y, rx, ry), who.skin, inside=marks, shadow=1.3)

    ring(0.5, 10 * u, base - 52 * u, 208 * u, 62 * u)
    ring(1.0, -14 * u, base - 134 * u, 150 * u, 54 * u)
    low = base - 150 * u
    column: list[Node] = [
        (-w, top - 34, 1),
        (w, top - 34, 1),
        (w * 1.18, top + 40),
        (w * 0.98, (top + low) / 2),
        (74 * u, low),
        (30 * u, low + 34 * u),
        (-70 * u, low + 34 * u),
        (-100 * u, low - 6 * u),
        (-w * 0.82, (top + low) / 2),
        (-w * 1.14, top + 40),
    ]
    mid = rig.middle(0.6)
    bands = "".join(
        c.patch(
            spline(
                [
                    (mid - 34 * u, top + i * 25),
                    (mid, top + 6 + i * 25),
                    (mid + 34 * u, top + i * 25),
                    (mid + 28 * u, top + 18 + i * 25),
                    (mid, top + 24 + i * 25),
                    (mid - 28 * u, top + 18 + i * 25),
                ]
            ),
            plate,
        )
        for i in range(16)
    )
    c.shape(2, "body", spline(column), who.skin, inside=bands, shadow=1.5)


TAILS: dict[str, tuple[tuple[Node, ...], tuple[float, ...]]] = {
    "cat": (((0, 0), (70, 40), (125, 0), (120, -80), (160, -125)), (13, 13, 12, 12, 9)),
    "fox": (((0, 0), (70, 45), (140, 20), (175, -60), (165, -150)), (12, 30, 46, 40, 4)),
    "lizard": (((0, 0), (60, 70), (130, 100), (200, 80), (245, 30)), (32, 26, 19, 12, 3)),
    "devil": (((0, 0), (80, 60), (145, 20), (140, -50), (190, -90)), (9, 8, 7, 7, 6)),
    "bushy": (((0, 0), (80, 30), (130, -60), (100, -170), (165, -215)), (18, 44, 54, 46, 14)),
    "lion": (((0, 0), (75, 50), (140, 30), (165, -40), (190, -60)), (9, 8, 8, 8, 8)),
    "fish": (((0, 0), (60, 60), (120, 80), (175, 60), (200, 40)), (28, 24, 16, 10, 8)),
}


def draw_tail(c: Canvas, who: Identity, rig: Rig, pose: Pose) -> None:
    """Draw the tail, behind the body in front views."""
    z = 23.9 if pose.back else -45.0
    u = rig.unit / 230
    way = -1 if rig.turn > 0.1 else 1
    if who.tail in ("puff", "none"):
        if who.tail == "puff":
            bumps = [
                (math.cos(a) * (30 + 5 * (i % 2)), math.sin(a) * (30 + 5 * (i % 2)))
                for i, a in enumerate(k * math.pi / 6 for k in range(12))
            ]
            x = way * rig.hip * (0.1 if pose.back else 1.0)
            c.shape(z, "body", spline(place(bumps, x, rig.hip_y - 4, 0, u)), who.tail_tip or who.muzzle_colour)
        return
    nodes, widths = TAILS[who.tail]
    line = sample(place([(p[0] * way, p[1]) for p in nodes], way * rig.hip * 0.3, rig.hip_y - 15, 0, u))
    sizes = [w * u for w in widths]
    c.shape(z, "body", tube(line, sizes), who.skin)
    tip = who.tail_tip
    end = line[-1]
    if who.tail in ("fox", "bushy", "cat") and tip:
        c.shape(z + 0.1, "body", tube(line, sizes, 0.68, 1), tip, outline=0, shadow=0.6)
    elif who.tail == "devil":
        spade: list[Node] = [(0, -34, 1), (22, 4), (8, 8, 1), (-8, 8, 1), (-22, 4)]
        c.shape(z + 0.1, "body", spline(place(spade, end[0], end[1], 40 * way, u)), tip or who.skin)
    elif who.tail == "lion":
        tuft: list[Node] = [(0, -46, 1), (26, -8), (14, 22), (-14, 22), (-26, -8)]
        c.shape(z + 0.1, "body", spline(place(tuft, end[0], end[1], 60 * way, u)), tip or who.hair_colour)
    elif who.tail == "fish":
        fin: list[Node] = [(0, 10), (-50, -50, 1), (-10, -34), (0, -40, 1), (10, -34), (50, -50, 1)]
        c.shape(z + 0.1, "body", spline(place(fin, end[0], end[1], 50 * way, u)), tip or who.skin)


WINGS: dict[str, tuple[Node, ...]] = {
    "moth": ((10, 0), (70, -110), (180, -150, 1), (215, -70), (150, 5), (185, 70), (140, 140), (70, 110), (10, 30)),
    "butterfly": (
        (10, 0),
        (50, -140),
        (170, -190),
        (210, -100),
        (130, -10, 1),
        (180, 40),
        (150, 130),
        (60, 110),
        (10, 30),
    ),
    "bat": (
        (10, 0),
        (70, -120, 1),
        (120, -170, 1),
        (240, -90, 1),
        (205, -40),
        (220, 30, 1),
        (160, 0),
        (140, 80, 1),
        (90, 30),
        (50, 70, 1),
        (10, 40),
    ),
    "feather": (
        (10, 10),
        (60, -90),
        (150, -140),
        (230, -130, 1),
        (215, -70, 1),
        (200, -60),
        (210, -10, 1),
        (170, -5),
        (175, 45, 1),
        (130, 40),
        (125, 90, 1),
        (70, 70),
        (10, 50),
    ),
    "fairy": ((5, 0), (90, -150), (190, -170), (170, -70), (40, 0, 1), (120, 40), (130, 110), (70, 110), (5, 20)),
    "leaf": ((5, 0), (60, -120), (190, -190, 1), (190, -80), (90, 20), (30, 40)),
}


def draw_wings(c: Canvas, who: Identity, rig: Rig, pose: Pose) -> None:
    """Draw a pair of wings from the shoulder blades."""
    if who.wings == "none":
        return
    z = 24.0 if pose.back else -60.0
    y, u = rig.shoulder_y + 60, rig.unit / 215
    for side in (-1, 1):
        nodes = place([(p[0] * side, *p[1:]) for p in WINGS[who.wings]], side * 6, y, 0, u)
        inner = place([(p[0] * side, *p[1:]) for p in WINGS[who.wings]], side * 14, y + 4, 0, u * 0.72)
        inside = c.patch(spline(inner), lighter(who.wing_colour, 0.4))
        if who.wings in ("moth", "butterfly"):
            for px, py, r in ((140, -90, 26), (120, 80, 20)):
                inside += c.patch(ellipse(side * px * u, y + py * u, r * u, r * u), who.mark_colour)
                inside += c.patch(ellipse(side * px * u, y + py * u, r * u * 0.5, r * u * 0.5), "#fff6dc")
        else:
            for p in nodes[2:-1:2]:
                inside += c.stroke(poly([(side * 8, y + 8), p], False), darker(who.wing_colour, 0.25), 3)
        c.shape(z, "chest", spline(nodes), who.wing_colour, inside=inside, shadow=0.6)
