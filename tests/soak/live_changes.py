"""A thousand changes of reference sets and a hundred rebuilds while uploads are being screened.

    python -m tests.soak.live_changes [--changes 1000] [--rebuilds 100] [--swaps 100] [--out build/soak.json]

A service of its own is started. Two platforms send uploads all the time; a rights owner's picture is added and removed,
again and again, and each time it has to be found, or found no more, within two seconds; generations are built from the
record as fast as they come; then copies of the newest one are published, as fast as they are taken into force. Printed
at the end, and written as JSON: requests and how many failed, the time until a change was in force, the memory of the
service from its second tenth to its last, and its open files.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import track

from indexer.index import snapshot as snapshots
from service.domain.identity import Role, key_sha256
from tests.fakes import draw, encoded, reseal

IN_FORCE_SECONDS = 2.0
SETS = 12
PICTURES = 6
LONGEST_SECONDS = 5400.0
PAUSE_SECONDS = 0.1
"""Between two requests of a platform: two of them then ask for about half of what two cores can screen."""
_KEYS = {"atelier": Role.PLATFORM, "bazaar": Role.PLATFORM, "ad": Role.ADMIN}
console = Console(stderr=True)


@contextmanager
def _service(data: Path) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[str], httpx.Client]]]:
    keys = {name: secrets.token_urlsafe(32) for name in _KEYS}
    port = 8471 + os.getpid() % 1000
    entries = ",".join(f"{name}:{role}:{key_sha256(keys[name])}" for name, role in _KEYS.items())
    environment = {
        **os.environ,
        "LORA_SCREENING_API_KEYS": entries,
        "LORA_SCREENING_REQUESTS_PER_MINUTE": "1000000",
        "LORA_SCREENING_REBUILD_QUIET_SECONDS": "0.01",
        "LORA_SCREENING_REBUILD_SECONDS": "0.01",
        "LORA_SCREENING_RUNTIME": "onnxruntime",
    }
    command = [sys.executable, "-m", "service.cli", "serve", "--port", str(port), "--data", str(data)]

    def client(name: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {keys[name]}"}
        return httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60, trust_env=False)

    with (data / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stderr=log)  # noqa: S603
        try:
            yield process, client
        finally:
            process.terminate()
            process.wait(60)


class Load:
    """Screens uploads, one after the other, and counts what is answered."""

    def __init__(self, client: httpx.Client, pictures: list[bytes]) -> None:
        self.answers: Counter[int] = Counter()
        self.seconds: list[float] = []
        self.faults: list[str] = []
        self._client, self._pictures = client, pictures
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop, after the request that is under way."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        for number in itertools.count():
            if self._stop.is_set():
                return
            data = self._pictures[number % len(self._pictures)]
            started = time.monotonic()
            try:
                response = _screen(self._client, f"load-{number}", data)
                self.answers[response.status_code] += 1
                if response.status_code != 200:
                    self.faults.append(response.text[:300])
            except httpx.HTTPError as error:
                self.answers[0] += 1
                self.faults.append(repr(error))
            self.seconds.append(time.monotonic() - started)
            self._stop.wait(PAUSE_SECONDS)


def _screen(client: httpx.Client, external_id: str, data: bytes) -> httpx.Response:
    form = {"upload": json.dumps({"external_id": external_id})}
    return client.post("/v1/screen", data=form, files=[("images", ("a.png", data))])


def _found(client: httpx.Client, slug: str, data: bytes) -> bool:
    answer = _screen(client, "probe", data).raise_for_status().json()
    return any(item["kind"] == "exact_copy" and item["reference_set"] == slug for item in answer["evidence"])


def _register(admin: httpx.Client, slug: str, pictures: list[bytes]) -> None:
    document = {
        "slug": slug,
        "title": {"en": slug.title()},
        "work": {"en": f"The tale of {slug}"},
        "aliases": [{"text": slug.replace("-", " ").title(), "language": "en", "kind": "distinctive"}],
        "rights": {"holder": "Soak", "identity": "a register entry", "evidence": "a contract"},
    }
    admin.post("/v1/reference-sets", json=document).raise_for_status()
    files = [("images", (f"{number:02}.png", data)) for number, data in enumerate(pictures)]
    admin.post(f"/v1/reference-sets/{slug}/references", files=files).raise_for_status()
    admin.post(f"/v1/reference-sets/{slug}/activate").raise_for_status()


def _until(condition: Callable[[], bool], seconds: float) -> float | None:
    """Return after how long a question was asked that was answered with yes, or None."""
    started = time.monotonic()
    while (spent := time.monotonic() - started) < seconds:
        if condition():
            return spent
        time.sleep(0.02)
    return None


def _memory(process: subprocess.Popen[bytes]) -> tuple[float, int]:
    """Return resident MiB and open files."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    kib = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    return kib / 1024, len(list(Path(f"/proc/{process.pid}/fd").iterdir()))


