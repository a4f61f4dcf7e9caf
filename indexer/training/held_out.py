"""The validation pictures: identities, styles and species that training never sees, drawn as whole pictures.

Kept apart from training in four ways: other seeds, half of the families of species held out, four rendering styles
held out, two avatar styles held out. A tenth of the emoji and of the clip art is held out too (`sources.is_held_out`),
but the model that training starts from was trained on those and on the avatar styles: there it has an advantage.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from indexer.ports import ByteArray
from indexer.training import shards, sources
from indexer.training.characters import Identity, draw, random_pose
from indexer.training.characters.identity import POSES
from indexer.training.characters.scenes import SCENES
from indexer.training.families import HELD_OUT_STYLES, TRAINING_STYLES, dressed, family
from indexer.training.shards import Item, Shard

FAMILIES: Final = 120
SIDE: Final = 192
_SEED: Final = 777_000_000
_FAMILIES_PER_SHARD: Final = 10
_CLIPART: Final = 160


@dataclass(frozen=True)
class Task:
    """References that stand in an index, and queries with the row of the reference that each should find.

    `look_alikes` are pictures of nobody in the index, each drawn like somebody who is. Pictures are uint8 (h, w, 3).
    """

    name: str
    references: list[ByteArray]
    queries: list[ByteArray]
    wanted: list[int]
    look_alikes: list[ByteArray]


def draw_families(cache: Path) -> None:
    """Draw the families of the validation set that are missing."""
    for number in range(FAMILIES // _FAMILIES_PER_SHARD):
        name = f"drawn-{number:02}"
        if shards.exists(cache / "validation", name):
            continue
        pictures, items = [], []
        for position in range(_FAMILIES_PER_SHARD):
            rng = np.random.default_rng((_SEED, number, position))
            for picture, item in _family(rng, held_out_species=position % 2 == 1):
                pictures.append(picture)
                items.append(item)
        shards.write(cache / "validation", name, pictures, items)


def _family(rng: np.random.Generator, *, held_out_species: bool) -> Iterator[tuple[ByteArray, Item]]:
    """Draw the reference of a character, two other poses, two other styles, and each sibling in another pose."""
    members = family(rng, held_out_species=held_out_species)
    first = members[0]
    style = TRAINING_STYLES[int(rng.integers(len(TRAINING_STYLES)))]
    yield _drawn(first, style, rng, "reference", reference=True)
    for _ in range(2):
        yield _drawn(dressed(first, rng), style, rng, "pose")
    for other in rng.permutation(HELD_OUT_STYLES)[:2]:
        yield _drawn(first, str(other), rng, "style")
    for who in members[1:]:
        yield _drawn(who, style, rng, "look-alike")


def _drawn(
    who: Identity, style: str, rng: np.random.Generator, use: str, *, reference: bool = False
) -> tuple[ByteArray, Item]:
    pose = POSES["relaxed"] if reference else random_pose(rng)
    while pose.back:
        # A back shows another side of the character: what it can tell is another question.
        pose = random_pose(rng)
    scene = "plain" if reference else SCENES[int(rng.integers(len(SCENES)))]
    framing = "full" if rng.random() < 0.7 else "bust"  # noqa: PLR2004
    shown = replace(pose, framing="full" if reference else framing)
    picture = np.asarray(draw(who, shown, style, scene, SIDE, rng), np.uint8)
    return picture, Item(who.slug, use, "validation", style)


def tasks(cache: Path) -> list[Task]:
    """Return the tasks, always the same for one cache: drawn characters, avatars, emoji, and copies of all."""
    drawn = [shards.read(cache / "validation", name) for name in shards.names(cache / "validation")]
    rows = [(shard.pictures[n], item) for shard in drawn for n, item in enumerate(shard.items)]
    references = [picture for picture, item in rows if item.family == "reference"]
    of = {item.identity: n for n, item in enumerate(item for _, item in rows if item.family == "reference")}
    poses = [(picture, of[item.identity]) for picture, item in rows if item.family == "pose"]
    styles = [(picture, of[item.identity]) for picture, item in rows if item.family == "style"]
    look_alikes = [picture for picture, item in rows if item.family == "look-alike"]
    found = [
        Task("other pose", references, [p for p, _ in poses], [n for _, n in poses], look_alikes),
        Task("other style", references, [p for p, _ in styles], [n for _, n in styles], look_alikes),
    ]
    names = shards.names(cache / "pictures")
    held = [shards.read(cache / "pictures", f"avatars-{style}") for style in sources.HELD_OUT_AVATARS]
    emoji = [shards.read(cache / "pictures", name) for name in names if name.startswith("emoji-")]
    clipart = [shards.read(cache / "pictures", name) for name in names if name.startswith("clipart-")]
    if held:
        found.append(_avatars(held))
    if emoji:
        found.append(_emoji(emoji))
    found.append(copies("copies, drawn", references))
    if clipart:
        found.append(copies("copies, clip art", _clipart(clipart)))
    return found


def _clipart(parts: list[Shard]) -> list[ByteArray]:
    """Choose clip art, one of each series: two of one series may be one drawing."""
    chosen: dict[str, ByteArray] = {}
    for shard in parts:
        for n, item in enumerate(shard.items):
            if sources.is_held_out(item) and item.family not in chosen and len(chosen) < _CLIPART:
                chosen[item.family] = _flat(shard.pictures[n], n)
    return list(chosen.values())


def _avatars(held: list[Shard]) -> Task:
    """Build the task of other expressions: the first of each family is indexed, its siblings are look-alikes."""
    references: list[ByteArray] = []
    queries: list[ByteArray] = []
    wanted: list[int] = []
    look_alikes: list[ByteArray] = []
    for shard in held:
        indexed: dict[str, int] = {}
        for n, item in enumerate(shard.items):
            picture = _flat(shard.pictures[n], n)
            if not item.identity.endswith(":0"):
                look_alikes.append(picture)
            elif item.identity not in indexed:
                indexed[item.identity] = len(references)
                references.append(picture)
            else:
                queries.append(picture)
                wanted.append(indexed[item.identity])
    return Task("avatars, other expression", references, queries, wanted, look_alikes)


def _emoji(vendors: list[Shard]) -> Task:
    """Build the task of another vendor's drawing of the same thing; there are no look-alikes."""
    first, *others = vendors
    indexed = {item.identity: n for n, item in enumerate(first.items) if sources.is_held_out(item)}
    rows = {identity: row for row, identity in enumerate(indexed)}
    found = [(s.pictures[n], item) for s in others for n, item in enumerate(s.items) if item.identity in rows]
    return Task(
        "emoji, other vendor",
        [_flat(first.pictures[n], n) for n in indexed.values()],
        [_flat(picture, n) for n, (picture, _) in enumerate(found)],
        [rows[item.identity] for _, item in found],
        [],
    )


