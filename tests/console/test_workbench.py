"""The workbench: drafts are tried by moderators, published by admins, and refused with each fault beside its field."""

from __future__ import annotations

import re
import time

import httpx
import pytest

from service.adapters.sql.engine import open_database
from service.usecases.policy_lines import LINES
from tests.cases import case, fill
from tests.console.conftest import House, Start, Visitor

REVIEW = "stages.publication.review_at_fpr"


def form(page: httpx.Response) -> dict[str, str]:
    """Read the fields of the draft."""
    found = re.findall(r'<input [^>]*?name="([^"]+)"[^>]*? value="([^"]*)"', page.text)
    return {name: value for name, value in found if name in (*LINES, "last", "based_on")}


def opened(house: House, name: str) -> tuple[Visitor, dict[str, str]]:
    visitor = house.visitor(name)
    return visitor, form(visitor.get("/console/workbench"))


def test_the_policy_in_force_stands_in_the_form(start: Start) -> None:
    house = start()
    _, fields = opened(house, "mo")
    assert set(fields) == {*LINES, "last"}
    assert (fields["stages.training.block_at_fpr"], fields["factors.fame.known"]) == ("0.00002", "1.25")
    assert fields["version"] == house.wired.workbench.in_force()[1]["version"]


def test_a_moderator_tries_a_draft_and_sees_what_moves(start: Start) -> None:
    house = start()
    engine = open_database(house.wired.settings.database)
    fill(engine, *(case(number) for number in range(3)))
    engine.dispose()
    visitor, fields = opened(house, "mo")
    page = visitor.post("/console/workbench/replay", {**fields, REVIEW: "0.001"})
    assert page.status_code == 200
    assert "3 screenings were judged under both policies" in page.text
    assert form(page)[REVIEW] == "0.001"
    assert "in force: 0.02" in page.text


def test_lines_that_a_replay_cannot_show_are_told(start: Start) -> None:
    visitor, fields = opened(start(), "mo")
    page = visitor.post("/console/workbench/replay", {**fields, "sample_correlation": "0.25"})
    assert "it cannot show what these lines change: All uploads" not in page.text
    assert re.search(r"cannot show what these lines change:\s+Likeness assumed between pictures", page.text)


@pytest.mark.parametrize(
    ("line", "value", "said"),
    [
        (REVIEW, "2", "must be from 0 to below 1, not 2.0"),
        (REVIEW, "0,02", "must be a number"),
        (REVIEW, "", "must be a number"),
        (REVIEW, "nan", "must be from 0 to below 1"),
        ("factors.promoted", "0", "must be above 0 and at most 100"),
        ("version", "a b", "must be 1 to 40 letters"),
        ("last", "99", "must be from 100 to 5,000"),
        ("last", "many", "must be from 100 to 5,000"),
        ("last", "9" * 500, "must be from 100 to 5,000"),
    ],
)
def test_a_wrong_draft_comes_back_as_it_was_written(start: Start, line: str, value: str, said: str) -> None:
    visitor, fields = opened(start(), "mo")
    page = visitor.post("/console/workbench/replay", {**fields, line: value})
    assert page.status_code == 422
    assert said in page.text
    assert form(page)[line] == value
    assert 'aria-invalid="true"' in page.text


def test_many_screenings_are_replayed_in_the_background(start: Start) -> None:
    visitor, fields = opened(start(), "mo")
    page = visitor.post("/console/workbench/replay", {**fields, REVIEW: "0.001", "last": "5000"})
    assert page.url.path.startswith("/console/workbench/replays/rpl_")
    deadline = time.monotonic() + 20
    while "No verdict would change." not in page.text and time.monotonic() < deadline:
        time.sleep(0.05)
        page = visitor.get(page.url.path)
    assert "0 screenings were judged under both policies" in page.text
    assert (form(page)[REVIEW], form(page)["last"]) == ("0.001", "5000")


def test_a_replay_that_is_not_known_any_more_is_a_page_that_says_so(start: Start) -> None:
    assert start().visitor("mo").get("/console/workbench/replays/rpl_gone").status_code == 404


def test_an_admin_publishes_after_seeing_the_difference(start: Start) -> None:
    house = start()
    before = house.wired.policies.in_force().version
    visitor, fields = opened(house, "ada")
    confirm = visitor.post("/console/workbench/confirm", {**fields, REVIEW: "0.01", "version": "calmer"})
    assert re.search(r"<del>0\.02</del></td><td class=\"figure\"><ins>0\.01</ins>", confirm.text)
    assert form(confirm)["based_on"] == before
    refused = visitor.post("/console/workbench/publish", form(confirm))
    assert refused.status_code == 422
    assert house.wired.policies.in_force().version == before
    page = visitor.post("/console/workbench/publish", {**form(refused), "note": "fewer <b>looks</b>"})
    assert page.url.path == "/console/workbench"
    assert house.wired.policies.in_force().version.startswith("calmer+")
    assert "fewer &lt;b&gt;looks&lt;/b&gt;" in page.text
    assert "2 lines changed" in page.text
    entries = house.wired.audit.entries(subject=f"policy:{house.wired.policies.in_force().version}")
    assert [(entry.action, entry.actor) for entry in entries] == [("policy.published", "user:ada")]


def test_a_draft_that_was_compared_with_an_older_policy_is_not_published(start: Start) -> None:
    house = start()
    visitor, fields = opened(house, "ada")
    confirm = visitor.post("/console/workbench/confirm", {**fields, REVIEW: "0.01", "version": "ours"})
    visitor.post("/console/workbench/publish", {**form(confirm), "version": "theirs", "note": "first"})
    late = visitor.post("/console/workbench/publish", {**form(confirm), "note": "second"})
    assert late.status_code == 409
    assert "Another policy came into force meanwhile" in late.text
    assert house.wired.policies.in_force().version.startswith("theirs+")


@pytest.mark.parametrize("step", ["confirm", "publish"])
def test_a_moderator_publishes_nothing(start: Start, step: str) -> None:
    house = start()
    visitor, fields = opened(house, "mo")
    before = house.wired.policies.in_force().version
    values = {**fields, "note": "why", "based_on": before, "version": "mine"}
    assert visitor.post(f"/console/workbench/{step}", values).status_code == 403
    assert house.wired.policies.in_force().version == before
    assert "formaction" not in visitor.get("/console/workbench").text


def test_a_rights_owner_has_no_workbench(start: Start) -> None:
    assert start().visitor("owen").get("/console/workbench").status_code == 403


def test_a_form_without_its_token_is_refused(start: Start) -> None:
    visitor, fields = opened(start(), "ada")
    assert visitor.post("/console/workbench/publish", {**fields, "note": "why", "csrf": "x"}).status_code == 403
