"""The audit log is append-only, and its seals find what was changed in spite of that, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from service.adapters.signing import FileSigner, verify
from service.adapters.sql.audit import SqlAuditLog, write_entry
from service.adapters.sql.engine import open_database, writing
from service.adapters.sql.seals import SqlSeals
from service.domain.errors import TimeStampError
from service.domain.seal import Seal
from service.usecases.log_check import LogCheck, LogChecked
from service.usecases.sealing import Sealing
from tests.cases import NOON
from tests.databases import fresh_database
from tests.fakes import FixedClock
from tests.tampering import unlock


@pytest.fixture
def engine(engine: sa.Engine) -> sa.Engine:
    write(engine, 7)
    return engine


class FakeStamps:
    """TimeStamps that fail while `down`, and stamp by turning a text around."""

    def __init__(self) -> None:
        self.down = False

    def stamp(self, data: bytes) -> bytes:
        if self.down:
            raise TimeStampError("nobody answers")
        return data[::-1]

    def check(self, stamp: bytes, data: bytes) -> str | None:
        return None if stamp == data[::-1] else "another text was stamped"


@pytest.fixture
def stamps() -> FakeStamps:
    return FakeStamps()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def sealing(engine: sa.Engine, tmp_path: Path, clock: FixedClock, stamps: FakeStamps) -> Sealing:
    signer = FileSigner(tmp_path / "key.pem")
    return Sealing(SqlAuditLog(engine), SqlSeals(engine), signer, clock, stamps=stamps, entries=5, hours=24)


def write(engine: sa.Engine, count: int) -> None:
    for number in range(count):
        with writing(engine) as connection:
            about = {"by": "mo", "number": number}
            write_entry(connection, at=NOON, actor="user:mo", action="case.claimed", subject="case:1", after=about)


def check(engine: sa.Engine, tmp_path: Path, key: str = "key.pem", stamps: FakeStamps | None = None) -> LogChecked:
    signer = FileSigner(tmp_path / key)
    keys = lambda: [signer.public_key()]  # noqa: E731
    return LogCheck(SqlAuditLog(engine), SqlSeals(engine), keys=keys, verifier=verify, stamps=stamps).check()


def seals(engine: sa.Engine) -> list[Seal]:
    return SqlSeals(engine).all_seals()


LOCKED = [
    "UPDATE audit_entries SET actor = 'user:eve' WHERE number = 3",
    "DELETE FROM audit_entries WHERE number = 3",
    "DELETE FROM audit_head",
    "UPDATE audit_head SET number = number - 1",
    "UPDATE audit_head SET number = number + 2",
    "UPDATE audit_head SET sha256 = previous FROM audit_entries",
    "UPDATE seals SET sha256 = root",
    "DELETE FROM seals",
    "UPDATE seal_stamps SET stamp = stamp",
    "DELETE FROM seal_stamps",
]


class TestLocks:
    @pytest.mark.parametrize("statement", LOCKED)
    def test_the_database_refuses_to_change_the_log(self, engine: sa.Engine, sealing: Sealing, statement: str) -> None:
        sealing.watch()
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), writing(engine) as connection:
            connection.execute(sa.text(statement))

    def test_postgresql_refuses_to_truncate(self, engine: sa.Engine) -> None:
        if engine.dialect.name != "postgresql":
            statement = "INSERT OR REPLACE INTO audit_entries SELECT * FROM audit_entries WHERE number = 3"
        else:
            statement = "TRUNCATE audit_entries"
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), writing(engine) as connection:
            connection.execute(sa.text(statement))


ROLE = "screening"
FORBIDDEN = [
    "UPDATE audit_entries SET actor = actor",
    "UPDATE seals SET root = root",
    "UPDATE seal_stamps SET stamp = stamp",
    "DELETE FROM audit_entries",
    "DELETE FROM audit_head",
    "DELETE FROM seals",
    "DELETE FROM seal_stamps",
    "TRUNCATE audit_entries",
    "TRUNCATE audit_head",
    "TRUNCATE seals CASCADE",
    "TRUNCATE seal_stamps",
    "INSERT INTO audit_head (id, number, sha256) VALUES (2, 1, '')",
    "DROP TRIGGER audit_entries_changes ON audit_entries",
    "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
    "SET session_replication_role = replica",
    "DROP TABLE seal_stamps",
]


def documented() -> list[str]:
    """Return the statements that docs/evidence.md gives an operator."""
    text = (Path(__file__).parents[2] / "docs/evidence.md").read_text(encoding="utf-8")
    return [item.strip() for item in text.split("```sql")[1].split("```")[0].split(";") if item.strip()]


class TestRole:
    """What docs/evidence.md has an operator do: the service works as a role that does not own the tables."""

    @pytest.fixture
    def working(self, postgres_url: str, tmp_path: Path) -> Iterator[sa.Engine]:
        owner = fresh_database(postgres_url)
        write(owner, 3)
        log, kept = SqlAuditLog(owner), SqlSeals(owner)
        Sealing(log, kept, FileSigner(tmp_path / "key.pem"), FixedClock(NOON), stamps=FakeStamps(), entries=1).watch()
        with owner.connect().execution_options(writes=True) as connection, connection.begin():
            connection.execute(sa.text(f"CREATE ROLE {ROLE} LOGIN"))
            for statement in documented():
                connection.execute(sa.text(statement))
        engine = sa.create_engine(sa.make_url(postgres_url).set(username=ROLE))
        yield engine
        engine.dispose()
        with owner.connect().execution_options(writes=True) as connection, connection.begin():
            connection.execute(sa.text(f"DROP OWNED BY {ROLE}"))
            connection.execute(sa.text(f"DROP ROLE {ROLE}"))
        owner.dispose()

    @pytest.mark.parametrize("statement", FORBIDDEN)
    def test_the_database_denies_it(self, working: sa.Engine, statement: str) -> None:
        denied = "permission denied|must be owner"
        with pytest.raises(sa.exc.DBAPIError, match=denied), working.begin() as connection:
            connection.execute(sa.text(statement))

    def test_the_service_works_under_it(self, working: sa.Engine, postgres_url: str, tmp_path: Path) -> None:
        engine = open_database(sa.make_url(postgres_url).set(username=ROLE).render_as_string(hide_password=False))
        write(engine, 2)
        signer = FileSigner(tmp_path / "key.pem")
        Sealing(SqlAuditLog(engine), SqlSeals(engine), signer, FixedClock(NOON), stamps=FakeStamps()).seal()
        found = check(engine, tmp_path)
        engine.dispose()
        assert (found.fault, found.seals) == (None, 2)
        assert working.dialect.name == "postgresql"


class TestSealing:
    def test_enough_entries_are_sealed_and_the_log_tells_it(self, engine: sa.Engine, sealing: Sealing) -> None:
        sealing.watch()
        (seal,) = seals(engine)
        assert (seal.first, seal.last) == (1, 7)
        assert [entry.action for entry in SqlAuditLog(engine).entries(after=7)] == ["seal.made", "seal.stamped"]

    def test_an_idle_log_is_not_sealed_for_ever(self, engine: sa.Engine, sealing: Sealing, clock: FixedClock) -> None:
        sealing.watch()
        clock.time += timedelta(days=30)
        sealing.watch()
        assert len(seals(engine)) == 1

    def test_a_single_entry_is_sealed_after_a_day(self, engine: sa.Engine, sealing: Sealing, clock: FixedClock) -> None:
        sealing.watch()
        write(engine, 1)
        sealing.watch()
        assert len(seals(engine)) == 1
        clock.time += timedelta(hours=24)
        sealing.watch()
        assert [seal.first for seal in seals(engine)] == [1, 8]

    def test_a_missing_stamp_stops_nothing_and_is_fetched_later(
        self, engine: sa.Engine, sealing: Sealing, stamps: FakeStamps, tmp_path: Path
    ) -> None:
        stamps.down = True
        sealing.watch()
        assert check(engine, tmp_path).unstamped == 1
        stamps.down = False
        sealing.watch()
        found = check(engine, tmp_path, stamps=stamps)
        assert (found.fault, found.unstamped) == (None, 0)


def rehash(engine: sa.Engine, number: int) -> None:
    """Change an entry, and hash the whole log anew after it."""
    unlock(engine)
    with writing(engine) as connection:
        rows = connection.execute(sa.text("SELECT * FROM audit_entries ORDER BY number")).all()
        connection.execute(sa.text("DELETE FROM audit_entries"))
        connection.execute(sa.text("UPDATE audit_head SET number = 0, sha256 = ''"))
        for row in rows:
            after = {"by": "eve"} if row.number == number else {"by": "mo"}
            write_entry(connection, at=NOON, actor=row.actor, action=row.action, subject=row.subject, after=after)


TAMPERED = [
    ("UPDATE audit_entries SET actor = 'user:eve' WHERE number = 3", 3),
    ("UPDATE audit_entries SET at = '2026-11-19 12:00:00.000000' WHERE number = 6", 6),
    ("DELETE FROM audit_entries WHERE number = 2", 3),
    ("DELETE FROM audit_entries WHERE number >= 5", 4),
    ("UPDATE audit_entries SET number = 90 WHERE number = 9", 90),
    ("UPDATE audit_head SET number = 2", 9),
    ("DELETE FROM seal_stamps", None),
    ("UPDATE seals SET root = sha256", 7),
    ("UPDATE seals SET signature = '" + "0" * 128 + "'", 7),
    ("UPDATE seals SET number = 2", 1),
    ("UPDATE seals SET last = 99", 99),
]


class TestTampering:
    @pytest.mark.parametrize(("statement", "entry"), TAMPERED)
    def test_what_was_changed_is_named(
        self, engine: sa.Engine, sealing: Sealing, tmp_path: Path, statement: str, entry: int | None
    ) -> None:
        sealing.watch()
        assert check(engine, tmp_path).fault is None
        unlock(engine)
        with writing(engine) as connection:
            if "seals SET number" in statement:
                connection.execute(sa.text("DELETE FROM seal_stamps"))
            connection.execute(sa.text(statement))
        fault = check(engine, tmp_path).fault
        assert (fault.number if fault else None) == entry

    def test_a_log_hashed_anew_as_a_whole_does_not_fit_its_seal(
        self, engine: sa.Engine, sealing: Sealing, tmp_path: Path
    ) -> None:
        sealing.watch()
        rehash(engine, 3)
        fault = check(engine, tmp_path).fault
        assert fault is not None
        assert (fault.number, "does not fit seal 1" in fault.what) == (7, True)

    def test_a_seal_of_another_key_is_none(self, engine: sa.Engine, sealing: Sealing, tmp_path: Path) -> None:
        sealing.watch()
        fault = check(engine, tmp_path, key="another.pem").fault
        assert fault is not None
        assert "no known key" in fault.what

    def test_a_stamp_of_another_text_is_named(
        self, engine: sa.Engine, sealing: Sealing, tmp_path: Path, stamps: FakeStamps
    ) -> None:
        sealing.watch()
        unlock(engine)
        with writing(engine) as connection:
            connection.execute(sa.text("UPDATE seal_stamps SET stamp = :stamp"), {"stamp": b"other"})
        fault = check(engine, tmp_path, stamps=stamps).fault
        assert fault is not None
        assert "time stamp" in fault.what
