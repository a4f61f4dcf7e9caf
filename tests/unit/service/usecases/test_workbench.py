"""The workbench: what a draft would change, told for each screening, set and decision; and publishing it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from indexer.model import AliasKind
from service.adapters.memory import MemoryPolicies
from service.bootstrap import policy_content
from service.domain.case import Case, CaseState, DecisionKind, Origin
from service.domain.errors import InvalidFields, NotPermitted, Superseded
from service.domain.evidence import Evidence
from service.domain.identity import Caller, Role
from service.domain.upload import NotScreened
from service.domain.verdict import Outcome
from service.ports import PastScreening
from service.usecases import record
from service.usecases.policy_lines import Change
from service.usecases.record import Judged, KnownSet
from service.usecases.replaying import Stand
from service.usecases.workbench import Workbench
from tests.cases import ANSWER, NOON, case, decision
from tests.fakes import FixedClock
from tests.unit.service.domain.facts import BELOW, REVIEW, agreed, alike, context, named, owl

SHIPPED = policy_content(None)
AD, MO = Caller("ad", Role.ADMIN, via="user"), Caller("mo", Role.MODERATOR, via="user")
BLOCK, ASK, ALLOW = Outcome.BLOCK, Outcome.REVIEW, Outcome.ALLOW


def draft(name: str = "laxer", **publication: float) -> dict[str, Any]:
    """Change the rates of the stage that most tests are about; without any, ten times rarer ones ask for review."""
    content = copy.deepcopy(dict(SHIPPED))
    content["version"] = name
    content["stages"]["publication"] |= publication or {"review_at_fpr": REVIEW / 10}
    return content


def past(number: int, *evidence: Evidence, not_screened: tuple[NotScreened, ...] = ()) -> PastScreening:
    """Make a screening; the smaller the number, the newer."""
    slugs = dict.fromkeys(item.reference_set for item in evidence if item.reference_set)
    known = tuple(KnownSet(s.slug, s.title, s.work, s.fame, s.holder, s.licences) for s in map(owl, slugs))
    judged = Judged(context(), evidence, not_screened, known)
    written = {"judged": record._JUDGED.dump_python(judged, mode="json")}
    return PastScreening(
        f"scr_{number}", "atelier", f"m-{number}", "u-1", NOON - timedelta(minutes=number), ANSWER, written
    )


def decided(number: int, kind: DecisionKind, **changes: Any) -> Case:
    return case(number, state=CaseState.DECIDED, decision=decision(number, kind=kind), **changes)


@dataclass
class FakePast:
    """ScreeningHistory, CaseQueue and Backlog of a few screenings; `asked` notes how many were read at once."""

    screenings: Sequence[PastScreening]
    cases: Sequence[Case] = ()
    old: int = 0
    asked: list[int] = field(default_factory=list)

    def last(self, most: int, *, before: datetime | None = None) -> list[PastScreening]:
        self.asked.append(most)
        return [item for item in self.screenings if before is None or item.created < before][:most]

    def of_screenings(self, screening_ids: list[str]) -> dict[str, Case]:
        return {item.screening_id: item for item in self.cases if item.screening_id in screening_ids}

    def without_record(self, most: int) -> int:
        return min(most, self.old)


def workbench(known: FakePast | None = None) -> Workbench:
    fake: Any = known or FakePast([])
    return Workbench(
        policies=MemoryPolicies(SHIPPED),
        history=fake,
        queue=fake,
        backlog=fake,
        clock=FixedClock(NOON),
        shipped=SHIPPED,
    )


LIKE = alike(REVIEW * BELOW)
"""What asks for a review under the shipped policy, and for nothing under the draft."""


def test_every_screening_is_counted_by_both_verdicts() -> None:
    known = FakePast(
        [past(1, LIKE), past(2), past(3, named()), past(4, LIKE, not_screened=(NotScreened("a", "b: c"),))]
    )
    told = workbench(known).replay(draft(), 100)
    assert told.matrix == {(ASK, ALLOW): 1, (ALLOW, ALLOW): 1, (ASK, ASK): 2}
    assert (told.replayed, told.unreadable, told.other_grounds) == (4, 0, 1)
    assert told.since == NOON - timedelta(minutes=4)


def test_the_very_screenings_that_move_are_told_with_the_grounds_that_come_and_go() -> None:
    agreement = agreed(0.0005, slug="fox")
    known = FakePast([past(1, LIKE), past(2, agreement)], [case(1), decided(2, DecisionKind.UPHOLD)])
    told = workbench(known).replay(draft(review_at_fpr=0.001, block_at_fpr=0.001), 100)
    first, second = told.moved
    assert (first.screening_id, first.case_id, first.before, first.after) == ("scr_1", "case_1", ASK, ALLOW)
    assert ([item.code for item in first.new], [item.code for item in first.gone]) == ([], ["character_likeness"])
    assert (second.before, second.after, second.decision) == (ASK, BLOCK, DecisionKind.UPHOLD)
    assert [(item.code, item.reference_set) for item in second.new] == [("character_agreement", "fox")]
    assert [(item.slug, item.stricter, item.laxer) for item in told.sets] == [("fox", 1, 0), ("owl", 0, 1)]


def test_a_policy_is_measured_by_what_moderators_decided() -> None:
    up, down = DecisionKind.UPHOLD, DecisionKind.DISMISS
    known = FakePast(
        [past(number, LIKE) for number in range(1, 6)] + [past(6)],
        [
            decided(1, up),
            decided(2, down),
            decided(3, down),
            decided(4, DecisionKind.ESCALATE),
            case(5),
            decided(6, up),
        ],
    )
    told = workbench(known).replay(draft(), 100).decisions
    assert told.before == Stand(agrees=0, asks=3, contradicts=1)
    assert told.after == Stand(agrees=2, asks=0, contradicts=2)
    assert (told.closer, told.further) == (2, 1)


def test_a_second_look_that_is_not_over_is_not_told_of() -> None:
    look = case(1, origin=Origin.SECOND_LOOK)
    over = decided(2, DecisionKind.DISMISS, origin=Origin.SECOND_LOOK)
    told = workbench(FakePast([past(1, LIKE), past(2, LIKE)], [look, over])).replay(draft(), 100)
    assert [item.case_id for item in told.moved] == [None, "case_2"]


def test_what_is_older_than_the_record_or_damaged_cannot_be_replayed_and_is_counted() -> None:
    damaged = [{}, {"judged": {}}, {"judged": None}, {"judged": {"context": 1, "evidence": "x"}}]
    some = [replace(past(number), record=written) for number, written in enumerate(damaged, start=1)]
    told = workbench(FakePast([*some, past(9)], old=500)).replay(draft(), 100)
    assert (told.asked, told.replayed, told.unreadable) == (100, 1, 99)
    assert sum(told.matrix.values()) == 1


def test_a_replay_reads_a_hundred_at_once_and_says_how_many_are_done() -> None:
    known, seen = FakePast([past(number) for number in range(250)]), list[int]()
    told = workbench(known).replay(draft(), 210, seen.append)
    assert (told.replayed, seen, known.asked) == (210, [100, 200, 210], [100, 100, 10])


def test_the_same_policy_moves_nothing() -> None:
    told = workbench(FakePast([past(1, LIKE), past(2, named(AliasKind.GENERIC))])).replay(SHIPPED, 100)
    assert (told.moved, told.sets, told.other_grounds) == ((), (), 0)


def test_lines_that_a_replay_cannot_show_are_named() -> None:
    told = workbench().replay({**draft(), "sample_correlation": 0.25}, 100)
    assert told.unseen == ("sample_correlation",)


@pytest.mark.parametrize("last", [0, 99, 5001, -1])
def test_a_replay_takes_a_hundred_to_five_thousand(last: int) -> None:
    with pytest.raises(InvalidFields, match="last: must be from 100 to 5,000"):
        workbench().replay(draft(), last)


def test_what_is_published_is_in_force_and_stands_in_the_history() -> None:
    bench = workbench()
    first = bench.publish(draft("a"), " fewer false alarms ", AD)
    bench.publish(draft("b"), "a name that says more", AD, based_on=first.version)
    assert bench.in_force()[0].startswith("b+")
    newest, older, shipped = bench.versions()
    assert (older.note, older.published, older.published_by) == ("fewer false alarms", NOON, "user:ad")
    assert newest.changed == (Change("version", "a", "b"),)
    changed = Change("stages.publication.review_at_fpr", REVIEW, REVIEW / 10)
    assert older.changed == (Change("version", SHIPPED["version"], "a"), changed)
    assert (shipped.content, shipped.changed, shipped.published) == (SHIPPED, (), None)


def test_an_older_policy_comes_back_under_a_name_of_its_own() -> None:
    bench = workbench()
    first = bench.publish(draft("a"), "why", AD)
    bench.publish(draft("b", review_at_fpr=0.01), "why", AD)
    with pytest.raises(InvalidFields, match=r"content\.version: .* was published before"):
        bench.publish(first.content, "back", AD)
    assert bench.publish({**first.content, "version": "a-again"}, "back", AD).version.startswith("a-again+")


def test_only_an_admin_publishes() -> None:
    with pytest.raises(NotPermitted):
        workbench().publish(draft(), "why", MO)


def test_a_draft_that_was_compared_with_another_version_is_not_published() -> None:
    bench = workbench()
    began = bench.in_force()[0]
    bench.publish(draft("theirs"), "why", AD, based_on=began)
    with pytest.raises(Superseded):
        bench.publish(draft("ours"), "why", AD, based_on=began)


@pytest.mark.parametrize(
    ("content", "note", "where"),
    [
        (draft(), "", ["note"]),
        (draft(), "  \n", ["note"]),
        (draft(), "n" * 2001, ["note"]),
        (draft(), "a\x00b", ["note"]),
        (SHIPPED, "why", ["content"]),
        (SHIPPED, "", ["note", "content"]),
        ({**SHIPPED, "version": ""}, "why", ["content.version"]),
    ],
)
def test_what_cannot_be_published_is_refused_by_name(content: dict[str, Any], note: str, where: list[str]) -> None:
    bench = workbench()
    with pytest.raises(InvalidFields) as raised:
        bench.publish(content, note, AD)
    assert [fault.location for fault in raised.value.faults] == where
    assert bench.versions()[0].published is None
