"""Blocked LoRAs: files that were stopped before, to be known again however they come back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from indexer.model import LoraSignals


@dataclass(frozen=True, slots=True)
class BlockedLora:
    """A LoRA that a moderator found to infringe, and why; `reference_set` is the slug of what it reproduces.

    `added` is in UTC; `added_by` names who put it here.
    """

    id: str
    title: str
    reference_set: str | None
    reason: str
    added: datetime
    added_by: str
    signals: LoraSignals
