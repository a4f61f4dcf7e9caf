"""Messages on their way, in a database: placed, leased, attempted, settled.

A delivery is leased by moving `due` to where the lease ends: a process that dies in between loses nothing, and the next
one takes the delivery when that time has come.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from service.adapters.sql.audit import write_entry
from service.adapters.sql.endpoints import HERE, endpoint_of
from service.adapters.sql.engine import writing
from service.adapters.sql.tables import deliveries, delivery_attempts, endpoints, outbox, revisions
from service.domain.audit import SYSTEM
from service.domain.identity import new_id
from service.domain.message import Attempt, Delivery, DeliveryState, Message
from service.ports.messages import Leased

_PLACES = "messages"
_WAITING, _DELIVERED, _DEAD = (state.value for state in DeliveryState)
_OPEN = sa.and_(HERE, endpoints.c.disabled.is_(None))
_LONGEST_ERROR = 512


class SqlOutbox:
    """Outbox over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert

    def place(self, now: datetime, most: int) -> int:
        """Give places, and make deliveries."""
        unplaced = sa.select(outbox).where(outbox.c.place.is_(None)).order_by(outbox.c.number).limit(most)
        with self._engine.connect() as connection:
            if not connection.execute(unplaced.limit(1)).first():
                return 0
        with writing(self._engine) as connection:
            # Who places has this row until the end, so that places are committed in their order.
            first = self._insert(revisions).values(name=_PLACES, number=0).on_conflict_do_nothing()
            connection.execute(first)
            last = connection.execute(
                sa.select(revisions.c.number).where(revisions.c.name == _PLACES).with_for_update()
            ).scalar_one()
            rows = connection.execute(unplaced).all()
            for place, row in enumerate(rows, last + 1):
                connection.execute(outbox.update().where(outbox.c.number == row.number).values(place=place))
            self._fan_out(connection, rows, now)
            grown = revisions.update().where(revisions.c.name == _PLACES).values(number=last + len(rows))
            connection.execute(grown)
        return len(rows)

    def after(self, recipient: str, place: int, most: int) -> list[Message]:
        """Return the next messages to a recipient."""
        query = sa.select(outbox).where(outbox.c.recipient == recipient, outbox.c.place > place)
        with self._engine.connect() as connection:
            return [_message(row) for row in connection.execute(query.order_by(outbox.c.place).limit(most))]

    def _fan_out(self, connection: sa.Connection, rows: Sequence[sa.Row[Any]], now: datetime) -> None:
        recipients = {row.recipient for row in rows}
        found = connection.execute(sa.select(endpoints).where(HERE, endpoints.c.recipient.in_(recipients)))
        known = [endpoint_of(row) for row in found]
        made = [
            {
                "id": new_id("dlv"),
                "message_id": row.id,
                "endpoint_id": endpoint.id,
                "state": _WAITING,
                "attempts": 0,
                "due": now,
                "created": now,
                "changed": now,
            }
            for row in rows
            for endpoint in known
            if endpoint.recipient == row.recipient and endpoint.wants(row.kind)
        ]
        if made:
            connection.execute(deliveries.insert(), made)


