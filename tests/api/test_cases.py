"""Cases over HTTP: from an upload that a person has to see to the decision that its platform reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.api.conftest import DAMAGED, REFERENCE, Api, Start, bearer, picture
from tests.conftest import TinySnapshot
from tests.fakes import FixedClock

UPHOLD = {"decision": "uphold", "reason_code": "named_character", "comment": "it says so"}
NAME = "Amber Owl"


@pytest.fixture
def desk(start: Start, tiny_snapshot: TinySnapshot) -> Api:
    """Start an application of the test's own, in which nothing gets a second look."""
    return start(snapshot=tiny_snapshot.out, second_look_blocks=0, second_look_allows=0)


def post(api: Api, path: str, body: Any = None, who: str = "mo") -> httpx.Response:
    return api.client.post(path, headers=bearer(who), json=body)


def opened(api: Api, external_id: str = "m-1", *parts: Any, who: str = "atelier", **changes: Any) -> dict[str, Any]:
    document = {"external_id": external_id, "model": {"name": NAME}, "uploader": {"id": "u-1"}, **changes}
    answer: dict[str, Any] = api.screen(document, *parts, who=who).json()
    assert answer["verdict"] == "review"
    return answer


def test_an_upload_under_review_is_a_case_from_the_moment_it_is_answered(desk: Api) -> None:
    given = opened(desk, "m-1", picture("a.png", DAMAGED))
    (listed,) = desk.get("/v1/cases", "mo").json()["cases"]
    assert (listed["id"], listed["screening_id"]) == (given["case_id"], given["screening_id"])
    assert (listed["status"], listed["platform"], listed["uploader"]) == ("open", "atelier", "u-1")
    assert (listed["reference_sets"], listed["kinds"]) == (["amber-owl"], ["alias"])


def test_an_upload_that_was_blocked_or_allowed_or_shadowed_is_none(desk: Api) -> None:
    for document, parts in (
        ({"external_id": "m", "model": {"name": "Forest"}}, [picture("a.png", REFERENCE)]),
        ({"external_id": "m", "model": {"name": "Forest"}}, []),
        ({"external_id": "m", "model": {"name": NAME}, "options": {"shadow": True}}, []),
    ):
        assert desk.screen(document, *parts).json()["case_id"] is None
    assert desk.get("/v1/cases", "mo").json() == {"cases": [], "next_cursor": None}


def test_a_case_shows_all_that_was_found_and_no_verdict(desk: Api) -> None:
    given = opened(desk, "m-1", picture("a.png"))
    opened(desk, "m-2")
    case = desk.get(f"/v1/cases/{given['case_id']}", "mo").json()
    assert case["evidence"] == given["evidence"]
    assert case["verdict"] is None
    assert case["sets"][0]["slug"] == "amber-owl"
    assert case["texts"]["items"][0] | {"start": 0} == {
        "source": "model.name",
        "text": NAME,
        "start": 0,
        "characters": len(NAME),
        "found": True,
        "trust": "declared",
        "weightless": False,
        "share": None,
    }
    assert [item["external_id"] for item in case["same_uploader"]] == ["m-2"]
    assert [item["external_id"] for item in case["same_sets"]] == ["m-2"]
    assert [item["action"] for item in case["timeline"]] == ["case.opened"]
    assert case["pictures"] == [{"number": 0, "name": "a.png", "kept": "picture"}]


def test_pictures_of_a_case_are_served_whole_and_small(desk: Api) -> None:
    given = opened(desk, "m-1", picture("a.png"))
    path = f"/v1/cases/{given['case_id']}/pictures/0"
    whole, small = desk.get(path, "mo"), desk.get(f"{path}?thumbnail=true", "mo")
    assert whole.headers["content-type"] == "image/png"
    assert small.headers["content-type"] == "image/webp"
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert desk.get(f"/v1/cases/{given['case_id']}/pictures/1", "mo").status_code == 404
    assert desk.get(path, "atelier").status_code == 403


def test_a_claimed_case_is_not_anothers(desk: Api) -> None:
    path = f"/v1/cases/{opened(desk)['case_id']}"
    claimed = post(desk, f"{path}/claim")
    assert claimed.json()["claim"]["by"] == "key:mo"
    for other in (post(desk, f"{path}/claim", who="ad"), post(desk, f"{path}/decision", UPHOLD, who="ad")):
        assert (other.status_code, other.json()["code"]) == (409, "case_taken")
        assert "key:mo" in other.json()["detail"]
    assert post(desk, f"{path}/release").json()["claim"] is None
    assert post(desk, f"{path}/claim", who="ad").status_code == 200


