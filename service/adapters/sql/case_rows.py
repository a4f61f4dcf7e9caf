"""Cases as rows: how one is opened, locked, read and moved. The stores of cases share these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from service.adapters.sql.audit import write_entry
from service.adapters.sql.tables import case_facets, cases, decisions
from service.adapters.sql.texts import storable
from service.domain.audit import SYSTEM
from service.domain.case import Case, CaseState, Claim, Decision, DecisionKind, Origin, ReasonCode
from service.domain.wording import Wording

SET, KIND = "set", "kind"
_AT_ONCE = 500


def open_case(connection: sa.Connection, case: Case) -> None:
    """Write a new case. Its audit entry does not say why it was opened: whoever gives a second look must not know."""
    opened = case.opened
    connection.execute(
        cases.insert().values(
            id=case.id,
            screening_id=case.screening_id,
            platform=case.platform,
            external_id=case.external_id,
            uploader=storable(case.uploader),
            stage=case.stage,
            origin=case.origin.value,
            state=case.state.value,
            opened=opened,
            rank=case.rank,
        )
    )
    facets = [(SET, value) for value in case.reference_sets] + [(KIND, value) for value in case.kinds]
    if facets:
        same = {"case_id": case.id, "state": case.state.value, "rank": case.rank, "opened": opened}
        connection.execute(case_facets.insert(), [{"facet": facet, "value": value, **same} for facet, value in facets])
    write_entry(
        connection,
        at=case.opened,
        actor=SYSTEM,
        action="case.opened",
        subject=f"case:{case.id}",
        after={"screening_id": case.screening_id, "reference_sets": list(case.reference_sets)},
    )


def locked(connection: sa.Connection, case_id: str) -> sa.Row[Any] | None:
    """Read a case's row inside a transaction that will change it; others who want to wait until it ends."""
    query = sa.select(cases).where(cases.c.id == case_id).with_for_update()
    return connection.execute(query).one_or_none()


def move(connection: sa.Connection, case_id: str, values: Mapping[str, Any]) -> None:
    """Change a case's row, and what its facets repeat of it."""
    connection.execute(cases.update().where(cases.c.id == case_id).values(values))
    repeated = {name: values[name] for name in ("state", "rank") if name in values}
    if repeated:
        connection.execute(case_facets.update().where(case_facets.c.case_id == case_id).values(repeated))


def read_cases(connection: sa.Connection, query: sa.Select[Any]) -> list[Case]:
    """Read the cases that a query of the whole table selects, in its order, with facets and decisions in force."""
    rows = connection.execute(query).all()
    facets: dict[str, list[tuple[str, str]]] = {row.id: [] for row in rows}
    made: dict[str, Decision] = {}
    for ids in _batched(list(facets)):
        wanted = sa.select(case_facets).where(case_facets.c.case_id.in_(ids)).order_by(case_facets.c.value)
        for row in connection.execute(wanted):
            facets[row.case_id].append((row.facet, row.value))
    for ids in _batched([row.decision_id for row in rows if row.decision_id is not None]):
        for row in connection.execute(sa.select(decisions).where(decisions.c.id.in_(ids))):
            made[row.id] = decision_of(row)
    return [_case(row, facets[row.id], made.get(row.decision_id)) for row in rows]


def decision_of(row: sa.Row[Any]) -> Decision:
    """Read a row of decisions."""
    statement = None if row.statement_en is None else Wording(row.statement_en, row.statement_zh)
    return Decision(
        id=row.id,
        kind=DecisionKind(row.kind),
        reason_code=ReasonCode(row.reason_code),
        comment=row.comment,
        statement=statement,
        by=row.by,
        at=row.at,
        undone=row.undone,
    )


def _case(row: sa.Row[Any], facets: Iterable[tuple[str, str]], decision: Decision | None) -> Case:
    claim = Claim(row.claimed_by, row.claimed_until) if row.claimed_by is not None else None
    pairs = list(facets)
    return Case(
        id=row.id,
        screening_id=row.screening_id,
        platform=row.platform,
        external_id=row.external_id,
        uploader=row.uploader,
        stage=row.stage,
        origin=Origin(row.origin),
        state=CaseState(row.state),
        opened=row.opened,
        rank=row.rank,
        reference_sets=tuple(value for facet, value in pairs if facet == SET),
        kinds=tuple(value for facet, value in pairs if facet == KIND),
        claim=claim,
        decision=decision,
        appeal=row.appeal,
        appealed_from=row.appealed_from,
    )


def _batched(ids: list[str]) -> Iterable[list[str]]:
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))
