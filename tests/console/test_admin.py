from __future__ import annotations

import html
import re

import pytest
import sqlalchemy as sa

from service.domain.identity import Role
from tests.console.conftest import House
from tests.tampering import unlock


def test_a_link_is_shown_once_and_makes_the_account(house: House) -> None:
    ada = house.visitor("ada")
    ada.get("/console/people")
    page = ada.post("/console/people/invitation", {"role": "moderator"}).text
    link = re.search(r'id="once">http://testserver(/console/invitation/[^<]+)<', page)
    assert link is not None
    assert link.group(1) not in ada.get("/console/people").text
    new = house.visitor()
    assert "Moderator" in new.get(link.group(1)).text


def test_nobody_is_invited_as_a_platform(house: House) -> None:
    ada = house.visitor("ada")
    ada.get("/console/people")
    answer = ada.post("/console/people/invitation", {"role": "platform"})
    assert (answer.status_code, 'class="fault"' in answer.text) == (422, True)


def test_people_are_disabled_let_in_again_and_given_roles(house: House) -> None:
    ada = house.visitor("ada")
    ada.get("/console/people")
    assert "lin cannot sign in any more" in ada.post("/console/people/lin/disable").text
    assert house.visitor().sign_in("lin").status_code == 401
    assert "lin can sign in again" in ada.post("/console/people/lin/enable").text
    assert "lin has another role" in ada.post("/console/people/lin/role", {"role": "admin"}).text
    assert house.visitor("lin").get("/console/keys").status_code == 200


def test_no_admin_takes_their_own_rights_away(house: House) -> None:
    ada = house.visitor("ada")
    ada.get("/console/people")
    assert ada.post("/console/people/ada/disable").status_code == 422
    assert ada.post("/console/people/ada/role", {"role": "moderator"}).status_code == 422


def test_a_key_is_shown_once_works_and_stops_when_revoked(house: House) -> None:
    ada = house.visitor("ada")
    ada.get("/console/keys")
    fields = {"label": "Atelier <prod>", "role": "platform", "holder": "atelier", "per_day": "500"}
    page = ada.post("/console/keys", fields).text
    key = html.unescape(re.search(r'id="once">([^<]+)<', page).group(1))  # type: ignore[union-attr]
    listed = ada.get("/console/keys").text
    assert key not in listed
    assert key[:12] in listed
    assert "Atelier &lt;prod&gt;" in listed
    headers = {"Authorization": f"Bearer {key}"}
    assert house.visitor().client.get("/v1/me", headers=headers).json()["role"] == "platform"
    key_id = re.search(r"/console/keys/(key_[0-9a-f]+)/revoke", listed).group(1)  # type: ignore[union-attr]
    assert "revoked" in ada.post(f"/console/keys/{key_id}/revoke").text
    assert house.visitor().client.get("/v1/me", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("label", ""),
        ("role", "king"),
        ("holder", "two words"),
        ("per_day", "-1"),
        ("per_minute", "٣"),
        ("per_day", "1e9"),
    ],
)
def test_a_wrong_field_of_a_key_is_told_beside_it(house: House, field: str, value: str) -> None:
    ada = house.visitor("ada")
    ada.get("/console/keys")
    fields = {"label": "x", "role": "platform", "holder": "atelier", "per_day": "", "per_minute": "", field: value}
    answer = ada.post("/console/keys", fields)
    assert answer.status_code == 422
    assert re.search(rf'id="{field}".*?class="fault"', answer.text, re.DOTALL)
    assert house.wired.keys.list_all(house.wired.accounts.session(_token(ada)).caller) == []  # type: ignore[union-attr]


def test_the_audit_log_shows_and_verifies_the_chain(house: House) -> None:
    house.screen("m-1", name="Amber Owl")
    ada = house.visitor("ada")
    page = ada.get("/console/audit").text
    assert "screening.finished" in page
    assert "The chain is whole" in ada.post("/console/audit/verification").text
    only = ada.get("/console/audit?subject=user:mo").text
    assert "user:mo" in only
    assert "screening.finished" not in only
    engine = sa.create_engine(house.wired.settings.database)
    unlock(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("update audit_entries set actor = 'user:nobody' where number = 2"))
    engine.dispose()
    assert "The chain breaks at entry 2" in ada.post("/console/audit/verification").text


@pytest.mark.parametrize("query", ["to=-1", "to=99999999999999999999", "to=abc", "to=٣", "subject=%00", "to=0"])
def test_an_odd_address_of_the_log_is_no_failure(house: House, query: str) -> None:
    assert house.visitor("ada").get(f"/console/audit?{query}").status_code == 200


def test_the_log_has_pages(house: House) -> None:
    ada = house.visitor("ada")
    for _ in range(30):
        house.wired.accounts.sign_out(house.wired.accounts.sign_in("mo", "four calm green horses"))
    page = ada.get("/console/audit").text
    older = re.search(r'href="(/console/audit\?to=\d+)"', page)
    assert older is not None
    assert "Newer" in ada.get(older.group(1)).text


def test_roles_of_people_are_those_of_people(house: House) -> None:
    page = house.visitor("ada").get("/console/people").text
    assert f'value="{Role.PLATFORM}"' not in page


def _token(visitor: object) -> str:
    client = visitor.client  # type: ignore[attr-defined]
    return str(client.cookies["console-session"])
