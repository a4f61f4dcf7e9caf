"""Blocking: which LoRAs are known to infringe, so that they are stopped whenever they come back."""

from __future__ import annotations

from collections.abc import Collection
from typing import BinaryIO

import structlog

from indexer.errors import LoraError
from indexer.loras import can_be_known_again, read_signals
from indexer.model import LoraSignals
from service.domain.blocked import BlockedLora
from service.domain.errors import FieldFault, InvalidFields, NotFound
from service.domain.identity import new_id
from service.ports import BlockedLoras, Clock

log = structlog.get_logger()


class Blocking:
    """Blocks LoRAs, and lets them pass again."""

    def __init__(self, blocked: BlockedLoras, clock: Clock) -> None:
        self._blocked = blocked
        self._clock = clock

    def add(
        self,
        stream: BinaryIO,
        size: int,
        *,
        name: str,
        title: str,
        reason: str,
        by: str,
        reference_set: str | None = None,
        known_sets: Collection[str] | None = None,
    ) -> BlockedLora:
        """Block a safetensors file of `size` bytes; the same file twice gives the first entry.

        `known_sets` are the slugs that `reference_set` may be, where they are known. Raises InvalidFields.
        """
        if reference_set is not None and known_sets is not None and reference_set not in known_sets:
            raise InvalidFields([FieldFault("reference_set", f"there is no reference set {reference_set!r}")])
        try:
            read = read_signals(name, stream, size)
        except LoraError as error:
            raise InvalidFields([FieldFault("lora_file", f"{error.code}: {error}")]) from error
        if not can_be_known_again(read):
            fault = "none of its tensors tells it from other files: they are too small, or were never trained"
            raise InvalidFields([FieldFault("lora_file", fault)])
        return self._add(read.signals, title, reference_set, reason, by, without=read.problem)

    def add_signals(
        self, signals: LoraSignals, *, title: str, reason: str, by: str, reference_set: str | None = None
    ) -> BlockedLora | None:
        """Block a LoRA that was screened, by its signals; None where these could not tell it from others.

        The same file twice gives the first entry. Without a fingerprint it may never have been trained: nobody is
        there to look, so it is not blocked.
        """
        if signals.fingerprint is None or not any(item.telling for item in signals.tensors):
            return None
        return self._add(signals, title, reference_set, reason, by)

    def _add(
        self,
        signals: LoraSignals,
        title: str,
        reference_set: str | None,
        reason: str,
        by: str,
        *,
        without: str | None = None,
    ) -> BlockedLora:
        wanted = BlockedLora(new_id("blk"), title, reference_set, reason, self._clock.now(), by, signals)
        kept = self._blocked.add(wanted)
        if kept.id == wanted.id:
            log.info("lora_blocked", blocked_lora=kept.id, reference_set=reference_set, by=by, without=without)
        return kept

    def remove(self, blocked_id: str, by: str) -> None:
        """Let a LoRA pass again. Raises NotFound."""
        if not self._blocked.remove(blocked_id, self._clock.now(), by):
            raise NotFound(f"there is no blocked LoRA {blocked_id}")
        log.info("lora_released", blocked_lora=blocked_id, by=by)

    def list_all(self) -> list[BlockedLora]:
        """Return all that are in force, newest first."""
        return self._blocked.list_all()
