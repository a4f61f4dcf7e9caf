"""From a stranger's complaint to a suit that is shown, and a rights owner's list of hundreds: in both languages."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from service.domain.identity import key_sha256
from tests.browser.conftest import ROOT, Town, Visitor, town

pytestmark = [pytest.mark.timeout(420)]

SLUG = "winter-lampwitch"
OWNER = "lampwitch-studio"
PASSWORD = "four unrelated words here"
UPLOAD = ROOT / "examples/new-pose"
ROLES = {"atelier": "platform", "setup": "admin"}
KEYS = ",".join(f"{name}:{role}:{key_sha256('key-of-' + name)}" for name, role in ROLES.items())
STUDIO = {"id": OWNER, "name": "Lampwitch Studio", "identity": "register no. 7", "contact": "a@studio.example"}
WORK = {"en": "Winter Lampwitch", "zh": "冬灯女巫"}
WHY = {"en": "The lamp, the hat and the braid are hers.", "zh": "灯、帽子和辫子均为该角色所有。"}
TITLES = {"en": "Frosty evening mood", "zh": "霜夜心情"}


@pytest.fixture(scope="module")
def place(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Start a service once, with a set in force, a moderator and its rights owner; uploads of both languages."""
    folder = tmp_path_factory.mktemp("notices")
    options = {"api_keys": KEYS, "second_look_allows": "0", "public_forms_per_minute": "1000"}
    with town(browser, folder / "data", **options) as started:
        with started.api("key-of-setup") as setup:
            assert setup.post("/v1/rights-owners", json=STUDIO).status_code == 201
        shutil.copytree(ROOT / "reference_sets" / SLUG, folder / "sets" / SLUG)
        data = ["--data", str(started.data)]
        _command("sets", "import", str(folder / "sets"), "--owner", OWNER, "--activate", *data)
        _command("users", "add", "mo", "--role", "moderator", *data, text=PASSWORD)
        _command("users", "add", "olga", "--role", "rights_owner", "--owner", OWNER, *data, text=PASSWORD)
        _until(lambda: httpx.get(f"{started.address}/readyz", trust_env=False).status_code == 200, 120)
        with started.api("key-of-atelier") as platform:
            for language, title in TITLES.items():
                for number in range(3):
                    _screen(platform, f"lamp-{language}-{number}", title, f"u-{language}")
        yield started


