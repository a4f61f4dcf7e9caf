"""Exact indexes in memory, kept in FAISS's own file format.

Exact search is right up to some hundred thousand vectors; approximate indexes lose true hits after deletions.
"""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

from indexer.errors import SnapshotError
from indexer.ports import ByteArray, FloatArray


class FlatVectorIndex:
    """Exact inner-product search over rows of length 1: the similarity is the cosine."""

    def __init__(self, index: faiss.Index) -> None:
        self._index = index

    @classmethod
    def of(cls, vectors: FloatArray) -> FlatVectorIndex:
        """Index the rows of `vectors` (n, dim)."""
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(np.ascontiguousarray(vectors, dtype=np.float32))
        return cls(index)

    @classmethod
    def load(cls, path: Path) -> FlatVectorIndex:
        """Read an index file. Raises SnapshotError when FAISS cannot."""
        try:
            return cls(faiss.read_index(str(path)))
        except RuntimeError as error:
            raise SnapshotError(f"{path.name} is not a FAISS index: {error}") from error

    def save(self, path: Path) -> None:
        """Write the index file."""
        faiss.write_index(self._index, str(path))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dim(self) -> int:
        """Width of the vectors."""
        return int(self._index.d)

    def vector(self, row: int) -> FloatArray:
        """Return one stored vector (dim,)."""
        return np.asarray(self._index.reconstruct(row), dtype=np.float32)

    def search(self, queries: FloatArray, top: int) -> tuple[FloatArray, npt.NDArray[np.int64]]:
        """Return the best similarities and their rows, each (n, min(top, len))."""
        wanted = min(top, len(self))
        if wanted == 0 or len(queries) == 0:
            return np.zeros((len(queries), 0), np.float32), np.zeros((len(queries), 0), np.int64)
        _on_this_thread_alone()
        similarities, rows = self._index.search(np.ascontiguousarray(queries, dtype=np.float32), wanted)
        return similarities, rows


class FlatHashIndex:
    """Exact Hamming search over bit strings."""

    def __init__(self, index: faiss.IndexBinary) -> None:
        self._index = index

    @classmethod
    def of(cls, hashes: ByteArray) -> FlatHashIndex:
        """Index the rows of `hashes` (n, bytes)."""
        index = faiss.IndexBinaryFlat(hashes.shape[1] * 8)
        if len(hashes):
            index.add(np.ascontiguousarray(hashes, dtype=np.uint8))
        return cls(index)

    @classmethod
    def load(cls, path: Path) -> FlatHashIndex:
        """Read an index file. Raises SnapshotError when FAISS cannot."""
        try:
            return cls(faiss.read_index_binary(str(path)))
        except RuntimeError as error:
            raise SnapshotError(f"{path.name} is not a FAISS binary index: {error}") from error

    def save(self, path: Path) -> None:
        """Write the index file."""
        faiss.write_index_binary(self._index, str(path))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(self, queries: ByteArray, top: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Return the least distances in bits and their rows, each (n, min(top, len))."""
        wanted = min(top, len(self))
        if wanted == 0 or len(queries) == 0:
            return np.zeros((len(queries), 0), np.int32), np.zeros((len(queries), 0), np.int64)
        _on_this_thread_alone()
        distances, rows = self._index.search(np.ascontiguousarray(queries, dtype=np.uint8), wanted)
        return distances, rows


def _on_this_thread_alone() -> None:
    """Keep FAISS from spreading one small search over all cores: requests run beside each other already."""
    faiss.omp_set_num_threads(1)
