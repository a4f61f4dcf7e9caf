"""The registry of blocked LoRAs over HTTP, and what an upload of one is answered from then on."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from indexer.training.example_loras import ExampleLora
from tests.api.conftest import NAMED, Api, Start, bearer
from tests.conftest import TinySnapshot
from tests.fakes import safetensors

STOLEN = ExampleLora("stolen", metadata=(("ss_output_name", "stolen"),)).write()
EDITED = ExampleLora("stolen", metadata=(("ss_output_name", "quite another"),)).write()
RESIZED = ExampleLora("stolen", rank=4).write()
OTHER = ExampleLora("other").write()
FIELDS = {"title": "Stolen Owl", "reason": "decision 7", "reference_set": "amber-owl"}


@pytest.fixture
def own(start: Start, tiny_snapshot: TinySnapshot) -> Api:
    return start(snapshot=tiny_snapshot.out)


def block(api: Api, data: bytes = STOLEN, who: str = "mo", **fields: str | None) -> httpx.Response:
    given = {name: value for name, value in {**FIELDS, **fields}.items() if value is not None}
    files = {"lora_file": ("stolen.safetensors", data)}
    return api.client.post("/v1/blocked-loras", data=given, files=files, headers=bearer(who))


def screened(api: Api, data: bytes, document: dict[str, Any] = NAMED) -> dict[str, Any]:
    response = api.screen(document, ("lora_file", ("new.safetensors", data)))
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


@pytest.mark.parametrize("data", [STOLEN, EDITED], ids=["the same file", "edited metadata"])
def test_what_was_blocked_is_blocked_again_at_once(own: Api, data: bytes) -> None:
    assert screened(own, data)["verdict"] == "allow"
    entry = block(own).json()
    answer = screened(own, data)
    assert answer["verdict"] == "block"
    assert answer["grounds"][0]["code"] == "blocked_lora"
    assert answer["grounds"][0]["reference_set"]["slug"] == "amber-owl"
    (found,) = [item for item in answer["evidence"] if item["kind"] == "blocked_file"]
    assert (found["blocked_lora"], found["trust"], found["measure"]) == (entry["id"], "computed", None)


def test_resized_to_half_its_rank_it_waits_for_a_person(own: Api) -> None:
    block(own)
    answer = screened(own, RESIZED)
    assert (answer["verdict"], answer["grounds"][0]["code"]) == ("review", "blocked_lora_suspected")
    (found,) = [item for item in answer["evidence"] if item["kind"] == "weight_fingerprint"]
    assert found["measure"]["name"] == "weight_cosine"
    assert found["measure"]["value"] > 0.8
    assert found["measure"]["calibrated"] is False


def test_resized_and_named_it_is_blocked(own: Api) -> None:
    block(own)
    answer = screened(own, RESIZED, {"external_id": "m", "model": {"name": "Amber Owl"}})
    assert (answer["verdict"], answer["grounds"][0]["code"]) == ("block", "blocked_lora_confirmed")


def test_another_lora_passes(own: Api) -> None:
    block(own)
    assert screened(own, OTHER)["verdict"] == "allow"


def test_a_hash_that_the_platform_names_leads_to_review(own: Api) -> None:
    entry = block(own).json()
    document = {**NAMED, "model": {"files": [{"name": "a", "sha256": entry["file"]["sha256"]}]}}
    response = own.screen(document, ("lora_header", ("a.safetensors", safetensors({"__metadata__": {}}))))
    answer = response.json()
    assert (answer["verdict"], answer["grounds"][0]["code"]) == ("review", "blocked_lora_suspected")


def test_a_lora_blocked_without_a_set_is_answered_with_its_title(own: Api) -> None:
    block(own, reference_set=None)
    answer = screened(own, STOLEN)
    assert answer["verdict"] == "block"
    assert answer["grounds"][0]["reference_set"] is None
    assert "Stolen Owl" in answer["notice_to_uploader"]["en"]


def test_entries_are_listed_and_let_go(own: Api) -> None:
    first = block(own).json()
    assert block(own).json()["id"] == first["id"]
    listed = own.get("/v1/blocked-loras", "mo").json()["blocked_loras"]
    assert listed == [first]
    assert (first["added_by"], first["reason"], first["file"]["name"]) == ("key:mo", "decision 7", "stolen.safetensors")
    gone = own.client.delete(f"/v1/blocked-loras/{first['id']}", headers=bearer("ad"))
    assert (gone.status_code, gone.content) == (204, b"")
    assert own.get("/v1/blocked-loras", "mo").json() == {"blocked_loras": []}
    assert screened(own, STOLEN)["verdict"] == "allow"
    again = own.client.delete(f"/v1/blocked-loras/{first['id']}", headers=bearer("ad"))
    assert (again.status_code, again.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("who", ["atelier", "ro"])
def test_neither_platforms_nor_rights_owners_block_alone(api: Api, who: str) -> None:
    assert block(api, who=who).status_code == 403
    assert api.get("/v1/blocked-loras", who).status_code == 403
    assert api.client.delete("/v1/blocked-loras/blk_1", headers=bearer(who)).status_code == 403


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"title": None}, "title"),
        ({"title": "  "}, "title"),
        ({"title": "x" * 513}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"reason": None}, "reason"),
        ({"reference_set": "no-such-set"}, "reference_set"),
        ({"data": b"PK\x03\x04"}, "lora_file"),
        ({"data": STOLEN[:-1]}, "lora_file"),
        ({"data": safetensors({"a": {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]}}, b"ab")}, "lora_file"),
        (
            {"data": safetensors({"a": {"dtype": "F16", "shape": [512], "data_offsets": [0, 1024]}}, b"\0" * 1024)},
            "lora_file",
        ),
    ],
)
def test_what_cannot_be_blocked_is_told_by_its_place(api: Api, fields: dict[str, Any], place: str) -> None:
    response = block(api, **fields)
    assert response.status_code == 422, response.text
    assert place in {item["location"] for item in response.json()["errors"]}


def test_without_a_file_nothing_is_blocked(api: Api) -> None:
    response = api.client.post("/v1/blocked-loras", files={"title": (None, "x")}, headers=bearer("mo"))
    assert {item["location"] for item in response.json()["errors"]} == {"reason", "lora_file"}
