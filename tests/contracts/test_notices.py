"""What notices do to the record, on SQLite and on PostgreSQL."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa

from indexer.model import Licence
from service.adapters.sql.tables import outbox
from service.domain.errors import InvalidFields, NotFound, NotPermitted, TooLate, WrongState
from service.domain.identity import Caller, Role
from service.domain.notice import Accused, CounterState, NoticeEvent, NoticeState
from service.domain.notice_terms import Jurisdiction
from service.ports import NoticeFilter, Step, SweptUpload
from service.usecases.notice_access import token_of
from service.usecases.notices import Given
from tests.cases import NOON, actions
from tests.notices import ATELIER, BAZAAR, DAY, GIVEN, MO, OWNER, REPLY, RIVAL, Bench, notice

RACERS = 6
STRICT_EU = replace(GIVEN, jurisdiction=Jurisdiction.EU)


def told(engine: sa.Engine, recipient: str) -> list[str]:
    query = sa.select(outbox.c.kind).where(outbox.c.recipient == recipient).order_by(outbox.c.number)
    with engine.connect() as connection:
        return list(connection.scalars(query))


class TestTheRecord:
    def test_a_notice_is_read_as_it_was_kept(self, bench: Bench) -> None:
        kept = notice(missing=("work",), sweep_id="swp_1", forwarded=NOON, platform="atelier")
        bench.notices.add(kept, Step(("notice.received",), "key:ro", NOON))
        assert bench.notices.get("ntc_1") == kept
        assert bench.notices.get("ntc_2") is None
        assert actions(bench.engine, "notice:ntc_1") == ["notice.received"]

    def test_of_two_changes_of_one_version_one_wins(self, bench: Bench) -> None:
        bench.notices.add(notice(), Step(("notice.received",), "key:ro", NOON))
        moved = notice().moved(NoticeEvent.FORWARDED, NOON)
        with ThreadPoolExecutor(RACERS) as pool:
            won = list(
                pool.map(
                    lambda _: bench.notices.save(moved, Step(("notice.forwarded",), "user:mo", NOON)), range(RACERS)
                )
            )
        assert sorted(won) == [False] * (RACERS - 1) + [True]
        assert actions(bench.engine, "notice:ntc_1") == ["notice.received", "notice.forwarded"]

    @pytest.mark.parametrize("order", ["priority", "oldest", "newest"])
    def test_pages_give_every_notice_once(self, bench: Bench, order: str) -> None:
        for number in range(1, 8):
            bench.notices.add(notice(number), Step(("notice.received",), "key:ro", NOON))
        seen: list[str] = []
        cursor = None
        while True:
            page = bench.notices.page(NoticeFilter(), order=order, cursor=cursor, most=3)
            seen += [item.id for item in page.notices]
            cursor = page.next_cursor
            if cursor is None:
                break
        expected = [f"ntc_{number}" for number in range(1, 8)]
        assert seen == (expected[::-1] if order == "newest" else expected)

    def test_a_cursor_with_a_time_before_all_times_is_refused(self, bench: Bench) -> None:
        place = json.dumps(["newest", "0001-01-01T00:00:00+14:00", "ntc_1"])
        cursor = base64.urlsafe_b64encode(place.encode()).decode()
        with pytest.raises(InvalidFields, match="cursor"):
            bench.notices.page(NoticeFilter(), order="newest", cursor=cursor, most=3)

    @pytest.mark.parametrize("cursor", ["", "x", "bnVsbA==", "WyJwcmlvcml0eSIsIG51bGwsICJ4Il0=", "é"])
    def test_a_cursor_that_is_not_ours_is_refused(self, bench: Bench, cursor: str) -> None:
        with pytest.raises(InvalidFields, match="cursor"):
            bench.notices.page(NoticeFilter(), order="priority", cursor=cursor, most=3)


class TestReceiving:
    def test_a_complete_notice_is_swept_for_at_once(self, bench: Bench) -> None:
        received = bench.desk.receive(GIVEN, OWNER)
        assert (received.missing, received.notice.state) == ((), NoticeState.COMPLETE)
        assert bench.sweeps.started == [(("owl",), f"notice:{received.notice.id}")]
        assert told(bench.engine, "owner:ro") == ["notice.received"]

    def test_a_sweep_that_could_not_begin_begins_later(self, bench: Bench) -> None:
        bench.sweeps.ready = False
        notice_id = bench.desk.receive(GIVEN, OWNER).notice.id
        bench.sweeps.ready = True
        bench.counters.tick(NOON)
        bench.counters.tick(NOON)
        assert bench.sweeps.started == [(("owl",), f"notice:{notice_id}")]

    def test_what_is_missing_is_told_and_can_be_added_by_the_public_with_the_receipt(self, bench: Bench) -> None:
        received = bench.desk.receive(Given(Jurisdiction.PRC, contact="a@b.example", accused=GIVEN.accused))
        assert received.notice.state is NoticeState.INCOMPLETE
        assert not bench.sweeps.started
        who = token_of(bench.lookups, received.notice.id, received.token)
        assert bench.desk.complete(received.notice.id, GIVEN, who).notice.state is NoticeState.COMPLETE
        with pytest.raises(NotFound):
            token_of(bench.lookups, received.notice.id, "wrong")

    def test_a_platform_passes_on_notices_about_its_own_uploads_alone(self, bench: Bench) -> None:
        with pytest.raises(InvalidFields, match="another platform"):
            bench.desk.receive(replace(GIVEN, reference_sets=()), ATELIER)

    def test_a_rights_owner_names_its_own_sets_alone(self, bench: Bench) -> None:
        with pytest.raises(InvalidFields, match="reference_sets"):
            bench.desk.receive(GIVEN, RIVAL)

    def test_a_notice_of_another_rights_owner_is_as_good_as_not_there(self, bench: Bench) -> None:
        notice_id = bench.desk.receive(GIVEN, OWNER).notice.id
        with pytest.raises(NotFound):
            bench.desk.open(notice_id, RIVAL)
        assert bench.desk.page(RIVAL, NoticeFilter(), order="newest", cursor=None, most=9).notices == ()


class TestMeasures:
    def test_all_that_is_named_or_swept_is_taken_down_and_each_platform_is_told(self, bench: Bench) -> None:
        bench.sweeps.swept = [SweptUpload("atelier", "model-3", "scr_3", "u-1", ("owl",))]
        notice_id = bench.acted()
        assert bench.in_force(notice_id) == ["model-1", "model-2", "model-3"]
        assert told(bench.engine, "platform:bazaar") == ["notice.forwarded", "measure.taken"]
        assert bench.state(notice_id) is NoticeState.MEASURES_TAKEN
        view = bench.desk.open(notice_id, BAZAAR)
        assert [item.external_id for item in view.notice.accused] == ["model-2"]
        assert view.notice.notifier.contact == ""

    def test_doing_it_twice_takes_no_measure_twice(self, bench: Bench) -> None:
        notice_id = bench.acted()
        bench.desk.take_measures(notice_id, MO)
        assert len(bench.measures.find(because=f"notice:{notice_id}")) == 2

    def test_uploads_never_screened_here_are_left_out_and_told(self, bench: Bench) -> None:
        given = replace(GIVEN, accused=(*GIVEN.accused, Accused("atelier", None, "https://a.example/9")))
        notice_id = bench.desk.receive(given, OWNER).notice.id
        taken = bench.desk.take_measures(notice_id, MO)
        assert taken.left_out == [("atelier", "https://a.example/9", "not_screened_here")]

    def test_a_licensed_upload_is_left_alone_unless_it_is_chosen(self, engine: sa.Engine) -> None:
        bench = Bench(engine, licences=(Licence("", "atelier", "u-1"),))
        notice_id = bench.acted()
        assert bench.in_force(notice_id) == ["model-2"]
        bench.desk.take_measures(notice_id, MO, [("atelier", "model-1")])
        assert bench.in_force(notice_id) == ["model-1", "model-2"]

    @pytest.mark.parametrize("who", [OWNER, ATELIER])
    def test_moderators_alone_take_them(self, bench: Bench, who: Caller) -> None:
        notice_id = bench.desk.receive(GIVEN, OWNER).notice.id
        with pytest.raises(NotPermitted):
            bench.desk.take_measures(notice_id, who)

    @pytest.mark.parametrize("end", ["withdraw", "mark_abusive"])
    def test_a_notice_that_falls_takes_its_measures_with_it(self, bench: Bench, end: str) -> None:
        notice_id = bench.acted()
        getattr(bench.desk, end)(notice_id, MO, "it was wrong")
        assert bench.in_force(notice_id) == []
        with pytest.raises(WrongState):
            bench.desk.take_measures(notice_id, MO)

    def test_closing_leaves_them_and_speaks_for_the_notifier(self, bench: Bench) -> None:
        notice_id = bench.acted()
        bench.desk.close(notice_id, MO)
        assert len(bench.in_force(notice_id)) == 2
        assert bench.lookups.reputation("owner:ro").upheld == 1


class TestCounterNotices:
    def test_the_uploads_of_the_one_who_answers_come_back_when_nothing_is_shown_in_time(self, bench: Bench) -> None:
        notice_id = bench.acted()
        counter = bench.counters.receive(notice_id, REPLY, ATELIER)
        assert counter.due is not None
        assert told(bench.engine, "owner:ro")[-1] == "notice.counter_notice"
        assert bench.counters.tick(counter.due - DAY) == 0
        assert bench.counters.tick(counter.due) == 1
        assert bench.counters.tick(counter.due) == 0
        assert bench.in_force(notice_id) == ["model-2"]
        assert bench.state(notice_id) is NoticeState.REINSTATED
        assert bench.lookups.reputation("owner:ro").reversed == 1

    def test_one_settled_counter_notice_leaves_the_others_waiting(self, bench: Bench) -> None:
        notice_id = bench.acted()
        first = bench.counters.receive(notice_id, REPLY, ATELIER)
        bench.clock.time = NOON + DAY
        second = bench.counters.receive(notice_id, REPLY, BAZAAR)
        bench.counters.show_suit(notice_id, "court file 7", OWNER, first.id)
        assert bench.state(notice_id) is NoticeState.FORWARDED_TO_RIGHT_HOLDER
        assert second.due is not None
        bench.counters.tick(second.due)
        assert bench.in_force(notice_id) == ["model-1"]

    def test_a_suit_shown_in_time_keeps_the_measures(self, bench: Bench) -> None:
        notice_id = bench.acted()
        counter = bench.counters.receive(notice_id, REPLY, ATELIER)
        bench.counters.show_suit(notice_id, "court file 7", OWNER)
        assert counter.due is not None
        assert bench.counters.tick(counter.due) == 0
        assert len(bench.in_force(notice_id)) == 2
        kept = bench.notices.correspondence(notice_id).counter_notices[0]
        assert kept.state is CounterState.KEPT

    def test_a_suit_shown_too_late_is_refused(self, bench: Bench) -> None:
        notice_id = bench.acted()
        counter = bench.counters.receive(notice_id, REPLY, ATELIER)
        assert counter.due is not None
        bench.clock.time = counter.due
        with pytest.raises(TooLate):
            bench.counters.show_suit(notice_id, "court file 7", OWNER)

    def test_what_the_law_asks_for_is_named_in_both_languages(self, bench: Bench) -> None:
        notice_id = bench.acted()
        with pytest.raises(InvalidFields) as refused:
            bench.counters.receive(notice_id, replace(REPLY, evidence="", address=""), ATELIER)
        assert [(item.location, bool(item.zh)) for item in refused.value.faults] == [
            ("address", True),
            ("evidence", True),
        ]

    @pytest.mark.parametrize("who", [OWNER, RIVAL])
    def test_who_gave_notice_does_not_answer_it(self, bench: Bench, who: Caller) -> None:
        with pytest.raises((NotPermitted, NotFound)):
            bench.counters.receive(bench.acted(), REPLY, who)

    def test_a_platform_speaks_for_its_own_uploads_alone(self, bench: Bench) -> None:
        with pytest.raises(InvalidFields, match="not about your"):
            bench.counters.receive(bench.acted(), replace(REPLY, uploads=(("bazaar", "model-2"),)), ATELIER)

    def test_an_uploader_answers_by_the_link_in_the_message(self, bench: Bench) -> None:
        notice_id = bench.acted()
        query = sa.select(outbox.c.payload).where(
            outbox.c.kind == "notice.forwarded", outbox.c.recipient == "platform:atelier"
        )
        with bench.engine.connect() as connection:
            link = connection.execute(query).scalar_one()["to"][0]
        who = token_of(bench.lookups, notice_id, link["counter_notice_token"])
        assert bench.counters.receive(notice_id, REPLY, who).uploads == (("atelier", "model-1"),)

    def test_in_the_union_a_person_decides_and_nothing_comes_back_by_itself(self, bench: Bench) -> None:
        notice_id = bench.acted(STRICT_EU)
        counter = bench.counters.receive(notice_id, REPLY, ATELIER)
        assert counter.due is None
        assert bench.counters.tick(NOON + 1000 * DAY) == 0
        bench.counters.settle(notice_id, counter.id, MO, reinstate=True)
        assert bench.in_force(notice_id) == ["model-2"]

    def test_a_licence_on_record_brings_uploads_back_at_once_after_confirmation(self, engine: sa.Engine) -> None:
        bench = Bench(engine, licences=(Licence("", "atelier", "u-1"),))
        notice_id = bench.desk.receive(GIVEN, OWNER).notice.id
        bench.desk.take_measures(notice_id, MO, [("atelier", "model-1"), ("bazaar", "model-2")])
        counter = bench.counters.receive(notice_id, REPLY, ATELIER)
        other = bench.counters.receive(notice_id, REPLY, BAZAAR)
        with pytest.raises(WrongState, match="no licence"):
            bench.counters.settle(notice_id, other.id, MO, reinstate=True)
        bench.counters.settle(notice_id, counter.id, MO, reinstate=True)
        assert bench.in_force(notice_id) == ["model-2"]

    def test_a_withdrawn_notice_reinstates_nothing_twice(self, bench: Bench) -> None:
        notice_id = bench.acted()
        counter = bench.counters.receive(notice_id, REPLY, ATELIER)
        bench.desk.withdraw(notice_id, OWNER)
        assert counter.due is not None
        assert bench.counters.tick(counter.due) == 0
        assert bench.state(notice_id) is NoticeState.WITHDRAWN


def test_many_notifiers_with_a_bad_name_are_read_all_the_same(bench: Bench) -> None:
    for _ in range(3):
        bench.desk.mark_abusive(bench.acted(), MO, "invented rights")
    last = bench.desk.receive(GIVEN, OWNER)
    assert last.notice.state is NoticeState.COMPLETE
    page = bench.desk.page(
        Caller("ad", Role.ADMIN), NoticeFilter(NoticeState.COMPLETE), order="priority", cursor=None, most=9
    )
    assert [item.id for item in page.notices] == [last.notice.id]
