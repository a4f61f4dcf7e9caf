"""Hair: a shape behind the head, a cap with a fringe in front, and extras.

Drawn in head units: the skull is about 200 high and centred on (0, 0).
"""

# A drawing is a long list of shapes chosen by name, with their coordinates.
# ruff: noqa: C901, E501, FBT001, PLR0912, PLR2004

from __future__ import annotations

import math

from indexer.training.characters.hair_shapes import BACKS, FRINGES, TIED
from indexer.training.characters.hair_special import draw_crown_of, draw_snakes
from indexer.training.characters.identity import Identity, Pose
from indexer.training.characters.svg import Canvas, Node, darker, ellipse, lighter, mirror, place, spline


def draw_hair(c: Canvas, who: Identity, pose: Pose) -> None:
    """Draw all hair of the character, front and back."""
    if who.hair == "none":
        return
    tone, puff = who.hair_colour, 1.0
    accent = who.hair_accent or tone
    turn = 0.0 if pose.back else pose.turn
    if who.hair == "snakes":
        draw_snakes(c, who, turn, pose.back)
    elif who.hair in ("leaves", "crystals", "tentacles", "petals"):
        draw_crown_of(c, who, turn, pose.back)
    elif who.hair == "mohawk":
        pass
    else:
        kind = who.hair if who.hair in BACKS else "short"
        half = [(p[0], p[1] if p[1] < 60 else 60 + (p[1] - 60) * who.hair_length, *p[2:]) for p in BACKS[kind]]
        inside = ""
        if who.hair_accent:
            low = max(p[1] for p in half)
            inside = c.patch(
                spline([(-300, low - 40), (0, low - 62), (300, low - 40), (300, 600), (-300, 600)]), accent
            )
        for x in (-62, 0, 62):
            inside += c.stroke(f"M{x} 20Q{x * 1.2:.0f} 90 {x * 1.25:.0f} 190", darker(tone, 0.3), 3.2, "head")
        back = place(mirror(half), -turn * 13, 0)
        c.shape(
            42 if pose.back else -40,
            "head",
            spline(back),
            tone if pose.back else darker(tone, 0.16),
            inside=inside,
            shadow=0.9,
        )
    if who.hair == "cloud":
        _puffs(c, who, turn, back=pose.back)
    if who.hair in TIED:
        _tied(c, who, turn, pose.back)
    if pose.back:
        if who.hair not in BACKS and who.hair != "mohawk":
            _cap(c, who, turn, back=True)
        elif who.hair == "mohawk":
            _mohawk(c, who, turn)
        return
    if who.hair == "mohawk":
        _mohawk(c, who, turn)
    else:
        _cap(c, who, turn, back=False, puff=puff)


def _cap(c: Canvas, who: Identity, turn: float, back: bool, puff: float = 1.0) -> None:
    tone = who.hair_colour
    if back:
        shape: list[Node] = mirror([(0, -116), (70, -98), (108, -40), (106, 30), (76, 78, 1), (40, 66), (0, 84, 1)])
        c.shape(42.2, "head", spline(shape), tone, inside=_shine(c, tone))
        return
    outer: list[Node] = [(-99, 22), (-111, -34), (-74, -99), (0, -119 * puff), (74, -99), (111, -34), (99, 22)]
    fringe = FRINGES.get(who.bangs)
    if fringe is None:
        return
    moved = [(p[0] + turn * 26 * (1 - (abs(p[0]) / 110) ** 2) + (turn * 4), *p[1:]) for p in fringe]
    inside = _shine(c, tone)
    if who.hair_accent and "streak" in who.marks:
        inside += c.patch(
            spline(
                [(18, -140), (46, -140), (64 + turn * 20, -40), (70 + turn * 20, 30), (30 + turn * 20, 30), (36, -60)]
            ),
            who.hair_accent,
        )
    for p in moved[2:-2]:
        if len(p) > 2:
            inside += c.stroke(
                f"M{p[0]:.0f} {p[1] - 14:.0f}Q{p[0] * 0.9:.0f} {p[1] - 40:.0f} {p[0] * 0.6:.0f} {p[1] - 62:.0f}",
                darker(tone, 0.32),
                3,
                "head",
            )
    c.shape(40, "head", spline([*outer, *moved]), tone, inside=inside, shadow=0.8)


def _puffs(c: Canvas, who: Identity, turn: float, *, back: bool) -> None:
    """Draw round curls along the rim of a cloud of hair."""
    for k in range(9):
        x, y = place([(0, -112)], -turn * 10, -4, (k - 4) * 29)[0][:2]
        size = 40 + 7 * (k % 2)
        curl = c.stroke(
            f"M{x - 18:.0f} {y + 8:.0f}q14 -26 30 -4q2 16 -12 14", darker(who.hair_colour, 0.3), 3.2, "head"
        )
        c.shape(42.1 if back else -39 + k * 0.01, "head", ellipse(x, y, size, size), who.hair_colour, inside=curl)


