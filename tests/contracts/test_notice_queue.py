"""The queue of notices, on SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.adapters.sql.notice_counts import SqlNoticeCounts
from service.domain.notice import NoticeState
from service.domain.notice_terms import Jurisdiction, TermDays, profiles
from service.domain.wording import Wording
from service.ports import NoticeFilter, SweptUpload
from service.usecases.notice_queue import NoticeCounters, NoticeQueue
from tests.notices import DAY, GIVEN, MO, OWNER, REPLY, Bench


@pytest.fixture
def queue(bench: Bench) -> NoticeQueue:
    laws = profiles(TermDays(), {})
    return NoticeQueue(bench.notices, SqlNoticeCounts(bench.engine), bench.lookups, bench.clock, laws)


def test_an_empty_queue_counts_nothing(queue: NoticeQueue) -> None:
    assert queue.counters() == NoticeCounters(0, 0, 0, 0)
    assert queue.overdue(NoticeFilter()) == []


def test_notices_are_counted_by_what_they_wait_for(bench: Bench, queue: NoticeQueue) -> None:
    bench.desk.receive(GIVEN, OWNER)
    disputed, ended = bench.acted(), bench.acted()
    bench.counters.receive(disputed, replace(REPLY, uploads=(("atelier", "model-1"),)), MO)
    bench.desk.withdraw(ended, OWNER)
    assert queue.counters() == NoticeCounters(open=2, to_act_upon=1, overdue=0, disputed=1)


def test_a_notice_is_overdue_until_it_is_acted_upon(bench: Bench, queue: NoticeQueue) -> None:
    laws = (Jurisdiction.PRC, Jurisdiction.EU)
    chinese, european = (bench.desk.receive(replace(GIVEN, jurisdiction=law), OWNER).notice for law in laws)
    until = queue.act_by(chinese)
    assert until is not None
    assert queue.overdue(NoticeFilter()) == []
    bench.clock.time = bench.clock.time + 9 * DAY
    assert [item.id for item in queue.overdue(NoticeFilter())] == sorted([chinese.id, european.id])
    assert [item.id for item in queue.overdue(NoticeFilter(jurisdiction=Jurisdiction.EU))] == [european.id]
    assert queue.overdue(NoticeFilter(NoticeState.CLOSED)) == []
    assert queue.counters().overdue == 2
    bench.desk.take_measures(chinese.id, MO)
    assert [item.id for item in queue.overdue(NoticeFilter())] == [european.id]
    acted = bench.notices.get(chinese.id)
    assert acted is not None
    assert queue.act_by(acted) is None


def test_the_reputation_is_that_of_the_notifier(bench: Bench, queue: NoticeQueue) -> None:
    received = bench.desk.receive(GIVEN, OWNER).notice
    assert queue.reputation(received).dismissed == 0
    bench.desk.reject(received.id, MO, "not theirs")
    assert queue.reputation(received).dismissed == 1


def test_a_statement_tells_what_the_sweep_found(bench: Bench) -> None:
    facts = (Wording("a picture resembles it", "一张图片与其相似"),)
    bench.sweeps.swept = (SweptUpload("atelier", "model-3", "scr_3", "u-1", ("owl",), facts),)
    notice_id = bench.acted()
    told = {item.external_id: item.statement for item in bench.measures.find(because=f"notice:{notice_id}")}
    assert "- a picture resembles it" in told["model-3"].en
    assert "- 一张图片与其相似" in told["model-3"].zh
    assert "What was found" not in told["model-1"].en
