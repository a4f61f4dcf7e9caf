"""Changes of reference sets in a database.

Whoever changes a set takes its row first, so that changes of one set come one after the other; then the revision, where
matching could see the change; the audit log last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from indexer.model import Alias, Licence
from service.adapters.sql.audit import write_entry
from service.adapters.sql.engine import writing
from service.adapters.sql.sets import GRANTED, HELD, REVISION
from service.adapters.sql.tables import aliases, licences, reference_sets, revisions, set_references
from service.domain.errors import NotFound
from service.domain.registration import MOVES, RegisteredReference, RegisteredSet, SetState
from service.domain.wording import Wording

_UNSEEN = frozenset({"rights_identity", "owner_id", "quarantine"})
"""Fields that matching does not see."""

_DONE = {
    SetState.ACTIVE: "set.activated",
    SetState.SUSPENDED: "set.suspended",
    SetState.WITHDRAWN: "set.withdrawn",
}


class _Changes:
    """What the two stores below have in common."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert

    def _take(self, connection: sa.Connection, slug: str) -> sa.Row[Any]:
        """Read a set's row and keep others from changing the set. Raises NotFound."""
        query = reference_sets.select().where(reference_sets.c.slug == slug).with_for_update()
        row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(f"there is no reference set {slug}")
        return row

    def _changed(self, connection: sa.Connection, row: sa.Row[Any], now: datetime, *, seen: bool = True) -> None:
        """Note when a set was changed; where it is matched, the revision grows."""
        change = reference_sets.update().where(reference_sets.c.slug == row.slug)
        connection.execute(change.values(changed=now))
        if seen and row.state == SetState.ACTIVE.value:
            self._bump(connection)

    def _bump(self, connection: sa.Connection) -> None:
        grown = {"number": revisions.c.number + 1}
        first = self._insert(revisions).values(name=REVISION, number=1)
        connection.execute(first.on_conflict_do_update(index_elements=[revisions.c.name], set_=grown))


class SqlSetRecord(_Changes):
    """SetRecord over SQLAlchemy."""

    def add(self, item: RegisteredSet, by: str) -> bool:
        """Keep a new set; tell whether the slug was free."""
        content, now = item.content, item.created
        row = {
            "slug": item.slug,
            "owner_id": item.owner,
            "state": item.state.value,
            "title": dict(content.title),
            "work": dict(content.work),
            "fame": content.fame.value,
            "rights_holder": content.holder,
            "rights_identity": item.rights_identity,
            "rights_evidence": content.rights_evidence,
            "quarantine": asdict(item.quarantine) if item.quarantine else None,
            "created": now,
            "changed": item.changed,
        }
        told = ("owner_id", "state", "title", "work", "fame", "rights_holder", "rights_evidence")
        counts = {
            "pictures": len(item.references),
            "aliases": len(content.aliases),
            "licences": len(content.licences),
        }
        with writing(self._engine) as connection:
            new = self._insert(reference_sets).values(row).on_conflict_do_nothing()
            if connection.execute(new).rowcount != 1:
                return False
            _insert_all(connection, set_references, [_reference_row(item.slug, found) for found in item.references])
            _insert_all(connection, aliases, _alias_rows(item.slug, content.aliases))
            granted = [
                _licence_row(item.slug, f"licence-{number}", licence, by, now)
                for number, licence in enumerate(content.licences, 1)
            ]
            _insert_all(connection, licences, granted)
            if item.state is not SetState.DRAFT:
                self._bump(connection)
            after = {**{name: row[name] for name in told}, **counts}
            write_entry(
                connection, at=item.created, actor=by, action="set.added", subject=f"set:{item.slug}", after=after
            )
        return True

    def change(self, slug: str, fields: Mapping[str, Any], by: str, now: datetime) -> None:
        """Change some fields."""
        wanted = {name: _plain(value) for name, value in fields.items()}
        with writing(self._engine) as connection:
            row = self._take(connection, slug)
            before = {name: getattr(row, name) for name, value in wanted.items() if getattr(row, name) != value}
            if not before:
                return
            after = {name: wanted[name] for name in before}
            connection.execute(reference_sets.update().where(reference_sets.c.slug == slug).values(after))
            self._changed(connection, row, now, seen=bool(before.keys() - _UNSEEN))
            write_entry(
                connection,
                at=now,
                actor=by,
                action="set.quarantined" if after.keys() == {"quarantine"} and after["quarantine"] else "set.changed",
                subject=f"set:{slug}",
                before=before,
                after=after,
            )

    def move(self, slug: str, state: SetState, by: str, now: datetime, *, reason: str = "") -> bool:
        """Put a set in another state; what was said against an active set is settled by activating it again."""
        with writing(self._engine) as connection:
            row = self._take(connection, slug)
            if state not in MOVES[SetState(row.state)]:
                return False
            values: dict[str, Any] = {"state": state.value}
            if state is SetState.ACTIVE:
                values["quarantine"] = None
            connection.execute(reference_sets.update().where(reference_sets.c.slug == slug).values(values))
            self._changed(connection, row, now, seen=False)
            # Always: whatever is no draft has a say against a set of this name that a folder's snapshot holds.
            self._bump(connection)
            write_entry(
                connection,
                at=now,
                actor=by,
                action=_DONE[state],
                subject=f"set:{slug}",
                before={"state": row.state},
                after={"state": state.value, **({"reason": reason} if reason else {})},
            )
            return True

    def put_aliases(self, slug: str, aliases_: Sequence[Alias], by: str, now: datetime) -> None:
        """Replace all aliases of a set."""
        with writing(self._engine) as connection:
            row = self._take(connection, slug)
            query = aliases.select().where(aliases.c.reference_set == slug).order_by(aliases.c.number)
            before = [_told(found) for found in connection.execute(query)]
            after = [_told(alias) for alias in aliases_]
            if before == after:
                return
            connection.execute(aliases.delete().where(aliases.c.reference_set == slug))
            _insert_all(connection, aliases, _alias_rows(slug, aliases_))
            self._changed(connection, row, now)
            write_entry(
                connection,
                at=now,
                actor=by,
                action="aliases.replaced",
                subject=f"set:{slug}",
                before={"aliases": [alias for alias in before if alias not in after]},
                after={"aliases": [alias for alias in after if alias not in before]},
            )


