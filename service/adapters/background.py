"""Work that nobody waits for, in this process: a bounded queue before a few threads."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import structlog

from service.domain.errors import Overloaded

log = structlog.get_logger()


class BackgroundWork:
    """Runs jobs in order of arrival; refuses when too many wait."""

    def __init__(self, workers: int, max_waiting: int) -> None:
        """Start `workers` threads; `max_waiting` jobs may wait."""
        self._jobs: queue.Queue[Callable[[], None] | None] = queue.Queue(maxsize=max_waiting)
        self._threads = [
            threading.Thread(target=self._work, name=f"background-{n}", daemon=True) for n in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def check(self) -> None:
        """Raise Overloaded while too many jobs wait: to be asked before anything is promised."""
        if self._jobs.full():
            raise Overloaded("too many uploads are waiting; try again later")

    def submit(self, job: Callable[[], None]) -> None:
        """Take a job; waits for room where check() was passed by several callers at once."""
        self._jobs.put(job)

    def close(self) -> None:
        """Finish what waits, then stop."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            # A failed job must not take the worker with it.
            except Exception:
                log.exception("background_job_failed")
