"""Reference sets in a database, as they are read; set_changes.py changes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from indexer.model import Alias, AliasKind, Fame, Licence, Reference, ReferenceSet
from service.adapters.sql.tables import aliases, licences, reference_sets, revisions, set_references
from service.domain.registration import RegisteredReference, RegisteredSet, SetsInForce, SetState
from service.domain.wording import Wording

REVISION = "reference_sets"
HELD = set_references.c.removed.is_(None)
GRANTED = licences.c.ended.is_(None)
_AT_ONCE = 500


class SqlSetDirectory:
    """SetDirectory over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def get(self, slug: str) -> RegisteredSet | None:
        """Return a set, whatever its state."""
        with self._reading() as connection:
            found = read_sets(connection, reference_sets.c.slug == slug)
        return found[0] if found else None

    def list_all(self, owner: str | None = None) -> list[RegisteredSet]:
        """Return all sets, or those of one rights owner, by slug."""
        with self._reading() as connection:
            return read_sets(connection, sa.true() if owner is None else reference_sets.c.owner_id == owner)

    def in_force(self) -> SetsInForce:
        """Return the active sets, and the revision they are of."""
        with self._reading() as connection:
            revision = _revision(connection)
            active = read_sets(connection, reference_sets.c.state == SetState.ACTIVE.value)
            decided = reference_sets.c.state != SetState.DRAFT.value
            known = frozenset(connection.scalars(sa.select(reference_sets.c.slug).where(decided)))
        return SetsInForce(revision, tuple(item.content for item in active), known)

    def revision(self) -> int:
        """Return the revision of the record's sets."""
        with self._engine.connect() as connection:
            return _revision(connection)

    def holding(self, sha256: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Return the slugs of the sets that hold each picture."""
        found: dict[str, list[str]] = {}
        with self._engine.connect() as connection:
            for start in range(0, len(sha256), _AT_ONCE):
                query = (
                    sa.select(set_references.c.sha256, set_references.c.reference_set)
                    .join(reference_sets)
                    .where(HELD, reference_sets.c.state != SetState.WITHDRAWN.value)
                    .where(set_references.c.sha256.in_(sha256[start : start + _AT_ONCE]))
                    .order_by(set_references.c.reference_set)
                )
                for row in connection.execute(query):
                    found.setdefault(row.sha256, []).append(row.reference_set)
        return {digest: tuple(slugs) for digest, slugs in found.items()}

    def _reading(self) -> sa.Connection:
        """Read several tables as they were at one moment; SQLite does so by itself."""
        connection = self._engine.connect()
        if self._engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        return connection


def read_sets(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> list[RegisteredSet]:
    """Read sets with all they hold, by slug."""
    rows = connection.execute(reference_sets.select().where(condition).order_by(reference_sets.c.slug)).all()
    if not rows:
        return []
    pictures = _of_sets(connection, set_references, condition, HELD, order=(set_references.c.file,))
    named = _of_sets(connection, aliases, condition, order=(aliases.c.number,))
    granted = _of_sets(connection, licences, condition, GRANTED)
    return [
        _registered(row, pictures.get(row.slug, []), named.get(row.slug, []), granted.get(row.slug, [])) for row in rows
    ]


def _revision(connection: sa.Connection) -> int:
    return connection.scalar(sa.select(revisions.c.number).where(revisions.c.name == REVISION)) or 0


def _of_sets(
    connection: sa.Connection,
    table: sa.Table,
    condition: sa.ColumnElement[bool],
    *also: sa.ColumnElement[bool],
    order: Sequence[sa.ColumnElement[Any]] = (),
) -> dict[str, list[sa.Row[Any]]]:
    """Read what belongs to the sets of a condition, by slug."""
    query = sa.select(table).join(reference_sets).where(condition, *also).order_by(*order)
    found: dict[str, list[sa.Row[Any]]] = {}
    for row in connection.execute(query):
        found.setdefault(row.reference_set, []).append(row)
    return found


def _registered(
    row: sa.Row[Any], pictures: list[sa.Row[Any]], named: list[sa.Row[Any]], granted: list[sa.Row[Any]]
) -> RegisteredSet:
    references = tuple(
        RegisteredReference(item.id, item.file, item.sha256, item.added, item.added_by, tuple(item.remarks))
        for item in pictures
    )
    content = ReferenceSet(
        slug=row.slug,
        title=row.title,
        references=tuple(Reference(item.file, item.sha256) for item in references),
        work=row.work,
        fame=Fame(row.fame),
        holder=row.rights_holder,
        rights_evidence=row.rights_evidence,
        aliases=tuple(Alias(item.text, item.language, AliasKind(item.kind)) for item in named),
        licences=tuple(
            Licence(f"{row.slug}/{item.name}", item.platform, item.uploader, item.until)
            for item in sorted(granted, key=lambda item: licence_number(item.name))
        ),
    )
    return RegisteredSet(
        content=content,
        owner=row.owner_id,
        state=SetState(row.state),
        created=row.created,
        changed=row.changed,
        rights_identity=row.rights_identity,
        references=references,
        quarantine=Wording(**row.quarantine) if row.quarantine else None,
    )


def licence_number(name: str) -> int:
    """Return the number in a licence's name, such as `licence-2`."""
    return int(name.rpartition("-")[2])
