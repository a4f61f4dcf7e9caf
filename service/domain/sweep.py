"""Sweeps: looking through everything screened before for what matches reference sets now.

waiting ──> running ──> finished
   └───────────┴──────> cancelled          running ──> failed

A process that dies leaves its sweep running; another, or the same one started again, goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from service.domain.measure import Standing
from service.domain.verdict import Outcome


class SweepState(StrEnum):
    """Where a sweep stands."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"


OVER = frozenset({SweepState.FINISHED, SweepState.CANCELLED, SweepState.FAILED})
"""The states that a sweep does not leave."""


class Phase(StrEnum):
    """What a running sweep looks at: first the uploads with a picture that is near, then texts and LoRAs of all."""

    PICTURES = "pictures"
    RECORDS = "records"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sweep is: `place` is the id of the last screening looked at in its phase, empty at its beginning.

    `done` of `total` screenings were looked at in this phase. `not_compared` counts pictures whose vectors are of
    another model and of which nothing was kept to embed them again; `unreadable` the records that could not be read.
    """

    phase: Phase = Phase.PICTURES
    place: str = ""
    done: int = 0
    total: int = 0
    not_compared: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class Sweep:
    """One sweep. `because` names what asked for it, such as `notice:<id>`; None where a person did. Times are in UTC.

    `hits` counts the screenings that now match.
    """

    id: str
    reference_sets: tuple[str, ...]
    because: str | None
    by: str
    created: datetime
    state: SweepState = SweepState.WAITING
    started: datetime | None = None
    ended: datetime | None = None
    progress: Progress = Progress()
    hits: int = 0
    problem: str = ""

    @property
    def reason(self) -> str:
        """What a measure of this sweep follows from."""
        return self.because or f"sweep:{self.id}"


@dataclass(frozen=True, slots=True)
class SweepHit:
    """A screening that matches now, and what decide() makes of it today.

    `asks_for` is the strictest outcome of the grounds of the swept sets: `allow` where a licence covers what was found,
    or the use is private; `verdict` is that of the whole upload. `said` was the verdict then. `grounds` and `evidence`
    are JSON as in answers, of the swept sets alone.
    """

    screening_id: str
    platform: str
    external_id: str
    uploader: str | None
    screened: datetime
    said: str
    verdict: Outcome
    asks_for: Outcome
    reference_sets: tuple[str, ...]
    licence: str | None
    grounds: tuple[Mapping[str, Any], ...]
    evidence: tuple[Mapping[str, Any], ...]
    standing: Standing = Standing.PUBLISHED

    @property
    def upload(self) -> tuple[str, str]:
        """The upload: its platform, and what that calls it."""
        return self.platform, self.external_id


@dataclass(frozen=True, slots=True)
class Proposal:
    """A set that should be swept for: `why` is `never_swept`, `changed` or `upheld`; `since` is when that happened."""

    reference_set: str
    why: str
    since: datetime
