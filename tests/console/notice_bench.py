"""The whole application with people in it, for tests of the pages of notices and sweeps; one for each module."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from starlette.testclient import TestClient

from indexer.model import Alias, AliasKind
from service.domain.identity import Caller, Role, key_sha256
from service.domain.notice import Accused, Claim
from service.domain.notice_terms import Jurisdiction
from service.domain.sweep import OVER
from service.main import create_app
from service.settings import Settings
from service.usecases.notices import Given, Received
from service.usecases.registration import NewSet
from tests.conftest import RUNTIME
from tests.console.conftest import PASSWORDS, SETUP, House, Visitor
from tests.fakes import draw, encoded

ADMIN = Caller("ada", Role.ADMIN, via="user")
OWNER = Caller("olive", Role.RIGHTS_OWNER, owner="owl-works", via="user")
PASSWORD = "plain lamp over river"
SET = "lamp-rook"
REFERENCE = encoded(draw(40, 0))
PDF = b"%PDF-1.7 an extract of a register"
FULL: Mapping[str, str] = {
    "jurisdiction": "prc",
    "notifier.name": "Owl Works",
    "notifier.contact": "rights@owl.example",
    "notifier.address": "1 Barn Lane",
    "notifier.identity": "register no. 7",
    "work": "Amber Owl",
    "rights_evidence": "registration 2021-F-0007",
    "explanation": "It copies our owl.",
    "platform": "atelier",
    "accused": "model-7\nhttps://atelier.example/m/8",
    "accurate": "1",
}
"""A complaint that Chinese law finds complete."""


@contextmanager
def started(folder: Path, snapshot: Path, database: str, **changes: Any) -> Iterator[House]:
    """Start an application with admin, moderators, and two rights owners; `olive` speaks for `owl-works`."""
    given = {
        "snapshot": snapshot,
        "database": database,
        "blobs": str(folder / "blobs"),
        "signing_key": folder / "signing-key.pem",
        "screened": str(folder / "screened"),
        "api_keys": f"atelier:platform:{key_sha256('key-of-atelier')}",
        "runtime": RUNTIME,
        "rebuild": False,
        "reload_seconds": 0.05,
        "second_look_blocks": 0.0,
        "second_look_allows": 0.0,
        "sign_ins_per_minute": 100_000,
        "public_forms_per_minute": 100_000,
    }
    with ExitStack() as stack:
        app = create_app(Settings(**{**given, **changes}), lambda _: None)
        stack.enter_context(TestClient(app))
        house = House(app, stack)
        for name, (role, password) in PASSWORDS.items():
            house.wired.accounts.add(name, role, password, SETUP)
        for name, owner in (("olive", "owl-works"), ("rival", "rival-works")):
            house.wired.registration.register_owner(ADMIN, owner.title(), owner_id=owner)
            house.wired.accounts.add(name, Role.RIGHTS_OWNER, PASSWORD, ADMIN, owner)
        yield house


@dataclass(frozen=True, slots=True)
class OnePicture:
    """A picture to be registered."""

    data: bytes
    name: str = "a.png"


def in_force(house: House, slug: str = SET) -> None:
    """Register a set of olive's with one picture and one name, and put it in force."""
    wired = house.wired
    wired.registration.create(
        OWNER,
        NewSet(
            slug,
            {"en": "Lamp Rook", "zh": "灯鸦"},
            {"en": "The Lamp"},
            aliases=[Alias("Lamp Rook", "en", AliasKind.DISTINCTIVE)],
            holder="Owl Works",
            identity="register no. 7",
            evidence="bible, p. 3",
        ),
    )
    wired.references.add(OWNER, slug, [OnePicture(REFERENCE)])
    wired.registration.activate(ADMIN, slug)
    until(lambda: slug in wired.index.get().sets)


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not become so in time"
        time.sleep(0.02)


def owner(house: House, name: str = "olive") -> Visitor:
    """Sign a rights owner in."""
    visitor = house.visitor()
    visitor.sign_in(name, PASSWORD)
    return visitor


def complain(house: House, fields: Mapping[str, str] | None = None, **options: Any) -> httpx.Response:
    """Send a complaint as a stranger; does not follow where it leads."""
    visitor = house.visitor()
    visitor.get("/console/complaint")
    return visitor.post("/console/complaint", {**FULL, **(fields or {})}, follow_redirects=False, **options)


def link_of(answer: httpx.Response) -> str:
    """Return the private link of a complaint that was received."""
    assert answer.status_code == 303, answer.text
    location: str = answer.headers["location"]
    return location.partition("?")[0]


def id_in(path: str) -> str:
    """Return the id of a notice in an address."""
    found = re.search(r"ntc_[0-9a-f]+", path)
    assert found is not None, path
    return found[0]


def given_by(house: House, who: Caller | None = OWNER, **changes: Any) -> Received:
    """Give a complete notice without a page."""
    accused = changes.pop("accused", (Accused("atelier", "model-7"),))
    given = Given(
        Jurisdiction.PRC,
        name="Owl Works",
        contact="rights@owl.example",
        address="1 Barn Lane",
        identity="register no. 7",
        claim=Claim(
            work=changes.pop("work", "Amber Owl"),
            rights_evidence="registration 2021-F-0007",
            explanation="It copies our owl.",
            accurate=True,
        ),
        accused=accused,
        **changes,
    )
    return house.wired.notices.receive(given, who)


def screen(house: House, external_id: str, name: str, picture: bytes, uploader: str = "u-1") -> str:
    """Screen an upload; return the id of its screening."""
    document = {"external_id": external_id, "uploader": {"id": uploader}, "model": {"name": name}}
    files: list[Any] = [("upload", (None, json.dumps(document))), ("images", ("a.png", picture))]
    headers = {"Authorization": "Bearer key-of-atelier"}
    answer = house.visitor().client.post("/v1/screen", files=files, headers=headers)
    assert answer.status_code == 200, answer.text
    found: str = answer.json()["screening_id"]
    return found


def reply_link(house: House, notice_id: str) -> str:
    """Return the link that the platform was told to pass on to its uploader."""
    platform = Caller("atelier", Role.PLATFORM)

    def told() -> list[str]:
        return [
            str(item["counter_notice_path"])
            for message in house.wired.webhooks.messages(platform, 0, 1000)
            if message.kind == "notice.forwarded" and message.payload["notice_id"] == notice_id
            for item in message.payload["to"]
        ]

    until(lambda: bool(told()))
    return told()[0]


def swept(house: House, sweep_id: str) -> None:
    """Wait until a sweep is over."""
    until(lambda: house.wired.sweeps.find(sweep_id).state in OVER)
