"""Every error of the contract, as problem+json with a code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.api.conftest import DAMAGED, NAMED, REFERENCE, STRANGER, Api, Start, bearer, picture
from tests.conftest import TinySnapshot
from tests.fakes import draw, encoded

FORM = {"Content-Type": "multipart/form-data; boundary=edge"}
OPENED = (
    '--edge\r\nContent-Disposition: form-data; name="upload"\r\n\r\n' + json.dumps(NAMED) + "\r\n"
    '--edge\r\nContent-Disposition: form-data; name="images"; filename="a.png"\r\n\r\n'
).encode() + REFERENCE[:500]


def _problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"]
    content: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "code"} <= set(content)
    assert (content["status"], content["code"]) == (status, code)
    assert content["detail"]
    return content


def _raw(content: bytes, headers: dict[str, str]) -> Callable[[Api], httpx.Response]:
    return lambda api: api.client.post("/v1/screen", content=content, headers={**bearer("atelier"), **headers})


@pytest.mark.parametrize(
    "send",
    [
        pytest.param(lambda api: api.screen("{"), id="no JSON"),
        pytest.param(lambda api: api.screen(""), id="nothing"),
        pytest.param(lambda api: api.screen("[]"), id="no object"),
        pytest.param(lambda api: api.screen('{"external_id": "m", "x": NaN}'), id="NaN"),
        pytest.param(lambda api: api.screen('{"external_id": "m", "x": -Infinity}'), id="infinity"),
        pytest.param(lambda api: api.screen('{"external_id": "m", "x": ' + "1" * 9000 + "}"), id="endless number"),
        pytest.param(lambda api: api.screen('{"x":' * 100_000), id="open objects without end"),
        pytest.param(lambda api: api.screen('{"x":' + "[" * 50_000 + "]" * 50_000 + "}"), id="nesting bomb"),
        pytest.param(lambda api: api.screen(b'{"external_id": "\xff\xfe\xfa"'), id="no UTF-8"),
        pytest.param(_raw(b"{}", {"Content-Type": "application/json"}), id="JSON instead of multipart"),
        pytest.param(_raw(b"x", {"Content-Type": "multipart/form-database"}), id="another type that begins alike"),
        pytest.param(_raw(b"x", {}), id="no content type"),
        pytest.param(_raw(b"x", {"Content-Type": "multipart/form-data"}), id="no boundary"),
        pytest.param(_raw(b"x" * 50, FORM), id="no multipart"),
        pytest.param(_raw(b"", FORM), id="empty body"),
        pytest.param(_raw(OPENED, FORM), id="broken off within a picture"),
        pytest.param(_raw(OPENED + b"\r\n--edge", FORM), id="broken off within the closing boundary"),
        pytest.param(lambda api: api.texts(b"{"), id="texts: no JSON"),
        pytest.param(lambda api: api.texts(b"[" * 100_000), id="texts: nesting bomb"),
        pytest.param(lambda api: api.texts(b"[]"), id="texts: no object"),
    ],
)
def test_what_cannot_be_read_is_400(api: Api, send: Callable[[Api], httpx.Response]) -> None:
    _problem(send(api), 400, "malformed_request")


PICTURE = picture("a.png")


@pytest.mark.parametrize(
    ("document", "parts", "location"),
    [
        ({}, [PICTURE], "upload.external_id"),
        ({"external_id": ""}, [PICTURE], "upload.external_id"),
        ({"external_id": 17}, [PICTURE], "upload.external_id"),
        ({"external_id": "m" * 513}, [PICTURE], "upload.external_id"),
        ({**NAMED, "stage": "later"}, [], "upload.stage"),
        ({**NAMED, "visibility": "secret"}, [], "upload.visibility"),
        ({**NAMED, "commercial": {"monetised": "very"}}, [], "upload.commercial.monetised"),
        ({**NAMED, "uploader": "u-1"}, [], "upload.uploader"),
        ({**NAMED, "options": None}, [], "upload.options"),
        ({"external_id": "m", "model": {"tags": ["a", 7]}}, [PICTURE], "upload.model.tags[1]"),
        ({"external_id": "m", "model": {"files": [{"name": []}]}}, [PICTURE], "upload.model.files[0].name"),
        (
            {**NAMED, "images": [{"file": "a.png"}, {"file": "a.png", "role": "hero"}]},
            [PICTURE],
            "upload.images[1].role",
        ),
        ({**NAMED, "images": [{"role": "cover"}]}, [PICTURE], "upload.images[0].file"),
        ({**NAMED, "images": None}, [PICTURE], "upload.images"),
        ({**NAMED, "images": [{"file": "a.png"}, {"file": "lost.png"}]}, [PICTURE], "upload.images[1].file"),
        (NAMED, [("upload", (None, "{}"))], "upload"),
        (NAMED, [("images", (None, "text"))], "images"),
        (NAMED, [("lora_file", (None, "text"))], "lora_file"),
        (NAMED, [("lora_file", ("a", b"x")), ("lora_header", ("b", b"x"))], "lora_file"),
        (NAMED, [("lora_file", ("a", b"x")), ("lora_file", ("b", b"x"))], "lora_file"),
    ],
)
def test_a_wrong_field_is_422_and_named_by_its_place(
    api: Api, document: dict[str, Any], parts: list[Any], location: str
) -> None:
    content = _problem(api.screen(document, *parts), 422, "invalid_fields")
    assert location in [item["location"] for item in content["errors"]]
    assert all(item["message"] for item in content["errors"])


def test_all_wrong_fields_are_told_at_once(api: Api) -> None:
    content = _problem(api.screen({"stage": "x", "visibility": "y"}), 422, "invalid_fields")
    assert {item["location"] for item in content["errors"]} == {
        "upload.external_id",
        "upload.stage",
        "upload.visibility",
    }


def test_a_form_without_the_document_is_422(api: Api) -> None:
    response = api.client.post("/v1/screen", files=[PICTURE], headers=bearer("atelier"))
    assert _problem(response, 422, "invalid_fields")["errors"][0]["location"] == "upload"


@pytest.mark.parametrize(
    "document",
    [
        {"external_id": "m"},
        {"external_id": "m", "model": {"name": "  "}},
        {"external_id": "m", "unheard_of": 17},
        {"external_id": "m", "images": []},
    ],
)
def test_nothing_to_screen_is_422(api: Api, document: dict[str, Any]) -> None:
    _problem(api.screen(document), 422, "nothing_to_screen")


@pytest.mark.parametrize(
    ("content", "location"),
    [
        (b"{}", "body.texts"),
        (b'{"texts": "one"}', "body.texts"),
        (b'{"texts": ["a", 1]}', "body.texts[1]"),
        (json.dumps({"texts": ["a"] * 1001}).encode(), "body.texts"),
        (json.dumps({"texts": ["a", "b" * 200_001]}).encode(), "body.texts[1]"),
    ],
)
def test_wrong_texts_are_422(api: Api, content: bytes, location: str) -> None:
    problem = _problem(api.texts(content), 422, "invalid_fields")
    assert [item["location"] for item in problem["errors"]] == [location]


def test_wrong_parameters_are_422(api: Api) -> None:
    missing = _problem(api.get("/v1/screenings"), 422, "invalid_fields")
    assert missing["errors"][0]["location"] == "query.external_id"
    key = _problem(api.screen(NAMED, headers={"Idempotency-Key": "k" * 257}), 422, "invalid_fields")
    assert key["errors"][0]["location"] == "header.idempotency-key"


@pytest.mark.parametrize(
    "part",
    [
        picture("a.png", b"no picture at all"),
        picture("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        picture("a.png", b""),
        ("lora_file", ("a.safetensors", b"")),
        ("lora_file", ("a.ckpt", b"PK\x03\x04" + b"\0" * 100)),
        ("lora_file", ("a.pt", b"\x80\x02}q\x00.")),
        ("lora_header", ("a.safetensors", (2).to_bytes(8, "little") + b"[]")),
    ],
)
def test_what_is_neither_picture_nor_lora_and_all_there_is_is_415(api: Api, part: Any) -> None:
    _problem(api.screen({"external_id": "m"}, part), 415, "unsupported_content")


def test_a_damaged_picture_alone_is_a_picture_and_goes_to_review(api: Api) -> None:
    response = api.screen({"external_id": "m"}, picture("a.png", DAMAGED))
    assert (response.status_code, response.json()["verdict"]) == (200, "review")


class TestLimits:
    LARGEST = 100_000

    @pytest.fixture
    def small(self, start: Start) -> Api:
        return start(max_body_bytes=self.LARGEST, max_pictures=2)

    def test_a_stated_length_over_the_limit_is_413_before_it_is_read(self, small: Api) -> None:
        headers = {**FORM, "Content-Length": str(self.LARGEST + 1)}
        _problem(_raw(b"x", headers)(small), 413, "too_large")

    def test_a_streamed_body_over_the_limit_is_413(self, small: Api) -> None:
        def stream() -> Iterator[bytes]:
            yield OPENED
            for _ in range(30):
                yield b"x" * 5_000

        headers = {**bearer("atelier"), **FORM}
        _problem(small.client.post("/v1/screen", content=stream(), headers=headers), 413, "too_large")

    def test_texts_over_the_limit_are_413(self, small: Api) -> None:
        _problem(small.texts(b'{"texts": ["' + b"x" * self.LARGEST + b'"]}'), 413, "too_large")

    @pytest.mark.parametrize("count", [3, 11, 40])
    def test_too_many_pictures_are_413(self, small: Api, count: int) -> None:
        parts = [picture(f"{n}.png", b"x") for n in range(count)]
        assert "2 pictures" in _problem(small.screen(NAMED, *parts), 413, "too_large")["detail"] or count == 3

    @pytest.mark.parametrize("name", [None, "upload.json"], ids=["as a field", "as a file"])
    def test_a_document_over_its_limit_is_413(self, api: Api, name: str | None) -> None:
        document = json.dumps({"external_id": "m", "model": {"name": "x" * 4_300_000}})
        response = api.client.post("/v1/screen", files=[("upload", (name, document))], headers=bearer("atelier"))
        _problem(response, 413, "too_large")

    def test_a_picture_over_its_limit_is_listed_and_no_error(self, start: Start, tiny_snapshot: TinySnapshot) -> None:
        api = start(snapshot=tiny_snapshot.out, max_picture_bytes=500_000, max_picture_pixels=200_000)
        large = encoded(draw(1, 1, (640, 480)).convert("1"))
        parts = [picture("heavy.png", STRANGER + b"\0" * 500_000), picture("large.png", large)]
        answer = api.screen(NAMED, *parts).json()
        assert [item["reason"].split(":")[0] for item in answer["not_screened"]] == [
            "file_too_large",
            "too_many_pixels",
        ]

    def test_over_the_quota_is_429_for_that_key_alone(self, start: Start) -> None:
        api = start(requests_per_minute=3)
        calls = [api.get("/v1/screenings", params={"external_id": "m"}) for _ in range(4)]
        assert [item.status_code for item in calls[:3]] == [200, 200, 200]
        _problem(calls[3], 429, "quota_exceeded")
        assert 1 <= int(calls[3].headers["retry-after"]) <= 60
        assert api.get("/v1/screenings", "bazaar", params={"external_id": "m"}).status_code == 200


class TestUnavailable:
    @pytest.mark.parametrize("part", [picture("a.png"), picture("a.png", DAMAGED), None])
    def test_without_a_snapshot_screening_is_503(self, start: Start, part: Any) -> None:
        response = start().screen(NAMED, *([part] if part else []))
        _problem(response, 503, "not_ready")
        assert int(response.headers["retry-after"]) > 0

    def test_without_a_snapshot_names_are_503(self, start: Start) -> None:
        _problem(start().texts(b'{"texts": ["a"]}'), 503, "not_ready")

    def test_a_full_queue_is_503_and_the_next_small_upload_is_answered(
        self, start: Start, tiny_snapshot: TinySnapshot
    ) -> None:
        api = start(snapshot=tiny_snapshot.out, queue_size=1)
        parts = [picture(f"{n}.png", encoded(draw(n, 0, (96, 96)))) for n in range(40)]
        response = api.screen(NAMED, *parts)
        _problem(response, 503, "overloaded")
        assert int(response.headers["retry-after"]) > 0
        assert api.screen(NAMED, picture("a.png", REFERENCE)).json()["verdict"] == "block"

    def test_a_failure_nobody_foresaw_is_503_and_no_allow(self, start: Start) -> None:
        api = start()

        def fail() -> None:
            raise RuntimeError("with a secret inside")

        api.app.add_api_route("/fails", fail)
        response = api.get("/fails")
        assert "secret" not in _problem(response, 503, "internal_error")["detail"]
        assert int(response.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nowhere", 404, "not_found"),
        ("GET", "/v1/screenings/scr_none", 404, "not_found"),
        ("GET", "/v1/screenings/%2e%2e%2f", 404, "not_found"),
        ("DELETE", "/v1/screen", 405, "method_not_allowed"),
    ],
)
def test_what_is_not_there_is_told_in_the_same_form(api: Api, method: str, path: str, status: int, code: str) -> None:
    _problem(api.client.request(method, path, headers=bearer("atelier")), status, code)
