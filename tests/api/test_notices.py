"""Notices over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.api.conftest import Api, Start, _started, bearer, picture
from tests.api.registered import OWN, filled, register_owners, send
from tests.conftest import RecordIn, TinySnapshot
from tests.fakes import draw, encoded

NOTICE: dict[str, Any] = {
    "jurisdiction": "prc",
    "notifier": {
        "name": "Lamp Ltd",
        "contact": "rights@lamp.example",
        "address": "1 Lamp Street",
        "identity": "register no. 7",
    },
    "work": "Rook of the Lamp",
    "rights_evidence": "register no. 7",
    "explanation": "It shows the rook.",
    "accurate": True,
    "accused": [{"platform": "atelier", "external_id": "m-1"}],
    "reference_sets": [OWN],
}
REPLY = {
    "name": "Una",
    "contact": "una@example.org",
    "address": "2 Oak Street",
    "explanation": "I drew it.",
    "evidence": "Sketches.",
    "good_faith": True,
}
HEAD = {name: value for name, value in NOTICE.items() if name != "accused"}
TOO_LARGE = b"%PDF-" + b"x" * 11_000_000


@pytest.fixture(scope="module")
def untouched(
    tiny_snapshot: TinySnapshot, tmp_path_factory: pytest.TempPathFactory, record_in: RecordIn
) -> Iterator[Api]:
    """Give an application in which no notice is ever kept."""
    with _started(tmp_path_factory.mktemp("untouched"), record_in, snapshot=tiny_snapshot.out) as api:
        register_owners(api)
        yield api


@pytest.fixture
def own(start: Start, tiny_snapshot: TinySnapshot) -> Api:
    """Give an application with a rights owner's set, and three screened uploads of one name."""
    api = start(snapshot=tiny_snapshot.out)
    register_owners(api)
    filled(api)
    for number in (1, 2, 3):
        document = {
            "external_id": f"m-{number}",
            "uploader": {"id": "u-1"},
            "model": {"name": f"Lampwing Corvus {number}", "tags": ["rooklight", "style"]},
        }
        assert api.screen(document, picture("a.png", encoded(draw(60 + number, 0)))).status_code == 200
    return api


def given(api: Api, **changes: Any) -> dict[str, Any]:
    response = send(api, "POST", "/v1/notices", "ro", {**NOTICE, **changes})
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


def post(api: Api, notice_id: str, what: str, who: str = "mo", body: Any = None) -> httpx.Response:
    return send(api, "POST", f"/v1/notices/{notice_id}/{what}", who, body if body is not None else {})


def batch(api: Api, table: bytes, head: Any = HEAD, who: str = "ro") -> httpx.Response:
    files = [("notice", (None, json.dumps(head))), ("uploads", ("uploads.csv", table))]
    return api.client.post("/v1/notices/batch", files=files, headers=bearer(who))


def test_a_notice_goes_its_way_to_a_counter_notice(own: Api) -> None:
    notice_id = given(own)["id"]
    taken = post(own, notice_id, "measures").json()
    assert [(item["external_id"], item["ended"]) for item in taken["measures"]] == [("m-1", None)]
    assert "Civil Code" in taken["measures"][0]["statement"]["en"]
    counter = post(own, notice_id, "counter-notice", "atelier", REPLY)
    assert counter.status_code == 201, counter.text
    assert counter.json()["due"] is not None
    shown = own.get(f"/v1/notices/{notice_id}", "ro").json()
    assert shown["state"] == "forwarded_to_right_holder"
    assert shown["clocks"][0]["what"] == f"reinstate:{counter.json()['id']}"
    assert [item["kind"] for item in shown["correspondence"]] == ["found_complete", "counter_notice"]
    assert shown["timeline"] == []
    assert post(own, notice_id, "suit", "ro", {"text": "court file 7"}).json()["state"] == "kept"
    assert post(own, notice_id, "close").json()["state"] == "closed"
    timeline = own.get(f"/v1/notices/{notice_id}", "mo").json()["timeline"]
    assert [item["action"] for item in timeline if item["action"] != "notice.sweep_started"] == [
        "notice.received",
        "notice.found_complete",
        "notice.forwarded",
        "notice.measures_taken",
        "notice.counter_notice_received",
        "notice.counter_notice_forwarded",
        "notice.suit_shown",
        "notice.closed",
    ]


