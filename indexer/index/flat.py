"""Exact indexes in memory, kept in FAISS's own file format.

Exact search is right up to some hundred thousand vectors; approximate indexes lose true hits after deletions.

An index in force is changed without being copied: what is new is a tail, a second index searched beside it, and what
is gone is marked as dead. Rows keep their numbers, and those of the tail follow.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import faiss
import numpy as np
import numpy.typing as npt

from indexer.errors import SnapshotError
from indexer.ports import ByteArray, FloatArray

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class _Flat:
    """What both kinds share: a FAISS index, which of its rows are dead, and a tail."""

    _VALUES: Any

    def __init__(self, index: Any, dead: Flags | None = None, tail: Self | None = None) -> None:
        self._index = index
        self._dead = dead if dead is not None and dead.any() else None
        self._tail = tail
        self._living = None if self._dead is None else _only(~self._dead)
        self._own = int(index.ntotal)
        if self._dead is not None:
            self._own -= int(self._dead.sum())

    def __len__(self) -> int:
        """Count the rows that can be found."""
        return self._own + (len(self._tail) if self._tail is not None else 0)

    def without(self, dead: Flags) -> Self:
        """Return an index in which just those rows are never found that `dead` (rows,) marks; a tail stays whole."""
        return type(self)(self._index, dead, self._tail)

    def with_tail(self, tail: Self) -> Self:
        """Return an index that finds the rows of `tail` too, numbered on from its own."""
        return type(self)(self._index, self._dead, tail)

    def _save(self, path: Path, write: Callable[[Any, str], None]) -> None:
        if self._dead is not None or self._tail is not None:
            raise SnapshotError(f"{path.name}: an index that was changed in force cannot be written; build it anew")
        write(self._index, str(path))

    def _nearest(self, queries: npt.NDArray[Any], top: int, nearer: int) -> tuple[npt.NDArray[Any], Rows]:
        """Search; `nearer` is 1 where smaller values are nearer, and -1 where larger ones are."""
        values, rows = self._nearest_own(queries, top)
        if self._tail is None or not len(self._tail) or not len(queries):
            return values, rows
        others, more = self._tail._nearest(queries, top, nearer)  # noqa: SLF001 (of its own class)
        values, rows = np.hstack([values, others]), np.hstack([rows, more + int(self._index.ntotal)])
        order = np.argsort(nearer * values, axis=1, kind="stable")[:, :top]
        return np.take_along_axis(values, order, axis=1), np.take_along_axis(rows, order, axis=1)

    def _nearest_own(self, queries: npt.NDArray[Any], top: int) -> tuple[npt.NDArray[Any], Rows]:
        wanted = min(top, self._own)
        if wanted == 0 or len(queries) == 0:
            return np.zeros((len(queries), 0), self._VALUES), np.zeros((len(queries), 0), np.int64)
        # One small search must not spread over all cores: requests run beside each other already.
        faiss.omp_set_num_threads(1)
        values, rows = self._index.search(np.ascontiguousarray(queries), wanted, params=self._living)
        return values, rows


class FlatVectorIndex(_Flat):
    """Exact inner-product search over rows of length 1: the similarity is the cosine."""

    _VALUES = np.float32

    @classmethod
    def of(cls, vectors: FloatArray) -> Self:
        """Index the rows of `vectors` (n, dim)."""
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(np.ascontiguousarray(vectors, dtype=np.float32))
        return cls(index)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read an index file. Raises SnapshotError when FAISS cannot."""
        try:
            return cls(faiss.read_index(str(path)))
        except RuntimeError as error:
            raise SnapshotError(f"{path.name} is not a FAISS index: {error}") from error

    def save(self, path: Path) -> None:
        """Write the index file. Raises SnapshotError when the index was changed since it was built or loaded."""
        self._save(path, faiss.write_index)

    @property
    def dim(self) -> int:
        """Width of the vectors."""
        return int(self._index.d)

    def vector(self, row: int) -> FloatArray:
        """Return one stored vector (dim,), dead or not."""
        beyond = row - int(self._index.ntotal)
        if self._tail is not None and beyond >= 0:
            return self._tail.vector(beyond)
        return np.asarray(self._index.reconstruct(row), dtype=np.float32)

    def search(self, queries: FloatArray, top: int) -> tuple[FloatArray, Rows]:
        """Return the best similarities and their rows, each (n, min(top, len))."""
        return self._nearest(np.asarray(queries, dtype=np.float32), top, -1)


class FlatHashIndex(_Flat):
    """Exact Hamming search over bit strings."""

    _VALUES = np.int32

    @classmethod
    def of(cls, hashes: ByteArray) -> Self:
        """Index the rows of `hashes` (n, bytes)."""
        index = faiss.IndexBinaryFlat(hashes.shape[1] * 8)
        if len(hashes):
            index.add(np.ascontiguousarray(hashes, dtype=np.uint8))
        return cls(index)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read an index file. Raises SnapshotError when FAISS cannot."""
        try:
            return cls(faiss.read_index_binary(str(path)))
        except RuntimeError as error:
            raise SnapshotError(f"{path.name} is not a FAISS binary index: {error}") from error

    def save(self, path: Path) -> None:
        """Write the index file. Raises SnapshotError when the index was changed since it was built or loaded."""
        self._save(path, faiss.write_index_binary)

    def stored(self, row: int) -> ByteArray:
        """Return one stored hash (bytes,), dead or not."""
        beyond = row - int(self._index.ntotal)
        if self._tail is not None and beyond >= 0:
            return self._tail.stored(beyond)
        return np.asarray(self._index.reconstruct(row), dtype=np.uint8)

    def search(self, queries: ByteArray, top: int) -> tuple[npt.NDArray[np.int32], Rows]:
        """Return the least distances in bits and their rows, each (n, min(top, len))."""
        return self._nearest(np.asarray(queries, dtype=np.uint8), top, 1)


def _only(living: Flags) -> Any:
    """Make the parameters of a search that passes over all other rows."""
    library: Any = faiss  # whose stubs tell of the functions as they are before Python wraps them
    return library.SearchParameters(sel=library.IDSelectorBitmap(np.packbits(living, bitorder="little")))
