"""The whole application with people in it, for tests of the rights owners' desk."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.bootstrap import Wired
from service.domain.identity import Caller, Role, key_sha256
from service.main import create_app
from service.settings import Settings
from tests.conftest import RUNTIME
from tests.fakes import draw, encoded

PASSWORD = "plain lamp over river"
KEY = "key-of-atelier"
ADMIN = Caller("ada", Role.ADMIN, via="user")
PEOPLE = {"ada": Role.ADMIN, "mo": Role.MODERATOR, "olive": Role.RIGHTS_OWNER, "rival": Role.RIGHTS_OWNER}
OWNERS = {"olive": "lamp-works", "rival": "rival-works"}
OWN = "rook-lamp"
TEXTS = {
    "title.en": "Rook of the Lamp",
    "title.zh": "灯鸦",
    "slug": OWN,
    "work.en": "The Lamp",
    "rights.holder": "Lamp Works",
    "rights.identity": "register no. 7",
    "rights.evidence": "series bible, p. 3",
}
PICTURES = [encoded(draw(40, number)) for number in range(7)]
DAMAGED = PICTURES[0][: len(PICTURES[0]) // 2]

_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')
Files = Sequence[tuple[str, tuple[str, bytes]]]
Fields = Mapping[str, str | list[str]]


@dataclass(frozen=True)
class Browser:
    """A person who is signed in."""

    client: TestClient = field(repr=False)
    token: str = field(repr=False)

    def get(self, path: str) -> httpx.Response:
        """Open a page of the console."""
        return self.client.get(f"/console{path}")

    def post(
        self, path: str, data: Fields | None = None, files: Files = (), *, token: str | None = None
    ) -> httpx.Response:
        """Send a form with its token, or with another; does not follow where it leads."""
        fields = {"csrf": self.token if token is None else token, **(data or {})}
        return self.client.post(f"/console{path}", data=fields, files=files or None, follow_redirects=False)

    def in_language(self, language: str) -> Browser:
        """Choose a language."""
        self.client.cookies.set("console-language", language)
        return self


@dataclass(frozen=True)
class Bench:
    """An application and its people."""

    app: FastAPI

    @property
    def wired(self) -> Wired:
        """Its use cases."""
        wired: Wired = self.app.state.wired
        return wired

    def visitor(self) -> TestClient:
        """Return a browser of nobody's."""
        return TestClient(self.app, raise_server_exceptions=False)

    def browser(self, name: str) -> Browser:
        """Sign a person in, past the form: that has its own tests."""
        client = self.visitor()
        client.cookies.set("console-session", self.wired.accounts.sign_in(name, PASSWORD))
        found = _TOKEN.search(client.get("/console/account").text)
        assert found is not None
        return Browser(client, found[1])

    def made_set(self, who: str = "olive", pictures: int = 1, **changes: str) -> Browser:
        """Make a set with pictures as its owner; return their browser."""
        browser = self.browser(who)
        answer = browser.post("/desk/sets/new", {**TEXTS, **changes})
        assert answer.status_code == 303, answer.text
        if pictures:
            files = [("images", (f"{n}.png", data)) for n, data in enumerate(PICTURES[:pictures])]
            assert browser.post(f"/desk/sets/{changes.get('slug', OWN)}/pictures", files=files).status_code == 200
        return browser


def screened(bench: Bench, external_id: str, picture: bytes, **fields: Any) -> str:
    """Screen an upload of one picture as the platform atelier; return the verdict."""
    upload = json.dumps({"external_id": external_id, "uploader": {"id": "u-secret"}, **fields})
    answer = bench.visitor().post(
        "/v1/screen",
        files=[("upload", (None, upload)), ("images", ("a.png", picture))],
        headers={"Authorization": f"Bearer {KEY}"},
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["verdict"])


@contextmanager
def started(folder: Path, snapshot: Path, database: str) -> Iterator[Bench]:
    """Start an application with an admin, a moderator, two rights owners, and one who is not registered yet."""
    app = create_app(
        Settings(
            snapshot=snapshot,
            database=database,
            blobs=str(folder / "blobs"),
            screened=str(folder / "screened"),
            signing_key=folder / "signing-key.pem",
            api_keys=f"atelier:platform:{key_sha256(KEY)}",
            runtime=RUNTIME,
            reload_seconds=0.05,
            rebuild=False,
            sign_ins_per_minute=100_000,
        ),
        tell_admin_link=lambda _: None,
    )
    with TestClient(app):
        bench = Bench(app)
        for name, role in PEOPLE.items():
            owner = OWNERS.get(name)
            if owner is not None:
                bench.wired.registration.register_owner(ADMIN, owner.title(), owner_id=owner)
            bench.wired.accounts.add(name, role, PASSWORD, ADMIN, owner)
        bench.wired.accounts.add("newcomer", Role.RIGHTS_OWNER, PASSWORD, ADMIN)
        yield bench
