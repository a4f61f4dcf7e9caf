"""Every source of the training pictures, its licence, and how it comes into the store.

    python -m indexer.training.sources --cache DIR

1. Emoji of three vendors: one concept is one identity, drawn by three hands. The listed concepts only.
2. Clip art: what the control set takes of openclipart. A picture is an identity, known by edited copies alone.
3. Avatars: characters of DiceBear with expressions, in families (`avatars.mjs`).
4. Drawn families and scenes of this project (`figures.py`).

A tenth of the identities of every source is held out for validation, and so are two avatar styles altogether.
"""

from __future__ import annotations

import argparse
import shutil
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from PIL import Image

from indexer.ports import ByteArray
from indexer.training import control_pictures, figures, packages, shards
from indexer.training.shards import SIDE, Item

AVATARS_PER_STYLE: Final = 150
VARIANTS: Final = 6
HELD_OUT_AVATARS: Final = ("open-peeps", "personas")
_SHARD: Final = 512
_HERE: Final = Path(__file__).parent


@dataclass(frozen=True)
class Source:
    """A source and the licence of its pictures."""

    name: str
    package: str
    licence: str


SOURCES: Final = (
    Source("noto-emoji", "emoji-datasource-google 16.0.0", "Apache-2.0"),
    Source("twemoji", "emoji-datasource-twitter 16.0.0", "CC BY 4.0"),
    Source("fluent-emoji-3d", "@lobehub/fluent-emoji-3d 1.1.0", "MIT"),
    Source("openclipart", "openclipart-png 1:0.18+dfsg-19", "public domain (CC0 dedication)"),
    Source("adventurer", "@dicebear/adventurer 9.4.3", "CC BY 4.0, Lisa Wischofsky"),
    Source("big-ears", "@dicebear/big-ears 9.4.3", "CC BY 4.0, The Visual Team"),
    Source("big-smile", "@dicebear/big-smile 9.4.3", "CC BY 4.0, Ashley Seo"),
    Source("croodles", "@dicebear/croodles 9.4.3", "CC BY 4.0, vijay verma"),
    Source("dylan", "@dicebear/dylan 9.4.3", "CC BY 4.0, Natalia Spivak"),
    Source("lorelei", "@dicebear/lorelei 9.4.3", "CC0 1.0, Lisa Wischofsky"),
    Source("micah", "@dicebear/micah 9.4.3", "CC BY 4.0, Micah Lanier"),
    Source("miniavs", "@dicebear/miniavs 9.4.3", "CC BY 4.0, Webpixels"),
    Source("notionists", "@dicebear/notionists 9.4.3", "CC0 1.0, Zoish"),
    Source("open-peeps", "@dicebear/open-peeps 9.4.3", "CC0 1.0, Pablo Stanley"),
    Source("personas", "@dicebear/personas 9.4.3", "CC BY 4.0, Draftbit"),
    Source("pixel-art", "@dicebear/pixel-art 9.4.3", "CC0 1.0, DiceBear"),
    Source("toon-head", "@dicebear/toon-head 9.4.3", "CC BY 4.0, Johan Melin"),
    Source("characters, scenes", "indexer.training.characters", "Apache-2.0, this project"),
)


def is_held_out(item: Item) -> bool:
    """Tell whether a picture is for validation alone: by its style, or a tenth of the families by name."""
    if item.kind.removeprefix("avatars:") in HELD_OUT_AVATARS:
        return True
    return item.kind != "characters" and zlib.crc32(item.family.encode()) % 10 == 0


def prepare(cache: Path, control: Path, families: int) -> None:
    """Make every shard that is missing, one after the other; drawn families last, because they take longest."""
    add_avatars(cache, control)
    add_emoji(cache, control)
    add_clipart(cache, control)
    figures.draw_scenes(cache)
    figures.draw_families(cache, families, 0, 1)


