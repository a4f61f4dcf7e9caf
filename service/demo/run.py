"""Run the demo: index, service, uploads over HTTP, report.

build the snapshot -> start the service on a free port -> wait until it is ready -> screen each example ->
compare with what its expected.json says -> write the report -> stop the service
"""

from __future__ import annotations

import json
import shutil
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from indexer import build as builds
from indexer import reference_sets
from indexer.cli import progress_bars
from service.demo.report import Shown, write_report
from service.demo.running import running_service
from service.domain.identity import Role

PEOPLE = {"demo": Role.PLATFORM, "moderation": Role.MODERATOR}
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
    settings = {"SNAPSHOT": str(snapshot), "DATABASE": f"sqlite:///{out / 'demo.db'}"}
    with running_service(settings, PEOPLE, out / "service.log") as clients:
        _block(clients["moderation"], examples / "blocked", console)
        for folder in folders:
            item = _screen(clients["demo"], folder)
            shown.append(item)
            _print(item, console)
    report = write_report(out / "report.html", shown, {item.slug: (item, folder) for item, folder in read})
    wrong = sum(not item.as_expected for item in shown)
    console.print(
        f"{len(shown) - wrong} of {len(shown)} as expected; report: {report}", highlight=False, soft_wrap=True
    )
    return wrong


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
