"""What rights owners see of the uploads in which their sets were found: no more than a notice needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from itertools import islice

from service.domain.case import Case, CaseState, Decision, DecisionKind, Origin
from service.domain.identity import Caller, Role
from service.domain.verdict import Outcome
from service.ports import Blobs, CaseQueue, Clock, PastScreening, ScreeningHistory, SetDirectory, SetTraffic
from service.usecases.registration import seen_set, visible_sets

MOST = 200
RECENT = timedelta(days=30)
THUMBNAILS = 3
"""Pictures of an upload that are shown at most."""


@dataclass(frozen=True, slots=True)
class MatchOfSet:
    """An upload in which a set was found, and how it went.

    `verdict` is the whole upload's, `asked_for` what was found about this set asked for, by these `kinds` of evidence,
    the rarest of which has the rate `lowest_rate`. `decision` is what a person concluded, once it is final.
    `screening_id` is None for those who may not know it, `thumbnails` are small pictures in which the set was found, as
    far as the caller may see them.
    """

    day: date
    platform: str
    verdict: str
    asked_for: str
    kinds: tuple[str, ...]
    lowest_rate: float
    case: CaseState | None
    decision: str | None
    screening_id: str | None
    thumbnails: tuple[bytes, ...] = ()


class Desk:
    """Shows matches of sets."""

    def __init__(
        self,
        directory: SetDirectory,
        history: ScreeningHistory,
        cases: CaseQueue,
        traffic: SetTraffic,
        blobs: Blobs,
        *,
        clock: Clock,
    ) -> None:
        self._directory = directory
        self._traffic = traffic
        self._history = history
        self._cases = cases
        self._blobs = blobs
        self._clock = clock

    def matches(self, who: Caller, slug: str, most: int = MOST, *, thumbnails: bool = False) -> list[MatchOfSet]:
        """Return the latest uploads in which a set was found, newest first. Raises NotFound.

        With `thumbnails` also pictures in which it was found: of any upload for admins and moderators, for others of
        those that are blocked or that a person found to infringe.
        """
        seen_set(self._directory, who, slug)
        found = self._history.of_set(slug, min(most, MOST))
        cases = self._cases.of_screenings([past.id for past, _ in found])
        may_know = who.role in (Role.ADMIN, Role.MODERATOR)
        return [
            MatchOfSet(
                day=past.created.astimezone(UTC).date(),
                platform=past.platform,
                verdict=str(past.answer["verdict"]),
                asked_for=about.outcome,
                kinds=about.kinds,
                lowest_rate=about.lowest_rate,
                case=case.state if case is not None else None,
                decision=decision.kind.value if decision is not None else None,
                screening_id=past.id if may_know else None,
                thumbnails=self._thumbnails(past, slug)
                if thumbnails and (may_know or _infringes(past, decision))
                else (),
            )
            for past, about in found
            for case in [_told(cases.get(past.id))]
            for decision in [self._final(case)]
        ]

    def recent(self, who: Caller) -> Mapping[str, int]:
        """Count the screenings of the last 30 days in which something was found that asked for more than an allow.

        By slug, of the sets that a caller may see; those with none are left out.
        """
        now = self._clock.now()
        own = {item.slug for item in visible_sets(self._directory, who)}
        return {slug: count for slug, count in self._traffic.by_set(now - RECENT, now).items() if slug in own}

    def _thumbnails(self, past: PastScreening, slug: str) -> tuple[bytes, ...]:
        """Read small copies of the pictures that evidence about a set speaks of, as far as they are kept."""
        about = [item["source"] for item in past.answer["evidence"] if item["reference_set"] == slug]
        names = {source.removeprefix("image:") for source in about if source.startswith("image:")}
        whole = self._history.read(past.id) if names else None
        found = [item.sha256 for item in whole.pictures if item.name in names] if whole else []
        read = (self._blobs.read(f"thumbnails/{sha256}") for sha256 in dict.fromkeys(found))
        return tuple(islice((data for data in read if data is not None), THUMBNAILS))

    def _final(self, case: Case | None) -> Decision | None:
        decision = case.decision if case is not None else None
        return decision if decision is not None and decision.is_final(self._clock.now()) else None


def _infringes(past: PastScreening, decision: Decision | None) -> bool:
    """Tell whether an upload is held to infringe: a person's word stands above the verdict."""
    if decision is not None:
        return decision.kind is DecisionKind.UPHOLD
    return bool(past.answer["verdict"] == Outcome.BLOCK)


def _told(case: Case | None) -> Case | None:
    """Keep second looks to the house: they say nothing of an upload."""
    return case if case is not None and case.origin is Origin.REVIEW else None
