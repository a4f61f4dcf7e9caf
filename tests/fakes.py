"""Small, deterministic stand-ins for ports, and pictures drawn on the spot."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from indexer.model import (
    AliasHit,
    Findings,
    LoraSignals,
    Match,
    ModelSpec,
    PictureFindings,
    PictureSource,
    ReferenceSet,
)
from indexer.ports import FloatArray
from indexer.signals.names.aliases import AliasTable
from service.domain.blocked import BlockedLora
from service.domain.errors import NotReady
from service.ports import Nearest

TINY_SPEC = ModelSpec(
    name="tiny",
    pretrained="",
    embed_dim=16,
    image_size=16,
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
    interpolation="bicubic",
    resize_mode="squash",
    fingerprint="0" * 64,
)
POISON = 1e9
"""A pixel value that no prepared picture holds; TinyBackend fails on it."""


class TinyBackend:
    """An EmbeddingBackend: a fixed random projection of the pixels; `calls` keeps the size of every batch."""

    def __init__(self, spec: ModelSpec = TINY_SPEC) -> None:
        width = 3 * spec.image_size**2
        self._matrix = np.random.default_rng(0).standard_normal((width, spec.embed_dim)).astype(np.float32)
        self.calls: list[int] = []

    def embed(self, pixels: FloatArray) -> FloatArray:
        self.calls.append(len(pixels))
        if np.any(pixels == POISON):
            raise ValueError("poisoned picture")
        # Row by row, so that a picture's vector is the same to the last bit in every batch.
        rows = np.stack([picture.reshape(-1) @ self._matrix for picture in pixels])
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


class HeldBackend(TinyBackend):
    """A TinyBackend that waits: `entered` tells that a call came in, `release` lets all calls through."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.release = threading.Event()

    def embed(self, pixels: FloatArray) -> FloatArray:
        self.entered.set()
        self.release.wait(20)
        return super().embed(pixels)


