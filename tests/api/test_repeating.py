"""Idempotency, and screening later."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api.conftest import DAMAGED, NAMED, REFERENCE, Api, Start, picture, wait_for
from tests.conftest import TinySnapshot
from tests.fakes import draw, encoded

LATER = {"Prefer": "respond-async"}


def _keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def _answered(api: Api, location: str) -> dict[str, Any]:
    assert wait_for(lambda: api.get(location).json()["status"] == "done", 20)
    answer: dict[str, Any] = api.get(location).json()
    # What a person decided is no part of the answer that a repeated request gets.
    assert answer.pop("decision") is None
    return answer


class TestIdempotency:
    def test_the_same_key_and_body_give_the_first_answer_again(self, api: Api) -> None:
        first = api.screen(NAMED, picture("a.png", REFERENCE), headers=_keyed("k-1"))
        again = api.screen(NAMED, picture("a.png", REFERENCE), headers=_keyed("k-1"))
        assert again.status_code == 200
        assert again.json() == first.json()

    @pytest.mark.parametrize(
        ("document", "part"),
        [
            ({**NAMED, "stage": "training"}, picture("a.png", REFERENCE)),
            (NAMED, picture("a.png", DAMAGED)),
            (NAMED, picture("b.png", REFERENCE)),
            (NAMED, ("lora_file", ("a.safetensors", b"x"))),
            (NAMED, ("another", ("a", b"x"))),
        ],
    )
    def test_the_same_key_and_another_body_conflict(self, api: Api, document: dict[str, Any], part: Any) -> None:
        api.screen(NAMED, picture("a.png", REFERENCE), headers=_keyed("k-2"))
        response = api.screen(document, part, headers=_keyed("k-2"))
        assert (response.status_code, response.json()["code"]) == (409, "idempotency_conflict")

    def test_keys_belong_to_their_platform(self, api: Api) -> None:
        first = api.screen(NAMED, headers=_keyed("k-3")).json()
        other = api.screen({**NAMED, "external_id": "m-2"}, who="bazaar", headers=_keyed("k-3"))
        assert other.status_code == 200
        assert other.json()["screening_id"] != first["screening_id"]

    def test_many_at_once_get_one_answer(self, api: Api) -> None:
        with ThreadPoolExecutor(6) as pool:
            given = list(pool.map(lambda _: api.screen(NAMED, headers=_keyed("k-4")).json(), range(6)))
        assert all(answer == given[0] for answer in given)
        assert api.get(f"/v1/screenings/{given[0]['screening_id']}").json() == {**given[0], "decision": None}


class TestLater:
    def test_it_is_accepted_at_once_and_answered_at_its_location(self, api: Api) -> None:
        response = api.screen({**NAMED, "external_id": "later-1"}, picture("a.png", REFERENCE), headers=LATER)
        assert response.status_code == 202
        accepted = response.json()
        assert (accepted["status"], accepted["external_id"]) == ("running", "later-1")
        assert response.headers["location"] == f"/v1/screenings/{accepted['screening_id']}"
        answer = _answered(api, response.headers["location"])
        assert (answer["verdict"], answer["screening_id"]) == ("block", accepted["screening_id"])

    def test_twice_with_one_key_is_once(self, api: Api) -> None:
        sent = [api.screen(NAMED, headers={**LATER, **_keyed("later-k")}) for _ in range(2)]
        assert sent[0].headers["location"] == sent[1].headers["location"]
        answer = _answered(api, sent[0].headers["location"])
        assert api.screen(NAMED, headers=_keyed("later-k")).json() == answer

    def test_what_cannot_be_read_is_refused_at_once(self, api: Api) -> None:
        assert api.screen("{", headers=LATER).status_code == 400
        assert api.screen({"external_id": "m-1"}, headers=LATER).status_code == 422

    def test_when_too_many_wait_more_are_refused_and_all_accepted_are_answered(
        self, start: Start, tiny_snapshot: TinySnapshot
    ) -> None:
        api = start(snapshot=tiny_snapshot.out, async_queue_size=1)
        parts = [picture(f"{n}.png", encoded(draw(n, 0, (96, 96)))) for n in range(24)]
        sent = [api.screen(NAMED, *parts, headers=LATER) for _ in range(8)]
        refused = [item for item in sent if item.status_code == 503]
        assert refused
        assert all(item.json()["code"] == "overloaded" and item.headers["retry-after"] for item in refused)
        for item in sent:
            assert item.status_code in {202, 503}
            if item.status_code == 202:
                assert _answered(api, item.headers["location"])["verdict"] in {"allow", "review", "block"}

    def test_what_was_accepted_is_finished_before_the_service_stops(
        self, start: Start, tiny_snapshot: TinySnapshot
    ) -> None:
        api = start(snapshot=tiny_snapshot.out)
        location = api.screen(NAMED, picture("a.png", REFERENCE), headers=LATER).headers["location"]
        api.client.__exit__()
        again = start(snapshot=tiny_snapshot.out)
        assert again.get(location).json()["verdict"] == "block"
