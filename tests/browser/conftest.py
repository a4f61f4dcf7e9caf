"""A real browser against the service as it is deployed: a process of its own, on SQLite and on PostgreSQL.

Every page that a test opens is watched: a request that leaves the machine, a message on the console, or a page that
breaks its own Content-Security-Policy fails the test.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).parents[2]
AXE = ROOT / "build/axe/axe.min.js"
SHOTS = ROOT / "build/screenshots"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
LOCALES = {"en": "en-GB", "zh": "zh-CN"}

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Debian's Chromium."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("there is no Chromium here: `make services` installs Debian's")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, headless=True, args=_FLAGS)
        yield started
        started.close()


@dataclass
class Visitor:
    """A person at a browser of their own; `complaints` is what went wrong on the pages they saw."""

    page: Page
    language: str
    address: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Go to a path of the console."""
        self.page.goto(f"{self.address}{path}")
        return self.page

    def shoot(self, name: str) -> None:
        """Keep pictures of the page, as wide as a desk and as a telephone."""
        for size, viewport in (("desk", DESK), ("phone", PHONE)):
            self.page.set_viewport_size(viewport)  # type: ignore[arg-type]
            folder = SHOTS / self.language
            folder.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=folder / f"{name}-{size}.png", full_page=True)
            wider = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if wider > 0:
                self.complaints.append(f"{name}: {wider} pixels wider than a {size}'s screen")
        self.page.set_viewport_size(DESK)  # type: ignore[arg-type]

    def check_accessibility(self, name: str) -> None:
        """Run axe-core; serious and critical faults are complaints."""
        if not AXE.is_file():
            pytest.skip("axe-core is not here: `make services` fetches it from npm")
        # Through the debugger, where the page's policy does not reach: the page itself may load no such script.
        self.page.evaluate(AXE.read_text(encoding="utf-8") + "\n;0")
        found: dict[str, Any] = self.page.evaluate("axe.run({resultTypes: ['violations']})")
        for fault in found["violations"]:
            if fault["impact"] in ("serious", "critical"):
                places = [node["html"][:200] for node in fault["nodes"][:3]]
                self.complaints.append(f"{name}: {fault['id']} ({fault['help']}): {places}")

    def look(self, name: str) -> None:
        """Keep pictures of the page and check it."""
        self.shoot(name)
        self.check_accessibility(name)


@dataclass(frozen=True)
class Town:
    """A running service, and everybody who visits it."""

    address: str
    invitation: str
    data: Path
    log: Path
    process: subprocess.Popen[bytes]
    browser: Browser
    visitors: list[Visitor] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def visitor(self, language: str, **options: Any) -> Visitor:
        """Give a person a browser with an empty profile."""
        context = self.browser.new_context(locale=LOCALES[language], viewport=DESK, **options)  # type: ignore[arg-type]
        context.set_default_timeout(20_000)
        self.contexts.append(context)
        visitor = Visitor(context.new_page(), language, self.address)
        self._watch(visitor)
        self.visitors.append(visitor)
        return visitor

    def api(self, key: str) -> httpx.Client:
        """Give a program that holds a key."""
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.address, headers=headers, timeout=60, trust_env=False)

    def _watch(self, visitor: Visitor) -> None:
        def request(asked: Any) -> None:
            if not asked.url.startswith((self.address, "data:", "blob:")):
                visitor.complaints.append(f"a request left the service: {asked.url}")

        visitor.page.on("request", request)
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(f"script: {error}"))
        visitor.page.on(
            "console",
            lambda message: (
                visitor.complaints.append(f"console: {message.text}") if message.type in ("error", "warning") else None
            ),
        )
        visitor.page.on(
            "response",
            lambda answer: (
                visitor.complaints.append(f"{answer.status}: {answer.url}") if answer.status >= 500 else None
            ),
        )

    @property
    def complaints(self) -> list[str]:
        """Everything that went wrong on anybody's pages."""
        return [f"[{visitor.language}] {text}" for visitor in self.visitors for text in visitor.complaints]


@contextmanager
def town(browser: Browser, data: Path, database: str | None = None, **settings: str) -> Iterator[Town]:
    """Start a service with an empty record, and wait until it answers."""
    data.mkdir(parents=True, exist_ok=True)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LORA_SCREENING_")}
    environment |= {f"LORA_SCREENING_{name.upper()}": value for name, value in settings.items()}
    if database is not None:
        environment["LORA_SCREENING_DATABASE"] = database
    log = data / "service.log"
    command = [sys.executable, "-m", "service.cli", "serve", "--port", "0", "--data", str(data)]
    with log.open("wb") as stream, subprocess.Popen(command, env=environment, stderr=stream) as process:  # noqa: S603
        try:
            address, invitation = _told(log, process)
            _wait(address, process)
            made = Town(address, invitation, data, log, process, browser)
            yield made
            for context in made.contexts:
                context.close()
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _told(log: Path, process: subprocess.Popen[bytes]) -> tuple[str, str]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        text = log.read_text(encoding="utf-8")
        address = re.search(r"listening on (http://\S+)", text)
        link = re.search(r"(/console/invitation/\S+)", text)
        if address and link:
            return address[1], link[1]
        time.sleep(0.05)
    raise AssertionError(log.read_text(encoding="utf-8"))


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{address}/healthz", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the service does not answer")
