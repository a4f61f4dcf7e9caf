"""Sending messages while the service runs: one thread takes what is due, a few send it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import structlog

from service.ports.messages import Leased

log = structlog.get_logger()

WORKERS = 8
_OF_ONE_ENDPOINT = 4


class Dispatching(Protocol):
    """What is done with messages: `usecases.messages.Dispatch`."""

    def place(self) -> int:
        """Make the deliveries of new messages."""
        ...

    def take(self, most: int, *, but_not: Collection[str] = ()) -> list[Leased]:
        """Lease what is due, but for some endpoints."""
        ...

    def deliver(self, leased: Leased) -> object:
        """Attempt a delivery, and note what came of it."""
        ...


class Dispatcher:
    """Keeps messages going; an endpoint that hangs holds half of the workers at most."""

    def __init__(self, dispatch: Dispatching, seconds: float = 1.0) -> None:
        """Look for messages every `seconds`; start() begins."""
        self._dispatch = dispatch
        self._seconds = seconds
        self._pool = ThreadPoolExecutor(WORKERS, "webhooks")
        self._busy: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="messages", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop when what is being sent is sent."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown()

    def _work(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                self._dispatch.place()
                self._send_due()
            # A database that cannot be asked now can be asked in a second.
            except Exception:
                log.exception("dispatch_failed")
            self._wake.wait(self._seconds)

    def _send_due(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                free = WORKERS - self._busy.total()
                full = [endpoint_id for endpoint_id, count in self._busy.items() if count >= _OF_ONE_ENDPOINT]
            if free <= 0:
                return
            # As many as one endpoint may have: they may all be of one.
            taken = self._dispatch.take(min(free, _OF_ONE_ENDPOINT), but_not=full)
            if not taken:
                return
            for leased in taken:
                with self._lock:
                    self._busy[leased.endpoint.id] += 1
                self._pool.submit(self._send, leased, self._dispatch.deliver)

    def _send(self, leased: Leased, deliver: Callable[[Leased], object]) -> None:
        try:
            deliver(leased)
        # The lease runs out, and it is tried again.
        except Exception:
            log.exception("delivery_failed", delivery=leased.delivery.id)
        finally:
            with self._lock:
                self._busy[leased.endpoint.id] -= 1
            self._wake.set()