def test_what_is_missing_is_told_in_both_languages(own: Api) -> None:
    answer = given(own, work="", rights_evidence="", reference_sets=[])
    assert [item["element"] for item in answer["missing"]] == ["work", "rights_evidence"]
    assert all(item["explanation"]["zh"] for item in answer["missing"])
    body = {**NOTICE, "accused": [{"platform": "atelier", "external_id": "m-2"}]}
    completed = send(own, "PUT", f"/v1/notices/{answer['id']}", "ro", body)
    assert (completed.json()["state"], completed.json()["missing"]) == ("complete", [])


def test_other_platforms_and_rights_owners_see_none_of_it(own: Api) -> None:
    notice_id = given(own)["id"]
    post(own, notice_id, "forward")
    assert own.get(f"/v1/notices/{notice_id}", "atelier").status_code == 200
    assert own.get(f"/v1/notices/{notice_id}", "bazaar").status_code == 404
    assert own.get("/v1/notices", "bazaar").json() == {"notices": [], "next_cursor": None}
    assert [item["id"] for item in own.get("/v1/notices", "ro").json()["notices"]] == [notice_id]


def test_a_transition_that_there_is_not_is_a_conflict(own: Api) -> None:
    notice_id = given(own)["id"]
    answer = post(own, notice_id, "suit", "ro", {"text": "court file 7"})
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert post(own, notice_id, "reject", "mo", {"reason": "no right in it"}).json()["state"] == "rejected"
    assert post(own, notice_id, "measures").status_code == 409


def test_a_table_of_three_hundred_uploads_is_one_notice(own: Api) -> None:
    rows = "".join(f"atelier,m-{number},,again\n" for number in range(1, 351))
    answer = batch(own, f"\ufeffplatform,external_id,url,note\n{rows}".encode())
    assert answer.status_code == 201, answer.text
    shown = own.get(f"/v1/notices/{answer.json()['id']}", "ro").json()
    assert len(shown["accused"]) == 350
    assert sum(item["known"] for item in shown["accused"]) == 3


@pytest.mark.parametrize(
    ("table", "place"),
    [
        (b"", "uploads:1"),
        (b"platform,external_id\n", "uploads:1"),
        (b"platform,note\natelier,x\n", "uploads:1"),
        (b"platform,platform,url\n", "uploads:1"),
        (b"platform,external_id,secret\n", "uploads:1"),
        (b"platform,external_id\natelier,m-1\n\natelier,\n", "uploads:4"),
        (b"platform,external_id\natelier,m-1,x\n", "uploads:2"),
        (b"platform,url\natelier,javascript:alert(1)\n", "uploads:2.url"),
        (b"platform,external_id\n,m-1\n", "uploads:2.platform"),
        (b"platform,external_id\natelier,m-1\natelier,\xff\n", "uploads:3"),
        (b'platform,external_id\natelier,"m-1\n', "uploads:2"),
        (b"platform,external_id\natelier,m\x001\n", "uploads:2.external_id"),
        (b"platform,external_id\n" + b"atelier,m\n" * 2001, "uploads:2002"),
    ],
)
def test_a_fault_of_a_table_is_named_by_its_line_and_nothing_is_done(untouched: Api, table: bytes, place: str) -> None:
    answer = batch(untouched, table)
    assert answer.status_code == 422, answer.text
    assert [item["location"] for item in answer.json()["errors"]][:1] == [place]
    assert untouched.get("/v1/notices", "ro").json()["notices"] == []


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"accused": [{"platform": "atelier"}]}, "accused[0]"),
        ({"accused": [{"platform": "atelier", "url": "http://["}]}, "accused[0].url"),
        ({"accused": [{"platform": "", "external_id": "x"}]}, "accused[0].platform"),
        ({"work": "a\u0000b"}, "work"),
        ({"explanation": "x" * 4001}, "explanation"),
        ({"reference_sets": ["amber-owl"]}, "reference_sets[0]"),
        ({"jurisdiction": "fr"}, "body.jurisdiction"),
        ({"acused": []}, "body.acused"),
    ],
)
def test_a_fault_of_a_notice_is_named_by_its_place(untouched: Api, changes: dict[str, Any], place: str) -> None:
    answer = send(untouched, "POST", "/v1/notices", "ro", {**NOTICE, **changes})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["location"] == place


