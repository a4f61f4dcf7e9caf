"""Hats and other things on the head (head units)."""

# A drawing is a long list of shapes chosen by name, with their coordinates.
# ruff: noqa: C901, E501, PLR0912, PLR0915

from __future__ import annotations

import math

from indexer.training.characters.identity import Identity, Pose
from indexer.training.characters.patterns import pattern_text
from indexer.training.characters.svg import Canvas, Node, darker, ellipse, lighter, mirror, place, poly, spline, star


def draw_hat(c: Canvas, who: Identity, pose: Pose) -> None:
    """Draw the hat in head units."""
    o, back = who.outfit, pose.back
    if o.hat == "none":
        return
    tone, trim = o.hat_colour, o.hat_trim
    t = 0.0 if back else pose.turn
    z, x = 45.0, t * 8

    def band(y: float, w: float, h: float = 26) -> str:
        return c.patch(
            spline([(-w - 20, y), (0, y + 16), (w + 20, y), (w + 20, y - h), (0, y - h + 16), (-w - 20, y - h)]), trim
        )

    def brim(y: float, w: float, h: float, depth: float = z, colour: str = tone) -> None:
        c.shape(depth, "head", ellipse(x, y, w, h), colour)

    dome = mirror([(0, -150), (60, -136), (102, -92), (112, -46, 1), (0, -34)])
    dome = [(p[0] + x, *p[1:]) for p in dome]
    if o.hat == "witch":
        brim(-58, 172, 36)
        cone: list[Node] = [
            (x - 92, -62, 1),
            (x - 60, -150),
            (x - 30, -220),
            (x + 40, -300),
            (x + 96, -282, 1),
            (x + 60, -240),
            (x + 64, -150),
            (x + 92, -62, 1),
            (x, -40),
        ]
        c.shape(
            z + 1,
            "head",
            spline(cone),
            tone,
            inside=band(-64, 110, 34) + c.stroke(f"M{x - 40} -190q40 16 84 -6", darker(tone, 0.4), 4, "head"),
        )
        c.shape(
            z + 1.1,
            "head",
            poly([(x - 18, -82), (x + 18, -82), (x + 18, -48), (x - 18, -48)]),
            lighter(trim, 0.4),
            shadow=0.3,
        )
    elif o.hat == "top":
        brim(-74, 126, 24)
        c.shape(
            z + 1,
            "head",
            spline([(x - 74, -78, 1), (x - 82, -190, 1), (x, -202), (x + 82, -190, 1), (x + 74, -78, 1), (x, -62)]),
            tone,
            inside=band(-84, 90, 34),
        )
    elif o.hat == "beret":
        c.shape(
            z,
            "head",
            spline(
                [
                    (x - 100, -64),
                    (x - 134, -110),
                    (x - 60, -158),
                    (x + 60, -150),
                    (x + 108, -96),
                    (x + 90, -66),
                    (x, -80),
                ]
            ),
            tone,
        )
        c.line(z + 1, "head", f"M{x} -152l8 -22", darker(tone, 0.4), 8)
        c.shape(z + 0.5, "head", star(x + 62, -98, 20), trim, shadow=0.2)
    elif o.hat in ("cap", "sou"):
        c.shape(
            z,
            "head",
            spline(dome),
            tone,
            inside=c.stroke(
                f"M{x} -150Q{x + 10} -90 {x} -40M{x} -150Q{x - 80} -110 {x - 84} -40M{x} -150Q{x + 80} -110 {x + 84} -40",
                darker(tone, 0.3),
                3.6,
                "head",
            )
            + band(-34, 112, 14),
        )
        if o.hat == "sou":
            c.shape(
                z + 1,
                "head",
                spline(
                    [
                        (x - 128, -30, 1),
                        (x - 90, -68),
                        (x, -72),
                        (x + 90, -68),
                        (x + 128, -30, 1),
                        (x + 60, -42),
                        (x, -46),
                        (x - 60, -42),
                    ]
                ),
                tone if not back else darker(tone, 0.1),
            )
        elif not back:
            c.shape(
                z + 1,
                "head",
                spline(
                    [
                        (x - 84 + t * 40, -50),
                        (x + t * 40, -66),
                        (x + 84 + t * 40, -50),
                        (x + 96 + t * 60, -20),
                        (x + t * 60, -36),
                        (x - 96 + t * 60, -20),
                    ]
                ),
                trim,
            )
    elif o.hat == "crown":
        nodes: list[Node] = [
            (x - 76, -84, 1),
            (x - 96, -158, 1),
            (x - 50, -122, 1),
            (x - 32, -184, 1),
            (x, -130, 1),
            (x + 32, -184, 1),
            (x + 50, -122, 1),
            (x + 96, -158, 1),
            (x + 76, -84, 1),
            (x, -68),
        ]
        c.shape(
            z,
            "head",
            spline(nodes),
            tone,
            inside="".join(c.patch(ellipse(x + dx, -98 + abs(dx) * -0.06, 9, 11), trim) for dx in (-50, 0, 50)),
        )
        for dx, dy in ((-96, -160), (-32, -186), (32, -186), (96, -160)):
            c.shape(z + 0.1, "head", ellipse(x + dx, dy, 9, 9), trim, shadow=0.2, outline=0.7)
    elif o.hat == "tiara":
        c.shape(
            z,
            "head",
            spline(
                [
                    (x - 84, -64, 1),
                    (x - 40, -92),
                    (x - 24, -112, 1),
                    (x, -154, 1),
                    (x + 24, -112, 1),
                    (x + 40, -92),
                    (x + 84, -64, 1),
                    (x, -84),
                ]
            ),
            tone,
            inside=c.patch(ellipse(x, -112, 12, 15), trim),
            shadow=0.4,
        )
    elif o.hat == "mooncrown":
        c.shape(z, "head", f"M{x - 96} -150A98 98 0 0 0 {x + 96} -150A104 78 0 0 1 {x - 96} -150Z", tone, shadow=0.5)
        c.shape(z + 0.1, "head", ellipse(x, -112, 17, 19), trim, shadow=0.3)
    elif o.hat == "straw":
        brim(-62, 178, 42)
        c.shape(
            z + 1,
            "head",
            spline(dome),
            tone,
            inside=band(-44, 112, 26)
            + "".join(
                c.stroke(f"M{x - 100} {-130 + k * 18}q100 20 200 0", darker(tone, 0.18), 2.6, "head") for k in range(4)
            ),
        )
    elif o.hat == "feather":
        c.shape(
            z,
            "head",
            spline(
                [
                    (x - 150, -40, 1),
                    (x - 84, -84),
                    (x - 60, -136),
                    (x + 20, -154),
                    (x + 80, -112),
                    (x + 124, -70),
                    (x + 136, -46, 1),
                    (x, -56),
                ]
            ),
            tone,
            inside=band(-50, 130, 18),
        )
        c.shape(
            z + 1,
            "head",
            spline([(x + 56, -80, 1), (x + 60, -150), (x + 130, -232, 1), (x + 140, -160), (x + 92, -90)]),
            trim,
            inside=c.stroke(f"M{x + 60} -84Q{x + 80} -150 {x + 128} -226", darker(trim, 0.4), 3.6, "head"),
        )
    elif o.hat == "mushroom":
        cap = mirror([(0, -186), (92, -168), (168, -92), (178, -36), (120, -34, 1), (0, -50)])
        spots = "".join(
            c.patch(ellipse(x + dx, dy, rx, rx * 0.8), trim)
            for dx, dy, rx in (
                (-96, -96, 25),
                (-10, -138, 33),
                (84, -104, 24),
                (142, -62, 14),
                (-150, -58, 12),
                (34, -74, 12),
            )
        )
        c.shape(z, "head", spline([(p[0] + x, *p[1:]) for p in cap]), tone, inside=spots, shadow=1.4)
    elif o.hat == "chef":
        c.shape(
            z,
            "head",
            spline(
                [
                    (x - 82, -84),
                    (x - 136, -140),
                    (x - 104, -206),
                    (x - 40, -216),
                    (x, -238),
                    (x + 44, -216),
                    (x + 108, -204),
                    (x + 134, -140),
                    (x + 82, -84),
                ]
            ),
            tone,
            inside=c.stroke(
                f"M{x - 40} -110q-6 -40 -14 -60M{x + 40} -110q6 -40 14 -60M{x} -110v-50", darker(tone, 0.22), 4, "head"
            ),
        )
        c.shape(
            z + 1,
            "head",
            spline([(x - 90, -66, 1), (x, -52), (x + 90, -66, 1), (x + 88, -106, 1), (x, -94), (x - 88, -106, 1)]),
            trim,
            shadow=0.5,
        )
    elif o.hat in ("goggles", "headband"):
        c.shape(
            z,
            "head",
            spline([(x - 108, -38, 1), (x, -66), (x + 108, -38, 1), (x + 106, -66, 1), (x, -94), (x - 106, -66, 1)]),
            tone,
            shadow=0.5,
        )
        if o.hat == "goggles" and not back:
            for s in (-1, 1):
                c.shape(
                    z + 1,
                    "head",
                    ellipse(x + s * 40 + t * 18, -80, 33, 28),
                    tone,
                    inside=c.patch(ellipse(x + s * 40 + t * 18, -80, 23, 19), trim)
                    + c.patch(ellipse(x + s * 40 + t * 18 - 8, -88, 7, 5), "#ffffff"),
                    shadow=0.3,
                )
        elif back:
            for s in (-1, 1):
                c.shape(
                    z + 1,
                    "head",
                    spline(place([(0, 0), (s * 40, 40), (s * 50, 110, 1), (s * 26, 90), (0, 20)], 0, -76)),
                    tone,
                )
    elif o.hat == "flowers":
        for k in range(7):
            px = x + (k - 3) * 31
            py = -62 - math.cos((k - 3) / 3.2) * 42
            petals = "".join(
                c.patch(ellipse(px + 11 * math.cos(a), py + 11 * math.sin(a), 10, 10), tone if k % 2 else trim)
                for a in (j * 1.256 for j in range(5))
            )
            c.shape(
                z,
                "head",
                ellipse(px, py, 22, 22),
                darker(tone if k % 2 else trim, 0.2),
                inside=petals + c.patch(ellipse(px, py, 7, 7), "#ffe08a"),
                shadow=0.2,
                outline=0.8,
            )
    elif o.hat == "helmet":
        c.shape(
            z,
            "head",
            spline(
                mirror(
                    [
                        (0, -142),
                        (68, -128),
                        (112, -70),
                        (116, 10),
                        (108, 56, 1),
                        (84, 40),
                        (90, -28, 1),
                        (40, -44),
                        (0, -30, 1),
                    ]
                )
                if not back
                else mirror([(0, -142), (68, -128), (112, -70), (116, 10), (108, 70, 1), (0, 80)])
            ),
            tone,
            inside=c.stroke(f"M{x} -150V-20", trim, 16, "head"),
            shadow=1,
        )
        c.shape(
            z - 0.2,
            "head",
            spline(
                [
                    (x - 10, -128, 1),
                    (x - 30, -200),
                    (x + 30, -236),
                    (x + 120, -200),
                    (x + 150, -130, 1),
                    (x + 70, -150),
                    (x + 20, -124, 1),
                ]
            ),
            trim,
        )
    elif o.hat == "hood":
        outer = (
            mirror([(0, -156), (84, -134), (130, -50), (126, 50), (92, 108, 1), (84, 60), (92, 0), (80, -60), (0, -86)])
            if not back
            else mirror([(0, -156), (84, -134), (130, -50), (126, 60), (80, 112, 1), (0, 120)])
        )
        c.shape(
            z,
            "head",
            spline([(p[0] + x, *p[1:]) for p in outer]),
            tone,
            inside=pattern_text(c, o.pattern, trim, (-200, -200, 200, 150)),
        )
    elif o.hat == "bowler":
        c.shape(
            z, "head", spline([(p[0] * 0.9, p[1] * 1.12 + 4, *p[2:]) for p in dome]), tone, inside=band(-52, 100, 22)
        )
        brim(-54, 130, 20, z + 1)
    elif o.hat == "bow":
        for s in (-1, 1):
            c.shape(
                z,
                "head",
                spline(
                    [
                        (x + 20, -116),
                        (x + 20 + s * 40, -160),
                        (x + 20 + s * 88, -152),
                        (x + 20 + s * 84, -90),
                        (x + 20 + s * 38, -98),
                    ]
                ),
                tone,
                shadow=0.7,
            )
        c.shape(z + 1, "head", ellipse(x + 20, -118, 18, 19), trim, shadow=0.4)
