"""Sealing: the audit log is signed from time to time, and others say when."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import structlog

from service.domain.audit import Entry
from service.domain.errors import TimeStampError
from service.domain.seal import Seal, is_due, root_of, signed_text
from service.ports import AuditLog, Clock, Seals, Signer, TimeStamps

log = structlog.get_logger()

MOST_ENTRIES = 10_000
"""The longest stretch of one seal: its hashes are held in memory, and a proof has 14 steps at most."""

_STAMPS_AT_ONCE = 20
_PAGE = 1000


class Sealing:
    """Seals the audit log, and checks it."""

    def __init__(
        self,
        audit: AuditLog,
        seals: Seals,
        signer: Signer,
        clock: Clock,
        *,
        stamps: TimeStamps | None = None,
        entries: int = 1000,
        hours: float = 24.0,
        on_stamp_failure: Callable[[], None] = lambda: None,
    ) -> None:
        self._audit = audit
        self._seals = seals
        self._signer = signer
        self._clock = clock
        self._stamps = stamps
        self._entries = entries
        self._hours = hours
        self._on_stamp_failure = on_stamp_failure

    def watch(self) -> None:
        """Seal what is due, and ask for the time stamps that are missing."""
        count, oldest = self._seals.waiting()
        if is_due(count, oldest, self._clock.now(), entries=self._entries, hours=self._hours):
            self.seal()
        self._stamp()

    def seal(self) -> Seal | None:
        """Seal the log up to its head now; return the last seal, None of an empty log."""
        seals = self._seals.all_seals()
        last = seals[-1] if seals else None
        head = self._audit.head()
        while head is not None and (last is None or last.last < head[0]):
            first = last.last + 1 if last else 1
            made = self._make(last.number + 1 if last else 1, first, min(head[0], first + MOST_ENTRIES - 1))
            if not self._seals.add(made):
                # Another process was faster; it sealed as much as there was.
                return self._seals.all_seals()[-1]
            log.info("log_sealed", seal=made.number, last=made.last)
            last = made
        return last

    def sealed(self, entry: int) -> Seal | None:
        """Return the seal over an entry, made now where there is none; None where there is no such entry."""
        found = self._seals.covering(entry)
        if found is None:
            self.seal()
            found = self._seals.covering(entry)
        return found

    def hashes(self, seal: Seal) -> list[str]:
        """Return the hashes of a seal's entries, in order."""
        return [entry.sha256 for entry in self._entries_of(seal.first, seal.last)]

    def _make(self, number: int, first: int, last: int) -> Seal:
        hashes = [entry.sha256 for entry in self._entries_of(first, last)]
        now = self._clock.now()
        text = signed_text(number, first, last, hashes[-1], root_of(hashes), now)
        key, signature = self._signer.public_key().hex(), self._signer.sign(text).hex()
        return Seal(number, first, last, hashes[-1], root_of(hashes), now, key, signature)

    def _entries_of(self, first: int, last: int) -> Iterator[Entry]:
        after = first - 1
        while after < last and (some := self._audit.entries(after=after, most=min(_PAGE, last - after))):
            yield from some
            after = some[-1].number

    def _stamp(self) -> None:
        if self._stamps is None:
            return
        for seal in [item for item in self._seals.all_seals() if item.stamp is None][:_STAMPS_AT_ONCE]:
            try:
                stamp = self._stamps.stamp(seal.signed_text())
            except TimeStampError as error:
                log.warning("time_stamp_failed", seal=seal.number, reason=str(error))
                self._on_stamp_failure()
                # The others would fail alike; the next round tries again.
                return
            self._seals.stamp(seal.number, stamp, self._clock.now())