def add_avatars(cache: Path, control: Path) -> None:
    """Draw the avatars and store them, a shard a style."""
    missing = [name for name in control_pictures.AVATAR_STYLES if not _has(cache, f"avatars-{name}")]
    if not missing:
        return
    control_pictures.collect(control)
    toolbox = next((control / "packages").glob("dicebear-*"))
    script = shutil.copy(_HERE / "avatars.mjs", toolbox / "avatars.mjs")
    folder = cache / "avatars"
    command = ("node", str(script), str(folder), str(SIDE), str(AVATARS_PER_STYLE), str(VARIANTS), *missing)
    packages.run(*command, cwd=toolbox)
    for style in missing:
        pictures, items = [], []
        for path in sorted((folder / style).glob("*.png")):
            group, sibling, _ = path.stem.split("-")
            pictures.append(fitted(path))
            family = f"{style}:{group}"
            items.append(Item(f"{family}:{sibling}", family, f"avatars:{style}", style))
        shards.write(cache / "pictures", f"avatars-{style}", pictures, items)
    shutil.rmtree(folder)


def add_emoji(cache: Path, control: Path) -> None:
    """Store the listed concepts of every vendor."""
    lines = (line.strip().lower() for line in (_HERE / "emoji_concepts.txt").read_text("utf-8").splitlines())
    concepts = [line for line in lines if line and not line.startswith("#")]
    for vendor in control_pictures.EMOJI:
        name = f"emoji-{vendor.source}"
        if _has(cache, name):
            continue
        control_pictures.fetch(vendor, control)
        found = [(vendor.folder(control) / vendor.file.format(concept), concept) for concept in concepts]
        present = [(path, control_pictures.emoji_identity(concept)) for path, concept in found if path.is_file()]
        items = [Item(identity, identity, "emoji", vendor.source) for _, identity in present]
        shards.write(cache / "pictures", name, [fitted(path) for path, _ in present], items)


def add_clipart(cache: Path, control: Path) -> None:
    """Store the clip art; a drawing is an identity, an author's series of one name a family."""
    if _has(cache, "clipart-00"):
        return
    chosen = [picture for picture in control_pictures.collect(control) if picture.source == "openclipart"]
    parts = list(_chunks(chosen))
    # The first is written last, so that its presence tells of all.
    for number, part in reversed(list(enumerate(parts))):
        items = [Item(f"clipart:{p.path.stem}", p.identity, "clipart", p.style) for p in part]
        shards.write(cache / "pictures", f"clipart-{number:02}", [fitted(p.path) for p in part], items)


def fitted(path: Path) -> ByteArray:
    """Read a picture whole onto an empty square: uint8 (SIDE, SIDE, 4), nothing upside down or distorted."""
    with Image.open(path) as opened:
        opened.draft("RGB", (2 * SIDE, 2 * SIDE))
        picture = np.asarray(opened.convert("RGBA"), np.uint8)
    height, width = picture.shape[:2]
    scale = SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    square = np.zeros((SIDE, SIDE, 4), np.uint8)
    top, left = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    square[top : top + size[1], left : left + size[0]] = cv2.resize(picture, size, interpolation=method)
    return square


def _has(cache: Path, name: str) -> bool:
    return shards.exists(cache / "pictures", name)


def _chunks(
    pictures: Iterable[control_pictures.ControlPicture],
) -> Iterator[list[control_pictures.ControlPicture]]:
    part: list[control_pictures.ControlPicture] = []
    for picture in pictures:
        part.append(picture)
        if len(part) == _SHARD:
            yield part
            part = []
    if part:
        yield part


def main() -> None:
    """Fetch, draw and store everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=shards.DEFAULT_CACHE)
    parser.add_argument("--control", type=Path, default=control_pictures.DEFAULT_CACHE)
    parser.add_argument("--families", type=int, default=324)
    arguments = parser.parse_args()
    prepare(arguments.cache, arguments.control, arguments.families)


if __name__ == "__main__":
    main()
