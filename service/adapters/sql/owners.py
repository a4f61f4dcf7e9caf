"""Rights owners in a database."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from service.adapters.sql.audit import write_entry
from service.adapters.sql.engine import writing
from service.adapters.sql.tables import rights_owners
from service.domain.registration import RightsOwner


class SqlRightsOwners:
    """RightsOwners over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, owner: RightsOwner, by: str) -> bool:
        """Register one; tell whether the id was free."""
        told = {"name": owner.name, "identity": owner.identity, "contact": owner.contact}
        try:
            with writing(self._engine) as connection:
                row = {"id": owner.id, **told, "created": owner.created}
                connection.execute(rights_owners.insert().values(row))
                write_entry(
                    connection,
                    at=owner.created,
                    actor=by,
                    action="owner.registered",
                    subject=f"owner:{owner.id}",
                    after=told,
                )
        except IntegrityError:
            if self.get(owner.id) is None:
                raise
            return False
        return True

    def get(self, owner_id: str) -> RightsOwner | None:
        """Return one."""
        with self._engine.connect() as connection:
            row = connection.execute(rights_owners.select().where(rights_owners.c.id == owner_id)).one_or_none()
        return _owner(row) if row is not None else None

    def list_all(self) -> list[RightsOwner]:
        """Return all, by name."""
        query = rights_owners.select().order_by(rights_owners.c.name, rights_owners.c.id)
        with self._engine.connect() as connection:
            return [_owner(row) for row in connection.execute(query)]


def _owner(row: sa.Row[Any]) -> RightsOwner:
    return RightsOwner(row.id, row.name, row.identity, row.contact, row.created)
