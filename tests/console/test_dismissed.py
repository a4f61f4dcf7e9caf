"""Pictures of dismissed cases: they count as unrelated only when a second person says so."""

from __future__ import annotations

import json
import re

import pytest

from service.domain.case import DecisionKind, ReasonCode
from service.domain.identity import Caller, Role
from service.ports import QueueFilter
from tests.console.conftest import House, Start
from tests.fakes import draw, encoded

MO = Caller("mo", Role.MODERATOR, via="user")


@pytest.fixture
def house(start: Start) -> House:
    """Start a service in which a person looks at every block again."""
    return start(second_look_blocks=1.0)


@pytest.fixture
def dismissed(house: House) -> str:
    """Dismiss a case, because its pictures show another character; give the digest of one."""
    document = {"external_id": "m-7", "model": {"name": "Amber Owl lamp"}}
    picture = encoded(draw(0, 0).crop((20, 20, 300, 270)))
    files = [("upload", (None, json.dumps(document))), ("images", ("a.png", picture))]
    headers = {"Authorization": "Bearer key-of-atelier"}
    assert house.visitor().client.post("/v1/screen", files=files, headers=headers).status_code == 200
    (case,) = house.wired.review.page(QueueFilter()).cases
    house.wired.review.decide(case.id, MO, DecisionKind.DISMISS, ReasonCode.OTHER_CHARACTER, "", None)
    return house.wired.review.waiting()[0].sha256


def _confirmed(house: House) -> int:
    return len(house.wired.review.waiting())


def test_whoever_dismissed_it_cannot_confirm_it(house: House, dismissed: str) -> None:
    visitor = house.visitor("mo")
    page = visitor.get("/console/dismissed").text
    assert dismissed in page
    assert 'value="confirm"' not in page
    assert visitor.post(f"/console/dismissed/{dismissed}", {"answer": "confirm"}).status_code == 403
    assert _confirmed(house) == 1


@pytest.mark.parametrize("answer", ["confirm", "refuse"])
def test_another_person_confirms_or_refuses(house: House, dismissed: str, answer: str) -> None:
    visitor = house.visitor("lin")
    visitor.get("/console/dismissed")
    page = visitor.post(f"/console/dismissed/{dismissed}", {"answer": answer})
    assert page.status_code == 200
    assert "No picture waits" in page.text
    assert _confirmed(house) == 0


def test_the_picture_is_shown_to_moderators_alone(house: House, dismissed: str) -> None:
    shown = house.visitor("lin").get(f"/console/dismissed/{dismissed}")
    assert shown.headers["content-type"].startswith("image/")
    assert house.visitor("owen").get(f"/console/dismissed/{dismissed}").status_code == 403
    assert house.visitor("owen").get("/console/dismissed").status_code == 403


def test_only_what_waits_is_shown_and_judged(house: House, dismissed: str) -> None:
    visitor = house.visitor("lin")
    other = "0" * 64
    assert "svg" in visitor.get(f"/console/dismissed/{other}").headers["content-type"]
    visitor.get("/console/dismissed")
    assert visitor.post(f"/console/dismissed/{other}", {"answer": "confirm"}).status_code == 404
    assert dismissed in visitor.get("/console/dismissed").text


def test_the_overview_leads_there(house: House, dismissed: str) -> None:
    page = house.visitor("lin").get("/console/overview").text
    assert dismissed
    assert re.search(r'href="/console/dismissed"><strong>1</strong>', page)
