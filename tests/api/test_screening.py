"""POST /v1/screen: the contract of the answer, field by field, and what different uploads are answered."""

from __future__ import annotations

import re
from typing import Any

import pytest

from service.api.wire import ScreeningAnswer
from tests.api.conftest import DAMAGED, NAMED, REFERENCE, STRANGER, Api, Part, picture
from tests.fakes import safetensors

LORA = safetensors(
    {
        "__metadata__": {"ss_output_name": "amber_owl_v2", "ss_sd_model_name": "base"},
        "lora_up.weight": {"dtype": "F16", "shape": [1, 1], "data_offsets": [0, 2]},
    },
    b"\0\0",
)


def _done(api: Api, document: dict[str, Any], *parts: Part, **options: Any) -> dict[str, Any]:
    response = api.screen(document, *parts, **options)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


@pytest.fixture(scope="module")
def blocked(api: Api) -> dict[str, Any]:
    document = {
        "external_id": "model-17/v2",
        "model": {"name": "Amber Owl"},
        "images": [{"file": "a.png", "role": "cover", "prompt": "night", "negative_prompt": "brass fox"}],
    }
    return _done(api, document, picture("a.png", REFERENCE), picture("b.png", DAMAGED))


class TestContract:
    def test_the_answer_holds_every_field_of_its_model_and_no_other(self, blocked: dict[str, Any]) -> None:
        assert set(blocked) == set(ScreeningAnswer.model_fields)
        ScreeningAnswer.model_validate(blocked)

    @pytest.mark.parametrize(
        ("name", "kinds"),
        [
            ("screening_id", str),
            ("external_id", str),
            ("verdict", str),
            ("grounds", list),
            ("evidence", list),
            ("not_screened", list),
            ("conditions", list),
            ("notice_to_uploader", dict),
            ("case_id", type(None)),
            ("licence", type(None)),
            ("policy_version", str),
            ("snapshot", str),
            ("model", str),
            ("elapsed_ms", dict),
        ],
    )
    def test_each_field_of_version_1_is_there(self, blocked: dict[str, Any], name: str, kinds: type) -> None:
        assert isinstance(blocked[name], kinds)

    def test_ids_are_echoed_or_made(self, blocked: dict[str, Any]) -> None:
        assert blocked["external_id"] == "model-17/v2"
        assert re.fullmatch(r"scr_[0-9a-f]{30}", blocked["screening_id"])

    def test_a_ground_names_code_set_evidence_and_reason(self, blocked: dict[str, Any]) -> None:
        ground = blocked["grounds"][0]
        assert ground["code"] == "character_copy"
        assert ground["reference_set"]["slug"] == "amber-owl"
        assert ground["reference_set"]["title"]
        assert set(ground["explanation"]) == {"en", "zh"}
        (number,) = ground["evidence"]
        assert blocked["evidence"][number]["kind"] == "exact_copy"

    def test_an_exact_copy_has_no_measure(self, blocked: dict[str, Any]) -> None:
        found = next(item for item in blocked["evidence"] if item["kind"] == "exact_copy")
        assert found["source"] == "image:a.png"
        assert (found["reference_set"], found["reference"]) == ("amber-owl", "images/01.png")
        assert (found["measure"], found["text"], found["region"], found["trust"]) == (None, None, None, "computed")
        assert set(found["explanation"]) == {"en", "zh"}

    def test_every_measure_has_its_false_positive_rate_and_interval(self, blocked: dict[str, Any]) -> None:
        measures = {item["measure"]["name"]: item["measure"] for item in blocked["evidence"] if item["measure"]}
        assert "cosine" in measures
        for measure in measures.values():
            low, high = measure["interval"]
            assert 0 <= low <= measure["false_positive_rate"] <= high <= 1
            assert isinstance(measure["calibrated"], bool)

    def test_a_name_is_quoted_with_its_place(self, blocked: dict[str, Any]) -> None:
        found = next(item for item in blocked["evidence"] if item["source"] == "model.name")
        assert (found["kind"], found["text"], found["trust"], found["measure"]) == (
            "alias",
            "Amber Owl",
            "declared",
            None,
        )

    def test_a_name_in_a_negative_prompt_weighs_nothing(self, blocked: dict[str, Any]) -> None:
        found = next(item for item in blocked["evidence"] if item["reference_set"] == "brass-fox" and item["text"])
        assert found["weightless"]
        assert "brass-fox" not in {
            ground["reference_set"]["slug"] for ground in blocked["grounds"] if ground["evidence"]
        }

    def test_what_was_not_screened_is_listed_with_a_code(self, blocked: dict[str, Any]) -> None:
        (listed,) = blocked["not_screened"]
        assert listed["source"] == "image:b.png"
        assert listed["reason"].startswith("picture_damaged: ")

    def test_times_of_every_stage_are_told(self, blocked: dict[str, Any]) -> None:
        assert set(blocked["elapsed_ms"]) == {"decode", "embed", "search", "verify", "total"}
        assert all(value >= 0 for value in blocked["elapsed_ms"].values())

    def test_what_it_was_decided_with_is_told(self, blocked: dict[str, Any], api: Api) -> None:
        assert blocked["snapshot"] == api.get("/readyz").json()["snapshot"]
        assert blocked["model"].startswith("compact-clip@")
        assert re.fullmatch(r".+\+[0-9a-f]{8}", blocked["policy_version"])

    def test_the_notice_speaks_both_languages(self, blocked: dict[str, Any]) -> None:
        assert set(blocked["notice_to_uploader"]) == {"en", "zh"}


