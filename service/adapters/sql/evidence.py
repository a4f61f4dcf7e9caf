"""What evidence packs need of the record: messages about measures, and the note that a pack was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import sqlalchemy as sa

from service.adapters.sql.audit import write_entry
from service.adapters.sql.engine import writing
from service.adapters.sql.tables import deliveries, delivery_attempts, endpoints, outbox, sweeps

_AT_ONCE = 500
_SECRETS = frozenset({"counter_notice_token", "counter_notice_path"})


class SqlEvidenceRecord:
    """An EvidenceRecord over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def messages(self, measure_ids: Sequence[str]) -> list[Mapping[str, Any]]:
        """Return the messages about measures, in order, each with its deliveries."""
        return self._read("measure_id", measure_ids)

    def notice_messages(self, notice_id: str) -> list[Mapping[str, Any]]:
        """Return the messages about a notice, without the secrets that lead to it."""
        return self._read("notice_id", [notice_id])

    def alerts(self, because: str) -> list[Mapping[str, Any]]:
        """Return what partners were told for a reason."""
        return self._read("because", [because], kind="partner.alert")

    def sweeps(self, because: str) -> list[str]:
        """Return the ids of the sweeps that ran for a reason."""
        query = sa.select(sweeps.c.id).where(sweeps.c.because == because).order_by(sweeps.c.created, sweeps.c.id)
        with self._engine.connect() as connection:
            return list(connection.scalars(query))

    def note(self, subject: str, pack_id: str, sha256: str, who: str, now: datetime) -> None:
        """Write to the audit log that a pack was made."""
        after = {"pack": pack_id, "sha256": sha256}
        with writing(self._engine) as connection:
            write_entry(connection, at=now, actor=who, action="pack.made", subject=subject, after=after)

    def _read(self, key: str, values: Sequence[str], kind: str | None = None) -> list[Mapping[str, Any]]:
        """Return the messages whose payload has one of some values under a key."""
        found: list[Mapping[str, Any]] = []
        with self._engine.connect() as connection:
            for start in range(0, len(values), _AT_ONCE):
                query = sa.select(outbox).where(
                    outbox.c.payload[key].as_string().in_(values[start : start + _AT_ONCE]),
                    outbox.c.kind == kind if kind is not None else sa.true(),
                )
                found += [
                    {
                        "id": row.id,
                        "number": row.number,
                        "recipient": row.recipient,
                        "kind": row.kind,
                        "payload": _without_secrets(row.payload),
                        "written": row.written.isoformat(),
                        "deliveries": _deliveries(connection, row.id),
                    }
                    for row in connection.execute(query).all()
                ]
        return sorted(found, key=lambda item: item["number"])


def _without_secrets(value: Any) -> Any:
    """Leave out what lets its reader in: an uploader's link to their counter-notice."""
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_secrets(item) for name, item in value.items() if name not in _SECRETS}
    return value


def _without_query(url: str) -> str:
    """Leave out what an address may hold of passwords."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _deliveries(connection: sa.Connection, message_id: str) -> list[dict[str, Any]]:
    query = sa.select(deliveries.c.id, deliveries.c.state, endpoints.c.url).join(
        endpoints, endpoints.c.id == deliveries.c.endpoint_id
    )
    tried = sa.select(delivery_attempts).order_by(delivery_attempts.c.number)
    return [
        {
            "id": row.id,
            "state": row.state,
            "url": _without_query(row.url),
            "attempts": [
                {"number": item.number, "at": item.at.isoformat(), "status": item.status, "error": item.error}
                for item in connection.execute(tried.where(delivery_attempts.c.delivery_id == row.id)).all()
            ],
        }
        for row in connection.execute(
            query.where(deliveries.c.message_id == message_id).order_by(deliveries.c.id)
        ).all()
    ]
