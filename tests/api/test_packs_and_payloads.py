"""Image packs and platforms' own payloads over HTTP; files are hashed as they arrive."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import NAMED, REFERENCE, STRANGER, Api, Part, bearer, picture, wait_for
from tests.fakes import draw, encoded

SHAPES = Path(__file__).parents[1] / "unit" / "service" / "usecases" / "payloads" / "shapes"
SIXTY = {f"{number:02}.png": encoded(draw(number % 7, number, (96, 96))) for number in range(60)}


def packed(members: dict[str, bytes | str]) -> Part:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for name, data in members.items():
            # Without a time of its own, the same pack twice would be two when the clock ticks between.
            made.writestr(zipfile.ZipInfo(name), data)
    return ("image_pack", ("set.zip", stream.getvalue()))


def screened(api: Api, *parts: Part, **document: Any) -> dict[str, Any]:
    response = api.screen({"external_id": "m-1", **document}, *parts)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_a_pack_answers_with_the_same_evidence_as_its_pictures_sent_one_by_one(api: Api) -> None:
    members = {**SIXTY, "07.png": REFERENCE}
    one_by_one = screened(api, *(picture(name, data) for name, data in members.items()))
    together = screened(api, packed(members))
    for field in ("verdict", "grounds", "evidence", "not_screened"):
        assert together[field] == one_by_one[field], field
    assert together["verdict"] == "block"


def test_captions_count_by_their_share_of_the_pictures(api: Api) -> None:
    captions = {f"{n}.txt": "amber owl, moon" for n in range(3)}
    answer = screened(api, packed({**{f"{n}.png": STRANGER for n in range(4)}, **captions, "3.txt": "moon"}))
    (found,) = [item for item in answer["evidence"] if item["source"] == "captions"]
    assert (found["kind"], found["weightless"], found["text"]) == ("residue", False, "amber owl")
    assert "75%" in found["explanation"]["en"]


def test_a_large_pack_is_polled_with_its_progress(api: Api) -> None:
    headers = {"Prefer": "respond-async"}
    accepted = api.screen({"external_id": "m-pack"}, packed(dict(SIXTY)), headers=headers)
    assert accepted.status_code == 202
    seen: list[tuple[int, int]] = []

    def done() -> bool:
        given = api.get(accepted.headers["Location"]).json()
        if given["status"] == "running" and given["progress"]:
            seen.append((given["progress"]["done"], given["progress"]["pictures"]))
        return bool(given["status"] == "done")

    assert wait_for(done, 60)
    assert {total for _, total in seen} <= {60}
    assert [count for count, _ in seen] == sorted(count for count, _ in seen)


@pytest.mark.parametrize(
    ("part", "status", "code"),
    [
        (packed({"a.zip": b"PK\3\4"}), 422, "invalid_fields"),
        (packed({"../a.png": b"x"}), 422, "invalid_fields"),
        (packed({f"{n}.png": b"x" for n in range(501)}), 413, "too_large"),
        (("image_pack", (None, "text")), 422, "invalid_fields"),
    ],
)
def test_a_pack_that_is_made_to_deceive_or_too_large_is_refused(api: Api, part: Part, status: int, code: str) -> None:
    response = api.screen(NAMED, part)
    assert (response.status_code, response.json()["code"]) == (status, code), response.text


def test_what_is_no_pack_is_refused_alone_and_listed_beside_other_content(api: Api) -> None:
    part: Part = ("image_pack", ("p.zip", b"PK"))
    alone = api.screen({"external_id": "m-1"}, part)
    assert (alone.status_code, alone.json()["code"]) == (415, "unsupported_content")
    answer = screened(api, part, model={"name": "Night forest"})
    assert answer["verdict"] == "review"
    assert [item["source"] for item in answer["not_screened"]] == ["image_pack"]


def test_the_same_pack_under_another_key_is_another_request(api: Api) -> None:
    key = {"Idempotency-Key": "pack-1"}
    first = api.screen(NAMED, packed({"a.png": STRANGER}), headers=key)
    again = api.screen(NAMED, packed({"a.png": STRANGER}), headers=key)
    other = api.screen(NAMED, packed({"b.png": STRANGER}), headers=key)
    assert first.json() == again.json()
    assert other.status_code == 409


@pytest.mark.parametrize("where", ["query", "part"])
@pytest.mark.parametrize(
    ("payload", "suffix"), [("civitai", "json"), ("huggingface", "md"), ("liblib", "json")], ids=lambda value: value
)
def test_a_platforms_own_payload_is_screened_unchanged(api: Api, payload: str, suffix: str, where: str) -> None:
    shape = next(path for path in sorted(SHAPES.iterdir()) if payload in path.name and path.suffix == f".{suffix}")
    files: list[Any] = [("upload", (None, shape.read_bytes()))]
    files.append(("context", (None, json.dumps({"external_id": "mine-1", "uploader": {"id": "u-1"}}))))
    url = "/v1/screen"
    if where == "query":
        url += f"?format={payload}"
    else:
        files.append(("format", (None, payload)))
    response = api.client.post(url, files=files, headers=bearer("atelier"))
    assert response.status_code == 200, response.text
    assert response.json()["external_id"] == "mine-1"


def test_a_name_in_a_civitai_model_is_found_and_its_missing_picture_is_listed(api: Api) -> None:
    model = {
        "id": 17,
        "name": "Amber Owl style",
        "type": "LORA",
        "modelVersions": [
            {"id": 4, "trainedWords": ["amberowl"], "images": [{"url": "https://example.org/x/00012.jpeg"}]}
        ],
    }
    files = [("upload", (None, json.dumps(model)))]
    answer = api.client.post("/v1/screen?format=civitai", files=files, headers=bearer("atelier")).json()
    assert answer["external_id"] == "civitai:17/4"
    assert "model.name" in {item["source"] for item in answer["evidence"]}
    assert [item["reason"].split(":")[0] for item in answer["not_screened"]] == ["not_sent"]
    sent = [*files, ("images", ("00012.jpeg", STRANGER))]
    answer = api.client.post("/v1/screen?format=civitai", files=sent, headers=bearer("atelier")).json()
    assert answer["not_screened"] == []


@pytest.mark.parametrize(
    ("url", "files", "place"),
    [
        ("/v1/screen?format=tumblr", [("upload", (None, "{}"))], "format"),
        ("/v1/screen", [("upload", (None, "{}")), ("format", (None, "tumblr"))], "format"),
        ("/v1/screen?format=huggingface", [("upload", (None, "---\ntags: [a]\n---\n"))], "external_id"),
        ("/v1/screen?format=civitai", [("upload", (None, '{"id": 1}')), ("context", (None, '{"model": {}}'))], "model"),
    ],
)
def test_a_wrong_format_is_told_by_its_place(api: Api, url: str, files: list[Any], place: str) -> None:
    response = api.client.post(url, files=files, headers=bearer("atelier"))
    assert response.status_code == 422, response.text
    assert any(place in item["location"] for item in response.json()["errors"])


def test_names_in_a_search_box_say_how_they_were_read(api: Api) -> None:
    found = api.texts(json.dumps({"texts": ["Amber Owl", "a.m.b.e.r o.w.l"]}).encode()).json()["results"]
    first, second = found[0]["hits"][0], found[1]["hits"][0]
    assert (first["view"], first["indirect"], first["needs_series"]) == ("plain", False, False)
    assert second["indirect"] is True
    assert second["view"] != "plain"
