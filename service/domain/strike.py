"""Strikes: what is counted against an uploader whose uploads were found to infringe, and when it counts no more.

The law asks that repeat infringers be dealt with (17 USC 512(i)(1)(A); Regulation 2022/2065, Art. 23(1)). What follows
from strikes is the platform's business: here they are counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Strike:
    """One strike. `because` is `case:<id>` or `notice:<id>`: one of these gives an uploader one strike at most."""

    id: str
    platform: str
    uploader: str
    because: str
    given: datetime
    expires: datetime
    voided: datetime | None = None
    voided_because: str | None = None

    def counts(self, now: datetime) -> bool:
        """Tell whether it counts."""
        return self.voided is None and now < self.expires


@dataclass(frozen=True, slots=True)
class Cause:
    """A finding that has consequences: a final decision, or an upload taken down under a notice.

    `id` is `decision:<id>` or `measure:<id>`; `because` names the case or the notice.
    """

    id: str
    because: str
    screening_id: str
    platform: str
    uploader: str | None
    reference_set: str | None
    title: str


@dataclass(frozen=True, slots=True)
class Consequence:
    """What followed from a cause. `blocked_id` is the entry of the LoRA among the blocked ones, if it is ours."""

    cause_id: str
    because: str
    screening_id: str
    platform: str
    uploader: str | None
    done: datetime
    blocked_id: str | None = None
    reversed: datetime | None = None
