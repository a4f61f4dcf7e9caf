"""Keys over HTTP: made, used, limited and revoked, and who one is."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.main import create_app
from service.settings import Settings
from tests.api.conftest import Api, Start, bearer, wait_for
from tests.conftest import RUNTIME, RecordIn

ASKED = {"label": "uploads", "role": "platform", "holder": "gallery"}


@pytest.fixture
def started(start: Start) -> Api:
    return start()


def make(api: Api, **changes: Any) -> dict[str, Any]:
    answer = api.client.post("/v1/keys", json={**ASKED, **changes}, headers=bearer("ad"))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def me(api: Api, key: str) -> Any:
    return api.client.get("/v1/me", headers={"Authorization": f"Bearer {key}"})


def test_a_made_key_tells_who_its_holder_is_and_what_they_may_do(started: Api) -> None:
    made = make(started, scopes=["read"], per_minute=7, per_day=9)
    assert me(started, made["key"]).json() == {
        "name": "gallery",
        "role": "platform",
        "rights_owner": None,
        "scopes": ["read"],
        "limits": {"per_minute": 7, "per_day": 9},
    }


def test_a_key_of_the_settings_is_told_its_limits_too(started: Api) -> None:
    answer = started.get("/v1/me", "mo").json()
    assert (answer["name"], answer["role"], answer["scopes"]) == ("mo", "moderator", ["cases", "read"])
    assert answer["limits"] == {"per_minute": 100_000, "per_day": None}


def test_a_key_is_shown_once(started: Api) -> None:
    made = make(started)
    answer = started.get("/v1/keys", "ad")
    (row,) = answer.json()["keys"]
    assert row == {**{name: value for name, value in made.items() if name != "key"}, "last_used": None}
    assert made["key"] not in answer.text
    assert made["key"].startswith(row["prefix"])


def test_a_revoked_key_admits_nobody(started: Api) -> None:
    made = make(started)
    assert me(started, made["key"]).status_code == 200
    path = f"/v1/keys/{made['id']}"
    assert started.client.delete(path, headers=bearer("ad")).status_code == 204
    assert me(started, made["key"]).status_code == 401
    assert started.client.delete(path, headers=bearer("ad")).status_code == 404
    assert started.get("/v1/keys", "ad").json()["keys"][0]["revoked"]


def test_a_revoked_key_stops_in_another_process_within_two_seconds(start: Start) -> None:
    here, there = start(), start()
    made = make(here)
    assert me(there, made["key"]).status_code == 200
    here.client.delete(f"/v1/keys/{made['id']}", headers=bearer("ad"))
    assert wait_for(lambda: me(there, made["key"]).status_code == 401, 2)


def test_who_is_over_a_limit_is_told_when_to_come_back(started: Api) -> None:
    daily, minutely = make(started, per_day=1)["key"], make(started, per_minute=1)["key"]
    for key, most in ((daily, 86_400), (minutely, 60)):
        assert me(started, key).status_code == 200
        answer = me(started, key)
        assert (answer.status_code, answer.json()["code"]) == (429, "quota_exceeded")
        assert 1 <= int(answer.headers["retry-after"]) <= most


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"role": "king"}, "body.role"),
        ({"holder": "two words"}, "holder"),
        ({"role": "rights_owner", "holder": "own_none"}, "holder"),
        ({"scopes": ["admin"]}, "scopes"),
        ({"scopes": ["everything"]}, "body.scopes[0]"),
        ({"label": None}, "body.label"),
        ({"per_day": 0}, "per_day"),
        ({"per_day": "many"}, "body.per_day"),
        ({"per_dy": 5}, "body.per_dy"),
    ],
)
def test_a_wrong_field_is_named_by_its_place(started: Api, changes: dict[str, Any], place: str) -> None:
    answer = started.client.post("/v1/keys", json={**ASKED, **changes}, headers=bearer("ad"))
    assert answer.status_code == 422
    assert [fault["location"] for fault in answer.json()["errors"]] == [place]
    assert started.get("/v1/keys", "ad").json() == {"keys": []}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1"])
def test_what_is_no_json_object_is_malformed(started: Api, body: bytes) -> None:
    headers = {**bearer("ad"), "Content-Type": "application/json"}
    answer = started.client.post("/v1/keys", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


def test_while_there_is_no_admin_each_start_tells_a_link_that_makes_the_first(
    tmp_path: Any, record_in: RecordIn
) -> None:
    settings = Settings(
        snapshot=tmp_path / "snapshot",
        database=record_in(tmp_path),
        blobs=str(tmp_path / "blobs"),
        runtime=RUNTIME,
    )
    told: list[str] = []
    for _ in range(2):
        with TestClient(create_app(settings, told.append)):
            pass
    log = io.StringIO()
    with redirect_stderr(log), TestClient(create_app(settings)) as client:
        (line,) = [json.loads(line) for line in log.getvalue().splitlines() if "first_admin_link" in line]
        accounts = client.app.state.wired.accounts  # type: ignore[attr-defined]
        assert line["path"].startswith("/console/invitation/")
        assert all(accounts.invitation(path.rpartition("/")[2]) is None for path in told)
        accounts.accept(line["path"].rpartition("/")[2], "ad", "correct horse battery")
    with TestClient(create_app(settings, told.append)):
        assert len(told) == 2
