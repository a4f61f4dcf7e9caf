"""What the review of cases needs: the queue, the cases themselves, and what was dismissed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from service.domain.case import Case, CaseState, Decision


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What part of the queue to show; empty fields narrow nothing. `older_than` counts from when a case was opened."""

    state: CaseState = CaseState.OPEN
    platform: str | None = None
    reference_set: str | None = None
    stage: str | None = None
    kind: str | None = None
    uploader: str | None = None
    older_than: datetime | None = None
    unclaimed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class QueuePage:
    """Some cases in the order of the queue, and where the next page begins."""

    cases: tuple[Case, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Counters:
    """How many cases wait, are escalated, are being looked at, and were decided since a time.

    `by` counts the open ones by `platform`, `stage`, `set` and `kind`: the commonest twenty values of each.
    """

    open: int
    escalated: int
    claimed: int
    decided: int
    oldest: datetime | None
    by: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


class CaseQueue(Protocol):
    """Lists cases."""

    def page(self, wanted: QueueFilter, *, order: str = "priority", cursor: str | None, most: int) -> QueuePage:
        """Return a page, by `priority`, `oldest` or `newest`. Raises InvalidFields for a cursor that is not ours."""
        ...

    def counters(self, now: datetime, since: datetime) -> Counters:
        """Count."""
        ...

    def of_screenings(self, screening_ids: list[str]) -> Mapping[str, Case]:
        """Return the cases of some screenings, by screening."""
        ...

    def related(self, case: Case, most: int) -> list[Case]:
        """Return other cases of the same reference sets, newest first."""
        ...


class Cases(Protocol):
    """Keeps cases. Every change is one transaction with its audit entry, and only one of two racing callers wins."""

    def get(self, case_id: str) -> Case | None:
        """Return a case with the decision in force."""
        ...

    def claim(self, case_id: str, who: str, now: datetime, until: datetime) -> bool:
        """Give a case to somebody until a time, or renew it; tell whether it was free or theirs, and not decided."""
        ...

    def release(self, case_id: str, who: str, now: datetime) -> bool:
        """Give a case back; tell whether it was theirs."""
        ...

    def decide(self, case_id: str, decision: Decision, state: CaseState) -> bool:
        """Put a decision and the state it leads to, where `decision.by` holds the claim; tell whether it did."""
        ...

    def undo(self, case_id: str, who: str, now: datetime) -> bool:
        """Take back the decision in force, where it is theirs and not final; the case is theirs again."""
        ...


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often people agreed with automatic verdicts of a kind, in second looks that were decided.

    `kind` is a kind of evidence, None for all uploads of the verdict.
    """

    verdict: str
    kind: str | None
    confirmed: int
    looked_at: int


class CaseHistory(Protocol):
    """What happens to a case after its decision, and what came before."""

    def decisions(self, case_id: str) -> list[Decision]:
        """Return all decisions of a case, also those taken back, oldest first."""
        ...

    def appeal(self, case_id: str, text: str, who: str, now: datetime) -> bool:
        """Open a decided case again; tell whether it was decided, finally, and not appealed before."""
        ...

    def decided_between(self, since: datetime, until: datetime) -> list[Case]:
        """Return what was decided in a time, for reports."""
        ...

    def agreement(self, most: int = 500) -> list[Agreement]:
        """Compare the decisions of the latest `most` second looks with the verdicts.

        They come by verdict, then kind, that of all kinds first.
        """
        ...


@dataclass(frozen=True, slots=True)
class ControlPicture:
    """A picture of a dismissed case that calibration may count as unrelated, once another person agreed."""

    sha256: str
    case_id: str
    style: str
    proposed: datetime
    proposed_by: str
    confirmed_by: str | None = None


class ControlPictures(Protocol):
    """Keeps pictures that were dismissed. They count only while the case they come from stands dismissed."""

    def propose(self, pictures: list[ControlPicture]) -> None:
        """Note pictures of one case; those known already stay as they are."""
        ...

    def waiting(self) -> list[ControlPicture]:
        """Return those that nobody confirmed or refused yet, oldest first, a thousand at most."""
        ...

    def judge(self, sha256: str, who: str, now: datetime, *, confirm: bool) -> bool:
        """Confirm or refuse a picture; whoever proposed it may not confirm it. Tell whether it was done."""
        ...

    def confirmed(self) -> list[ControlPicture]:
        """Return those that count."""
        ...
