"""The pictures of docs/guides: `make guide-pictures`.

A service of its own, with the demo's reference sets but one. A rights owner registers that one in the browser, a
platform screens the examples, a moderator decides; the pages are photographed on the way, in both languages.
"""

from __future__ import annotations

import io
import json
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page, expect, sync_playwright

from service.domain.identity import Role, key_sha256
from tests.browser.conftest import DESK, LOCALES, PHONE, ROOT, Town, Visitor, town

OUT = ROOT / "docs/guides/pictures"
SETS = ROOT / "reference_sets"
EXAMPLES = ROOT / "examples"
SLUG = "winter-lampwitch"
NAMES = (
    ("Lysmoth Ninthlamp", "en", "distinctive"),
    ("第九灯莉丝莫", "zh", "distinctive"),
    ("moth witch", "en", "generic"),
    ("Nine Lamps Under Winter", "en", "series"),
)
PASSWORD = "four unrelated words here"
MOST_BYTES = 150 * 1024
TALLEST = 1150
MARGIN = 24
_PLATFORM = "demo"


@dataclass
class Album:
    """The same person at two browsers, one in each language."""

    started: Town
    name: str
    visitors: dict[str, Visitor]

    def shoot(self, name: str, path: str, prepare: Callable[[Page], None] = lambda _: None, **sizes: int) -> None:
        """Open a path in both languages, prepare the page, and keep a picture of each."""
        for visitor in self.visitors.values():
            page = visitor.open(path)
            prepare(page)
            keep(visitor, name, **sizes)

    @property
    def page(self) -> Page:
        """The browser in which things are done."""
        return self.visitors["en"].page


def keep(visitor: Visitor, name: str, tallest: int = TALLEST) -> None:
    """Write a picture of the page as WebP, of MOST_BYTES at most."""
    page = visitor.page
    page.wait_for_load_state("networkidle")
    taken = Image.open(io.BytesIO(page.screenshot(full_page=True)))
    picture = trimmed(taken.convert("RGB"), tallest)
    for quality in (85, 75, 60, 45):
        written = io.BytesIO()
        picture.save(written, "WEBP", quality=quality, method=6)
        if written.tell() <= MOST_BYTES:
            (OUT / f"{name}-{visitor.language}.webp").write_bytes(written.getvalue())
            return
    raise AssertionError(f"{name}: {written.tell()} bytes, at most {MOST_BYTES}")


def trimmed(picture: Image.Image, tallest: int) -> Image.Image:
    """Cut off what is below `tallest` rows, and what is empty at the bottom."""
    ground = Image.new("RGB", picture.size, picture.getpixel((2, picture.height - 2)))
    drawn = ImageChops.difference(picture, ground).getbbox()
    bottom = min(picture.height, tallest, (drawn[3] if drawn else picture.height) + MARGIN)
    return picture.crop((0, 0, picture.width, bottom))


def main() -> None:
    """Make all pictures anew."""
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, chromium() as browser:
        data = Path(place) / "data"
        folder = Path(place) / "sets"
        shutil.copytree(SETS, folder, ignore=shutil.ignore_patterns(SLUG, "README.md"))
        run("sets", "import", str(folder), "--activate", "--data", str(data))
        run("index", "rebuild", "--data", str(data))
        key = secrets.token_urlsafe(32)
        keys = f"{_PLATFORM}:{Role.PLATFORM}:{key_sha256(key)}"
        # One build is enough; what is added later is searched all the same.
        with town(browser, data, api_keys=keys, rebuild="false", second_look_allows="0", second_look_blocks="0") as it:
            wait_until_ready(it)
            photograph(it, key)
            if it.complaints:
                raise AssertionError("\n".join(it.complaints))
    for path in sorted(OUT.glob("*.webp")):
        sys.stdout.write(f"{path.stat().st_size:7} {path.relative_to(ROOT)}\n")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        raise SystemExit("there is no Chromium here: `make services` installs Debian's")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])


def run(*arguments: str, entered: str = "") -> None:
    """Run a command of ours."""
    command = [sys.executable, "-m", "service.cli", *arguments]
    subprocess.run(command, input=entered, text=True, check=True)  # noqa: S603


def wait_until_ready(started: Town) -> None:
    """Wait until a known reference is found."""
    deadline = time.monotonic() + 120
    while httpx.get(f"{started.address}/readyz", trust_env=False).status_code != httpx.codes.OK:
        if time.monotonic() > deadline:
            raise AssertionError(started.log.read_text(encoding="utf-8"))
        time.sleep(0.2)


