"""Measures: what a platform is told to do about an upload, and when that ends.

taken ──(the platform confirms)──> confirmed ──> ended

Several measures may stand against one upload, each for a reason of its own; it is free when none is in force.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.domain.wording import Wording


class MeasureKind(StrEnum):
    """What is to be done: take an upload down, or hold it back until a person has looked."""

    UNPUBLISH = "unpublish"
    HOLD = "hold"


class Standing(StrEnum):
    """Whether the public can reach an upload, as far as is known here."""

    PUBLISHED = "published"
    HELD = "held"
    UNPUBLISHED = "unpublished"


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure against one upload.

    `because` names what it follows from: `notice:<id>`, `sweep:<id>` or `case:<id>`. `confirmed` is when the platform
    said that it had been done. All times are in UTC.
    """

    id: str
    kind: MeasureKind
    screening_id: str
    platform: str
    external_id: str
    uploader: str | None
    reference_sets: tuple[str, ...]
    because: str
    taken: datetime
    taken_by: str
    statement: Wording
    confirmed: datetime | None = None
    ended: datetime | None = None
    ended_by: str | None = None
    ended_because: str | None = None
