"""What follows from findings, and that it is undone with them; on SQLite and on PostgreSQL."""

from __future__ import annotations

import io
from datetime import timedelta

import sqlalchemy as sa

from indexer.loras import read_signals
from indexer.model import LoraSignals, TensorHash
from indexer.training.example_loras import ExampleLora
from service.adapters.sql.case_history import SqlCaseHistory
from service.adapters.sql.cases import SqlCases
from service.adapters.sql.screenings import SqlScreeningStore
from service.domain.blocked import BlockedLora
from service.domain.case import LEASE, UNDO, CaseState, DecisionKind, ReasonCode
from service.ports import Finished
from tests.cases import NOON, actions, case, decision, finished, screening
from tests.notices import ATELIER, DAY, OWNER, REPLY, Bench

FINAL = NOON + UNDO


def lora(number: int) -> LoraSignals:
    tensor = TensorHash("F16", (64, 64), f"{number:064x}", telling=True)
    return LoraSignals(f"{number}.safetensors", f"{number:064x}", f"{number:064x}", (tensor,), None)


def upheld(engine: sa.Engine, number: int = 7, file: int = 7, signals: LoraSignals | None = None) -> None:
    """Keep a case that was decided at noon: it reproduces the character."""
    item = case(number, external_id=f"model-{number}")
    left: Finished = finished(item, lora=signals or lora(file))
    SqlScreeningStore(engine).add(screening(number, external_id=item.external_id), left)
    cases = SqlCases(engine)
    assert cases.claim(item.id, "user:mo", NOON - LEASE / 2, NOON + LEASE)
    assert cases.decide(item.id, decision(number), CaseState.DECIDED)


def dismissed_on_appeal(engine: sa.Engine, number: int = 7) -> None:
    cases, later = SqlCases(engine), NOON + DAY
    assert SqlCaseHistory(engine).appeal(f"case_{number}", "no", "key:atelier", NOON + timedelta(hours=1))
    assert cases.claim(f"case_{number}", "user:ada", later, later + LEASE)
    made = decision(
        100 + number, by="user:ada", at=later, kind=DecisionKind.DISMISS, reason_code=ReasonCode.OTHER_CHARACTER
    )
    assert cases.decide(f"case_{number}", made, CaseState.DECIDED)


class TestDecisions:
    def test_a_final_decision_gives_a_strike_once(self, bench: Bench) -> None:
        upheld(bench.engine)
        assert bench.consequences.tick(FINAL - timedelta(seconds=1)) == 0
        assert bench.consequences.tick(FINAL) == 1
        assert bench.consequences.tick(FINAL) == 0
        assert [item.because for item in bench.consequences.strikes_of("atelier", "u-1")] == ["case:case_7"]
        assert "consequence.recorded" in actions(bench.engine, "case:case_7")

    def test_a_reversal_that_is_final_voids_it(self, bench: Bench) -> None:
        upheld(bench.engine)
        bench.consequences.tick(FINAL)
        dismissed_on_appeal(bench.engine)
        assert bench.consequences.tick(NOON + DAY) == 0
        assert bench.consequences.tick(NOON + DAY + UNDO) == 1
        assert bench.consequences.strikes_of("atelier", "u-1") == []
        assert bench.consequences.tick(NOON + DAY + UNDO) == 0

    def test_strikes_expire(self, bench: Bench) -> None:
        upheld(bench.engine)
        bench.consequences.tick(FINAL)
        bench.clock.time = NOON + 181 * DAY
        assert bench.consequences.strikes_of("atelier", "u-1") == []
        assert len(bench.strikes.of("atelier", "u-1")) == 1


class TestNotices:
    def test_several_measures_of_one_notice_are_one_strike(self, bench: Bench) -> None:
        notice_id = bench.acted()
        assert bench.consequences.tick(NOON) == 2
        assert [item.because for item in bench.strikes.of("bazaar", "u-1")] == [f"notice:{notice_id}"]

    def test_what_comes_back_has_no_strike(self, bench: Bench) -> None:
        notice_id = bench.acted()
        bench.consequences.tick(NOON)
        counter = bench.counters.receive(notice_id, REPLY, ATELIER)
        assert counter.due is not None
        bench.counters.tick(counter.due)
        bench.consequences.tick(counter.due)
        bench.clock.time = counter.due
        assert bench.consequences.strikes_of("atelier", "u-1") == []
        assert len(bench.consequences.strikes_of("bazaar", "u-1")) == 1


class TestBlocking:
    """The registry takes what can be known again: files with a fingerprint."""

    def test_a_file_without_a_fingerprint_is_not_blocked_when_nobody_looks(self, bench: Bench) -> None:
        upheld(bench.engine)
        bench.consequences.tick(FINAL)
        assert bench.blocked.list_all() == []

    def test_a_lora_that_was_upheld_is_known_again_and_passes_when_that_is_reversed(self, bench: Bench) -> None:
        data = ExampleLora("fox").write()
        signals = read_signals("fox.safetensors", io.BytesIO(data), len(data)).signals
        upheld(bench.engine, signals=signals)
        bench.consequences.tick(FINAL)
        (entry,) = bench.blocked.list_all()
        assert (entry.reason, entry.added_by, entry.signals.sha256) == ("case:case_7", "system", signals.sha256)
        dismissed_on_appeal(bench.engine)
        bench.consequences.tick(NOON + DAY + UNDO)
        assert bench.blocked.list_all() == []

    def test_what_two_causes_block_passes_when_both_are_gone(self, bench: Bench) -> None:
        upheld(bench.engine, 7, file=7)
        upheld(bench.engine, 8, file=7)
        entry = bench.blocked.add(BlockedLora("blk_1", "model-7", "owl", "case:case_7", NOON, "system", lora(7)))
        bench.consequences.tick(FINAL)
        with bench.engine.begin() as connection:
            connection.execute(sa.text("UPDATE consequences SET blocked_id = :id"), {"id": entry.id})
        dismissed_on_appeal(bench.engine, 7)
        bench.consequences.tick(NOON + DAY + UNDO)
        assert len(bench.blocked.list_all()) == 1
        dismissed_on_appeal(bench.engine, 8)
        bench.consequences.tick(NOON + DAY + UNDO)
        assert bench.blocked.list_all() == []
        assert actions(bench.engine, "blocked_lora:blk_1") == ["blocked_lora.added", "blocked_lora.released"]


def test_a_withdrawn_notice_leaves_nothing_behind(bench: Bench) -> None:
    notice_id = bench.acted()
    bench.consequences.tick(NOON)
    bench.desk.withdraw(notice_id, OWNER)
    assert bench.consequences.tick(NOON) == 2
    assert bench.consequences.strikes_of("atelier", "u-1") == []
