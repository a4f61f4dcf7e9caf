"""Previews of uploads for lists of cases, from the records of their screenings: two queries for a whole page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from service.adapters.sql.tables import screened_pictures, screenings
from service.domain.case import Case
from service.domain.wording import Title
from service.ports import Preview, Strongest

_IMAGE = "image:"
_LONGEST_TITLE = 200
_NAMES = frozenset({"alias", "residue"})


class SqlCasePreviews:
    """CasePreviews over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def of(self, cases: Sequence[Case]) -> Mapping[str, Preview]:
        """Return the previews of the uploads of cases, by the id of the case."""
        pictures, ids = screened_pictures.c, [case.screening_id for case in cases]
        wanted = sa.select(screenings.c.id, screenings.c.record).where(screenings.c.id.in_(ids))
        kept = sa.select(pictures.screening_id, pictures.number, pictures.name, pictures.kept)
        by_screening: dict[str, list[Any]] = {screening_id: [] for screening_id in ids}
        with self._engine.connect() as connection:
            records = {row.id: row.record for row in connection.execute(wanted)}
            for row in connection.execute(kept.where(pictures.screening_id.in_(ids)).order_by(pictures.number)):
                by_screening[row.screening_id].append(row)
        return {
            case.id: _preview(case, records[case.screening_id], by_screening[case.screening_id])
            for case in cases
            if records.get(case.screening_id) is not None
        }


def _preview(case: Case, record: Mapping[str, Any], pictures: Sequence[Any]) -> Preview:
    judged = record["judged"]
    evidence = sorted(judged["evidence"], key=_rarity)
    about = [item for item in evidence if item["reference_set"] in case.reference_sets] or evidence
    fact = about[0] if about else None
    return Preview(
        title=_called(record) or case.external_id,
        pictures=len(pictures),
        picture=_picture(pictures, about),
        strongest=None if fact is None else Strongest(fact["kind"], fact["reference_set"], _rate(fact)),
        not_screened=len(judged["not_screened"]),
        titles={item["slug"]: _title(item["title"]) for item in judged["sets"]},
    )


def _rarity(fact: Mapping[str, Any]) -> tuple[bool, float]:
    """Order facts, the rarest first; what weighs nothing comes last, and a name as what one in ten would show."""
    rate = _rate(fact)
    return bool(fact["weightless"]), 0.1 if rate is None else rate


def _rate(fact: Mapping[str, Any]) -> float | None:
    if fact["kind"] in _NAMES:
        return None
    measure = fact["measure"]
    return float(measure["rate"]["value"]) if measure else 0.0


def _picture(pictures: Sequence[Any], evidence: Sequence[Mapping[str, Any]]) -> int | None:
    """Choose the picture that stands for an upload, among those of which anything is kept."""
    numbers = {item.name: item.number for item in pictures if item.kept != "nothing"}
    of_pictures = (fact for fact in evidence if fact["source"].startswith(_IMAGE))
    found = (numbers.get(fact["source"].removeprefix(_IMAGE)) for fact in of_pictures)
    return next((number for number in found if number is not None), next(iter(numbers.values()), None))


def _called(record: Mapping[str, Any]) -> str:
    """Return what the uploader calls the model, or nothing."""
    names = (str(item["text"]) for item in record["texts"]["items"] if item["source"] == "model.name")
    return next(names, "").strip()[:_LONGEST_TITLE]


def _title(texts: Mapping[str, str]) -> Title:
    other = texts.get("en") or next(iter(texts.values()), "")
    return Title(texts.get("en") or other, texts.get("zh") or other)
