"""What registration needs: rights owners, and their reference sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from indexer.model import Alias, Licence, PictureSource, Reference, ReferenceSet
from service.domain.registration import (
    RegisteredReference,
    RegisteredSet,
    RightsOwner,
    SetsInForce,
    SetState,
)
from service.ports.screening import KeptPicture


class RightsOwners(Protocol):
    """Keeps rights owners."""

    def add(self, owner: RightsOwner, by: str) -> bool:
        """Register one; tell whether the id was free."""
        ...

    def get(self, owner_id: str) -> RightsOwner | None:
        """Return one."""
        ...

    def list_all(self) -> list[RightsOwner]:
        """Return all, by name."""
        ...


class SetDirectory(Protocol):
    """Finds reference sets."""

    def get(self, slug: str) -> RegisteredSet | None:
        """Return a set, whatever its state."""
        ...

    def list_all(self, owner: str | None = None) -> list[RegisteredSet]:
        """Return all sets, or those of one rights owner, by slug."""
        ...

    def in_force(self) -> SetsInForce:
        """Return the active sets, and the revision they are of."""
        ...

    def revision(self) -> int:
        """Return the revision of the record's sets: it grows with every change that matching could see."""
        ...

    def holding(self, sha256: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Return, for each picture that any set holds which is not withdrawn, the slugs of those sets."""
        ...


class SetRecord(Protocol):
    """Changes reference sets: each in one transaction with its audit entry and, where it matters, a new revision.

    All but add() raise NotFound for a set that is not there. What changes nothing leaves no trace.
    """

    def add(self, item: RegisteredSet, by: str) -> bool:
        """Keep a new set with its references, aliases and licences; tell whether the slug was free."""
        ...

    def change(self, slug: str, fields: Mapping[str, Any], by: str, now: datetime) -> None:
        """Change some of title, work, fame, rights_holder, rights_identity, rights_evidence, owner_id, quarantine."""
        ...

    def move(self, slug: str, state: SetState, by: str, now: datetime, *, reason: str = "") -> bool:
        """Put a set in another state; tell whether it was in one that can become it (MOVES)."""
        ...

    def put_aliases(self, slug: str, aliases: Sequence[Alias], by: str, now: datetime) -> None:
        """Replace all aliases of a set."""
        ...


class SetContents(Protocol):
    """Changes what a set holds, in the same manner."""

    def add_reference(self, slug: str, reference: RegisteredReference) -> RegisteredReference | None:
        """Add a picture; return it as it is kept, or None where the set has it.

        Where another picture of the set has its file name, it gets one of its own.
        """
        ...

    def remove_reference(self, slug: str, reference_id: str, by: str, now: datetime) -> bool:
        """Remove a picture; tell whether it was there."""
        ...

    def add_licence(self, slug: str, licence: Licence, by: str, now: datetime) -> Licence:
        """Grant a licence; returns it with the id it was given, such as `rivet-courier/licence-2`."""
        ...

    def end_licence(self, slug: str, name: str, by: str, now: datetime) -> bool:
        """End a licence by its name, such as `licence-2`; tell whether it was in force."""
        ...


@dataclass(frozen=True, slots=True)
class AssessedPicture:
    """A picture that can be registered: its bytes, what is computed of it, and what was noticed about it.

    `suffix` is that of its true format, such as `.png`; `signals` are packed, and hold under `recipe` alone.
    """

    name: str
    data: bytes
    sha256: str
    suffix: str
    recipe: str
    signals: bytes
    thumbnail: bytes
    remarks: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class RefusedPicture:
    """A file that cannot be registered; `reason` begins with a code and a colon."""

    name: str
    reason: str


class PictureAssessor(Protocol):
    """Reads pictures that are to be registered, and says what is wrong or missing. Remarks are JSON objects."""

    def assess(
        self, slug: str, pictures: Sequence[PictureSource], held: Sequence[Reference]
    ) -> Iterator[AssessedPicture | RefusedPicture]:
        """Go through pictures in order; each is compared with those of the set, and with those that came before it.

        Raises Overloaded when too much waits.
        """
        ...

    def advise(self, slug: str, held: Sequence[Reference]) -> tuple[Mapping[str, Any], ...]:
        """Say what a set lacks."""
        ...


@dataclass(frozen=True, slots=True)
class Reach:
    """What a set would match. Pictures are counted once, whichever way they match.

    `screenings` are those with a matching picture, and `found` the latest of these: screening and sha256 of each.
    `alike_known` is False where no index is in force, so that likeness could not be looked at, and `incomparable`
    counts pictures whose vectors are of another model.
    """

    pictures: int
    matching: int
    copies: int
    screenings: tuple[str, ...]
    control: int
    control_matching: int
    alike_known: bool
    incomparable: int = 0
    found: tuple[tuple[str, str], ...] = ()


class Reaches(Protocol):
    """Tries a set out on what is known."""

    def of(self, item: ReferenceSet, screened: Iterable[tuple[str, KeptPicture]], review_rate: float) -> Reach:
        """Count what a set would match among screened pictures, and in the control set.

        Each picture comes with the id of its screening. `review_rate` is the rate up to which a likeness leads to
        review.
        """
        ...


class SetTraffic(Protocol):
    """Counts screenings, from a time to just before another."""

    def screenings(self, since: datetime, until: datetime) -> int:
        """Count all that are finished."""
        ...

    def by_set(self, since: datetime, until: datetime) -> Mapping[str, int]:
        """Count those in which something was found about each set that asked for a block or a review."""
        ...
