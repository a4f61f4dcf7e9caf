"""What was acknowledged is there after a process was killed at any moment, and the audit chain is whole."""

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
from service.adapters.sql.case_history import SqlCaseHistory
from service.adapters.sql.cases import SqlCases
from service.adapters.sql.engine import open_database
from service.adapters.sql.screening_history import SqlScreeningHistory
from service.domain.audit import verify
from service.domain.case import CaseState

KILLED = 20
LONGEST = 0.4
"""Seconds until a writer is killed, at most: some hundred writes."""

WRITER = """
import sys
from service.adapters.sql.cases import SqlCases
from service.adapters.sql.engine import connect
from service.domain.case import LEASE, CaseState
from tests.cases import MINUTE, NOON, case, decision, fill

engine = connect(sys.argv[1])
cases = SqlCases(engine)
print("ready", flush=True)
for number in range(int(sys.argv[2]), 10**9):
    fill(engine, case(number))
    print("screened", number, flush=True)
    assert cases.claim(f"case_{number}", "user:mo", NOON, NOON + LEASE)
    print("claimed", number, flush=True)
    assert cases.decide(f"case_{number}", decision(number), CaseState.DECIDED)
    print("decided", number, flush=True)
    if number % 3 == 0:
        assert cases.undo(f"case_{number}", "user:mo", NOON)
        print("undone", number, flush=True)
"""


def acknowledged(url: str, begin: int, seconds: float) -> list[tuple[str, int]]:
    """Let a process write, kill it, and return what it had said was done."""
    command = [sys.executable, "-c", WRITER, url, str(begin)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:  # noqa: S603 (our own interpreter)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(seconds)
        writer.send_signal(signal.SIGKILL)
        told = [line.split() for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    assert writer.returncode == -signal.SIGKILL
    return [(what, int(number)) for what, number in told]


def missing(engine: sa.Engine, told: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return what was acknowledged and is not in the record."""
    cases, history, screenings = SqlCases(engine), SqlCaseHistory(engine), SqlScreeningHistory(engine)
    lost = []
    for what, number in told:
        case, past = cases.get(f"case_{number}"), screenings.read(f"scr_{number}")
        decisions = history.decisions(f"case_{number}")
        there = case is not None and past is not None and len(past.pictures) == 2
        if what == "claimed":
            there &= case is not None and (case.claim is not None or case.state is CaseState.DECIDED)
        elif what == "decided":
            there &= len(decisions) == 1
        elif what == "undone":
            there &= [item.undone is not None for item in decisions] == [True]
        if not there:
            lost.append((what, number))
    return lost


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_acknowledged_is_lost_when_a_writer_is_killed(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path / 'record.db'}" if database == "sqlite" else request.getfixturevalue("postgres_url")
    engine = open_database(url)
    moments = random.Random(7)
    told: list[tuple[str, int]] = []
    for killed in range(KILLED):
        told += acknowledged(url, 1 + killed * 1_000_000, moments.uniform(0.0, LONGEST))
        log = SqlAuditLog(engine)
        assert verify(log.all_entries(), head=log.head()) is None
    assert len(told) > KILLED
    assert missing(engine, told) == []
    engine.dispose()
