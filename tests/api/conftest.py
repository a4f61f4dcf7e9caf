"""The application as it is deployed, over HTTP: real model, real snapshot, real database."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.domain.identity import Role, key_sha256
from service.main import create_app
from service.settings import Settings
from tests.conftest import RUNTIME, RecordIn, TinySnapshot
from tests.fakes import draw, encoded, reseal

ROLES = {
    "atelier": Role.PLATFORM,
    "bazaar": Role.PLATFORM,
    "mo": Role.MODERATOR,
    "ro": Role.RIGHTS_OWNER,
    "ad": Role.ADMIN,
}
REFERENCE = encoded(draw(0, 0))
"""The first reference of `amber-owl`, byte for byte."""
STRANGER = encoded(draw(70, 3))
DAMAGED = REFERENCE[: len(REFERENCE) // 2]
NAMED = {"external_id": "m-1", "model": {"name": "Night forest"}}

Part = tuple[str, tuple[str | None, bytes | str]]


def bearer(who: str) -> dict[str, str]:
    """Make the headers of a caller."""
    return {"Authorization": f"Bearer key-of-{who}"}


def picture(name: str, data: bytes = STRANGER) -> Part:
    """Make a picture part."""
    return ("images", (name, data))


@dataclass(frozen=True)
class Api:
    """An application and a client of it."""

    client: TestClient
    app: FastAPI = field(repr=False)

    def get(self, path: str, who: str = "atelier", **options: Any) -> httpx.Response:
        """Send a GET."""
        return self.client.get(path, headers=bearer(who), **options)

    def screen(
        self,
        document: Mapping[str, Any] | str | bytes,
        *parts: Part,
        who: str = "atelier",
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Screen an upload."""
        text = document if isinstance(document, (str, bytes)) else json.dumps(document)
        files = [("upload", (None, text)), *parts]
        return self.client.post("/v1/screen", files=files, headers={**bearer(who), **(headers or {})})

    def texts(self, content: bytes, who: str = "atelier") -> httpx.Response:
        """Send a body to the search of names."""
        headers = {**bearer(who), "Content-Type": "application/json"}
        return self.client.post("/v1/screen/text", content=content, headers=headers)


Start = Callable[..., Api]


@pytest.fixture
def start(tmp_path: Path, record_in: RecordIn) -> Iterator[Start]:
    """Start applications with settings of one's own; without `snapshot` they have none."""
    with ExitStack() as stack:
        yield lambda **changes: stack.enter_context(_started(tmp_path, record_in, **changes))


@pytest.fixture(scope="session")
def api(tiny_snapshot: TinySnapshot, tmp_path_factory: pytest.TempPathFactory, record_in: RecordIn) -> Iterator[Api]:
    """Start one application on the tiny sets, for all tests that change nothing in it."""
    with _started(tmp_path_factory.mktemp("service"), record_in, snapshot=tiny_snapshot.out) as started:
        yield started


class _started:  # noqa: N801 (used like a function)
    def __init__(self, folder: Path, record_in: RecordIn, **changes: Any) -> None:
        keys = ",".join(f"{name}:{role}:{key_sha256(f'key-of-{name}')}" for name, role in ROLES.items())
        given = {
            "snapshot": folder / "snapshot",
            "database": record_in(folder),
            "blobs": str(folder / "blobs"),
            "signing_key": folder / "signing-key.pem",
            "screened": str(folder / "screened"),
            "api_keys": keys,
            "runtime": RUNTIME,
            "requests_per_minute": 100_000,
            "reload_seconds": 0.05,
        }
        self._app = create_app(Settings(**{**given, **changes}))
        self._client = TestClient(self._app, raise_server_exceptions=False)

    def __enter__(self) -> Api:
        return Api(self._client.__enter__(), self._app)

    def __exit__(self, *_: object) -> None:
        self._client.__exit__()


def publish(source: Path, out: Path, number: int, *, damaged: bool = False, alias: str | None = None) -> None:
    """Publish a copy of a generation under another number, as a build would: by one rename.

    With `alias` the first reference set has one more distinctive name.
    """
    folder = out / f".building-{number}"
    shutil.copytree(source, folder, copy_function=os.link)
    manifest = json.loads((source / "manifest.json").read_text(encoding="utf-8"))
    for name in ("manifest.json", "SHA256SUMS"):
        (folder / name).unlink()
    text = json.dumps({**manifest, "generation": f"{number:06}"})
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    if alias is not None:
        content = json.loads((source / "sets.json").read_text(encoding="utf-8"))
        content["sets"][0]["aliases"].append({"text": alias, "language": "en", "kind": "distinctive"})
        (folder / "sets.json").unlink()
        (folder / "sets.json").write_text(json.dumps(content), encoding="utf-8")
    reseal(folder)
    if damaged:
        data = bytearray((source / "vectors.faiss").read_bytes())
        data[len(data) // 2] ^= 1
        (folder / "vectors.faiss").unlink()
        (folder / "vectors.faiss").write_bytes(data)
    folder.rename(out / f"{number:06}")


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Tell whether a condition comes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
