"""Things held in the hand.

Drawn around the grip at (0, 0), upwards being -y, then turned and scaled.
"""

# A drawing is a long list of shapes chosen by name, with their coordinates.
# ruff: noqa: C901, PLR0912, PLR0915

from __future__ import annotations

import math

from indexer.training.characters.body import arm_depth
from indexer.training.characters.identity import Identity, Pose
from indexer.training.characters.rig import Rig
from indexer.training.characters.svg import Canvas, Frame, darker, ellipse, lighter, poly, spline, star

PROPS = (
    "staff",
    "lantern",
    "sword",
    "spear",
    "book",
    "umbrella",
    "hammer",
    "wrench",
    "lute",
    "mirror",
    "broom",
    "flower",
    "letter",
    "fan",
    "potion",
    "shield",
    "hook",
    "pin",
    "orb",
    "paintbrush",
    "scythe",
    "bell",
    "banner",
    "key",
    "bow",
)


def draw_prop(c: Canvas, who: Identity, rig: Rig, pose: Pose) -> None:
    """Draw the held item in the viewer's right hand."""
    kind = who.outfit.prop
    if kind == "none":
        return
    x, y, angle = rig.arm_end[1]
    # The grip is in the palm, a little beyond the wrist.
    u = rig.unit / 225
    place = rig.frames["chest"]
    px, py = _along(x, y, angle, 14 * u)
    c.frames["prop"] = Frame(
        f"{place.transform} translate({px:.1f} {py:.1f}) rotate({pose.prop_angle:g}) scale({u:.3f})", u
    )
    _Drawer(c, who, arm_depth(rig, 1) + 2.2).draw(kind)


def _along(x: float, y: float, angle: float, far: float) -> tuple[float, float]:
    return x - math.sin(math.radians(angle)) * far, y + math.cos(math.radians(angle)) * far


