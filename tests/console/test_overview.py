"""The overview: every number leads to the part of the queue that it counts, in both languages."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa

from service.adapters.sql.cases import SqlCases
from service.adapters.sql.engine import open_database
from service.adapters.sql.tables import reference_sets
from service.domain.case import CaseState, DecisionKind
from tests.cases import case, decision, fill
from tests.console.conftest import House, Start

OLD = timedelta(days=2)


def database(house: House) -> sa.Engine:
    return open_database(house.wired.settings.database)


def filled(house: House, **changes: Any) -> datetime:
    """Write three open cases, two of them old, and two that were decided."""
    now = datetime.now(UTC)
    engine = database(house)
    opened = [now - OLD, now - OLD, now, now - timedelta(hours=3), now - timedelta(hours=3)]
    made = [case(n, opened=when, reference_sets=("amber-owl",), **changes) for n, when in enumerate(opened)]
    fill(engine, *made)
    cases = SqlCases(engine)
    for number, kind in ((3, DecisionKind.UPHOLD), (4, DecisionKind.DISMISS)):
        assert cases.claim(f"case_{number}", "user:mo", now, now + OLD)
        assert cases.decide(f"case_{number}", decision(number, kind=kind, at=now), CaseState.DECIDED)
    engine.dispose()
    return now


def links(text: str) -> dict[str, str]:
    """Read the links of tables: their texts by their addresses."""
    return {
        unescape(href): re.sub("<[^>]+>", "", said) for href, said in re.findall(r'<a href="([^"]+)">(.*?)</a>', text)
    }


def test_the_numbers_lead_to_what_they_count(start: Start) -> None:
    house = start()
    filled(house)
    visitor = house.visitor("mo")
    page = visitor.get("/console/overview")
    found = links(page.text)
    assert found["/console/queue?older=1d"] == "2"
    assert found["/console/queue?older=7d"] == "0"
    assert found["/console/queue?set=owl"] == "owl"
    assert found["/console/queue?state=decided&kind=character_similarity&order=newest"] == "Likeness"
    for address in found:
        if address.startswith("/console/queue"):
            assert visitor.get(address).status_code == 200


def test_the_oldest_case_is_a_click_away(start: Start) -> None:
    house = start()
    filled(house)
    page = house.visitor("mo").get("/console/overview")
    assert re.search(r'href="/console/cases/case_[01]"', page.text)


def test_precision_stands_with_its_numbers_and_its_interval(start: Start) -> None:
    house = start()
    filled(house)
    text = re.sub(r"\s+", " ", house.visitor("mo").get("/console/overview").text)
    assert '<td class="figure">1 / 2</td> <td class="figure">50%</td> <td class="figure">12% – 88%</td>' in text


def test_a_day_is_counted_in_the_table_beside_the_chart(start: Start) -> None:
    house = start()
    now = filled(house)
    text = house.visitor("mo").get("/console/overview").text
    # Three are new, of which two are three hours old: that may have been yesterday.
    days = Counter(f"{when.strftime('%b')} {when.day}" for when in (now, *[now - timedelta(hours=3)] * 2))
    for day, count in days.items():
        assert f'<th scope="row">{day}</th><td class="figure">0</td><td class="figure">{count}</td>' in text


def test_sets_that_flood_are_told_with_a_way_to_them(start: Start) -> None:
    house = start()
    engine = database(house)
    said = {"en": "Ten times as often as before.", "zh": "为此前的十倍。"}
    now = datetime.now(UTC)
    row = {"title": {"en": "Owl"}, "work": {}, "fame": "ordinary", "rights_holder": "", "rights_identity": ""}
    with engine.begin() as connection:
        connection.execute(
            reference_sets.insert().values(
                slug="owl", state="suspended", quarantine=said, rights_evidence="", created=now, changed=now, **row
            )
        )
    engine.dispose()
    for name, target in (("mo", "/console/queue?set=owl"), ("ada", "/console/desk/owl")):
        text = house.visitor(name).get("/console/overview").text
        assert links(text)[target] == "Owl"
        assert said["en"] in text


def test_an_empty_house_has_an_overview_too(start: Start) -> None:
    house = start()
    visitor = house.visitor("mo")
    page = visitor.get("/console/overview")
    assert page.status_code == 200
    assert "nothing waits" in page.text
    visitor.post("/console/language", {"language": "zh", "back": "/console/overview"})
    assert "没有待审案件" in visitor.get("/console/overview").text


@pytest.mark.parametrize(("name", "status"), [("mo", 200), ("ada", 200), ("owen", 403)])
def test_moderators_and_admins_see_it(start: Start, name: str, status: int) -> None:
    assert start().visitor(name).get("/console/overview").status_code == status


def test_moderators_begin_with_it(start: Start) -> None:
    page = start().visitor("mo").get("/console/")
    assert page.url.path == "/console/overview"
