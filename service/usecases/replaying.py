"""Judging past screenings under two policies, and telling what differs.

A replay judges the facts as they were found. So it cannot tell what a changed `sample_correlation` or `evidence_at_fpr`
would have found: these two are weighed when pictures are compared, not when they are judged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from service.domain.case import Case, CaseState, DecisionKind, Origin
from service.domain.policy import Policy
from service.domain.verdict import Ground, Outcome, Verdict, decide
from service.domain.wording import Title
from service.ports import PastScreening
from service.usecases import record
from service.usecases.record import Judged

UNSEEN = ("sample_correlation", "evidence_at_fpr")
"""Lines whose change a replay cannot show."""

_STRICTNESS = {Outcome.ALLOW: 0, Outcome.REVIEW: 1, Outcome.BLOCK: 2}


@dataclass(frozen=True, slots=True)
class Moved:
    """A screening whose verdict another policy would change, with the grounds that come and go.

    `case_id` is None where it has no case, or one whose second look is not over: nobody may learn of that here.
    """

    screening_id: str
    platform: str
    external_id: str
    created: datetime
    before: Outcome
    after: Outcome
    new: tuple[Ground, ...]
    gone: tuple[Ground, ...]
    case_id: str | None
    decision: DecisionKind | None


@dataclass(frozen=True, slots=True)
class SetMoved:
    """How many screenings would be judged more strictly, or more leniently, about one reference set."""

    slug: str
    title: Title
    stricter: int
    laxer: int


@dataclass(frozen=True, slots=True)
class Stand:
    """How often a policy would have done what a moderator did, left it to a person, or done the opposite."""

    agrees: int = 0
    asks: int = 0
    contradicts: int = 0


@dataclass(frozen=True, slots=True)
class Decisions:
    """What both policies say of the decided cases; `closer` and `further` count those whose place changes."""

    before: Stand
    after: Stand
    closer: int
    further: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """What would change. `matrix` counts screenings by the verdict under the policy in force, and under the draft.

    `other_grounds` counts those that keep their verdict on other grounds. `unreadable` could not be replayed: they are
    older than the record, or what was recorded cannot be read. `since` is the time of the oldest. `unseen` are changed
    lines that a replay cannot show.
    """

    version: str
    against: str
    asked: int
    replayed: int
    unreadable: int
    since: datetime | None
    matrix: Mapping[tuple[Outcome, Outcome], int]
    other_grounds: int
    moved: tuple[Moved, ...]
    sets: tuple[SetMoved, ...]
    decisions: Decisions
    unseen: tuple[str, ...] = ()


@dataclass
class Tally:
    """Counts screenings one after the other."""

    now: Policy
    draft: Policy
    replayed: int = 0
    unreadable: int = 0
    since: datetime | None = None
    _matrix: Counter[tuple[Outcome, Outcome]] = field(default_factory=Counter)
    _other_grounds: int = 0
    _moved: list[Moved] = field(default_factory=list)
    _titles: dict[str, Title] = field(default_factory=dict)
    _stricter: Counter[str] = field(default_factory=Counter)
    _laxer: Counter[str] = field(default_factory=Counter)
    _stands: tuple[Counter[int], Counter[int]] = field(default_factory=lambda: (Counter(), Counter()))
    _closer: int = 0
    _further: int = 0

    def add(self, past: PastScreening, case: Case | None) -> None:
        """Judge a screening under both policies."""
        try:
            judged = record.read(past.record)
        except (KeyError, TypeError, ValueError):
            self.unreadable += 1
            return
        before, after = (_judge(judged, policy) for policy in (self.now, self.draft))
        self.replayed += 1
        self.since = past.created
        self._matrix[before.outcome, after.outcome] += 1
        new, gone = _without(after.grounds, before.grounds), _without(before.grounds, after.grounds)
        self._count_sets(before, after)
        decision = _decision(case)
        if decision is not None:
            self._count_decision(decision, before.outcome, after.outcome)
        if before.outcome is after.outcome:
            self._other_grounds += bool(new or gone)
            return
        shown = case is not None and (case.origin is not Origin.SECOND_LOOK or case.state is CaseState.DECIDED)
        self._moved.append(
            Moved(
                past.id,
                past.platform,
                past.external_id,
                past.created,
                before.outcome,
                after.outcome,
                new,
                gone,
                case.id if case is not None and shown else None,
                decision,
            )
        )

    def result(self, asked: int, unseen: Sequence[str]) -> Replayed:
        """Return what was counted."""
        slugs = sorted(self._titles, key=lambda slug: (-(self._stricter[slug] + self._laxer[slug]), slug))
        before, after = (Stand(counts[2], counts[1], counts[0]) for counts in self._stands)
        return Replayed(
            self.draft.version,
            self.now.version,
            asked,
            self.replayed,
            self.unreadable,
            self.since,
            dict(self._matrix),
            self._other_grounds,
            tuple(self._moved),
            tuple(SetMoved(slug, self._titles[slug], self._stricter[slug], self._laxer[slug]) for slug in slugs),
            Decisions(before, after, self._closer, self._further),
            tuple(unseen),
        )

    def _count_sets(self, before: Verdict, after: Verdict) -> None:
        old, new = _by_set(before.grounds), _by_set(after.grounds)
        for slug in old.keys() | new.keys():
            ground = old.get(slug) or new[slug]
            step = _strictness(new.get(slug)) - _strictness(old.get(slug))
            if step and ground.title is not None:
                self._titles.setdefault(slug, ground.title)
                (self._stricter if step > 0 else self._laxer)[slug] += 1

    def _count_decision(self, decision: DecisionKind, before: Outcome, after: Outcome) -> None:
        old, new = (_agreement(decision, outcome) for outcome in (before, after))
        self._stands[0][old] += 1
        self._stands[1][new] += 1
        self._closer += new > old
        self._further += new < old


def in_pages(
    last: Callable[[int, datetime | None], list[PastScreening]], most: int, at_once: int
) -> Iterator[list[PastScreening]]:
    """Go through the latest screenings, newest first, a few at a time: their records are large."""
    before: datetime | None = None
    while most > 0:
        some = last(min(at_once, most), before)
        if not some:
            return
        yield some
        most -= len(some)
        before = some[-1].created


def _judge(judged: Judged, policy: Policy) -> Verdict:
    return decide(judged.facts, judged.context, policy)


def _without(grounds: Sequence[Ground], others: Sequence[Ground]) -> tuple[Ground, ...]:
    known = {_same(item) for item in others}
    return tuple(item for item in grounds if _same(item) not in known)


def _same(ground: Ground) -> tuple[str, Outcome, str | None, Title | None]:
    return ground.code, ground.outcome, ground.reference_set, ground.title


def _by_set(grounds: Sequence[Ground]) -> dict[str, Ground]:
    return {item.reference_set: item for item in grounds if item.reference_set is not None}


def _strictness(ground: Ground | None) -> int:
    return _STRICTNESS[ground.outcome] if ground is not None else 0


def _decision(case: Case | None) -> DecisionKind | None:
    """Return how a case was decided, where somebody agreed or disagreed that the upload reproduces a character."""
    if case is None or case.state is not CaseState.DECIDED or case.decision is None:
        return None
    return case.decision.kind if case.decision.kind is not DecisionKind.ESCALATE else None


def _agreement(decision: DecisionKind, outcome: Outcome) -> int:
    """Return 2 where a verdict does what a person decided, 0 where it does the opposite, 1 where it asks a person."""
    strictness = _STRICTNESS[outcome]
    return strictness if decision is DecisionKind.UPHOLD else 2 - strictness
