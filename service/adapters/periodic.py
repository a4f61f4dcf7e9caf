"""Work that is due from time to time, in a thread of its own: housekeeping, not jobs that anybody waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import structlog

log = structlog.get_logger()


class Periodically:
    """Does some jobs at once and then every so often, one after the other; one that fails is tried again next time."""

    def __init__(self, seconds: float, jobs: Mapping[str, Callable[[], object]]) -> None:
        """Prepare `jobs`, by name; start() begins."""
        self._seconds = seconds
        self._jobs = jobs
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="periodic", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop after the job that is being done."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        while not self._stop.is_set():
            for name, job in self._jobs.items():
                try:
                    job()
                # Housekeeping must outlive every failure of it.
                except Exception:
                    log.exception("periodic_job_failed", job=name)
            self._stop.wait(self._seconds)
