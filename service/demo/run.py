"""Run the demo: index, service, uploads over HTTP, report.

build the snapshot -> start the service on a free port -> wait until it is ready -> screen each example ->
compare with what its expected.json says -> write the report -> stop the service
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from indexer import build as builds
from indexer import reference_sets
from indexer.cli import progress_bars
from service.demo.report import Shown, write_report
from service.domain.errors import NotReady
from service.domain.identity import Role, key_sha256

PLATFORM = "demo"
START_SECONDS = 60.0
_COLOURS = {"block": "bold red", "review": "yellow", "allow": "green"}


def run_demo(sets: Path, examples: Path, out: Path, console: Console) -> int:
    """Run everything; returns the number of answers that are not the expected ones."""
    snapshot = out / "snapshot"
    # Only what an earlier demo wrote: the folder may be anybody's.
    shutil.rmtree(snapshot, ignore_errors=True)
    for name in ("demo.db", "demo.db-wal", "demo.db-shm"):
        (out / name).unlink(missing_ok=True)
    with progress_bars() as progress:
        read = [(item, sets / item.slug) for item in reference_sets.read_all(sets)]
        built = builds.build(read, snapshot, progress=progress)
    console.print(f"index: {built.sets} sets, {built.references} references, {built.vectors} vectors", highlight=False)
    folders = sorted(path.parent for path in examples.glob("*/upload.json"))
    shown = []
    with _service(out, snapshot) as (client, moderator):
        _block(moderator, examples / "blocked", console)
        for folder in folders:
            item = _screen(client, folder)
            shown.append(item)
            _print(item, console)
    report = write_report(out / "report.html", shown, {item.slug: (item, folder) for item, folder in read})
    wrong = sum(not item.as_expected for item in shown)
    console.print(
        f"{len(shown) - wrong} of {len(shown)} as expected; report: {report}", highlight=False, soft_wrap=True
    )
    return wrong


@contextmanager
def _service(out: Path, snapshot: Path) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Start the service as a process of its own; give clients of a platform and of a moderator, stop it afterwards."""
    platform, moderator = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    port = _free_port()
    keys = ((PLATFORM, Role.PLATFORM, platform), ("moderation", Role.MODERATOR, moderator))
    environment = {
        **os.environ,
        "LORA_SCREENING_SNAPSHOT": str(snapshot),
        "LORA_SCREENING_DATABASE": f"sqlite:///{out / 'demo.db'}",
        "LORA_SCREENING_API_KEYS": ",".join(f"{name}:{role}:{key_sha256(key)}" for name, role, key in keys),
    }
    log_path = out / "service.log"
    command = [sys.executable, "-m", "service.cli", "serve", "--port", str(port)]
    with log_path.open("wb") as log, subprocess.Popen(command, env=environment, stderr=log) as process:  # noqa: S603
        try:
            with _client(port, platform) as client, _client(port, moderator) as moderating:
                _wait_until_ready(client, process, log_path)
                yield client, moderating
        finally:
            process.terminate()


def _client(port: int, key: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60, trust_env=False)


def _block(moderator: httpx.Client, folder: Path, console: Console) -> None:
    """Block the LoRA of the demonstration, where it has one."""
    if not (folder / "blocked.json").is_file():
        return
    about = json.loads((folder / "blocked.json").read_text(encoding="utf-8"))
    name = about.pop("file")
    with (folder / name).open("rb") as stream:
        response = moderator.post("/v1/blocked-loras", data=about, files={"lora_file": (name, stream)})
    response.raise_for_status()
    console.print(f"blocked: {about['title']} ({response.json()['id']})", highlight=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(client: httpx.Client, process: subprocess.Popen[bytes], log_path: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if client.get("/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise NotReady(f"the service did not become ready; its log is {log_path}")


def _screen(client: httpx.Client, folder: Path) -> Shown:
    document = json.loads((folder / "upload.json").read_text(encoding="utf-8"))
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    with ExitStack() as stack:
        files: list[tuple[str, Any]] = [("upload", (None, json.dumps(document), "application/json"))]
        for entry in document.get("images", []):
            stream = stack.enter_context((folder / entry["file"]).open("rb"))
            files.append(("images", (entry["file"], stream)))
        loras = sorted(folder.glob("*.safetensors"))
        files += [("lora_file", (lora.name, stack.enter_context(lora.open("rb")))) for lora in loras]
        started = time.perf_counter()
        response = client.post("/v1/screen", files=files)
        milliseconds = (time.perf_counter() - started) * 1000
    response.raise_for_status()
    return Shown(folder.name, folder, document, expected, response.json(), milliseconds)


def _print(item: Shown, console: Console) -> None:
    verdict = item.answer["verdict"]
    grounds = item.answer["grounds"]
    why = f"{grounds[0]['code']}: {grounds[0]['explanation']['en']}" if grounds else "nothing found"
    mark = "as expected" if item.as_expected else f"EXPECTED {item.expected['verdict']}"
    console.print(
        f"{item.name:<20} [{_COLOURS[verdict]}]{verdict:<7}[/] {item.milliseconds:5.0f} ms  {mark}  {why}",
        highlight=False,
        soft_wrap=True,
    )
