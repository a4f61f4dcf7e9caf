"""Registration: rights owners, and the reference sets that they register, as the record keeps them.

    draft ──activate (admin)──> active <──> suspended
      └──────────────── any ──withdraw──> withdrawn

Only active sets are matched. A set's content is the indexer's ReferenceSet; what stands here is what the record adds:
whose it is, how it stands, and for each picture when it came and what was noticed about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from indexer.model import ReferenceSet
from service.domain.wording import Wording


class SetState(StrEnum):
    """Where a set stands."""

    DRAFT = "draft"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


MOVES: Mapping[SetState, frozenset[SetState]] = {
    SetState.DRAFT: frozenset({SetState.ACTIVE, SetState.WITHDRAWN}),
    SetState.ACTIVE: frozenset({SetState.SUSPENDED, SetState.WITHDRAWN}),
    SetState.SUSPENDED: frozenset({SetState.ACTIVE, SetState.WITHDRAWN}),
    SetState.WITHDRAWN: frozenset(),
}
"""The states that each state can become."""


@dataclass(frozen=True, slots=True)
class RightsOwner:
    """Who registers sets; `identity` is how they proved who they are."""

    id: str
    name: str
    identity: str
    contact: str
    created: datetime


@dataclass(frozen=True, slots=True)
class RegisteredReference:
    """A picture of a set in the record. `file` is its path in the set's folder and what answers call it.

    `remarks` is its quality report as JSON; the bytes are in the blob store under `sha256`.
    """

    id: str
    file: str
    sha256: str
    added: datetime
    added_by: str
    remarks: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class RegisteredSet:
    """A set in the record; `owner` is the id of its rights owner, None where an admin keeps it.

    `content.references` are those of `references`, in order. `quarantine` says why it should be looked at, where
    something jumped.
    """

    content: ReferenceSet
    owner: str | None
    state: SetState
    created: datetime
    changed: datetime
    rights_identity: str = ""
    references: tuple[RegisteredReference, ...] = ()
    quarantine: Wording | None = None

    @property
    def slug(self) -> str:
        """The set's name in URLs and answers."""
        return self.content.slug


@dataclass(frozen=True, slots=True)
class SetsInForce:
    """What is to be matched at a revision of the record.

    `known` are the slugs of all sets that are no drafts: of these the record has the say, whatever a snapshot holds.
    """

    revision: int
    sets: tuple[ReferenceSet, ...]
    known: frozenset[str]
