"""Screened pictures with made-up signals, and the answer that a store has to give about them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from indexer.ports import ByteArray, FloatArray
from service.ports import PictureHit, PictureQuery, ScreenedPicture, ScreenedPictures

DIM = 16
MODEL = "tiny@000000000000"
OTHER = "other@111111111111"


def vectors(count: int, seed: int = 0, dim: int = DIM) -> FloatArray:
    """Make vectors of length 1, as they are kept."""
    made = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return made.astype("<f2").astype(np.float32)


def hashes(count: int, seed: int = 0) -> ByteArray:
    """Make hashes of which many are near each other."""
    rng = np.random.default_rng(seed)
    centre = rng.integers(0, 256, 32, dtype=np.uint8)
    noise = np.packbits(rng.random((count, 256)) < rng.uniform(0, 0.25, (count, 1)), axis=1)
    return np.asarray(centre ^ noise, dtype=np.uint8)


def pictures(count: int, seed: int = 0, *, model: str = MODEL, of: int = 3) -> list[ScreenedPicture]:
    """Make pictures, `of` to a screening; every seventh has no hash that counts."""
    found, kept = vectors(count, seed), hashes(count, seed)
    return [
        ScreenedPicture(
            f"scr_{seed}_{number // of:05}",
            number % of,
            b"" if number % 7 == 3 else kept[number].tobytes(),
            found[number].astype("<f2").tobytes(),
            model,
        )
        for number in range(count)
    ]


def query(count: int = 3, seed: int = 0, *, least: float = 0.3, most: int = 31, model: str = MODEL) -> PictureQuery:
    """Look for some vectors and hashes."""
    wanted = tuple((row.astype("<f4").tobytes(), least + 0.05 * n) for n, row in enumerate(vectors(count, seed)))
    return PictureQuery(model, wanted, tuple(row.tobytes() for row in hashes(count, seed)), most)


def brute_force(held: Sequence[ScreenedPicture], asked: PictureQuery) -> set[tuple[str, int, bool, int | None]]:
    """Compare everything with everything, in the plainest way."""
    found = set()
    for item in held:
        alike = item.model == asked.model and any(
            float(np.frombuffer(item.vector, "<f2").astype(np.float32) @ np.frombuffer(wanted, "<f4")) >= least
            for wanted, least in asked.vectors
        )
        distances = [
            (int.from_bytes(item.pdq, "big") ^ int.from_bytes(wanted, "big")).bit_count()
            for wanted in asked.hashes
            if item.pdq
        ]
        near = min(distances, default=256)
        if alike or near <= asked.most_distance:
            found.add((item.screening_id, item.number, alike, near if near <= asked.most_distance else None))
    return found


def told(hits: Sequence[PictureHit]) -> set[tuple[str, int, bool, int | None]]:
    """Write hits in the form of brute_force()."""
    shown = {(hit.screening_id, hit.number, hit.similarity is not None, hit.distance) for hit in hits}
    assert len(shown) == len(hits), "a picture was told twice"
    return shown


def searched(store: ScreenedPictures, asked: PictureQuery) -> set[tuple[str, int, bool, int | None]]:
    """Search a store."""
    return told([hit for some in store.search(asked) for hit in some])
