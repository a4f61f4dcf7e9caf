"""Puts a whole character together and renders it."""

# A drawing is a long list of shapes chosen by name, with their coordinates.
# ruff: noqa: E501, PLR0917, PLR2004

from __future__ import annotations

import io
import math
from dataclasses import replace

import numpy as np
import resvg_py
from PIL import Image

from indexer.training.characters import (
    body,
    faces,
    hair,
    hats,
    heads,
    legwear,
    outfits,
    props,
    rig,
    scenes,
    sleeves,
    wear,
)
from indexer.training.characters.identity import Identity, Pose
from indexer.training.characters.styles import STYLES, adapt, finish
from indexer.training.characters.svg import Canvas, ellipse, poly

HATCH = (
    '<pattern id="hatch" width="13" height="13" patternUnits="userSpaceOnUse" patternTransform="rotate(38)">'
    '<rect width="13" height="13" fill="#fffdf8"/><rect width="3.4" height="13" fill="#2b2233"/></pattern>'
)
CLOSE = {"full": 1.0, "three_quarter": 0.85, "bust": 0.62}
# How far hats and ears rise above the crown, in head units.
RISE = {
    "witch": 205,
    "top": 110,
    "mushroom": 95,
    "chef": 145,
    "crown": 95,
    "helmet": 140,
    "feather": 140,
    "mooncrown": 75,
    "tiara": 60,
}
TALL_PROPS = {
    "staff": 355,
    "lantern": 305,
    "sword": 306,
    "spear": 420,
    "umbrella": 350,
    "hammer": 285,
    "wrench": 200,
    "lute": 280,
    "mirror": 215,
    "broom": 250,
    "hook": 352,
    "banner": 346,
    "scythe": 300,
    "paintbrush": 330,
    "bow": 190,
}
EAR_RISE = {"rabbit": 175, "fox": 95, "bat": 115, "mouse": 70, "cat": 60, "tuft": 70}
HORN_RISE = {"antlers": 145, "antennae": 130, "feelers": 150, "unicorn": 100, "sprout": 105, "goat": 120, "bull": 85}
HAIR_RISE = {
    "flame": 135,
    "spiky": 95,
    "mohawk": 120,
    "topknot": 100,
    "snakes": 120,
    "crest": 120,
    "leaves": 100,
    "crystals": 105,
    "petals": 95,
    "tentacles": 110,
    "cloud": 80,
    "mane": 55,
}


def figure_svg(who: Identity, pose: Pose, style: str) -> tuple[str, rig.Rig]:
    """Return the figure as an SVG fragment (feet at y = 1000) and its joints."""
    bones = rig.build(who, pose)
    look = STYLES[style].look
    # Close views are enlarged; thinner lines there keep the weight even over a set.
    look = replace(look, outline=look.outline * CLOSE[pose.framing])
    c = Canvas(look, frames=bones.frames)
    holding = who.outfit.prop != "none"
    body.draw_wings(c, who, bones, pose)
    wear.draw_cape(c, who, bones, pose)
    body.draw_tail(c, who, bones, pose)
    body.draw_torso(c, who, bones)
    if who.lower == "serpent":
        body.draw_serpent(c, who, bones)
    else:
        for side in (0, 1):
            body.draw_leg(c, who, bones, side)
        legwear.draw_legs(c, who, bones)
    for side in (0, 1):
        body.draw_arm(c, who, bones, side, holding and side == 1)
        sleeves.draw_sleeve(c, who, bones, side)
    legwear.draw_skirt(c, who, bones)
    outfits.draw_top(c, who, bones, pose.back)
    wear.draw_collar(c, who, bones, pose.back)
    heads.draw_head(c, who, pose)
    if not pose.back:
        faces.draw_face(c, who, pose)
    hair.draw_hair(c, who, pose)
    hats.draw_hat(c, who, pose)
    props.draw_prop(c, who, bones, pose)
    return c.text(), bones


