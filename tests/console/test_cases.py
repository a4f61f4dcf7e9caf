from __future__ import annotations

import html
import json
import re

import pytest
import sqlalchemy as sa

from service.domain.case import CaseState, DecisionKind, Origin, ReasonCode
from service.domain.identity import Caller, Role
from service.domain.wording import Wording
from service.ports import QueueFilter
from tests.console.conftest import House, Start, Visitor
from tests.fakes import draw, encoded

FOUND = {"choice": "uphold.named_character", "comment": "As the name says.\r\nTwo lines."}


@pytest.fixture
def case_id(house: House) -> str:
    """Open a case by the name of a registered character."""
    found = house.screen("model-7", name="Amber Owl lamp", pictures=2)
    assert found is not None
    return found


def text(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", page))


def decide(visitor: Visitor, case_id: str, **fields: str) -> str:
    visitor.get(f"/console/cases/{case_id}")
    answer = visitor.post(f"/console/cases/{case_id}/decision", {**FOUND, **fields})
    return str(answer.text)


def test_the_queue_shows_what_to_choose_by(house: House, case_id: str) -> None:
    page = house.visitor("mo").get("/console/queue").text
    assert f'href="/console/cases/{case_id}"' in page
    for said in ("Amber Owl lamp", "atelier", "2 pictures", "Name in the upload", "Amber-Owl", "Claim"):
        assert said in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("set=amber-owl", True),
        ("set=brass-fox", False),
        ("platform=atelier&stage=publication&kind=alias", True),
        ("platform=bazaar", False),
        ("stage=training", False),
        ("uploader=u-1", True),
        ("uploader=u-2", False),
        ("older=1h", False),
        ("state=escalated", False),
        ("state=nonsense&order=nonsense&older=nonsense", True),
        ("order=newest", True),
    ],
)
def test_the_queue_is_narrowed_by_its_address(house: House, case_id: str, query: str, shown: bool) -> None:  # noqa: FBT001 (a column)
    assert (case_id in house.visitor("mo").get(f"/console/queue?{query}").text) is shown


def test_a_page_of_the_queue_leads_to_the_next(house: House) -> None:
    for number in range(27):
        house.screen(f"m-{number}", name="Amber Owl")
    visitor = house.visitor("mo")
    first = visitor.get("/console/queue").text
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None
    second = visitor.get(html.unescape(following.group(1))).text
    assert (first.count("data-row"), second.count("data-row")) == (25, 2)


def test_the_next_case_is_the_next_that_is_free(house: House, case_id: str) -> None:
    other = house.screen("model-8", name="Brass Fox")
    mo, lin = house.visitor("mo"), house.visitor("lin")
    taken = [visitor.post("/console/queue/next", follow_redirects=False).headers["location"] for visitor in (mo, lin)]
    assert {path.rsplit("/", 1)[1] for path in taken} == {case_id, other}
    assert "No free case is left" in house.visitor("ada").post("/console/queue/next").text


def test_a_case_that_somebody_has_is_not_to_be_had(house: House, case_id: str) -> None:
    mo, lin = house.visitor("mo"), house.visitor("lin")
    mo.get("/console/queue")
    assert "This case is yours" in mo.post(f"/console/cases/{case_id}/claim").text
    assert "mo is looking at this case" in text(lin.get(f"/console/cases/{case_id}").text)
    refused = lin.post(f"/console/cases/{case_id}/claim")
    assert (refused.status_code, "Somebody else is looking" in refused.text) == (409, True)
    assert "free again" in mo.post(f"/console/cases/{case_id}/release").text
    assert lin.post(f"/console/cases/{case_id}/claim").status_code == 200


def test_a_case_shows_pictures_names_and_what_happened(house: House, case_id: str) -> None:
    page = house.visitor("mo").get(f"/console/cases/{case_id}").text
    assert "<mark>Amber Owl</mark> lamp" in page
    for said in ("model.name", "The case was opened", "Reference sets", "0.png", "1.png"):
        assert said in page