def photograph(started: Town, key: str) -> None:
    """Let everybody do their part."""
    for language in LOCALES:
        visitor = started.visitor(language)
        visitor.open(started.invitation)
        keep(visitor, "operator-invitation")
    admin = join(started, "ada", Role.ADMIN)
    owner = join(started, "olga", Role.RIGHTS_OWNER)
    moderator = join(started, "mo", Role.MODERATOR)
    with started.api(key) as platform:
        # Of these the trial run tells.
        for name in ("new-pose", "unrelated-original"):
            upload(platform, EXAMPLES / name, {"external_id": f"earlier-{name}", "visibility": "private"})
        register(owner, admin)
        screen(platform)
    decide(moderator)
    look_back(owner, admin)


def join(started: Town, name: str, role: Role) -> Album:
    """Make an account, and sign it in at two browsers."""
    run("users", "add", name, "--role", role.value, "--data", str(started.data), entered=f"{PASSWORD}\n")
    album = Album(started, name, {language: started.visitor(language) for language in LOCALES})
    for visitor in album.visitors.values():
        sign_in(visitor, name)
    return album


def sign_in(visitor: Visitor, name: str) -> None:
    """Sign a person in."""
    page = visitor.open("/console/sign-in")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click("main form button.main")
    expect(page.locator("details.menu > summary")).to_have_text(name)


def register(owner: Album, admin: Album) -> None:
    """Register as a rights owner, and a set, and have it put in force."""
    at = f"/console/desk/sets/{SLUG}"
    owner.shoot("rights-owner-register", "/console/desk", introduce)
    owner.page.click('form[action="/console/desk/owner"] button')
    expect(owner.page.locator(".desk-first")).to_be_visible()
    # Speaking for a rights owner from now on, they are signed out everywhere else.
    sign_in(owner.visitors["zh"], owner.name)
    owner.shoot("rights-owner-new", "/console/desk/sets/new", describe)
    owner.page.click('form[action="/console/desk/sets/new"] button.main')
    expect(owner.page).to_have_url(re.compile(re.escape(at)))
    pictures = sorted((SETS / SLUG / "images").glob("*.png"))
    for visitor, some in zip(owner.visitors.values(), (pictures[:4], pictures[4:8]), strict=True):
        send(visitor.open(f"{at}/pictures"), some)
        keep(visitor, "rights-owner-pictures", tallest=1000)
    owner.page.goto(f"{owner.started.address}{at}/names")
    for number, (text, language, kind) in enumerate(NAMES):
        if owner.page.locator("input[name=text]").count() <= number:
            owner.page.click("button[data-add-row]")
        owner.page.locator("input[name=text]").nth(number).fill(text)
        owner.page.locator("select[name=language]").nth(number).select_option(language)
        owner.page.locator("select[name=kind]").nth(number).select_option(kind)
    owner.page.click("form[data-rows] button.main")
    owner.shoot("rights-owner-names", f"{at}/names")
    owner.shoot("rights-owner-set", at)
    owner.shoot("rights-owner-trial", f"{at}/trial", try_out)
    admin.shoot("operator-activate", f"{at}/activate")
    admin.page.check("input[name=checked]")
    admin.page.click("form.desk-confirm button.main")
    expect(admin.page.locator(".desk-state").first).to_have_attribute("data-state", "active")


def introduce(page: Page) -> None:
    """Fill in who one is."""
    page.fill("#name", "Northlamp Collective")
    page.fill("#identity", "Company register no. 4471, Northlamp" if spoken(page) == "en" else "工商登记号 4471")
    page.fill("#contact", "rights@northlamp.example")


def describe(page: Page) -> None:
    """Fill in what a set begins with."""
    texts = {
        "title.en": "Lysmoth, the Ninth Lamp",
        "title.zh": "第九灯莉丝莫",
        "slug": SLUG,
        "work.en": "Nine Lamps Under Winter",
        "work.zh": "冬下九灯",
        "rights.holder": "Northlamp Collective",
        "rights.identity": "Company register no. 4471",
        "rights.evidence": "Copyright registration 2021-F-00471823, 9 March 2021; published on 1 April 2021.",
    }
    for place, text in texts.items():
        page.fill(f'[id="{place}"]', text)


def send(page: Page, pictures: Sequence[Path]) -> None:
    """Add pictures, one that is too small, and a file that is none."""
    small = io.BytesIO()
    Image.open(pictures[0]).resize((180, 180)).save(small, "PNG")
    files = [{"name": path.name, "mimeType": "image/png", "buffer": path.read_bytes()} for path in pictures]
    files.append({"name": "forum-avatar.png", "mimeType": "image/png", "buffer": small.getvalue()})
    files.append({"name": "contract.png", "mimeType": "image/png", "buffer": b"%PDF-1.7"})
    page.set_input_files("#images", files)  # type: ignore[arg-type]
    send_button = page.locator("form[data-drop] button.main")
    if send_button.is_visible():
        send_button.click()
    expect(page.locator("li.desk-report[data-outcome]")).to_have_count(len(files), timeout=90_000)


