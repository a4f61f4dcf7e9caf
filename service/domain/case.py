"""Cases: uploads that a person has to see, who is looking at them, and what was concluded.

open ──claim──> claimed ──decide──> decided ──undo (a minute)──> claimed
                    └────escalate──> escalated (an admin decides)
decided ──appeal──> open, for another person than the one who decided
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from indexer.model import Fame
from service.domain.wording import Wording

UNDO = timedelta(minutes=1)
"""How long a decision can be taken back by whoever made it, and how long it is not final."""

LEASE = timedelta(minutes=15)
"""How long a claimed case is kept for whoever claimed it; looking at it again renews the lease."""


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    ESCALATED = "escalated"
    DECIDED = "decided"


class Origin(StrEnum):
    """Why a person has to look: the verdict asked for it, or the sample of automatic verdicts fell on it."""

    REVIEW = "review"
    SECOND_LOOK = "second_look"


class DecisionKind(StrEnum):
    """What a moderator concludes; `escalate` hands the case to an admin."""

    UPHOLD = "uphold"
    DISMISS = "dismiss"
    ESCALATE = "escalate"


class ReasonCode(StrEnum):
    """Why."""

    COPIED_PICTURES = "copied_pictures"
    SHOWS_CHARACTER = "shows_character"
    NAMED_CHARACTER = "named_character"
    BLOCKED_BEFORE = "blocked_before"
    OTHER_CHARACTER = "other_character"
    SHARED_STYLE = "shared_style"
    GENERIC_NAME = "generic_name"
    LICENSED = "licensed"
    NOT_PROTECTED = "not_protected"
    LAWFUL_USE = "lawful_use"
    UNCLEAR_RIGHTS = "unclear_rights"
    LEGAL_QUESTION = "legal_question"
    CANNOT_TELL = "cannot_tell"


REASONS: Mapping[DecisionKind, tuple[ReasonCode, ...]] = {
    DecisionKind.UPHOLD: (
        ReasonCode.SHOWS_CHARACTER,
        ReasonCode.COPIED_PICTURES,
        ReasonCode.NAMED_CHARACTER,
        ReasonCode.BLOCKED_BEFORE,
    ),
    DecisionKind.DISMISS: (
        ReasonCode.OTHER_CHARACTER,
        ReasonCode.SHARED_STYLE,
        ReasonCode.GENERIC_NAME,
        ReasonCode.LICENSED,
        ReasonCode.NOT_PROTECTED,
        ReasonCode.LAWFUL_USE,
    ),
    DecisionKind.ESCALATE: (ReasonCode.CANNOT_TELL, ReasonCode.UNCLEAR_RIGHTS, ReasonCode.LEGAL_QUESTION),
}
"""The reasons that fit each decision, the most usual first."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Who is looking at a case, and until when it is theirs."""

    by: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What was concluded. `statement` is the statement of reasons for the uploader; `undone` when it was taken back."""

    id: str
    kind: DecisionKind
    reason_code: ReasonCode
    comment: str
    statement: Wording | None
    by: str
    at: datetime
    undone: datetime | None = None

    def is_final(self, now: datetime) -> bool:
        """Tell whether it can be taken back no more."""
        return self.undone is None and now >= self.at + UNDO


@dataclass(frozen=True, slots=True)
class Case:
    """An upload that a person has to see.

    `reference_sets` are the slugs that its grounds speak of, `kinds` the kinds of evidence found, and `rank` its place
    in the queue (smaller comes first, see rank_of). `decision` is the one in force; `appeal` what the uploader wrote
    against an earlier one, which `appealed_from` had made.
    """

    id: str
    screening_id: str
    platform: str
    external_id: str
    uploader: str | None
    stage: str
    origin: Origin
    state: CaseState
    opened: datetime
    rank: float
    reference_sets: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    claim: Claim | None = None
    decision: Decision | None = None
    appeal: str | None = None
    appealed_from: str | None = None

    def claimed_by_other(self, who: str, now: datetime) -> bool:
        """Tell whether somebody else is looking at it."""
        return self.claim is not None and self.claim.by != who and self.claim.until > now


APPEAL = 1.0
"""How many days of waiting an appeal is worth."""

_FAME = {Fame.ORDINARY: 0.0, Fame.KNOWN: 1.0, Fame.FAMOUS: 2.0}
_COMMERCIAL = 1.0
_HOURS_WORTH_ONE = 24.0
_STRONGEST = 6.0


def rank_of(fame: Fame, lowest_rate: float, opened: datetime, *, commercial: bool, appealed: bool = False) -> float:
    """Return a case's place in the queue: the smaller number comes first.

    A point ahead each for a step of fame, for money or promotion, for an appeal, and for each day of waiting; up to two
    for how rarely an unrelated upload would look so much alike. Waiting counts for all cases alike, so the order of two
    cases never changes while they wait, and the number is fixed when the case is opened.
    """
    strength = min(-math.log10(max(lowest_rate, 1e-9)), _STRONGEST) / _STRONGEST * 2.0
    waiting = opened.timestamp() / 3600.0 / _HOURS_WORTH_ONE
    return waiting - (_FAME[fame] + strength + _COMMERCIAL * commercial + APPEAL * appealed)


def in_sample(case_id: str, share: float) -> bool:
    """Tell whether a screening is among the `share` (0..1) that gets a second look: by the id that its case would have.

    So it replays; and the platform, which is never told that id, cannot work out on whom the sample fell.
    """
    digest = hashlib.sha256(f"second-look:{case_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2.0**64