class SqlDeliveries:
    """Deliveries over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def take(self, now: datetime, until: datetime, most: int, *, but_not: Collection[str] = ()) -> list[Leased]:
        """Lease what is due."""
        lease = new_id("lse")
        due = (
            sa.select(deliveries.c.id)
            .join(endpoints)
            .where(deliveries.c.state == _WAITING, deliveries.c.due <= now, _OPEN)
            .where(endpoints.c.id.not_in(list(but_not)))
            .order_by(deliveries.c.due, deliveries.c.id)
            .limit(most)
        )
        with self._engine.connect() as connection:
            if not connection.execute(due.limit(1)).first():
                return []
        with writing(self._engine) as connection:
            ids = list(connection.scalars(due.with_for_update(skip_locked=True, of=deliveries)))
            if not ids:
                return []
            change = {"due": until, "lease": lease, "attempts": deliveries.c.attempts + 1, "changed": now}
            connection.execute(deliveries.update().where(deliveries.c.id.in_(ids)).values(change))
            found = {item.id: item for item in _read(connection, deliveries.c.id.in_(ids), most)}
            of = {item.endpoint_id for item in found.values()}
            rows = connection.execute(sa.select(endpoints).where(endpoints.c.id.in_(of)))
            known = {row.id: endpoint_of(row) for row in rows}
        return [Leased(found[item], known[found[item].endpoint_id], lease) for item in ids]

    def settle(self, leased: Leased, attempt: Attempt, due: datetime | None, now: datetime) -> None:
        """Note what came of an attempt."""
        delivery = leased.delivery
        error = None if attempt.succeeded else (attempt.error or f"answered {attempt.status}")[:_LONGEST_ERROR]
        with writing(self._engine) as connection:
            _keep(connection, delivery.id, attempt)
            change = deliveries.update().where(deliveries.c.id == delivery.id, deliveries.c.state == _WAITING)
            if attempt.succeeded:
                values: dict[str, Any] = {"state": _DELIVERED, "last_error": None}
            else:
                change = change.where(deliveries.c.lease == leased.lease)
                values = {"state": _WAITING, "due": due} if due is not None else {"state": _DEAD}
                values |= {"last_error": error}
            done = connection.execute(change.values(values | {"lease": None, "changed": now})).rowcount == 1
            if attempt.gone and _disable(connection, delivery.endpoint_id, now):
                subject = f"webhook:{delivery.endpoint_id}"
                after = {"because": _GONE}
                write_entry(connection, at=now, actor=SYSTEM, action="webhook.disabled", subject=subject, after=after)
            if done and values["state"] != _WAITING:
                write_entry(
                    connection,
                    at=now,
                    actor=SYSTEM,
                    action=f"message.{values['state']}",
                    subject=f"message:{delivery.message.id}",
                    after={
                        "recipient": delivery.message.recipient,
                        "kind": delivery.message.kind,
                        "endpoint_id": delivery.endpoint_id,
                        "delivery_id": delivery.id,
                        "attempts": delivery.attempts,
                        "status": attempt.status,
                        "error": error,
                    },
                )

    def find(
        self,
        *,
        delivery_id: str | None = None,
        endpoint_ids: Sequence[str] | None = None,
        state: DeliveryState | None = None,
        most: int = 100,
    ) -> list[Delivery]:
        """Return deliveries, newest first."""
        wanted: sa.ColumnElement[bool] = sa.true()
        if delivery_id is not None:
            wanted = sa.and_(wanted, deliveries.c.id == delivery_id)
        if endpoint_ids is not None:
            wanted = sa.and_(wanted, deliveries.c.endpoint_id.in_(endpoint_ids))
        if state is not None:
            wanted = sa.and_(wanted, deliveries.c.state == state.value)
        with self._engine.connect() as connection:
            return _read(connection, wanted, most)

    def attempts(self, delivery_id: str) -> list[Attempt]:
        """Return the attempts of a delivery."""
        query = sa.select(delivery_attempts).where(delivery_attempts.c.delivery_id == delivery_id)
        with self._engine.connect() as connection:
            return [
                Attempt(row.number, row.at, row.seconds, row.status, row.answer, row.error)
                for row in connection.execute(query.order_by(delivery_attempts.c.number))
            ]

    def replay(self, delivery_id: str, by: str, now: datetime) -> bool:
        """Try one from the beginning."""
        there = sa.exists().where(endpoints.c.id == deliveries.c.endpoint_id, HERE)
        settled = sa.and_(deliveries.c.id == delivery_id, deliveries.c.state != _WAITING, there)
        values = {"state": _WAITING, "attempts": 0, "due": now, "lease": None, "changed": now, "last_error": None}
        with writing(self._engine) as connection:
            if connection.execute(deliveries.update().where(settled).values(values)).rowcount != 1:
                return False
            message = connection.scalar(sa.select(deliveries.c.message_id).where(deliveries.c.id == delivery_id))
            write_entry(
                connection,
                at=now,
                actor=by,
                action="message.replayed",
                subject=f"message:{message}",
                after={"delivery_id": delivery_id},
            )
            return True


_GONE = "answered 410: it wants no more messages"


def _disable(connection: sa.Connection, endpoint_id: str, now: datetime) -> bool:
    change = endpoints.update().where(endpoints.c.id == endpoint_id, _OPEN)
    return connection.execute(change.values(disabled=now, disabled_because=_GONE)).rowcount == 1


def _keep(connection: sa.Connection, delivery_id: str, attempt: Attempt) -> None:
    """Keep a receipt under the next number: a replay begins to count anew, and receipts do not."""
    highest = sa.select(sa.func.max(delivery_attempts.c.number)).where(delivery_attempts.c.delivery_id == delivery_id)
    connection.execute(sa.select(deliveries.c.id).where(deliveries.c.id == delivery_id).with_for_update())
    connection.execute(
        delivery_attempts.insert().values(
            delivery_id=delivery_id,
            number=(connection.scalar(highest) or 0) + 1,
            at=attempt.at,
            seconds=attempt.seconds,
            status=attempt.status,
            answer=attempt.answer,
            error=attempt.error[:_LONGEST_ERROR] if attempt.error is not None else None,
        )
    )


def _read(connection: sa.Connection, wanted: sa.ColumnElement[bool], most: int) -> list[Delivery]:
    of_message = [outbox.c[name] for name in ("recipient", "kind", "payload", "written", "place")]
    query = sa.select(deliveries, *of_message).join(outbox, outbox.c.id == deliveries.c.message_id).where(wanted)
    ordered = query.order_by(deliveries.c.created.desc(), deliveries.c.id.desc()).limit(most)
    return [
        Delivery(
            id=row.id,
            message=Message(row.message_id, row.recipient, row.kind, row.payload, row.written, row.place),
            endpoint_id=row.endpoint_id,
            state=DeliveryState(row.state),
            attempts=row.attempts,
            due=row.due,
            changed=row.changed,
            last_error=row.last_error,
        )
        for row in connection.execute(ordered)
    ]


def _message(row: sa.Row[Any]) -> Message:
    return Message(row.id, row.recipient, row.kind, row.payload, row.written, row.place)
