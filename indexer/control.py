"""The control set: signals of several thousand unrelated pictures. It travels with the model; the pictures do not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from indexer.errors import CalibrationError, PictureError
from indexer.model import ModelSpec
from indexer.ports import ByteArray, EmbeddingBackend, FloatArray
from indexer.signals import images, perceptual, views
from indexer.signals.images import decode
from indexer.signals.perceptual import MIN_QUALITY, perceptual_hashes
from indexer.signals.views import WHOLE, pixels

FILE = "control.safetensors"
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".avif"})
RECIPES = {
    "decode": images.RECIPE,
    "pdq": perceptual.PDQ_RECIPE,
    "phash": perceptual.PHASH_RECIPE,
    "views": views.RECIPE,
}
_BATCH = 32
_GROUP = 64

In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(frozen=True)
class ControlSet:
    """Signals of n pictures: `vectors` (n, dim), `pdq` (n, 32), `phash` (n, 8), `quality` (n,) 0..100, `styles` (n,).

    `model` is the fingerprint of the model that gave the vectors.
    """

    model: str
    vectors: FloatArray
    pdq: ByteArray
    phash: ByteArray
    quality: ByteArray
    styles: tuple[str, ...]

    @property
    def reliable(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Tell for each picture whether its hashes count."""
        return np.asarray(self.quality >= MIN_QUALITY)

    def __len__(self) -> int:
        return len(self.vectors)


def measure(
    pictures: Sequence[tuple[str, Path]],
    spec: ModelSpec,
    backend: EmbeddingBackend,
    on_progress: Callable[[int], None] = lambda _: None,
) -> ControlSet:
    """Compute the signals of (style, path) pictures; those that cannot be decoded are left out."""
    styles: list[str] = []
    vectors: list[FloatArray] = []
    hashes: list[tuple[ByteArray, ByteArray, int]] = []

    def prepare(item: tuple[str, Path]) -> tuple[str, FloatArray, tuple[ByteArray, ByteArray, int]] | None:
        style, path = item
        try:
            picture = decode(path.name, path.read_bytes())
        except PictureError:
            return None
        found = perceptual_hashes(picture)
        return style, pixels(picture, WHOLE, spec), (found.pdq[0], found.phash, found.quality)

    waiting: list[FloatArray] = []
    with ThreadPoolExecutor(2) as pool:
        for done, prepared in enumerate(in_groups(pool, prepare, pictures), start=1):
            on_progress(done)
            if prepared is None:
                continue
            styles.append(prepared[0])
            waiting.append(prepared[1])
            hashes.append(prepared[2])
            if len(waiting) == _BATCH:
                vectors.append(backend.embed(np.stack(waiting)))
                waiting.clear()
    if waiting:
        vectors.append(backend.embed(np.stack(waiting)))
    if not vectors:
        raise CalibrationError("no control picture could be decoded")
    return ControlSet(
        spec.fingerprint,
        np.concatenate(vectors),
        np.stack([pdq for pdq, _, _ in hashes]),
        np.stack([phash for _, phash, _ in hashes]),
        np.asarray([quality for _, _, quality in hashes], dtype=np.uint8),
        tuple(styles),
    )


def in_groups(pool: ThreadPoolExecutor, work: Callable[[In], Out], items: Sequence[In]) -> Iterator[Out]:
    """Map in a pool, in order, a group at a time: prepared pictures would otherwise pile up in memory."""
    for start in range(0, len(items), _GROUP):
        yield from pool.map(work, items[start : start + _GROUP])


def pictures_below(folder: Path) -> list[tuple[str, Path]]:
    """List the pictures of a folder, in order; the first folder below it names the style."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    return [(path.relative_to(folder).parts[0] if path.parent != folder else folder.name, path) for path in paths]


def save(control: ControlSet, path: Path) -> None:
    """Write a control set; vectors as float16, which moves a cosine by less than 0.001."""
    save_file(
        {
            "vectors": control.vectors.astype(np.float16),
            "pdq": control.pdq,
            "phash": control.phash,
            "quality": control.quality,
        },
        path,
        metadata={
            "model": control.model,
            "styles": json.dumps(_runs(control.styles)),
            "recipes": json.dumps(RECIPES),
        },
    )
    path.chmod(0o644)


def load(path: Path) -> ControlSet:
    """Read a control set. Raises CalibrationError when the file is not one."""
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if json.loads(metadata["recipes"]) != RECIPES:
                raise CalibrationError(f"{path} was made with other recipes than this version's; make it again")
            styles = tuple(style for style, count in json.loads(metadata["styles"]) for _ in range(count))
            return ControlSet(
                metadata["model"],
                file.get_tensor("vectors").astype(np.float32),
                file.get_tensor("pdq"),
                file.get_tensor("phash"),
                file.get_tensor("quality"),
                styles,
            )
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise CalibrationError(f"{path} is not a control set: {error}") from error


def _runs(styles: Iterable[str]) -> list[tuple[str, int]]:
    runs: list[tuple[str, int]] = []
    for style in styles:
        if runs and runs[-1][0] == style:
            runs[-1] = (style, runs[-1][1] + 1)
        else:
            runs.append((style, 1))
    return runs