def run(changes: int, rebuilds: int, swaps: int, data: Path) -> dict[str, Any]:
    """Do all of it; returns the figures."""
    with _service(data) as (process, client):
        admin, probe = client("ad"), client("atelier")
        _until(lambda: _alive(probe), 60)
        for number in range(SETS):
            _register(admin, f"set-{number:02}", [encoded(draw(number, n)) for n in range(PICTURES)])
        first = _until(lambda: probe.get("/readyz").status_code == 200, 180)
        if first is None:
            raise SystemExit("the first generation was not built within three minutes")
        strangers = [encoded(draw(70 + number, number)) for number in range(8)]
        loads = [Load(client(name), strangers) for name in ("atelier", "bazaar")]
        samples, late, times = [], 0, []
        started = time.monotonic()
        for number in track(range(changes // 2), "changes", console=console):
            slug, picture = f"set-{number % SETS:02}", encoded(draw(number % SETS, 1000 + number))
            for here in (True, False):
                if here:
                    path = f"/v1/reference-sets/{slug}/references"
                    added = admin.post(path, files=[("images", (f"live-{number}.png", picture))]).raise_for_status()
                    reference = added.json()["references"][0]["id"]
                else:
                    admin.delete(f"/v1/reference-sets/{slug}/references/{reference}").raise_for_status()
                spent = _until(lambda: _found(probe, slug, picture) is here, 10)  # noqa: B023 (called at once)
                late += spent is None or spent > IN_FORCE_SECONDS
                times.append(10.0 if spent is None else spent)
            samples.append(_memory(process))
        while _generation(admin) < rebuilds and time.monotonic() - started < LONGEST_SECONDS:
            # A change a time, so that there is something to build.
            picture = encoded(draw(5, int(time.monotonic() * 1000) % 100_000))
            admin.post(
                "/v1/reference-sets/set-05/references", files=[("images", ("x.png", picture))]
            ).raise_for_status()
            before = _generation(admin)
            _until(lambda: _generation(admin) > before, 60)  # noqa: B023 (called at once)
            samples.append(_memory(process))
        built = _generation(admin)
        swapped = 0
        for _ in track(range(swaps), "swaps", console=console):
            number = _publish_copy(data / "snapshot")
            swapped += _until(lambda: _generation(admin) >= number, 60) is not None  # noqa: B023 (called at once)
            samples.append(_memory(process))
        for load in loads:
            load.stop()
    seconds = sorted(second for load in loads for second in load.seconds)
    tenth = max(1, len(samples) // 10)
    return {
        "changes": len(times),
        "rebuilds": built,
        "swaps": swapped,
        "minutes": round((time.monotonic() - started) / 60, 1),
        "in_force_seconds": {
            "median": round(statistics.median(times), 3),
            "99 %": round(sorted(times)[int(len(times) * 0.99)], 3),
            "most": round(max(times), 3),
            "later_than_2": late,
        },
        "requests": {"sent": len(seconds), "answers": dict(sum((load.answers for load in loads), Counter()))},
        "request_seconds": {
            "median": round(statistics.median(seconds), 3),
            "99 %": round(seconds[int(len(seconds) * 0.99)], 3),
        },
        "memory_mib": {
            "second_tenth": round(statistics.median(rss for rss, _ in samples[tenth : 2 * tenth] or samples), 1),
            "last_tenth": round(statistics.median(rss for rss, _ in samples[-tenth:]), 1),
            "most": round(max(rss for rss, _ in samples), 1),
        },
        "open_files": {"first": samples[0][1], "last": samples[-1][1]},
        "faults": [fault for load in loads for fault in load.faults][:5],
    }


def _publish_copy(out: Path) -> int:
    """Publish the newest generation under the next number, by one rename; its files are shared."""
    newest = snapshots.generations(out)[-1]
    number = int(newest.name) + 1
    folder = out / f".copy-{number}"
    shutil.copytree(newest, folder, copy_function=os.link)
    manifest = json.loads((newest / "manifest.json").read_text(encoding="utf-8"))
    for name in ("manifest.json", snapshots.SUMS):
        (folder / name).unlink()
    (folder / "manifest.json").write_text(json.dumps({**manifest, "generation": f"{number:06}"}), encoding="utf-8")
    reseal(folder)
    snapshots.publish(folder, out)
    return number


def _alive(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def _generation(client: httpx.Client) -> int:
    text = client.get("/metrics").text
    return int(
        float(
            next(
                line.split()[1] for line in text.splitlines() if line.startswith("lora_screening_snapshot_generation ")
            )
        )
    )


def main() -> int:
    """Run, print, and fail where a request was dropped, a change came late, or memory grew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=1000)
    parser.add_argument("--rebuilds", type=int, default=100)
    parser.add_argument("--swaps", type=int, default=100)
    parser.add_argument("--out", type=Path, default=Path("build/soak.json"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = run(asked.changes, asked.rebuilds, asked.swaps, Path(folder))
    text = json.dumps(figures, indent=1, ensure_ascii=False)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")
    dropped = sum(count for status, count in figures["requests"]["answers"].items() if status != 200)
    memory = figures["memory_mib"]
    grew = memory["last_tenth"] > memory["second_tenth"] * 1.1
    return 1 if dropped or figures["in_force_seconds"]["later_than_2"] or grew else 0


if __name__ == "__main__":
    sys.exit(main())