def tiny_pixels(count: int, seed: int = 0) -> FloatArray:
    """Make `count` prepared pictures for TinyBackend."""
    shape = (count, 3, TINY_SPEC.image_size, TINY_SPEC.image_size)
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def draw(character: int, number: int, size: tuple[int, int] = (320, 288)) -> Image.Image:
    """Draw picture `number` of a made-up character: its colours and shapes stay, their places change."""
    own, pose = np.random.default_rng([character]), np.random.default_rng([character, number])
    palette = [tuple(int(v) for v in own.integers(0, 256, 3)) for _ in range(4)]
    sides = [int(v) for v in own.integers(3, 8, 4)]
    width, height = size
    image = Image.new("RGB", size, palette[0])
    canvas = ImageDraw.Draw(image)
    for part in range(30):
        x, y = int(pose.integers(20, width - 20)), int(pose.integers(20, height - 20))
        radius, turn = int(pose.integers(14, 56)), int(pose.integers(0, 360))
        fill, edge = palette[1 + part % 3], palette[(2 + part) % 4]
        if part % 3 == 0:
            canvas.ellipse((x - radius, y - radius // 2, x + radius, y + radius // 2), fill=fill, outline=edge, width=5)
        else:
            canvas.regular_polygon((x, y, radius), sides[part % 4], rotation=turn, fill=fill, outline=edge)
    for _ in range(12):
        line = [int(v) for v in pose.integers(0, min(size), 4)]
        canvas.line(line, fill=palette[3], width=6)
    return image


def encoded(image: Image.Image, file_format: str = "PNG", **options: Any) -> bytes:
    """Save a picture to bytes."""
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def write_set(
    folder: Path, slug: str, pictures: Sequence[Image.Image], *, work: str = "", aliases: Sequence[str] = ()
) -> Path:
    """Write a reference set to disk in the format of reference_sets/; returns its folder."""
    path = folder / slug
    (path / "images").mkdir(parents=True)
    lines = [f'title = "{slug.title()}"']
    if work:
        lines.append(f'work = "{work}"')
    for alias in aliases:
        lines += ["", "[[alias]]", f'text = "{alias}"', 'language = "en"', 'kind = "distinctive"']
    (path / "manifest.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for number, picture in enumerate(pictures, 1):
        picture.save(path / "images" / f"{number:02}.png")
    return path


def safetensors(header: Mapping[str, Any] | bytes | str, body: bytes = b"") -> bytes:
    """Write a safetensors file by hand, so that it can be wrong in any way."""
    raw = header if isinstance(header, bytes) else header if isinstance(header, str) else json.dumps(header)
    raw = raw.encode() if isinstance(raw, str) else raw
    return len(raw).to_bytes(8, "little") + raw + body


def reseal(folder: Path) -> None:
    """Write a snapshot's checksums anew, as somebody would who changed it on purpose."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "SHA256SUMS"
    ]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


class FakeReferenceIndex:
    """A ReferenceIndex that finds in each picture what is scripted for its name, and names by the real table.

    `before` is called as an examination begins: to wait in it, or to raise.
    """

    generation = "000001"
    model = "tiny@000000000000"

    def __init__(
        self,
        sets: Sequence[ReferenceSet],
        scripted: Mapping[str, PictureFindings | Sequence[Match]] | None = None,
        before: Callable[[], object] = lambda: None,
    ) -> None:
        self.sets: Mapping[str, ReferenceSet] = {item.slug: item for item in sets}
        self._scripted = scripted or {}
        self._before = before
        self._names = AliasTable(sets)

    def examine(self, pictures: Sequence[PictureSource], deadline: float, progress: Callable[[int], None]) -> Findings:
        self._before()
        progress(len(pictures))
        if time.monotonic() > deadline:
            found = [PictureFindings(item.name, problem="time_limit: not reached") for item in pictures]
        else:
            found = [self._found(item.name) for item in pictures]
        elapsed = {"decode": 1.0, "embed": 2.0, "search": 0.5, "verify": 0.1}
        return Findings(tuple(found), self.generation, self.model, elapsed)

    def find_aliases(self, texts: Sequence[str]) -> list[list[AliasHit]]:
        return [self._names.find(text) for text in texts]

    def _found(self, name: str) -> PictureFindings:
        scripted = self._scripted.get(name, ())
        return scripted if isinstance(scripted, PictureFindings) else PictureFindings(name, tuple(scripted))


class FakeCurrentIndex:
    """A CurrentIndex that holds what it is given, or nothing."""

    def __init__(self, index: FakeReferenceIndex | None = None) -> None:
        self.index = index

    def get(self) -> FakeReferenceIndex:
        if self.index is None:
            raise NotReady("no index is loaded")
        return self.index

    def prove(self) -> str:
        return self.get().generation


class FakeBlockedLoras:
    """BlockedLoras in memory, every one of which is on the short list."""

    def __init__(self) -> None:
        self._in_force: dict[str, BlockedLora] = {}

    def add(self, blocked: BlockedLora) -> BlockedLora:
        for known in self._in_force.values():
            if known.signals.sha256 == blocked.signals.sha256:
                return known
        self._in_force[blocked.id] = blocked
        return blocked

    def remove(self, blocked_id: str, when: datetime, by: str) -> bool:  # noqa: ARG002 (it keeps no record)
        return self._in_force.pop(blocked_id, None) is not None

    def list_all(self) -> list[BlockedLora]:
        return sorted(self._in_force.values(), key=lambda item: item.added, reverse=True)

    def sharing(self, signals: LoraSignals | None, claims: Sequence[str]) -> list[BlockedLora]:
        shared = [(self._shared(item.signals, signals, claims), item) for item in self._in_force.values()]
        return [item for count, item in sorted(shared, key=lambda pair: -pair[0]) if count]

    def nearest(self, fingerprint: bytes) -> Nearest:  # noqa: ARG002 (all are near)
        known = [item for item in self._in_force.values() if item.signals.fingerprint is not None]
        return Nearest(known, len(known))

    @staticmethod
    def _shared(known: LoraSignals, other: LoraSignals | None, claims: Sequence[str]) -> int:
        hashes = (known.sha256, known.body_sha256)
        count = 1_000_000 * sum(value.startswith(claim) for claim in claims for value in hashes)
        if other is not None:
            count += 1_000_000 * sum(value in (other.sha256, other.body_sha256) for value in hashes)
            count += len({item.sha256 for item in known.tensors if item.telling} & {i.sha256 for i in other.tensors})
        return count


class FakeBlobs:
    """Blobs in memory; `kept` is all there is."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def write(self, name: str, data: bytes) -> None:
        self.kept[name] = data

    def read(self, name: str) -> bytes | None:
        return self.kept.get(name)

    def delete(self, name: str) -> None:
        self.kept.pop(name, None)


class FixedClock:
    """A Clock that stands still until it is set."""

    def __init__(self, now: datetime = datetime(2026, 11, 20, 12, tzinfo=UTC)) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time
