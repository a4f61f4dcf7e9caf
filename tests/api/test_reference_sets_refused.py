"""What the routes of reference sets refuse: sets of others, roles that may not, fields that are wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Api, bearer
from tests.api.registered import FIELDS, OWN, ROOK, add, made, register_owners, send


@pytest.fixture(scope="module")
def shared(api: Api) -> Api:
    """Put a set of each owner into the application of all tests, for those that change nothing."""
    register_owners(api)
    made(api)
    made(api, "ad", slug="theirs", owner="rival")
    return api


PATHS = [
    ("GET", ""),
    ("PATCH", ""),
    ("PUT", "/aliases"),
    ("POST", "/suspend"),
    ("POST", "/withdraw"),
    ("POST", "/licences"),
    ("POST", "/dry-run"),
    ("GET", "/matches"),
    ("GET", "/quality"),
    ("DELETE", "/references/ref_1"),
    ("DELETE", "/licences/licence-1"),
    ("GET", "/references/ref_1/picture"),
]
BODIES = {"/aliases": {"aliases": []}, "/licences": {"platform": "atelier"}, "": {"fame": "famous"}}


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_sets_of_others_are_as_good_as_not_there(shared: Api, method: str, path: str) -> None:
    body = BODIES.get(path) if method != "GET" else None
    answers = [send(shared, method, f"/v1/reference-sets/{slug}{path}", "ro", body) for slug in ("theirs", "nobodys")]
    assert [item.status_code for item in answers] == [404, 404]
    assert answers[0].json()["detail"].replace("theirs", "nobodys") == answers[1].json()["detail"]


def test_pictures_are_added_to_ones_own_sets_alone(shared: Api) -> None:
    assert add(shared, ("a.png", ROOK[0]), slug="theirs").status_code == 404


@pytest.mark.parametrize(
    ("who", "method", "path"),
    [
        ("atelier", "GET", ""),
        ("atelier", "POST", ""),
        ("mo", "POST", ""),
        ("mo", "PATCH", f"/{OWN}"),
        ("mo", "POST", f"/{OWN}/suspend"),
        ("ro", "POST", f"/{OWN}/activate"),
        ("mo", "POST", f"/{OWN}/activate"),
    ],
)
def test_roles_that_may_not_are_refused(shared: Api, who: str, method: str, path: str) -> None:
    body = FIELDS if not path else {"fame": "famous"} if method == "PATCH" else None
    assert send(shared, method, f"/v1/reference-sets{path}", who, body).status_code == 403


def test_only_admins_see_and_register_rights_owners(shared: Api) -> None:
    listed = shared.get("/v1/rights-owners", "ad").json()["rights_owners"]
    assert [item["id"] for item in listed] == ["rival", "ro"]
    for who in ("ro", "mo", "atelier"):
        assert shared.get("/v1/rights-owners", who).status_code == 403
        assert send(shared, "POST", "/v1/rights-owners", who, {"name": "x"}).status_code == 403
    again = send(shared, "POST", "/v1/rights-owners", "ad", {"name": "Other", "id": "ro"})
    assert [item["location"] for item in again.json()["errors"]] == ["id"]
    assert send(shared, "POST", "/v1/rights-owners", "ad", {"name": "Free"}).json()["id"].startswith("own_")


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        ({"slug": "Rook_Lamp"}, {"slug"}),
        ({"slug": ""}, {"slug"}),
        ({"title": {}}, {"title"}),
        ({"title": {"en": "  "}}, {"title.en"}),
        ({"title": {"not a tag": "x"}}, {"title.not a tag"}),
        ({"title": {"en": "a\0b"}}, {"title.en"}),
        ({"work": {"en": "x" * 513}}, {"work.en"}),
        ({"fame": "legendary"}, {"fame"}),
        ({"rights": {"evidence": "x" * 4001}}, {"rights.evidence"}),
        ({"rights": {"evidnce": "x"}}, {"rights.evidnce"}),
        ({"aliases": [{"text": "", "kind": "generic"}]}, {"aliases[0].text"}),
        ({"aliases": [{"text": "!!!", "kind": "generic"}]}, {"aliases[0].text"}),
        ({"aliases": [{"text": "a", "kind": "vague"}]}, {"aliases[0].kind"}),
        ({"aliases": [{"text": f"name {n}", "kind": "generic"} for n in range(201)]}, {"aliases"}),
        ({"aliases": [{"text": "a b", "language": "", "kind": "generic"}] * 2}, {"aliases[1].text"}),
        ({"titel": "x"}, {"titel"}),
        ({"slug": "A", "title": {}, "fame": "known"}, {"slug", "title"}),
    ],
)
def test_wrong_fields_are_told_by_their_place(shared: Api, changes: dict[str, Any], places: set[str]) -> None:
    response = send(shared, "POST", "/v1/reference-sets", "ro", {**FIELDS, "slug": "another", **changes})
    assert response.status_code == 422, response.text
    assert {item["location"] for item in response.json()["errors"]} == places


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[1]", 400), (b'"x"', 400), (b"{" * 100_000, 400), (b" " * 5_000_000 + b"{}", 413), (b"", 422)],
)
def test_bodies_that_are_none_are_refused(shared: Api, body: bytes, status: int) -> None:
    response = shared.client.post("/v1/reference-sets", content=body, headers=bearer("ro"))
    assert response.status_code == status


def test_a_slug_is_taken_once(shared: Api) -> None:
    again = send(shared, "POST", "/v1/reference-sets", "ad", FIELDS)
    assert (again.status_code, again.json()["errors"][0]["location"]) == (422, "slug")


@pytest.mark.parametrize(
    ("licence", "places"),
    [
        ({}, {"platform"}),
        ({"platform": " ", "uploader": ""}, {"platform"}),
        ({"platform": "x" * 65}, {"platform"}),
        ({"uploader": "a\0"}, {"uploader"}),
        ({"platform": "atelier", "until": "2020-01-01"}, {"until"}),
        ({"platform": "atelier", "until": "soon"}, {"until"}),
    ],
)
def test_a_licence_for_everybody_or_for_the_past_is_refused(shared: Api, licence: Any, places: set[str]) -> None:
    answer = send(shared, "POST", f"/v1/reference-sets/{OWN}/licences", body=licence)
    assert answer.status_code == 422
    assert {item["location"] for item in answer.json()["errors"]} == places


def test_more_than_200_pictures_are_too_many_for_a_request(shared: Api) -> None:
    assert add(shared, *[(f"{n}.png", b"x") for n in range(201)]).status_code == 413


def test_without_files_nothing_is_added(shared: Api) -> None:
    empty = shared.client.post(
        f"/v1/reference-sets/{OWN}/references", files={"other": ("a", b"x")}, headers=bearer("ro")
    )
    assert [item["location"] for item in empty.json()["errors"]] == ["images"]
    assert send(shared, "POST", f"/v1/reference-sets/{OWN}/references", body={}).status_code == 400
