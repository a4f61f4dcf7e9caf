"""Index files: what FAISS cannot read is said plainly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from indexer.errors import SnapshotError
from indexer.index.flat import FlatHashIndex, FlatVectorIndex


@pytest.mark.parametrize("kind", [FlatVectorIndex, FlatHashIndex])
@pytest.mark.parametrize("content", [b"", b"not an index", bytes(64)])
def test_a_file_that_is_no_index_is_refused_by_name(
    tmp_path: Path, kind: type[FlatVectorIndex | FlatHashIndex], content: bytes
) -> None:
    path = tmp_path / "odd.faiss"
    path.write_bytes(content)
    with pytest.raises(SnapshotError, match=r"odd\.faiss"):
        kind.load(path)


@pytest.mark.parametrize("kind", [FlatVectorIndex, FlatHashIndex])
def test_a_missing_file_is_refused_by_name(tmp_path: Path, kind: type[FlatVectorIndex | FlatHashIndex]) -> None:
    with pytest.raises(SnapshotError, match=r"gone\.faiss"):
        kind.load(tmp_path / "gone.faiss")


def test_a_stored_vector_can_be_read_back() -> None:
    vectors = np.eye(3, 8, dtype=np.float32)
    index = FlatVectorIndex.of(vectors)
    assert index.dim == 8
    assert np.array_equal(index.vector(2), vectors[2])