def test_nothing_shows_the_verdict_of_the_machine_or_why_the_case_was_opened(start: Start) -> None:
    house = start(second_look_allows=1.0)
    house.screen("m-1", name="Amber Owl")
    house.screen("m-2", name="Something else")
    visitor = house.visitor("mo")
    found = house.wired.review.page(QueueFilter()).cases
    assert {case.origin for case in found} == {Origin.REVIEW, Origin.SECOND_LOOK}
    pages = [visitor.get(path).text for path in ("/console/queue", *(f"/console/cases/{case.id}" for case in found))]
    answers = [house.wired.review.open(case.id).screening.answer for case in found]
    for page in pages:
        assert not re.search(r"second.look|sent to review|>allowed<|>blocked<|origin", page)
        for ground in answers[0]["grounds"] + answers[1]["grounds"]:
            assert ground["explanation"]["en"] not in html.unescape(page)


def test_a_choice_prepares_the_statement_and_decides_nothing(house: House, case_id: str) -> None:
    visitor = house.visitor("mo")
    visitor.get(f"/console/cases/{case_id}")
    page = visitor.post(f"/console/cases/{case_id}/draft", FOUND).text
    assert "checked" in re.search(r'<input type="radio" name="choice" value="uphold.named_character"[^>]*>', page)[0]  # type: ignore[index]
    assert all(f'name="statement_{language}"' in page for language in ("en", "zh"))
    assert "Two lines." in page
    assert house.wired.review.open(case_id).case.state is CaseState.OPEN


def test_a_decision_stands_with_its_statement(house: House, case_id: str) -> None:
    visitor = house.visitor("mo")
    page = decide(visitor, case_id, statement_en="Because.\r\nSo.", statement_zh="因为。")
    assert "You can take this back" in page
    made = house.wired.review.open(case_id).case.decision
    assert made is not None
    assert (made.kind, made.reason_code, made.by) == (
        DecisionKind.UPHOLD,
        ReasonCode.NAMED_CHARACTER,
        "user:mo",
    )
    assert (made.comment, made.statement) == ("As the name says.\nTwo lines.", Wording("Because.\nSo.", "因为。"))
    assert "cannot" not in house.visitor("lin").get(f"/console/cases/{case_id}").text


def test_without_a_statement_the_prepared_one_is_sent(house: House, case_id: str) -> None:
    decide(house.visitor("mo"), case_id)
    made = house.wired.review.open(case_id).case.decision
    assert made is not None
    assert made.statement is not None
    assert "Amber-Owl" in made.statement.en


def test_a_decision_is_taken_back_within_the_minute(house: House, case_id: str) -> None:
    visitor = house.visitor("mo")
    decide(visitor, case_id)
    assert "This case is yours" in visitor.post(f"/console/cases/{case_id}/undo").text
    late = visitor.post(f"/console/cases/{case_id}/undo")
    assert (late.status_code, "too late" in late.text) == (409, True)


@pytest.mark.parametrize("choice", ["", "uphold", "uphold.licensed", "maybe.shows_character", "uphold.<script>"])
def test_a_choice_that_is_none_is_told_beside_the_form(house: House, case_id: str, choice: str) -> None:
    visitor = house.visitor("mo")
    visitor.get(f"/console/cases/{case_id}")
    answer = visitor.post(f"/console/cases/{case_id}/decision", {"choice": choice, "comment": "kept"})
    assert answer.status_code == 422
    assert 'class="fault"' in answer.text
    assert "kept</textarea>" in answer.text
    assert house.wired.review.open(case_id).case.decision is None


def test_a_fault_is_told_in_the_readers_language(house: House, case_id: str) -> None:
    visitor = house.visitor("mo")
    visitor.client.headers["Accept-Language"] = "zh-CN"
    visitor.get(f"/console/cases/{case_id}")
    answer = visitor.post(f"/console/cases/{case_id}/decision", {**FOUND, "comment": "x" * 10_001})
    assert answer.status_code == 422
    assert "个字符，不含控制字符" in answer.text


def test_an_escalated_case_is_the_admins(house: House, case_id: str) -> None:
    decide(house.visitor("mo"), case_id, choice="escalate.legal_question")
    seen = house.visitor("lin").get(f"/console/cases/{case_id}").text
    assert "An admin decides escalated cases" in seen
    assert 'name="choice"' not in seen
    admin = house.visitor("ada").get(f"/console/cases/{case_id}").text
    assert "raises a legal question" in admin
    assert 'value="escalate.' not in admin
    assert "Dismissed" in decide(house.visitor("ada"), case_id, choice="dismiss.lawful_use")


