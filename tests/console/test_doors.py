from __future__ import annotations

import re

import pytest
from fastapi.routing import APIRoute

from service.console.app import ROUTERS
from service.console.headers import LARGEST_FORM, POLICY
from service.console.navigation import home_of
from service.domain.identity import Role
from service.ports import QueueFilter
from tests.console.conftest import PASSWORDS, SETUP, House, Start

PAGES = ("/console/queue", "/console/people", "/console/keys", "/console/audit", "/console/account")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_leads_to_the_sign_in_and_from_there_back(house: House, path: str) -> None:
    visitor = house.visitor()
    first = visitor.get(path, follow_redirects=False)
    assert (first.status_code, first.headers["location"]) == (303, f"/console/sign-in?next={path.replace('/', '%2F')}")
    visitor.get(first.headers["location"])
    password = PASSWORDS["ada"][1]
    entered = visitor.post(
        "/console/sign-in", {"name": "ada", "password": password, "next": path}, follow_redirects=False
    )
    assert (entered.status_code, entered.headers["location"]) == (303, path)


@pytest.mark.parametrize("elsewhere", ["https://example.org/", "//example.org", "/docs", "/console//x", "/console/\\x"])
def test_the_sign_in_leads_nowhere_but_into_the_console(house: House, elsewhere: str) -> None:
    visitor = house.visitor()
    visitor.get("/console/sign-in")
    fields = {"name": "mo", "password": PASSWORDS["mo"][1], "next": elsewhere}
    answer = visitor.post("/console/sign-in", fields, follow_redirects=False)
    assert answer.headers["location"] == home_of(Role.MODERATOR)


def test_a_wrong_password_is_told_without_saying_what_was_wrong(house: House) -> None:
    visitor = house.visitor()
    answers = [visitor.sign_in(name, "not the password") for name in ("mo", "nobody")]
    assert [answer.status_code for answer in answers] == [401, 401]
    said = [re.sub(r'value="[^"]*"', "", answer.text) for answer in answers]
    assert said[0] == said[1]


@pytest.mark.parametrize(
    ("name", "path", "status"),
    [
        ("mo", "/console/queue", 200),
        ("mo", "/console/people", 403),
        ("mo", "/console/keys", 403),
        ("mo", "/console/audit", 403),
        ("owen", "/console/queue", 403),
        ("owen", "/console/account", 200),
        ("ada", "/console/audit", 200),
        ("ada", "/console/nothing-of-the-kind", 404),
    ],
)
def test_each_role_has_its_rooms(house: House, name: str, path: str, status: int) -> None:
    answer = house.visitor(name).get(path)
    assert answer.status_code == status
    assert "text/html" in answer.headers["content-type"]


def test_every_form_needs_the_token_of_its_session(house: House) -> None:
    visitor = house.visitor("ada")
    every = [route for module in ROUTERS for route in module.router.routes if isinstance(route, APIRoute)]
    routes = [route for route in every if "POST" in route.methods]
    assert len(routes) > 15
    for route in routes:
        path = "/console" + re.sub(r"\{[^}]+\}", "x", route.path)
        for sent in ({}, {"csrf": "wrong"}):
            answer = visitor.client.post(path, data=sent, follow_redirects=False)
            assert answer.status_code == 403, f"{path} took a form without its token"
            assert "no longer valid" in answer.text


def test_the_token_may_come_in_a_header(house: House) -> None:
    visitor = house.visitor("mo")
    headers = {"X-CSRF-Token": visitor.token, "HX-Request": "true"}
    answer = visitor.client.post("/console/account/view", data={"view": "blur"}, headers=headers)
    assert answer.status_code == 204
    assert 'class="view-blur' in visitor.get("/console/account").text


def test_a_token_of_somebody_else_is_refused(house: House) -> None:
    mo, lin = house.visitor("mo"), house.visitor("lin")
    mo.token = lin.token
    assert mo.post("/console/sign-out").status_code == 403


