"""What partners exchange: names, hashes of pictures and hashes of LoRAs, with where each comes from and until when.

Never pictures. What a partner says is a claim: it leads to a review at most, and no partner blocks anything here alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from service.domain.wording import Wording

FORMAT = "lora-screening-exchange/1"
VALID = timedelta(days=90)
"""How long an entry holds unless it is exported again."""

LONGEST = timedelta(days=366)
"""No entry of a partner holds longer, whatever it says."""

NEAR = 31
"""Two PDQ hashes that differ in at most so many of their 256 bits are taken for one picture. The threshold that Meta's
ThreatExchange uses (python-threatexchange, signal_type/pdq)."""

MOST_TENSORS = 256
"""Of how many tensors of a LoRA the hashes are told."""


class EntryKind(StrEnum):
    """What an entry tells."""

    ALIAS = "alias"
    PDQ = "pdq"
    LORA = "lora"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Whose the protected character is, since when it is known, and by which decision, notice or registration."""

    owner: str
    since: datetime
    because: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing told about a reference set.

    `value` holds, by kind: text, language and alias_kind; pdq (64 hexadecimal digits); sha256, body_sha256, tensors.
    """

    kind: EntryKind
    reference_set: str
    title: Mapping[str, str]
    value: Mapping[str, Any]
    provenance: Provenance
    expires: datetime

    @property
    def id(self) -> str:
        """What it is called: the same for the same value about the same set."""
        told = json.dumps([self.kind, self.reference_set, self.value], sort_keys=True)
        return f"ent_{hashlib.sha256(told.encode()).hexdigest()[:40]}"


@dataclass(frozen=True, slots=True)
class Partner:
    """Who entries are exchanged with; `public_key` is raw Ed25519, `last_issued` of the last export taken in."""

    name: str
    public_key: bytes
    key_id: str
    added: datetime
    added_by: str
    last_issued: datetime | None = None


@dataclass(frozen=True, slots=True)
class PartnerEntry:
    """An entry of a partner as it is kept here; `id` is ours, and names partner and entry."""

    id: str
    partner: str
    entry: Entry
    imported: datetime

    @property
    def title(self) -> str:
        """What it is called in answers."""
        titles = self.entry.title
        return titles.get("en") or next(iter(titles.values()), "") or self.entry.reference_set


def partner_lora(name: str, item: PartnerEntry, *, whole: bool) -> Wording:
    """Explain that a partner blocked a LoRA."""
    partner, title = item.partner, item.title
    if whole:
        return Wording(
            f"{name} is a LoRA that the partner {partner} reports as blocked for “{title}”.",
            f"{name} 与合作方 {partner} 通报的、因“{title}”被拦截的 LoRA 相同。",
        )
    return Wording(
        f"{name} shares weights with a LoRA that the partner {partner} reports as blocked for “{title}”.",
        f"{name} 与合作方 {partner} 通报的、因“{title}”被拦截的 LoRA 含有相同权重。",
    )


def partner_picture(name: str, item: PartnerEntry, distance: int) -> Wording:
    """Explain that a picture is near one that a partner protects."""
    partner, title = item.partner, item.title
    return Wording(
        f"{name} looks like a picture of “{title}” that the partner {partner} reports ({distance} of 256 bits differ).",
        f"{name} 与合作方 {partner} 通报的“{title}”图片相近（256 位中有 {distance} 位不同）。",
    )
