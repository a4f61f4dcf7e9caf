"""Accounts: how people get in, and what an admin and they themselves may change about them.

A person comes by an invitation, by the first admin's link, by the command line, or from an identity provider. Tokens
are 256 random bits, and only their hashes are kept.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from itertools import chain
from typing import Any

import structlog

from service.domain.account import (
    INVITATION,
    LANGUAGES,
    LONGEST_PASSWORD,
    PEOPLE,
    SHORTEST_PASSWORD,
    Identity,
    Invitation,
    Session,
    User,
)
from service.domain.audit import SYSTEM
from service.domain.errors import (
    FieldFault,
    InvalidFields,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    QuotaExceeded,
    ServiceError,
)
from service.domain.identity import Caller, Role, Scope, key_sha256, new_id
from service.ports import Clock, Invitations, PasswordHasher, RightsOwners, Sessions, Users
from service.usecases.quotas import Minutes

log = structlog.get_logger()

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_OWNER = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NAME_RULE = FieldFault(
    "name",
    "take 1 to 64 of the letters a to z, digits, and . _ @ -, beginning with a letter or digit",
    "须为 1 至 64 个字符：小写字母、数字或 . _ @ -，并以字母或数字开头",
)
_TAKEN = FieldFault("name", "somebody has this name", "该名称已被使用")
_VOID = "the link was used before, is too old, or was replaced by another"
_REFUSED = "name and password do not fit, or the account takes none for a while after too many wrong ones"
_FROM_PROVIDER = re.compile(r"[^a-z0-9._@-]+")
_NUMBERED = 10


class Accounts:
    """Lets people in, and looks after their accounts."""

    def __init__(
        self,
        users: Users,
        sessions: Sessions,
        invitations: Invitations,
        owners: RightsOwners,
        *,
        passwords: PasswordHasher,
        clock: Clock,
        session_hours: float = 12.0,
        sign_ins_per_minute: int = 10,
        time_of: Callable[[], float] = time.monotonic,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._invitations = invitations
        self._owners = owners
        self._passwords = passwords
        self._clock = clock
        self._lifetime = timedelta(hours=session_hours)
        self._attempts = Minutes(time_of)
        self._per_minute = sign_ins_per_minute

    # --- Getting an account ---

    def first_admin_link_token(self) -> str | None:
        """Make the link by which the first admin gets in, and void the one before; None where there is an admin."""
        return None if self._has_admin() else self._invite(Role.ADMIN, SYSTEM, instead=True)

    def invite(self, role: Role, by: Caller, owner: str | None = None) -> str:
        """Make a link that makes one account within a week; return its token.

        `owner` is the id of the rights owner that a rights_owner will speak for; without, they register themselves.
        Raises NotPermitted or InvalidFields.
        """
        _only_admin(by)
        self._check_role(role, owner)
        return self._invite(role, by.actor, owner)

    def invitation(self, token: str) -> Invitation | None:
        """Return what a link is for; None where it cannot be used."""
        found = self._invitations.find(key_sha256(token), self._clock.now())
        return None if found is None or (found.created_by == SYSTEM and self._has_admin()) else found

    def accept(self, token: str, name: str, password: str, language: str | None = None) -> str:
        """Make the account that a link is for; return the token of a session.

        Raises NotFound where the link cannot be used, InvalidFields where a name or password cannot be taken.
        """
        invitation, name = self.invitation(token), name.strip().lower()
        if invitation is None:
            raise NotFound(_VOID)
        _raise(_faults(name, password, language))
        now = self._clock.now()
        user = User(new_id("usr"), name, invitation.role, now, invitation.owner, language)
        hashed = self._passwords.hash(password)
        if not self._invitations.use(key_sha256(token), user, hashed, now):
            raise InvalidFields([_TAKEN]) if self.invitation(token) else NotFound(_VOID)
        log.info("account_made", user=name, role=user.role)
        return self._start(user)

    def add(self, name: str, role: Role, password: str, by: Caller, owner: str | None = None) -> User:
        """Make an account without a link. Raises NotPermitted or InvalidFields."""
        _only_admin(by)
        self._check_role(role, owner)
        name = name.strip().lower()
        _raise(_faults(name, password, None))
        user = User(new_id("usr"), name, role, self._clock.now(), owner)
        if not self._users.add(user, self._passwords.hash(password), by.actor):
            raise InvalidFields([_TAKEN])
        return user

    # --- Signing in and out ---

    def sign_in(self, name: str, password: str, address: str = "") -> str:
        """Sign a person in; return the token of a session.

        `address` is where they are: from each there are so many attempts a minute, and from nowhere in particular as
        many together. Raises NotAuthenticated, of the same text and after the same time whatever was wrong, or
        QuotaExceeded.
        """
        wait = self._attempts.take(address, self._per_minute)
        if wait is not None:
            raise QuotaExceeded("too many attempts to sign in from this address", wait)
        name = name.strip().lower()
        user, hashed = self._verified(name, password)
        if user is None or hashed is None:
            raise NotAuthenticated(_REFUSED)
        anew = self._passwords.hash(password) if self._passwords.outdated(hashed) else None
        return self._start(user, verified=hashed, anew=anew)

    def sign_in_as(self, identity: Identity) -> str:
        """Sign in whom an identity provider vouches for; their role is what it says, each time.

        Raises NotPermitted where it gives them none that people have here, NotAuthenticated where they are disabled.
        """
        role = next((role for role in PEOPLE if role in identity.roles), None)
        if role is None:
            raise NotPermitted("the identity provider gives this person no role here")
        user = self._users.find_subject(identity.subject) or self._new_subject(identity, role)
        if user.role is not role:
            fields = {"role": role, "owner": None}
            self._users.change(user.name, fields, SYSTEM, self._clock.now(), "user.role_changed")
            user = replace(user, role=role, owner=None)
        return self._start(user)

    def session(self, token: str) -> Session | None:
        """Return who is signed in by a token."""
        return self._sessions.find(key_sha256(token), self._clock.now())

    def sign_out(self, token: str) -> None:
        """End a session."""
        self._sessions.end(key_sha256(token), self._clock.now())

    # --- What people change themselves ---

    def change_password(self, token: str, current: str, new: str) -> None:
        """Change the password of who is signed in, and end all their other sessions.

        A wrong current one counts as at the sign-in. Raises NotAuthenticated without a session, or InvalidFields.
        """
        name = self._signed_in(token).user.name
        user, _ = self._verified(name, current)
        if user is None:
            raise InvalidFields([FieldFault("current", "this is not your password", "当前密码不正确")])
        _raise(_faults(name, new, None))
        self._set_password(name, new, f"user:{name}", keep_session=key_sha256(token))

    def set_language(self, token: str, language: str) -> None:
        """Keep the language of who is signed in. Raises NotAuthenticated or InvalidFields."""
        by = self._signed_in(token).caller
        _raise(_faults(by.name, None, language))
        self._change(by.name, {"language": language}, by.actor, "user.language_changed")

    # --- What an admin changes ---

    def list_all(self, by: Caller) -> list[User]:
        """Return everybody, by name. Raises NotPermitted."""
        _only_admin(by)
        return self._users.list_all()

    def disable(self, name: str, by: Caller) -> None:
        """Let a person in no more, and end their sessions.

        Raises NotPermitted or NotFound, or InvalidFields for oneself.
        """
        _only_admin(by)
        _not_oneself(name, by)
        self._change(name, {"disabled": True}, by.actor, "user.disabled")

    def enable(self, name: str, by: Caller) -> None:
        """Let a person in again, also where wrong passwords had locked them out. Raises NotPermitted or NotFound."""
        _only_admin(by)
        fields = {"disabled": False, "failures": 0, "locked_until": None}
        self._change(name, fields, by.actor, "user.enabled")

    def set_role(self, name: str, role: Role, by: Caller, owner: str | None = None) -> None:
        """Give a person another role. Raises NotPermitted, NotFound or InvalidFields."""
        _only_admin(by)
        _not_oneself(name, by)
        self._check_role(role, owner)
        self._change(name, {"role": role, "owner": owner}, by.actor, "user.role_changed")

    def set_owner(self, name: str, owner: str, by: Caller, *, token: str | None = None) -> None:
        """Say for which rights owner a person speaks: an admin does, or they themselves who had none yet.

        It ends their sessions, but for the one of `token`.

        Raises NotPermitted, NotFound or InvalidFields.
        """
        found = self._users.find(name) if _NAME.fullmatch(name) else None
        if found is None:
            raise _nobody(name)
        themselves = by.via == "user" and by.name == name and found[0].owner is None
        if not themselves:
            _only_admin(by)
        self._check_role(found[0].role, owner)
        keep = key_sha256(token) if token is not None else None
        self._change(name, {"owner": owner}, by.actor, "user.owner_changed", keep_session=keep)

    def reset_password(self, name: str, password: str, by: Caller) -> None:
        """Give a person another password, and end all their sessions.

        Raises NotPermitted, NotFound or InvalidFields.
        """
        _only_admin(by)
        _raise(_faults(name, password, None))
        self._set_password(name, password, by.actor)

    # --- Details ---

    def _has_admin(self) -> bool:
        return any(user.role is Role.ADMIN and not user.disabled for user in self._users.list_all())

    def _invite(self, role: Role, by: str, owner: str | None = None, *, instead: bool = False) -> str:
        token, now = secrets.token_urlsafe(32), self._clock.now()
        invitation = Invitation(new_id("inv"), role, now, by, now + INVITATION, owner)
        self._invitations.add(key_sha256(token), invitation, instead=instead)
        return token

    def _start(self, user: User, *, verified: str | None = None, anew: str | None = None) -> str:
        token, now = secrets.token_urlsafe(32), self._clock.now()
        session = Session(user, secrets.token_urlsafe(32), now + self._lifetime)
        if not self._sessions.start(key_sha256(token), session, now, verified=verified, anew=anew):
            raise NotAuthenticated(_REFUSED)
        return token

    def _verified(self, name: str, password: str) -> tuple[User | None, str | None]:
        """Return who has this name and password, with its hash; a wrong one is counted."""
        now, nobodys = self._clock.now(), self._nobodys_hash
        found = self._users.find(name) if _NAME.fullmatch(name) else None
        user, hashed = found or (None, None)
        # One hash is computed whoever it is, so that the time tells nobody which names there are.
        fits = self._passwords.verify(hashed or nobodys, password[: LONGEST_PASSWORD + 1])
        if user is None or hashed is None or not fits or user.disabled or user.locked(now):
            self._sessions.fail(None if user is None else user.name, now)
            return None, None
        return user, hashed

    @cached_property
    def _nobodys_hash(self) -> str:
        return self._passwords.hash(secrets.token_urlsafe(32))

    def _signed_in(self, token: str) -> Session:
        session = self.session(token)
        if session is None:
            raise NotAuthenticated("nobody is signed in, or the session has expired")
        return session

    def _set_password(self, name: str, password: str, by: str, keep_session: str | None = None) -> None:
        fields = {"password": self._passwords.hash(password), "failures": 0, "locked_until": None}
        self._change(name, fields, by, "user.password_changed", keep_session=keep_session)

    def _change(
        self, name: str, fields: Mapping[str, Any], by: str, action: str, *, keep_session: str | None = None
    ) -> None:
        if not _NAME.fullmatch(name) or not self._users.change(
            name, fields, by, self._clock.now(), action, keep_session=keep_session
        ):
            raise _nobody(name)

    def _check_role(self, role: Role, owner: str | None) -> None:
        if role not in PEOPLE:
            raise InvalidFields(
                [FieldFault("role", "a platform is a program: make it a key", "平台是程序：请为其创建密钥")]
            )
        if owner is None:
            return
        if role is not Role.RIGHTS_OWNER:
            message = f"the role {role} speaks for no rights owner"
            raise InvalidFields([FieldFault("owner", message, "该角色不代表任何权利人")])
        if not _OWNER.fullmatch(owner) or self._owners.get(owner) is None:
            raise InvalidFields([FieldFault("owner", f"there is no rights owner {owner!r}", "没有此权利人")])

    def _new_subject(self, identity: Identity, role: Role) -> User:
        """Make the account of somebody who came from a provider for the first time, under a name that is free."""
        cleaned = _FROM_PROVIDER.sub("-", identity.name.strip().lower()).strip("._@-")[:56] or "user"
        numbered = (f"-{number}" for number in range(2, _NUMBERED))
        for ending in chain([""], numbered, (f"-{secrets.token_hex(3)}" for _ in range(_NUMBERED))):
            name = cleaned + ending
            user = User(new_id("usr"), name, role, self._clock.now())
            if self._users.add(user, None, SYSTEM, subject=identity.subject):
                return user
            known = self._users.find_subject(identity.subject)
            if known is not None:
                return known
        raise ServiceError(f"no name like {cleaned!r} is free")


def _only_admin(by: Caller) -> None:
    if by.role is not Role.ADMIN or Scope.ADMIN not in by.scopes:
        raise NotPermitted("only an admin may do this")


def _not_oneself(name: str, by: Caller) -> None:
    if by.via == "user" and by.name == name:
        fault = FieldFault("name", "no admin can take their own rights away", "管理员不能取消自己的权限")
        raise InvalidFields([fault])


def _nobody(name: str) -> NotFound:
    return NotFound(f"there is no account {name!r}")


def _faults(name: str, password: str | None, language: str | None) -> list[FieldFault]:
    faults = [] if _NAME.fullmatch(name) else [_NAME_RULE]
    if password is not None and not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        message = f"take {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
        faults.append(FieldFault("password", message, f"须为 {SHORTEST_PASSWORD} 至 {LONGEST_PASSWORD} 个字符"))
    elif password is not None and password.strip().lower() == name:
        faults.append(FieldFault("password", "take another one than your name", "密码不能与名称相同"))
    if language is not None and language not in LANGUAGES:
        faults.append(FieldFault("language", f"take one of {', '.join(LANGUAGES)}", "须为 en 或 zh"))
    return faults


def _raise(faults: list[FieldFault]) -> None:
    if faults:
        raise InvalidFields(faults)
