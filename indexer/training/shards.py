"""The store of training pictures: figures cut out of their background, in shards that can be read without decoding.

A shard is an array of pictures, uint8 (pictures, SIDE, SIDE, 4), red, green, blue and opacity not premultiplied, and a
list of what they show. The list is written last: a shard without one is not finished and does not count.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from indexer.ports import ByteArray

SIDE: Final = 224
DEFAULT_CACHE: Final = Path.home() / ".cache" / "lora-screening" / "training"


@dataclass(frozen=True)
class Item:
    """What one picture shows.

    Pictures of one `identity` are positives of one another; identities of one `family` are look-alikes. `kind` groups
    what competes in a batch (`characters`, `avatars:micah`, `emoji`, `clipart`); `style` is how it is drawn.
    """

    identity: str
    family: str
    kind: str
    style: str


@dataclass(frozen=True)
class Shard:
    """A finished shard: its pictures are mapped, not read."""

    name: str
    pictures: ByteArray
    items: tuple[Item, ...]


def write(folder: Path, name: str, pictures: Sequence[ByteArray], items: Sequence[Item]) -> None:
    """Write a shard whole or not at all; raise ValueError when pictures and items do not go together."""
    if len(pictures) != len(items) or not items:
        raise ValueError(f"shard {name}: {len(pictures)} pictures, {len(items)} items")
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{name}.{os.getpid()}.partial"
    with partial.open("wb") as stream:
        np.save(stream, np.stack(pictures), allow_pickle=False)
    partial.rename(folder / f"{name}.npy")
    partial.write_text(json.dumps([asdict(item) for item in items]), "utf-8")
    partial.rename(folder / f"{name}.json")


def exists(folder: Path, name: str) -> bool:
    """Tell whether a shard is finished."""
    return (folder / f"{name}.json").is_file()


def read(folder: Path, name: str) -> Shard:
    """Map a finished shard."""
    items = tuple(Item(**entry) for entry in json.loads((folder / f"{name}.json").read_text("utf-8")))
    pictures = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
    return Shard(name, pictures, items)


def names(folder: Path) -> list[str]:
    """Return the names of all finished shards, sorted."""
    return sorted(path.stem for path in folder.glob("*.json"))
