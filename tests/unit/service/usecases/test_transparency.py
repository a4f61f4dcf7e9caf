"""Exports of notices: what public databases ask for, and no more about people than they may have."""

from __future__ import annotations

from datetime import UTC, datetime

from service.domain.measure import Measure, MeasureKind
from service.domain.wording import Wording
from service.usecases.transparency import dsa_statements, lumen_notice
from tests.notices import notice

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def measure(external_id: str, kind: MeasureKind = MeasureKind.UNPUBLISH, ended: datetime | None = None) -> Measure:
    return Measure(
        id=f"msr_{external_id}",
        kind=kind,
        screening_id="scr_1",
        platform="atelier",
        external_id=external_id,
        uploader="u-secret",
        reference_sets=("amber-owl",),
        because="notice:ntc_1",
        taken=NOON,
        taken_by="user:mo-secret",
        statement=Wording("It reproduces the owl. " * 500, "其再现了该角色。"),
        ended=ended,
    )


def test_a_statement_has_the_fields_that_the_database_asks_for_within_their_lengths() -> None:
    (made,) = dsa_statements(notice(), [measure("m-1")])
    needed = {"decision_visibility", "decision_ground", "illegal_content_legal_ground", "illegal_content_explanation"}
    needed |= {"category", "content_type", "content_type_other", "decision_facts", "source_type", "territorial_scope"}
    needed |= {"content_date", "application_date", "automated_detection", "automated_decision", "puid"}
    assert needed <= made.keys()
    assert len(made["decision_facts"]) <= 5000
    assert len(made["illegal_content_explanation"]) <= 2000


def test_the_scope_is_the_countries_of_the_union_one_by_one() -> None:
    scope = dsa_statements(notice(), [measure("m-1")])[0]["territorial_scope"]
    assert len(scope) == len(set(scope)) == 27
    assert all(len(country) == 2 and country.isupper() for country in scope)


def test_a_measure_that_ended_says_when() -> None:
    ended, standing = dsa_statements(notice(), [measure("m-1", ended=NOON), measure("m-2")])
    assert ended["end_date_visibility_restriction"] == "2026-11-20"
    assert "end_date_visibility_restriction" not in standing


def test_neither_uploaders_nor_moderators_are_named() -> None:
    told = repr([dsa_statements(notice(), [measure("m-1")]), lumen_notice(notice(), [measure("m-1")])])
    assert "secret" not in told
