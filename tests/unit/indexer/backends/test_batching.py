"""The queue before a backend: fair to every caller, bounded, and gone with its owner."""

from __future__ import annotations

import gc
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest

from indexer.backends.batching import BATCH, BatchingBackend
from indexer.errors import EmbeddingQueueFull
from indexer.ports import FloatArray
from tests.fakes import POISON, HeldBackend, TinyBackend, tiny_pixels


def wait_until(condition: object, seconds: float = 10.0) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def waiting(backend: BatchingBackend) -> int:
    return backend._jobs.qsize()


def test_many_threads_each_get_their_own_rows() -> None:
    backend, plain = BatchingBackend(TinyBackend()), TinyBackend()
    inputs = [tiny_pixels(1 + seed % 12, seed) for seed in range(60)]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(backend.embed, inputs))
    for pixels, answer in zip(inputs, answers, strict=True):
        assert np.array_equal(answer, plain.embed(pixels))
    backend.close()


def test_calls_that_come_together_are_embedded_together() -> None:
    held = HeldBackend()
    backend = BatchingBackend(held)
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(backend.embed, tiny_pixels(1))
        held.entered.wait(10)
        others = [pool.submit(backend.embed, tiny_pixels(2, seed)) for seed in range(4)]
        wait_until(lambda: waiting(backend) == 4)
        held.release.set()
        assert all(len(call.result(10)) for call in (first, *others))
    assert held.calls == [1, BATCH]
    backend.close()


def test_no_batch_is_larger_than_allowed() -> None:
    inner = TinyBackend()
    backend = BatchingBackend(inner)
    backend.embed(tiny_pixels(3 * BATCH + 1))
    assert sum(inner.calls) == 3 * BATCH + 1
    assert max(inner.calls) <= BATCH
    backend.close()


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(np.full((1, 3, 16, 16), POISON, dtype=np.float32), id="the model fails on it"),
        pytest.param(np.zeros((1, 3, 4, 4), dtype=np.float32), id="another shape"),
    ],
)
def test_a_failing_input_fails_only_its_caller(bad: FloatArray) -> None:
    held = HeldBackend()
    backend = BatchingBackend(held)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(backend.embed, tiny_pixels(1))
        held.entered.wait(10)
        good = [pool.submit(backend.embed, tiny_pixels(2, seed)) for seed in (1, 2)]
        failing = pool.submit(backend.embed, bad)
        wait_until(lambda: waiting(backend) == 3)
        held.release.set()
        with pytest.raises(ValueError, match=r"poisoned|matmul"):
            failing.result(10)
        assert np.array_equal(good[0].result(10), TinyBackend().embed(tiny_pixels(2, 1)))
        assert np.array_equal(good[1].result(10), TinyBackend().embed(tiny_pixels(2, 2)))
        first.result(10)
    backend.close()


def test_the_worker_outlives_a_failure() -> None:
    backend = BatchingBackend(TinyBackend())
    for _ in range(3):
        with pytest.raises(ValueError, match="poisoned"):
            backend.embed(np.full((1, 3, 16, 16), POISON, dtype=np.float32))
    assert len(backend.embed(tiny_pixels(2))) == 2
    backend.close()


def test_a_full_queue_refuses_at_once() -> None:
    held = HeldBackend()
    backend = BatchingBackend(held, max_waiting=2)
    with ThreadPoolExecutor(3) as pool:
        taken: list[Future[FloatArray]] = [pool.submit(backend.embed, tiny_pixels(BATCH))]
        held.entered.wait(10)
        taken += [pool.submit(backend.embed, tiny_pixels(BATCH)) for _ in range(2)]
        wait_until(lambda: waiting(backend) == 2)
        started = time.monotonic()
        with pytest.raises(EmbeddingQueueFull, match="try again later"):
            backend.embed(tiny_pixels(1))
        assert time.monotonic() - started < 1
        held.release.set()
        assert [len(call.result(10)) for call in taken] == [BATCH] * 3
    assert len(backend.embed(tiny_pixels(1))) == 1
    backend.close()


def test_closing_answers_what_waits_then_ends_the_worker() -> None:
    held = HeldBackend()
    backend = BatchingBackend(held)
    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(backend.embed, tiny_pixels(BATCH, 0))]
        held.entered.wait(10)
        # Not before: a worker that finds the second at once takes it off the queue and keeps it in hand.
        calls.append(pool.submit(backend.embed, tiny_pixels(BATCH, 1)))
        wait_until(lambda: waiting(backend) == 1)
        closing = pool.submit(backend.close)
        held.release.set()
        closing.result(10)
        assert [len(call.result(10)) for call in calls] == [BATCH, BATCH]
    assert not backend._worker.is_alive()


def test_a_closed_queue_refuses_and_closing_twice_does_no_harm() -> None:
    backend = BatchingBackend(TinyBackend())
    backend.close()
    backend.close()
    with pytest.raises(EmbeddingQueueFull, match="closed"):
        backend.embed(tiny_pixels(1))


def test_every_caller_hears_back_when_the_queue_closes_under_them() -> None:
    for _ in range(30):
        backend = BatchingBackend(TinyBackend())
        start = threading.Barrier(4)

        def call(backend: BatchingBackend = backend, start: threading.Barrier = start) -> int:
            start.wait(10)
            try:
                return len(backend.embed(tiny_pixels(1)))
            except EmbeddingQueueFull:
                return 0

        with ThreadPoolExecutor(3) as pool:
            calls = [pool.submit(call) for _ in range(3)]
            start.wait(10)
            backend.close()
            assert all(answer.result(10) in (0, 1) for answer in calls)


def test_dropping_the_queue_ends_its_worker() -> None:
    backend = BatchingBackend(TinyBackend())
    backend.embed(tiny_pixels(1))
    worker = backend._worker
    del backend
    gc.collect()
    worker.join(10)
    assert not worker.is_alive()