def test_whoever_signs_out_is_out(house: House) -> None:
    visitor = house.visitor("mo")
    cookie = dict(visitor.client.cookies)
    assert "signed out" in visitor.post("/console/sign-out").text
    again = house.visitor()
    again.client.cookies.update(cookie)
    assert again.get("/console/queue", follow_redirects=False).status_code == 303


def test_whoever_is_disabled_is_out(house: House) -> None:
    visitor = house.visitor("mo")
    house.wired.accounts.disable("mo", SETUP)
    assert visitor.get("/console/queue", follow_redirects=False).status_code == 303


def test_an_invitation_makes_one_account(house: House) -> None:
    path = f"/console/invitation/{house.wired.accounts.invite(Role.MODERATOR, SETUP)}"
    visitor = house.visitor()
    assert "Moderator" in visitor.get(path).text
    differs = visitor.post(path, {"name": "nia", "password": "a b c d e f g h i", "again": "x"})
    assert (differs.status_code, "differ" in differs.text) == (422, True)
    short = visitor.post(path, {"name": "nia", "password": "short", "again": "short"})
    assert (short.status_code, "12" in short.text) == (422, True)
    fields = {"name": "nia", "password": "a b c d e f g h i", "again": "a b c d e f g h i"}
    assert visitor.post(path, fields, follow_redirects=False).status_code == 303
    assert visitor.get("/console/queue").status_code == 200
    assert house.visitor().get(path).status_code == 404


def test_every_answer_carries_the_strict_headers(house: House) -> None:
    visitor = house.visitor("ada")
    style = re.search(r'href="(/console/static/[^"]+\.css)"', visitor.get("/console/account").text)
    assert style is not None
    for path in ("/console/queue", "/console/nothing", style.group(1), "/console/people"):
        headers = visitor.get(path).headers
        assert headers["content-security-policy"] == POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
    assert visitor.get("/console/queue").headers["cache-control"] == "no-store"
    assert "immutable" in visitor.get(style.group(1)).headers["cache-control"]
    assert visitor.get("/console/static/000000000000/console.css").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["../console.css", "..%2fapp.py", "nothing.css", "%00"])
def test_no_other_file_is_served(house: House, path: str) -> None:
    assert house.visitor().get(f"/console/static/x/{path}").status_code == 404


def test_pages_have_no_script_and_no_style_in_them(house: House) -> None:
    house.screen("m-1", name="Amber Owl")
    visitor = house.visitor("ada")
    case_id = house.wired.review.page(QueueFilter()).cases[0].id
    for path in (*PAGES, f"/console/cases/{case_id}", "/console/sign-in"):
        text = visitor.get(path).text
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", text), path


def test_a_large_form_is_refused_unread(house: House) -> None:
    answer = house.visitor().post("/console/sign-in", {"name": "x" * (LARGEST_FORM + 1)})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("base", "public_url", "prefix"), [("https://s", "https://s", "__Host-"), ("http://s", None, "")]
)
def test_cookies_are_bound_to_the_host_where_the_service_is_reached_over_https(
    start: Start, base: str, public_url: str | None, prefix: str
) -> None:
    visitor = start(public_url=public_url).visitor(base=base)
    visitor.get("/console/sign-in")
    fields = {"name": "mo", "password": PASSWORDS["mo"][1]}
    answer = visitor.post("/console/sign-in", fields, follow_redirects=False)
    session = next(item for item in answer.headers.get_list("set-cookie") if "session" in item)
    assert session.startswith(f"{prefix}session" if prefix else "console-session")
    assert "HttpOnly" in session
    assert "samesite=lax" in session.lower()
    assert ("Secure" in session) == bool(prefix)


def test_an_error_that_nobody_foresaw_is_a_page(house: House) -> None:
    visitor = house.visitor("mo")
    answer = visitor.get("/console/queue?cursor=not-ours")
    assert answer.status_code == 422
    assert "missing or wrong" in answer.text
