"""The control set: signals of several thousand unrelated pictures. It travels with the model; the pictures do not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from indexer.errors import CalibrationError, PictureError
from indexer.model import ModelSpec
from indexer.ports import ByteArray, EmbeddingBackend, FloatArray
from indexer.signals.pixels import features, images, layout, perceptual, views
from indexer.signals.pixels.features import SHORT_LIST, Features, local_features
from indexer.signals.pixels.features import place as place_features
from indexer.signals.pixels.images import decode
from indexer.signals.pixels.parts import Prepared, prepare_query
from indexer.signals.pixels.perceptual import MIN_QUALITY, PerceptualHashes

FILE = "control.safetensors"
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".avif"})
RECIPES = {
    "decode": images.RECIPE,
    "pdq": perceptual.PDQ_RECIPE,
    "phash": perceptual.PHASH_RECIPE,
    "views": views.RECIPE,
    "layout": layout.RECIPE,
    "features": features.RECIPE,
}
_BATCH = 32
_GROUP = 64
_VERIFIED = 6_000
"""Pictures that are verified against each other, at some 40 ms each: enough for a rate of 0.0001."""

In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(frozen=True)
class ControlSet:
    """Signals of n pictures in rows, one for each view of an upload: the whole, and pictures found inside it.

    `vectors` (rows, dim), `pdq` (rows, 32), `phash` (rows, 8), `quality` (rows,) 0..100; `pictures` (rows,) says of
    which picture, `styles` (n,) of which style each is. `agreements` (m,) says for m pictures how well their points
    agree with the nearest pictures of other sources at best. `model` is the fingerprint of the model.
    """

    model: str
    vectors: FloatArray
    pdq: ByteArray
    phash: ByteArray
    quality: ByteArray
    pictures: npt.NDArray[np.int64]
    agreements: FloatArray
    styles: tuple[str, ...]

    def joined(self, other: ControlSet) -> ControlSet:
        """Return both sets as one, this one's pictures first. Raises CalibrationError where their models differ."""
        if other.model != self.model:
            raise CalibrationError(
                f"control pictures of another model cannot be added: {other.model[:12]}, not {self.model[:12]}"
            )
        return ControlSet(
            self.model,
            np.concatenate([self.vectors, other.vectors]),
            np.concatenate([self.pdq, other.pdq]),
            np.concatenate([self.phash, other.phash]),
            np.concatenate([self.quality, other.quality]),
            np.concatenate([self.pictures, other.pictures + len(self)]),
            np.concatenate([self.agreements, other.agreements]),
            (*self.styles, *other.styles),
        )

    def hashes(self, of: ByteArray) -> tuple[ByteArray, npt.NDArray[np.int64]]:
        """Return those rows of `pdq` or `phash` that count, and of which picture each is."""
        reliable = self.quality >= MIN_QUALITY
        return of[reliable], self.pictures[reliable]

    def __len__(self) -> int:
        """Count the pictures."""
        return len(self.styles)


def measure(
    pictures: Sequence[tuple[str, Path]],
    spec: ModelSpec,
    backend: EmbeddingBackend,
    on_progress: Callable[[int], None] = lambda _: None,
) -> ControlSet:
    """Compute the signals of (style, path) pictures; those that cannot be decoded are left out."""
    styles: list[str] = []
    paths: list[Path] = []
    of_picture: list[int] = []
    vectors: list[FloatArray] = []
    hashes: list[PerceptualHashes] = []

    def prepare(item: tuple[str, Path]) -> tuple[tuple[str, Path], list[Prepared]] | None:
        try:
            return item, prepare_query(decode(item[1].name, item[1].read_bytes()), spec)
        except PictureError:
            return None

    waiting: list[FloatArray] = []
    with ThreadPoolExecutor(2) as pool:
        for done, prepared in enumerate(in_groups(pool, prepare, pictures), start=1):
            on_progress(done)
            if prepared is None:
                continue
            (style, path), parts = prepared
            of_picture += [len(styles)] * len(parts)
            styles.append(style)
            paths.append(path)
            waiting += [part.pixels for part in parts]
            hashes += [part.hashes for part in parts]
            if len(waiting) >= _BATCH:
                vectors.append(backend.embed(np.stack(waiting)))
                waiting.clear()
    if waiting:
        vectors.append(backend.embed(np.stack(waiting)))
    if not vectors:
        raise CalibrationError("no control picture could be decoded")
    found = np.concatenate(vectors)
    whole = found[np.unique(of_picture, return_index=True)[1]]
    return ControlSet(
        spec.fingerprint,
        found,
        np.stack([item.pdq[0] for item in hashes]),
        np.stack([item.phash for item in hashes]),
        np.asarray([item.quality for item in hashes], dtype=np.uint8),
        np.asarray(of_picture, dtype=np.int64),
        _agreements(whole, styles, paths, on_progress),
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
    sample = range(0, len(paths), -(-len(paths) // _VERIFIED))

    @lru_cache(maxsize=len(paths))
    def points(number: int) -> Features:
        return local_features(decode(paths[number].name, paths[number].read_bytes()))

    def strongest(place: int) -> float:
        number = sample[place]
        likeness = np.where(names == names[number], -2.0, vectors @ vectors[number])
        nearest = np.argsort(-likeness)[:SHORT_LIST]
        near = [other for other in nearest.tolist() if likeness[other] > -2.0]  # noqa: PLR2004 (other sources)
        sides = (points(number), points(number).mirrored())
        placed = [place_features(side, points(other)) for other in near for side in sides]
        return max((item.agreement for item in placed if item), default=0.0)

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
            "pictures": control.pictures,
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
                file.get_tensor("pictures"),
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
