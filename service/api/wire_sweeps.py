"""The shapes of sweeps and measures over HTTP."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from service.api.wire import EvidenceAnswer, Text
from service.domain.measure import MeasureKind, Standing
from service.domain.sweep import Phase, SweepState

Outcome = Literal["block", "review", "allow"]


class _Exact(BaseModel):
    """A body in which a misspelt field is a fault, not something to pass over."""

    model_config = ConfigDict(extra="forbid")


class NewSweep(_Exact):
    """The reference sets to look for."""

    reference_sets: list[str] = Field(min_length=1, max_length=100)


class UploadName(_Exact):
    """An upload: its platform, and what that calls it."""

    platform: str = Field(max_length=64)
    external_id: str = Field(max_length=512)


class NewMeasures(_Exact):
    """What is to be done, and to which uploads: some, or `all` that ask for it."""

    kind: MeasureKind
    uploads: list[UploadName] | Literal["all"]


class SweepAnswer(BaseModel):
    """A sweep. `done` of `total` screenings were looked at in its phase; `hits` are counted by what they ask for.

    `not_compared` counts pictures that cannot be compared any more, and `unreadable` records that could not be read.
    """

    id: str
    reference_sets: list[str]
    because: str | None
    by: str
    created: str
    state: SweepState
    started: str | None
    ended: str | None
    phase: Phase
    done: int
    total: int
    not_compared: int
    unreadable: int
    hits: dict[Outcome, int]
    problem: str


class HitAnswer(BaseModel):
    """An upload that matches now. `said` was its verdict; `verdict` is today's, and `asks_for` that of the swept sets.

    What asks for `allow` is licensed, or private.
    """

    screening_id: str
    platform: str
    external_id: str
    uploader: str | None
    screened: str
    said: str
    verdict: Outcome
    asks_for: Outcome
    standing: Standing
    reference_sets: list[str]
    licence: str | None
    grounds: list[dict[str, Any]]
    evidence: list[EvidenceAnswer]


class SweepDetail(SweepAnswer):
    """A sweep with a page of what it found; `next_cursor` is null on the last page."""

    found: list[HitAnswer]
    next_cursor: str | None


class SweepList(BaseModel):
    """Sweeps, newest first."""

    sweeps: list[SweepAnswer]


class ProposalAnswer(BaseModel):
    """A set that should be swept for, why, and since when."""

    reference_set: str
    why: Literal["never_swept", "changed", "upheld"]
    since: str


class ProposalList(BaseModel):
    """Proposals, by set."""

    proposals: list[ProposalAnswer]


class MeasureAnswer(BaseModel):
    """A measure against an upload. It is in force until it is `ended`; `confirmed` is when the platform had done it."""

    id: str
    kind: MeasureKind
    screening_id: str
    platform: str
    external_id: str
    uploader: str | None
    reference_sets: list[str]
    because: str
    taken: str
    statement: Text
    confirmed: str | None
    ended: str | None
    ended_because: str | None


class MeasureList(BaseModel):
    """Measures in the order in which they came."""

    measures: list[MeasureAnswer]
