"""Measures against uploads, and the signals by which an uploaded LoRA is known again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from indexer.model import LoraSignals
from service.domain.measure import Measure, Standing


class Measures(Protocol):
    """Keeps measures. Each change is one transaction with its audit entries and its messages to the platforms."""

    def take(self, measures: Sequence[Measure]) -> list[Measure]:
        """Keep measures, and tell their platforms; return them as they stand.

        Where one of the same kind for the same reason is in force against an upload, that one is returned, and nobody
        is told again.
        """
        ...

    def end(self, measure_ids: Sequence[str], now: datetime, who: str, why: str) -> list[Measure]:
        """End those in force, and tell their platforms; return what was ended."""
        ...

    def confirm(self, measure_id: str, platform: str, now: datetime) -> bool:
        """Note that a platform has done it; tell whether the measure is that platform's and in force."""
        ...

    def find(
        self, *, measure_id: str | None = None, because: str | None = None, upload: tuple[str, str] | None = None
    ) -> list[Measure]:
        """Return measures by id, by reason, or by upload (platform, external id), in the order in which they came."""
        ...

    def standing(self, uploads: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Standing]:
        """Tell of uploads (platform, external id) whether they can be reached: by measures, decision and verdict."""
        ...


class ScreenedLoras(Protocol):
    """The signals of LoRAs that were screened; the screening store writes them."""

    def read(self, screening_id: str) -> LoraSignals | None:
        """Return those of a screening; None where it had no LoRA that could be read."""
        ...

    def after(self, place: str | None, most: int) -> list[tuple[str, LoraSignals]]:
        """Go through them in order of their screenings' ids: the next `most` after a place, each with its screening."""
        ...
