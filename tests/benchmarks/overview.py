"""Time what the overview asks of a large SQLite: 1,000,000 screenings and 100,000 cases.

    python -m tests.benchmarks.overview [--days 365] [--repeat 5] [--keep FOLDER]

`--days` is the time over which the screenings are spread: at 30 all of them are in the span that the page shows, which
is the hardest case. Rows are written in bulk, without what the stores check.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from service.adapters.sql.case_history import SqlCaseHistory
from service.adapters.sql.case_queue import SqlCaseQueue
from service.adapters.sql.control_pictures import SqlControlPictures
from service.adapters.sql.engine import open_database
from service.adapters.sql.reports import SqlBacklog, SqlReports
from service.domain.evidence import EvidenceKind
from service.domain.upload import Stage
from service.usecases.overview import Overview

SCREENINGS = 1_000_000
CASES = 100_000
OPEN = 5_000
SETS = 2_000
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
_AT_ONCE = 50_000
_KINDS = [kind.value for kind in EvidenceKind]
_ANSWER = json.dumps({"grounds": ["x" * 60] * 25})
"""About as long as an answer with grounds is."""


class _Fixed:
    def now(self) -> datetime:
        return NOW


def fill(path: Path, days: int) -> None:
    """Write the rows; the screenings are spread evenly over so many days before NOW."""
    random, connection = Random(1), sqlite3.connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    for start in range(0, SCREENINGS, _AT_ONCE):
        rows = list(_screenings(random, start, days))
        _insert(
            connection,
            "screenings",
            "id platform external_id created request_sha256 answer uploader stage verdict shadow policy_version record",
            (row for row, _ in rows),
        )
        found = [item for _, sets in rows for item in sets]
        _insert(connection, "screened_sets", "screening_id reference_set created outcome lowest_rate kinds", found)
    made = list(_cases(random, days))
    _insert(
        connection,
        "cases",
        "id screening_id platform external_id uploader stage origin state opened rank decision_id decided",
        (case for case, _, _ in made),
    )
    facets = [facet for _, _, facets in made for facet in facets]
    _insert(connection, "case_facets", "case_id facet value state rank opened", facets)
    _insert(connection, "decisions", "id case_id kind reason_code comment by at", (made for _, made, _ in made if made))
    connection.commit()
    connection.execute("ANALYZE")
    connection.close()


def _screenings(random: Random, start: int, days: int) -> Iterator[tuple[tuple[Any, ...], list[tuple[Any, ...]]]]:
    for number in range(start, start + _AT_ONCE):
        created = _written(_moment(number, days))
        verdict = "review" if number % 10 == 0 else "block" if number % 30 == 1 else "allow"
        name = f"scr_{number:030x}"
        answer = _ANSWER if number % 10 == 0 else "{}"
        row = (name, "atelier", f"m-{number}", created, f"{number:064x}", answer, f"u-{number % 5000}", "publication")
        sets = [] if verdict == "allow" and number % 7 else [min(int(random.paretovariate(0.6)), SETS)]
        found = [(name, f"set-{slug}", created, verdict, 0.001, '["alias"]') for slug in sets]
        yield (*row, verdict, number % 100 == 2, "2026-11+634e20aa", "{}"), found


def _cases(
    random: Random, days: int
) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...] | None, list[tuple[Any, ...]]]]:
    stages = [stage.value for stage in Stage]
    for number in range(CASES):
        opened = _moment(number * 10, days)
        is_open = number >= CASES - OPEN
        decided = min(opened + timedelta(hours=random.lognormvariate(1, 1)), NOW)
        origin = "second_look" if number % 20 == 0 else "review"
        name, made = f"case_{number:030x}", f"dec_{number:030x}"
        state, when = ("open", None) if is_open else ("decided", _written(decided))
        row = (name, f"scr_{number * 10:030x}", "atelier", f"m-{number}", f"u-{number % 5000}", stages[number % 3])
        case = (*row, origin, state, _written(opened), float(number), None if is_open else made, when)
        values = [("kind", kind) for kind in random.sample(_KINDS, 2)] + [("set", f"set-{number % SETS}")]
        facets = [(name, facet, value, state, float(number), _written(opened)) for facet, value in values]
        kind = random.choice(["uphold", "uphold", "dismiss"])
        yield case, None if is_open else (made, name, kind, "shows_character", "", "user:mo", when), facets


def _moment(number: int, days: int) -> datetime:
    return NOW - timedelta(days=days) * (1 - number / SCREENINGS)


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def _insert(connection: sqlite3.Connection, table: str, columns: str, rows: Any) -> None:
    names = columns.split()
    marks = ", ".join("?" * len(names))
    quoted = ", ".join(f'"{name}"' for name in names)
    connection.executemany(f"INSERT INTO {table} ({quoted}) VALUES ({marks})", rows)  # noqa: S608 (names of ours)


def measure(engine: sa.Engine, repeat: int) -> dict[str, list[tuple[float, float]]]:
    """Time every question that the overview asks, and the whole: milliseconds by the clock, and of a processor."""
    reports, backlog = SqlReports(engine), SqlBacklog(engine)
    history, controls = SqlCaseHistory(engine), SqlControlPictures(engine)
    today = NOW.date() + timedelta(days=1)
    since = today - timedelta(days=30)
    queue = SqlCaseQueue(engine)
    overview = Overview(
        reports=reports, backlog=backlog, queue=queue, history=history, controls=controls, clock=_Fixed()
    )
    questions: dict[str, Callable[[], object]] = {
        "verdicts per day": lambda: reports.verdicts(since, today),
        "waits per day": lambda: reports.waits(since, today),
        "screenings": lambda: reports.screenings(since, today),
        "sets found": lambda: reports.sets_found(since, today, 10),
        "kinds decided": lambda: reports.decided_kinds(Overview.LATEST),
        "open cases by age": lambda: backlog.opened_before([NOW - timedelta(days=n) for n in range(5)]),
        "sets that flood": backlog.flooding,
        "second looks": history.agreement,
        "control pictures": controls.waiting,
        "the whole page": overview.read,
    }
    return {name: [_timed(ask) for _ in range(repeat)] for name, ask in questions.items()}


def _timed(ask: Callable[[], object]) -> tuple[float, float]:
    started, busy = time.perf_counter(), time.process_time()
    ask()
    return (time.perf_counter() - started) * 1000, (time.process_time() - busy) * 1000


def main() -> None:
    """Fill a database, time, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="folder for the database; used again where it is there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        path = (given.keep or Path(temporary)) / f"overview-{given.days}.db"
        filled = path.exists()
        engine = open_database(f"sqlite:///{path}")
        if not filled:
            fill(path, given.days)
        times = measure(engine, given.repeat)
        engine.dispose()
    table = Table(title=f"{SCREENINGS:,} screenings over {given.days} days, {CASES:,} cases; milliseconds")
    for column in ("question", "median", "first", "processor"):
        table.add_column(column, justify="left" if column == "question" else "right")
    for name, each in times.items():
        by_clock, busy = zip(*each, strict=True)
        numbers = (statistics.median(by_clock), by_clock[0], statistics.median(busy))
        table.add_row(name, *(f"{value:.1f}" for value in numbers))
    Console().print(table)


if __name__ == "__main__":
    main()
