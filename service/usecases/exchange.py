"""Exchange with partners: telling them what is protected and blocked here, and taking in what they tell.

What comes from a partner is kept apart from our own, expires by itself, and leads to a review at most.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from service.domain.errors import FieldFault, InvalidFields, NotFound, WrongState
from service.domain.exchange import LONGEST, VALID, Entry, EntryKind, Partner, PartnerEntry, Provenance
from service.domain.identity import Caller
from service.domain.registration import RegisteredSet, SetState
from service.ports import Clock, SetDirectory, Signer
from service.ports.exchange import BlockedHashes, OwnHashes, PartnerEntries, Partners
from service.usecases.exchange_document import canonical, read_document, read_envelope, signed

log = structlog.get_logger()

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PDQ = re.compile(r"[0-9a-fA-F]{64}")
_KEY_BYTES = 32
_AHEAD = timedelta(minutes=5)
_LONGEST = 512
Verify = Callable[[bytes, bytes, bytes], bool]


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry that was not taken in: its place in the document, and why."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of an export of a partner."""

    partner: str
    kept: int
    withdrawn: int
    refused: tuple[Refused, ...]


class Exchange:
    """Exports, imports, looks up and forwards."""

    def __init__(  # noqa: PLR0917 (each of them another kind of thing)
        self,
        partners: Partners,
        entries: PartnerEntries,
        directory: SetDirectory,
        hashes: OwnHashes,
        signer: Signer,
        clock: Clock,
        *,
        verify: Verify,
        key_id: Callable[[bytes], str],
    ) -> None:
        """`verify` tells of a public key, some bytes and a signature whether they fit; `key_id` names a public key."""
        self._partners = partners
        self._entries = entries
        self._directory = directory
        self._hashes = hashes
        self._signer = signer
        self._clock = clock
        self._verify = verify
        self._key_id = key_id

    def key(self) -> dict[str, str]:
        """Return our public key in base64 and its name. Raises SigningKeyError."""
        return {"key_id": self._signer.key_id(), "public_key": base64.b64encode(self._signer.public_key()).decode()}

    def export(self, since: datetime | None = None) -> dict[str, Any]:
        """Return all that is in force, signed; with `since` what changed since then. Raises NotReady."""
        now = self._clock.now()
        active = [item for item in self._directory.list_all() if item.state is SetState.ACTIVE]
        entries = list(self._entries_of(active, now, since))
        known = {item.slug: item for item in active}
        entries += [_lora(item, known.get(item.reference_set or ""), now) for item in self._hashes.blocked(since, None)]
        return signed(entries, self._signer, now, now + VALID, complete=since is None)

    def forward(self, set_slug: str, because: str, who: str) -> list[str]:
        """Tell all partners of one set, with what is blocked for it; return the ids of the messages.

        `because` is such as `notice:<id>`, `who` an actor. Raises NotFound or NotReady.
        """
        about = self._directory.get(set_slug)
        if about is None:
            raise NotFound(f"there is no reference set {set_slug}")
        now = self._clock.now()
        entries = list(self._entries_of([about], now, None))
        entries += [_lora(item, about, now) for item in self._hashes.blocked(None, set_slug)]
        export = signed(entries, self._signer, now, now + VALID, complete=False)
        payload = {"reference_set": set_slug, "because": because, "export": export}
        names = [partner.name for partner in self._partners.list_all()]
        ids = self._partners.alert(names, payload, f"set:{set_slug}", who, now)
        log.info("partners_alerted", reference_set=set_slug, partners=len(ids))
        return ids

    def take_in(self, content: Any, who: Caller) -> Imported:
        """Take in an export of a partner. Raises InvalidFields, naming what is wrong with it."""
        envelope = read_envelope(content)
        partner = next((item for item in self._partners.list_all() if item.key_id == envelope.key_id), None)
        if partner is None:
            raise InvalidFields([FieldFault("key_id", f"no partner is registered with the key {envelope.key_id}")])
        if not self._verify(partner.public_key, canonical(envelope.document), envelope.signature_bytes()):
            message = f"{partner.name} did not sign this: it was changed since, or signed with another key"
            raise InvalidFields([FieldFault("signature", message)])
        document, now = read_document(envelope.document), self._clock.now()
        _check_times(document.issued, document.expires, partner, now)
        kept: list[Entry] = []
        refused: list[Refused] = []
        for number, entry in enumerate(document.read()):
            if entry.expires <= now:
                refused.append(Refused(f"document.entries[{number}]", f"expired {entry.expires.isoformat()}"))
            else:
                kept.append(replace(entry, expires=min(entry.expires, now + LONGEST)))
        args = (partner, kept, document.issued, who.actor, now)
        withdrawn = self._entries.keep(*args, complete=document.complete)
        log.info("partner_imported", partner=partner.name, kept=len(kept), refused=len(refused))
        return Imported(partner.name, len(kept), withdrawn, tuple(refused))

    def add_partner(self, name: str, public_key: str, who: Caller) -> Partner:
        """Register a partner by its public key in base64. Raises InvalidFields, or WrongState where it is known."""
        try:
            raw = base64.b64decode(public_key, validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        faults = [] if _NAME.fullmatch(name) else [FieldFault("name", "give 1 to 64 letters, digits, dots or hyphens")]
        if len(raw) != _KEY_BYTES:
            faults.append(FieldFault("public_key", "give the 32 bytes of an Ed25519 key in base64"))
        if faults:
            raise InvalidFields(faults)
        partner = Partner(name, raw, self._key_id(raw), self._clock.now(), who.actor)
        if not self._partners.add(partner):
            raise WrongState(f"a partner {name}, or one with this key, is registered already")
        return partner

    def remove_partner(self, name: str, who: Caller) -> None:
        """Remove a partner with all it told. Raises NotFound."""
        if not self._partners.remove(name, who.actor, self._clock.now()):
            raise NotFound(f"there is no partner {name}")

    def partners(self) -> list[Partner]:
        """Return the partners, by name."""
        return self._partners.list_all()

    def entries(self, partner: str) -> list[PartnerEntry]:
        """Return what a partner told that is in force."""
        return self._entries.list_all(partner, self._clock.now())

    def withdraw(self, entry_id: str, who: Caller) -> None:
        """Take an entry of a partner out of force here. Raises NotFound."""
        if not self._entries.withdraw(entry_id, who.actor, self._clock.now()):
            raise NotFound(f"there is no entry {entry_id} in force")

    def look_up(self, signal: str, signal_type: str) -> list[str]:
        """Return the slugs of the sets that a PDQ hash is near to. Raises InvalidFields or NotReady."""
        if signal_type != EntryKind.PDQ:
            raise InvalidFields([FieldFault("signal_type", "it is `pdq`")])
        if not _PDQ.fullmatch(signal):
            raise InvalidFields([FieldFault("signal", "a PDQ hash has 64 hexadecimal digits")])
        return self._hashes.near(bytes.fromhex(signal))

    def _entries_of(self, sets: list[RegisteredSet], now: datetime, since: datetime | None) -> Iterator[Entry]:
        for item in sets:
            if since is not None and item.changed < since:
                continue
            came = Provenance(item.content.holder[:_LONGEST], item.created, f"set:{item.slug}")
            about: dict[str, Any] = {"reference_set": item.slug, "title": dict(item.content.title)}
            about |= {"provenance": came, "expires": now + VALID}
            for alias in item.content.aliases:
                value = {"text": alias.text, "language": alias.language, "alias_kind": alias.kind.value}
                yield Entry(EntryKind.ALIAS, value=value, **about)
            for pdq in self._hashes.pdq(item.slug):
                yield Entry(EntryKind.PDQ, value={"pdq": pdq}, **about)


def _lora(item: BlockedHashes, about: RegisteredSet | None, now: datetime) -> Entry:
    owner = about.content.holder if about is not None else ""
    return Entry(
        kind=EntryKind.LORA,
        reference_set=item.reference_set or "-",
        title=dict(about.content.title) if about is not None else {"en": item.title},
        value={"sha256": item.sha256, "body_sha256": item.body_sha256, "tensors": list(item.tensors)},
        provenance=Provenance(owner[:_LONGEST], item.added, item.reason[:_LONGEST]),
        expires=now + VALID,
    )


def _check_times(issued: datetime, expires: datetime, partner: Partner, now: datetime) -> None:
    fault: FieldFault | None = None
    if expires <= now:
        fault = FieldFault("document.expires", f"it expired {expires.isoformat()}")
    elif issued > now + _AHEAD:
        fault = FieldFault("document.issued", "it was issued in the future")
    elif partner.last_issued is not None and issued <= partner.last_issued:
        last = partner.last_issued.isoformat()
        fault = FieldFault("document.issued", f"one of {last} was taken in already; an older one is not")
    if fault is not None:
        raise InvalidFields([fault])