class SqlSetContents(_Changes):
    """SetContents over SQLAlchemy."""

    def add_reference(self, slug: str, reference: RegisteredReference) -> RegisteredReference | None:
        """Add a picture, under a file name that is free; None where the set has it."""
        own = set_references.c.reference_set == slug
        with writing(self._engine) as connection:
            row = self._take(connection, slug)
            names = _names(reference)
            alike = sa.or_(set_references.c.sha256 == reference.sha256, set_references.c.file.in_(names))
            query = sa.select(set_references.c.file, set_references.c.sha256).where(own, HELD, alike)
            held = {found.file: found.sha256 for found in connection.execute(query)}
            if reference.sha256 in held.values():
                return None
            reference = replace(reference, file=next(name for name in names if name not in held))
            connection.execute(set_references.insert().values(_reference_row(slug, reference)))
            self._changed(connection, row, reference.added)
            write_entry(
                connection,
                at=reference.added,
                actor=reference.added_by,
                action="reference.added",
                subject=f"set:{slug}",
                after={"id": reference.id, "file": reference.file, "sha256": reference.sha256},
            )
        return reference

    def remove_reference(self, slug: str, reference_id: str, by: str, now: datetime) -> bool:
        """Remove a picture; tell whether it was there."""
        own = sa.and_(set_references.c.reference_set == slug, set_references.c.id == reference_id, HELD)
        with writing(self._engine) as connection:
            row = self._take(connection, slug)
            found = connection.execute(set_references.select().where(own)).one_or_none()
            if found is None:
                return False
            gone = {"removed": now, "removed_by": by}
            connection.execute(set_references.update().where(own).values(gone))
            self._changed(connection, row, now)
            write_entry(
                connection,
                at=now,
                actor=by,
                action="reference.removed",
                subject=f"set:{slug}",
                before={"id": found.id, "file": found.file, "sha256": found.sha256},
            )
            return True

    def add_licence(self, slug: str, licence: Licence, by: str, now: datetime) -> Licence:
        """Grant a licence under a name that no licence of this set ever had."""
        with writing(self._engine) as connection:
            row = self._take(connection, slug)
            counted = sa.select(sa.func.count()).where(licences.c.reference_set == slug)
            name = f"licence-{(connection.scalar(counted) or 0) + 1}"
            connection.execute(licences.insert().values(_licence_row(slug, name, licence, by, now)))
            self._changed(connection, row, now)
            write_entry(
                connection,
                at=now,
                actor=by,
                action="licence.granted",
                subject=f"set:{slug}",
                after={
                    "licence": name,
                    "platform": licence.platform,
                    "uploader": licence.uploader,
                    "until": licence.until,
                },
            )
        return replace(licence, id=f"{slug}/{name}")

    def end_licence(self, slug: str, name: str, by: str, now: datetime) -> bool:
        """End a licence; tell whether it was in force."""
        own = sa.and_(licences.c.reference_set == slug, licences.c.name == name, GRANTED)
        with writing(self._engine) as connection:
            row = self._take(connection, slug)
            if connection.execute(licences.update().where(own).values(ended=now)).rowcount != 1:
                return False
            self._changed(connection, row, now)
            subject = f"set:{slug}"
            write_entry(connection, at=now, actor=by, action="licence.ended", subject=subject, before={"licence": name})
            return True


def _names(reference: RegisteredReference) -> list[str]:
    """Name a picture's file, and what tells it from its namesakes; nobody can have foreseen its id."""
    path = PurePosixPath(reference.file)
    longer = (f"{path.stem}-{end}{path.suffix}" for end in (reference.sha256[:12], reference.sha256, reference.id))
    return [reference.file, *(str(path.with_name(name)) for name in longer)]


def _insert_all(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(table.insert(), rows)


def _plain(value: Any) -> Any:
    """Write a value as its column keeps it."""
    if isinstance(value, Wording):
        return asdict(value)
    if isinstance(value, StrEnum):
        return value.value
    return dict(value) if isinstance(value, Mapping) else value


def _reference_row(slug: str, reference: RegisteredReference) -> dict[str, Any]:
    return {
        "id": reference.id,
        "reference_set": slug,
        "file": reference.file,
        "sha256": reference.sha256,
        "remarks": [dict(remark) for remark in reference.remarks],
        "added": reference.added,
        "added_by": reference.added_by,
    }


def _alias_rows(slug: str, given: Iterable[Alias]) -> list[dict[str, Any]]:
    return [{"reference_set": slug, "number": number, **_told(alias)} for number, alias in enumerate(given, 1)]


def _told(alias: Any) -> dict[str, str]:
    return {"text": alias.text, "language": alias.language, "kind": str(alias.kind)}


def _licence_row(slug: str, name: str, licence: Licence, by: str, now: datetime) -> dict[str, Any]:
    return {
        "reference_set": slug,
        "name": name,
        "platform": licence.platform,
        "uploader": licence.uploader,
        "until": licence.until,
        "granted": now,
        "granted_by": by,
    }
