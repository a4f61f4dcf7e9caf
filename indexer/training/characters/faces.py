"""Eyes, brows, mouths and marks: the expression of a front or turned head.

Head units (skull about 200 high, centre at the origin).  Features slide over
the head as it turns.
"""

# A drawing is a long list of shapes chosen by name, with their coordinates.
# ruff: noqa: E501, PLR0915, PLR0917, PLR2004

from __future__ import annotations

import math
from dataclasses import dataclass

from indexer.training.characters import marks
from indexer.training.characters.identity import Identity, Pose
from indexer.training.characters.svg import Canvas, Node, darker, ellipse, lighter, luminance, poly, spline
from indexer.training.characters.turning import slide, squash


@dataclass(frozen=True)
class Expression:
    """How a mood shows.

    ``lid`` 0-1.2 is eye openness (0 closed, below 0 an arch of joy); ``tilt`` above
    0 lowers the inner brow; ``lift`` raises the brows (head units).
    """

    lid: float
    tilt: float
    lift: float
    mouth: str
    blush: bool = False
    wink: bool = False


EXPRESSIONS: dict[str, Expression] = {
    "neutral": Expression(0.95, 0, 0, "flat"),
    "smile": Expression(1.0, -3, 2, "smile"),
    "grin": Expression(1.0, -3, 5, "grin"),
    "joy": Expression(-1.0, -4, 7, "laugh", blush=True),
    "happy": Expression(-1.0, -3, 5, "smile", blush=True),
    "angry": Expression(0.82, 12, -4, "frown"),
    "determined": Expression(0.9, 9, -2, "firm"),
    "shout": Expression(1.0, 10, 0, "laugh"),
    "sad": Expression(0.78, -13, 3, "frown"),
    "surprised": Expression(1.16, -3, 11, "o"),
    "smug": Expression(0.62, 5, 1, "smirk"),
    "wry": Expression(0.7, -4, 5, "smirk"),
    "wink": Expression(1.0, -2, 4, "grin", wink=True),
    "shy": Expression(0.85, -9, 4, "tiny", blush=True),
    "thoughtful": Expression(0.8, -2, 4, "tiny"),
    "asleep": Expression(0.0, -2, 0, "tiny"),
}


def draw_face(c: Canvas, who: Identity, pose: Pose) -> None:
    """Draw everything between hairline and chin except muzzles."""
    mood = EXPRESSIONS[pose.face]
    turn = pose.turn
    marks.draw_under(c, who, turn)
    screen = who.muzzle == "screen"
    if screen:
        x = slide(0, turn)
        nodes = [
            (x - 70, -42, 1),
            (x + 70, -42, 1),
            (x + 78, -30),
            (x + 78, 62),
            (x + 66, 74, 1),
            (x - 66, 74, 1),
            (x - 78, 62),
            (x - 78, -30),
        ]
        c.shape(
            33,
            "head",
            spline(nodes),
            who.muzzle_colour,
            inside=c.patch(
                poly([(x - 78, -42), (x - 20, -42), (x - 64, 74), (x - 110, 74)]), lighter(who.muzzle_colour, 0.14)
            ),
            shadow=0.4,
        )
    for side in (-1, 1):
        closed = mood.wink and side == 1
        _eye(c, who, pose, mood, side, 0.0 if closed else mood.lid)
    if mood.blush or "blush" in who.marks:
        for side in (-1, 1):
            x = slide(side * 56, turn)
            tone = "#e8667a" if luminance(who.skin) > 0.35 else "#c9506e"
            c.raw(
                34,
                "head",
                f'<ellipse cx="{x:.1f}" cy="48" rx="{18 * squash(side * 56, turn):.1f}" ry="10" fill="{c.paint(tone) if c.look.tones != "ink" else "none"}" opacity="0.42"/>',
            )
    _nose(c, who, turn)
    _mouth(c, who, turn, mood.mouth)
    marks.draw_over(c, who, turn)


