"""Hair that is not hair: snakes, leaves, petals, crystals and tentacles."""

# A drawing is a long list of shapes chosen by name, with their coordinates.
# ruff: noqa: FBT001, PLR2004

from __future__ import annotations

from indexer.training.characters.identity import Identity
from indexer.training.characters.svg import Canvas, Node, darker, ellipse, place, sample, spline, tube


def draw_snakes(c: Canvas, who: Identity, turn: float, back: bool) -> None:
    """Draw ten banded snakes growing from the crown."""
    band = who.hair_accent or "#ffd166"
    spread = (
        (-150, 1.15),
        (-118, 1.3),
        (-84, 1.1),
        (-50, 1.35),
        (-20, 1.05),
        (20, 1.05),
        (50, 1.35),
        (84, 1.1),
        (118, 1.3),
        (150, 1.15),
    )
    for i, (deg, length) in enumerate(spread):
        sway = 1 if deg > 0 else -1
        base = place([(0, -70)], -turn * 8, -8, deg * 0.8)[0]
        local: list[Node] = [(0, 0), (14 * sway, -36), (-12 * sway, -70), (20 * sway, -104), (34 * sway, -120)]
        line = [(p[0], p[1] * length) for p in local]
        path = sample(place(line, base[0], base[1], deg * 0.92))
        z = (43.0 if back else -40.0) + (i % 2) * 0.5 + (82 if not back and abs(deg) < 60 else 0)
        c.shape(z, "head", tube(path, [19, 18, 15, 14, 15, 12]), who.hair_colour, shadow=0.6)
        c.shape(z + 0.1, "head", tube(path, [19, 18, 15, 14, 15, 12], 0.36, 0.46, False), band, shadow=0, outline=0.4)
        hx, hy = path[-1][0], path[-1][1]
        c.shape(z + 0.2, "head", ellipse(hx, hy, 21, 18), who.hair_colour, shadow=0.5)
        for s in (-1, 1):
            c.raw(z + 0.3, "head", c.patch(ellipse(hx + s * 8, hy - 3, 4.2, 5), "#2b2233"))


def draw_crown_of(c: Canvas, who: Identity, turn: float, back: bool) -> None:
    """Draw a ring of leaves, petals, crystals or tentacles round the head."""
    shapes: dict[str, list[Node]] = {
        "leaves": [(0, 10), (-28, -30), (0, -92, 1), (28, -30)],
        "petals": [(0, 10), (-34, -40), (-16, -84), (16, -84), (34, -40)],
        "crystals": [(-16, 8, 1), (-22, -60, 1), (0, -96, 1), (20, -56, 1), (16, 8, 1)],
        "tentacles": [(-20, 10), (-26, -40), (-6, -96), (24, -104), (12, -80), (14, -40), (20, 10)],
    }
    count = 9
    for i in range(count):
        deg = (i - (count - 1) / 2) * 31
        x, y = place([(0, -88)], -turn * 6, -8, deg)[0][:2]
        tone = who.hair_accent if who.hair_accent and i % 2 else who.hair_colour
        grow = 0.95 + 0.2 * ((i * 5) % 3) / 2
        vein = c.stroke(spline(place([(0, 0), (0, -70)], x, y, deg, grow), False), darker(tone, 0.25), 3, "head")
        z = (43 if back else -40) - abs(i - 4) * 0.1
        c.shape(
            z,
            "head",
            spline(place(shapes[who.hair], x, y, deg * 1.02, grow * who.hair_length)),
            tone,
            inside=vein,
            shadow=0.6,
        )
