"""What exchange with partners needs: who they are, what they told, and what is told to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from service.domain.exchange import Entry, Partner, PartnerEntry


class Partners(Protocol):
    """Keeps partners, and writes to them; each change with its audit entry."""

    def add(self, partner: Partner) -> bool:
        """Register one; tell whether name and key were free."""
        ...

    def list_all(self) -> list[Partner]:
        """Return those that were not removed, by name."""
        ...

    def remove(self, name: str, by: str, now: datetime) -> bool:
        """Remove one with all its entries; tell whether it was there."""
        ...

    def alert(
        self, names: Sequence[str], payload: Mapping[str, Any], subject: str, by: str, now: datetime
    ) -> list[str]:
        """Write a message of the kind `partner.alert` to each, with one audit entry; return the messages' ids."""
        ...


class PartnerEntries(Protocol):
    """Keeps what partners told. What has expired or was withdrawn is not found."""

    def keep(
        self, partner: Partner, entries: Sequence[Entry], issued: datetime, by: str, now: datetime, *, complete: bool
    ) -> int:
        """Keep entries in place of those of the same ids; return how many others were withdrawn.

        Those are, where the entries are `complete`, all that the partner told before and does not now.
        """
        ...

    def list_all(self, partner: str, now: datetime) -> list[PartnerEntry]:
        """Return the entries of a partner."""
        ...

    def withdraw(self, entry_id: str, by: str, now: datetime) -> bool:
        """Take an entry out of force; tell whether it was in force."""
        ...

    def sharing(self, sha256: Sequence[str], now: datetime) -> list[PartnerEntry]:
        """Return LoRAs that have one of some hashes, of the file, of what follows its header, or of a tensor."""
        ...

    def near(self, pdq: Sequence[bytes], now: datetime) -> list[list[tuple[PartnerEntry, int]]]:
        """Return, for each hash of 32 bytes, the pictures within NEAR bits, with their distances, nearest first."""
        ...


@dataclass(frozen=True, slots=True)
class BlockedHashes:
    """What is told of a blocked LoRA: no names of people, no weights."""

    title: str
    reference_set: str | None
    reason: str
    added: datetime
    sha256: str
    body_sha256: str
    tensors: tuple[str, ...]


class OwnHashes(Protocol):
    """Gives the hashes that are told to partners, and looks one up."""

    def blocked(self, since: datetime | None, reference_set: str | None) -> list[BlockedHashes]:
        """Return the blocked LoRAs in force that were added since a time, of one set or of all."""
        ...

    def pdq(self, slug: str) -> list[str]:
        """Return the PDQ hashes of a set's references, in hexadecimal. Raises NotReady."""
        ...

    def near(self, pdq: bytes) -> list[str]:
        """Return the slugs of the sets with a reference within NEAR bits, nearest first. Raises NotReady."""
        ...