class _Drawer:
    """Draws one prop at a depth."""

    def __init__(self, canvas: Canvas, who: Identity, z: float) -> None:
        self.c, self.z = canvas, z
        self.main, self.accent = who.outfit.prop_colour, who.outfit.prop_accent

    def put(self, d: str, colour: str, inside: str = "", step: float = 0.0, shadow: float = 0.6) -> None:
        self.c.shape(self.z + step, "prop", d, colour, inside=inside, shadow=shadow)

    def pole(self, up: float, down: float, width: float = 8.0) -> None:
        self.put(poly([(-width, -up), (width, -up), (width, down), (-width, down)]), self.main)

    def glow(self, x: float, y: float, r: float) -> None:
        for k, o in ((1.0, 0.16), (0.65, 0.22)):
            if self.c.look.tones == "colour":
                self.c.raw(self.z - 1, "prop", self.c.patch(ellipse(x, y, r * k, r * k), lighter(self.accent, 0.4), o))

    def draw(self, kind: str) -> None:
        c, a, m = self.c, self.accent, self.main
        if kind == "staff":
            self.pole(250, 210)
            self.glow(0, -288, 80)
            self.put(
                spline(
                    [
                        (-12, -236, 1),
                        (-52, -272),
                        (-46, -330),
                        (-8, -352, 1),
                        (-28, -310),
                        (-22, -276),
                        (12, -262),
                        (36, -290),
                        (30, -330, 1),
                        (58, -294),
                        (46, -246),
                        (12, -236, 1),
                    ]
                ),
                m,
                step=0.1,
            )
            self.put(ellipse(2, -302, 22, 24), a, step=0.2)
        elif kind == "lantern":
            self.pole(300, 190)
            self.put(poly([(0, -300), (84, -300), (84, -286), (0, -286)]), m, step=0.1)
            self.glow(72, -226, 96)
            self.put(
                spline([(72, -292), (100, -262), (104, -206), (88, -178, 1), (56, -178, 1), (40, -206), (44, -262)]),
                a,
                c.patch(ellipse(72, -218, 13, 24), "#fffbe0"),
                0.2,
            )
            self.put(poly([(46, -270), (98, -270), (84, -294), (60, -294)]), darker(m, 0.3), step=0.3)
            self.put(poly([(50, -184), (94, -184), (88, -166), (56, -166)]), darker(m, 0.3), step=0.3)
        elif kind == "sword":
            self.put(
                poly([(-15, -46), (15, -46), (17, -262), (0, -306), (-17, -262)]),
                lighter(m, 0.55),
                c.stroke("M0 -50V-290", darker(m, 0.1), 4, "prop"),
            )
            self.put(spline([(-60, -44), (0, -56), (60, -44), (52, -28), (0, -34), (-52, -28)]), a, step=0.1)
            self.put(poly([(-9, -34), (9, -34), (9, 44), (-9, 44)]), darker(m, 0.4), step=0.05)
            self.put(ellipse(0, 50, 15, 15), a, step=0.1)
        elif kind == "spear":
            self.pole(300, 220, 7)
            self.put(
                spline([(0, -420, 1), (34, -340), (16, -296, 1), (-16, -296, 1), (-34, -340)]),
                lighter(m, 0.5),
                step=0.1,
            )
            self.put(spline([(6, -296, 1), (90, -280), (130, -240, 1), (80, -236), (6, -262, 1)]), a, step=0.1)
        elif kind == "book":
            self.put(
                poly([(-62, -66), (62, -74), (66, 42), (-58, 50)]),
                m,
                c.stroke("M-42 -70V50", a, 6, "prop") + c.patch(star(10, -14, 26), a),
            )
            self.put(poly([(-58, 50), (66, 42), (62, 56), (-54, 62)]), "#f7efdc", step=0.1)
        elif kind == "umbrella":
            self.pole(300, 60, 6)
            rib = "".join(
                c.stroke(f"M0 -344Q{x * 0.7:.0f} -300 {x} -190", darker(a, 0.35), 3.5, "prop") for x in (-80, 0, 80)
            )
            self.put(
                spline(
                    [
                        (0, -350),
                        (110, -310),
                        (172, -200, 1),
                        (120, -224),
                        (80, -196, 1),
                        (40, -222),
                        (0, -196, 1),
                        (-40, -222),
                        (-80, -196, 1),
                        (-120, -224),
                        (-172, -200, 1),
                        (-110, -310),
                    ]
                ),
                a,
                rib,
                0.1,
                1.2,
            )
        elif kind == "hammer":
            self.pole(200, 90, 10)
            self.put(
                poly([(-96, -280), (96, -280), (96, -186), (-96, -186)]),
                a,
                c.patch(poly([(-60, -290), (-40, -290), (-40, -180), (-60, -180)]), darker(a, 0.3))
                + c.patch(poly([(60, -290), (40, -290), (40, -180), (60, -180)]), darker(a, 0.3)),
                0.1,
                1.2,
            )
        elif kind == "wrench":
            self.pole(120, 90, 11)
            self.put(
                "M-46 -196L-46 -140Q-40 -104 0 -100Q40 -104 46 -140L46 -196L22 -186L20 -150L-20 -150L-22 -186Z",
                a,
                step=0.1,
            )
        elif kind == "lute":
            self.put(poly([(-10, -230), (12, -230), (12, 0), (-10, 0)]), darker(m, 0.2))
            self.put(poly([(-22, -280), (24, -280), (18, -220), (-16, -220)]), darker(m, 0.35), step=0.05)
            strings = "".join(c.stroke(f"M{x} -260V110", "#fff6dc", 2, "prop") for x in (-5, 1, 7))
            self.put(
                spline([(0, -50), (48, -20), (84, 60), (48, 136), (0, 150), (-48, 136), (-84, 60), (-48, -20)]),
                m,
                c.patch(ellipse(0, 56, 27, 27), darker(m, 0.55))
                + c.stroke(ellipse(0, 56, 33, 33), a, 6, "prop")
                + strings,
                0.1,
            )
        elif kind == "mirror":
            self.pole(70, 80, 9)
            self.put(
                ellipse(0, -130, 70, 84),
                m,
                c.patch(ellipse(0, -130, 52, 66), a)
                + c.patch(poly([(-40, -100), (20, -190), (34, -186), (-24, -80)]), "#ffffff", 0.6),
                0.1,
            )
        elif kind == "broom":
            self.pole(250, 150, 7)
            self.put(
                spline(
                    [(-14, 140, 1), (14, 140, 1), (60, 270, 1), (28, 254, 1), (0, 276, 1), (-28, 254, 1), (-60, 270, 1)]
                ),
                a,
                step=0.1,
            )
            self.put(poly([(-20, 138), (20, 138), (24, 164), (-24, 164)]), darker(m, 0.3), step=0.2)
        elif kind == "flower":
            self.c.line(self.z, "prop", "M0 90Q-10 0 4 -110", "#4c8a4a", 10)
            self.put(spline([(0, -10, 1), (40, -44), (70, -30, 1), (30, -4)]), "#5ea05a")
            petals = [
                (4 + 56 * k, -130 + 56 * j)
                for k, j in ((0.0, -1.0), (0.87, -0.5), (0.87, 0.5), (0.0, 1.0), (-0.87, 0.5), (-0.87, -0.5))
            ]
            for px, py in petals:
                self.put(ellipse(px, py, 31, 31), m if m != "#9a6b3f" else a, step=0.1, shadow=0.4)
            self.put(ellipse(4, -130, 28, 28), a, step=0.2)
        elif kind == "letter":
            self.put(
                poly([(-74, -90), (74, -90), (74, 10), (-74, 10)]),
                "#fff6e0",
                c.stroke("M-74 -90L0 -30L74 -90", darker(m, 0.3), 4, "prop"),
            )
            self.put(ellipse(0, -34, 17, 17), a, step=0.1)
        elif kind == "fan":
            ribs = "".join(c.stroke(f"M0 10L{x} -190", darker(a, 0.3), 3.5, "prop") for x in (-110, -60, 0, 60, 110))
            self.put(
                spline([(0, 16, 1), (-150, -110, 1), (-84, -166), (0, -186), (84, -166), (150, -110, 1)]),
                m,
                ribs + c.stroke("M-150 -90Q0 -210 150 -90", a, 16, "prop"),
            )
        elif kind == "potion":
            self.glow(0, -40, 80)
            self.put(
                spline(
                    [
                        (-14, -116, 1),
                        (14, -116, 1),
                        (14, -84),
                        (50, -40),
                        (44, 10),
                        (0, 24),
                        (-44, 10),
                        (-50, -40),
                        (-14, -84),
                    ]
                ),
                "#e2f3f5",
                c.patch(poly([(-80, -36), (80, -46), (80, 60), (-80, 60)]), a)
                + c.patch(ellipse(-20, -20, 7, 12), "#ffffff", 0.8),
            )
            self.put(poly([(-17, -136), (17, -136), (14, -112), (-14, -112)]), m, step=0.1)
        elif kind == "shield":
            self.put(
                spline(
                    [
                        (0, -130, 1),
                        (60, -112),
                        (96, -118, 1),
                        (92, 0),
                        (0, 112, 1),
                        (-92, 0),
                        (-96, -118, 1),
                        (-60, -112),
                    ]
                ),
                m,
                c.stroke("M0 -120V110M-90 -30H90", a, 16, "prop") + c.patch(ellipse(0, -30, 27, 27), a),
                0.5,
                1.2,
            )
        elif kind == "hook":
            self.pole(250, 200)
            self.put(
                spline(
                    [
                        (-10, -236, 1),
                        (-10, -300),
                        (40, -352),
                        (96, -316),
                        (92, -260),
                        (60, -236, 1),
                        (68, -280),
                        (54, -312),
                        (26, -300),
                        (12, -236, 1),
                    ]
                ),
                a,
                step=0.1,
            )
        elif kind == "pin":
            self.put(spline([(-26, -190), (26, -190), (28, -20), (26, 60), (-26, 60), (-28, -20)]), m)
            self.put(ellipse(0, -206, 14, 24), a, step=-0.1)
            self.put(ellipse(0, 76, 14, 24), a, step=-0.1)
        elif kind == "orb":
            self.glow(0, -60, 110)
            self.put(
                ellipse(0, -60, 54, 54),
                a,
                c.patch(ellipse(-18, -80, 17, 13), "#ffffff", 0.8)
                + c.stroke("M-40 -40Q0 -20 44 -50", lighter(a, 0.5), 6, "prop"),
            )
        elif kind == "paintbrush":
            self.pole(190, 150, 8)
            self.put(poly([(-16, -220), (16, -220), (14, -180), (-14, -180)]), lighter(m, 0.4), step=0.1)
            self.put(spline([(-16, -218, 1), (-32, -264), (10, -330, 1), (30, -258), (16, -218, 1)]), a, step=0.1)
        elif kind == "scythe":
            self.pole(280, 200, 8)
            self.put(spline([(-12, -286, 1), (80, -300), (190, -230, 1), (90, -250), (-8, -240, 1)]), a, step=0.1)
        elif kind == "bell":
            self.pole(40, 60, 9)
            self.put(
                spline([(0, -170), (44, -140), (54, -70), (84, -36, 1), (-84, -36, 1), (-54, -70), (-44, -140)]),
                a,
                c.stroke("M-64 -62H64", darker(a, 0.3), 5, "prop"),
                0.1,
            )
            self.put(ellipse(0, -28, 15, 13), m, step=0.05)
        elif kind == "banner":
            self.pole(340, 200, 7)
            self.put(
                spline(
                    [(6, -330, 1), (90, -346), (180, -322, 1), (176, -200, 1), (120, -160, 1), (60, -196), (6, -190, 1)]
                ),
                a,
                c.patch(star(84, -262, 34, 6), m),
                0.1,
            )
        elif kind == "key":
            self.pole(180, 40, 10)
            self.put("M0 30A50 50 0 1 1 -0.1 30ZM0 56A24 24 0 1 0 0.1 56Z", a, step=0.1)
            self.put(
                poly([(8, -176), (60, -176), (60, -146), (40, -146), (40, -124), (60, -124), (60, -96), (8, -96)]),
                m,
                step=-0.1,
            )
        else:
            self.put(spline([(0, -190), (64, -110), (70, 0), (64, 110), (0, 190), (44, 104), (50, 0), (44, -104)]), m)
            self.c.line(self.z - 0.1, "prop", "M2 -186V186", "#fff6dc", 3)
