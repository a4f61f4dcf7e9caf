"""Endpoints in a database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from service.adapters.sql.audit import write_entry
from service.adapters.sql.engine import writing
from service.adapters.sql.tables import deliveries, endpoints
from service.domain.message import DeliveryState, Endpoint

HERE = endpoints.c.removed.is_(None)


class SqlEndpoints:
    """Endpoints over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, endpoint: Endpoint) -> None:
        """Keep a new one."""
        told = {"recipient": endpoint.recipient, "url": endpoint.url, "kinds": list(endpoint.kinds)}
        row = told | {
            "id": endpoint.id,
            "secret": endpoint.secret,
            "created": endpoint.created,
            "created_by": endpoint.created_by,
        }
        with writing(self._engine) as connection:
            connection.execute(endpoints.insert().values(row))
            _tell(connection, endpoint.id, "added", endpoint.created_by, endpoint.created, told)

    def find(self, *, endpoint_id: str | None = None, recipient: str | None = None) -> list[Endpoint]:
        """Return those that were not removed."""
        query = sa.select(endpoints).where(HERE).order_by(endpoints.c.created, endpoints.c.id)
        if endpoint_id is not None:
            query = query.where(endpoints.c.id == endpoint_id)
        if recipient is not None:
            query = query.where(endpoints.c.recipient == recipient)
        with self._engine.connect() as connection:
            return [endpoint_of(row) for row in connection.execute(query)]

    def change(self, endpoint_id: str, fields: Mapping[str, Any], by: str, now: datetime) -> bool:
        """Change some fields."""
        told = {name: _written(value) for name, value in fields.items()}
        return self._update(endpoint_id, dict(fields), "changed", by, now, told)

    def rotate(self, endpoint_id: str, secret: str, until: datetime, by: str, now: datetime) -> bool:
        """Put a new secret."""
        values = {"secret_before": endpoints.c.secret, "secret": secret, "secret_before_until": until}
        return self._update(endpoint_id, values, "secret_rotated", by, now, {"before_valid_until": until.isoformat()})

    def remove(self, endpoint_id: str, by: str, now: datetime) -> bool:
        """Remove one, with its secrets; what waits for it is dead."""
        values = {"removed": now, "secret": "", "secret_before": None}
        return self._update(endpoint_id, values, "removed", by, now, {})

    def _update(  # noqa: PLR0917 (what, to what, who, when)
        self, endpoint_id: str, values: dict[str, Any], action: str, by: str, now: datetime, told: Mapping[str, Any]
    ) -> bool:
        with writing(self._engine) as connection:
            change = endpoints.update().where(endpoints.c.id == endpoint_id, HERE).values(values)
            if connection.execute(change).rowcount != 1:
                return False
            if action == "removed":
                waiting = sa.and_(
                    deliveries.c.endpoint_id == endpoint_id, deliveries.c.state == DeliveryState.WAITING.value
                )
                dead = {"state": DeliveryState.DEAD.value, "last_error": "the endpoint was removed", "changed": now}
                connection.execute(deliveries.update().where(waiting).values(dead))
            _tell(connection, endpoint_id, action, by, now, told)
            return True


def endpoint_of(row: sa.Row[Any]) -> Endpoint:
    """Read a row of endpoints."""
    return Endpoint(
        id=row.id,
        recipient=row.recipient,
        url=row.url,
        kinds=tuple(row.kinds),
        secret=row.secret,
        created=row.created,
        created_by=row.created_by,
        secret_before=row.secret_before,
        secret_before_until=row.secret_before_until,
        disabled=row.disabled,
        disabled_because=row.disabled_because,
    )


def _written(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _tell(  # noqa: PLR0917 (what, who, when)
    connection: sa.Connection, endpoint_id: str, action: str, by: str, now: datetime, told: Mapping[str, Any]
) -> None:
    subject = f"webhook:{endpoint_id}"
    write_entry(connection, at=now, actor=by, action=f"webhook.{action}", subject=subject, after=told)
