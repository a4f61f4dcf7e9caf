"""A bounded queue before a backend: requests that come together are embedded together.

One worker thread takes what is waiting, up to a batch, and answers each caller. A batch that fails is tried again
picture group by picture group, so that one caller's bad input never fails another's. When too much waits, new work is
refused at once (EmbeddingQueueFull) rather than kept waiting without end.
"""

from __future__ import annotations

import queue
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np

from indexer.errors import EmbeddingQueueFull
from indexer.ports import EmbeddingBackend, FloatArray

BATCH = 8
"""Pictures a batch: on CPUs larger ones are slower a picture."""


@dataclass(frozen=True, slots=True)
class _Job:
    pixels: FloatArray
    answer: Future[FloatArray] = field(default_factory=Future)


class BatchingBackend:
    """An EmbeddingBackend that batches the calls of several threads.

    Its worker ends with close(), or by itself when nobody holds this object any more: an index that was replaced is
    dropped by its last user and takes its queue along.
    """

    def __init__(self, backend: EmbeddingBackend, max_waiting: int = 64) -> None:
        """Wrap a backend; `max_waiting` is the number of calls that may wait."""
        self._jobs: queue.Queue[_Job | None] = queue.Queue(maxsize=max_waiting)
        worker = threading.Thread(target=_work, args=(self._jobs, backend), name="embedding", daemon=True)
        worker.start()
        self._closing = threading.Lock()
        self._end = weakref.finalize(self, self._jobs.put, None)
        self._worker = worker

    def embed(self, pixels: FloatArray) -> FloatArray:
        """Embed (n, 3, side, side) in groups of BATCH; raises EmbeddingQueueFull when too much waits."""
        jobs = [_Job(pixels[start : start + BATCH]) for start in range(0, len(pixels), BATCH)]
        for job in jobs:
            self._submit(job)
        return np.concatenate([job.answer.result() for job in jobs])

    def close(self) -> None:
        """Let the worker finish what waits, then end it; nothing may be submitted afterwards."""
        with self._closing:
            self._end()
        self._worker.join()

    def _submit(self, job: _Job) -> None:
        # Under the lock nothing is put behind the end, where nobody would answer it.
        with self._closing:
            if not self._end.alive:
                raise EmbeddingQueueFull("the embedding queue is closed")
            try:
                self._jobs.put_nowait(job)
            except queue.Full:
                raise EmbeddingQueueFull("too many pictures are waiting to be embedded; try again later") from None


def _work(jobs: queue.Queue[_Job | None], backend: EmbeddingBackend) -> None:
    for batch in _batches(jobs):
        _run(batch, backend)


def _batches(jobs: queue.Queue[_Job | None]) -> Iterator[list[_Job]]:
    """Yield jobs in order of arrival, BATCH pictures at most together, until the end is signalled by None."""
    batch: list[_Job] = []
    while True:
        try:
            # Wait with empty hands only: what has been taken goes to the model as soon as nothing else is there.
            job = jobs.get(block=not batch)
        except queue.Empty:
            yield batch
            batch = []
            continue
        if batch and (job is None or sum(len(item.pixels) for item in batch) + len(job.pixels) > BATCH):
            yield batch
            batch = []
        if job is None:
            return
        batch.append(job)


def _run(batch: list[_Job], backend: EmbeddingBackend) -> None:
    try:
        vectors = backend.embed(np.concatenate([job.pixels for job in batch]))
    # Whatever happens to one batch, the worker must live and every caller must hear of it.
    except BaseException as error:  # noqa: BLE001
        if len(batch) == 1:
            batch[0].answer.set_exception(error)
        else:
            for job in batch:
                _run([job], backend)
        return
    start = 0
    for job in batch:
        job.answer.set_result(vectors[start : start + len(job.pixels)])
        start += len(job.pixels)