def test_a_name_of_nobody_is_allowed_without_grounds_or_notice(api: Api) -> None:
    answer = _done(api, NAMED)
    assert (answer["verdict"], answer["grounds"], answer["evidence"]) == ("allow", [], [])
    assert (answer["notice_to_uploader"], answer["case_id"]) == (None, None)


def test_a_distinctive_name_alone_opens_a_case(api: Api) -> None:
    answer = _done(api, {"external_id": "m-1", "model": {"tags": ["amber owl"]}})
    assert (answer["verdict"], answer["grounds"][0]["code"]) == ("review", "name_alone")
    assert re.fullmatch(r"case_[0-9a-f]{30}", answer["case_id"])


def test_a_shadow_screening_is_answered_and_opens_no_case(api: Api) -> None:
    answer = _done(api, {"external_id": "m-1", "model": {"name": "Amber Owl"}, "options": {"shadow": True}})
    assert (answer["verdict"], answer["shadow"], answer["case_id"]) == ("review", True, None)


def test_an_undecodable_picture_beside_good_ones_is_review_and_listed(api: Api) -> None:
    parts = [
        picture("good.png"),
        picture("bad.png", DAMAGED),
        picture("text.png", b"no picture"),
        picture("none.png", b""),
    ]
    answer = _done(api, {"external_id": "m-1"}, *parts)
    assert answer["verdict"] in {"review", "block"}
    reasons = {item["source"]: item["reason"].split(":")[0] for item in answer["not_screened"]}
    assert reasons == {
        "image:bad.png": "picture_damaged",
        "image:text.png": "not_a_picture",
        "image:none.png": "empty_file",
    }


def test_a_picture_without_an_entry_is_screened_like_any_other(api: Api) -> None:
    answer = _done(api, {"external_id": "m-1"}, picture("unlisted.png", REFERENCE))
    assert answer["verdict"] == "block"


def test_private_use_is_allowed_on_a_condition(api: Api) -> None:
    answer = _done(api, {"external_id": "m-1", "visibility": "private"}, picture("a.png", REFERENCE))
    assert (answer["verdict"], answer["conditions"]) == ("allow", ["no_public_distribution"])


@pytest.mark.parametrize("part", [("lora_file", LORA), ("lora_header", LORA[:-2])], ids=["whole", "header alone"])
def test_names_left_in_a_lora_are_residue(api: Api, part: tuple[str, bytes]) -> None:
    answer = _done(api, {"external_id": "m-1"}, (part[0], ("style.safetensors", part[1])))
    assert answer["verdict"] == "review"
    (found,) = answer["evidence"]
    assert (found["kind"], found["trust"], found["source"]) == ("residue", "residue", "lora:ss_output_name")


def test_an_unreadable_lora_beside_a_name_is_listed(api: Api) -> None:
    answer = _done(api, NAMED, ("lora_file", ("style.safetensors", b"PK\x03\x04 zip")))
    assert answer["verdict"] == "review"
    assert [item["source"] for item in answer["not_screened"]] == ["lora:style.safetensors"]


