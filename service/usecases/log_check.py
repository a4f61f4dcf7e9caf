"""Checking the audit log: its chain, its seals, and their time stamps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from service.domain.audit import Entry, Fault, verify
from service.domain.seal import Seal, SealWatch
from service.ports import AuditLog, Seals, TimeStamps

Verifier = Callable[[bytes, bytes, bytes], bool]
"""Tells of public key, text and signature whether they belong together."""


@dataclass(frozen=True, slots=True)
class LogChecked:
    """What checking the log gave: the first fault or None, number and hash of the last entry, and the seals.

    `unsealed` entries came after the last seal; `unstamped` seals have no time stamp. Of `unchecked` seals nobody can
    tell who signed them, since the service's own key is gone.
    """

    fault: Fault | None
    head: tuple[int, str] | None
    seals: int
    last_seal: Seal | None
    unsealed: int
    unstamped: int
    unchecked: int = 0

    @property
    def whole(self) -> bool:
        """Tell whether nothing is wrong, and everything was checked."""
        return self.fault is None and self.unchecked == 0


class LogCheck:
    """Follows the whole log."""

    def __init__(
        self,
        audit: AuditLog,
        seals: Seals,
        *,
        keys: Callable[[], Sequence[bytes]],
        verifier: Verifier,
        has_own: Callable[[], bool] = lambda: True,
        stamps: TimeStamps | None = None,
    ) -> None:
        """Take the stores; `keys` gives the raw public keys with which this service signs, and signed before.

        `has_own` tells whether the one with which it signs is among them.
        """
        self._audit = audit
        self._seals = seals
        self._keys = keys
        self._verifier = verifier
        self._has_own = has_own
        self._stamps = stamps

    def check(self, seen: Callable[[Entry], None] = lambda _: None) -> LogChecked:
        """Follow the whole log and compare it with its seals and their stamps; `seen` is told each entry."""
        seals, before = self._seals.all_seals(), self._audit.head()
        signers = _Signers(self._keys(), self._verifier, has_own=self._has_own()) if seals else None
        watch = SealWatch(seals, signers.are_ours if signers else lambda _: False)
        passed = _Passed(before)

        def passing() -> Iterator[Entry]:
            for entry in self._audit.all_entries():
                watch.see(entry)
                seen(entry)
                passed.see(entry)
                yield entry

        fault = verify(passing()) or passed.end(self._audit.head()) or watch.end() or self._stamp_fault(seals)
        return LogChecked(
            fault,
            passed.last,
            len(seals),
            seals[-1] if seals else None,
            max(0, (passed.last or (0, ""))[0] - (seals[-1].last if seals else 0)),
            sum(seal.stamp is None for seal in seals),
            signers.unchecked if signers else 0,
        )

    def _stamp_fault(self, seals: Sequence[Seal]) -> Fault | None:
        if self._stamps is None:
            return None
        for seal in seals:
            wrong = self._stamps.check(seal.stamp, seal.signed_text()) if seal.stamp is not None else None
            if wrong is not None:
                return Fault(seal.last, f"carries seal {seal.number} with a time stamp that does not fit: {wrong}")
        return None


class _Signers:
    """Tells whose seals are; without our own key, a seal of any other may be ours, and is counted."""

    def __init__(self, keys: Sequence[bytes], verifier: Verifier, *, has_own: bool) -> None:
        self._keys = keys
        self._verifier = verifier
        self._has_own = has_own
        self.unchecked = 0

    def are_ours(self, seal: Seal) -> bool:
        key = bytes.fromhex(seal.public_key)
        if not self._verifier(key, seal.signed_text(), bytes.fromhex(seal.signature)):
            return False
        if key not in self._keys and not self._has_own:
            self.unchecked += 1
            return True
        return key in self._keys


class _Passed:
    """Compares the last entry with the head that the log states: others may write while the log is read."""

    def __init__(self, before: tuple[int, str] | None) -> None:
        self._before = before
        self._at_head = before is None
        self.last: tuple[int, str] | None = None

    def see(self, entry: Entry) -> None:
        """Let the next entry pass."""
        self.last = entry.number, entry.sha256
        self._at_head = self._at_head or self.last == self._before

    def end(self, after: tuple[int, str] | None) -> Fault | None:
        """Say what is wrong with the end of the log."""
        number = self.last[0] if self.last else 0
        if self._before is not None and not self._at_head:
            said = f"but the log says that {self._before[0]} is"
            return Fault(number, f"is the last one found, {said}: entries are missing")
        if number > (after[0] if after else 0):
            return Fault(number, "stands after the one that the log says is its last")
        return None
