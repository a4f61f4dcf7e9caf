"""Time the pages of the queue with 100,000 cases in it: from the request to the last byte, over ASGI.

    python -m tests.benchmarks.console [--cases 100000]

The cases on the pages have records of the usual size. Exits with 1 where the quickest answer is over LIMIT_MS.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table
from starlette.testclient import TestClient

from service.adapters.sql.engine import open_database
from service.adapters.sql.tables import cases, screened_pictures, screenings
from service.domain.identity import Caller, Role
from service.main import create_app
from service.settings import Settings
from tests.benchmarks.queue import SETS, fill

LIMIT_MS = 100.0
REPEATED = 15
PICTURES = 8
PASSWORD = "a password for a benchmark"
PAGES = {
    "all": "",
    "oldest first": "?order=oldest",
    "newest first": "?order=newest",
    "a busy platform": "?platform=platform-0",
    "a common set": "?set=set-0",
    "a rare set": f"?set=set-{SETS - 1}",
    "a kind": "?kind=exact_copy",
    "a week old": "?older=7d",
    "decided": "?state=decided",
}


def record() -> Mapping[str, Any]:
    """Make the record of an upload of PICTURES pictures: two facts each, of five sets."""
    measure = {"name": "cosine", "value": 0.9, "rate": {"value": 0.0002, "low": 0.0001, "high": 0.0004}}
    facts = [
        {
            "kind": "character_similarity",
            "source": f"image:{number // 2}.png",
            "reference_set": f"set-{number % 5}",
            "measure": measure,
            "weightless": False,
            "explanation": {"en": "x" * 160, "zh": "字" * 60},
        }
        for number in range(PICTURES * 2)
    ]
    sets = [{"slug": f"set-{number}", "title": {"en": f"Set {number}", "zh": f"集 {number}"}} for number in range(5)]
    texts = [{"source": "model.name", "text": "A name"}, *({"source": "x", "text": "x" * 300} for _ in range(25))]
    return {
        "judged": {"evidence": facts, "sets": sets, "not_screened": []},
        "texts": {"items": texts, "left_out": 0},
    }


def main() -> int:
    """Fill a database, start the service, and ask."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=100_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = f"sqlite:///{folder / 'record.db'}"
        engine = open_database(database)
        fill(engine, given.cases)
        _remember(engine)
        settings = Settings(
            snapshot=folder / "snapshot",
            database=database,
            blobs=str(folder / "blobs"),
            rebuild=False,
            log_level="error",
        )
        app = create_app(settings, lambda _: None)
        app.state.wired.accounts.add("mo", Role.MODERATOR, PASSWORD, Caller("setup", Role.ADMIN))
        with TestClient(app) as client:
            _sign_in(client)
            took = {called: _timed(client, f"/console/queue{query}") for called, query in PAGES.items()}
        engine.dispose()
    table = Table("page", "quickest ms", "median ms", "slowest ms", title=f"/console/queue with {given.cases:,} cases")
    for called, figures in took.items():
        table.add_row(called, *(f"{call(figures):.1f}" for call in (min, statistics.median, max)))
    Console(width=100).print(table)
    return int(any(min(figures) > LIMIT_MS for figures in took.values()))


def _remember(engine: sa.Engine) -> None:
    """Give a record and pictures to the cases that come first in any order."""
    kept = record()
    with engine.begin() as connection:
        newest = connection.execute(sa.select(cases.c.screening_id).order_by(cases.c.opened.desc()).limit(400))
        chosen = {row.screening_id for row in newest}
        chosen |= {
            row.screening_id for row in connection.execute(sa.select(cases.c.screening_id).order_by("rank").limit(400))
        }
        # What has no answer would be sent to review when the service starts.
        connection.execute(screenings.update().values(answer={}))
        connection.execute(screenings.update().where(screenings.c.id.in_(sorted(chosen))).values(record=kept))
        same = {"sha256": "0" * 64, "pdq": b"", "vector": b"", "kept": "picture"}
        rows = [
            {"screening_id": screening_id, "number": number, "name": f"{number}.png", **same}
            for screening_id in sorted(chosen)
            for number in range(PICTURES)
        ]
        connection.execute(screened_pictures.insert(), rows)


def _sign_in(client: TestClient) -> None:
    page = client.get("/console/sign-in").text
    token = page.split('name="csrf" value="', 1)[1].split('"', 1)[0]
    client.post("/console/sign-in", data={"csrf": token, "name": "mo", "password": PASSWORD}).raise_for_status()


def _timed(client: TestClient, path: str) -> list[float]:
    client.get(path).raise_for_status()
    took = []
    for _ in range(REPEATED):
        started = time.perf_counter()
        client.get(path)
        took.append((time.perf_counter() - started) * 1000)
    return took


if __name__ == "__main__":
    sys.exit(main())