def copies(name: str, originals: list[ByteArray]) -> Task:
    """Build the task of edited copies: every edit of every original."""
    queries = [edit(picture) for edit in EDITS.values() for picture in originals]
    return Task(name, originals, queries, [n for _ in EDITS for n in range(len(originals))], [])


def _flat(picture: ByteArray, number: int) -> ByteArray:
    """Lay a cut-out figure on a plain ground, one of many."""
    ground = np.random.default_rng(number).integers(90, 256, 3).astype(np.float32)
    share = picture[..., 3:].astype(np.float32) / 255
    return np.asarray(picture[..., :3] * share + ground * (1 - share), np.uint8)


def _crop(picture: ByteArray, share: float) -> ByteArray:
    height, width = picture.shape[:2]
    top, left = int(height * (1 - share) * 0.3), int(width * (1 - share) * 0.5)
    return picture[top : top + int(height * share), left : left + int(width * share)]


def _turned(picture: ByteArray) -> ByteArray:
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 10, 1.0)
    return np.asarray(cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)


def _hue(picture: ByteArray) -> ByteArray:
    colours = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
    colours[..., 0] = (colours[..., 0].astype(np.int16) + 40) % 180
    return np.asarray(cv2.cvtColor(colours, cv2.COLOR_HSV2RGB), np.uint8)


def _compressed(picture: ByteArray) -> ByteArray:
    _, code = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 12])
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)


def _low(picture: ByteArray) -> ByteArray:
    return np.asarray(cv2.resize(picture, (40, 40), interpolation=cv2.INTER_AREA), np.uint8)


def _captioned(picture: ByteArray) -> ByteArray:
    out = picture.copy()
    height, width = out.shape[:2]
    out[int(height * 0.75) :] = 20
    cv2.putText(out, "NEW!", (width // 8, int(height * 0.93)), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (255, 255, 255), 3)
    return out


def _framed(picture: ByteArray) -> ByteArray:
    height, width = picture.shape[:2]
    return np.pad(picture, ((height // 4, height // 4), (width // 12, width // 12), (0, 0)), constant_values=8)


def _small_in_scene(picture: ByteArray) -> ByteArray:
    height, width = picture.shape[:2]
    rng = np.random.default_rng(int(picture[::7, ::7].sum()))
    blotches = rng.integers(60, 230, (6, 6, 3), dtype=np.uint8)
    out = np.asarray(cv2.resize(blotches, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    part = cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    top, left = height // 3, width // 4
    out[top : top + height // 2, left : left + width // 2] = part
    return out


EDITS: Final = {
    "mirrored": lambda p: np.ascontiguousarray(p[:, ::-1]),
    "crop 60 %": lambda p: _crop(p, 0.6),
    "crop 40 %": lambda p: _crop(p, 0.4),
    "turned 10 degrees": _turned,
    "hue": _hue,
    "grey": lambda p: np.repeat(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2),
    "blur": lambda p: np.asarray(cv2.GaussianBlur(p, (0, 0), p.shape[0] / 60), np.uint8),
    "40 pixels": _low,
    "compressed": _compressed,
    "caption": _captioned,
    "frame": _framed,
    "small in a scene": _small_in_scene,
}


def main() -> None:
    """Draw the validation families."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=shards.DEFAULT_CACHE)
    draw_families(parser.parse_args().cache)


if __name__ == "__main__":
    main()
