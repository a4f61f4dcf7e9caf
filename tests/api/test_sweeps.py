"""Sweeps over HTTP: a set registered today finds what was uploaded before, and what is done about that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from indexer.training.example_loras import ExampleLora
from tests.api.conftest import Api, Start, bearer, picture, wait_for
from tests.api.registered import FIELDS, OWN, ROOK, add, register_owners, send
from tests.conftest import TinySnapshot
from tests.fakes import draw, encoded

NEW = "Lampwing"


@pytest.fixture
def app(start: Start, tiny_snapshot: TinySnapshot) -> Api:
    return start(snapshot=tiny_snapshot.out, rebuild=False, screened="")


def upload(api: Api, name: str, *parts: Any, who: str = "atelier", **document: Any) -> dict[str, Any]:
    body = {"external_id": name, "model": {"name": "Night forest"}, **document}
    answer = api.screen(body, *parts, who=who)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def activate(api: Api, **changes: Any) -> None:
    """Register the set with its pictures, and put it in force."""
    register_owners(api)
    assert send(api, "POST", "/v1/reference-sets", "ro", {**FIELDS, **changes}).status_code == 201
    assert add(api, *[(f"{number}.png", data) for number, data in enumerate(ROOK)]).status_code == 201
    assert send(api, "POST", f"/v1/reference-sets/{OWN}/activate", "ad").status_code == 200
    in_force = lambda: OWN in api.app.state.wired.index.get().sets  # noqa: E731
    assert wait_for(in_force, 20)


def swept(api: Api, *slugs: str) -> dict[str, Any]:
    """Sweep, wait, and return the sweep with what it found."""
    answer = send(api, "POST", "/v1/sweeps", "mo", {"reference_sets": list(slugs or (OWN,))})
    assert answer.status_code == 202, answer.text
    path = answer.headers["Location"]
    assert wait_for(lambda: send(api, "GET", path, "mo").json()["state"] not in {"waiting", "running"}, 60)
    found: dict[str, Any] = send(api, "GET", path, "mo").json()
    assert found["state"] == "finished", found["problem"]
    return found


def names(found: dict[str, Any]) -> dict[str, str]:
    return {item["external_id"]: item["asks_for"] for item in found["found"]}


@pytest.fixture
def found(app: Api) -> tuple[Api, dict[str, Any]]:
    """Screen some uploads, register a set, and sweep for it."""
    upload(app, "copy", picture("a.png", ROOK[0]))
    upload(app, "edited", picture("a.jpg", encoded(draw(40, 1), "JPEG", quality=70)))
    upload(app, "named", model={"name": "Rook Lampwing by night"})
    upload(app, "stranger", picture("a.png", encoded(draw(71, 2))))
    upload(app, "private", picture("a.png", ROOK[1]), visibility="private")
    upload(app, "licensed", picture("a.png", ROOK[0]), uploader={"id": "u-7"})
    activate(app)
    granted = send(app, "POST", f"/v1/reference-sets/{OWN}/licences", "ro", {"platform": "atelier", "uploader": "u-7"})
    assert granted.status_code == 201, granted.text
    return app, swept(app)


def test_a_new_set_finds_earlier_uploads_by_pictures_and_by_names(found: tuple[Api, dict[str, Any]]) -> None:
    _, told = found
    asks = names(told)
    assert asks["copy"] == "block"
    assert asks["edited"] in {"block", "review"}
    assert asks["named"] == "review"
    assert "stranger" not in asks
    assert told["hits"]["block"] >= 1
    copy = next(item for item in told["found"] if item["external_id"] == "copy")
    assert (copy["said"], copy["standing"], copy["reference_sets"]) == ("allow", "published", [OWN])
    assert copy["evidence"][0]["kind"] == "exact_copy"


def test_licensed_and_private_uploads_are_listed_as_such_and_never_taken_down(
    found: tuple[Api, dict[str, Any]],
) -> None:
    api, told = found
    shown = {item["external_id"]: item for item in told["found"]}
    assert {shown[name]["asks_for"] for name in ("licensed", "private")} == {"allow"}
    assert shown["licensed"]["licence"].startswith(OWN)
    assert shown["licensed"]["grounds"][0]["code"] == "licensed"
    assert shown["private"]["grounds"][0]["code"] == "private_use"
    path = f"/v1/sweeps/{told['id']}/measures"
    taken = send(api, "POST", path, "mo", {"kind": "unpublish", "uploads": "all"}).json()["measures"]
    assert {item["external_id"] for item in taken} == {"copy", "edited", "named"}
    assert all(item["because"] == f"sweep:{told['id']}" for item in taken)
    again = send(api, "POST", path, "mo", {"kind": "unpublish", "uploads": "all"}).json()["measures"]
    assert {item["id"] for item in again} == {item["id"] for item in taken}
    refused = send(
        api, "POST", path, "mo", {"kind": "hold", "uploads": [{"platform": "atelier", "external_id": "licensed"}]}
    )
    assert refused.status_code == 422
    standing = {
        i["external_id"]: i["standing"] for i in send(api, "GET", f"/v1/sweeps/{told['id']}", "mo").json()["found"]
    }
    assert (standing["copy"], standing["licensed"]) == ("unpublished", "published")


def test_a_platform_confirms_its_own_measures_and_sees_no_others(found: tuple[Api, dict[str, Any]]) -> None:
    api, told = found
    path = f"/v1/sweeps/{told['id']}/measures"
    named = [{"platform": "atelier", "external_id": "copy"}]
    (taken,) = send(api, "POST", path, "mo", {"kind": "hold", "uploads": named}).json()["measures"]
    assert "copy" in taken["statement"]["en"]
    assert api.get("/v1/measures?upload=copy", "bazaar").json()["measures"] == []
    assert send(api, "POST", f"/v1/measures/{taken['id']}/confirm", "bazaar").status_code == 404
    assert send(api, "POST", f"/v1/measures/{taken['id']}/confirm", "atelier").status_code == 204
    assert send(api, "POST", f"/v1/measures/{taken['id']}/confirm", "atelier").status_code == 204
    (shown,) = api.get("/v1/measures?upload=copy").json()["measures"]
    assert shown["confirmed"] is not None
    assert api.get("/v1/measures?upload=copy&platform=atelier", "mo").json()["measures"] == [shown]


def test_a_set_is_proposed_until_it_is_swept_for_and_again_when_it_changes(found: tuple[Api, dict[str, Any]]) -> None:
    api, told = found
    assert send(api, "GET", "/v1/sweeps/proposals", "mo").json()["proposals"] == []
    body = [*FIELDS["aliases"], {"text": "Quillfeather Vex", "language": "en", "kind": "distinctive"}]
    upload(api, "quill", model={"name": "Quillfeather Vex"})
    assert send(api, "PUT", f"/v1/reference-sets/{OWN}/aliases", "ro", body).status_code == 200
    proposed = send(api, "GET", "/v1/sweeps/proposals", "mo").json()["proposals"]
    assert [(item["reference_set"], item["why"]) for item in proposed] == [(OWN, "changed")]
    index = api.app.state.wired.index
    assert wait_for(lambda: any("Quill" in alias.text for alias in index.get().sets[OWN].aliases), 20)
    assert names(swept(api))["quill"] == "review"
    assert told["hits"].keys() == {"allow", "block", "review"} or "quill" not in names(told)
    assert len(send(api, "GET", "/v1/sweeps", "mo").json()["sweeps"]) == 2


def test_pages_follow_each_other_and_are_narrowed(found: tuple[Api, dict[str, Any]]) -> None:
    api, told = found
    every: list[str] = []
    cursor = ""
    while cursor is not None:
        path = f"/v1/sweeps/{told['id']}?limit=2" + (f"&cursor={cursor}" if cursor else "")
        page = send(api, "GET", path, "mo").json()
        every += [item["external_id"] for item in page["found"]]
        cursor = page["next_cursor"]
    assert every == [item["external_id"] for item in told["found"]]
    some = send(api, "GET", f"/v1/sweeps/{told['id']}?asks_for=allow", "mo").json()["found"]
    assert {item["external_id"] for item in some} == {"licensed", "private"}


def test_a_blocked_lora_is_found_among_earlier_uploads_behind_another_header(app: Api) -> None:
    stolen = ExampleLora("stolen", metadata=(("ss_output_name", "stolen"),)).write()
    recast = ExampleLora("stolen", metadata=(("ss_output_name", "innocent"),)).write()
    upload(app, "recast", ("lora_file", ("innocent.safetensors", recast)))
    activate(app)
    fields = {"reason": "decision", "title": "Stolen", "reference_set": OWN}
    blocked = app.client.post(
        "/v1/blocked-loras",
        data=fields,
        files={"lora_file": ("stolen.safetensors", stolen)},
        headers=bearer("mo"),
    )
    assert blocked.status_code in {200, 201}, blocked.text
    told = swept(app)
    assert names(told) == {"recast": "block"}
    assert told["found"][0]["evidence"][0]["kind"] == "blocked_file"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "reference_sets"),
        ({"reference_sets": []}, "reference_sets"),
        ({"reference_sets": ["no-such-set"]}, "reference_sets[0]"),
        ({"reference_sets": ["amber-owl", "no-such-set"]}, "reference_sets[1]"),
        ({"reference_sets": ["amber-owl"], "because": "x"}, "because"),
        ({"reference_sets": "amber-owl"}, "reference_sets"),
    ],
)
def test_what_cannot_be_swept_for_is_named(api: Api, body: dict[str, Any], place: str) -> None:
    answer = send(api, "POST", "/v1/sweeps", "mo", body)
    assert answer.status_code == 422
    assert place in json.dumps(answer.json())


def test_what_is_not_there_is_not_found(api: Api) -> None:
    for method, path in (("GET", "/v1/sweeps/swp_0"), ("POST", "/v1/sweeps/swp_0/cancel")):
        assert send(api, method, path, "mo").status_code == 404
    body = {"kind": "hold", "uploads": "all"}
    assert send(api, "POST", "/v1/sweeps/swp_0/measures", "mo", body).status_code == 404
    assert send(api, "POST", "/v1/measures/msr_0/confirm", "atelier").status_code == 404


def test_a_sweep_that_is_over_cannot_be_cancelled(api: Api) -> None:
    told = swept(api, "amber-owl")
    assert send(api, "POST", f"/v1/sweeps/{told['id']}/cancel", "mo").status_code == 409


def test_the_store_lies_beside_the_record(app: Api, tmp_path: Path) -> None:
    upload(app, "copy", picture("a.png", ROOK[0]))
    if app.app.state.wired.settings.database.startswith("sqlite"):
        app.app.state.wired.sweep_lane.wake()
        assert wait_for((tmp_path / "screened" / "manifest.json").exists, 10)