def test_cases_of_one_set_are_decided_together(house: House, case_id: str) -> None:
    kept = house.screen("model-9", name="Brass Fox")
    house.screen("model-10", name="Amber Owl")
    visitor = house.visitor("mo")
    page = visitor.get("/console/queue/bulk?set=amber-owl").text
    assert "Decide 2 cases together" in page
    none = visitor.post("/console/queue/bulk", {"queue": "set=amber-owl"})
    assert (none.status_code, "Choose a decision" in none.text) == (422, True)
    done = visitor.post("/console/queue/bulk", {"queue": "set=amber-owl", "choice": "dismiss.generic_name"})
    assert "2 cases decided, 0 left" in done.text
    assert [case.id for case in house.wired.review.page(QueueFilter()).cases] == [kept]
    everything = visitor.post("/console/queue/bulk", {"queue": "", "choice": "dismiss.generic_name"})
    assert everything.status_code == 422
    assert house.wired.review.open(case_id).case.state is CaseState.DECIDED


def test_pictures_come_as_pictures_and_only_to_moderators(house: House, case_id: str) -> None:
    visitor = house.visitor("mo")
    for query in ("", "?thumbnail=1"):
        answer = visitor.get(f"/console/cases/{case_id}/pictures/0{query}")
        assert answer.headers["content-type"].startswith("image/")
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert visitor.get(f"/console/cases/{case_id}/pictures/0").content == encoded(draw(80, 3))
    assert "svg" in visitor.get(f"/console/cases/{case_id}/pictures/99").headers["content-type"]
    assert visitor.get("/console/references/amber-owl/images/01.png").headers["content-type"] == "image/svg+xml"
    assert house.visitor("owen").get(f"/console/cases/{case_id}/pictures/0").status_code == 403


def test_what_uploaders_write_is_text_and_never_markup(house: House) -> None:
    written = "<script>alert(1)</script> Amber Owl <img src=x onerror=alert(2)>"
    document = {
        "external_id": "<b>m</b>",
        "uploader": {"id": '"><script>'},
        "model": {"name": written, "description": written},
    }
    files = [("upload", (None, json.dumps(document))), ("images", ("<svg onload=x>.png", encoded(draw(81, 1))))]
    headers = {"Authorization": "Bearer key-of-atelier"}
    case_id = house.visitor().client.post("/v1/screen", files=files, headers=headers).json()["case_id"]
    visitor = house.visitor("mo")
    for path in ("/console/queue", f"/console/cases/{case_id}", "/console/queue?uploader=%22%3E%3Cscript%3E"):
        page = visitor.get(path).text
        assert not re.search(r"<script(?! src=)|<img[^>]*onerror|<svg onload|<b>m</b>", page), path
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in visitor.get(f"/console/cases/{case_id}").text


@pytest.mark.parametrize("path", ["/console/cases/nothing", "/console/cases/nothing/pictures/x"])
def test_what_is_not_there_is_told(house: House, path: str) -> None:
    assert house.visitor("mo").get(path).status_code in (404, 422)


def test_an_appealed_case_goes_to_another_person(house: House, case_id: str) -> None:
    decide(house.visitor("mo"), case_id)
    engine = sa.create_engine(house.wired.settings.database)
    with engine.begin() as connection:
        connection.execute(sa.text("update decisions set at = '2026-01-01 00:00:00.000000'"))
    engine.dispose()
    house.wired.review.appeal(case_id, "I drew <all> of it.", Caller("atelier", Role.PLATFORM))
    before = house.visitor("mo").get(f"/console/cases/{case_id}").text
    assert "I drew &lt;all&gt; of it." in before
    assert "Decided before by mo; another person decides now." in before
    assert 'name="choice"' not in before
    assert "appealed" in house.visitor("lin").get("/console/queue").text
    assert "Dismissed" in decide(house.visitor("lin"), case_id, choice="dismiss.other_character")


def test_a_decided_case_gives_its_evidence_and_one_that_waits_does_not(house: House, case_id: str) -> None:
    visitor = house.visitor("mo")
    assert "/evidence-pack" not in visitor.get(f"/console/cases/{case_id}").text
    assert visitor.post(f"/console/cases/{case_id}/evidence-pack").status_code == 409
    assert "/evidence-pack" in decide(visitor, case_id)
    answer = visitor.post(f"/console/cases/{case_id}/evidence-pack")
    assert answer.headers["content-type"] == "application/zip"
