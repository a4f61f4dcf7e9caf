"""What every Users, Sessions and Invitations does, on SQLite and on PostgreSQL, with real races."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa

from service.adapters.sql.accounts import NOBODY, SqlInvitations, SqlSessions, SqlUsers
from service.adapters.sql.audit import SqlAuditLog
from service.domain.account import LOCKOUT, LOCKOUT_AFTER, Invitation, Session, User
from service.domain.audit import SYSTEM, verify
from service.domain.identity import Role
from tests.databases import fresh_database

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HASH, TOKEN = "hash of a password", "a" * 64
AT_ONCE = 8


def person(name: str = "mo", role: Role = Role.MODERATOR) -> User:
    return User(f"usr_{name}", name, role, NOON)


def session(user: User, *, hours: int = 12) -> Session:
    return Session(user, f"csrf of {user.name}", NOON + timedelta(hours=hours))


def invitation(number: int = 1, *, by: str = "user:ad", at: datetime = NOON) -> Invitation:
    return Invitation(f"inv_{number}", Role.MODERATOR, at, by, at + timedelta(days=7))


def at_once(act: Callable[[int], bool]) -> list[bool]:
    """Do something in several threads at the same moment."""
    results: list[bool] = []
    barrier = threading.Barrier(AT_ONCE)

    def run(number: int) -> None:
        barrier.wait()
        results.append(act(number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == AT_ONCE
    return results


class AccountsContract:
    """Subclasses give the fixture `engine`."""

    @pytest.fixture
    def users(self, engine: sa.Engine) -> SqlUsers:
        return SqlUsers(engine)

    @pytest.fixture
    def sessions(self, engine: sa.Engine) -> SqlSessions:
        return SqlSessions(engine)

    @pytest.fixture
    def invitations(self, engine: sa.Engine) -> SqlInvitations:
        return SqlInvitations(engine)

    @pytest.fixture
    def actions(self, engine: sa.Engine) -> Iterator[Callable[[str | None], list[str]]]:
        log = SqlAuditLog(engine)

        def told(subject: str | None = None) -> list[str]:
            return [entry.action for entry in log.entries(subject=subject)]

        yield told
        assert verify(log.all_entries(), head=log.head()) is None
        assert not any(HASH in entry.before + entry.after for entry in log.all_entries())

    def test_who_was_added_is_found_by_name_and_by_subject(self, users: SqlUsers) -> None:
        given = replace(person(), language="zh", created=NOON.astimezone(timezone(timedelta(hours=8))))
        assert users.add(given, HASH, "user:ad", subject="https://idp sub-1")
        assert users.find("mo") == (replace(given, created=NOON), HASH)
        assert users.find_subject("https://idp sub-1") == replace(given, created=NOON)
        assert users.find("Mo") is None
        assert users.find_subject("sub-1") is None

    def test_a_name_or_a_subject_is_one_persons(self, users: SqlUsers) -> None:
        assert users.add(person(), HASH, "user:ad", subject="s")
        assert not users.add(replace(person(), id="usr_2"), HASH, "user:ad")
        assert not users.add(person("bo"), None, SYSTEM, subject="s")
        assert [user.id for user in users.list_all()] == ["usr_mo"]

    def test_everybody_is_listed_by_name(self, users: SqlUsers) -> None:
        for name in ("mo", "ad", "bo"):
            users.add(person(name), HASH, "user:ad")
        assert [user.name for user in users.list_all()] == ["ad", "bo", "mo"]

    def test_a_change_leaves_the_other_fields_as_they_are(self, users: SqlUsers) -> None:
        users.add(person(), HASH, "user:ad")
        assert users.change("mo", {"role": Role.ADMIN}, "user:ad", NOON, "user.role_changed")
        assert users.change("mo", {"language": "zh"}, "user:mo", NOON, "user.language_changed")
        assert users.find("mo") == (replace(person(), role=Role.ADMIN, language="zh"), HASH)
        assert not users.change("bo", {"language": "zh"}, "user:bo", NOON, "user.language_changed")

    def test_the_log_tells_what_changed_and_never_a_hash(
        self, users: SqlUsers, engine: sa.Engine, actions: Callable[[str], list[str]]
    ) -> None:
        users.add(person(), HASH, "user:ad")
        users.change("mo", {"role": Role.ADMIN, "owner": None}, "user:ad", NOON, "user.role_changed")
        users.change("mo", {"password": f"another {HASH}"}, "user:mo", NOON, "user.password_changed")
        assert actions("user:mo") == ["user.added", "user.role_changed", "user.password_changed"]
        changed = SqlAuditLog(engine).entries(subject="user:mo")[1]
        assert changed.actor == "user:ad"
        assert (changed.before, changed.after) == (
            '{"owner":null,"role":"moderator"}',
            '{"owner":null,"role":"admin"}',
        )

    def test_a_session_is_found_until_it_expires_and_not_after_it_ended(
        self, users: SqlUsers, sessions: SqlSessions, actions: Callable[[str], list[str]]
    ) -> None:
        users.add(person(), HASH, "user:ad")
        assert sessions.start(TOKEN, session(person()), NOON, verified=HASH)
        assert sessions.find(TOKEN, NOON) == session(person())
        assert sessions.find(TOKEN, NOON + timedelta(hours=12)) is None
        assert sessions.find("b" * 64, NOON) is None
        sessions.end(TOKEN, NOON)
        sessions.end(TOKEN, NOON)
        assert sessions.find(TOKEN, NOON) is None
        assert actions("user:mo") == ["user.added", "user.signed_in", "user.signed_out"]

    @pytest.mark.parametrize(
        ("fields", "stays"),
        [
            ({"password": "other"}, False),
            ({"role": Role.ADMIN}, False),
            ({"disabled": True}, False),
            ({"language": "en"}, True),
        ],
    )
    def test_a_change_of_rights_ends_all_sessions_but_the_one_it_came_from(
        self, users: SqlUsers, sessions: SqlSessions, fields: dict[str, object], *, stays: bool
    ) -> None:
        users.add(person(), HASH, "user:ad")
        for token in ("a" * 64, "b" * 64):
            sessions.start(token, session(person()), NOON, verified=HASH)
        users.change("mo", fields, "user:mo", NOON, "user.changed", keep_session="a" * 64)
        assert (sessions.find("b" * 64, NOON) is not None) == stays
        assert (sessions.find("a" * 64, NOON) is not None) == ("disabled" not in fields)

    def test_nobody_signs_in_with_what_stopped_being_right_meanwhile(
        self, users: SqlUsers, sessions: SqlSessions
    ) -> None:
        users.add(person(), HASH, "user:ad")
        assert not sessions.start(TOKEN, session(person()), NOON, verified="an older hash")
        assert not sessions.start(TOKEN, session(person("bo")), NOON)
        users.change("mo", {"disabled": True}, "user:ad", NOON, "user.disabled")
        assert not sessions.start(TOKEN, session(person()), NOON, verified=HASH)
        assert not sessions.start(TOKEN, session(person()), NOON)
        assert sessions.find(TOKEN, NOON) is None

    def test_a_hash_made_anew_takes_the_place_of_the_one_that_was_verified(
        self, users: SqlUsers, sessions: SqlSessions
    ) -> None:
        users.add(person(), HASH, "user:ad")
        assert sessions.start(TOKEN, session(person()), NOON, verified=HASH, anew="stronger")
        assert users.find("mo") == (person(), "stronger")

    def test_wrong_passwords_in_a_row_lock_an_account_for_a_while(self, users: SqlUsers, sessions: SqlSessions) -> None:
        users.add(person(), HASH, "user:ad")
        for _ in range(LOCKOUT_AFTER - 1):
            sessions.fail("mo", NOON)
        assert sessions.start(TOKEN, session(person()), NOON, verified=HASH), "a right one forgets those before"
        for _ in range(LOCKOUT_AFTER):
            sessions.fail("mo", NOON)
        assert not sessions.start("b" * 64, session(person()), NOON, verified=HASH)
        later = NOON + LOCKOUT
        assert sessions.start("b" * 64, session(person()), later, verified=HASH)
        assert users.find("mo") == (person(), HASH)

    def test_attempts_while_locked_do_not_prolong_it(self, users: SqlUsers, sessions: SqlSessions) -> None:
        users.add(person(), HASH, "user:ad")
        for minute in range(14):
            sessions.fail("mo", NOON + timedelta(minutes=minute if minute >= LOCKOUT_AFTER else 0))
        found = users.find("mo")
        assert found is not None
        assert found[0].locked_until == NOON + LOCKOUT

    def test_a_name_that_nobody_has_is_counted_and_not_kept(
        self, sessions: SqlSessions, actions: Callable[[str | None], list[str]]
    ) -> None:
        sessions.fail("hunter2-typed-here", NOON)
        sessions.fail(None, NOON)
        assert actions(NOBODY) == actions(None) == ["user.sign_in_failed"] * 2

    def test_no_failure_is_lost_when_many_come_at_once(self, users: SqlUsers, sessions: SqlSessions) -> None:
        users.add(person(), HASH, "user:ad")

        def fail(_: int) -> bool:
            sessions.fail("mo", NOON)
            return True

        at_once(fail)
        found = users.find("mo")
        assert found is not None
        assert (found[0].locked_until, found[0].failures) == (NOON + LOCKOUT, 0)

    def test_an_invitation_makes_one_account(
        self, users: SqlUsers, invitations: SqlInvitations, actions: Callable[[str | None], list[str]]
    ) -> None:
        invitations.add(TOKEN, invitation())
        assert invitations.find(TOKEN, NOON) == invitation()
        assert invitations.use(TOKEN, person(), HASH, NOON)
        assert invitations.find(TOKEN, NOON) is None
        assert not invitations.use(TOKEN, person("bo"), HASH, NOON)
        assert [user.name for user in users.list_all()] == ["mo"]
        assert actions(None) == ["invitation.made", "user.added"]

    def test_an_invitation_is_good_for_its_time(self, invitations: SqlInvitations) -> None:
        invitations.add(TOKEN, invitation())
        late = NOON + timedelta(days=7)
        assert invitations.find(TOKEN, late - timedelta(seconds=1)) is not None
        assert invitations.find(TOKEN, late) is None
        assert not invitations.use(TOKEN, person(), HASH, late)

    def test_a_name_that_is_taken_leaves_the_invitation_unused(
        self, users: SqlUsers, invitations: SqlInvitations
    ) -> None:
        users.add(person(), HASH, "user:ad")
        invitations.add(TOKEN, invitation())
        assert not invitations.use(TOKEN, replace(person(), id="usr_2"), HASH, NOON)
        assert invitations.use(TOKEN, person("bo"), HASH, NOON)

    def test_of_many_uses_of_one_invitation_one_makes_an_account(
        self, users: SqlUsers, invitations: SqlInvitations
    ) -> None:
        invitations.add(TOKEN, invitation())
        used = at_once(lambda number: invitations.use(TOKEN, person(f"mo-{number}"), HASH, NOON))
        assert sorted(used) == [False] * (AT_ONCE - 1) + [True]
        assert len(users.list_all()) == 1

    def test_of_many_who_take_one_name_one_gets_it(
        self, users: SqlUsers, invitations: SqlInvitations, actions: Callable[[str], list[str]]
    ) -> None:
        for number in range(AT_ONCE):
            invitations.add(f"{number:064}", invitation(number))
        used = at_once(
            lambda number: invitations.use(f"{number:064}", replace(person(), id=f"usr_{number}"), HASH, NOON)
        )
        assert sorted(used) == [False] * (AT_ONCE - 1) + [True]
        assert len(users.list_all()) == 1
        assert actions("user:mo") == ["user.added"]

    def test_a_link_made_instead_voids_the_author_s_earlier_ones(self, invitations: SqlInvitations) -> None:
        later = NOON + timedelta(minutes=1)
        invitations.add("1" * 64, invitation(1, by=SYSTEM))
        invitations.add("2" * 64, invitation(2, by="user:ad"))
        invitations.add("3" * 64, invitation(3, by=SYSTEM, at=later), instead=True)
        left = [token for token in "123" if invitations.find(token * 64, later)]
        assert left == ["2", "3"]

    def test_of_links_made_instead_at_once_one_is_left(self, invitations: SqlInvitations) -> None:
        def add(number: int) -> bool:
            at = NOON + timedelta(seconds=number)
            invitations.add(f"{number:064}", invitation(number, by=SYSTEM, at=at), instead=True)
            return True

        at_once(add)
        later = NOON + timedelta(minutes=1)
        assert len([number for number in range(AT_ONCE) if invitations.find(f"{number:064}", later)]) == 1


class TestSqlite(AccountsContract):
    @pytest.fixture
    def engine(self, tmp_path: Path) -> Iterator[sa.Engine]:
        engine = fresh_database(f"sqlite:///{tmp_path / 'record.db'}")
        yield engine
        engine.dispose()


class TestPostgres(AccountsContract):
    @pytest.fixture
    def engine(self, postgres_url: str) -> Iterator[sa.Engine]:
        engine = fresh_database(postgres_url)
        yield engine
        engine.dispose()