@pytest.mark.parametrize("language", ["en", "zh"])
def test_from_a_complaint_to_a_suit(place: Town, language: str) -> None:
    stranger, moderator = place.visitor(language), _signed_in(place, language, "mo")
    link = _complain(stranger, language)
    notice_id = re.findall(r"ntc_[0-9a-f]+", link)[0]
    _act(moderator, notice_id)
    uploader = place.visitor(language)
    _reply(place, uploader, notice_id)
    page = stranger.open(link)
    expect(page.locator("section.notice-due")).to_be_visible()
    stranger.look("notice-followed-disputed")
    page.fill("#suit", "2026-0192-1587")
    page.click("section.notice-due button.main")
    expect(page.locator(".notice-state").first).to_have_attribute("data-state", "kept")
    page = moderator.open(f"/console/notices/{notice_id}")
    moderator.look("notice-kept")
    page.locator("details.notice-act summary").first.click()
    page.locator("details.notice-act[open] form button").click()
    expect(page.locator("#acts .notice-state")).to_have_attribute("data-state", "closed")
    assert place.complaints == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_owners_list_and_a_sweep(place: Town, language: str, tmp_path: Path) -> None:
    owner, moderator = _signed_in(place, language, "olga"), _signed_in(place, language, "mo")
    page = owner.open("/console/own-notices")
    owner.look("own-notices")
    page.goto(f"{owner.address}/console/own-notices/new")
    _fill(page, language)
    page.check(f'input[name=reference_sets][value="{SLUG}"]')
    owner.look("own-notice-new")
    for name, wrong in (("wrong.csv", True), ("right.csv", False)):
        rows = [f"atelier,lamp-{language}-{number}," for number in range(310)]
        rows[7:9] = [",nobody,", "atelier,,"] if wrong else rows[7:9]
        (tmp_path / name).write_text("\n".join(["platform,external_id,note", *rows]), encoding="utf-8")
        page.set_input_files("#list", tmp_path / name)
        page.click("form.law-form button.main")
        if wrong:
            expect(page.locator("#list-fault")).to_be_visible()
            owner.look("own-notice-wrong-list")
    expect(page.locator(".notice-state").first).to_have_attribute("data-state", "complete")
    owner.look("own-notice")

    page = moderator.open("/console/sweeps")
    moderator.look("sweeps")
    page.locator("ol.notice-list a[data-open]").first.click()
    expect(page.locator(".notice-progress .notice-state")).to_have_attribute("data-state", "finished", timeout=60_000)
    expect(page.locator("ul.notice-hits > li")).not_to_have_count(0)
    moderator.look("sweep")
    page.locator("ul.notice-hits input[type=checkbox]").first.check()
    page.click('.notice-bulk button[value="hold"]')
    expect(page.locator("p.flash")).to_be_visible()
    page.check("input[name=scope][value=all]")
    page.click('.notice-bulk button[value="unpublish"]')
    expect(page.locator("p.flash")).to_be_visible()
    moderator.look("sweep-measures")
    moderator.complaints[:] = [text for text in moderator.complaints if "422" not in text]
    owner.complaints[:] = [text for text in owner.complaints if "422" not in text]
    assert place.complaints == []


def _complain(stranger: Visitor, language: str) -> str:
    """Send a complaint: first without what the law asks for, then whole; return the private link."""
    page = stranger.open("/console/complaint")
    page.check("input[name=jurisdiction][value=us]")
    expect(page.locator("input[name=under_penalty]")).to_be_visible()
    page.check("input[name=jurisdiction][value=prc]")
    expect(page.locator("input[name=under_penalty]")).to_be_hidden()
    stranger.look("complaint")
    page.fill('[id="notifier.name"]', "Lampwitch Studio")
    page.click("form.law-form button.main")
    expect(page.locator('[id="notifier.identity-fault"]')).to_be_visible()
    stranger.look("complaint-missing")
    _fill(page, language)
    page.fill("#platform", "atelier")
    page.fill("#accused", f"lamp-{language}-0\nhttps://elsewhere.example/models/7")
    document = {"name": "register.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 an extract"}
    page.set_input_files("#attachments", files=document)  # type: ignore[arg-type]
    page.click("form.law-form button.main")
    expect(page.locator("section.notice-receipt")).to_be_visible()
    stranger.look("complaint-receipt")
    stranger.complaints[:] = [text for text in stranger.complaints if "422" not in text]
    return page.locator("#once").inner_text().removeprefix(stranger.address)


def _act(moderator: Visitor, notice_id: str) -> None:
    """Find the notice, name its character, wait for the sweep, and take everything down."""
    page = moderator.open("/console/notices?order=newest")
    moderator.look("notices")
    page.locator(f'a[href="/console/notices/{notice_id}"]').click()
    page.select_option("#sets", SLUG)
    moderator.look("notice-unnamed")
    page.click('form[action$="/sets"] button')
    rows = page.locator("ul.notice-rows > li")
    expect(rows).to_have_count(7, timeout=60_000)
    expect(page.locator("#uploads [hx-trigger]")).to_have_count(0, timeout=60_000)
    page.locator("details.notice-told summary").first.click()
    moderator.look("notice")
    # axe-core leaves empty `style` attributes behind, which htmx would carry over, and the page's policy refuses.
    page.reload()
    page.locator("#statement > summary").click()
    page.check("input[name=kind][value=hold]")
    expect(page.locator("#statement_en")).to_have_value(re.compile("held back"))
    page.check("input[name=kind][value=unpublish]")
    expect(page.locator("#statement_en")).to_have_value(re.compile("taken down"))
    moderator.look("notice-statement")
    page.click("#measures > button.main")
    expect(page.locator("#acts .notice-state")).to_have_attribute("data-state", "measures_taken")
    moderator.look("notice-measures")


