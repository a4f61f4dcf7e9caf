"""The code of the guides, run as it stands on the page against a running service."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from service.domain.identity import Role, key_sha256
from tests.end_to_end.conftest import ROOT, Demo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

GUIDES = ROOT / "docs/guides"
NAMES = ("platform-engineer", "moderator", "rights-owner", "operator")
PAGES = tuple(f"{name}{ending}.md" for name in NAMES for ending in ("", ".zh"))
ENGLISH = tuple(f"{name}.md" for name in NAMES)
"""What is run: the code of the other language is the same but for what is said in it, which a test holds it to."""

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PICTURE = re.compile(r"pictures/[\w-]+\.webp")
_LARGEST_PICTURE = 150 * 1024
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
_SAID = re.compile(r'"""[^"]*"""|#\s[^\n]*|"[^"\n]*[\u3000-\uffef ][^"\n]*"')
_SECONDS = 300
"""The longest that a piece of code may take: importing the demo's sets does, on a busy machine."""


@dataclass(frozen=True)
class Block:
    """A piece of code on a page; `printed` is what the page says it prints, empty where it says nothing."""

    kind: str
    code: str
    printed: str


def blocks(page: str) -> list[Block]:
    """Return what a page wants to be run, in order; a block of `text` says what the one before it prints."""
    found = _FENCE.findall((GUIDES / page).read_text(encoding="utf-8"))
    return [
        Block(kind, code, after if other == "text" else "")
        for (kind, code), (other, after) in pairwise([*found, ("", "")])
        if kind in ("bash", "python")
    ]


@pytest.fixture(scope="module")
def environment(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Start a service, and give what a reader of the guides has in the environment."""
    data = tmp_path_factory.mktemp("guides")
    (data / "snapshot").symlink_to(demo.snapshot)
    key = secrets.token_urlsafe(32)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LORA_SCREENING_")}
    clean |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "TMPDIR": str(tmp_path_factory.mktemp("readers"))}
    clean["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{clean['PATH']}"
    settings = {
        "LORA_SCREENING_API_KEYS": f"atelier:{Role.PLATFORM}:{key_sha256(key)}",
        "LORA_SCREENING_LOG_LEVEL": "warning",
        "LORA_SCREENING_REBUILD": "false",
    }
    log = data / "log"
    command = [sys.executable, "-m", "service.cli", "serve", "--port", "0", "--data", str(data)]
    with log.open("wb") as stream, subprocess.Popen(command, env=clean | settings, stderr=stream) as process:  # noqa: S603
        try:
            yield {**clean, "LORA_SCREENING_URL": _ready(log), "LORA_SCREENING_KEY": key, "DATA": str(data)}
        finally:
            process.terminate()


def _ready(log: Path) -> str:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        address = re.search(r"listening on (http://\S+)", log.read_text(encoding="utf-8"))
        try:
            if address and httpx.get(f"{address[1]}/readyz", trust_env=False).status_code == httpx.codes.OK:
                return address[1]
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(log.read_text(encoding="utf-8"))


def _run(command: list[str], code: str, environment: dict[str, str]) -> str:
    done = subprocess.run(  # noqa: S603
        command, input=code, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("page", ENGLISH)
def test_every_command_of_a_guide_works(page: str, environment: dict[str, str]) -> None:
    for block in blocks(page):
        if block.kind == "bash":
            assert block.printed in _run(["bash", "-euo", "pipefail"], block.code, environment)


@pytest.mark.parametrize("page", ENGLISH)
def test_the_python_of_a_guide_is_one_program_that_prints_what_the_page_says(
    page: str, environment: dict[str, str]
) -> None:
    pieces = [block for block in blocks(page) if block.kind == "python"]
    if not pieces:
        return
    printed = _run([sys.executable, "-W", "error", "-"], "\n".join(piece.code for piece in pieces), environment)
    for piece in pieces:
        assert piece.printed in printed


@pytest.mark.parametrize("page", PAGES)
def test_what_a_guide_links_to_is_there(page: str) -> None:
    text = (GUIDES / page).read_text(encoding="utf-8")
    missing = [target for target in _LINK.findall(text) if not (GUIDES / target).exists()]
    assert missing == []


def test_every_picture_is_small_and_stands_in_a_guide_of_its_language() -> None:
    shown = {
        (name, page.endswith(".zh.md"))
        for page in PAGES
        for name in _PICTURE.findall((GUIDES / page).read_text(encoding="utf-8"))
    }
    pictures = sorted((GUIDES / "pictures").iterdir())
    assert {(f"pictures/{path.name}", path.stem.endswith("-zh")) for path in pictures} == shown
    assert [path.name for path in pictures if path.stat().st_size > _LARGEST_PICTURE] == []


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_of_a_guide_run_the_same(name: str) -> None:
    english, chinese = blocks(f"{name}.md"), blocks(f"{name}.zh.md")
    assert [(block.kind, block.printed) for block in english] == [(block.kind, block.printed) for block in chinese]
    assert [_unsaid(block.code) for block in english] == [_unsaid(block.code) for block in chinese]


def _unsaid(code: str) -> list[str]:
    """Return the words of some code without its comments, and without texts in which anything is said."""
    return _SAID.sub(" ", code).split()
