"""Sweeps in a database: their states, their hits, and what should be swept for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from service.adapters.sql.audit import write_entry
from service.adapters.sql.engine import writing
from service.adapters.sql.tables import (
    case_facets,
    cases,
    decisions,
    reference_sets,
    screenings,
    sweep_hits,
    sweep_sets,
    sweeps,
)
from service.domain.audit import SYSTEM
from service.domain.sweep import OVER, Phase, Progress, Proposal, Sweep, SweepHit, SweepState
from service.domain.verdict import Outcome

_LONGEST_PROBLEM = 512
_OVER = sweeps.c.state.in_([item.value for item in OVER])


class SqlSweepRecord:
    """A SweepRecord over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert

    def add(self, sweep: Sweep) -> None:
        """Keep a new sweep."""
        with writing(self._engine) as connection:
            connection.execute(
                sweeps.insert().values(
                    id=sweep.id,
                    because=sweep.because,
                    by=sweep.by,
                    created=sweep.created,
                    state=sweep.state.value,
                    problem="",
                    **_columns(sweep.progress),
                )
            )
            named = [
                {"sweep_id": sweep.id, "reference_set": slug, "number": number}
                for number, slug in enumerate(sweep.reference_sets)
            ]
            connection.execute(sweep_sets.insert(), named)
            write_entry(
                connection,
                at=sweep.created,
                actor=sweep.by,
                action="sweep.asked_for",
                subject=f"sweep:{sweep.id}",
                after={"reference_sets": list(sweep.reference_sets), "because": sweep.because},
            )

    def find(self, *, sweep_id: str | None = None, most: int = 100) -> list[Sweep]:
        """Return one sweep, or the latest, newest first."""
        query = sweeps.select().order_by(sweeps.c.created.desc(), sweeps.c.id).limit(most)
        if sweep_id is not None:
            query = query.where(sweeps.c.id == sweep_id)
        with self._engine.connect() as connection:
            return _read(connection, connection.execute(query).all())

    def take(self, runner: str, now: datetime, stale: datetime) -> Sweep | None:
        """Make the oldest that waits, or that was left running, this runner's."""
        running, waiting = SweepState.RUNNING.value, SweepState.WAITING.value
        left = sa.and_(sweeps.c.state == running, sweeps.c.heard < stale)
        own = sa.and_(sweeps.c.state == running, sweeps.c.runner != runner, sweeps.c.heard >= stale)
        with writing(self._engine) as connection:
            if connection.scalar(sa.select(sweeps.c.id).where(own).limit(1)) is not None:
                return None
            query = sweeps.select().where(sa.or_(sweeps.c.state == waiting, left)).order_by(sweeps.c.created)
            row = connection.execute(query.limit(1).with_for_update()).one_or_none()
            if row is None:
                return None
            change: dict[str, Any] = {"state": running, "runner": runner, "heard": now}
            resumed = row.started is not None
            if not resumed:
                change["started"] = now
            connection.execute(sweeps.update().where(sweeps.c.id == row.id).values(change))
            action = "sweep.resumed" if resumed else "sweep.started"
            write_entry(connection, at=now, actor=SYSTEM, action=action, subject=f"sweep:{row.id}")
            return _read(connection, connection.execute(sweeps.select().where(sweeps.c.id == row.id)).all())[0]

    def advance(self, sweep_id: str, runner: str, now: datetime, progress: Progress, hits: Sequence[SweepHit]) -> bool:
        """Note how far it is, with hits, at once."""
        own = sa.and_(sweeps.c.id == sweep_id, sweeps.c.runner == runner, sweeps.c.state == SweepState.RUNNING.value)
        with writing(self._engine) as connection:
            change = sweeps.update().where(own).values(heard=now, **_columns(progress))
            if connection.execute(change).rowcount != 1:
                return False
            known = screenings.select().with_only_columns(screenings.c.id)
            there = set(connection.scalars(known.where(screenings.c.id.in_([hit.screening_id for hit in hits]))))
            rows = [_hit_columns(sweep_id, hit) for hit in hits if hit.screening_id in there]
            if rows:
                connection.execute(self._insert(sweep_hits).on_conflict_do_nothing(), rows)
            return True

    def end(self, sweep_id: str, state: SweepState, now: datetime, who: str, problem: str = "") -> bool:
        """Put a sweep that is not over into a last state."""
        change = sweeps.update().where(sweeps.c.id == sweep_id, ~_OVER)
        with writing(self._engine) as connection:
            values = {"state": state.value, "ended": now, "problem": problem[:_LONGEST_PROBLEM]}
            if connection.execute(change.values(values)).rowcount != 1:
                return False
            counted = connection.execute(
                sa.select(sweep_hits.c.asks_for, sa.func.count())
                .where(sweep_hits.c.sweep_id == sweep_id)
                .group_by(sweep_hits.c.asks_for)
            )
            write_entry(
                connection,
                at=now,
                actor=who,
                action=f"sweep.{state.value}",
                subject=f"sweep:{sweep_id}",
                after={"hits": {row[0]: row[1] for row in counted}, "problem": values["problem"]},
            )
            return True


