"""What else could have been used: hashes as their libraries give them, and the bare embedding of the whole picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import imagehash
import numpy as np
import numpy.typing as npt
import pdqhash
from PIL import Image

from indexer.control import in_groups
from indexer.ports import FloatArray
from indexer.signals.pixels.images import decode
from indexer.signals.pixels.views import WHOLE, pixels
from tests.accuracy.bench import Model

MATCHING_DISTANCE = 31
MIN_QUALITY = 50
"""The defaults of the open hash-matching library for PDQ: farther is no match, and poorer pictures are not hashed."""

NAMES = ("pHash 64", "PDQ 256", "embedding, one view")
Bits = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Signals:
    """Of n pictures: `phash` (n, 64) and `pdq` (n, 256) bits, `quality` (n,), `vectors` (n, dim)."""

    phash: Bits
    pdq: Bits
    quality: npt.NDArray[np.int64]
    vectors: FloatArray

    def distances(self, name: str, references: Signals) -> FloatArray:
        """Return how strongly each picture matches each reference: (n, references), larger is stronger."""
        if name == "embedding, one view":
            return np.asarray(self.vectors @ references.vectors.T, np.float32)
        mine, theirs = (self.phash, references.phash) if name == "pHash 64" else (self.pdq, references.pdq)
        a, b = mine.astype(np.float32) * 2 - 1, theirs.astype(np.float32) * 2 - 1
        return np.asarray((a @ b.T - mine.shape[1]) / 2, np.float32)


def signals(pictures: Sequence[bytes], model: Model) -> Signals:
    """Compute the signals of pictures."""

    def prepare(data: bytes) -> tuple[Bits, Bits, int, FloatArray]:
        with Image.open(io.BytesIO(data)) as opened:
            image = opened.convert("RGB")
        bits, quality = pdqhash.compute(np.asarray(image))
        phash = imagehash.phash(image).hash.reshape(-1).astype(np.uint8)
        return phash, np.asarray(bits, np.uint8), int(quality), pixels(decode("picture", data), WHOLE, model.spec)

    rows: list[tuple[Bits, Bits, int]] = []
    vectors: list[FloatArray] = []
    with ThreadPoolExecutor(2) as pool:
        waiting: list[FloatArray] = []
        for phash, pdq, quality, view in in_groups(pool, prepare, list(pictures)):
            rows.append((phash, pdq, quality))
            waiting.append(view)
            if len(waiting) == 16:
                vectors.append(model.backend.embed(np.stack(waiting)))
                waiting.clear()
        if waiting:
            vectors.append(model.backend.embed(np.stack(waiting)))
    return Signals(
        np.stack([row[0] for row in rows]),
        np.stack([row[1] for row in rows]),
        np.asarray([row[2] for row in rows]),
        np.concatenate(vectors),
    )


def per_set(strengths: FloatArray, owners: Sequence[int]) -> FloatArray:
    """Reduce (n, references) to (n, sets): the strongest reference of each set."""
    numbers = np.asarray(owners)
    return np.stack([strengths[:, numbers == number].max(axis=1) for number in range(int(numbers.max()) + 1)], axis=1)
