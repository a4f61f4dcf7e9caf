"""API keys in a database."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from service.adapters.sql.audit import write_entry
from service.adapters.sql.engine import writing
from service.adapters.sql.tables import api_keys, key_uses
from service.domain.account import ApiKey
from service.domain.identity import Role, Scope

_IN_FORCE = api_keys.c.revoked.is_(None)


class SqlApiKeys:
    """ApiKeys over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert

    def add(self, key: ApiKey, sha256: str) -> None:
        """Keep a key."""
        told = {
            "label": key.label,
            "role": key.role,
            "holder": key.holder,
            "prefix": key.prefix,
            "scopes": sorted(key.scopes),
            "per_minute": key.per_minute,
            "per_day": key.per_day,
        }
        with writing(self._engine) as connection:
            connection.execute(
                api_keys.insert()
                .values(
                    {**told, "id": key.id, "sha256": sha256, "created_by": key.created_by},
                )
                .values(created=key.created)
            )
            subject = f"key:{key.id}"
            write_entry(
                connection, at=key.created, actor=key.created_by, action="key.added", subject=subject, after=told
            )

    def find(self, sha256: str) -> ApiKey | None:
        """Return a key that is not revoked."""
        with self._engine.connect() as connection:
            query = api_keys.select().where(api_keys.c.sha256 == sha256, _IN_FORCE)
            row = connection.execute(query).one_or_none()
        return None if row is None else _key(row)

    def list_all(self) -> list[ApiKey]:
        """Return all, also those revoked, newest first."""
        query = api_keys.select().order_by(api_keys.c.created.desc(), api_keys.c.id)
        with self._engine.connect() as connection:
            return [_key(row) for row in connection.execute(query)]

    def revoke(self, key_id: str, by: str, now: datetime) -> bool:
        """Revoke a key; tell whether it was in force."""
        change = api_keys.update().where(api_keys.c.id == key_id, _IN_FORCE).values(revoked=now)
        with writing(self._engine) as connection:
            done = connection.execute(change).rowcount == 1
            if done:
                write_entry(connection, at=now, actor=by, action="key.revoked", subject=f"key:{key_id}")
        return done

    def count_uses(self, key_id: str, day: date, uses: int, now: datetime) -> int:
        """Note that a key was used so many times more; return how often it was on that day."""
        new = self._insert(key_uses).values(key_id=key_id, day=day, count=uses)
        added = {"count": key_uses.c.count + new.excluded.count}
        counted = new.on_conflict_do_update(index_elements=["key_id", "day"], set_=added).returning(key_uses.c.count)
        used = api_keys.update().where(api_keys.c.id == key_id).values(last_used=now)
        with writing(self._engine) as connection:
            total = int(connection.execute(counted).scalar_one())
            connection.execute(used)
        return total


def _key(row: sa.Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        label=row.label,
        role=Role(row.role),
        holder=row.holder,
        prefix=row.prefix,
        scopes=frozenset(Scope(scope) for scope in row.scopes),
        created=row.created,
        created_by=row.created_by,
        per_minute=row.per_minute,
        per_day=row.per_day,
        last_used=row.last_used,
        revoked=row.revoked,
    )
