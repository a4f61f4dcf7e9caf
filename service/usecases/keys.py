"""API keys: making and revoking them, and telling who holds the one that came with a request.

Two kinds are known: those of the settings, which stay as long as the process, and those of the database. What was read
of a key is believed for a second, so that a revoked one stops everywhere within two.

Requests are counted in memory. The count of a key's day is written with its first request, and then with the first
after each minute, and read anew with that. So a request costs no write, and a daily quota may be passed by what the
key sends to the other processes within a minute: by `per_minute` for each of them at most. A process that is killed
forgets as much.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day

import structlog

from service.domain.account import ApiKey
from service.domain.errors import FieldFault, InvalidFields, NotAuthenticated, NotFound, NotPermitted, QuotaExceeded
from service.domain.identity import SCOPES, Caller, Key, Role, Scope, key_sha256, new_id
from service.ports import ApiKeys, Clock, RightsOwners
from service.usecases.quotas import MINUTE, Minutes

log = structlog.get_logger()

PREFIX = "ls_"
BELIEVED_SECONDS = 1.0
LARGEST_LIMIT = 1_000_000_000
_SHOWN = 12
_LETTERS = {Role.PLATFORM: "pl", Role.MODERATOR: "mo", Role.RIGHTS_OWNER: "ro", Role.ADMIN: "ad"}
_HOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LABEL = re.compile(r"[^\x00-\x1f\x7f]{1,128}")


@dataclass(frozen=True, slots=True)
class Limits:
    """How many requests a key may send; None is without limit."""

    per_minute: int
    per_day: int | None = None


@dataclass(slots=True)
class _Uses:
    """Uses of a key on a day: as the database knew them, and those that it does not know of yet."""

    day: date
    known: int = 0
    unwritten: int = 0
    written: float | None = None


class Keys:
    """Knows the keys, and counts what each sends."""

    def __init__(
        self,
        store: ApiKeys,
        owners: RightsOwners,
        clock: Clock,
        *,
        fixed: Iterable[Key] = (),
        per_minute: int = 600,
        time_of: Callable[[], float] = time.monotonic,
    ) -> None:
        """`fixed` are the keys of the settings; `per_minute` holds for all keys that have no limit of their own."""
        self._store = store
        self._owners = owners
        self._clock = clock
        self._fixed = {key.sha256: key for key in fixed}
        self._per_minute = per_minute
        self._time_of = time_of
        self._minutes = Minutes(time_of)
        self._believed: dict[str, tuple[float, ApiKey]] = {}
        self._uses: dict[str, _Uses] = {}
        self._lock = threading.Lock()

    def make(
        self,
        label: str,
        role: Role,
        holder: str,
        *,
        by: Caller,
        scopes: Collection[Scope] | None = None,
        per_minute: int | None = None,
        per_day: int | None = None,
    ) -> tuple[ApiKey, str]:
        """Make a key; returns it as it is kept, and the key itself, which nobody can read again.

        `scopes` narrow what the role may do. Raises NotPermitted or InvalidFields.
        """
        _only_admin(by)
        chosen = SCOPES[role] if scopes is None else frozenset(scopes)
        self._check(label, role, holder, chosen, {"per_minute": per_minute, "per_day": per_day})
        text = f"{PREFIX}{_LETTERS[role]}_{secrets.token_urlsafe(32)}"
        key = ApiKey(
            id=new_id("key"),
            label=label,
            role=role,
            holder=holder,
            prefix=text[:_SHOWN],
            scopes=chosen,
            created=self._clock.now(),
            created_by=by.actor,
            per_minute=per_minute,
            per_day=per_day,
        )
        self._store.add(key, key_sha256(text))
        log.info("key_made", key=key.id, role=role, holder=holder, by=by.actor)
        return key, text

    def revoke(self, key_id: str, by: Caller) -> None:
        """Revoke a key: here at once, in other processes within two seconds. Raises NotPermitted or NotFound."""
        _only_admin(by)
        if not _HOLDER.fullmatch(key_id) or not self._store.revoke(key_id, by.actor, self._clock.now()):
            raise NotFound(f"there is no key {key_id} in force")
        with self._lock:
            self._believed.clear()
        log.info("key_revoked", key=key_id, by=by.actor)

    def list_all(self, by: Caller) -> list[ApiKey]:
        """Return all keys of the database, also those revoked, newest first. Raises NotPermitted."""
        _only_admin(by)
        return self._store.list_all()

    def admit(self, key: str | None) -> Caller:
        """Return who holds a key, and count the request. Raises NotAuthenticated or QuotaExceeded."""
        sha256 = key_sha256(key or "")
        found = self._find(key, sha256)
        limits = self._limits(found)
        wait = self._minutes.take(sha256, limits.per_minute)
        if wait is not None:
            raise QuotaExceeded(f"more than {limits.per_minute} requests in a minute from this key", wait)
        if isinstance(found, Key):
            owner = found.name if found.role is Role.RIGHTS_OWNER else None
            return Caller(found.name, found.role, owner, SCOPES[found.role])
        self._count(found)
        owner = found.holder if found.role is Role.RIGHTS_OWNER else None
        return Caller(found.holder, found.role, owner, found.scopes & SCOPES[found.role])

    def limits(self, key: str) -> Limits:
        """Return what a key may send. Raises NotAuthenticated."""
        return self._limits(self._find(key, key_sha256(key)))

    def close(self) -> None:
        """Write the counts that are not written yet."""
        now = self._clock.now()
        with self._lock:
            left = [(key_id, uses.day, uses.unwritten) for key_id, uses in self._uses.items() if uses.unwritten]
            self._uses.clear()
        for key_id, day, count in left:
            self._store.count_uses(key_id, day, count, now)

    def _find(self, key: str | None, sha256: str) -> Key | ApiKey:
        found = self._fixed.get(sha256) or (self._believe(sha256) if key and key.startswith(PREFIX) else None)
        if found is None:
            raise NotAuthenticated("send `Authorization: Bearer <api key>` with a key that is registered here")
        return found

    def _believe(self, sha256: str) -> ApiKey | None:
        now = self._time_of()
        with self._lock:
            known = self._believed.get(sha256)
        if known is not None and now - known[0] < BELIEVED_SECONDS:
            return known[1]
        found = self._store.find(sha256)
        with self._lock:
            if found is None:
                self._believed.pop(sha256, None)
            else:
                self._believed[sha256] = (now, found)
        return found

    def _limits(self, key: Key | ApiKey) -> Limits:
        if isinstance(key, Key):
            return Limits(self._per_minute)
        return Limits(self._per_minute if key.per_minute is None else key.per_minute, key.per_day)

    def _count(self, key: ApiKey) -> None:
        """Count a use of a key today. Raises QuotaExceeded."""
        now, tick = self._clock.now().astimezone(UTC), self._time_of()
        day, yesterdays = now.date(), None
        with self._lock:
            uses = self._uses.get(key.id)
            if uses is None or uses.day != day:
                yesterdays, uses = uses, _Uses(day)
                self._uses[key.id] = uses
            if key.per_day is not None and uses.known + uses.unwritten >= key.per_day:
                raise _day_is_over(key.per_day, now)
            uses.unwritten += 1
            writing = uses.unwritten if uses.written is None or tick - uses.written >= MINUTE else 0
            if writing:
                uses.unwritten, uses.written = 0, tick
        if yesterdays is not None and yesterdays.unwritten:
            self._store.count_uses(key.id, yesterdays.day, yesterdays.unwritten, now)
        if writing:
            total = self._store.count_uses(key.id, day, writing, now)
            with self._lock:
                uses.known = max(uses.known, total)
            if key.per_day is not None and total > key.per_day:
                raise _day_is_over(key.per_day, now)

    def _check(
        self, label: str, role: Role, holder: str, scopes: frozenset[Scope], limits: dict[str, int | None]
    ) -> None:
        faults = []
        if not _LABEL.fullmatch(label) or not label.strip():
            faults.append(FieldFault("label", "take 1 to 128 characters on one line", "须为一行 1 至 128 个字符"))
        if not _HOLDER.fullmatch(holder):
            message = "take 1 to 64 letters, digits and . _ -, beginning with a letter or digit"
            faults.append(FieldFault("holder", message, "须为 1 至 64 个字母、数字或 . _ -，并以字母或数字开头"))
        elif role is Role.RIGHTS_OWNER and self._owners.get(holder) is None:
            message = f"there is no rights owner {holder!r}: the holder of such a key is the id of one"
            faults.append(FieldFault("holder", message, "没有此权利人：此类密钥的持有者须为权利人的编号"))
        if not scopes or not scopes <= SCOPES[role]:
            some = ", ".join(sorted(SCOPES[role]))
            faults.append(FieldFault("scopes", f"the role {role} may have some of {some}", f"该角色可选：{some}"))
        for place, limit in limits.items():
            if limit is not None and not 1 <= limit <= LARGEST_LIMIT:
                faults.append(FieldFault(place, f"take 1 to {LARGEST_LIMIT}", f"须为 1 至 {LARGEST_LIMIT} 的整数"))
        if faults:
            raise InvalidFields(faults)


def _only_admin(by: Caller) -> None:
    if by.role is not Role.ADMIN or Scope.ADMIN not in by.scopes:
        raise NotPermitted("only an admin may do this")


def _day_is_over(per_day: int, now: datetime) -> QuotaExceeded:
    midnight = datetime.combine(now.date() + timedelta(days=1), time_of_day(), UTC)
    return QuotaExceeded(
        f"more than {per_day} requests on one day from this key", int((midnight - now).total_seconds()) + 1
    )
