from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.api.errors import STATUS
from service.console.app import build_console
from service.domain.account import Identity
from service.domain.errors import NotAuthenticated, NotReady
from service.domain.identity import Role
from tests.console.conftest import House, Visitor


class FakeProvider:
    """An identity provider that vouches for whoever comes back with `code=good`, where it answers at all."""

    def __init__(self, *roles: Role, answers: bool = True) -> None:
        self._roles = frozenset(roles)
        self._answers = answers

    def begin(self) -> tuple[str, str]:
        if not self._answers:
            raise NotReady("the identity provider does not answer")
        return "https://provider.example/authorise?state=s", 'kept "here"; with, signs'

    def finish(self, params: Mapping[str, str], state: str) -> Identity:
        if params.get("code") != "good" or state != 'kept "here"; with, signs':
            raise NotAuthenticated("this sign-in was not begun in this browser")
        return Identity("https://provider.example|7", "Nia", self._roles)


def visitor(house: House, provider: FakeProvider) -> Visitor:
    app = FastAPI()
    app.mount("/console", build_console(replace(house.wired, oidc=provider), STATUS))
    return Visitor(TestClient(app, raise_server_exceptions=False))


def test_whoever_the_provider_vouches_for_is_in(house: House) -> None:
    nia = visitor(house, FakeProvider(Role.MODERATOR))
    assert "Sign in with your organisation" in nia.get("/console/sign-in").text
    begun = nia.get("/console/sign-in/elsewhere", follow_redirects=False)
    assert begun.headers["location"].startswith("https://provider.example/")
    assert nia.get("/console/sign-in/return?code=good", follow_redirects=False).status_code == 303
    assert "nia" in nia.get("/console/queue").text


@pytest.mark.parametrize(
    ("roles", "begins", "query"),
    [
        ((Role.MODERATOR,), True, "code=bad"),
        ((Role.MODERATOR,), False, "code=good"),
        ((), True, "code=good"),
        ((Role.PLATFORM,), True, "code=good"),
    ],
)
def test_nobody_else_is(house: House, roles: tuple[Role, ...], begins: bool, query: str) -> None:  # noqa: FBT001 (a column)
    nia = visitor(house, FakeProvider(*roles))
    if begins:
        nia.get("/console/sign-in/elsewhere", follow_redirects=False)
    answer = nia.get(f"/console/sign-in/return?{query}")
    assert (answer.status_code, "did not let you in" in answer.text) == (401, True)
    assert nia.get("/console/queue", follow_redirects=False).status_code == 303


def test_a_provider_that_does_not_answer_is_told(house: House) -> None:
    answer = visitor(house, FakeProvider(answers=False)).get("/console/sign-in/elsewhere")
    assert (answer.status_code, "cannot answer now" in answer.text) == (503, True)


def test_without_a_provider_there_is_no_such_way(house: House) -> None:
    alone = house.visitor()
    assert "organisation" not in alone.get("/console/sign-in").text
    assert alone.get("/console/sign-in/elsewhere").status_code == 404
