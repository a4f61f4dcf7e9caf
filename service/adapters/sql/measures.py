"""Measures against uploads in a database, and the signals of screened LoRAs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from indexer.model import LoraSignals, TensorHash
from service.adapters.sql.audit import write_entry
from service.adapters.sql.engine import writing
from service.adapters.sql.outbox import write_message
from service.adapters.sql.tables import cases, decisions, measures, screened_loras, screenings
from service.adapters.sql.texts import clean
from service.domain.measure import Measure, MeasureKind, Standing
from service.domain.wording import Wording

_AT_ONCE = 200
_IN_FORCE = measures.c.ended.is_(None)
_LONGEST_NAME = 512


class SqlMeasures:
    """Measures over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert

    def take(self, wanted: Sequence[Measure]) -> list[Measure]:
        """Keep measures with their messages, and return them as they stand."""
        taken: list[Measure] = []
        for some in _batched(wanted):
            with writing(self._engine) as connection:
                taken.extend(self._take(connection, item) for item in some)
        return taken

    def end(self, measure_ids: Sequence[str], now: datetime, who: str, why: str) -> list[Measure]:
        """End those in force, and tell their platforms."""
        ended: list[Measure] = []
        for some in _batched(measure_ids):
            with writing(self._engine) as connection:
                ended.extend(
                    found
                    for measure_id in some
                    if (found := end_measure(connection, measure_id, now, who, why)) is not None
                )
        return ended

    def confirm(self, measure_id: str, platform: str, now: datetime) -> bool:
        """Note that it was done; saying so twice changes nothing."""
        own = sa.and_(measures.c.id == measure_id, measures.c.platform == platform, _IN_FORCE)
        with writing(self._engine) as connection:
            change = measures.update().where(own, measures.c.confirmed.is_(None)).values(confirmed=now)
            if connection.execute(change).rowcount == 1:
                subject = f"measure:{measure_id}"
                write_entry(connection, at=now, actor=f"key:{platform}", action="measure.confirmed", subject=subject)
                return True
            return connection.scalar(sa.select(measures.c.id).where(own)) is not None

    def find(
        self, *, measure_id: str | None = None, because: str | None = None, upload: tuple[str, str] | None = None
    ) -> list[Measure]:
        """Return measures by id, by reason or by upload, in the order in which they came."""
        query = sa.select(measures).order_by(measures.c.taken, measures.c.id)
        if measure_id is not None:
            query = query.where(measures.c.id == measure_id)
        if because is not None:
            query = query.where(measures.c.because == because)
        if upload is not None:
            query = query.where(measures.c.platform == upload[0], measures.c.external_id == upload[1])
        with self._engine.connect() as connection:
            return [_measure(row) for row in connection.execute(query)]

    def standing(self, uploads: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Standing]:
        """Tell of uploads whether they can be reached: a measure counts first, then a decision, then the verdict."""
        found: dict[tuple[str, str], Standing] = {}
        with self._engine.connect() as connection:
            for some in _batched(uploads):
                found |= _by_verdict(connection, some)
                found |= _by_measure(connection, some)
        return found

    def _take(self, connection: sa.Connection, measure: Measure) -> Measure:
        row = {
            "id": measure.id,
            "kind": measure.kind.value,
            "screening_id": measure.screening_id,
            "platform": measure.platform,
            "external_id": measure.external_id,
            "uploader": measure.uploader,
            "reference_sets": list(measure.reference_sets),
            "because": measure.because,
            "taken": measure.taken,
            "taken_by": measure.taken_by,
            "statement_en": clean(measure.statement.en),
            "statement_zh": clean(measure.statement.zh),
        }
        if connection.execute(self._insert(measures).values(row).on_conflict_do_nothing()).rowcount != 1:
            same = sa.and_(
                _IN_FORCE, *(measures.c[name] == row[name] for name in ("platform", "external_id", "kind", "because"))
            )
            return _measure(connection.execute(sa.select(measures).where(same)).one())
        told = _told(measure)
        write_message(
            connection,
            recipient=f"platform:{measure.platform}",
            kind="measure.taken",
            payload=told | {"statement": {"en": measure.statement.en, "zh": measure.statement.zh}},
            at=measure.taken,
        )
        write_entry(
            connection,
            at=measure.taken,
            actor=measure.taken_by,
            action="measure.taken",
            subject=f"measure:{measure.id}",
            after=told,
        )
        return measure


