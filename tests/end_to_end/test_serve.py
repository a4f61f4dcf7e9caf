"""The service as a process of its own: started, asked over the network, stopped."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.conftest import EXAMPLES, Demo

pytestmark = [pytest.mark.timeout(300)]


@dataclass(frozen=True)
class Served:
    """A running service, and how long it took until it was ready."""

    process: subprocess.Popen[bytes]
    client: httpx.Client
    log: Path
    seconds: float


@pytest.fixture
def served(demo: Demo, tmp_path: Path) -> Iterator[Served]:
    """Start the service on a port it chooses, with a key it makes."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LORA_SCREENING_")}
    data = tmp_path / "data"
    data.mkdir()
    (data / "snapshot").symlink_to(demo.snapshot)
    log = tmp_path / "log"
    command = [sys.executable, "-m", "service.cli", "serve", "--port", "0", "--data", str(data)]
    started = time.monotonic()
    with log.open("wb") as stream, subprocess.Popen(command, env=environment, stderr=stream) as process:  # noqa: S603
        try:
            address, key = _told(log, process)
            headers = {"Authorization": f"Bearer {key}"}
            with httpx.Client(base_url=address, headers=headers, timeout=30, trust_env=False) as client:
                while time.monotonic() < started + 60:
                    try:
                        if client.get("/readyz").status_code == 200:
                            break
                    except httpx.TransportError:
                        pass
                    time.sleep(0.05)
                yield Served(process, client, log, time.monotonic() - started)
        finally:
            process.kill()


def _told(log: Path, process: subprocess.Popen[bytes]) -> tuple[str, str]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        text = log.read_text(encoding="utf-8")
        address = re.search(r"listening on (http://\S+)", text)
        key = re.search(r"platform `demo`\): (\S+)", text)
        if address and key:
            return address[1], key[1]
        time.sleep(0.05)
    raise AssertionError(log.read_text(encoding="utf-8"))


def test_it_starts_in_time_screens_and_stops_cleanly(served: Served, tmp_path: Path) -> None:
    # Alone it takes some five seconds; here other tests keep all cores busy.
    assert served.seconds <= 20
    folder = EXAMPLES / "exact-copy"
    document = json.loads((folder / "upload.json").read_text(encoding="utf-8"))
    files = [
        ("upload", (None, json.dumps(document))),
        *[("images", (item["file"], (folder / item["file"]).read_bytes())) for item in document["images"]],
    ]
    answer = served.client.post("/v1/screen", files=files)
    assert answer.status_code == 200
    assert answer.json()["verdict"] == "block"
    later = served.client.post("/v1/screen", files=files, headers={"Prefer": "respond-async"})
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(20) in {0, -signal.SIGTERM}
    assert "Traceback" not in served.log.read_text(encoding="utf-8")
    assert (tmp_path / "data" / "lora-screening.db").is_file()
    _was_finished(tmp_path / "data" / "lora-screening.db", later.json()["screening_id"])


def _was_finished(database: Path, screening_id: str) -> None:
    from service.adapters.sql.engine import open_database  # noqa: PLC0415 (needed here alone)
    from service.adapters.sql.screenings import SqlScreeningStore  # noqa: PLC0415

    engine = open_database(f"sqlite:///{database}")
    found = SqlScreeningStore(engine).get(screening_id, "demo")
    engine.dispose()
    assert found is not None
    assert found.answer is not None
    assert found.answer["verdict"] == "block"


def test_a_wrong_setting_stops_the_start_and_is_named_but_never_shown(tmp_path: Path) -> None:
    environment = {**os.environ, "LORA_SCREENING_API_KEYS": "a-key-by-mistake"}
    command = [sys.executable, "-m", "service.cli", "serve", "--port", "0", "--data", str(tmp_path)]
    done = subprocess.run(  # noqa: S603
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    assert "entry 1 is not name:role:sha256" in done.stderr
    assert "a-key-by-mistake" not in done.stderr
