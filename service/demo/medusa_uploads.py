"""The forty uploads of the demonstration of notices: twelve show the Serpent Queen, some of them under other names.

Pictures of the twelve are made from her references as uploaders make theirs: cut, turned, recoloured, made smaller. The
others are landscapes, two of them of the Gorgon of Greek myth, whose name is nobody's.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageOps
from safetensors.numpy import load, save

SIZE = 512
NAMED = "model-01"
"""The one upload that the notice names."""

RECAST = "model-12"
"""Brings the weights of NAMED, in other numbers, under another name and with other pictures."""

LICENSED = "model-11"
"""Its uploader has a licence, which nobody has put on record yet."""

_COUNT = 40
_CUTS = ((0.0, 0.0, 0.86, 0.9), (0.1, 0.05, 1.0, 0.95), (0.06, 0.08, 0.94, 1.0))


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload: what the platform says of it, its pictures as PNG, and its LoRA where it has one."""

    document: Mapping[str, Any]
    pictures: Sequence[bytes]
    lora: bytes | None = None

    @property
    def external_id(self) -> str:
        """The platform's own id."""
        external_id: str = self.document["external_id"]
        return external_id


# Name, tags, and the numbers of the references that its pictures are made from.
_SHOW_HER: tuple[tuple[str, tuple[str, ...], tuple[int, ...]], ...] = (
    ("Medusa", ("medusa", "snakes"), (1, 2, 3)),
    ("美杜莎女王", ("美杜莎", "donghua"), (4, 5, 6)),
    ("Serpent lady v2", ("jadecoil",), (7, 1, 4)),
    ("Jadecoil Empress", ("jadecoil", "court"), (2, 5, 6)),
    ("jadecoil_study", ("green",), (3, 7, 1)),
    ("Jadecoil — court dress", ("dress",), (6, 2, 4)),
    ("Night garden muse", ("garden",), (5, 3, 7)),
    ("Queen of reeds", ("reeds", "queen"), (1, 6, 2)),
    ("Gorgon, green", ("gorgon",), (4, 7, 3)),
    ("court dancer", ("dance",), (2, 1, 5)),
    ("Veiled regent", ("veil",), (3, 4, 6)),
    ("Quiet lake mood", ("lake", "mood"), ()),
)
_OTHERS = ("Medusa of the old temple", "Gorgoneion relief")


def uploads(references: Path, lora: Path) -> list[Upload]:
    """Make all forty; `references` holds 01.png and so on, `lora` is the file that the first of them brings."""
    weights = save(load(lora.read_bytes()), metadata={"ss_output_name": "medusa"})
    made = []
    for number in range(1, _COUNT + 1):
        name, tags, shown = _SHOW_HER[number - 1] if number <= len(_SHOW_HER) else (_other(number), ("scenery",), ())
        pictures = [_taken(references / f"{item:02}.png", number + place) for place, item in enumerate(shown)]
        document = {
            "external_id": f"model-{number:02}",
            "uploader": {"id": f"u-{number:02}"},
            "model": {"name": name, "tags": list(tags), "type": "LORA"},
        }
        brings = {NAMED: weights, RECAST: recast(weights)}.get(str(document["external_id"]))
        made.append(Upload(document, pictures or [_landscape(number * 10 + place) for place in range(2)], brings))
    return made


def recast(weights: bytes) -> bytes:
    """Write a LoRA's tensors anew in numbers of half the size, under other names of its metadata."""
    tensors = {name: np.asarray(value, dtype=np.float16) for name, value in load(weights).items()}
    written: bytes = save(tensors, metadata={"format": "pt", "note": "mood"})
    return written


def _other(number: int) -> str:
    place = number - len(_SHOW_HER) - 1
    return _OTHERS[place] if place < len(_OTHERS) else f"Landscape study {number}"


def _taken(path: Path, number: int) -> bytes:
    """Take a picture as uploaders do: cut, sometimes turned and recoloured, and made smaller."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    left, top, right, bottom = _CUTS[number % len(_CUTS)]
    image = image.crop(
        (round(left * image.width), round(top * image.height), round(right * image.width), round(bottom * image.height))
    )
    if number % 2:
        image = ImageOps.mirror(image)
    if number % 3 == 0:
        image = ImageEnhance.Color(image).enhance(0.6)
    return _png(image.resize((SIZE, round(SIZE * image.height / image.width))))


def _landscape(seed: int) -> bytes:
    """Draw hills under a sky."""
    chance = np.random.default_rng(seed)
    sky, ground = chance.integers(60, 230, (2, 3))
    image = Image.new("RGB", (SIZE, SIZE), tuple(int(item) for item in sky))
    pen = ImageDraw.Draw(image)
    for layer in range(5):
        base = SIZE * (0.35 + 0.13 * layer)
        heights = base + np.cumsum(chance.normal(0, 14, 17))
        outline = [(SIZE * place / 16, float(height)) for place, height in enumerate(heights)]
        colour = tuple(int(item) for item in ground * (1 - 0.14 * layer))
        pen.polygon([(0, SIZE), *outline, (SIZE, SIZE)], fill=colour)
    x, y, size = (int(item) for item in chance.integers(30, 160, 3))
    pen.ellipse((x, y // 2, x + size // 2, y // 2 + size // 2), fill=(250, 244, 214))
    return _png(image)


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
