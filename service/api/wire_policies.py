"""The shapes of policies and replays over HTTP."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from service.api.wire import Text
from service.usecases.workbench import Workbench

Verdict = Literal["block", "review", "allow"]


class _Exact(BaseModel):
    """A body in which a misspelt field is a fault, not something to pass over."""

    model_config = ConfigDict(extra="forbid")


class NewPolicy(_Exact):
    """A policy to put in force: the tables of policy.toml, and why.

    With `based_on`, the version that it was compared with, it is refused where another one is in force by then.
    """

    content: dict[str, Any]
    note: str
    based_on: str | None = Field(None, max_length=64)


class ReplayQuery(_Exact):
    """A policy to try on the latest screenings."""

    content: dict[str, Any]
    last: int = Field(1_000, ge=Workbench.FEWEST, le=Workbench.MOST)


class ChangeAnswer(BaseModel):
    """A line by which a policy differs from the one before; null where one of them has it not."""

    line: str
    before: float | str | None
    after: float | str | None


class PolicyAnswer(BaseModel):
    """A version; `published` is null for the one that the service began with."""

    version: str
    content: dict[str, Any]
    note: str
    published: str | None
    published_by: str | None
    changed: list[ChangeAnswer]


class PolicyList(BaseModel):
    """The version in force, and all versions, newest first."""

    in_force: str
    policies: list[PolicyAnswer]


class MoveAnswer(BaseModel):
    """How many screenings have one verdict under the policy in force, and the other under the draft."""

    before: Verdict
    after: Verdict
    screenings: int


class GroundMoved(BaseModel):
    """A ground that comes or goes."""

    code: str
    asks_for: Verdict
    reference_set: str | None
    explanation: Text


class ScreeningMoved(BaseModel):
    """A screening whose verdict would change."""

    screening_id: str
    case_id: str | None
    platform: str
    external_id: str
    before: Verdict
    after: Verdict
    new_grounds: list[GroundMoved]
    gone_grounds: list[GroundMoved]
    decision: Literal["uphold", "dismiss"] | None


class SetMovedAnswer(BaseModel):
    """How many screenings would be judged more strictly, or more leniently, about a reference set."""

    reference_set: str
    stricter: int
    laxer: int


class StandAnswer(BaseModel):
    """How often a policy does what moderators decided, leaves it to a person, or does the opposite."""

    agrees: int
    asks: int
    contradicts: int


class DecisionsMoved(BaseModel):
    """The same under both policies, and for how many decided cases it gets better or worse."""

    before: StandAnswer
    after: StandAnswer
    closer: int
    further: int


class ReplayAnswer(BaseModel):
    """What a draft would change among the latest screenings.

    `cannot_be_replayed` counts those that are older than the record, or whose record cannot be read. `not_shown` names
    changed lines whose effect a replay cannot show.
    """

    version: str
    against: str
    asked: int
    replayed: int
    cannot_be_replayed: int
    since: str | None
    verdicts: list[MoveAnswer]
    other_grounds: int
    moved: list[ScreeningMoved]
    reference_sets: list[SetMovedAnswer]
    decisions: DecisionsMoved
    not_shown: list[str]
