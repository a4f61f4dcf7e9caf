"""Sleeves, cuffs and gloves."""

from __future__ import annotations

from indexer.training.characters.body import arm_depth
from indexer.training.characters.identity import Identity
from indexer.training.characters.patterns import pattern_text
from indexer.training.characters.rig import Rig
from indexer.training.characters.svg import (
    Canvas,
    darker,
    tube,
)


def draw_sleeve(c: Canvas, who: Identity, rig: Rig, side: int) -> None:
    """Draw one sleeve with its cuff, and a glove cuff."""
    o, u = who.outfit, rig.unit / 230
    z = arm_depth(rig, side)
    colour = o.sleeve_colour or (
        o.inner if o.top in ("vest", "overalls", "apron", "pinafore", "armour") else o.top_colour
    )
    w = [v + 7 * u for v in rig.arm_widths]
    line = rig.arms[side]
    if o.gloves:
        c.shape(z + 0.8, "chest", tube(line, [w[0], w[1], w[2] - 3 * u], 0.74, 1.0), o.gloves, shadow=0.6)
    if o.sleeves == "none":
        return
    end = {"short": 0.4, "puff": 0.36, "elbow": 0.55}.get(o.sleeves, 0.95)
    widths = {
        "puff": [w[0] + 8 * u, w[1] + 44 * u, w[1] + 10 * u],
        "wide": [w[0], w[1] + 10 * u, w[2] + 34 * u],
        "short": [w[0] + 2 * u, w[1] + 10 * u, w[1] + 10 * u],
    }.get(o.sleeves, [w[0], w[1] + 3 * u, w[2] + 5 * u])
    inside = (
        pattern_text(c, o.pattern, o.trim, (-400, 100, 400, 1000))
        if o.pattern in ("stripes", "dots") and o.top in ("sweater", "overalls", "tunic")
        else ""
    )
    if o.sleeves == "long":
        mid = line[len(line) // 2]
        inside += c.stroke(
            f"M{mid[0] - 14 * u:.1f} {mid[1] - 6 * u:.1f}q{12 * u:.1f} {9 * u:.1f} {26 * u:.1f} {2 * u:.1f}",
            darker(colour, 0.35),
            3.4,
        )
    if o.sleeves == "puff":
        widths = [w[0] + 12 * u, w[0] + 26 * u, w[0] + 22 * u, w[0], w[0], w[0]]
    c.shape(z + 1, "chest", tube(line, widths, 0, end, o.sleeves == "puff"), colour, inside=inside, shadow=0.8)
    cuff = max(end - 0.07, 0.0)
    c.shape(
        z + 1.2,
        "chest",
        tube(line, [v + 3 * u for v in widths], cuff, end + 0.01, False),
        o.trim,
        shadow=0.4,
        outline=0.8,
    )
