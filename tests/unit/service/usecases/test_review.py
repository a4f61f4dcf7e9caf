"""Review: who may look at a case, who may decide it, and what follows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from service.domain.case import LEASE, REASONS, UNDO, CaseState, DecisionKind, ReasonCode
from service.domain.errors import (
    CaseDecided,
    CaseTaken,
    InvalidFields,
    NotFound,
    NotPermitted,
    TooLate,
)
from service.domain.identity import Caller, Role
from service.domain.wording import Wording
from service.ports import QueueFilter
from service.usecases.opening import SecondLooks
from service.usecases.review import MAX_TEXT, BulkResult
from tests.cases import actions
from tests.unit.service.usecases.review_bench import ADA, ATELIER, BOSS, MO, Desk
from tests.unit.service.usecases.review_bench import desk as make_desk
from tests.unit.service.usecases.screening_bench import EXACT, similar

UPHOLD = (DecisionKind.UPHOLD, ReasonCode.SHOWS_CHARACTER)
DISMISS = (DecisionKind.DISMISS, ReasonCode.OTHER_CHARACTER)
ESCALATE = (DecisionKind.ESCALATE, ReasonCode.CANNOT_TELL)
SECOND = timedelta(seconds=1)


@pytest.fixture
def desk() -> Desk:
    return make_desk()


class TestClaims:
    def test_a_claimed_case_names_who_has_it_and_until_when(self, desk: Desk) -> None:
        case_id = desk.opened()
        claimed = desk.review.claim(case_id, MO)
        assert claimed.claim is not None
        assert (claimed.claim.by, claimed.claim.until) == ("user:mo", desk.clock.time + LEASE)
        with pytest.raises(CaseTaken, match="user:mo") as refused:
            desk.review.claim(case_id, ADA)
        assert (refused.value.by, refused.value.until) == ("user:mo", desk.clock.time + LEASE)

    def test_looking_again_renews_the_lease_but_not_at_every_glance(self, desk: Desk) -> None:
        case_id = desk.opened()
        for after in (0, 1, 6):
            desk.clock.time += timedelta(minutes=after)
            claimed = desk.review.claim(case_id, MO)
        assert claimed.claim is not None
        assert claimed.claim.until == desk.clock.time + LEASE
        assert actions(desk.engine, f"case:{case_id}") == ["case.opened", "case.claimed", "case.claim_renewed"]

    def test_a_case_given_back_is_free(self, desk: Desk) -> None:
        case_id = desk.opened()
        desk.review.claim(case_id, MO)
        with pytest.raises(CaseTaken):
            desk.review.release(case_id, ADA)
        desk.review.release(case_id, MO)
        desk.review.release(case_id, MO)
        assert desk.review.claim(case_id, ADA).claim is not None

    def test_the_next_case_is_the_first_that_nobody_has(self, desk: Desk) -> None:
        first, second = desk.opened("m-1", 1e-06), desk.opened("m-2", 0.01)
        desk.review.claim(first, ADA)
        found = desk.review.claim_next(QueueFilter(), MO)
        assert found is not None
        assert found.id == second
        assert desk.review.claim_next(QueueFilter(), BOSS) is None

    def test_a_case_appealed_from_oneself_is_not_ones_next(self, desk: Desk) -> None:
        case_id = appealed(desk)
        assert desk.review.claim_next(QueueFilter(), MO) is None
        found = desk.review.claim_next(QueueFilter(), ADA)
        assert found is not None
        assert found.id == case_id

    @pytest.mark.parametrize("role", [Role.PLATFORM, Role.RIGHTS_OWNER])
    def test_only_moderators_and_admins_review(self, desk: Desk, role: Role) -> None:
        case_id = desk.opened()
        stranger = Caller("x", role)
        for attempt in (
            lambda: desk.review.claim(case_id, stranger),
            lambda: desk.review.decide(case_id, stranger, *UPHOLD),
            lambda: desk.review.judge("0" * 64, stranger, confirm=True),
        ):
            with pytest.raises(NotPermitted):
                attempt()


class TestDecisions:
    def test_a_free_case_is_decided_without_a_claim(self, desk: Desk) -> None:
        case_id = desk.opened()
        decision = desk.review.decide(case_id, MO, *UPHOLD, "seen")
        view = desk.review.open(case_id)
        assert (view.case.state, view.case.decision) == (CaseState.DECIDED, decision)
        assert view.decisions == [decision]
        assert [item.action for item in view.timeline] == ["case.opened", "case.claimed", "case.decided"]

    def test_what_somebody_else_is_looking_at_is_theirs_to_decide(self, desk: Desk) -> None:
        case_id = desk.opened()
        desk.review.claim(case_id, ADA)
        with pytest.raises(CaseTaken):
            desk.review.decide(case_id, MO, *UPHOLD)
        desk.clock.time += LEASE
        desk.review.decide(case_id, MO, *UPHOLD)

    def test_a_decided_case_is_not_decided_again(self, desk: Desk) -> None:
        case_id = desk.opened()
        desk.review.decide(case_id, MO, *UPHOLD)
        for attempt in (desk.review.decide, lambda *_: desk.review.claim(case_id, ADA)):
            with pytest.raises(CaseDecided, match="user:mo"):
                attempt(case_id, ADA, *DISMISS)

    @pytest.mark.parametrize("kind", DecisionKind)
    def test_only_reasons_that_fit_a_decision_are_taken(self, desk: Desk, kind: DecisionKind) -> None:
        case_id = desk.opened()
        for reason in set(ReasonCode) - set(REASONS[kind]):
            with pytest.raises(InvalidFields, match="reason_code"):
                desk.review.decide(case_id, MO, kind, reason)
        assert desk.review.open(case_id).case.claim is None

    @pytest.mark.parametrize(
        ("comment", "statement", "place"),
        [
            ("a" * (MAX_TEXT + 1), None, "comment"),
            ("\x00", None, "comment"),
            ("", Wording("", "是"), "statement.en"),
            ("", Wording("yes", " "), "statement.zh"),
            ("", Wording("yes\ud800", "是"), "statement.en"),
        ],
    )
    def test_texts_are_bounded(self, desk: Desk, comment: str, statement: Wording | None, place: str) -> None:
        with pytest.raises(InvalidFields, match=place):
            desk.review.decide(desk.opened(), MO, *UPHOLD, comment, statement)

    def test_an_escalated_case_takes_an_admin(self, desk: Desk) -> None:
        case_id = desk.opened()
        desk.review.decide(case_id, MO, *ESCALATE)
        for attempt in (desk.review.claim, lambda *_: desk.review.decide(case_id, ADA, *UPHOLD)):
            with pytest.raises(NotPermitted, match="admin"):
                attempt(case_id, ADA)
        with pytest.raises(InvalidFields, match="escalated already"):
            desk.review.decide(case_id, BOSS, *ESCALATE)
        desk.review.decide(case_id, BOSS, *UPHOLD)
        assert len(desk.review.open(case_id).decisions) == 2

    def test_it_is_taken_back_within_a_minute_by_who_made_it(self, desk: Desk) -> None:
        case_id = desk.opened()
        desk.review.decide(case_id, MO, *UPHOLD)
        with pytest.raises(TooLate):
            desk.review.undo(case_id, ADA)
        desk.clock.time += UNDO - SECOND
        undone = desk.review.undo(case_id, MO)
        assert (undone.state, undone.decision) == (CaseState.OPEN, None)
        desk.review.decide(case_id, MO, *DISMISS)
        desk.clock.time += UNDO
        with pytest.raises(TooLate):
            desk.review.undo(case_id, MO)

    @pytest.mark.parametrize("job", ["open", "claim", "release", "undo", "decide", "appeal", "picture"])
    def test_what_is_not_there_is_not_found(self, desk: Desk, job: str) -> None:
        more: dict[str, tuple[Any, ...]] = {
            "open": ("case_x",),
            "decide": ("case_x", MO, *UPHOLD),
            "appeal": ("case_x", "mine", MO),
            "picture": ("case_x", 0),
        }
        with pytest.raises(NotFound):
            getattr(desk.review, job)(*more.get(job, ("case_x", MO)))


class TestBulk:
    def test_all_cases_of_a_set_are_decided_but_those_that_others_have(self, desk: Desk) -> None:
        ids = [desk.opened(f"m-{number}") for number in range(4)]
        desk.review.claim(ids[0], ADA)
        done = desk.review.decide_many(QueueFilter(reference_set="owl"), MO, *DISMISS, "one style")
        assert done == BulkResult(decided=3, skipped=1)
        assert [case.id for case in desk.review.page(QueueFilter()).cases] == ids[:1]

    def test_an_uploader_will_do_and_nothing_at_all_will_not(self, desk: Desk) -> None:
        desk.opened()
        with pytest.raises(InvalidFields, match="reference set or an uploader"):
            desk.review.decide_many(QueueFilter(platform="atelier"), MO, *DISMISS)
        with pytest.raises(InvalidFields, match="decided already"):
            desk.review.decide_many(QueueFilter(CaseState.DECIDED, uploader="u-1"), MO, *DISMISS)
        assert desk.review.decide_many(QueueFilter(uploader="u-2"), MO, *DISMISS) == BulkResult(0, 0)
        assert desk.review.decide_many(QueueFilter(uploader="u-1"), MO, *DISMISS) == BulkResult(1, 0)

    def test_escalated_cases_are_skipped_for_who_may_not_decide_them(self, desk: Desk) -> None:
        desk.review.decide(desk.opened(), ADA, *ESCALATE)
        wanted = QueueFilter(CaseState.ESCALATED, reference_set="owl")
        assert desk.review.decide_many(wanted, MO, *DISMISS) == BulkResult(0, 1)
        assert desk.review.decide_many(wanted, BOSS, *DISMISS) == BulkResult(1, 0)


def appealed(desk: Desk) -> str:
    case_id = desk.opened()
    desk.review.decide(case_id, MO, *UPHOLD)
    desk.clock.time += UNDO
    desk.review.appeal(case_id, "it is my own character", ATELIER)
    return case_id


class TestAppeals:
    def test_another_person_decides(self, desk: Desk) -> None:
        case_id = appealed(desk)
        for same in (MO, Caller("mo", Role.MODERATOR), Caller("mo", Role.ADMIN, via="user")):
            with pytest.raises(NotPermitted, match="another person"):
                desk.review.decide(case_id, same, *UPHOLD)
        desk.review.decide(case_id, ADA, *DISMISS)
        view = desk.review.open(case_id)
        assert (view.case.appeal, view.case.appealed_from) == ("it is my own character", "user:mo")

    def test_it_comes_nearer_to_the_front(self, desk: Desk) -> None:
        case_id = appealed(desk)
        desk.opened("m-2")
        assert desk.review.page(QueueFilter()).cases[0].id == case_id

    def test_a_platform_appeals_for_its_own_uploads_once_and_in_time(self, desk: Desk) -> None:
        case_id = desk.opened()
        desk.review.decide(case_id, MO, *UPHOLD)
        with pytest.raises(TooLate):
            desk.review.appeal(case_id, "mine", ATELIER)
        desk.clock.time += UNDO
        for stranger in (replace(ATELIER, name="bazaar"), Caller("ro", Role.RIGHTS_OWNER)):
            with pytest.raises(NotFound):
                desk.review.appeal(case_id, "mine", stranger)
        desk.review.appeal(case_id, "mine", ATELIER)
        with pytest.raises(TooLate):
            desk.review.appeal(case_id, "mine", ATELIER)


class TestTelling:
    def test_the_prepared_statement_is_sent_where_none_is_written(self, desk: Desk) -> None:
        case_id = desk.opened()
        draft = desk.review.statement_draft(desk.review.open(case_id), *UPHOLD)
        assert desk.review.decide(case_id, MO, *UPHOLD).statement == draft
        assert "“Amber Owl”" in draft.en
        assert "“琥珀枭”" in draft.zh
        assert "0.png resembles images/01.png" in draft.en

    def test_an_uploader_is_told_nothing_of_an_escalation(self, desk: Desk) -> None:
        answer = desk.screened([similar(0.001)])
        assert desk.review.decide(answer["case_id"], MO, *ESCALATE).statement is None
        assert desk.review.decision_of(answer["screening_id"]) is None

    def test_a_decision_is_told_until_it_is_taken_back(self, desk: Desk) -> None:
        answer = desk.screened([similar(0.001)])
        decision = desk.review.decide(answer["case_id"], MO, *UPHOLD)
        assert desk.review.decision_of(answer["screening_id"]) == decision
        desk.review.undo(answer["case_id"], MO)
        assert desk.review.decision_of(answer["screening_id"]) is None

    @pytest.mark.parametrize(
        ("found", "decided", "told"),
        [([EXACT], UPHOLD, False), ([EXACT], DISMISS, True), ([], DISMISS, False), ([], UPHOLD, True)],
    )
    def test_of_a_second_look_only_what_changes_something_is_told(
        self, desk: Desk, found: list[Any], decided: tuple[DecisionKind, ReasonCode], *, told: bool
    ) -> None:
        answer = desk.screened(found, second_looks=SecondLooks(1.0, 1.0))
        assert answer["case_id"] is None
        desk.review.decide(desk.only(), MO, *decided)
        assert (desk.review.decision_of(answer["screening_id"]) is not None) is told

    def test_a_platform_cannot_appeal_in_a_case_that_it_was_not_told_of(self, desk: Desk) -> None:
        desk.screened([EXACT], second_looks=SecondLooks(1.0, 1.0))
        case_id = desk.only()
        desk.review.decide(case_id, MO, *UPHOLD)
        desk.clock.time += UNDO
        with pytest.raises(NotFound):
            desk.review.appeal(case_id, "mine", ATELIER)

    def test_how_often_people_agreed_is_counted(self, desk: Desk) -> None:
        desk.screened([EXACT], second_looks=SecondLooks(1.0, 1.0))
        desk.review.decide(desk.only(), MO, *DISMISS)
        counted = [(item.verdict, item.kind, item.confirmed, item.looked_at) for item in desk.review.agreement()]
        assert counted == [("block", None, 0, 1), ("block", "exact_copy", 0, 1)]


class TestPictures:
    def test_they_are_read_whole_or_small(self, desk: Desk) -> None:
        case_id = desk.opened()
        assert desk.review.picture(case_id, 0).data == b"data"
        assert desk.review.picture(case_id, 0, thumbnail=True).data == b"small"
        desk.blobs.delete(f"pictures/{0:064x}")
        assert desk.review.picture(case_id, 0).data == b"small"
        desk.blobs.delete(f"thumbnails/{0:064x}")
        for number in (0, 2, -1):
            with pytest.raises(NotFound):
                desk.review.picture(case_id, number)

    def test_those_that_misled_are_proposed_to_the_control_set(self, desk: Desk) -> None:
        case_id = desk.opened()
        desk.review.decide(case_id, MO, *DISMISS)
        (proposed,) = desk.review.waiting()
        assert (proposed.sha256, proposed.case_id, proposed.style) == (f"{0:064x}", case_id, "atelier")
        for same in (MO, Caller("mo", Role.ADMIN)):
            with pytest.raises(NotPermitted, match="another person"):
                desk.review.judge(proposed.sha256, same, confirm=True)
        desk.review.judge(proposed.sha256, ADA, confirm=True)
        with pytest.raises(NotFound):
            desk.review.judge(proposed.sha256, BOSS, confirm=True)
        assert desk.review.waiting() == []

    @pytest.mark.parametrize("decided", [UPHOLD, (DecisionKind.DISMISS, ReasonCode.LICENSED), ESCALATE])
    def test_other_decisions_propose_none(self, desk: Desk, decided: tuple[DecisionKind, ReasonCode]) -> None:
        desk.review.decide(desk.opened(), MO, *decided)
        assert desk.review.waiting() == []

    def test_an_undone_dismissal_proposes_none(self, desk: Desk) -> None:
        case_id = desk.opened()
        desk.review.decide(case_id, MO, *DISMISS)
        desk.review.undo(case_id, MO)
        assert desk.review.waiting() == []


def test_a_page_is_bounded(desk: Desk) -> None:
    desk.opened()
    assert len(desk.review.page(QueueFilter(), most=10**9).cases) == 1
    assert len(desk.review.page(QueueFilter(), most=-1).cases) == 1


def test_other_uploads_of_the_uploader_and_other_cases_of_the_set_are_shown(desk: Desk) -> None:
    first, second = desk.opened("m-1"), desk.opened("m-2")
    view = desk.review.open(first)
    assert [item.external_id for item in view.same_uploader] == ["m-2"]
    assert [item.id for item in view.same_sets] == [second]
    assert desk.review.counters().open == 2
