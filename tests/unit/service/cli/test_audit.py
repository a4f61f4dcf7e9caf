"""The commands of the audit log: they say that it is whole, or where it is not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from service.adapters.signing import FileSigner
from service.adapters.sql.audit import SqlAuditLog, write_entry
from service.adapters.sql.engine import open_database, writing
from service.adapters.sql.seals import SqlSeals
from service.cli import app
from service.settings import database_in
from service.usecases.sealing import Sealing
from tests.fakes import FixedClock
from tests.tampering import unlock

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Make a record with five entries."""
    engine = open_database(database_in(tmp_path))
    for number in range(5):
        with writing(engine) as connection:
            write_entry(
                connection,
                at=NOON,
                actor="user:mo",
                action="case.claimed",
                subject=f"case:{number % 2}",
                after={"by": "mo", "number": number},
            )
    engine.dispose()
    return tmp_path


def _run(*arguments: str, data: Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["audit", *arguments, "--data", str(data)])
    return done.exit_code, done.output


def _head(data: Path) -> str:
    engine = open_database(database_in(data))
    head = SqlAuditLog(engine).head()
    engine.dispose()
    assert head is not None
    return f"{head[0]}:{head[1]}"


def _damage(data: Path, statement: str) -> None:
    engine = open_database(database_in(data))
    unlock(engine)
    with writing(engine) as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


def test_a_log_that_was_only_written_to_is_whole(data: Path) -> None:
    code, told = _run("verify", data=data)
    assert code == 0
    assert _head(data) in told


def test_an_empty_log_is_whole(tmp_path: Path) -> None:
    assert _run("verify", data=tmp_path) == (0, "the audit log is empty\n")


@pytest.mark.parametrize(
    ("statement", "entry"),
    [
        ("UPDATE audit_entries SET actor = 'user:eve' WHERE number = 3", 3),
        ("UPDATE audit_entries SET after = '{}' WHERE number = 1", 1),
        ("DELETE FROM audit_entries WHERE number = 2", 3),
        ("DELETE FROM audit_entries WHERE number = 5", 4),
        ("UPDATE audit_entries SET number = 9 WHERE number = 5", 9),
    ],
)
def test_what_was_changed_dropped_or_moved_is_named(data: Path, statement: str, entry: int) -> None:
    _damage(data, statement)
    code, told = _run("verify", data=data)
    assert code == 1
    assert f"at entry {entry}" in told


def test_a_log_written_anew_is_told_by_a_head_that_was_noted(data: Path) -> None:
    noted = _head(data)
    assert _run("verify", "--noted", noted, data=data)[0] == 0
    other = noted[:-1] + ("0" if noted[-1] != "0" else "1")
    code, told = _run("verify", "--noted", other, data=data)
    assert (code, "not the same log" in told) == (1, True)
    assert _run("verify", "--noted", "77:" + "0" * 64, data=data)[0] == 1


@pytest.mark.parametrize("noted", ["", "5", "x:y", "5:"])
def test_a_head_of_another_form_is_refused(data: Path, noted: str) -> None:
    assert _run("verify", "--noted", noted, data=data)[0] == 2


def test_entries_are_listed_by_subject(data: Path) -> None:
    code, told = _run("list", "--subject", "case:1", "--json", data=data)
    assert code == 0
    assert [line.count('"case:1"') for line in told.splitlines()] == [1, 1]


def _seal(data: Path) -> str:
    """Seal the log; return the public key."""
    engine = open_database(database_in(data))
    signer = FileSigner(data / "signing-key.pem")
    Sealing(SqlAuditLog(engine), SqlSeals(engine), signer, FixedClock(NOON)).seal()
    engine.dispose()
    return signer.public_key().hex()


def test_without_the_key_seals_cannot_be_checked_and_none_is_made(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = _seal(data)
    assert _run("verify", data=data)[0] == 0
    (data / "signing-key.pem").unlink()
    code, told = _run("verify", data=data)
    assert (code, "seals cannot be checked" in told, "broken" in told) == (1, True, False)
    assert not (data / "signing-key.pem").exists()
    monkeypatch.setenv("LORA_SCREENING_EARLIER_PUBLIC_KEYS", key)
    assert _run("verify", data=data)[0] == 0


def test_without_the_key_a_log_that_was_changed_is_broken_all_the_same(data: Path) -> None:
    _seal(data)
    (data / "signing-key.pem").unlink()
    _damage(data, "UPDATE audit_entries SET actor = 'user:eve' WHERE number = 3")
    code, told = _run("verify", data=data)
    assert (code, "at entry 3" in told) == (1, True)
    _damage(data, "UPDATE seals SET signature = '" + "0" * 128 + "'")
    assert _run("verify", data=data)[0] == 1


def test_a_log_without_seals_needs_no_key(data: Path) -> None:
    assert _run("verify", data=data)[0] == 0
    assert not (data / "signing-key.pem").exists()
