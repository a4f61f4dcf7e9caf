"""Indexes: what FAISS cannot read is said plainly, and changes in force give what an index built anew would."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import SnapshotError
from indexer.index.flat import FlatHashIndex, FlatVectorIndex
from indexer.ports import FloatArray


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


def unit(count: int, rng: np.random.Generator) -> FloatArray:
    rows = rng.standard_normal((count, 12)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


CHANGES = given(st.integers(0, 30), st.integers(0, 12), st.integers(1, 50), st.floats(0, 1), st.integers(0, 1000))


@CHANGES
def test_vectors_with_dead_rows_and_a_tail_are_searched_as_those_left_over(
    own: int, added: int, top: int, share: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    stored, tail, asked = unit(own, rng), unit(added, rng), unit(3, rng)
    dead = rng.random(own) < share
    index = FlatVectorIndex.of(stored).with_tail(FlatVectorIndex.of(tail)).without(dead)
    left = np.flatnonzero(np.concatenate([~dead, np.ones(added, bool)]))
    every = asked @ np.concatenate([stored, tail])[left].T
    similarities, rows = index.search(asked, top)
    assert len(index) == len(left)
    assert similarities.shape == rows.shape == (3, min(top, len(left)))
    assert set(rows.ravel().tolist()) <= set(left.tolist())
    assert all(len(set(found)) == len(found) for found in rows.tolist())
    assert np.allclose(similarities, -np.sort(-every, axis=1)[:, :top], atol=1e-5)
    for query, found, values in zip(asked, rows, similarities, strict=True):
        assert np.allclose([query @ index.vector(row) for row in found.tolist()], values, atol=1e-5)


@CHANGES
def test_hashes_with_dead_rows_and_a_tail_are_searched_as_those_left_over(
    own: int, added: int, top: int, share: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    stored, tail, asked = (rng.integers(0, 256, (count, 8), dtype=np.uint8) for count in (own, added, 3))
    dead = rng.random(own) < share
    index = FlatHashIndex.of(stored).without(dead).with_tail(FlatHashIndex.of(tail))
    left = np.flatnonzero(np.concatenate([~dead, np.ones(added, bool)]))
    every = np.unpackbits(asked[:, None, :] ^ np.concatenate([stored, tail])[left][None], axis=2).sum(axis=2)
    distances, rows = index.search(asked, top)
    assert len(index) == len(left)
    assert set(rows.ravel().tolist()) <= set(left.tolist())
    assert np.array_equal(distances, np.sort(every, axis=1)[:, :top])
    places = np.searchsorted(left, rows)
    assert np.array_equal(np.take_along_axis(every, places, axis=1), distances)


VECTORS = FlatVectorIndex.of(np.eye(4, 8, dtype=np.float32))
HASHES = FlatHashIndex.of(np.eye(4, 8, dtype=np.uint8))
ONE_GONE = np.asarray([True, False, False, False])


@pytest.mark.parametrize(
    "changed",
    [VECTORS.without(ONE_GONE), VECTORS.with_tail(VECTORS), HASHES.without(ONE_GONE), HASHES.with_tail(HASHES)],
)
def test_an_index_that_was_changed_is_not_written(tmp_path: Path, changed: FlatVectorIndex | FlatHashIndex) -> None:
    with pytest.raises(SnapshotError, match=r"odd\.faiss: .* changed in force"):
        changed.save(tmp_path / "odd.faiss")


def test_an_index_that_lost_nothing_is_written(tmp_path: Path) -> None:
    VECTORS.without(~ONE_GONE & ONE_GONE).save(tmp_path / "whole.faiss")
    assert len(FlatVectorIndex.load(tmp_path / "whole.faiss")) == 4
