"""A set from its first form to its end, over HTTP with everything real behind it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import pytest

from indexer.model import AliasKind, Fame
from service.domain.registration import SetState
from service.usecases.registration import SetChanges
from tests.conftest import RecordIn, TinySnapshot
from tests.console.desk_bench import ADMIN, DAMAGED, PICTURES, TEXTS, Bench, started


@pytest.fixture(scope="module")
def bench(
    tiny_snapshot: TinySnapshot, tmp_path_factory: pytest.TempPathFactory, record_in: RecordIn
) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("sets")
    with started(folder, tiny_snapshot.out, record_in(folder)) as bench:
        yield bench


@pytest.fixture
def slug(request: pytest.FixtureRequest) -> str:
    """Name a set for this test alone: one application serves them all."""
    return f"rook-{hashlib.sha256(request.node.name.encode()).hexdigest()[:12]}"


def test_of_eight_pictures_the_broken_one_is_named_and_seven_are_kept(bench: Bench, slug: str) -> None:
    browser = bench.made_set(slug=slug, pictures=0)
    files = [("images", (f"rook-{n}.png", data)) for n, data in enumerate(PICTURES)]
    files.insert(3, ("images", ("torn.png", DAMAGED)))
    page = browser.post(f"/desk/sets/{slug}/pictures", files=files)
    assert page.status_code == 200
    assert page.text.count('data-outcome="added"') == 7
    refused = page.text.split('data-outcome="refused"')[1].split("</li>")[0]
    assert "torn.png" in refused
    assert "damaged or incomplete" in refused
    item = bench.wired.sets.get(slug)
    assert item is not None
    assert len(item.references) == 7


def test_the_script_gets_the_report_on_its_picture_alone(bench: Bench, slug: str) -> None:
    browser = bench.made_set(slug=slug, pictures=1)
    headers = {"x-csrf-token": browser.token, "x-one-picture": "1"}
    for data, outcome in ((PICTURES[1], "added"), (PICTURES[0], "already_there"), (DAMAGED, "refused")):
        sent = {"images": ("one.png", data)}
        answer = browser.client.post(f"/console/desk/sets/{slug}/pictures", files=sent, headers=headers)
        assert answer.text.count("desk-report") == 1
        assert f'data-outcome="{outcome}"' in answer.text
        assert "<html" not in answer.text


def test_a_removed_picture_can_be_added_again(bench: Bench, slug: str) -> None:
    browser = bench.made_set(slug=slug, pictures=2)
    item = bench.wired.sets.get(slug)
    assert item is not None
    browser.post(f"/desk/sets/{slug}/pictures/{item.references[0].id}/remove")
    page = browser.get(f"/desk/sets/{slug}/pictures").text
    assert "To undo this, add the same file again." in page
    assert item.references[0].id not in page
    again = browser.post(f"/desk/sets/{slug}/pictures", files=[("images", ("0.png", PICTURES[0]))])
    assert 'data-outcome="added"' in again.text


def test_a_short_name_is_made_of_the_english_one_where_none_is_given(bench: Bench) -> None:
    answer = bench.browser("olive").post("/desk/sets/new", {**TEXTS, "slug": ""})
    assert answer.headers["location"] == "/console/desk/sets/rook-of-the-lamp/pictures"


@pytest.mark.parametrize(
    ("given", "field", "told"),
    [
        ({"title.en": "", "title.zh": "", "slug": "x"}, "title-fault", "give it in one language at least"),
        ({"slug": "No Slug"}, "slug-fault", "lower-case letters"),
        ({"title.en": "", "title.zh": "灯鸦", "slug": ""}, "slug-fault", "lower-case letters"),
        ({"work.en": "x" * 600}, "work.en-fault", "512 characters at most"),
        ({"rights.evidence": "x" * 4001}, "rights.evidence-fault", "4000 characters at most"),
    ],
)
def test_what_is_wrong_in_a_form_stands_beside_its_field_and_the_rest_is_kept(
    bench: Bench, given: dict[str, str], field: str, told: str
) -> None:
    page = bench.browser("olive").post("/desk/sets/new", {**TEXTS, "rights.holder": "Kept <b>& Co", **given})
    assert page.status_code == 422
    fault = page.text.split(f'id="{field}"')[1].split("</p>")[0]
    assert told in fault
    assert "Kept &lt;b&gt;&amp; Co" in page.text


def test_a_slug_that_is_taken_is_told(bench: Bench, slug: str) -> None:
    bench.made_set(slug=slug, pictures=0)
    page = bench.browser("rival").in_language("zh").post("/desk/sets/new", {**TEXTS, "slug": slug})
    assert page.status_code == 422
    assert "已被使用" in page.text


def test_texts_are_changed_and_those_in_other_languages_stay(bench: Bench, slug: str) -> None:
    browser = bench.made_set(slug=slug, pictures=0)
    bench.wired.registration.change(ADMIN, slug, SetChanges(title={"en": "Rook", "zh": "灯鸦", "ja": "ランプの鴉"}))
    fields = {**TEXTS, "title.en": "Lamp Rook", "title.zh": "", "fame": "famous"}
    assert browser.post(f"/desk/sets/{slug}/details", fields).status_code == 303
    content = bench.wired.registration.get(ADMIN, slug).content
    assert content.title == {"en": "Lamp Rook", "ja": "ランプの鴉"}
    assert content.fame is Fame.ORDINARY, "fame is for admins to say"
    bench.browser("ada").post(f"/desk/sets/{slug}/details", fields)
    assert bench.wired.registration.get(ADMIN, slug).content.fame is Fame.FAMOUS


def test_names_are_kept_with_their_kinds_and_an_emptied_line_removes_one(bench: Bench, slug: str) -> None:
    browser = bench.made_set(slug=slug, pictures=0)
    rows = {
        "text": ["Rook Lampwing", "Medusa", ""],
        "language": ["en", "en", "zh"],
        "kind": ["distinctive", "distinctive", "series"],
    }
    assert browser.post(f"/desk/sets/{slug}/names", rows).status_code == 303
    page = browser.get(f"/desk/sets/{slug}/names").text
    assert "Consider registering it as generic" in page
    rows = {"text": ["", "Medusa"], "language": ["en", "en"], "kind": ["distinctive", "generic"]}
    browser.post(f"/desk/sets/{slug}/names", rows)
    item = bench.wired.sets.get(slug)
    assert item is not None
    assert [(alias.text, alias.kind) for alias in item.content.aliases] == [("Medusa", AliasKind.GENERIC)]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ({"text": ["Rook", "Rook"], "language": ["en", "en"], "kind": ["series", "generic"]}, "is there twice"),
        ({"text": ["Rook"], "language": ["en"], "kind": ["holy"]}, "load the page anew"),
        ({"text": ["Rook", "Crow"], "language": ["en"], "kind": ["series"]}, "load the page anew"),
        ({"text": ["Rook"], "language": ["not a tag"], "kind": ["series"]}, "name the language by a tag"),
    ],
)
def test_names_that_cannot_be_kept_are_told(bench: Bench, slug: str, rows: dict[str, list[str]], told: str) -> None:
    page = bench.made_set(slug=slug, pictures=0).post(f"/desk/sets/{slug}/names", rows)
    assert page.status_code == 422
    assert told in page.text


def test_only_an_admin_activates_and_only_what_was_looked_at(bench: Bench, slug: str) -> None:
    owner = bench.made_set(slug=slug, pictures=1)
    assert owner.post(f"/desk/sets/{slug}/activate", {"checked": "yes"}).status_code == 403
    admin = bench.browser("ada")
    page = admin.get(f"/desk/sets/{slug}/activate").text
    assert "series bible, p. 3" in page
    assert admin.post(f"/desk/sets/{slug}/activate").status_code == 422
    assert state(bench, slug) is SetState.DRAFT
    assert admin.post(f"/desk/sets/{slug}/activate", {"checked": "yes"}).status_code == 303
    assert state(bench, slug) is SetState.ACTIVE
    assert "In force" in owner.get(f"/desk/sets/{slug}").text


def test_what_is_missing_is_told_before_and_instead_of_activating(bench: Bench, slug: str) -> None:
    owner = bench.made_set(slug=slug, pictures=0, **{"rights.evidence": ""})
    assert owner.get(f"/desk/sets/{slug}").text.count(">missing<") == 2
    admin = bench.browser("ada")
    assert "It cannot be activated yet" in admin.get(f"/desk/sets/{slug}/activate").text
    assert admin.post(f"/desk/sets/{slug}/activate", {"checked": "yes"}).status_code == 422
    assert state(bench, slug) is SetState.DRAFT


@pytest.mark.parametrize(("step", "after"), [("suspend", SetState.SUSPENDED), ("withdraw", SetState.WITHDRAWN)])
def test_stopping_a_set_asks_for_a_reason_which_stands_in_the_audit_log(
    bench: Bench, slug: str, step: str, after: SetState
) -> None:
    owner = bench.made_set(slug=slug, pictures=1)
    bench.browser("ada").post(f"/desk/sets/{slug}/activate", {"checked": "yes"})
    assert owner.post(f"/desk/sets/{slug}/{step}", {"reason": " "}).status_code == 422
    assert state(bench, slug) is SetState.ACTIVE
    assert owner.post(f"/desk/sets/{slug}/{step}", {"reason": "contract ended"}).status_code == 303
    assert state(bench, slug) is after
    entry = bench.wired.audit.entries(subject=f"set:{slug}")[-1]
    assert (entry.actor, json.loads(entry.after)["reason"]) == ("user:olive", "contract ended")


def test_a_withdrawn_set_is_shown_and_offers_nothing(bench: Bench, slug: str) -> None:
    owner = bench.made_set(slug=slug, pictures=1)
    owner.post(f"/desk/sets/{slug}/withdraw", {"reason": "over"})
    for part in ("", "/pictures", "/names", "/details", "/licences"):
        page = owner.get(f"/desk/sets/{slug}{part}")
        assert page.status_code == 200
        assert f'action="/console/desk/sets/{slug}' not in page.text.replace(f'/sets/{slug}/names"', "").replace(
            f'/sets/{slug}/details"', ""
        )
    assert owner.post(f"/desk/sets/{slug}/names", {"text": "x", "language": "en", "kind": "series"}).status_code == 409


def test_licences_are_granted_with_a_last_day_and_ended(bench: Bench, slug: str) -> None:
    owner = bench.made_set(slug=slug, pictures=0)
    given = {"platform": "atelier", "uploader": "studio-4", "until": "2099-12-31"}
    assert owner.post(f"/desk/sets/{slug}/licences", given).status_code == 303
    assert "December 31, 2099" in owner.get(f"/desk/sets/{slug}/licences").text
    assert "2099年12月31日" in owner.in_language("zh").get(f"/desk/sets/{slug}/licences").text
    assert owner.post(f"/desk/sets/{slug}/licences/licence-1/end").status_code == 303
    item = bench.wired.sets.get(slug)
    assert item is not None
    assert item.content.licences == ()
    assert owner.post(f"/desk/sets/{slug}/licences/licence-1/end").status_code == 404


@pytest.mark.parametrize(
    ("given", "field", "told"),
    [
        ({"platform": "", "uploader": ""}, "platform-fault", "license everybody"),
        ({"platform": "atelier", "until": "31.12.2099"}, "until-fault", "write the day as"),
        ({"platform": "atelier", "until": "2001-01-01"}, "until-fault", "lies in the past"),
    ],
)
def test_a_licence_that_cannot_be_granted_is_told_beside_its_field(
    bench: Bench, slug: str, given: dict[str, str], field: str, told: str
) -> None:
    page = bench.made_set(slug=slug, pictures=0).post(f"/desk/sets/{slug}/licences", given)
    assert page.status_code == 422
    assert told in page.text.split(f'id="{field}"')[1].split("</p>")[0]


def test_a_set_shared_with_another_owner_is_told_to_both(bench: Bench, slug: str) -> None:
    olive = bench.made_set(slug=slug, pictures=2)
    rival = bench.made_set("rival", pictures=1, slug="other-rook")
    assert "Shared with sets of others" in rival.get("/desk/sets/other-rook").text
    page = olive.get(f"/desk/sets/{slug}").text
    assert "Shared with sets of others" in page
    assert "other-rook" in page


def state(bench: Bench, slug: str) -> SetState:
    item = bench.wired.registration.get(ADMIN, slug)
    return item.state
