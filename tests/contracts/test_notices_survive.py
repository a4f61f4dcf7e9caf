"""A process that changes notices is killed at any moment: each change is whole, or never was."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from service.adapters.sql.audit import SqlAuditLog
from service.adapters.sql.engine import open_database
from service.adapters.sql.notices import SqlNotices
from service.adapters.sql.tables import measures, notices
from service.domain.audit import verify
from service.domain.notice import CounterState, NoticeState
from tests.notices import Bench

KILLED = 8
LONGEST = 0.6
WRITER = """
import sys
from datetime import timedelta
from service.adapters.sql.engine import connect
from tests.notices import ATELIER, MO, OWNER, REPLY, GIVEN, Bench

bench = Bench(connect(sys.argv[1]))
print("ready", flush=True)
while True:
    notice_id = bench.desk.receive(GIVEN, OWNER).notice.id
    print("told", "received", notice_id, flush=True)
    bench.desk.take_measures(notice_id, MO)
    print("told", "taken", notice_id, flush=True)
    counter = bench.counters.receive(notice_id, REPLY, ATELIER)
    print("told", "countered", notice_id, flush=True)
    bench.counters.tick(counter.due)
    print("told", "reinstated", notice_id, flush=True)
    bench.consequences.tick(counter.due)
"""
REACHED = {
    "received": 1,
    "taken": 3,
    "countered": 4,
    "reinstated": 5,
}
ORDER = [
    NoticeState.RECEIVED,
    NoticeState.COMPLETE,
    NoticeState.FORWARDED_TO_UPLOADER,
    NoticeState.MEASURES_TAKEN,
    NoticeState.FORWARDED_TO_RIGHT_HOLDER,
    NoticeState.REINSTATED,
]


def acknowledged(url: str, seconds: float) -> list[tuple[str, str]]:
    """Let a process write, kill it, and return what it had said was done."""
    command = [sys.executable, "-c", WRITER, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:  # noqa: S603 (our own interpreter)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(seconds)
        writer.send_signal(signal.SIGKILL)
        lines = writer.stdout.read().splitlines(keepends=True)
        told = [line.split() for line in lines if line.strip() and line.endswith("\n")]
    assert writer.returncode == -signal.SIGKILL
    # The log goes the same way.
    return [(line[1], line[2]) for line in told if line[0] == "told"]


def halves(engine: sa.Engine) -> list[str]:
    """Name the notices whose parts do not fit together."""
    store, found = SqlNotices(engine), []
    with engine.connect() as connection:
        ids = list(connection.scalars(sa.select(notices.c.id)))
        in_force = {
            row.because: row.number
            for row in connection.execute(
                sa.select(measures.c.because, sa.func.count().label("number"))
                .where(measures.c.ended.is_(None))
                .group_by(measures.c.because)
            )
        }
    for notice_id in ids:
        notice, of = store.get(notice_id), store.correspondence(notice_id)
        assert notice is not None
        states = [item.state for item in of.counter_notices]
        expected = {
            NoticeState.FORWARDED_TO_RIGHT_HOLDER: ([CounterState.WAITING], 2),
            NoticeState.REINSTATED: ([CounterState.REINSTATED], 1),
            NoticeState.MEASURES_TAKEN: ([], 2),
        }.get(notice.state)
        if expected is not None and (states, in_force.get(notice.because, 0)) != expected:
            found.append(notice_id)
    return found


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_notice_is_never_half_changed(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = f"sqlite:///{tmp_path / 'record.db'}" if database == "sqlite" else request.getfixturevalue("postgres_url")
    engine = open_database(url)
    bench = Bench(engine)
    moments = random.Random(7)
    told: list[tuple[str, str]] = []
    for _ in range(KILLED):
        told += acknowledged(url, moments.uniform(0.0, LONGEST))
        log = SqlAuditLog(engine)
        assert verify(log.all_entries(), head=log.head()) is None
        assert halves(engine) == []
    assert told
    for what, notice_id in told:
        assert ORDER.index(bench.state(notice_id)) >= REACHED[what]
    engine.dispose()