def _window(who: Identity, pose: Pose, bones: rig.Rig, aspect: float) -> tuple[float, float, float]:
    """Return (centre x, top y, height) of the part of the figure to show."""
    s = bones.head_scale
    rise = max(
        RISE.get(who.outfit.hat, 30), EAR_RISE.get(who.ears, 0), HORN_RISE.get(who.horns, 0), HAIR_RISE.get(who.hair, 0)
    )
    crown = bones.head_y - 100 * s
    top = crown + bones.drop - rise * s - 26
    floor = 1046.0
    if pose.lift > 0:
        top -= 10
    if pose.framing == "bust":
        height = (330 + rise * 0.8) * s
        return bones.turn * 10, top + rise * s * 0.2, height
    if pose.framing == "three_quarter":
        height = (bones.hip_y + bones.drop + 130) - top
        return bones.turn * 10, top, height
    # Make room for raised hands and for whatever is held.
    side = 0.0
    for number, (x, y, _) in enumerate(bones.arm_end):
        held = number == 1 and who.outfit.prop != "none"
        long = TALL_PROPS.get(who.outfit.prop, 170) * bones.unit / 225 if held else 40.0
        angle = math.radians(pose.prop_angle + pose.lean if held else pose.lean)
        top = min(top, y + bones.drop - long * math.cos(angle) - 24)
        side = max(side, abs(x) + 40, abs(x + long * math.sin(angle)) + (60 if held else 0))
    height = max(floor - top, 2 * side / aspect)
    return 0.0, floor - height, height


def draw(
    identity: Identity,
    pose: Pose,
    style: str,
    scene: str,
    size: int | tuple[int, int] = 512,
    rng: np.random.Generator | None = None,
) -> Image.Image:
    """Draw one picture.

    ``style`` is a key of ``STYLES``, ``scene`` one of ``SCENES``; ``size`` is the
    side, or (width, height), in pixels.  ``rng`` decides the scene's details, small
    shifts of the framing and paper textures; None means a fixed seed.
    """
    rng = rng if rng is not None else np.random.default_rng(0)
    width, height = (size, size) if isinstance(size, int) else size
    who = adapt(identity, style)
    tall = 1000.0 * height / width
    backdrop = scenes.draw_scene(scene, tall, rng)
    art, bones = figure_svg(who, pose, style)
    x, top, shown = _window(who, pose, bones, width / height)
    zoom = tall / shown * float(rng.uniform(0.94, 0.99))
    dx = 500.0 + float(rng.uniform(-22, 22)) - x * zoom
    dy = (tall - shown * zoom) * 0.6 - top * zoom
    if pose.framing != "full":
        dy = tall - shown * zoom - top * zoom
    look = STYLES[style].look
    ground = ""
    if pose.framing == "full":
        span = max(abs(a[0]) for a in bones.ankles) + 90
        spread = span if who.lower == "legs" else 230.0
        if pose.thigh < 0.9 and who.lower == "legs":
            seat = bones.hip_y + bones.drop
            ground += (
                f'<path d="{poly([(-150, seat + 8), (150, seat + 8), (168, 1006), (-168, 1006)])}" fill="{"#fffdf8" if look.tones == "ink" else "#b98d62"}"'
                f' stroke="#4a3540" stroke-width="{max(look.outline, 0.1)}"/><path d="M-158 {seat + 70:.0f}H158M-162 {seat + 150:.0f}H162" stroke="#6e4d3c" stroke-width="5"/>'
            )
        ground = (
            f'<path d="{ellipse(0, 1000, spread * (0.8 if pose.lift > 50 else 1.0), 20)}" fill="#2b2248" opacity="0.22"/>'
            + ground
        )
    if look.tones == "ink" or STYLES[style].finish == "pencil":
        backdrop = f'<rect width="1000" height="{tall}" fill="#fffdf8"/>' + (
            f'<g opacity="0.16">{backdrop}</g>' if scene != "plain" else ""
        )
    markup = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 {tall:.2f}" width="{width}" height="{height}">'
        f'<defs>{HATCH}</defs>{backdrop}<g transform="translate({dx:.2f} {dy:.2f}) scale({zoom:.4f})">{ground}{art}</g></svg>'
    )
    png = resvg_py.svg_to_bytes(svg_string=markup, width=width, height=height, skip_system_fonts=True)
    pixels = np.asarray(Image.open(io.BytesIO(bytes(png))).convert("RGB"), np.uint8)
    return Image.fromarray(finish(pixels, STYLES[style].finish, rng))
