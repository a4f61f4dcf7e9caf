"""Reputation of notifiers: how their notices fared, and what that means for the order in which notices are read.

It orders, and never silences: whoever sent many unfounded notices waits longer, by MOST_DAYS at most, and is read all
the same (Regulation 2022/2065, Art. 23(2), asks for more than that only after a warning, by a person).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MOST_DAYS = 2.0
"""How many days of waiting the best or the worst reputation is worth."""

_DOUBT = 4.0
_ABUSE_WEIGHS = 3.0
_DAY = 86_400.0


class Fared(StrEnum):
    """How a notice fared: its measures stayed, it was rejected, its uploads came back, or it was abusive."""

    UPHELD = "upheld"
    DISMISSED = "dismissed"
    REVERSED = "reversed"
    ABUSIVE = "abusive"


@dataclass(frozen=True, slots=True)
class Reputation:
    """How many notices of a notifier fared how."""

    upheld: int = 0
    dismissed: int = 0
    reversed: int = 0
    abusive: int = 0

    @property
    def standing(self) -> float:
        """Say it in one number from -1 to 1: 0 for who is new, since few notices tell little."""
        against = self.dismissed + self.reversed + _ABUSE_WEIGHS * self.abusive
        return (self.upheld - against) / (self.upheld + against + _DOUBT)


def rank_of_notice(received: datetime, reputation: Reputation) -> float:
    """Return a notice's place among others: the smaller number comes first; a day of waiting is worth one."""
    return received.timestamp() / _DAY - MOST_DAYS * reputation.standing