def end_measure(connection: sa.Connection, measure_id: str, now: datetime, who: str, why: str) -> Measure | None:
    """End a measure inside the caller's transaction; None where it is not in force."""
    change = measures.update().where(measures.c.id == measure_id, _IN_FORCE)
    values = {"ended": now, "ended_by": who, "ended_because": why}
    if connection.execute(change.values(values)).rowcount != 1:
        return None
    ended = _measure(connection.execute(sa.select(measures).where(measures.c.id == measure_id)).one())
    others = sa.select(sa.func.count()).where(
        _IN_FORCE, measures.c.platform == ended.platform, measures.c.external_id == ended.external_id
    )
    told = _told(ended) | {"ended_because": why, "others_in_force": connection.scalar(others)}
    recipient = f"platform:{ended.platform}"
    write_message(connection, recipient=recipient, kind="measure.ended", payload=told, at=now)
    subject = f"measure:{measure_id}"
    write_entry(connection, at=now, actor=who, action="measure.ended", subject=subject, after={"why": why})
    return ended


class SqlScreenedLoras:
    """ScreenedLoras over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def read(self, screening_id: str) -> LoraSignals | None:
        """Return those of a screening."""
        query = sa.select(screened_loras).where(screened_loras.c.screening_id == screening_id)
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return _lora(row) if row is not None else None

    def after(self, place: str | None, most: int) -> list[tuple[str, LoraSignals]]:
        """Return the next after a place."""
        query = sa.select(screened_loras).order_by(screened_loras.c.screening_id).limit(most)
        if place is not None:
            query = query.where(screened_loras.c.screening_id > place)
        with self._engine.connect() as connection:
            return [(row.screening_id, _lora(row)) for row in connection.execute(query)]


def keep_lora(connection: sa.Connection, screening_id: str, signals: LoraSignals) -> None:
    """Keep the signals of a screening's LoRA inside the caller's transaction."""
    connection.execute(
        screened_loras.insert().values(
            screening_id=screening_id,
            name=clean(signals.name)[:_LONGEST_NAME],
            sha256=signals.sha256,
            body_sha256=signals.body_sha256,
            tensors=[[item.sha256, item.dtype, list(item.shape), item.telling] for item in signals.tensors],
            fingerprint=signals.fingerprint,
        )
    )


def _by_verdict(connection: sa.Connection, uploads: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Standing]:
    query = (
        sa.select(screenings.c.platform, screenings.c.external_id, screenings.c.verdict, decisions.c.kind)
        .outerjoin(cases, cases.c.screening_id == screenings.c.id)
        .outerjoin(decisions, decisions.c.id == cases.c.decision_id)
        .where(
            sa.tuple_(screenings.c.platform, screenings.c.external_id).in_(uploads),
            screenings.c.verdict.is_not(None),
            screenings.c.shadow.is_(False),
        )
        # The latest speaks last, and stands.
        .order_by(screenings.c.created)
    )
    return {
        (row.platform, row.external_id): _standing(row.verdict, row.kind) for row in connection.execute(query).all()
    }


def _by_measure(connection: sa.Connection, uploads: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Standing]:
    query = (
        sa.select(measures.c.platform, measures.c.external_id, measures.c.kind)
        .where(_IN_FORCE, sa.tuple_(measures.c.platform, measures.c.external_id).in_(uploads))
        # `unpublish` comes after `hold`: the stronger stands.
        .order_by(measures.c.kind)
    )
    stands = {MeasureKind.HOLD: Standing.HELD, MeasureKind.UNPUBLISH: Standing.UNPUBLISHED}
    return {(row.platform, row.external_id): stands[MeasureKind(row.kind)] for row in connection.execute(query).all()}


def _standing(verdict: str, decision: str | None) -> Standing:
    if decision == "uphold":
        return Standing.UNPUBLISHED
    if decision == "dismiss" or verdict == "allow":
        return Standing.PUBLISHED
    return Standing.UNPUBLISHED if verdict == "block" else Standing.HELD


def _told(measure: Measure) -> dict[str, Any]:
    return {
        "measure_id": measure.id,
        "kind": measure.kind.value,
        "screening_id": measure.screening_id,
        "external_id": measure.external_id,
        "uploader": measure.uploader,
        "reference_sets": list(measure.reference_sets),
        "because": measure.because,
    }


def _measure(row: sa.Row[Any]) -> Measure:
    return Measure(
        id=row.id,
        kind=MeasureKind(row.kind),
        screening_id=row.screening_id,
        platform=row.platform,
        external_id=row.external_id,
        uploader=row.uploader,
        reference_sets=tuple(row.reference_sets),
        because=row.because,
        taken=row.taken,
        taken_by=row.taken_by,
        statement=Wording(row.statement_en, row.statement_zh),
        confirmed=row.confirmed,
        ended=row.ended,
        ended_by=row.ended_by,
        ended_because=row.ended_because,
    )


def _lora(row: sa.Row[Any]) -> LoraSignals:
    tensors = tuple(
        TensorHash(dtype, tuple(shape), sha256, telling=telling) for sha256, dtype, shape, telling in row.tensors
    )
    fingerprint = bytes(row.fingerprint) if row.fingerprint is not None else None
    return LoraSignals(row.name, row.sha256, row.body_sha256, tensors, fingerprint)


def _batched(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
