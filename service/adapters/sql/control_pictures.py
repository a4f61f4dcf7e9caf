"""Pictures of dismissed cases, on their way into the control set."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from service.adapters.sql.audit import write_entry
from service.adapters.sql.engine import writing
from service.adapters.sql.tables import cases, control_pictures, decisions
from service.domain.case import DecisionKind
from service.ports import ControlPicture

_MOST = 1000


class SqlControlPictures:
    """ControlPictures over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert

    def propose(self, pictures: list[ControlPicture]) -> None:
        """Note pictures of one case; those known already stay as they are."""
        if not pictures:
            return
        rows = [
            {
                "sha256": item.sha256,
                "case_id": item.case_id,
                "style": item.style,
                "proposed": item.proposed,
                "proposed_by": item.proposed_by,
            }
            # In order, so that two who propose at once do not wait for each other.
            for item in sorted(pictures, key=lambda item: item.sha256)
        ]
        first = pictures[0]
        with writing(self._engine) as connection:
            connection.execute(self._insert(control_pictures).on_conflict_do_nothing(), rows)
            write_entry(
                connection,
                at=first.proposed,
                actor=first.proposed_by,
                action="control_picture.proposed",
                subject=f"case:{first.case_id}",
                after={"sha256": [row["sha256"] for row in rows]},
            )

    def waiting(self) -> list[ControlPicture]:
        """Return those that nobody confirmed or refused yet, oldest first."""
        return self._read(sa.and_(control_pictures.c.confirmed.is_(None), control_pictures.c.refused.is_(None)), _MOST)

    def judge(self, sha256: str, who: str, now: datetime, *, confirm: bool) -> bool:
        """Confirm or refuse a picture."""
        mine = control_pictures.c.sha256 == sha256
        with writing(self._engine) as connection:
            row = connection.execute(control_pictures.select().where(mine).with_for_update()).one_or_none()
            if row is None or row.confirmed is not None or row.refused is not None:
                return False
            if confirm and (row.proposed_by == who or not connection.scalar(_stands(row.case_id))):
                return False
            at = now
            change = {"confirmed": at, "confirmed_by": who} if confirm else {"refused": at}
            connection.execute(control_pictures.update().where(mine).values(change))
            action = "control_picture.confirmed" if confirm else "control_picture.refused"
            write_entry(connection, at=now, actor=who, action=action, subject=f"control_picture:{sha256}")
            return True

    def confirmed(self) -> list[ControlPicture]:
        """Return those that count."""
        return self._read(control_pictures.c.confirmed.is_not(None))

    def _read(self, condition: sa.ColumnElement[bool], most: int | None = None) -> list[ControlPicture]:
        joined = control_pictures.join(cases).join(decisions, decisions.c.id == cases.c.decision_id)
        query = (
            sa.select(control_pictures)
            .select_from(joined)
            .where(condition, decisions.c.kind == DecisionKind.DISMISS)
            .order_by(control_pictures.c.proposed, control_pictures.c.sha256)
        )
        with self._engine.connect() as connection:
            return [_picture(row) for row in connection.execute(query.limit(most))]


def _stands(case_id: str) -> sa.Select[Any]:
    """Ask whether a case stands dismissed: its decision may have been taken back, or appealed against."""
    joined = cases.join(decisions, decisions.c.id == cases.c.decision_id)
    dismissed = sa.and_(cases.c.id == case_id, decisions.c.kind == DecisionKind.DISMISS)
    return sa.select(sa.func.count()).select_from(joined).where(dismissed)


def _picture(row: sa.Row[Any]) -> ControlPicture:
    return ControlPicture(
        sha256=row.sha256,
        case_id=row.case_id,
        style=row.style,
        proposed=row.proposed,
        proposed_by=row.proposed_by,
        confirmed_by=row.confirmed_by,
    )
