"""Who may do what: every route but health and documentation takes a key, and each key has a role."""

from __future__ import annotations

import re

import httpx
import pytest

from service.api.dependencies import Gate
from service.domain.errors import NotAuthenticated, QuotaExceeded
from service.domain.identity import Key, Role, key_sha256
from tests.api.conftest import NAMED, Api, bearer

OPEN = {"/healthz", "/readyz", "/metrics"}
WRONG = [
    {},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer wrong"},
    {"Authorization": "Basic a2V5LW9mLWF0ZWxpZXI="},
    {"Authorization": "key-of-atelier"},
    {"Authorization": f"Bearer {key_sha256('key-of-atelier')}"},
    {"X-Api-Key": "key-of-atelier"},
]


@pytest.mark.parametrize("headers", WRONG, ids=str)
def test_every_route_but_health_takes_a_key(api: Api, headers: dict[str, str]) -> None:
    asked = []
    for path, methods in api.app.openapi()["paths"].items():
        for method in methods:
            response = api.client.request(method, re.sub(r"\{.*?\}", "x", path), headers=headers)
            if path in OPEN:
                assert response.status_code == 200
                continue
            asked.append(path)
            assert (response.status_code, response.json()["code"]) == (401, "not_authenticated"), path
            assert response.headers["www-authenticate"] == "Bearer"
    assert {"/v1/screen", "/v1/screen/text", "/v1/screenings", "/v1/screenings/{screening_id}"} <= set(asked)


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_the_documentation_is_open(api: Api, path: str) -> None:
    assert api.client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("content", "content_type"),
    [(b"{", "application/json"), (b"[" * 100_000, "application/json"), (b"broken", "multipart/form-data; boundary=b")],
)
@pytest.mark.parametrize("path", ["/v1/screen", "/v1/screen/text"])
def test_a_body_is_not_read_before_the_caller_is_known(api: Api, path: str, content: bytes, content_type: str) -> None:
    assert api.client.post(path, content=content, headers={"Content-Type": content_type}).status_code == 401


def _ask(api: Api, route: str, who: str) -> httpx.Response:
    if route == "screen":
        return api.screen(NAMED, who=who)
    if route == "text":
        return api.texts(b'{"texts": ["a"]}', who)
    return api.get("/v1/screenings" if route == "list" else "/v1/screenings/scr_none", who, params={"external_id": "m"})


@pytest.mark.parametrize(
    ("route", "allowed"),
    [
        ("screen", {"atelier", "ad"}),
        ("text", {"atelier", "ad"}),
        ("list", {"atelier", "mo", "ad"}),
        ("read", {"atelier", "mo", "ad"}),
    ],
)
@pytest.mark.parametrize("who", ["atelier", "mo", "ro", "ad"])
def test_each_role_may_do_its_own_and_no_more(api: Api, route: str, allowed: set[str], who: str) -> None:
    response = _ask(api, route, who)
    if who in allowed:
        assert response.status_code in {200, 404}
        return
    assert (response.status_code, response.json()["code"]) == (403, "not_permitted")
    assert response.headers["content-type"] == "application/problem+json"


def test_one_minute_after_the_first_request_the_quota_is_whole_again() -> None:
    now = [0.0]
    gate = Gate([Key("atelier", Role.PLATFORM, key_sha256("k"))], 2, lambda: now[0])
    for _ in range(2):
        assert gate.admit("k").name == "atelier"
    now[0] = 45.0
    with pytest.raises(QuotaExceeded) as refused:
        gate.admit("k")
    assert refused.value.retry_after == 15
    now[0] = 60.0
    assert gate.admit("k").role is Role.PLATFORM


@pytest.mark.parametrize("key", [None, "", "K", "k "])
def test_a_key_is_known_exactly_or_not_at_all(key: str | None) -> None:
    gate = Gate([Key("atelier", Role.PLATFORM, key_sha256("k"))], 2)
    with pytest.raises(NotAuthenticated):
        gate.admit(key)


class TestRequestId:
    @pytest.mark.parametrize("given", ["abc-1.2_3", "x" * 64])
    def test_a_harmless_one_is_echoed(self, api: Api, given: str) -> None:
        assert api.client.get("/healthz", headers={"X-Request-Id": given}).headers["x-request-id"] == given

    @pytest.mark.parametrize("given", ["", "x" * 65, "a b", "<script>", "a;b=1", "ä".encode()])
    def test_any_other_is_replaced(self, api: Api, given: str | bytes) -> None:
        made = api.client.get("/healthz", headers={"X-Request-Id": given}).headers["x-request-id"]
        assert re.fullmatch(r"req_[0-9a-f]{20}", made)

    @pytest.mark.parametrize("path", ["/v1/nowhere", "/v1/screenings", "/metrics", "/openapi.json"])
    def test_every_answer_carries_one_of_its_own(self, api: Api, path: str) -> None:
        made = {api.client.get(path, headers=bearer("ro")).headers["x-request-id"] for _ in range(2)}
        assert len(made) == 2
