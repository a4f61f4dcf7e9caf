"""Reference sets over HTTP: what they take, what is served of them, and that the next screening knows."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.api.conftest import DAMAGED, Api, Start, bearer, picture, wait_for
from tests.api.registered import FIELDS, OWN, ROOK, add, filled, made, read, register_owners, send, verdict
from tests.conftest import TinySnapshot
from tests.fakes import draw, encoded

BODIES = {"/aliases": {"aliases": []}, "/licences": {"platform": "atelier"}, "": {"fame": "famous"}}


@pytest.fixture
def own(start: Start, tiny_snapshot: TinySnapshot) -> Api:
    """Start an application for tests that change something in it."""
    api = start(snapshot=tiny_snapshot.out)
    register_owners(api)
    return api


def test_a_set_is_registered_as_a_draft_of_its_owner(own: Api) -> None:
    answer = made(own)
    assert (answer["state"], answer["owner"], answer["references"]) == ("draft", "ro", [])
    assert (answer["title"], answer["work"]) == (FIELDS["title"], {"en": "The Lamp"})
    assert (answer["aliases"], answer["rights"]) == (FIELDS["aliases"], FIELDS["rights"])
    assert read(own) == answer
    listed = send(own, "GET", "/v1/reference-sets").json()["reference_sets"]
    assert [(item["slug"], item["pictures"]) for item in listed] == [(OWN, 0)]


def test_an_active_set_is_matched_within_two_seconds_and_out_of_force_no_more(own: Api) -> None:
    filled(own)
    assert verdict(own) == "allow"
    assert send(own, "POST", f"/v1/reference-sets/{OWN}/activate", "ad").json()["state"] == "active"
    assert wait_for(lambda: verdict(own) == "block", 2.0)
    assert send(own, "POST", f"/v1/reference-sets/{OWN}/suspend").json()["state"] == "suspended"
    assert wait_for(lambda: verdict(own) == "allow", 2.0)


def test_pictures_are_reported_on_and_a_damaged_one_spoils_no_other(own: Api) -> None:
    made(own)
    files = [("a.png", ROOK[0]), ("broken.png", DAMAGED), ("again.png", ROOK[0]), ("b.png", ROOK[1])]
    response = add(own, *files)
    assert response.status_code == 201, response.text
    reports = response.json()["references"]
    assert [item["status"] for item in reports] == ["added", "refused", "already_there", "added"]
    assert reports[1]["reason"].startswith("picture_damaged: ")
    assert reports[2]["id"] == reports[0]["id"]
    assert {"few_pictures"} <= {item["code"] for item in response.json()["advice"]}
    assert [item["file"] for item in read(own)["references"]] == ["images/a.png", "images/b.png"]


def test_pictures_that_the_store_lost_come_back_with_their_files(own: Api, tmp_path: Path) -> None:
    filled(own)
    shutil.rmtree(tmp_path / "blobs")
    send(own, "POST", f"/v1/reference-sets/{OWN}/activate", "ad")
    assert wait_for(lambda: left_out(own) == len(ROOK), 2.0)
    assert verdict(own) == "allow"
    again = add(own, ("a.png", ROOK[0]))
    assert again.json()["references"][0]["status"] == "already_there"
    assert wait_for(lambda: verdict(own) == "block", 2.0)
    assert left_out(own) == len(ROOK) - 1


def left_out(api: Api) -> int:
    metrics = api.client.get("/metrics", headers=bearer("ad")).text
    return round(float(re.search(r"^lora_screening_references_left_out (\S+)$", metrics, re.MULTILINE)[1]))  # type: ignore[index]


def test_where_no_file_could_be_taken_the_answer_says_why_by_place(own: Api) -> None:
    made(own)
    response = add(own, ("a.png", DAMAGED), ("b.png", b"PK\x03\x04"))
    assert response.status_code == 422
    assert [(item["location"], item["message"].split(":")[0]) for item in response.json()["errors"]] == [
        ("images[0]", "picture_damaged"),
        ("images[1]", "not_a_picture"),
    ]


NAMES = {
    "../../etc/passwd": "images/passwd.png",
    "..\\..\\boot.ini.png": "images/boot.ini.png",
    "<script>.jpg": "images/script.png",
    "灯鸦 (1).PNG": "images/灯鸦-1.png",
    "....": "images/picture.png",
    "x" * 500 + ".png": f"images/{'x' * 40}.png",
}


def test_hostile_file_names_become_plain_ones_with_the_true_ending(own: Api) -> None:
    made(own)
    files = [(name, encoded(draw(41, number))) for number, name in enumerate(NAMES)]
    reports = add(own, *files).json()["references"]
    assert {item["name"]: item["file"] for item in reports} == NAMES


def test_a_picture_of_another_owners_set_is_pointed_out(own: Api) -> None:
    made(own)
    report = add(own, ("owl.png", encoded(draw(0, 0)))).json()["references"][0]
    assert [(item["code"], item["about"]) for item in report["remarks"] if item["code"] == "in_another_set"] == [
        ("in_another_set", "amber-owl")
    ]
    quality = send(own, "GET", f"/v1/reference-sets/{OWN}/quality").json()
    assert [item["about"] for item in quality["conflicts"][report["id"]]] == ["amber-owl"]


def test_the_same_picture_in_two_drafts_of_two_owners_is_pointed_out(own: Api) -> None:
    made(own)
    add(own, ("a.png", ROOK[0]))
    send(own, "POST", "/v1/reference-sets", "ad", {**FIELDS, "slug": "other", "owner": "rival"})
    report = add(own, ("a.png", ROOK[0]), who="ad", slug="other").json()["references"][0]
    assert [item["about"] for item in report["remarks"] if item["code"] == "in_another_set"] == [OWN]


@pytest.mark.parametrize(
    ("file_format", "kind"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")]
)
def test_a_picture_is_served_as_what_it_is_whatever_it_was_called(own: Api, file_format: str, kind: str) -> None:
    made(own)
    data = encoded(draw(40, 0), file_format)
    found = add(own, ("page.html", data)).json()["references"][0]
    path = f"/v1/reference-sets/{OWN}/references/{found['id']}/picture"
    whole, small = (own.get(path + query, "ro") for query in ("", "?thumbnail=1"))
    assert (whole.content, whole.headers["content-type"]) == (data, kind)
    assert small.headers["content-type"] == "image/webp"
    assert len(small.content) < 20_000
    assert {item.headers["x-content-type-options"] for item in (whole, small)} == {"nosniff"}


def test_a_removed_picture_is_matched_no_more(own: Api) -> None:
    ids = filled(own)
    send(own, "POST", f"/v1/reference-sets/{OWN}/activate", "ad")
    assert wait_for(lambda: verdict(own) == "block", 2.0)
    for reference_id in ids:
        gone = send(own, "DELETE", f"/v1/reference-sets/{OWN}/references/{reference_id}")
        assert (gone.status_code, gone.content) == (204, b"")
    assert wait_for(lambda: verdict(own) == "allow", 2.0)
    assert send(own, "DELETE", f"/v1/reference-sets/{OWN}/references/{ids[0]}").status_code == 404
    assert own.get(f"/v1/reference-sets/{OWN}/references/{ids[0]}/picture", "ro").status_code == 404


def test_fields_change_and_those_that_are_absent_stay(own: Api) -> None:
    before = made(own)
    after = send(
        own, "PATCH", f"/v1/reference-sets/{OWN}", body={"fame": "famous", "rights": {"evidence": "new"}}
    ).json()
    assert (after["fame"], after["rights"]["evidence"]) == ("famous", "new")
    assert (after["title"], after["rights"]["holder"]) == (before["title"], before["rights"]["holder"])


@pytest.mark.parametrize("listed", [False, True])
def test_aliases_are_replaced_with_remarks_on_each(own: Api, listed: bool) -> None:  # noqa: FBT001 (a parameter)
    made(own)
    wanted = [
        {"text": "Rook Lampwing", "language": "en", "kind": "distinctive"},
        {"text": "Amber Owl", "language": "en", "kind": "distinctive"},
        {"text": "rook lampwing", "language": "en", "kind": "generic"},
    ]
    response = send(own, "PUT", f"/v1/reference-sets/{OWN}/aliases", body=wanted if listed else {"aliases": wanted})
    assert response.status_code == 200, response.text
    assert response.json()["aliases"] == read(own)["aliases"] == wanted
    codes = [[item["code"] for item in found["remarks"]] for found in response.json()["remarks"]]
    assert codes[0] == []
    assert "alias_of_another_set" in codes[1]
    assert "twice" in codes[2]


def test_an_alias_of_an_active_set_is_found_within_two_seconds(own: Api) -> None:
    filled(own)
    send(own, "POST", f"/v1/reference-sets/{OWN}/activate", "ad")

    def hits() -> int:
        found = own.texts(json.dumps({"texts": ["a portrait of Kestrel Brightlamp"]}).encode())
        return len(found.json()["results"][0]["hits"])

    assert hits() == 0
    alias = {"text": "Kestrel Brightlamp", "language": "en", "kind": "distinctive"}
    send(own, "PUT", f"/v1/reference-sets/{OWN}/aliases", body=[alias])
    assert wait_for(lambda: hits() == 1, 2.0)


def test_a_licence_turns_a_match_into_an_allow_until_it_ends(own: Api) -> None:
    filled(own)
    send(own, "POST", f"/v1/reference-sets/{OWN}/activate", "ad")
    assert wait_for(lambda: verdict(own) == "block", 2.0)
    given = send(own, "POST", f"/v1/reference-sets/{OWN}/licences", body={"platform": "atelier", "until": "2999-01-01"})
    assert (given.status_code, given.json()["id"]) == (201, f"{OWN}/licence-1")
    assert wait_for(lambda: verdict(own) == "allow", 2.0)
    assert read(own)["licences"] == [given.json()]
    for licence_id, status in (("licence-1", 204), (f"{OWN}/licence-1", 404)):
        gone = send(own, "DELETE", f"/v1/reference-sets/{OWN}/licences/{licence_id}")
        assert gone.status_code == status
    assert wait_for(lambda: verdict(own) == "block", 2.0)


def test_a_dry_run_counts_what_would_match_and_tells_owners_no_more(own: Api) -> None:
    filled(own)
    for number, data in enumerate([ROOK[0], encoded(draw(40, 0), "JPEG", quality=60), encoded(draw(71, 1))]):
        response = own.screen({"external_id": f"m-{number}", "model": {"name": "x"}}, picture("a.png", data))
        assert response.status_code == 200
    seen = send(own, "POST", f"/v1/reference-sets/{OWN}/dry-run").json()
    assert (seen["screened"]["pictures"], seen["screened"]["screenings"], seen["screened"]["copies"]) == (3, 2, 2)
    assert seen["screening_ids"] is None
    assert 0 <= seen["control"]["matching"] < seen["control"]["pictures"] * 0.1
    told = send(own, "POST", f"/v1/reference-sets/{OWN}/dry-run", "ad").json()
    assert len(told["screening_ids"]) == 2
    assert {**told, "screening_ids": None} == seen


def test_owners_see_how_matches_went_and_only_moderators_which_they_are(own: Api) -> None:
    filled(own)
    send(own, "POST", f"/v1/reference-sets/{OWN}/activate", "ad")
    assert wait_for(lambda: verdict(own) == "block", 2.0)
    (seen, *_) = send(own, "GET", f"/v1/reference-sets/{OWN}/matches").json()["matches"]
    assert (seen["verdict"], seen["asked_for"], seen["platform"], seen["screening_id"]) == (
        "block",
        "block",
        "atelier",
        None,
    )
    (told, *_) = send(own, "GET", f"/v1/reference-sets/{OWN}/matches", "mo").json()["matches"]
    assert told["screening_id"].startswith("scr_")


def test_moderators_look_at_sets_and_their_pictures(own: Api) -> None:
    ids = filled(own)
    assert read(own, who="mo")["slug"] == OWN
    assert own.get(f"/v1/reference-sets/{OWN}/references/{ids[0]}/picture", "mo").content == ROOK[0]


def test_who_speaks_for_nobody_registers_nothing(start: Start, tiny_snapshot: TinySnapshot) -> None:
    api = start(snapshot=tiny_snapshot.out)
    response = send(api, "POST", "/v1/reference-sets", "ro", FIELDS)
    assert (response.status_code, response.json()["code"]) == (403, "not_permitted")


def test_a_set_is_activated_only_with_a_picture_and_evidence_of_rights(own: Api) -> None:
    made(own, rights={"holder": "Lamp Ltd"})
    refused = send(own, "POST", f"/v1/reference-sets/{OWN}/activate", "ad")
    assert refused.status_code == 422
    assert {item["location"] for item in refused.json()["errors"]} == {"references", "rights.evidence"}


def test_a_withdrawn_set_is_changed_no_more(own: Api) -> None:
    filled(own)
    for _ in range(2):
        gone = send(own, "POST", f"/v1/reference-sets/{OWN}/withdraw", body={"reason": "sold"})
        assert gone.json()["state"] == "withdrawn"
    for method, path in (("PATCH", ""), ("PUT", "/aliases"), ("POST", "/suspend")):
        answer = send(own, method, f"/v1/reference-sets/{OWN}{path}", body=BODIES.get(path, {}))
        assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert send(own, "POST", f"/v1/reference-sets/{OWN}/activate", "ad").status_code == 409


def test_a_picture_over_the_limit_is_refused_unread(start: Start, tiny_snapshot: TinySnapshot) -> None:
    api = start(snapshot=tiny_snapshot.out, max_picture_bytes=len(ROOK[0]))
    made(api, "ad")
    reports = add(api, ("ok.png", ROOK[0]), ("large.png", ROOK[0] + bytes(1)), who="ad").json()["references"]
    assert [item["status"] for item in reports] == ["added", "refused"]
    assert reports[1]["reason"].startswith("file_too_large: ")


def test_without_an_index_pictures_are_read_with_the_embedded_model(start: Start) -> None:
    api = start(rebuild=False)
    made(api, "ad")
    response = add(api, ("a.png", ROOK[0]), who="ad")
    assert response.json()["references"][0]["status"] == "added"
    run = send(api, "POST", f"/v1/reference-sets/{OWN}/dry-run", "ad").json()
    assert (run["control"], run["screened"]["pictures"]) == (None, 0)
