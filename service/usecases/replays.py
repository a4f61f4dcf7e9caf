"""Replays that take too long for one request: begun in one, looked at in others, kept in this process for a while."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import structlog

from service.domain.errors import NotFound
from service.domain.identity import new_id
from service.ports import Later
from service.usecases.replaying import Replayed
from service.usecases.workbench import Workbench

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Running:
    """A replay of a draft: `done` of `last` screenings, the result at its end, or `failed`."""

    id: str
    content: Mapping[str, Any]
    last: int
    done: int = 0
    result: Replayed | None = None
    failed: bool = False


class Replays:
    """Runs replays one after the other, and remembers the latest."""

    KEPT: ClassVar = 20

    def __init__(self, workbench: Workbench, later: Later) -> None:
        self._workbench = workbench
        self._later = later
        self._known: OrderedDict[str, Running] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, content: Mapping[str, Any], last: int) -> str:
        """Begin a replay; returns its id. Raises InvalidFields as the workbench does, or Overloaded."""
        self._workbench.check(content, last)
        self._later.check()
        running = Running(new_id("rpl"), content, last)
        self._keep(running)
        self._later.submit(lambda: self._run(running))
        return running.id

    def find(self, replay_id: str) -> Running:
        """Return a replay. Raises NotFound for one of another process, or of too long ago."""
        with self._lock:
            found = self._known.get(replay_id)
        if found is None:
            raise NotFound("this replay is not known here any more; begin it again")
        return found

    def _run(self, running: Running) -> None:
        def progress(done: int) -> None:
            self._keep(replace(running, done=done))

        try:
            result = self._workbench.replay(running.content, running.last, progress)
        # Somebody is waiting for this page: whatever happens has to be told there.
        except Exception:
            log.exception("replay_failed", replay_id=running.id)
            self._keep(replace(running, failed=True))
        else:
            self._keep(replace(running, done=running.last, result=result))

    def close(self) -> None:
        """Finish what was begun, then stop."""
        self._later.close()

    def _keep(self, running: Running) -> None:
        with self._lock:
            self._known[running.id] = running
            self._known.move_to_end(running.id)
            while len(self._known) > self.KEPT:
                self._known.popitem(last=False)