def _eye(c: Canvas, who: Identity, pose: Pose, mood: Expression, side: int, lid: float) -> None:
    turn = pose.turn
    x, k = slide(side * 43, turn), squash(side * 43, turn)
    y = 18.0
    w, h = 21 * who.eye_size * k, 27 * who.eye_size
    kind = who.eyes
    glow = who.muzzle == "screen"
    dark = who.eye_colour if glow else "#2b2233"
    brow_tone = who.eye_colour if glow else darker(who.hair_colour if who.hair != "none" else who.skin, 0.45)
    if "eyepatch" in who.marks and side == 1:
        return
    if kind != "visor":
        by = y - 42 - mood.lift - (4 if kind in ("dot", "bead") else 8 * (who.eye_size - 0.6))
        inner, outer = by + mood.tilt, by - mood.tilt * 0.4
        ix, ox = x - side * w * 0.95, x + side * w * 1.0
        c.line(
            41.5,
            "head",
            f"M{ix:.1f} {inner:.1f}Q{x:.1f} {by - 7:.1f} {ox:.1f} {outer + 3:.1f}",
            brow_tone,
            6.2 * who.brow,
        )
    if lid <= 0.05:
        rise = -15 if lid < 0 else 9
        c.line(
            36, "head", f"M{x - w:.1f} {y + 4:.1f}Q{x:.1f} {y + 4 + rise * 1.5:.1f} {x + w:.1f} {y + 4:.1f}", dark, 7
        )
        return
    top = h * min(lid, 1.16)
    if kind in ("dot", "bead"):
        r = 10.5 * who.eye_size
        c.raw(36, "head", c.patch(ellipse(x, y + 4, r * k, r * 1.35 * min(lid, 1.1)), dark))
        c.raw(36.1, "head", c.patch(ellipse(x - 3, y - 2, r * 0.36, r * 0.42), "#ffffff"))
        if lid < 0.8:
            c.line(
                36.2,
                "head",
                f"M{x - r * 1.3:.1f} {y - 6:.1f}L{x + r * 1.3:.1f} {y - 6 + side * mood.tilt * 0.3:.1f}",
                dark,
                5,
            )
        return
    if kind == "glow":
        c.raw(35.9, "head", c.patch(ellipse(x, y, w * 1.2, top * 0.95), lighter(who.eye_colour, 0.3), 0.35))
        c.raw(36, "head", c.patch(ellipse(x, y, w * 0.85, top * 0.72), who.eye_colour))
        c.raw(36.1, "head", c.patch(ellipse(x - 4, y - 6, w * 0.3, top * 0.24), "#ffffff"))
        return
    if kind == "tall":
        iris = c.patch(ellipse(x, y + h * 0.75, w * 0.7, h * 0.55), lighter(who.eye_colour, 0.35))
        iris += c.patch(ellipse(x, y, w * 0.36, h * 0.5), dark)
        iris += c.patch(ellipse(x, y - h * 0.95, w * 1.4, h * 0.5), dark)
        c.shape(36, "head", ellipse(x, y, w * 0.74, top), who.eye_colour, inside=iris, shadow=0, outline=0.8)
        c.raw(36.2, "head", c.patch(ellipse(x - w * 0.24, y - h * 0.34, w * 0.27, h * 0.22), "#ffffff"))
    else:
        slant = {"sharp": 9.0, "slit": 6.0, "sleepy": -5.0}.get(kind, 0.0)
        flat = {"sharp": 0.72, "sleepy": 0.62}.get(kind, 1.0)
        up = top * flat
        nodes: list[Node] = [
            (x - side * w, y + 4 + slant * 0.5),
            (x - side * w * 0.5, y - up * 0.84 + slant * 0.3),
            (x + side * w * 0.3, y - up * 0.92 - slant * 0.3),
            (x + side * w * 1.08, y - slant * 0.7),
            (x + side * w * 0.66, y + h * 0.78),
            (x - side * w * 0.45, y + h * 0.82),
        ]
        gx = x + turn * 4 + pose.look * 5
        white = "#fffdf5" if kind != "slit" else mix_white(who.eye_colour)
        detail = c.patch(ellipse(x, y - up, w * 1.5, h * 0.42), "#cfc4dc", 0.8)
        detail += c.patch(ellipse(gx, y + 1, w * 0.72, h * 0.84), darker(who.eye_colour, 0.35))
        detail += c.patch(ellipse(gx, y + 3, w * 0.62, h * 0.74), who.eye_colour)
        detail += c.patch(ellipse(gx, y + h * 0.48, w * 0.44, h * 0.3), lighter(who.eye_colour, 0.5))
        pupil = (w * 0.13, h * 0.62) if kind == "slit" else (w * 0.34, h * 0.42)
        detail += c.patch(ellipse(gx, y, *pupil), "#1f1830")
        detail += c.patch(ellipse(gx - w * 0.26, y - h * 0.3, w * 0.25, h * 0.22), "#ffffff")
        detail += c.patch(ellipse(gx + w * 0.25, y + h * 0.36, w * 0.12, h * 0.1), "#ffffff")
        c.shape(36, "head", spline(nodes), white, inside=detail, shadow=0, outline=0.55)
        lash = [nodes[0], nodes[1], nodes[2], nodes[3]]
        c.line(36.3, "head", spline(lash, False), dark, 7.5)
        if who.lashes:
            ex, ey = nodes[3]
            c.line(
                36.4,
                "head",
                f"M{ex:.1f} {ey:.1f}l{side * 11:.1f} -7M{ex - side * 4:.1f} {ey - 8:.1f}l{side * 10:.1f} -9",
                dark,
                4.5,
            )