def test_the_platform_reads_the_decision_with_its_statement(desk: Api) -> None:
    given = opened(desk)
    screening = f"/v1/screenings/{given['screening_id']}"
    assert desk.get(screening).json() == {**given, "decision": None}
    decided = post(desk, f"/v1/cases/{given['case_id']}/decision", UPHOLD)
    assert (decided.status_code, decided.json()["status"]) == (200, "decided")
    read = desk.get(screening).json()
    assert (read["verdict"], read["decision"]["decision"], read["decision"]["final"]) == ("review", "uphold", False)
    assert NAME in read["decision"]["statement"]["en"]
    assert set(read["decision"]) == {"decision", "reason_code", "statement", "decided_at", "final"}
    (listed,) = desk.get("/v1/screenings?external_id=m-1").json()["screenings"]
    assert listed == read


def test_the_answer_of_a_repeated_request_stays_what_it_was(desk: Api) -> None:
    document = {"external_id": "m-1", "model": {"name": NAME}}
    first = desk.screen(document, headers={"Idempotency-Key": "k"})
    post(desk, f"/v1/cases/{first.json()['case_id']}/decision", UPHOLD)
    assert desk.screen(document, headers={"Idempotency-Key": "k"}).content == first.content


def test_a_statement_of_ones_own_is_sent_as_it_was_written(desk: Api) -> None:
    given = opened(desk)
    words = {"en": "It does.", "zh": "是的。"}
    post(desk, f"/v1/cases/{given['case_id']}/decision", {**UPHOLD, "statement": words})
    assert desk.get(f"/v1/screenings/{given['screening_id']}").json()["decision"]["statement"] == words


def test_a_decision_is_undone_and_the_case_is_open_again(desk: Api) -> None:
    given = opened(desk)
    path = f"/v1/cases/{given['case_id']}"
    post(desk, f"{path}/decision", UPHOLD)
    assert post(desk, f"{path}/undo", who="ad").json()["code"] == "too_late"
    undone = post(desk, f"{path}/undo")
    assert (undone.status_code, undone.json()["status"], undone.json()["decision"]) == (200, "open", None)
    assert desk.get(f"/v1/screenings/{given['screening_id']}").json()["decision"] is None


def test_a_platform_appeals_once_and_another_person_decides(desk: Api) -> None:
    path = f"/v1/cases/{opened(desk)['case_id']}"
    post(desk, f"{path}/decision", UPHOLD)
    assert post(desk, f"{path}/appeal", {"text": "mine"}, "atelier").status_code == 409
    clock = desk.app.state.wired.clock
    desk.app.state.wired.review._clock = FixedClock(clock.now() + timedelta(minutes=2))
    assert post(desk, f"{path}/appeal", {"text": "mine"}, "bazaar").status_code == 404
    assert post(desk, f"{path}/appeal", {"text": "mine"}, "atelier").status_code == 202
    assert post(desk, f"{path}/appeal", {"text": "mine"}, "atelier").status_code == 409
    refused = post(desk, f"{path}/decision", UPHOLD)
    assert (refused.status_code, "another person" in refused.json()["detail"]) == (403, True)
    assert post(desk, f"{path}/decision", UPHOLD, "ad").json()["status"] == "decided"


def test_an_escalated_case_is_an_admins(desk: Api) -> None:
    path = f"/v1/cases/{opened(desk)['case_id']}"
    handed_on = {"decision": "escalate", "reason_code": "cannot_tell"}
    assert post(desk, f"{path}/decision", handed_on).json()["status"] == "escalated"
    assert post(desk, f"{path}/decision", UPHOLD).status_code == 403
    assert len(desk.get("/v1/cases?status=escalated", "mo").json()["cases"]) == 1
    assert post(desk, f"{path}/decision", UPHOLD, "ad").json()["status"] == "decided"


@pytest.mark.parametrize(
    ("body", "status", "place"),
    [
        (b"{", 400, ""),
        (b"{}", 422, "body.decision"),
        (b'{"decision": "maybe", "reason_code": "named_character"}', 422, "body.decision"),
        (b'{"decision": "uphold", "reason_code": "licensed"}', 422, "reason_code"),
        (b'{"decision": "uphold", "reason_code": "named_character", "comment": "a\\u0000"}', 422, "comment"),
        (b'{"decision": "uphold", "reason_code": "named_character", "coment": "a"}', 422, "body.coment"),
        (b'{"decision": "uphold", "reason_code": "named_character", "statement": {"en": "a"}}', 422, "statement.zh"),
    ],
)
def test_a_wrong_decision_is_refused_with_its_place(desk: Api, body: bytes, status: int, place: str) -> None:
    path = f"/v1/cases/{opened(desk)['case_id']}/decision"
    response = desk.client.post(path, content=body, headers=bearer("mo"))
    assert response.status_code == status
    if status == 422:
        assert place in response.json()["errors"][0]["location"]