class SqlSweepHits:
    """SweepHits over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def page(self, sweep_id: str, after: str, most: int, asks_for: str | None = None) -> list[SweepHit]:
        """Return hits in order of their screenings' ids."""
        told = [screenings.c[name] for name in ("platform", "external_id", "uploader", "created")]
        said = screenings.c.verdict.label("said")
        query = (
            sa.select(sweep_hits, *told, said)
            .join(screenings, screenings.c.id == sweep_hits.c.screening_id)
            .where(sweep_hits.c.sweep_id == sweep_id, sweep_hits.c.screening_id > after)
            .order_by(sweep_hits.c.screening_id)
            .limit(most)
        )
        if asks_for is not None:
            query = query.where(sweep_hits.c.asks_for == asks_for)
        with self._engine.connect() as connection:
            return [_hit(row) for row in connection.execute(query)]

    def counts(self, sweep_id: str) -> Mapping[str, int]:
        """Count hits by what they ask for."""
        query = sa.select(sweep_hits.c.asks_for, sa.func.count()).where(sweep_hits.c.sweep_id == sweep_id)
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query.group_by(sweep_hits.c.asks_for))}

    def proposals(self) -> list[Proposal]:
        """Return the active sets that were activated, changed or upheld since they were last swept for."""
        swept = (
            sa.select(sweep_sets.c.reference_set, sa.func.max(sweeps.c.started).label("started"))
            .join(sweeps, sweeps.c.id == sweep_sets.c.sweep_id)
            .where(sweeps.c.state == SweepState.FINISHED.value)
            .group_by(sweep_sets.c.reference_set)
        )
        upheld = (
            sa.select(case_facets.c.value, sa.func.max(decisions.c.at).label("at"))
            .join(cases, cases.c.id == case_facets.c.case_id)
            .join(decisions, decisions.c.id == cases.c.decision_id)
            .where(case_facets.c.facet == "set", case_facets.c.state == "decided", decisions.c.kind == "uphold")
            .group_by(case_facets.c.value)
        )
        active = sa.select(reference_sets.c.slug, reference_sets.c.changed).where(reference_sets.c.state == "active")
        with self._engine.connect() as connection:
            last = {row.reference_set: row.started for row in connection.execute(swept)}
            decided = {row.value: row.at for row in connection.execute(upheld)}
            found = [
                _proposal(row.slug, row.changed, last.get(row.slug), decided.get(row.slug))
                for row in connection.execute(active.order_by(reference_sets.c.slug))
            ]
        return [item for item in found if item is not None]


def _proposal(slug: str, changed: datetime, swept: datetime | None, upheld: datetime | None) -> Proposal | None:
    if swept is None:
        return Proposal(slug, "never_swept", changed)
    if changed > swept:
        return Proposal(slug, "changed", changed)
    return Proposal(slug, "upheld", upheld) if upheld is not None and upheld > swept else None


def _columns(progress: Progress) -> dict[str, Any]:
    return {
        "phase": progress.phase.value,
        "place": progress.place,
        "done": progress.done,
        "total": progress.total,
        "not_compared": progress.not_compared,
        "unreadable": progress.unreadable,
    }


def _read(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> list[Sweep]:
    ids = [row.id for row in rows]
    named: dict[str, list[str]] = {sweep_id: [] for sweep_id in ids}
    query = sweep_sets.select().where(sweep_sets.c.sweep_id.in_(ids)).order_by(sweep_sets.c.number)
    for row in connection.execute(query):
        named[row.sweep_id].append(row.reference_set)
    counted = sa.select(sweep_hits.c.sweep_id, sa.func.count()).where(sweep_hits.c.sweep_id.in_(ids))
    hits = {row[0]: row[1] for row in connection.execute(counted.group_by(sweep_hits.c.sweep_id))}
    return [_sweep(row, tuple(named[row.id]), hits.get(row.id, 0)) for row in rows]


def _sweep(row: sa.Row[Any], named: tuple[str, ...], hits: int) -> Sweep:
    return Sweep(
        id=row.id,
        reference_sets=named,
        because=row.because,
        by=row.by,
        created=row.created,
        state=SweepState(row.state),
        started=row.started,
        ended=row.ended,
        progress=Progress(Phase(row.phase), row.place, row.done, row.total, row.not_compared, row.unreadable),
        hits=hits,
        problem=row.problem,
    )


def _hit_columns(sweep_id: str, hit: SweepHit) -> dict[str, Any]:
    return {
        "sweep_id": sweep_id,
        "screening_id": hit.screening_id,
        "verdict": hit.verdict.value,
        "asks_for": hit.asks_for.value,
        "reference_sets": list(hit.reference_sets),
        "licence": hit.licence,
        "grounds": list(hit.grounds),
        "evidence": list(hit.evidence),
    }


def _hit(row: sa.Row[Any]) -> SweepHit:
    return SweepHit(
        screening_id=row.screening_id,
        platform=row.platform,
        external_id=row.external_id,
        uploader=row.uploader,
        screened=row.created,
        said=row.said or "",
        verdict=Outcome(row.verdict),
        asks_for=Outcome(row.asks_for),
        reference_sets=tuple(row.reference_sets),
        licence=row.licence,
        grounds=tuple(row.grounds),
        evidence=tuple(row.evidence),
    )
