"""The console as it is deployed, over HTTP: real model, real snapshot, real database, and somebody signed in."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2.profiles import CHEAPEST
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.adapters import passwords
from service.bootstrap import Wired
from service.domain.identity import Caller, Role, key_sha256
from service.main import create_app
from service.settings import Settings
from tests.conftest import RUNTIME, RecordIn, TinySnapshot
from tests.fakes import draw, encoded

PASSWORDS = {
    "ada": (Role.ADMIN, "a long way to the sea"),
    "mo": (Role.MODERATOR, "four calm green horses"),
    "lin": (Role.MODERATOR, "paper lanterns in rain"),
    "owen": (Role.RIGHTS_OWNER, "seven bells at dusk"),
}
SETUP = Caller("setup", Role.ADMIN)
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Visitor:
    """Somebody with a browser of their own."""

    client: TestClient
    token: str = field(default="", repr=False)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Open a page."""
        response = self.client.get(path, **options)
        found = _TOKEN.search(response.text) if "text/html" in response.headers.get("content-type", "") else None
        self.token = found.group(1) if found else self.token
        return response

    def post(self, path: str, fields: Mapping[str, Any] | None = None, **options: Any) -> httpx.Response:
        """Send a form of the last page."""
        return self.client.post(path, data={"csrf": self.token, **(fields or {})}, **options)

    def sign_in(self, name: str, password: str | None = None) -> httpx.Response:
        """Sign in."""
        self.get("/console/sign-in")
        response = self.post("/console/sign-in", {"name": name, "password": password or PASSWORDS[name][1]})
        self.get("/console/account")
        return response


@dataclass
class House:
    """A running service, and people to visit its console."""

    app: FastAPI
    stack: ExitStack = field(repr=False)

    @property
    def wired(self) -> Wired:
        """What the console works with."""
        wired: Wired = self.app.state.wired
        return wired

    def visitor(self, name: str | None = None, base: str = "http://testserver") -> Visitor:
        """Open a browser, and sign in as somebody."""
        client = TestClient(self.app, base_url=base, raise_server_exceptions=False)
        visitor = Visitor(client)
        if name is not None:
            visitor.sign_in(name)
        return visitor

    def screen(self, external_id: str, *, name: str = "", uploader: str = "u-1", pictures: int = 1) -> str | None:
        """Screen an upload of reference-like pictures under a registered name; return the id of its case."""
        document = {"external_id": external_id, "uploader": {"id": uploader}, "model": {"name": name}}
        files: list[Any] = [("upload", (None, json.dumps(document)))]
        files += [("images", (f"{n}.png", encoded(draw(80 + n, 3)))) for n in range(pictures)]
        headers = {"Authorization": "Bearer key-of-atelier"}
        response = self.visitor().client.post("/v1/screen", files=files, headers=headers)
        case_id: str | None = response.json()["case_id"]
        return case_id


Start = Callable[..., House]


@contextmanager
def _quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "RFC_9106_LOW_MEMORY", CHEAPEST)
        yield


@pytest.fixture(scope="module", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hash passwords with the parameters that argon2 has for tests; the service's take a fifth of a second each."""
    # Of a module: a folder without __init__.py is no package, and what is a package's there lasts as long as the run.
    with _quick():
        yield


@pytest.fixture(scope="session")
def peopled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a record that knows PASSWORDS and nothing else, to be copied."""
    record = tmp_path_factory.mktemp("people") / "record.db"
    # Once more, as what a run keeps is made before what a module keeps.
    with _quick():
        app = create_app(Settings(snapshot=record.parent, database=f"sqlite:///{record}"), lambda _: None)
        for name, (role, password) in PASSWORDS.items():
            app.state.wired.accounts.add(name, role, password, SETUP)
    app.state.wired.close()
    return record


@pytest.fixture
def start(tmp_path: Path, tiny_snapshot: TinySnapshot, record_in: RecordIn, peopled: Path) -> Iterator[Start]:
    """Start services with settings of one's own."""
    with ExitStack() as stack:

        def run(**changes: Any) -> House:
            if not (record := tmp_path / "record.db").exists():
                shutil.copy(peopled, record)
            given = {
                "snapshot": tiny_snapshot.out,
                "database": record_in(tmp_path),
                "blobs": str(tmp_path / "blobs"),
                "screened": str(tmp_path / "screened"),
                "signing_key": tmp_path / "signing-key.pem",
                "api_keys": f"atelier:platform:{key_sha256('key-of-atelier')}",
                "runtime": RUNTIME,
                "rebuild": False,
                "second_look_blocks": 0.0,
                "second_look_allows": 0.0,
                "sign_ins_per_minute": 1000,
                "public_forms_per_minute": 1000,
            }
            app = create_app(Settings(**{**given, **changes}), lambda _: None)
            stack.enter_context(TestClient(app))
            house = House(app, stack)
            known = {user.name for user in house.wired.accounts.list_all(SETUP)}
            for name, (role, password) in PASSWORDS.items():
                if name not in known:
                    house.wired.accounts.add(name, role, password, SETUP)
            return house

        yield run


@pytest.fixture
def house(start: Start) -> House:
    """Start one service as it comes."""
    return start()