def test_names_that_the_uploads_share_are_proposed_and_live_at_once(own: Api) -> None:
    accused = [{"platform": "atelier", "external_id": f"m-{number}"} for number in (1, 2, 3)]
    notice_id = given(own, accused=accused)["id"]
    proposed = own.get(f"/v1/notices/{notice_id}/aliases", "ro").json()["proposed"]
    assert "Lampwing Corvus" in [item["text"] for item in proposed]
    assert {item["uploads"] for item in proposed} == {3}
    body = {"reference_set": OWN, "aliases": [{"text": "Lampwing Corvus", "language": "en"}]}
    answer = send(own, "POST", f"/v1/notices/{notice_id}/aliases", "ro", body)
    assert [item["text"] for item in answer.json()["aliases"]] == ["Rook Lampwing", "Lampwing Corvus"]


@pytest.mark.parametrize("wanted", ["dsa", "lumen"])
def test_a_notice_is_exported_without_what_is_nobodys_business(own: Api, wanted: str) -> None:
    notice_id = given(own)["id"]
    post(own, notice_id, "measures")
    answer = own.get(f"/v1/notices/{notice_id}/transparency.json", "mo", params={"format": wanted})
    assert answer.status_code == 200
    assert "u-1" not in answer.text
    assert "rights@lamp.example" not in answer.text
    if wanted == "dsa":
        (statement,) = answer.json()["statements"]
        assert statement["source_type"] == "SOURCE_ARTICLE_16"
        assert statement["automated_detection"] == "No"
    else:
        assert answer.json()["notice"]["action_taken"] == "Yes"


def test_an_attachment_is_what_its_bytes_say(own: Api) -> None:
    path = f"/v1/notices/{given(own)['id']}/attachments"
    sent = {b"%PDF-1.7 x": 201, encoded(draw(1, 1)): 201, b"<html>": 415, b"": 415, TOO_LARGE: 413}
    for data, status in sent.items():
        answer = own.client.post(path, files=[("file", ("proof.pdf", data))], headers=bearer("ro"))
        assert answer.status_code == status, answer.text
        if status == 201:
            kept = own.get(f"{path}/{answer.json()['id']}", "mo")
            assert kept.content == data
            assert kept.headers["content-disposition"] == "attachment"
            assert own.get(f"{path}/{answer.json()['id']}", "atelier").status_code == 404


def test_a_platform_attaches_for_its_uploaders_and_the_notifier_reads_it(own: Api) -> None:
    notice_id = given(own)["id"]
    post(own, notice_id, "measures")
    path = f"/v1/notices/{notice_id}/attachments"
    answer = own.client.post(path, files=[("file", ("sketch.pdf", b"%PDF-1.7 x"))], headers=bearer("atelier"))
    assert (answer.status_code, answer.json()["party"]) == (201, "platform:atelier")
    assert own.get(f"{path}/{answer.json()['id']}", "ro").content == b"%PDF-1.7 x"
    memo = own.client.post(path, files=[("file", ("memo.pdf", b"%PDF-1.7 y"))], headers=bearer("mo"))
    assert own.get(f"{path}/{memo.json()['id']}", "ro").status_code == 404
    seen = own.get(f"/v1/notices/{notice_id}", "ro").json()["attachments"]
    assert [item["name"] for item in seen] == ["sketch.pdf"]


def test_strikes_are_told_to_the_platform_of_the_uploader(own: Api) -> None:
    post(own, given(own)["id"], "measures")
    wired = own.app.state.wired
    wired.consequences.tick(wired.clock.now())
    asked = {"uploader": "u-1"}
    assert len(own.get("/v1/strikes", "atelier", params=asked).json()["strikes"]) == 1
    assert own.get("/v1/strikes", "bazaar", params=asked).json() == {"strikes": []}
    assert own.get("/v1/strikes", "bazaar", params={**asked, "platform": "atelier"}).status_code == 403