@pytest.mark.parametrize("text", ["", " ", "a\u0000", "a" * 10_001])
def test_an_appeal_says_something_and_not_too_much(desk: Api, text: str) -> None:
    path = f"/v1/cases/{opened(desk)['case_id']}/appeal"
    assert post(desk, path, {"text": text}, "atelier").status_code == 422


def test_the_queue_is_narrowed_and_paged(desk: Api) -> None:
    for number in range(3):
        opened(desk, f"m-{number}")
    opened(desk, "m-9", who="bazaar")
    first = desk.get("/v1/cases?order=oldest&platform=atelier&limit=2", "mo").json()
    rest = desk.get(f"/v1/cases?order=oldest&platform=atelier&cursor={first['next_cursor']}", "mo").json()
    seen = [item["external_id"] for item in first["cases"] + rest["cases"]]
    assert (seen, rest["next_cursor"]) == (["m-0", "m-1", "m-2"], None)
    for query, count in {
        "reference_set=amber-owl": 4,
        "kind=alias": 4,
        "kind=exact_copy": 0,
        "stage=training": 0,
        "uploader=u-1": 4,
        "status=decided": 0,
        f"older_than={datetime(2020, 1, 1, tzinfo=UTC):%Y-%m-%dT%H:%M:%SZ}": 0,
    }.items():
        assert len(desk.get(f"/v1/cases?{query}", "mo").json()["cases"]) == count, query
    counted = desk.get("/v1/cases/counters", "mo").json()
    assert (counted["open"], counted["by"]["platform"]) == (4, {"atelier": 3, "bazaar": 1})


@pytest.mark.parametrize(
    "query", ["order=rank", "status=closed", "cursor=x", "limit=0", "older_than=2020-01-01T00:00:00", "platform=%00"]
)
def test_a_wrong_question_is_refused(desk: Api, query: str) -> None:
    response = desk.get(f"/v1/cases?{query}", "mo")
    assert (response.status_code, response.json()["code"]) == (422, "invalid_fields")


@pytest.mark.parametrize("path", ["", "/claim", "/release", "/undo", "/decision", "/appeal", "/pictures/0"])
def test_a_case_that_is_not_there_is_not_found(desk: Api, path: str) -> None:
    body = {"/decision": UPHOLD, "/appeal": {"text": "a"}}.get(path)
    method = "GET" if path in ("", "/pictures/0") else "POST"
    response = desk.client.request(method, f"/v1/cases/case_none{path}", headers=bearer("mo"), json=body)
    assert response.status_code == 404


@pytest.mark.parametrize("who", ["atelier", "ro"])
@pytest.mark.parametrize("path", ["", "/counters", "/case_x", "/case_x/pictures/0"])
def test_platforms_and_rights_owners_do_not_read_cases(desk: Api, who: str, path: str) -> None:
    assert desk.get(f"/v1/cases{path}", who).status_code == 403


class TestSecondLook:
    @pytest.fixture
    def looked(self, start: Start, tiny_snapshot: TinySnapshot) -> Api:
        return start(snapshot=tiny_snapshot.out, second_look_blocks=1, second_look_allows=1)

    def test_it_is_a_case_like_any_other_and_the_platform_is_not_told(self, looked: Api) -> None:
        blocked = looked.screen({"external_id": "m", "model": {"name": "x"}}, picture("a.png", REFERENCE)).json()
        assert (blocked["verdict"], blocked["case_id"]) == ("block", None)
        (case,) = looked.get("/v1/cases", "mo").json()["cases"]
        shown = looked.get(f"/v1/cases/{case['id']}", "mo").json()
        assert (shown["status"], shown["verdict"]) == ("open", None)
        assert "second_look" not in looked.get(f"/v1/cases/{case['id']}", "mo").text
        assert "block" not in {value for value in shown.values() if isinstance(value, str)}
        copied = {"decision": "uphold", "reason_code": "copied_pictures"}
        assert post(looked, f"/v1/cases/{case['id']}/decision", copied).status_code == 200
        assert looked.get(f"/v1/screenings/{blocked['screening_id']}").json()["decision"] is None
        assert post(looked, f"/v1/cases/{case['id']}/appeal", {"text": "a"}, "atelier").status_code == 404

    def test_a_person_who_disagrees_is_heard(self, looked: Api) -> None:
        allowed = looked.screen({"external_id": "m", "model": {"name": "x"}}).json()
        (case,) = looked.get("/v1/cases", "mo").json()["cases"]
        post(looked, f"/v1/cases/{case['id']}/decision", UPHOLD)
        read = looked.get(f"/v1/screenings/{allowed['screening_id']}").json()
        assert (read["verdict"], read["decision"]["decision"]) == ("allow", "uphold")
