"""POST /v1/screen/text: names alone, with offsets into the text as it was sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.conftest import Api


def _find(api: Api, *texts: str) -> list[list[dict[str, Any]]]:
    response = api.texts(json.dumps({"texts": texts}).encode())
    assert response.status_code == 200, response.text
    assert response.json()["snapshot"] == api.get("/readyz").json()["snapshot"]
    return [item["hits"] for item in response.json()["results"]]


@pytest.mark.parametrize(
    ("text", "written", "negated"),
    [
        ("an Amber Owl at night", "Amber Owl", False),
        ("AMBER_OWL", "AMBER_OWL", False),
        ("🦉🦉 ａｍｂｅｒ　ｏｗｌ!", "ａｍｂｅｒ　ｏｗｌ", False),
        ("Ámber-Öwl", "Ámber-Öwl", False),
        ("蛇后 and Amber  Owl", "Amber  Owl", False),
        ("no Amber Owl", "Amber Owl", True),
    ],
)
def test_offsets_count_code_points_of_the_text_as_sent(api: Api, text: str, written: str, *, negated: bool) -> None:
    ((hit,),) = _find(api, text)
    assert (hit["reference_set"], hit["alias"]) == ("amber-owl", "Amber Owl")
    assert (hit["language"], hit["kind"], hit["negated"]) == ("en", "distinctive", negated)
    assert text[hit["start"] : hit["end"]] == hit["text"] == written


def test_results_stand_in_the_order_of_the_texts_and_hits_in_that_of_their_places(api: Api) -> None:
    found = _find(api, "brass fox, amber owl", "", "nothing", "dusk hare")
    assert [[hit["reference_set"] for hit in hits] for hits in found] == [
        ["brass-fox", "amber-owl"],
        [],
        [],
        ["dusk-hare"],
    ]


def test_half_an_emoji_hides_no_name(api: Api) -> None:
    (hit,) = api.texts(b'{"texts": ["\\ud83e Amber Owl"]}').json()["results"][0]["hits"]
    assert (hit["start"], hit["text"]) == (2, "Amber Owl")


def test_no_text_at_all_is_answered_with_no_result(api: Api) -> None:
    assert _find(api) == []


def test_nothing_is_remembered(api: Api) -> None:
    _find(api, "Amber Owl")
    assert api.get("/v1/screenings", "ad", params={"external_id": "Amber Owl"}).json() == {"screenings": []}