def _reply(place: Town, uploader: Visitor, notice_id: str) -> None:
    """Open the link that the platform was told, and send a counter-notice."""
    page = uploader.open(_link(place, notice_id, f"u-{uploader.language}"))
    uploader.look("counter-notice")
    page.fill("#name", "Una Uploader")
    page.fill("#contact", "una@draws.example")
    page.fill("#address", "2 Hill Road")
    page.fill("#explanation", "I drew every picture of it." if uploader.language == "en" else "全部图片均由我绘制。")
    page.check("input[name=good_faith]")
    page.click("main form button.main")
    expect(page.locator("#evidence-fault")).to_be_visible()
    uploader.look("counter-notice-missing")
    page.fill("#evidence", "https://draws.example/sketches")
    document = {"name": "sketches.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 sketches"}
    page.set_input_files("#attachments", files=document)  # type: ignore[arg-type]
    page.click("main form button.main")
    expect(page.locator("section.notice-receipt")).to_be_visible()
    expect(page.locator("ul.notice-files a")).to_have_text("sketches.pdf")
    uploader.look("counter-notice-sent")
    uploader.complaints[:] = [text for text in uploader.complaints if "422" not in text]


def _fill(page: Page, language: str) -> None:
    """Fill in what Chinese law asks for, but for the uploads."""
    page.check("input[name=jurisdiction][value=prc]")
    for field, text in {
        "notifier.name": "Lampwitch Studio",
        "notifier.contact": "rights@studio.example",
        "notifier.address": "1 Lamp Street",
        "notifier.identity": "Company register no. 7",
        "work": WORK[language],
        "rights_evidence": "2021-F-0007",
        "explanation": WHY[language],
    }.items():
        page.fill(f'[id="{field}"]', text)
    page.check("input[name=accurate]")


def _link(place: Town, notice_id: str, uploader: str) -> str:
    found: list[str] = []

    def told() -> bool:
        with place.api("key-of-atelier") as platform:
            messages = platform.get("/v1/messages", params={"limit": 200}).json()["messages"]
        found[:] = [
            item["counter_notice_path"]
            for message in messages
            if message["type"] == "notice.forwarded" and message["data"]["notice_id"] == notice_id
            for item in message["data"]["to"]
            if item["uploader"] == uploader
        ]
        return bool(found)

    _until(told, 30)
    return found[0]


def _signed_in(place: Town, language: str, name: str) -> Visitor:
    visitor = place.visitor(language)
    page = visitor.open("/console/sign-in")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click("main form button.main")
    expect(page.locator("details.menu > summary")).to_have_text(name)
    return visitor


def _screen(platform: httpx.Client, external_id: str, title: str, uploader: str) -> None:
    document = json.loads((UPLOAD / "upload.json").read_text(encoding="utf-8"))
    document |= {"external_id": external_id, "uploader": {"id": uploader}}
    document["model"]["name"] = title
    files: list[tuple[str, tuple[str | None, str | bytes]]] = [("upload", (None, json.dumps(document)))]
    files += [("images", (item["file"], (UPLOAD / item["file"]).read_bytes())) for item in document["images"]]
    answer = platform.post("/v1/screen", files=files)
    assert answer.status_code == 200, answer.text


def _command(*words: str, text: str = "") -> None:
    command = [sys.executable, "-m", "service.cli", *words]
    subprocess.run(command, input=f"{text}\n{text}\n".encode(), check=True, capture_output=True)  # noqa: S603


def _until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)
