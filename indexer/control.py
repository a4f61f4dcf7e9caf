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
from indexer.signals import features, images, perceptual, views
from indexer.signals.features import SHORT_LIST, local_features
from indexer.signals.features import place as place_features
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
    "features": features.RECIPE,
}
_BATCH = 32
_GROUP = 64
_VERIFIED = 700
"""Pictures that are verified against each other: enough for a rate of 0.001, at a few milliseconds a pair."""

In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(frozen=True)
class ControlSet:
    """Signals of n pictures: `vectors` (n, dim), `pdq` (n, 32), `phash` (n, 8), `quality` (n,) 0..100, `styles` (n,).

    `agreements` (m,) says for m of them how well their points agree with the nearest pictures of other sources at best.
    `model` is the fingerprint of the model that gave the vectors.
    """

    model: str
    vectors: FloatArray
    pdq: ByteArray
    phash: ByteArray
    quality: ByteArray
    agreements: FloatArray
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
    paths: list[Path] = []
    vectors: list[FloatArray] = []
    hashes: list[tuple[ByteArray, ByteArray, int]] = []

    def prepare(item: tuple[str, Path]) -> tuple[tuple[str, Path], FloatArray, tuple[ByteArray, ByteArray, int]] | None:
        _, path = item
        try:
            picture = decode(path.name, path.read_bytes())
        except PictureError:
            return None
        found = perceptual_hashes(picture)
        return item, pixels(picture, WHOLE, spec), (found.pdq[0], found.phash, found.quality)

    waiting: list[FloatArray] = []
    with ThreadPoolExecutor(2) as pool:
        for done, prepared in enumerate(in_groups(pool, prepare, pictures), start=1):
            on_progress(done)
            if prepared is None:
                continue
            styles.append(prepared[0][0])
            paths.append(prepared[0][1])
            waiting.append(prepared[1])
            hashes.append(prepared[2])
            if len(waiting) == _BATCH:
                vectors.append(backend.embed(np.stack(waiting)))
                waiting.clear()
    if waiting:
        vectors.append(backend.embed(np.stack(waiting)))
    if not vectors:
        raise CalibrationError("no control picture could be decoded")
    found = np.concatenate(vectors)
    return ControlSet(
        spec.fingerprint,
        found,
        np.stack([pdq for pdq, _, _ in hashes]),
        np.stack([phash for _, phash, _ in hashes]),
        np.asarray([quality for _, _, quality in hashes], dtype=np.uint8),
        _agreements(found, styles, paths, on_progress),
        tuple(styles),
    )


def _agreements(
    vectors: FloatArray, styles: Sequence[str], paths: Sequence[Path], on_progress: Callable[[int], None]
) -> FloatArray:
    """Verify an even sample of pictures against their nearest neighbours of other sources, as uploads are verified.

    Every collection holds copies and series of its own pictures, and those are not unrelated. A style is named
    `source:kind`, or by its source alone.
    """
    names = np.asarray([style.partition(":")[0] for style in styles])
    sample = range(0, len(paths), max(1, len(paths) // _VERIFIED))
    similarities = vectors[list(sample)] @ vectors.T

    def strongest(place: int) -> float:
        likeness = np.where(names == names[sample[place]], -2.0, similarities[place])
        nearest = np.argsort(-likeness)[:SHORT_LIST]
        near = [number for number in nearest.tolist() if likeness[number] > -2.0]  # noqa: PLR2004 (other sources)
        query = decode(paths[sample[place]].name, paths[sample[place]].read_bytes())
        turned = [local_features(query), local_features(query, mirrored=True)]
        others = [local_features(decode(paths[number].name, paths[number].read_bytes())) for number in near]
        found = [placed.agreement for side in turned for other in others if (placed := place_features(side, other))]
        return max(found, default=0.0)

    with ThreadPoolExecutor(2) as pool:
        values: list[float] = []
        for value in in_groups(pool, strongest, range(len(sample))):
            values.append(value)
            on_progress(len(values))
    return np.asarray(values, dtype=np.float32)


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
            "agreements": control.agreements,
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
                file.get_tensor("agreements"),
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
