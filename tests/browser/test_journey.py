"""From the first admin's link to a decision that the platform reads: everybody's part, in both languages, in a browser.

Once in English on SQLite, once in Chinese on PostgreSQL.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import ROOT, Town, Visitor, town

pytestmark = [pytest.mark.timeout(420)]

SLUG = "winter-lampwitch"
PASSWORD = "four unrelated words here"
PICTURES = sorted((ROOT / "reference_sets" / SLUG / "images").glob("*"))[:8]
UPLOAD = ROOT / "examples/new-pose"


@pytest.fixture(params=[("en", "sqlite"), ("zh", "postgresql")], ids="-".join)
def place(request: pytest.FixtureRequest, browser: Browser, tmp_path: Path) -> Iterator[tuple[Town, str]]:
    """Start an empty service in a language, on a database."""
    language, database = request.param
    url = request.getfixturevalue("postgres_url") if database == "postgresql" else None
    with town(browser, tmp_path / "data", url, second_look_allows="0") as started:
        yield started, language


def test_from_the_first_link_to_the_decision(place: tuple[Town, str]) -> None:
    started, language = place
    admin = started.visitor(language)
    _join(admin, started.invitation, "ada")
    admin.look("overview-empty")
    owner = _invited(started, admin, "rights_owner", "olga")
    moderator = _invited(started, admin, "moderator", "mo")
    key = _key(admin, "atelier")

    _register(owner)
    _activate(admin)
    with started.api(key) as platform:
        screened = _screen(platform)
        assert screened["verdict"] == "review"
        _decide(moderator)
        _read_decision(platform, screened["screening_id"])
    _look_around(started, admin, owner)
    assert started.complaints == []


def _join(visitor: Visitor, link: str, name: str) -> None:
    """Make an account by a link."""
    page = visitor.open(link)
    visitor.look(f"invitation-{name}")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.fill("#again", PASSWORD)
    page.click("main form button.main")
    expect(page.locator("details.menu > summary")).to_have_text(name)


def _invited(started: Town, admin: Visitor, role: str, name: str) -> Visitor:
    """Have a person invited, and let them in."""
    page = admin.open("/console/people")
    form = page.locator('form[action="/console/people/invitation"]')
    form.locator("select[name=role]").select_option(role)
    form.locator("button").click()
    link = page.locator("#once").inner_text()
    admin.look("people")
    visitor = started.visitor(admin.language)
    _join(visitor, re.sub(r"^https?://[^/]+", "", link), name)
    return visitor


def _key(admin: Visitor, platform: str) -> str:
    page = admin.open("/console/keys")
    page.fill("#label", "uploads")
    page.select_option("#role", "platform")
    page.fill("#holder", platform)
    page.click('form[action="/console/keys"] button.main')
    key = page.locator("#once").inner_text()
    admin.look("keys")
    return key


def _register(owner: Visitor) -> None:
    """Register as a rights owner, and a set with eight pictures and a name."""
    page = owner.open("/console/desk")
    owner.look("desk-first-visit")
    page.fill("#name", "Lampwitch Studio")
    page.fill("#identity", "Company register no. 7")
    page.click('form[action="/console/desk/owner"] button')
    page.goto(f"{owner.address}/console/desk/sets/new")
    page.fill('[id="title.en"]', "Winter Lampwitch")
    page.fill('[id="title.zh"]', "冬灯女巫")
    page.fill('[id="work.en"]', "The Lamps of Winter")
    page.fill('[id="rights.holder"]', "Lampwitch Studio")
    page.fill('[id="rights.identity"]', "Company register no. 7")
    page.fill('[id="rights.evidence"]', "Published 2021, registration 2021-F-0007")
    owner.look("desk-new-set")
    page.click('form[action="/console/desk/sets/new"] button.main')
    expect(page).to_have_url(re.compile(rf"/console/desk/sets/{SLUG}"))
    page.goto(f"{owner.address}/console/desk/sets/{SLUG}/pictures")
    page.set_input_files("#images", PICTURES)
    with_script = page.locator("form[data-drop] button.main")
    if with_script.is_visible():
        with_script.click()
    expect(page.locator("li.desk-tile")).to_have_count(8, timeout=60_000)
    owner.look("desk-pictures")
    page.goto(f"{owner.address}/console/desk/sets/{SLUG}/names")
    page.locator("input[name=text]").first.fill("Winter Lampwitch")
    page.locator("select[name=kind]").first.select_option("distinctive")
    page.click("form[data-rows] button.main")
    expect(page.locator("input[name=text]").first).to_have_value("Winter Lampwitch")
    owner.look("desk-names")
    page.goto(f"{owner.address}/console/desk/sets/{SLUG}")
    owner.look("desk-set")


def _activate(admin: Visitor) -> None:
    page = admin.open(f"/console/desk/sets/{SLUG}/activate")
    admin.look("desk-activate")
    page.check("input[name=checked]")
    page.click("form.desk-confirm button.main")
    _until(lambda: httpx.get(f"{admin.address}/readyz", trust_env=False).status_code == 200, 90)


def _screen(platform: httpx.Client) -> dict[str, str]:
    document = json.loads((UPLOAD / "upload.json").read_text(encoding="utf-8"))
    document["model"]["name"] = "Winter Lampwitch, evening mood"
    files: list[tuple[str, tuple[str | None, str | bytes]]] = [("upload", (None, json.dumps(document)))]
    files += [("images", (item["file"], (UPLOAD / item["file"]).read_bytes())) for item in document["images"]]
    answer = platform.post("/v1/screen", files=files)
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = answer.json()
    return found


def _decide(moderator: Visitor) -> None:
    """Take the case from the queue, compare, decide, take it back, and decide otherwise."""
    page = moderator.open("/console/queue")
    expect(page.locator("li.case")).to_have_count(1)
    moderator.look("queue")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/console/cases/"))
    page.keyboard.press("c")
    expect(page.locator('form[action$="/release"]')).to_be_visible()
    moderator.look("case")
    _compare(moderator, page)
    _choose(page, "dismiss.other_character")
    moderator.look("case-deciding")
    page.click("#decide button.main")
    expect(page.locator("form.undo")).to_be_visible()
    moderator.look("case-decided")
    page.keyboard.press("z")
    expect(page.locator("#decide")).to_be_visible()
    _choose(page, "uphold.shows_character")
    expect(page.locator("#statement_zh")).to_have_value(re.compile("冬灯女巫"))
    page.fill("#comment", "the lamp, the hat and the braid")
    page.click("#decide button.main")
    expect(page.locator("form.undo")).to_be_visible()


def _compare(moderator: Visitor, page: Page) -> None:
    pairs = page.locator("[data-compared]")
    assert pairs.count() >= 1
    expect(pairs.first.locator("img").nth(1)).to_be_visible()
    for mode in ("slider", "overlay"):
        page.check(f"input[name=compare][value={mode}]")
        expect(page.locator("input[data-share]").first).to_be_visible()
        page.locator("input[data-share]").first.fill("30")
        moderator.shoot(f"case-{mode}")
    page.check("input[name=compare][value=beside]")


def _choose(page: Page, choice: str) -> None:
    page.check(f'input[name=choice][value="{choice}"]')
    expect(page.locator("#statement_en")).to_be_visible()


def _read_decision(platform: httpx.Client, screening_id: str) -> None:
    decision = platform.get(f"/v1/screenings/{screening_id}").json()["decision"]
    assert decision["decision"] == "uphold"
    assert decision["reason_code"] == "shows_character"
    assert not decision["final"]
    assert "Winter Lampwitch" in decision["statement"]["en"]
    assert "冬灯女巫" in decision["statement"]["zh"]


def _look_around(started: Town, admin: Visitor, owner: Visitor) -> None:
    """Visit the pages that the journey did not pass, as they are when something has happened."""
    page = admin.open("/console/overview")
    admin.look("overview")
    page.goto(f"{started.address}/console/audit")
    admin.look("audit")
    page.click('form[action="/console/audit/verification"] button')
    expect(page.locator("[role=status]").first).to_be_visible()
    page.goto(f"{started.address}/console/workbench")
    admin.look("workbench")
    page.click("form.draft button.main")
    page.wait_for_load_state()
    admin.look("workbench-replayed")
    page.goto(f"{started.address}/console/account")
    admin.look("account")
    page.goto(f"{started.address}/console/desk")
    admin.look("desk-of-admins")
    page.goto(f"{started.address}/console/nowhere")
    page.goto(f"{started.address}/console/queue?state=decided&order=newest")
    admin.look("queue-decided")
    page = owner.open(f"/console/desk/sets/{SLUG}/matches")
    owner.look("desk-matches")
    page.goto(f"{started.address}/console/desk/sets/{SLUG}/licences")
    owner.look("desk-licences")
    page.goto(f"{started.address}/console/desk/sets/{SLUG}/trial")
    page.click("main form button.main")
    expect(page.locator(".desk-figure").first).to_be_visible()
    owner.look("desk-trial")
    # A missing page is told, and says so on the console of the browser: that one message is no fault.
    admin.complaints[:] = [text for text in admin.complaints if "404" not in text]


def _until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)
