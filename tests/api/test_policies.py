"""Policies over HTTP: who may read, try and publish them, and how a wrong one is answered."""

from __future__ import annotations

import copy
import json
from typing import Any

import httpx
import pytest

from service.adapters.sql.engine import open_database
from service.api.policies import LARGEST
from service.bootstrap import policy_content
from service.domain.policy import policy_from
from tests.api.conftest import Api, Start, bearer
from tests.cases import case, fill

SHIPPED = policy_content(None)


def draft(name: str = "calmer", review: float = 0.01) -> dict[str, Any]:
    content = copy.deepcopy(dict(SHIPPED))
    content["version"] = name
    content["stages"]["publication"]["review_at_fpr"] = review
    return content


def post(api: Api, path: str, body: Any, who: str = "ad") -> httpx.Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return api.client.post(path, content=raw, headers={**bearer(who), "Content-Type": "application/json"})


def test_the_shipped_policy_is_in_force_and_listed(api: Api) -> None:
    told = api.get("/v1/policies", "mo").json()
    assert told["in_force"] == policy_from(SHIPPED).version
    assert [(item["content"], item["published"], item["changed"]) for item in told["policies"]] == [(SHIPPED, None, [])]


def test_what_is_published_judges_the_next_screening(start: Start) -> None:
    api = start()
    made = post(api, "/v1/policies", {"content": draft(), "note": "fewer looks"})
    assert made.status_code == 201
    assert made.json()["published_by"] == "key:ad"
    changed = [item["line"] for item in made.json()["changed"]]
    assert changed == ["version", "stages.publication.review_at_fpr"]
    told = api.get("/v1/policies", "mo").json()
    assert told["in_force"] == made.json()["version"]
    assert [item["note"] for item in told["policies"]] == ["fewer looks", ""]
    assert api.app.state.wired.policies.in_force().version == made.json()["version"]


def test_a_policy_based_on_another_than_that_in_force_is_a_conflict(start: Start) -> None:
    api = start()
    began = api.get("/v1/policies", "ad").json()["in_force"]
    assert post(api, "/v1/policies", {"content": draft("a"), "note": "x", "based_on": began}).status_code == 201
    late = post(api, "/v1/policies", {"content": draft("b", 0.005), "note": "x", "based_on": began})
    assert (late.status_code, late.json()["code"]) == (409, "superseded")


def test_a_replay_tells_what_would_move_and_remembers_nothing(start: Start) -> None:
    api = start()
    engine = open_database(api.app.state.wired.settings.database)
    fill(engine, *(case(number) for number in range(3)))
    engine.dispose()
    before = api.get("/v1/policies", "mo").json()
    told = post(api, "/v1/policies/replay", {"content": draft(), "last": 100}, "mo").json()
    assert (told["asked"], told["replayed"], told["cannot_be_replayed"]) == (100, 3, 0)
    assert {(item["before"], item["after"]): item["screenings"] for item in told["verdicts"]}[("allow", "allow")] == 3
    assert len(told["verdicts"]) == 9
    assert (told["against"], told["version"]) == (before["in_force"], policy_from(draft()).version)
    assert (told["moved"], told["reference_sets"], told["not_shown"]) == ([], [], [])
    assert told["decisions"]["before"] == {"agrees": 0, "asks": 0, "contradicts": 0}
    assert api.get("/v1/policies", "mo").json() == before


@pytest.mark.parametrize(
    ("body", "status", "places"),
    [
        (b"{", 400, []),
        (b"[]", 400, []),
        (b'{"content": {"sample_correlation": NaN}, "note": "x"}', 400, []),
        (b'{"content": ' + b"[" * 30_000, 400, []),
        (b" " * (LARGEST + 1), 413, []),
        ({}, 422, ["body.content", "body.note"]),
        ({"content": [], "note": "x"}, 422, ["body.content"]),
        ({"content": draft(), "note": "x", "nota": 1}, 422, ["body.nota"]),
        ({"content": draft(), "note": ""}, 422, ["note"]),
        ({"content": draft(review=2), "note": "x"}, 422, ["content.stages.publication.review_at_fpr"]),
        ({"content": {**draft(), "extra": 1}, "note": "x"}, 422, ["content.extra"]),
        ({"content": dict(SHIPPED), "note": "x"}, 422, ["content"]),
        ({"content": draft(), "note": "x", "based_on": "b" * 65}, 422, ["body.based_on"]),
    ],
)
def test_what_is_no_policy_is_refused_by_its_places(api: Api, body: Any, status: int, places: list[str]) -> None:
    answer = post(api, "/v1/policies", body)
    assert answer.status_code == status, answer.text
    assert [item["location"] for item in answer.json().get("errors", [])] == places
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("last", [99, 5001, 0, "many", None, 1e9])
def test_a_replay_takes_a_hundred_to_five_thousand(api: Api, last: Any) -> None:
    answer = post(api, "/v1/policies/replay", {"content": draft(), "last": last}, "mo")
    assert answer.status_code == 422
    assert [item["location"] for item in answer.json()["errors"]] == ["body.last"]


@pytest.mark.parametrize(
    ("method", "path", "who", "status"),
    [
        ("GET", "/v1/policies", "atelier", 403),
        ("GET", "/v1/policies", "ro", 403),
        ("GET", "/v1/policies", "mo", 200),
        ("GET", "/v1/policies", "stranger", 401),
        ("POST", "/v1/policies", "mo", 403),
        ("POST", "/v1/policies", "atelier", 403),
        ("POST", "/v1/policies", "stranger", 401),
        ("POST", "/v1/policies/replay", "ro", 403),
        ("POST", "/v1/policies/replay", "stranger", 401),
    ],
)
def test_roles_are_asked_before_the_body_is_read(api: Api, method: str, path: str, who: str, status: int) -> None:
    assert api.client.request(method, path, content=b"{", headers=bearer(who)).status_code == status