def test_parts_that_this_version_does_not_read_are_listed(api: Api) -> None:
    parts: list[Part] = [("video", ("p.mp4", b"PK")), ("sound", (None, "la"))]
    answer = _done(api, NAMED, *parts)
    assert answer["verdict"] == "review"
    assert [item["source"] for item in answer["not_screened"]] == ["part:sound", "part:video"]


def test_unknown_fields_are_accepted_and_searched(api: Api) -> None:
    answer = _done(api, {**NAMED, "community": {"pinned": ["by an Amber Owl fan"]}})
    assert [item["source"] for item in answer["evidence"]] == ["community.pinned[0]"]


def test_two_pictures_of_one_name_are_told_apart(api: Api) -> None:
    answer = _done(api, {"external_id": "m-1"}, picture("a.png", STRANGER), picture("a.png", DAMAGED))
    assert [item["source"] for item in answer["not_screened"]] == ["image:a.png#2"]


@pytest.mark.parametrize("external_id", ["a\u0000b", "a\nb"])
def test_an_id_with_control_characters_is_refused_before_any_database_sees_it(api: Api, external_id: str) -> None:
    response = api.screen({"external_id": external_id, "model": {"name": "x"}})
    assert response.status_code == 422
    assert response.json()["errors"][0]["location"] == "upload.external_id"


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=1>', "{{7*7}}", "蛇后 🦉"])
def test_markup_in_names_comes_back_as_it_was_in_json(api: Api, text: str) -> None:
    document = {"external_id": text, "model": {"name": f"{text} Amber Owl"}, text: "Amber Owl"}
    response = api.screen(document, picture("a.png", DAMAGED))
    assert response.headers["content-type"] == "application/json"
    answer = response.json()
    assert answer["external_id"] == text
    assert text in {item["source"] for item in answer["evidence"]}
    assert api.get("/v1/screenings", params={"external_id": text}).json()["screenings"][0] == {
        **answer,
        "decision": None,
    }


@pytest.mark.parametrize("name", ['a"b.png', "<b>.png", "蛇.png", "../../etc/passwd", "a b;c.png"])
def test_a_file_name_is_a_label_and_nothing_more(api: Api, name: str) -> None:
    answer = _done(api, {"external_id": "m-1", "model": {"name": "x"}}, picture(name, DAMAGED))
    (listed,) = answer["not_screened"]
    assert listed["source"].removeprefix("image:").replace("%22", '"') == name


@pytest.mark.parametrize(
    "document",
    [
        '{"external_id": "m-1", "model": {"name": "\\ud83e Amber Owl"}}',
        '{"external_id": "m-1", "\\udd89": {"\\ud83e": "Amber Owl"}}',
        '{"external_id": "\\ud83e", "model": {"name": "Amber Owl"}}',
    ],
)
def test_half_an_emoji_hides_no_name(api: Api, document: str) -> None:
    response = api.screen(document)
    assert response.status_code == 200
    answer = response.json()
    assert (answer["verdict"], answer["not_screened"]) == ("review", [])
    assert [item["text"] for item in answer["evidence"]] == ["Amber Owl"]


class TestReading:
    def test_a_screening_is_read_again_as_it_was_answered(self, api: Api) -> None:
        answer = _done(api, {**NAMED, "external_id": "read-1"})
        assert api.get(f"/v1/screenings/{answer['screening_id']}").json() == {**answer, "decision": None}

    def test_screenings_of_one_upload_are_listed_newest_first(self, api: Api) -> None:
        given = [_done(api, {**NAMED, "external_id": "read-2"})["screening_id"] for _ in range(3)]
        listed = api.get("/v1/screenings", params={"external_id": "read-2"}).json()["screenings"]
        assert [item["screening_id"] for item in listed] == given[::-1]

    def test_a_platform_cannot_read_anothers(self, api: Api) -> None:
        mine = _done(api, {**NAMED, "external_id": "read-3"})["screening_id"]
        assert api.get(f"/v1/screenings/{mine}", "bazaar").status_code == 404
        assert api.get("/v1/screenings", "bazaar", params={"external_id": "read-3"}).json() == {"screenings": []}

    @pytest.mark.parametrize("who", ["mo", "ad"])
    def test_moderators_and_admins_read_all(self, api: Api, who: str) -> None:
        mine = _done(api, {**NAMED, "external_id": "read-4"})["screening_id"]
        assert api.get(f"/v1/screenings/{mine}", who).status_code == 200
        assert len(api.get("/v1/screenings", who, params={"external_id": "read-4"}).json()["screenings"]) >= 1
