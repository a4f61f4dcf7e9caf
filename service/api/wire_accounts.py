"""The shapes of keys, and of who one is, over HTTP."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

RoleName = Literal["platform", "moderator", "rights_owner", "admin"]
ScopeName = Literal["screen", "read", "sets", "cases", "admin"]


class NewKey(BaseModel):
    """A key to make. `holder` is the platform's name, the rights owner's id, or who else it is for.

    Without `scopes` it may do all that its role may; without limits those of the settings hold.
    """

    # A misspelt limit must not make a key without one.
    model_config = ConfigDict(extra="forbid")

    label: str
    role: RoleName
    holder: str
    scopes: list[ScopeName] | None = None
    per_minute: int | None = None
    per_day: int | None = None


class KeyAnswer(BaseModel):
    """A key as it is kept; `prefix` is how it begins. Limits are null where those of the settings hold."""

    id: str
    label: str
    role: RoleName
    holder: str
    prefix: str
    scopes: list[ScopeName]
    per_minute: int | None
    per_day: int | None
    created: str
    created_by: str
    last_used: str | None
    revoked: str | None


class MadeKey(KeyAnswer):
    """A key that was made now; `key` is shown this once."""

    key: str


class KeyList(BaseModel):
    """All keys of the database, also those revoked, newest first. Those of the settings are not among them."""

    keys: list[KeyAnswer]


class LimitsAnswer(BaseModel):
    """How many requests a key may send; null is without limit."""

    per_minute: int
    per_day: int | None


class Me(BaseModel):
    """Who sent the request; `rights_owner` is the id of the one that they speak for."""

    name: str
    role: RoleName
    rights_owner: str | None
    scopes: list[ScopeName]
    limits: LimitsAnswer
