"""Policies that were published, in a database; before any was, the one of the settings' file is in force."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from service.adapters.sql.audit import write_entry
from service.adapters.sql.engine import writing
from service.adapters.sql.tables import policies
from service.domain.errors import PolicyError
from service.domain.policy import Policy, policy_from, policy_named
from service.ports import PublishedPolicy


class SqlPolicies:
    """Policies over SQLAlchemy: each question asks for the latest number, so that all replicas agree at once."""

    def __init__(self, engine: sa.Engine, shipped: Mapping[str, Any]) -> None:
        """Begin with the tables of a policy.toml. Raises PolicyError."""
        self._engine = engine
        self._shipped = (0, shipped, policy_from(shipped))
        self._current = self._shipped
        self._lock = threading.Lock()

    def in_force(self) -> Policy:
        """Return the policy in force."""
        return self._latest()[2]

    def content(self) -> Mapping[str, Any]:
        """Return its tables."""
        return self._latest()[1]

    def publish(self, policy: PublishedPolicy) -> None:
        """Put a policy in force. Raises PolicyError."""
        policy_named(policy.version, policy.content)
        before = self.in_force().version
        try:
            with writing(self._engine) as connection:
                last = connection.scalar(sa.select(sa.func.max(policies.c.number))) or 0
                connection.execute(
                    policies.insert().values(
                        number=last + 1,
                        version=policy.version,
                        content=policy.content,
                        note=policy.note,
                        published=policy.published,
                        published_by=policy.published_by,
                    )
                )
                write_entry(
                    connection,
                    at=policy.published,
                    actor=policy.published_by,
                    action="policy.published",
                    subject=f"policy:{policy.version}",
                    before={"version": before},
                    after={"version": policy.version, "note": policy.note},
                )
        except IntegrityError as error:
            raise PolicyError(
                f"policy: {policy.version} was published before, or another one at this moment; give it a version of"
                " its own, or try again"
            ) from error

    def history(self) -> list[PublishedPolicy]:
        """Return all that were published, newest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(policies.select().order_by(policies.c.number.desc())).all()
        return [PublishedPolicy(row.version, row.content, row.note, row.published, row.published_by) for row in rows]

    def _latest(self) -> tuple[int, Mapping[str, Any], Policy]:
        with self._engine.connect() as connection:
            number = connection.scalar(sa.select(sa.func.max(policies.c.number))) or 0
            with self._lock:
                if number == self._current[0]:
                    return self._current
            content = connection.execute(sa.select(policies.c.content).where(policies.c.number == number)).scalar_one()
        latest = (number, content, policy_from(content))
        with self._lock:
            self._current = max(self._current, latest, key=lambda item: item[0])
            return self._current
