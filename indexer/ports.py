"""What the pipeline asks of an embedding runtime, an index and a store: the seams where other engines fit in."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
ByteArray = npt.NDArray[np.uint8]


class EmbeddingBackend(Protocol):
    """Turns prepared pictures into vectors; safe to call from several threads."""

    def embed(self, pixels: FloatArray) -> FloatArray:
        """Embed `pixels` (n, 3, side, side), normalised as the model asks.

        Returns (n, embed_dim) rows of length 1. Raises EmbeddingQueueFull when no more work is taken.
        """
        ...


class VectorIndex(Protocol):
    """Finds the nearest stored vectors by inner product."""

    def __len__(self) -> int:
        """Count the stored vectors."""
        ...

    def search(self, queries: FloatArray, top: int) -> tuple[FloatArray, npt.NDArray[np.int64]]:
        """Return similarities and row numbers, each (n, min(top, len)), best first, for `queries` (n, dim)."""
        ...


class HashIndex(Protocol):
    """Finds the nearest stored bit strings by Hamming distance."""

    def __len__(self) -> int:
        """Count the stored hashes."""
        ...

    def search(self, queries: ByteArray, top: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Return distances in bits and row numbers, each (n, min(top, len)), nearest first."""
        ...


class SignalStore(Protocol):
    """Keeps packed signals of references, so that each is computed once; safe to call from several threads.

    `recipe` is a short name that is safe in a path, `sha256` that of the reference's file in lower-case hexadecimal.
    """

    def get(self, recipe: str, sha256: str) -> bytes | None:
        """Return what was put, or None."""
        ...

    def put(self, recipe: str, sha256: str, packed: bytes) -> None:
        """Keep some signals; those already kept under the same names may be replaced."""
        ...
