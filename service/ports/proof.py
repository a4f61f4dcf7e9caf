"""What proves that the record is whole: seals over the audit log, and time stamps of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from service.domain.report import Report
from service.domain.seal import Seal


class Seals(Protocol):
    """Keeps seals; none is ever changed. Each change is one transaction with its audit entry."""

    def all_seals(self) -> list[Seal]:
        """Return all in order, with their stamps."""
        ...

    def covering(self, entry: int) -> Seal | None:
        """Return the seal over an entry, with its stamp; None while there is none."""
        ...

    def waiting(self) -> tuple[int, datetime | None]:
        """Count the entries that no seal holds, and tell when the oldest was written; those about seals do not count.

        Else each seal would call for the next.
        """
        ...

    def add(self, seal: Seal) -> bool:
        """Keep a seal; tell whether it was the first of its number."""
        ...

    def stamp(self, number: int, stamp: bytes, now: datetime) -> bool:
        """Put a time stamp to a seal that has none; tell whether it was done."""
        ...


class TimeStamps(Protocol):
    """An authority that says when something was there (RFC 3161)."""

    def stamp(self, data: bytes) -> bytes:
        """Return a time stamp of some bytes, as the authority gives it (DER). Raises StampError."""
        ...

    def check(self, stamp: bytes, data: bytes) -> str | None:
        """Say what is wrong with a stamp of some bytes; None where nothing is."""
        ...


class ReportPrinter(Protocol):
    """Makes a readable file of a report."""

    def print(self, report: Report) -> bytes:
        """Return a PDF file; equal reports give equal bytes."""
        ...


class EvidenceRecord(Protocol):
    """What evidence packs need of the record beside what others read, and the note that one was made."""

    def messages(self, measure_ids: Sequence[str]) -> list[Mapping[str, Any]]:
        """Return the messages about measures, in order, each with its deliveries, as JSON values."""
        ...

    def notice_messages(self, notice_id: str) -> list[Mapping[str, Any]]:
        """Return the messages about a notice in the same way, without the secrets that lead to it."""
        ...

    def alerts(self, because: str) -> list[Mapping[str, Any]]:
        """Return in the same way what partners were told for a reason, such as `notice:<id>`."""
        ...

    def sweeps(self, because: str) -> list[str]:
        """Return the ids of the sweeps that ran for a reason, in their order."""
        ...

    def note(self, subject: str, pack_id: str, sha256: str, who: str, now: datetime) -> None:
        """Write to the audit log that a pack of a subject was made."""
        ...
