"""What every VectorIndex and HashIndex keeps to: the answers of a plain comparison with everything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.index.flat import FlatHashIndex, FlatVectorIndex
from indexer.ports import ByteArray, FloatArray, HashIndex, VectorIndex

DIM, BYTES = 24, 32
# A contract is one test run by several classes; nothing is replayed from one to another.
INHERITED = settings(suppress_health_check=[HealthCheck.differing_executors])


def unit(count: int, seed: int) -> FloatArray:
    rows = np.random.default_rng(seed).standard_normal((count, DIM)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def hashes(count: int, seed: int) -> ByteArray:
    return np.random.default_rng(seed).integers(0, 256, (count, BYTES), dtype=np.uint8)


class VectorIndexContract:
    """Subclasses give the fixture `make`: vectors to an index."""

    @INHERITED
    @given(st.integers(1, 60), st.integers(1, 5), st.integers(1, 70), st.integers(0, 1000))
    def test_it_finds_what_comparing_with_everything_finds(
        self, make: Callable[[FloatArray], VectorIndex], count: int, queries: int, top: int, seed: int
    ) -> None:
        stored, asked = unit(count, seed), unit(queries, seed + 1)
        similarities, rows = make(stored).search(asked, top)
        every = asked @ stored.T
        assert similarities.shape == rows.shape == (queries, min(top, count))
        assert np.allclose(similarities, -np.sort(-every, axis=1)[:, :top], atol=1e-5)
        assert np.allclose(np.take_along_axis(every, rows, axis=1), similarities, atol=1e-5)
        assert all(len(set(found)) == len(found) for found in rows.tolist())

    def test_an_index_of_one_vector_finds_it(self, make: Callable[[FloatArray], VectorIndex]) -> None:
        stored = unit(1, 0)
        similarities, rows = make(stored).search(stored, 64)
        assert rows.tolist() == [[0]]
        assert np.allclose(similarities, 1.0)

    def test_an_empty_index_finds_nothing(self, make: Callable[[FloatArray], VectorIndex]) -> None:
        index = make(unit(0, 0))
        similarities, rows = index.search(unit(3, 1), 5)
        assert len(index) == 0
        assert similarities.shape == rows.shape == (3, 0)

    def test_no_query_gives_no_answer(self, make: Callable[[FloatArray], VectorIndex]) -> None:
        similarities, rows = make(unit(4, 0)).search(unit(0, 1), 5)
        assert len(similarities) == len(rows) == 0

    def test_it_counts_what_it_stores(self, make: Callable[[FloatArray], VectorIndex]) -> None:
        assert len(make(unit(17, 0))) == 17


class HashIndexContract:
    """Subclasses give the fixture `make`: hashes to an index."""

    @INHERITED
    @given(st.integers(1, 60), st.integers(1, 5), st.integers(1, 70), st.integers(0, 1000))
    def test_it_finds_what_comparing_with_everything_finds(
        self, make: Callable[[ByteArray], HashIndex], count: int, queries: int, top: int, seed: int
    ) -> None:
        stored, asked = hashes(count, seed), hashes(queries, seed + 1)
        distances, rows = make(stored).search(asked, top)
        every = np.unpackbits(asked[:, None, :] ^ stored[None], axis=2).sum(axis=2)
        assert distances.shape == rows.shape == (queries, min(top, count))
        assert np.array_equal(distances, np.sort(every, axis=1)[:, :top])
        assert np.array_equal(np.take_along_axis(every, rows, axis=1), distances)
        assert all(len(set(found)) == len(found) for found in rows.tolist())

    def test_an_index_of_one_hash_finds_it(self, make: Callable[[ByteArray], HashIndex]) -> None:
        distances, rows = make(hashes(1, 0)).search(hashes(1, 0), 8)
        assert (distances.tolist(), rows.tolist()) == ([[0]], [[0]])

    def test_the_opposite_is_as_far_as_can_be(self, make: Callable[[ByteArray], HashIndex]) -> None:
        distances, _ = make(hashes(1, 0)).search(~hashes(1, 0), 8)
        assert distances.tolist() == [[BYTES * 8]]

    def test_an_empty_index_finds_nothing(self, make: Callable[[ByteArray], HashIndex]) -> None:
        index = make(hashes(0, 0))
        distances, rows = index.search(hashes(3, 1), 5)
        assert len(index) == 0
        assert distances.shape == rows.shape == (3, 0)

    def test_no_query_gives_no_answer(self, make: Callable[[ByteArray], HashIndex]) -> None:
        distances, rows = make(hashes(4, 0)).search(hashes(0, 1), 5)
        assert len(distances) == len(rows) == 0

    def test_it_counts_what_it_stores(self, make: Callable[[ByteArray], HashIndex]) -> None:
        assert len(make(hashes(17, 0))) == 17


class TestFlatVectorIndex(VectorIndexContract):
    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Callable[[FloatArray], VectorIndex]:
        return FlatVectorIndex.of


class TestSavedFlatVectorIndex(VectorIndexContract):
    @pytest.fixture(scope="class")
    @classmethod
    def make(cls, tmp_path_factory: pytest.TempPathFactory) -> Callable[[FloatArray], VectorIndex]:
        path: Path = tmp_path_factory.mktemp("index") / "vectors.faiss"

        def saved(vectors: FloatArray) -> VectorIndex:
            FlatVectorIndex.of(vectors).save(path)
            return FlatVectorIndex.load(path)

        return saved


class TestFlatHashIndex(HashIndexContract):
    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Callable[[ByteArray], HashIndex]:
        return FlatHashIndex.of


class TestSavedFlatHashIndex(HashIndexContract):
    @pytest.fixture(scope="class")
    @classmethod
    def make(cls, tmp_path_factory: pytest.TempPathFactory) -> Callable[[ByteArray], HashIndex]:
        path: Path = tmp_path_factory.mktemp("index") / "hashes.faiss"

        def saved(rows: ByteArray) -> HashIndex:
            FlatHashIndex.of(rows).save(path)
            return FlatHashIndex.load(path)

        return saved
