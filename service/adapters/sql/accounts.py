"""People, their sessions, and the links by which they get accounts, in a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from service.adapters.sql.audit import write_entry
from service.adapters.sql.engine import writing
from service.adapters.sql.tables import invitations, sessions, users
from service.domain.account import Invitation, Session, User
from service.domain.audit import SYSTEM
from service.domain.identity import Role

NOBODY = "user:?"
"""The subject of an attempt under a name that nobody has. The name is not kept: people type passwords there."""

_TOLD = ("role", "owner", "language", "disabled")
_SIGNS_OUT = frozenset({"role", "owner", "password", "disabled"})


class SqlUsers:
    """Users over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, user: User, password: str | None, by: str, *, subject: str | None = None) -> bool:
        """Keep a person; tell whether name and subject were free."""
        try:
            with writing(self._engine) as connection:
                _insert(connection, user, password, by, subject=subject)
        except IntegrityError:
            if self.find(user.name) or (subject and self.find_subject(subject)):
                return False
            raise
        return True

    def find(self, name: str) -> tuple[User, str | None] | None:
        """Return a person by name, with the hash of their password."""
        row = self._one(users.c.name == name)
        return None if row is None else (_user(row), row.password)

    def find_subject(self, subject: str) -> User | None:
        """Return a person by what an identity provider calls them."""
        row = self._one(users.c.subject == subject)
        return None if row is None else _user(row)

    def change(
        self,
        name: str,
        fields: Mapping[str, Any],
        by: str,
        now: datetime,
        action: str,
        *,
        keep_session: str | None = None,
    ) -> bool:
        """Change some fields of a person; tell whether they exist."""
        columns = {"owner_id" if field == "owner" else field: value for field, value in fields.items()}
        with writing(self._engine) as connection:
            row = _locked_row(connection, users.c.name == name)
            if row is None:
                return False
            before = asdict(_user(row))
            connection.execute(users.update().where(users.c.id == row.id).values(columns))
            if _SIGNS_OUT & set(fields):
                ended = sessions.delete().where(sessions.c.user_id == row.id)
                connection.execute(ended.where(sessions.c.token_sha256 != keep_session) if keep_session else ended)
            told = [field for field in _TOLD if field in fields]
            write_entry(
                connection,
                at=now,
                actor=by,
                action=action,
                subject=f"user:{name}",
                before={field: before[field] for field in told} or None,
                after={field: fields[field] for field in told} or None,
            )
        return True

    def list_all(self) -> list[User]:
        """Return everybody, by name."""
        with self._engine.connect() as connection:
            return [_user(row) for row in connection.execute(users.select().order_by(users.c.name))]

    def _one(self, condition: sa.ColumnElement[bool]) -> sa.Row[Any] | None:
        with self._engine.connect() as connection:
            return connection.execute(users.select().where(condition)).one_or_none()


