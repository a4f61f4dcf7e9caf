"""The rights owners' desk: whose sets are seen, how a rights owner begins, both languages on every page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.reference_sets import SLUG
from service.console.desk_forms import propose_slug
from tests.conftest import RecordIn, TinySnapshot
from tests.console.desk_bench import DAMAGED, OWN, PASSWORD, PICTURES, Bench, started

PARTS = ("", "/pictures", "/names", "/details", "/trial", "/licences", "/matches", "/suspend", "/withdraw")
STEPS = (
    "/details",
    "/names",
    "/pictures",
    "/pictures/ref_1/remove",
    "/licences",
    "/licences/licence-1/end",
    "/trial",
    "/suspend",
    "/withdraw",
)


@pytest.fixture(scope="module")
def bench(
    tiny_snapshot: TinySnapshot, tmp_path_factory: pytest.TempPathFactory, record_in: RecordIn
) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("desk")
    with started(folder, tiny_snapshot.out, record_in(folder)) as bench:
        bench.made_set(pictures=2)
        yield bench


@pytest.mark.parametrize("part", PARTS)
def test_the_set_of_another_owner_is_as_good_as_not_there(bench: Bench, part: str) -> None:
    assert bench.browser("olive").get(f"/desk/sets/{OWN}{part}").status_code == 200
    assert bench.browser("rival").get(f"/desk/sets/{OWN}{part}").status_code == 404


@pytest.mark.parametrize("step", STEPS)
def test_nothing_can_be_done_to_the_set_of_another_owner(bench: Bench, step: str) -> None:
    answer = bench.browser("rival").post(
        f"/desk/sets/{OWN}{step}", {"title.en": "Mine", "reason": "x", "platform": "y"}
    )
    assert answer.status_code == 404
    assert bench.wired.sets.get(OWN) is not None


def test_pictures_are_served_to_their_owner_alone(bench: Bench) -> None:
    item = bench.wired.sets.get(OWN)
    assert item is not None
    path = f"/desk/sets/{OWN}/pictures/{item.references[0].id}"
    answer = bench.browser("olive").get(path)
    assert (answer.content, answer.headers["content-type"]) == (PICTURES[0], "image/png")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "private" in answer.headers["cache-control"]
    assert bench.browser("olive").get(f"{path}/thumbnail").headers["content-type"] == "image/webp"
    assert bench.browser("rival").get(path).status_code == 404
    assert bench.browser("rival").get(f"{path}/thumbnail").status_code == 404


def test_the_desk_lists_own_sets_to_owners_and_all_sets_to_admins(bench: Bench) -> None:
    assert "Rook of the Lamp" in bench.browser("olive").get("/desk").text
    assert "Rook of the Lamp" not in bench.browser("rival").get("/desk").text
    page = bench.browser("ada").get("/desk").text
    assert page.index("Waiting for you") < page.index("Rook of the Lamp") < page.index("waits for activation")


@pytest.mark.parametrize("who", ["mo"])
def test_the_desk_is_for_owners_and_admins(bench: Bench, who: str) -> None:
    assert bench.browser(who).get("/desk").status_code == 403
    assert bench.browser(who).get(f"/desk/sets/{OWN}").status_code == 403


@pytest.mark.parametrize("step", [*STEPS, "/activate"])
def test_a_form_without_its_token_is_refused(bench: Bench, step: str) -> None:
    who = bench.browser("ada" if step == "/activate" else "olive")
    answer = who.post(f"/desk/sets/{OWN}{step}", {"checked": "yes", "reason": "x"}, token="")
    assert answer.status_code == 403
    answer = who.post("/desk/sets/new", {"title.en": "Another"}, token="guessed")
    assert answer.status_code == 403


def test_files_of_nobody_are_not_read(bench: Bench) -> None:
    files = [("images", ("1.png", PICTURES[0]))]
    answer = bench.visitor().post(f"/console/desk/sets/{OWN}/pictures", files=files, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_only_the_form_of_pictures_may_be_large(bench: Bench, kind: str) -> None:
    headers = {"content-type": kind, "x-csrf-token": bench.browser("olive").token}
    large = b"x" * (1024 * 1024 + 1)
    client = bench.browser("olive").client
    answer = client.post(f"/console/desk/sets/{OWN}/names", content=large, headers=headers)
    assert answer.status_code == 413


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("who", ["olive", "ada"])
def test_every_page_is_there_in_both_languages(bench: Bench, who: str, language: str) -> None:
    browser = bench.browser(who).in_language(language)
    for path in ("/desk", "/desk/sets/new", *(f"/desk/sets/{OWN}{part}" for part in PARTS)):
        page = browser.get(path)
        assert page.status_code == 200, path
        assert f'lang="{"zh-Hans" if language == "zh" else "en"}"' in page.text
        assert ("参考集" in page.text) == (language == "zh"), path


def test_a_rights_owner_registers_once_and_goes_on_to_the_first_set(bench: Bench) -> None:
    browser = bench.browser("newcomer")
    assert "Register as a rights owner" in browser.get("/desk").text
    wrong = browser.post("/desk/owner", {"name": " ", "identity": "passport no. 5", "contact": "a@b.example"})
    assert wrong.status_code == 422
    assert "must not be empty" in wrong.text
    assert "passport no. 5" in wrong.text
    assert browser.post("/desk/owner", {"name": "New & Co", "identity": "passport no. 5"}).status_code == 303
    assert "Create your first set" in browser.get("/desk").text, "they are still signed in"
    assert browser.post("/desk/owner", {"name": "Once more"}).headers["location"] == "/console/desk"
    owners = bench.wired.owners.list_all()
    assert [owner.name for owner in owners if owner.name in ("New & Co", "Once more")] == ["New & Co"]
    assert bench.wired.accounts.sign_in("newcomer", PASSWORD)


def test_a_picture_that_is_not_one_is_named_in_the_reader_s_language(bench: Bench) -> None:
    files = [("images", ("torn.png", DAMAGED))]
    answer = bench.browser("olive").in_language("zh").post(f"/desk/sets/{OWN}/pictures", files=files)
    assert answer.status_code == 422
    assert "torn.png" in answer.text
    assert "文件已损坏或不完整。" in answer.text


@given(st.text(max_size=120))
def test_a_proposed_slug_is_one_or_nothing(title: str) -> None:
    slug = propose_slug(title)
    assert not slug or SLUG.fullmatch(slug)


def test_a_slug_is_proposed_from_a_title_in_latin_letters() -> None:
    assert propose_slug("Élodie O'Hara, the 9th") == "elodie-ohara-the-9th"
    assert not propose_slug("蛇后")
