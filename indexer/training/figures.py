"""Draw the families of the training set.

    python -m indexer.training.figures --cache DIR [--families N] [--worker K/N]

Figures are drawn without a scene, at the size they are stored in: a third of the time of whole pictures at 512 px, and
one figure then serves with any background, size and place. Nearly all the time goes to clipping, which plain fills do
without. Every shard has a seed of its own, so that workers share nothing and an interrupted run goes on where it was.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import resvg_py

from indexer.ports import ByteArray
from indexer.training import shards
from indexer.training.characters import Identity, Pose, random_pose
from indexer.training.characters.figure import EAR_RISE, HAIR_RISE, HATCH, HORN_RISE, RISE, TALL_PROPS, figure_svg
from indexer.training.characters.rig import Rig
from indexer.training.characters.scenes import SCENES, draw_scene
from indexer.training.characters.styles import adapt
from indexer.training.families import dressed, family, training_style
from indexer.training.shards import SIDE, Item

PICTURES_PER_CHARACTER: Final = 6
FAMILIES_PER_SHARD: Final = 12
SCENES_PER_SHARD: Final = 340
SEED: Final = 20_260
_FRAMINGS: Final = ("full", "three_quarter", "bust")
_FLOOR: Final = 1046.0


def figure(who: Identity, pose: Pose, style: str, side: int = SIDE) -> ByteArray:
    """Draw a character on nothing: uint8 (side, side, 4)."""
    who = adapt(who, style)
    art, bones = figure_svg(who, pose, style)
    x, y, shown = _window(who, pose, bones)
    markup = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{x:.1f} {y:.1f} {shown:.1f} {shown:.1f}" width="{side}"'
        f' height="{side}"><defs>{HATCH}</defs>{art}</svg>'
    )
    return _rasterise(markup, side)


def scene(name: str, rng: np.random.Generator, side: int = SIDE) -> ByteArray:
    """Draw a scene with nobody in it: uint8 (side, side, 4), opaque."""
    markup = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 1000" width="{side}" height="{side}">'
        f"{draw_scene(name, 1000.0, rng)}</svg>"
    )
    return _rasterise(markup, side)


def _rasterise(markup: str, side: int) -> ByteArray:
    png = resvg_py.svg_to_bytes(svg_string=markup, width=side, height=side, skip_system_fonts=True)
    decoded = np.asarray(cv2.imdecode(np.frombuffer(bytes(png), np.uint8), cv2.IMREAD_UNCHANGED))
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGRA2RGBA), np.uint8)


def _window(who: Identity, pose: Pose, bones: Rig) -> tuple[float, float, float]:
    """Return the left, the top and the side of the square that shows the figure in its framing."""
    rise = max(
        RISE.get(who.outfit.hat, 40), EAR_RISE.get(who.ears, 0), HORN_RISE.get(who.horns, 0), HAIR_RISE.get(who.hair, 0)
    )
    crown = bones.head_y - 100 * bones.head_scale + bones.drop
    top = crown - rise * bones.head_scale - 30
    middle = bones.turn * 10
    if pose.framing == "bust":
        shown = (330 + rise * 0.8) * bones.head_scale
        return middle - shown / 2, top + rise * bones.head_scale * 0.2, shown
    if pose.framing == "three_quarter":
        shown = bones.hip_y + bones.drop + 130 - top
        return middle - shown / 2, top, shown
    reach = 0.0
    for x, y, _ in bones.arm_end:
        held = TALL_PROPS.get(who.outfit.prop, 60) * bones.unit / 225 if who.outfit.prop != "none" else 40.0
        # Props are held upright more or less; a long one that leans out of the picture is cut as in any drawing.
        top = min(top, y + bones.drop - held * 0.9 - 24)
        reach = max(reach, abs(x) + 60)
    shown = max(_FLOOR - top, 2 * reach)
    return -shown / 2, _FLOOR - shown, shown


def draw_shard(number: int) -> tuple[list[ByteArray], list[Item]]:
    """Draw one shard of families, always the same for one number."""
    rng = np.random.default_rng((SEED, number))
    pictures: list[ByteArray] = []
    items: list[Item] = []
    for _ in range(FAMILIES_PER_SHARD):
        members = family(rng)
        for who in members:
            for _ in range(PICTURES_PER_CHARACTER):
                style = training_style(rng)
                framing = str(rng.choice(_FRAMINGS, p=(0.6, 0.18, 0.22)))
                pose = replace(random_pose(rng), framing=framing)
                pictures.append(figure(dressed(who, rng), pose, style))
                items.append(Item(f"drawn:{who.slug}", f"drawn:{members[0].slug}", "characters", style))
    return pictures, items


def draw_scenes(cache: Path) -> None:
    """Draw the shard of backgrounds, unless it is there: every scene equally often."""
    folder = cache / "scenes"
    if shards.exists(folder, "scenes"):
        return
    rng = np.random.default_rng(SEED)
    chosen = [SCENES[number % len(SCENES)] for number in range(SCENES_PER_SHARD)]
    items = [Item(f"scene:{number}", f"scene:{name}", "scene", name) for number, name in enumerate(chosen)]
    shards.write(folder, "scenes", [scene(name, rng) for name in chosen], items)


def draw_families(cache: Path, families: int, worker: int, workers: int) -> None:
    """Draw the shards of this worker that are missing, and tell the pace."""
    folder = cache / "pictures"
    for number in range(worker, -(-families // FAMILIES_PER_SHARD), workers):
        name = f"characters-{number:04}"
        if shards.exists(folder, name):
            continue
        start = time.monotonic()
        pictures, items = draw_shard(number)
        shards.write(folder, name, pictures, items)
        print(f"{name}: {len(items) / (time.monotonic() - start):.1f} pictures/s", flush=True)


def main() -> None:
    """Draw the scenes and this worker's share of the families."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=shards.DEFAULT_CACHE)
    parser.add_argument("--families", type=int, default=1_200)
    parser.add_argument("--worker", default="0/1", help="which of how many workers this is")
    arguments = parser.parse_args()
    worker, workers = (int(part) for part in arguments.worker.split("/"))
    if worker == 0:
        draw_scenes(arguments.cache)
    draw_families(arguments.cache, arguments.families, worker, workers)


if __name__ == "__main__":
    main()
