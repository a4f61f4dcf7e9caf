"""Accounts and keys over a database in memory, with passwords that cost nothing, and time that stands still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from service.adapters.sql.accounts import SqlInvitations, SqlSessions, SqlUsers
from service.adapters.sql.audit import SqlAuditLog
from service.adapters.sql.keys import SqlApiKeys
from service.adapters.sql.owners import SqlRightsOwners
from service.domain.identity import Caller, Key, Role
from service.domain.registration import RightsOwner
from service.usecases.accounts import Accounts
from service.usecases.keys import Keys
from tests.databases import fresh_database
from tests.fakes import FixedClock

ADMIN = Caller("ad", Role.ADMIN, via="user")
PASSWORD = "correct horse battery"
OWNER = "own_1"


class PlainPasswords:
    """A PasswordHasher that hides nothing; `looked` keeps every hash that a password was compared with."""

    def __init__(self) -> None:
        self.parameters = 1
        self.looked: list[str] = []

    def hash(self, password: str) -> str:
        return f"{self.parameters}:{password}"

    def verify(self, stored: str, password: str) -> bool:
        self.looked.append(stored)
        return stored.partition(":")[2] == password

    def outdated(self, stored: str) -> bool:
        return not stored.startswith(f"{self.parameters}:")


@dataclass
class Ticks:
    """A monotonic clock, set by hand."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


class Bench:
    """One process on a database: its own where none is given."""

    def __init__(self, *, engine: sa.Engine | None = None, fixed: Sequence[Key] = (), per_minute: int = 1000) -> None:
        self.engine = engine or fresh_database("sqlite://")
        self.clock, self.ticks, self.passwords = FixedClock(), Ticks(), PlainPasswords()
        self.log = SqlAuditLog(self.engine)
        owners = SqlRightsOwners(self.engine)
        if owners.get(OWNER) is None:
            owners.add(RightsOwner(OWNER, "Oven Moon", "register no. 7", "rights@oven.example", self.clock.now()), "ad")
        self.users = SqlUsers(self.engine)
        stores = self.users, SqlSessions(self.engine), SqlInvitations(self.engine)
        self.accounts = Accounts(
            *stores, owners, passwords=self.passwords, clock=self.clock, sign_ins_per_minute=50, time_of=self.ticks
        )
        self.stored_keys = SqlApiKeys(self.engine)
        self.keys = Keys(self.stored_keys, owners, self.clock, fixed=fixed, per_minute=per_minute, time_of=self.ticks)

    def signed_in(self, name: str = "mo", role: Role = Role.MODERATOR) -> str:
        """Make an account, and sign it in."""
        self.accounts.add(name, role, PASSWORD, ADMIN)
        return self.accounts.sign_in(name, PASSWORD)

    def key(self, *, per_minute: int | None = None, per_day: int | None = None) -> str:
        """Make a key of the platform `atelier`."""
        made = self.keys.make("uploads", Role.PLATFORM, "atelier", by=ADMIN, per_minute=per_minute, per_day=per_day)
        return made[1]