def _shine(c: Canvas, tone: str) -> str:
    band = [
        (-92, -52),
        (-60, -76),
        (0, -88),
        (60, -76),
        (92, -52),
        (64, -60),
        (48, -56, 1),
        (30, -70),
        (8, -64, 1),
        (-14, -72),
        (-36, -60, 1),
        (-60, -62),
    ]
    return c.patch(spline(band), lighter(tone, 0.3), 0.75)


def _mohawk(c: Canvas, who: Identity, turn: float) -> None:
    stubble = mirror([(0, -106), (66, -90), (99, -30), (92, -6, 1), (60, -58), (0, -70)])
    c.shape(39, "head", spline(place(stubble, turn * 6, 0)), darker(who.hair_colour, 0.3), shadow=0.5, outline=0.5)
    crest: list[Node] = [
        (-26, -62, 1),
        (-40, -120),
        (-64, -170, 1),
        (-22, -158),
        (-16, -214, 1),
        (12, -170),
        (42, -204, 1),
        (36, -140),
        (52, -120, 1),
        (28, -62, 1),
    ]
    moved = [(p[0] + turn * 14, *p[1:]) for p in crest]
    inside = (
        c.patch(spline([(-80, -200), (80, -240), (80, -180), (0, -150), (-80, -150)]), who.hair_accent)
        if who.hair_accent
        else ""
    )
    c.shape(40, "head", spline(moved), who.hair_colour, inside=inside)


def _tied(c: Canvas, who: Identity, turn: float, back: bool) -> None:
    tone, kind, grow = who.hair_colour, who.hair, who.hair_length
    tie = who.hair_accent or "#d9523f"
    z = 43.0 if back else -42.0

    def lock(nodes: list[Node], at: Node, depth: float) -> None:
        moved = [(at[0] + p[0], at[1] + p[1] * grow, *p[2:]) for p in nodes]
        strand = c.stroke(
            f"M{at[0]:.0f} {at[1]:.0f}Q{moved[2][0] * 0.85:.0f} {moved[2][1]:.0f} {moved[3][0] * 0.95:.0f} {moved[3][1]:.0f}",
            darker(tone, 0.3),
            3,
            "head",
        )
        c.shape(depth, "head", spline(moved), tone, inside=strand)
        c.shape(depth + 0.1, "head", ellipse(at[0], at[1], 17, 13), tie, shadow=0.3)

    if kind == "ponytail":
        x = 0.0 if back else -turn * 60 + (38 if abs(turn) < 0.3 else 0)
        lock(
            [(-14, 0), (30, -44), (92, -20), (118, 70), (96, 190, 1), (60, 96), (10, 30)], (x, -104), z if back else -41
        )
    elif kind == "sidetail":
        lock(
            [(0, -16), (44, -10), (66, 60), (40, 190, 1), (10, 120), (-6, 30)],
            (96 - turn * 20, -20),
            41.5 if not back else 43,
        )
    elif kind == "twintails":
        for s in (-1, 1):
            tail: list[Node] = [(0, -14), (s * 60, -30), (s * 96, 50), (s * 74, 220, 1), (s * 36, 120), (s * 4, 26)]
            lock(tail, (s * 92 - turn * 18, -58), z)
    elif kind == "buns":
        for s in (-1, 1):
            x = s * 80 - turn * 12
            swirl = c.stroke(f"M{x - 22} -112Q{x} -146 {x + 22} -118", darker(tone, 0.3), 3.2, "head")
            c.shape(z + 1 if back else -39, "head", ellipse(x, -112, 44, 42), tone, inside=swirl)
            c.shape(-38.8, "head", ellipse(x * 0.86, -82, 26, 10), tie, shadow=0)
    elif kind == "topknot":
        knot: list[Node] = [(-22, -104), (-46, -150), (-14, -196), (34, -186), (48, -146), (22, -104)]
        c.shape(
            38.6,
            "head",
            spline(place(knot, -turn * 10, 0)),
            tone,
            inside=c.stroke("M-30 -140Q0 -176 34 -150", darker(tone, 0.3), 3.2, "head"),
        )
        c.shape(40.4, "head", ellipse(-turn * 8, -112, 30, 12), tie, shadow=0.3)
    elif kind == "braids":
        for s in (-1, 1):
            for k in range(5):
                x, y = s * (98 + 4 * math.sin(k * 2)) - turn * 10, 44 + k * 36 * grow
                c.shape((41.0 if not back else 43) - k * 0.02, "head", ellipse(x, y, 21 - k, 24), tone, shadow=0.5)
            c.shape(41.2 if not back else 43.2, "head", ellipse(x, y + 26, 13, 10), tie, shadow=0.2)
    elif kind == "crest":
        for k in range(4):
            plume: list[Node] = [(-14, 0), (-20, -60), (16 + k * 8, -120, 1), (18, -50), (14, 0)]
            c.shape(
                38 + k * 0.1,
                "head",
                spline(place(plume, (k - 1.5) * 26 - turn * 8, -88, (k - 1.5) * 24)),
                tone if k % 2 else tie,
            )
