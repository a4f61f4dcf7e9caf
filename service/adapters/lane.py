"""A lane: one thread for long work that must not slow what people wait for."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger()
_NICEST = 19


class Lane:
    """Does a job again and again in a thread of the lowest priority, when woken and every so often.

    The job is told whether to go on, and says whether there is more to do at once.
    """

    def __init__(self, name: str, seconds: float, job: Callable[[Callable[[], bool]], bool]) -> None:
        self._seconds = seconds
        self._job = job
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once whether there is anything to do."""
        self._wake.set()

    def close(self) -> None:
        """Stop at the next step of the job."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        # Linux knows the priority of each thread by its own id.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICEST)
        while not self._stop.is_set():
            self._wake.clear()
            more = False
            try:
                more = self._job(lambda: not self._stop.is_set())
            # The lane must outlive every failure of its job.
            except Exception:
                log.exception("lane_failed", lane=self._thread.name)
            if not more:
                self._wake.wait(self._seconds)