def mix_white(colour: str) -> str:
    """Return the pale eye-white used round slit pupils."""
    return lighter(colour, 0.72)


def _nose(c: Canvas, who: Identity, turn: float) -> None:
    if who.muzzle != "none":
        return
    x = slide(0, turn, 104)
    way = 1 if turn >= 0 else -1
    c.line(37, "head", f"M{x:.1f} 40q{way * 6:.1f} 6 {-way * 2:.1f} 9", darker(who.skin, 0.42), 4.2)


def _mouth(c: Canvas, who: Identity, turn: float, kind: str) -> None:
    if who.muzzle == "beak":
        return
    x, k = slide(0, turn, 100), math.cos(turn * 0.5)
    y = {"snout": 74.0, "cat": 67.0, "bovine": 80.0, "screen": 54.0}.get(who.muzzle, 68.0)
    dark = who.eye_colour if who.muzzle == "screen" else darker(who.skin, 0.72)
    wide = (1.45 if who.muzzle == "frog" else 1.0) * k
    z = 38.5
    if who.muzzle in ("cat", "snout") and kind in ("smile", "flat", "tiny", "firm", "smirk"):
        c.line(
            z,
            "head",
            f"M{x - 17 * wide:.1f} {y - 3:.1f}q{9 * wide:.1f} 11 {17 * wide:.1f} 0q{8 * wide:.1f} 11 {17 * wide:.1f} 0",
            dark,
            4.4,
        )
        return
    if kind in ("grin", "laugh"):
        w, h = (25 * wide, 17.0) if kind == "grin" else (23 * wide, 27.0)
        nodes: list[Node] = [
            (x - w, y - 5, 1),
            (x, y - 1),
            (x + w, y - 5, 1),
            (x + w * 0.6, y + h * 0.7),
            (x, y + h),
            (x - w * 0.6, y + h * 0.7),
        ]
        if who.muzzle == "screen":
            c.raw(z, "head", c.patch(spline(nodes), dark))
            return
        detail = c.patch(ellipse(x, y + h * 1.05, w * 0.7, h * 0.5), "#e8707a")
        detail += c.patch(poly([(x - w, y - 9), (x + w, y - 9), (x + w, y + 3), (x - w, y + 3)]), "#fffaf0")
        if "fangs" in who.marks:
            for s in (-1, 1):
                detail += c.patch(
                    poly([(x + s * w * 0.55 - 4, y), (x + s * w * 0.55 + 4, y), (x + s * w * 0.55, y + 12)]), "#fffaf0"
                )
        c.shape(z, "head", spline(nodes), "#7a2a3c", inside=detail, shadow=0, outline=0.6)
        return
    if kind == "o":
        c.shape(
            z,
            "head",
            ellipse(x, y + 4, 9 * k, 12),
            dark if who.muzzle == "screen" else "#7a2a3c",
            shadow=0,
            outline=0.6,
        )
        return
    curves = {
        "smile": f"M{x - 19 * wide:.1f} {y - 4:.1f}Q{x:.1f} {y + 13:.1f} {x + 19 * wide:.1f} {y - 4:.1f}",
        "flat": f"M{x - 14 * wide:.1f} {y:.1f}Q{x:.1f} {y + 3:.1f} {x + 14 * wide:.1f} {y:.1f}",
        "firm": f"M{x - 16 * wide:.1f} {y + 2:.1f}Q{x:.1f} {y - 4:.1f} {x + 16 * wide:.1f} {y + 3:.1f}",
        "frown": f"M{x - 16 * wide:.1f} {y + 8:.1f}Q{x:.1f} {y - 7:.1f} {x + 16 * wide:.1f} {y + 8:.1f}",
        "smirk": f"M{x - 15 * wide:.1f} {y + 4:.1f}Q{x + 6:.1f} {y + 9:.1f} {x + 19 * wide:.1f} {y - 6:.1f}",
        "tiny": f"M{x - 8 * wide:.1f} {y:.1f}Q{x:.1f} {y + 6:.1f} {x + 8 * wide:.1f} {y:.1f}",
    }
    c.line(z, "head", curves[kind], dark, 5)
    if "fangs" in who.marks:
        c.raw(z, "head", c.patch(poly([(x + 8, y + 2), (x + 15, y + 1), (x + 12, y + 12)]), "#fffaf0"))
