"""What Outbox, Endpoints and Deliveries do, on SQLite and on PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from service.adapters.sql.audit import SqlAuditLog
from service.adapters.sql.cases import SqlCases
from service.adapters.sql.deliveries import SqlDeliveries, SqlOutbox
from service.adapters.sql.endpoints import SqlEndpoints
from service.adapters.sql.engine import writing
from service.adapters.sql.outbox import write_message
from service.domain.case import CaseState, DecisionKind, Origin, ReasonCode
from service.domain.message import LEASE, Attempt, DeliveryState, Endpoint
from tests.cases import MINUTE, case, decision, fill

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ATELIER = "platform:atelier"
ENDPOINT = Endpoint("whe_1", ATELIER, "https://hooks.example/a", (), "whsec_AAAA", NOON, "key:atelier")
TAKEN = Attempt(1, NOON, 0.1, 200, "ok")
REFUSED = Attempt(1, NOON, 0.1, 500, "no")


class Sent:
    """The stores, an endpoint, and messages written."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.outbox, self.endpoints, self.deliveries = SqlOutbox(engine), SqlEndpoints(engine), SqlDeliveries(engine)
        self.endpoints.add(ENDPOINT)

    def write(self, kind: str = "measure.taken", recipient: str = ATELIER) -> str:
        with writing(self.engine) as connection:
            return write_message(connection, recipient=recipient, kind=kind, payload={"n": 1}, at=NOON)

    def take(self, now: datetime = NOON, most: int = 100, **options: Any) -> list[Any]:
        return self.deliveries.take(now, now + LEASE, most, **options)


@pytest.fixture
def sent(engine: sa.Engine) -> Sent:
    return Sent(engine)


def actions(engine: sa.Engine) -> list[str]:
    return [entry.action for entry in SqlAuditLog(engine).entries()]


def test_a_message_becomes_a_delivery_for_each_endpoint_that_wants_it(sent: Sent) -> None:
    sent.endpoints.add(replace(ENDPOINT, id="whe_2", kinds=("case.*",)))
    sent.endpoints.add(replace(ENDPOINT, id="whe_3", kinds=("measure.taken",)))
    sent.endpoints.add(replace(ENDPOINT, id="whe_4", recipient="platform:bazaar"))
    message = sent.write()
    assert sent.outbox.place(NOON, 100) == 1
    assert sent.outbox.place(NOON, 100) == 0
    found = sent.deliveries.find()
    assert {item.endpoint_id for item in found} == {"whe_1", "whe_3"}
    assert {item.message.id for item in found} == {message}


def test_places_follow_the_commits_and_not_the_numbers(sent: Sent) -> None:
    if sent.engine.dialect.name == "sqlite":
        pytest.skip("NOT TESTED: SQLite has one writer at a time")
    with writing(sent.engine) as late:
        first = write_message(late, recipient=ATELIER, kind="a.b", payload={}, at=NOON)
        second = sent.write()
        sent.outbox.place(NOON, 100)
        assert [item.id for item in sent.outbox.after(ATELIER, 0, 10)] == [second]
    sent.outbox.place(NOON, 100)
    assert [item.id for item in sent.outbox.after(ATELIER, 1, 10)] == [first]


def test_several_that_place_at_once_place_each_message_once(sent: Sent) -> None:
    ids = {sent.write() for _ in range(20)}
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: sent.outbox.place(NOON, 7), range(12))) == 20
    found = sent.outbox.after(ATELIER, 0, 100)
    assert [item.place for item in found] == list(range(1, 21))
    assert {item.id for item in found} == ids
    assert len(sent.deliveries.find()) == 20


def test_nobody_reads_messages_of_others(sent: Sent) -> None:
    sent.write(recipient="platform:bazaar")
    sent.outbox.place(NOON, 100)
    assert sent.outbox.after(ATELIER, 0, 10) == []


def test_of_several_that_ask_at_once_each_gets_others(sent: Sent) -> None:
    for _ in range(30):
        sent.write()
    sent.outbox.place(NOON, 100)
    with ThreadPoolExecutor(6) as pool:
        taken = [item.delivery.id for some in pool.map(lambda _: sent.take(most=4), range(12)) for item in some]
    taken += [item.delivery.id for item in sent.take()]
    assert len(taken) == len(set(taken)) == 30


def test_who_dies_leaves_its_delivery_to_the_next_when_the_lease_has_run_out(sent: Sent) -> None:
    sent.write()
    sent.outbox.place(NOON, 100)
    (first,) = sent.take()
    assert sent.take(NOON + LEASE - timedelta(seconds=1)) == []
    (second,) = sent.take(NOON + LEASE)
    assert (second.delivery.id, second.delivery.attempts) == (first.delivery.id, 2)
    sent.deliveries.settle(first, REFUSED, None, NOON + LEASE)
    assert sent.deliveries.find()[0].state is DeliveryState.WAITING
    sent.deliveries.settle(first, TAKEN, None, NOON + LEASE)
    assert sent.deliveries.find()[0].state is DeliveryState.DELIVERED


