"""The evaluation pictures: characters, creatures, people and objects in many styles, none of them used in training.

1. Packages are fetched and unpacked (packages.py); avatars and drawn characters are drawn.
2. Each picture is cut to what it shows, laid on a plain ground of its own, brought to a common size and kept as PNG.
3. A list beside the pictures tells what each shows. Where it is present, nothing is done again.

The pictures stay in the cache: they are looked at, never shipped.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from tests.accuracy import drawn, packs
from tests.accuracy.packs import Found

RECIPE = "pictures-1"
DEFAULT_CACHE = Path.home() / ".cache" / "lora-screening" / "accuracy"
SIDE = 320
_MARGIN = 0.08
_LEAST_SIDE = 32
_GROUNDS = (
    *("ffffff", "ffffff", "ffffff", "ffffff", "ffffff", "ffffff", "b6e3f4", "ffd166", "7fb069", "f4f1de", "e07a5f"),
    *("c0aede", "4ea8de", "ffdfbf", "9a8c98", "2a9d8f", "cbd5e1", "f4a261", "d8f3dc", "8187dc", "ffc8dd", "2b2d42"),
)

T = TypeVar("T")


@dataclass(frozen=True)
class Art:
    """One picture in the cache.

    `style` groups pictures drawn alike. Pictures of one `identity` show the same, and are no evidence of a false alarm
    against each other. `character` names whom it shows where several pictures show one, `family` those alike in race
    or costume, and `use` the part it plays there (a pose, a style).
    """

    path: Path
    style: str
    identity: str
    character: str = ""
    family: str = ""
    use: str = ""


def collect(cache: Path, avatars: int = packs.AVATARS) -> list[Art]:
    """Fetch and draw what `cache` lacks, and return every picture, always in the same order. Raises PackageError."""
    makers: dict[str, Callable[[Path], Iterator[Found]]] = {**packs.PACKS, **drawn.PACKS}
    makers |= {f"{name}-{avatars}": packs.avatars(name, avatars) for name in packs.AVATAR_STYLES}
    missing = [name for name in makers if not (cache / RECIPE / f"{name}.json").is_file()]
    for name in missing:
        packs.fetch(name, cache)
    with ProcessPoolExecutor(2) as pool:
        for done in [pool.submit(_keep, name, makers[name], cache) for name in missing]:
            done.result()
    found: list[Art] = []
    for name in makers:
        rows = json.loads((cache / RECIPE / f"{name}.json").read_text(encoding="utf-8"))
        found += [Art(**{**row, "path": cache / RECIPE / row["path"]}) for row in rows]
    return found


def _keep(name: str, maker: Callable[[Path], Iterator[Found]], cache: Path) -> None:
    """Bring the pictures of one source into the cache."""
    rows = []
    (cache / RECIPE / name).mkdir(parents=True, exist_ok=True)
    for number, found in enumerate(maker(cache)):
        place = f"{name}/{number:05}.png"
        picture = laid_out(found.picture, f"{name}:{number}", enlarge=found.pixelated)
        if min(picture.size) >= _LEAST_SIDE:
            picture.save(cache / RECIPE / place, compress_level=1)
            rows.append(asdict(Art(Path(place), found.style, found.identity, found.character, found.family, found.use)))
    text = json.dumps(rows, default=str)
    (cache / RECIPE / f"{name}.json").write_text(text, encoding="utf-8")


def laid_out(picture: Image.Image, key: str, *, enlarge: bool = False) -> Image.Image:
    """Cut a picture to what it shows, on a plain ground chosen by `key`; opaque pictures are only reduced."""
    rgba = picture.convert("RGBA")
    box = rgba.getchannel("A").point(lambda value: 255 if value > 24 else 0).getbbox()
    opaque = rgba.getchannel("A").getextrema()[0] == 255
    if opaque or box is None:
        return _fitted(rgba.convert("RGB"), enlarge=enlarge)
    shown = _fitted(rgba.crop(box), enlarge=enlarge)
    side = round(max(shown.size) * (1 + 2 * _MARGIN))
    colour = _GROUNDS[zlib.crc32(key.encode()) % len(_GROUNDS)]
    ground = Image.new("RGBA", (side, side), f"#{colour}")
    ground.alpha_composite(shown, ((side - shown.width) // 2, (side - shown.height) // 2))
    return ground.convert("RGB")


def _fitted(picture: Image.Image, *, enlarge: bool) -> Image.Image:
    """Reduce to the common size, or enlarge by a whole factor without blur, as sprites are shown."""
    longest = max(picture.size)
    if longest > SIDE:
        size = (max(1, round(picture.width * SIDE / longest)), max(1, round(picture.height * SIDE / longest)))
        return picture.resize(size, Image.Resampling.LANCZOS)
    factor = max(1, SIDE // longest) if enlarge else 1
    return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)


def shuffled(items: Sequence[T], seed: int) -> list[T]:
    """Put items in an order that chance chose once and for all."""
    order = np.random.default_rng(seed).permutation(len(items))
    return [items[int(number)] for number in order]
