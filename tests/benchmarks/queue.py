"""Time the queue of cases with 100,000 cases in it, as a moderator waits for it.

    python -m tests.benchmarks.queue [--cases 100000] [--out build/bench_queue.json]

Most cases are open, some are claimed, escalated or decided; platforms, sets and kinds are as uneven as they come. Each
question is asked several times on a warm database; told are the quickest, the median, the slowest, and the processor's
time. Exits with 1 where the quickest is over LIMIT_MS, of SQLite the processor's time: the others say how busy the
machine was.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from service.adapters.sql.case_queue import SqlCaseQueue
from service.adapters.sql.case_rows import KIND, SET
from service.adapters.sql.engine import open_database
from service.adapters.sql.tables import case_facets, cases, screenings
from service.domain.case import CaseState
from service.ports import QueueFilter

LIMIT_MS = 100.0
TARGET_MS = 20.0
REPEATED = 7
SETS = 2_000
PLATFORMS = 12
UPLOADERS = 20_000
KINDS = ("alias", "character_similarity", "exact_copy", "geometric_copy", "perceptual_copy", "sample_agreement")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
_AT_ONCE = 5_000
Row = dict[str, Any]


def fill(engine: sa.Engine, count: int) -> None:
    """Write cases, by the thousand, without a word in the audit log: it is not read here."""
    rows = made(count)
    with engine.begin() as connection:
        while some := list(islice(rows, _AT_ONCE)):
            connection.execute(screenings.insert(), [item[0] for item in some])
            connection.execute(cases.insert(), [item[1] for item in some])
            connection.execute(case_facets.insert(), [facet for item in some for facet in item[2]])


def made(count: int) -> Iterator[tuple[Row, Row, list[Row]]]:
    """Make the rows of cases: screening, case and facets."""
    chance = random.Random(1)
    for number in range(count):
        opened = NOW - timedelta(seconds=chance.randrange(30 * 86_400))
        state = chance.choices(list(CaseState), (80, 2, 18))[0]
        rank, case_id = opened.timestamp() / 86_400 - chance.uniform(0, 6), f"case_{number:030x}"
        platform = f"platform-{_uneven(chance, PLATFORMS)}"
        uploader, stage = f"u-{_uneven(chance, UPLOADERS)}", chance.choices(("publication", "training"), (9, 1))[0]
        claimed = state is CaseState.OPEN and chance.random() < 0.01
        screening = {
            "id": f"scr_{number:030x}",
            "platform": platform,
            "external_id": f"model-{number}",
            "created": opened,
            "request_sha256": "0" * 64,
        }
        case = {
            "id": case_id,
            "screening_id": screening["id"],
            "platform": platform,
            "external_id": screening["external_id"],
            "uploader": uploader,
            "stage": stage,
            "origin": "review",
            "state": state.value,
            "opened": opened,
            "rank": rank,
            "claimed_by": "user:mo" if claimed else None,
            "claimed_until": NOW + timedelta(minutes=5) if claimed else None,
            "decided": opened + timedelta(hours=2) if state is CaseState.DECIDED else None,
        }
        values = [(SET, f"set-{_uneven(chance, SETS)}"), *((KIND, kind) for kind in chance.sample(KINDS, 2))]
        same = {"case_id": case_id, "state": state.value, "rank": rank, "opened": opened}
        yield screening, case, [{"facet": facet, "value": value, **same} for facet, value in values]


def _uneven(chance: random.Random, most: int) -> int:
    """Choose a number below `most`, small ones far oftener."""
    return int(most * chance.random() ** 3)


def questions(queue: SqlCaseQueue) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name what moderators ask, and how it is asked."""
    filters = {
        "all": QueueFilter(),
        "nobody's": QueueFilter(unclaimed_at=NOW),
        "a busy platform": QueueFilter(platform="platform-0"),
        "a quiet platform": QueueFilter(platform=f"platform-{PLATFORMS - 1}"),
        "no such platform": QueueFilter(platform="nowhere"),
        "a common set": QueueFilter(reference_set="set-0"),
        "a rare set": QueueFilter(reference_set=f"set-{SETS - 1}"),
        "a kind": QueueFilter(kind="exact_copy"),
        "a set and a kind": QueueFilter(reference_set="set-0", kind="exact_copy"),
        "a rare set and a kind": QueueFilter(reference_set=f"set-{SETS - 1}", kind="exact_copy"),
        "a stage": QueueFilter(stage="training"),
        "a stage never asked": QueueFilter(stage="generation"),
        "a kind on a quiet platform": QueueFilter(kind="exact_copy", platform=f"platform-{PLATFORMS - 1}"),
        "an uploader": QueueFilter(uploader="u-7"),
        "a week old": QueueFilter(older_than=NOW - timedelta(days=7)),
        "a month old": QueueFilter(older_than=NOW - timedelta(days=30)),
        "escalated": QueueFilter(CaseState.ESCALATED),
        "decided": QueueFilter(CaseState.DECIDED),
    }
    for name, wanted in filters.items():
        for order in ("priority", "oldest", "newest"):
            yield f"{name}, {order}", partial(queue.page, wanted, order=order, cursor=None, most=50)
    deep = queue.page(QueueFilter(), cursor=None, most=30_000).next_cursor
    yield "the 600th page", partial(queue.page, QueueFilter(), cursor=deep, most=50)
    yield "counters", partial(queue.counters, NOW, NOW - timedelta(days=1))
    common = queue.page(QueueFilter(reference_set="set-0"), cursor=None, most=1).cases[0]
    yield "cases of the same sets", partial(queue.related, common, 20)


@dataclass(frozen=True)
class Asked:
    """How long the answers to one question took, in milliseconds: by the clock, and of this process."""

    waited: list[float]
    computed: list[float]


def timed(ask: Callable[[], object]) -> Asked:
    """Ask several times."""
    ask()
    asked = Asked([], [])
    for _ in range(REPEATED):
        started, computed = time.perf_counter(), time.thread_time()
        ask()
        asked.waited.append((time.perf_counter() - started) * 1000)
        asked.computed.append((time.thread_time() - computed) * 1000)
    return asked


def main() -> int:
    """Fill a database, ask, and print what it took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--out", type=Path, default=None)
    parser.add_argument("--database", default=None, help="an empty one to use instead, such as a PostgreSQL")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(given.database or f"sqlite:///{folder}/record.db")
        fill(engine, given.cases)
        if engine.dialect.name == "postgresql":
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(sa.text("ANALYZE"))
        found = {name: timed(ask) for name, ask in questions(SqlCaseQueue(engine))}
        engine.dispose()
    columns = ("question", "quickest ms", "median ms", "slowest ms", "processor ms")
    table = Table(*columns, title=f"{given.cases:,} cases on {engine.dialect.name}")
    in_process = engine.dialect.name == "sqlite"

    def judged(asked: Asked) -> float:
        return statistics.median(asked.computed) if in_process else min(asked.waited)

    for name, asked in found.items():
        mark = "[red]" if judged(asked) > LIMIT_MS else "[yellow]" if judged(asked) > TARGET_MS else ""
        figures = (
            min(asked.waited),
            statistics.median(asked.waited),
            max(asked.waited),
            statistics.median(asked.computed),
        )
        table.add_row(name, *(f"{mark}{figure:.1f}" for figure in figures))
    Console(width=100).print(table)
    if given.out is not None:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(
            json.dumps({name: asdict(asked) for name, asked in found.items()}, indent=1), encoding="utf-8"
        )
    return int(any(judged(asked) > LIMIT_MS for asked in found.values()))


if __name__ == "__main__":
    sys.exit(main())
