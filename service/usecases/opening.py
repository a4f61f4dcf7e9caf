"""Opening cases: which screenings a person has to see, and what the queue knows of each.

A verdict of review opens a case; so do, unmarked, a few of the automatic verdicts, chosen by chance: only so is it
known how often people would have agreed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from indexer.model import Fame
from service.domain.case import Case, CaseState, Origin, in_sample, rank_of
from service.domain.identity import new_id
from service.domain.upload import Context, Trust
from service.domain.verdict import Ground, Outcome, Verdict
from service.ports import SetFound
from service.usecases.answer import Screened, ToOpen

_FAME = (Fame.ORDINARY, Fame.KNOWN, Fame.FAMOUS)


@dataclass(frozen=True, slots=True)
class SecondLooks:
    """The shares (0..1) of automatic blocks and allows that get a second look."""

    blocks: float = 0.0
    allows: float = 0.0


def to_open(verdict: Verdict, looks: SecondLooks, *, shadow: bool) -> ToOpen | None:
    """Tell which case a verdict opens, and why; a shadow screening opens none."""
    case_id = new_id("case")
    if shadow:
        return None
    if verdict.outcome is Outcome.REVIEW:
        return ToOpen(case_id, Origin.REVIEW)
    share = looks.blocks if verdict.outcome is Outcome.BLOCK else looks.allows
    return ToOpen(case_id, Origin.SECOND_LOOK) if in_sample(case_id, share) else None


def sets_found(screened: Screened) -> tuple[SetFound, ...]:
    """Say what was found about each set that a ground speaks of: the outcome it asked for, and the rarest of its facts.

    Of a set there is one ground at most, save where blocked LoRAs of it were found too: then the strictest counts.
    """
    found: dict[str, SetFound] = {}
    for ground in screened.verdict.grounds:
        slug = ground.reference_set
        if slug is not None and slug not in found:
            lowest, kinds = _basis(screened, [ground])
            found[slug] = SetFound(slug, ground.outcome.value, lowest, kinds)
    return tuple(found.values())


def case_of(screened: Screened, opened: datetime) -> Case | None:
    """Make the case that a screening opens."""
    if screened.to_open is None:
        return None
    context = screened.context
    slugs = sorted(item.reference_set for item in sets_found(screened))
    fame = max((screened.facts.sets[slug].fame for slug in slugs), default=Fame.ORDINARY, key=_FAME.index)
    lowest, kinds = _basis(screened, screened.verdict.grounds)
    return Case(
        id=screened.to_open.id,
        screening_id=screened.id,
        platform=context.platform,
        external_id=screened.upload.external_id,
        uploader=context.uploader,
        stage=context.stage.value,
        origin=screened.to_open.origin,
        state=CaseState.OPEN,
        opened=opened,
        rank=rank_of(fame, lowest, opened, commercial=context.monetised or context.promoted),
        reference_sets=tuple(slugs),
        kinds=tuple(sorted(kinds)),
    )


def unscreened_case(case_id: str, screening_id: str, external_id: str, context: Context, opened: datetime) -> Case:
    """Make the case of an upload that could not be screened at all."""
    return Case(
        id=case_id,
        screening_id=screening_id,
        platform=context.platform,
        external_id=external_id,
        uploader=context.uploader,
        stage=context.stage.value,
        origin=Origin.REVIEW,
        state=CaseState.OPEN,
        opened=opened,
        rank=rank_of(Fame.ORDINARY, 1.0, opened, commercial=context.monetised or context.promoted),
    )


def _basis(screened: Screened, grounds: Sequence[Ground]) -> tuple[float, tuple[str, ...]]:
    """Return the lowest rate and the kinds of the facts that grounds rest on; 1.0 where none of them was computed.

    A name has no rate: that it was found says nothing of how seldom it is.
    """
    facts = [screened.facts.evidence[number] for ground in grounds for number in ground.evidence]
    kinds = dict.fromkeys(item.kind.value for item in facts)
    rates = (item.rate for item in facts if item.trust is Trust.COMPUTED)
    return min(rates, default=1.0), tuple(kinds)
