"""What every EmbeddingBackend keeps to: the fake, the compiled runtimes, and the queue before them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from indexer.backends.batching import BatchingBackend
from indexer.backends.runtime import OnnxRuntimeBackend, OpenVinoBackend
from indexer.model import ModelSpec
from indexer.ports import EmbeddingBackend, FloatArray
from tests.conftest import EmbeddedModel
from tests.fakes import TINY_SPEC, TinyBackend


class EmbeddingBackendContract:
    """Subclasses give the fixtures `backend` and `spec`."""

    @pytest.fixture
    def pixels(self, spec: ModelSpec) -> FloatArray:
        shape = (5, 3, spec.image_size, spec.image_size)
        return np.random.default_rng(1).standard_normal(shape, dtype=np.float32)

    def test_every_picture_gives_one_row_of_the_models_width(
        self, backend: EmbeddingBackend, spec: ModelSpec, pixels: FloatArray
    ) -> None:
        vectors = backend.embed(pixels)
        assert vectors.shape == (len(pixels), spec.embed_dim)
        assert vectors.dtype == np.float32

    def test_rows_have_length_one(self, backend: EmbeddingBackend, pixels: FloatArray) -> None:
        assert np.allclose(np.linalg.norm(backend.embed(pixels), axis=1), 1.0, atol=1e-5)

    def test_the_same_picture_gives_the_same_row(self, backend: EmbeddingBackend, pixels: FloatArray) -> None:
        assert np.allclose(backend.embed(pixels), backend.embed(pixels.copy()), atol=1e-6)

    def test_a_row_does_not_depend_on_the_pictures_beside_it(
        self, backend: EmbeddingBackend, pixels: FloatArray
    ) -> None:
        together = backend.embed(pixels)
        for number in range(len(pixels)):
            alone = backend.embed(pixels[number : number + 1])
            assert np.allclose(alone[0], together[number], atol=1e-4)

    def test_rows_come_in_the_order_of_the_pictures(self, backend: EmbeddingBackend, pixels: FloatArray) -> None:
        backwards = backend.embed(np.ascontiguousarray(pixels[::-1]))
        assert np.allclose(backwards[::-1], backend.embed(pixels), atol=1e-4)

    def test_more_pictures_than_a_batch_are_all_embedded(self, backend: EmbeddingBackend, pixels: FloatArray) -> None:
        many = np.concatenate([pixels] * 4)
        assert np.allclose(backend.embed(many), np.concatenate([backend.embed(pixels)] * 4), atol=1e-4)

    def test_what_was_given_is_not_changed(self, backend: EmbeddingBackend, pixels: FloatArray) -> None:
        before = pixels.copy()
        backend.embed(pixels)
        assert np.array_equal(pixels, before)

    def test_threads_get_their_own_rows(self, backend: EmbeddingBackend, pixels: FloatArray) -> None:
        wanted = backend.embed(pixels)
        work = list(range(len(pixels))) * 4
        with ThreadPoolExecutor(4) as pool:
            rows = list(pool.map(lambda number: backend.embed(pixels[number : number + 1])[0], work))
        for number, row in zip(work, rows, strict=True):
            assert np.allclose(row, wanted[number], atol=1e-4)


class TestTinyBackend(EmbeddingBackendContract):
    @pytest.fixture
    def spec(self) -> ModelSpec:
        return TINY_SPEC

    @pytest.fixture
    def backend(self) -> EmbeddingBackend:
        return TinyBackend()


class TestBatchingBackend(EmbeddingBackendContract):
    @pytest.fixture
    def spec(self) -> ModelSpec:
        return TINY_SPEC

    @pytest.fixture
    def backend(self) -> Iterator[EmbeddingBackend]:
        backend = BatchingBackend(TinyBackend())
        yield backend
        backend.close()


class TestOnnxRuntimeBackend(EmbeddingBackendContract):
    @pytest.fixture
    def spec(self, embedded_model: EmbeddedModel) -> ModelSpec:
        return embedded_model.spec

    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls, embedded_model: EmbeddedModel) -> EmbeddingBackend:
        return OnnxRuntimeBackend(embedded_model.path, 2)


class TestOpenVinoBackend(EmbeddingBackendContract):
    @pytest.fixture
    def spec(self, embedded_model: EmbeddedModel) -> ModelSpec:
        return embedded_model.spec

    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls, embedded_model: EmbeddedModel) -> EmbeddingBackend:
        return OpenVinoBackend(embedded_model.path, 2)