def try_out(page: Page) -> None:
    """Make a trial run."""
    page.click("main form button")
    expect(page.locator(".desk-figure").first).to_be_visible(timeout=90_000)


def spoken(page: Page) -> str:
    """Return the language of a page."""
    return str(page.evaluate("document.documentElement.lang"))[:2]


def screen(platform: httpx.Client) -> None:
    """Screen the examples, some again under other names: a queue has more than one case of a character."""
    folders = sorted(path.parent for path in EXAMPLES.glob("*/upload.json"))
    for folder in folders:
        upload(platform, folder)
    names = ("Snow lantern study", "Moth wing practice", "Lamp maker, take two", "Lysmoth Ninthlamp, winter edition")
    for number, name in enumerate(names):
        changes = {"external_id": f"model-{40 + number}/v1", "uploader": {"id": "u-57"}}
        upload(platform, EXAMPLES / "new-pose", changes, name)


def upload(
    platform: httpx.Client, folder: Path, changes: Mapping[str, Any] | None = None, name: str | None = None
) -> None:
    """Screen an example."""
    document = {**json.loads((folder / "upload.json").read_text(encoding="utf-8")), **(changes or {})}
    document["model"]["name"] = name or document["model"]["name"]
    files: list[tuple[str, tuple[str | None, str | bytes]]] = [("upload", (None, json.dumps(document)))]
    files += [("images", (item["file"], (folder / item["file"]).read_bytes())) for item in document["images"]]
    files += [("lora_file", (path.name, path.read_bytes())) for path in sorted(folder.glob("*.safetensors"))]
    answer = platform.post("/v1/screen", files=files)
    answer.raise_for_status()


def decide(moderator: Album) -> None:
    """Take a case, compare, and decide."""
    moderator.shoot("moderator-queue", "/console/queue")
    for visitor in moderator.visitors.values():
        visitor.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        keep(visitor, "moderator-telephone", tallest=844)
        visitor.page.set_viewport_size(DESK)  # type: ignore[arg-type]
    moderator.shoot("moderator-bulk", f"/console/queue/bulk?set={SLUG}", tick)
    page = moderator.page
    page.goto(f"{moderator.started.address}/console/queue?set={SLUG}&order=oldest")
    page.locator("li.case [data-open]").first.click()
    expect(page).to_have_url(re.compile("/console/cases/"))
    page.keyboard.press("c")
    expect(page.locator('form[action$="/release"]')).to_be_visible()
    at = page.url.removeprefix(moderator.started.address).partition("?")[0]
    moderator.shoot("moderator-case", at)
    moderator.shoot("moderator-slider", at, slide, tallest=800)
    moderator.shoot("moderator-deciding", at, beside_and_tick)
    moderator.shoot("moderator-keys", at, lambda page: page.keyboard.press("?"), tallest=900)
    page = moderator.page
    page.keyboard.press("Escape")
    tick(page)
    expect(page.locator("#statement_zh")).to_be_visible()
    page.fill("#comment", "the lamp, the hat and the braid")
    page.click("#decide button.main")
    expect(page.locator("form.undo")).to_be_visible()
    moderator.shoot("moderator-decided", at, tallest=700)


def tick(page: Page) -> None:
    """Choose a decision with its reason."""
    page.check('input[name=choice][value="uphold.shows_character"]')
    if page.locator("#statement").count():
        expect(page.locator("#statement_en")).to_be_visible()


def beside_and_tick(page: Page) -> None:
    """Put the pictures side by side again, and choose."""
    page.check("input[name=compare][value=beside]")
    tick(page)


def slide(page: Page) -> None:
    """Compare with a slider."""
    page.check("input[name=compare][value=slider]")
    page.locator("input[data-share]").first.fill("45")


def look_back(owner: Album, admin: Album) -> None:
    """Photograph what is there afterwards."""
    at = f"/console/desk/sets/{SLUG}"
    owner.shoot("rights-owner-licences", f"{at}/licences")
    owner.shoot("rights-owner-matches", f"{at}/matches", tallest=900)
    admin.shoot("operator-overview", "/console/overview", tallest=1300)
    admin.shoot("operator-people", "/console/people")
    admin.shoot("operator-keys", "/console/keys", make_key)
    admin.shoot("operator-audit", "/console/audit", verify, tallest=800)


def make_key(page: Page) -> None:
    """Make a key."""
    if not page.locator("#label").is_visible():
        page.locator("details.sheet > summary").click()
    page.fill("#label", "uploads")
    page.select_option("#role", "platform")
    page.fill("#holder", "atelier")
    page.click('form[action="/console/keys"] button.main')
    expect(page.locator("#once")).to_be_visible()


def verify(page: Page) -> None:
    """Verify the chain."""
    page.click('form[action="/console/audit/verification"] button')
    expect(page.locator("[role=status]").first).to_be_visible()


if __name__ == "__main__":
    main()