def test_what_failed_is_tried_again_and_is_dead_in_the_end_and_can_be_replayed(sent: Sent) -> None:
    message = sent.write()
    sent.outbox.place(NOON, 100)
    (leased,) = sent.take()
    sent.deliveries.settle(leased, REFUSED, NOON + MINUTE, NOON)
    assert sent.take() == []
    (leased,) = sent.take(NOON + MINUTE)
    sent.deliveries.settle(leased, REFUSED, None, NOON + MINUTE)
    (dead,) = sent.deliveries.find(state=DeliveryState.DEAD)
    assert (dead.attempts, dead.last_error) == (2, "answered 500")
    assert sent.take(NOON + timedelta(days=9)) == []
    assert sent.deliveries.replay(dead.id, "user:ad", NOON)
    assert not sent.deliveries.replay(dead.id, "user:ad", NOON)
    (leased,) = sent.take()
    assert leased.delivery.message.id == message
    sent.deliveries.settle(leased, TAKEN, None, NOON)
    assert [(item.number, item.status) for item in sent.deliveries.attempts(dead.id)] == [(1, 500), (2, 500), (3, 200)]
    assert actions(sent.engine) == ["webhook.added", "message.dead", "message.replayed", "message.delivered"]


def test_an_endpoint_that_is_gone_is_disabled_and_what_waits_for_it_waits(sent: Sent) -> None:
    sent.write(), sent.write()
    sent.outbox.place(NOON, 100)
    first = sent.take(most=1)[0]
    sent.deliveries.settle(first, replace(REFUSED, status=410), None, NOON)
    (endpoint,) = sent.endpoints.find()
    assert endpoint.disabled == NOON
    assert sent.take() == []
    assert sent.endpoints.change("whe_1", {"disabled": None, "disabled_because": None}, "user:ad", NOON)
    assert len(sent.take()) == 1


def test_an_endpoint_that_is_full_gets_no_more(sent: Sent) -> None:
    sent.write()
    sent.outbox.place(NOON, 100)
    assert sent.take(but_not=["whe_1"]) == []


def test_a_removed_endpoint_is_sent_nothing_more(sent: Sent) -> None:
    sent.write()
    sent.outbox.place(NOON, 100)
    assert sent.endpoints.remove("whe_1", "user:ad", NOON)
    assert not sent.endpoints.remove("whe_1", "user:ad", NOON)
    assert sent.endpoints.find() == []
    assert sent.take() == []
    (dead,) = sent.deliveries.find(state=DeliveryState.DEAD)
    assert not sent.deliveries.replay(dead.id, "user:ad", NOON)


def test_after_a_rotation_both_secrets_hold_for_a_while_and_the_log_has_neither(sent: Sent) -> None:
    until = NOON + timedelta(days=1)
    assert sent.endpoints.rotate("whe_1", "whsec_BBBB", until, "user:ad", NOON)
    (endpoint,) = sent.endpoints.find()
    assert endpoint.secrets(NOON) == ("whsec_BBBB", "whsec_AAAA")
    assert endpoint.secrets(until) == ("whsec_BBBB",)
    assert "whsec" not in "".join(entry.after for entry in SqlAuditLog(sent.engine).entries())


DISMISS = {"kind": DecisionKind.DISMISS, "reason_code": ReasonCode.OTHER_CHARACTER}


@pytest.mark.parametrize(
    ("origin", "changes", "told"),
    [
        (Origin.REVIEW, {}, True),
        (Origin.REVIEW, DISMISS, True),
        (Origin.SECOND_LOOK, DISMISS, False),
        (Origin.REVIEW, {"kind": DecisionKind.ESCALATE, "reason_code": ReasonCode.CANNOT_TELL}, False),
    ],
)
def test_a_platform_is_told_of_decisions_but_of_no_second_look_that_changes_nothing(
    sent: Sent, origin: Origin, changes: dict[str, Any], *, told: bool
) -> None:
    fill(sent.engine, case(origin=origin))
    made, cases = decision(1, **changes), SqlCases(sent.engine)
    assert cases.claim("case_1", made.by, made.at - MINUTE, made.at + MINUTE)
    escalated = made.kind is DecisionKind.ESCALATE
    assert cases.decide("case_1", made, CaseState.ESCALATED if escalated else CaseState.DECIDED)
    assert cases.undo("case_1", made.by, made.at)
    sent.outbox.place(NOON, 100)
    kinds = [item.kind for item in sent.outbox.after(ATELIER, 0, 10)]
    assert kinds == (["case.decided", "case.decision_undone"] if told else [])