class SqlSessions:
    """Sessions over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def start(
        self,
        token_sha256: str,
        session: Session,
        now: datetime,
        *,
        verified: str | None = None,
        anew: str | None = None,
    ) -> bool:
        """Sign a person in, unless meanwhile they were disabled or locked, or their password was changed."""
        with writing(self._engine) as connection:
            row = _locked_row(connection, users.c.id == session.user.id)
            if row is None or row.disabled:
                return False
            if verified is not None and (row.password != verified or _user(row).locked(now)):
                return False
            change: dict[str, Any] = {"failures": 0, "locked_until": None}
            if anew is not None:
                change["password"] = anew
            connection.execute(users.update().where(users.c.id == row.id).values(change))
            expired = sa.and_(sessions.c.user_id == row.id, sessions.c.expires <= now)
            connection.execute(sessions.delete().where(expired))
            connection.execute(
                sessions.insert().values(
                    token_sha256=token_sha256,
                    user_id=row.id,
                    csrf=session.csrf,
                    created=now,
                    expires=session.expires,
                )
            )
            subject = f"user:{row.name}"
            write_entry(connection, at=now, actor=subject, action="user.signed_in", subject=subject)
        return True

    def fail(self, name: str | None, now: datetime) -> None:
        """Count a wrong password."""
        with writing(self._engine) as connection:
            row = None if name is None else _locked_row(connection, users.c.name == name)
            subject, after = NOBODY, None
            if row is not None:
                user = _user(row)
                left = user if user.locked(now) else user.after_failure(now)
                connection.execute(
                    users.update()
                    .where(users.c.id == row.id)
                    .values(failures=left.failures, locked_until=left.locked_until)
                )
                subject, after = f"user:{row.name}", {"locked": left.locked(now)}
            write_entry(connection, at=now, actor=SYSTEM, action="user.sign_in_failed", subject=subject, after=after)

    def find(self, token_sha256: str, now: datetime) -> Session | None:
        """Return a session that has not expired, of a person who is not disabled."""
        query = (
            sa.select(users, sessions.c.csrf, sessions.c.expires)
            .join(sessions)
            .where(
                sessions.c.token_sha256 == token_sha256,
                sessions.c.expires > now,
                users.c.disabled.is_(sa.false()),
            )
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Session(_user(row), row.csrf, row.expires)

    def end(self, token_sha256: str, now: datetime) -> None:
        """Sign out."""
        named = sa.select(users.c.name).join(sessions).where(sessions.c.token_sha256 == token_sha256)
        with writing(self._engine) as connection:
            name = connection.scalar(named)
            ended = connection.execute(sessions.delete().where(sessions.c.token_sha256 == token_sha256)).rowcount
            if ended:
                subject = f"user:{name}"
                write_entry(connection, at=now, actor=subject, action="user.signed_out", subject=subject)


class SqlInvitations:
    """Invitations over SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, token_sha256: str, invitation: Invitation, *, instead: bool = False) -> None:
        """Keep a link."""
        with writing(self._engine) as connection:
            # First of all, for once: two processes that start together void each other's links one after the other.
            write_entry(
                connection,
                at=invitation.created,
                actor=invitation.created_by,
                action="invitation.made",
                subject=f"invitation:{invitation.id}",
                after={"role": invitation.role, "owner": invitation.owner},
            )
            if instead:
                earlier = sa.and_(invitations.c.created_by == invitation.created_by, invitations.c.used.is_(None))
                void = invitations.update().where(earlier, invitations.c.expires > invitation.created)
                connection.execute(void.values(expires=invitation.created))
            connection.execute(
                invitations.insert().values(
                    id=invitation.id,
                    token_sha256=token_sha256,
                    role=invitation.role,
                    owner_id=invitation.owner,
                    created=invitation.created,
                    created_by=invitation.created_by,
                    expires=invitation.expires,
                )
            )

    def find(self, token_sha256: str, now: datetime) -> Invitation | None:
        """Return a link that can still be used."""
        with self._engine.connect() as connection:
            row = connection.execute(invitations.select().where(_usable(token_sha256, now))).one_or_none()
        if row is None:
            return None
        return Invitation(
            id=row.id,
            role=Role(row.role),
            created=row.created,
            created_by=row.created_by,
            expires=row.expires,
            owner=row.owner_id,
        )

    def use(self, token_sha256: str, user: User, password: str | None, now: datetime) -> bool:
        """Make the account and use up the link, both or neither."""
        change = invitations.update().where(_usable(token_sha256, now)).returning(invitations.c.id)
        try:
            with writing(self._engine) as connection:
                used = connection.scalar(change.values(used=now))
                if used is None:
                    return False
                _insert(connection, user, password, f"user:{user.name}", invitation=used)
        except IntegrityError:
            with self._engine.connect() as connection:
                if connection.scalar(sa.select(users.c.id).where(users.c.name == user.name)) is None:
                    raise
            return False
        return True


def _insert(
    connection: sa.Connection,
    user: User,
    password: str | None,
    by: str,
    *,
    subject: str | None = None,
    invitation: str | None = None,
) -> None:
    connection.execute(
        users.insert().values(
            id=user.id,
            name=user.name,
            role=user.role,
            owner_id=user.owner,
            password=password,
            subject=subject,
            language=user.language,
            disabled=user.disabled,
            failures=user.failures,
            locked_until=user.locked_until,
            created=user.created,
        )
    )
    after = {"role": user.role, "owner": user.owner, "language": user.language}
    if invitation is not None:
        after["invitation"] = invitation
    write_entry(connection, at=user.created, actor=by, action="user.added", subject=f"user:{user.name}", after=after)


def _locked_row(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> sa.Row[Any] | None:
    """Read a person, and keep others from changing them until the transaction ends."""
    return connection.execute(users.select().where(condition).with_for_update()).one_or_none()


def _usable(token_sha256: str, now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        invitations.c.token_sha256 == token_sha256,
        invitations.c.used.is_(None),
        invitations.c.expires > now,
    )


def _user(row: sa.Row[Any]) -> User:
    return User(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        created=row.created,
        owner=row.owner_id,
        language=row.language,
        disabled=row.disabled,
        failures=row.failures,
        locked_until=row.locked_until,
    )
