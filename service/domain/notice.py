"""Notices: a rights holder's claim against uploads, the uploaders' replies, and what follows.

    received ──> incomplete ──> complete ──> forwarded_to_uploader ──> measures_taken ──> closed
        └──────────────────────────^                  │                     │
                                      counter_notice_received <─────────────┘
                                                  │
                                      forwarded_to_right_holder ──(nothing shown in time)──> reinstated ──> closed
                                                  └──(complaint or suit shown in time)────> kept ────────> closed

    withdrawn (by the notifier), rejected and abusive (by a moderator) end a notice; withdrawn and abusive end its
    measures too.

A notice may accuse uploads of many uploaders. Each counter-notice speaks for the uploads of one of them, has its own
waiting time and its own outcome; the state of the notice is that of its latest dealings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from service.domain.errors import WrongState
from service.domain.notice_terms import Jurisdiction
from service.domain.wording import Wording


class NoticeState(StrEnum):
    """Where a notice stands."""

    RECEIVED = "received"
    INCOMPLETE = "incomplete"
    COMPLETE = "complete"
    FORWARDED_TO_UPLOADER = "forwarded_to_uploader"
    MEASURES_TAKEN = "measures_taken"
    COUNTER_NOTICE_RECEIVED = "counter_notice_received"
    FORWARDED_TO_RIGHT_HOLDER = "forwarded_to_right_holder"
    REINSTATED = "reinstated"
    KEPT = "kept"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"
    ABUSIVE = "abusive"


class NoticeEvent(StrEnum):
    """What happens to a notice; the audit log calls it `notice.<event>`.

    `reinstated_in_part` and `suit_shown_in_part` settle one counter-notice while another still waits.
    """

    FOUND_INCOMPLETE = "found_incomplete"
    FOUND_COMPLETE = "found_complete"
    FORWARDED = "forwarded"
    MEASURES_TAKEN = "measures_taken"
    COUNTER_NOTICE_RECEIVED = "counter_notice_received"
    COUNTER_NOTICE_FORWARDED = "counter_notice_forwarded"
    SUIT_SHOWN = "suit_shown"
    SUIT_SHOWN_IN_PART = "suit_shown_in_part"
    REINSTATED = "reinstated"
    REINSTATED_IN_PART = "reinstated_in_part"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"
    FOUND_ABUSIVE = "found_abusive"
    CLOSED = "closed"


_S, _E = NoticeState, NoticeEvent
_BEFORE_COMPLETE = (_S.RECEIVED, _S.INCOMPLETE)
_ACTED_UPON = (_S.FORWARDED_TO_UPLOADER, _S.MEASURES_TAKEN)
_DISPUTED = (_S.COUNTER_NOTICE_RECEIVED, _S.FORWARDED_TO_RIGHT_HOLDER)
_SETTLED = (_S.REINSTATED, _S.KEPT)
_ALIVE = (*_BEFORE_COMPLETE, _S.COMPLETE, *_ACTED_UPON, *_DISPUTED, *_SETTLED)
ENDED = frozenset({_S.CLOSED, _S.WITHDRAWN, _S.REJECTED, _S.ABUSIVE})
"""States in which nothing is left to do. A counter-notice opens a closed one again, since its measures still stand."""


def _from(states: tuple[NoticeState, ...], event: NoticeEvent, to: NoticeState) -> dict[Any, NoticeState]:
    return {(state, event): to for state in states}


TRANSITIONS: Mapping[tuple[NoticeState, NoticeEvent], NoticeState] = {
    **_from(_BEFORE_COMPLETE, _E.FOUND_INCOMPLETE, _S.INCOMPLETE),
    **_from(_BEFORE_COMPLETE, _E.FOUND_COMPLETE, _S.COMPLETE),
    (_S.COMPLETE, _E.FORWARDED): _S.FORWARDED_TO_UPLOADER,
    # What a sweep finds later is taken down under the same notice.
    **_from(_ACTED_UPON, _E.MEASURES_TAKEN, _S.MEASURES_TAKEN),
    **_from(
        (*_ACTED_UPON, _S.FORWARDED_TO_RIGHT_HOLDER, *_SETTLED, _S.CLOSED),
        _E.COUNTER_NOTICE_RECEIVED,
        _S.COUNTER_NOTICE_RECEIVED,
    ),
    (_S.COUNTER_NOTICE_RECEIVED, _E.COUNTER_NOTICE_FORWARDED): _S.FORWARDED_TO_RIGHT_HOLDER,
    (_S.FORWARDED_TO_RIGHT_HOLDER, _E.SUIT_SHOWN): _S.KEPT,
    (_S.FORWARDED_TO_RIGHT_HOLDER, _E.SUIT_SHOWN_IN_PART): _S.FORWARDED_TO_RIGHT_HOLDER,
    (_S.FORWARDED_TO_RIGHT_HOLDER, _E.REINSTATED): _S.REINSTATED,
    (_S.FORWARDED_TO_RIGHT_HOLDER, _E.REINSTATED_IN_PART): _S.FORWARDED_TO_RIGHT_HOLDER,
    **_from(_ALIVE, _E.WITHDRAWN, _S.WITHDRAWN),
    **_from((*_BEFORE_COMPLETE, _S.COMPLETE, _S.FORWARDED_TO_UPLOADER), _E.REJECTED, _S.REJECTED),
    **_from(_ALIVE, _E.FOUND_ABUSIVE, _S.ABUSIVE),
    **_from((*_ACTED_UPON, *_SETTLED), _E.CLOSED, _S.CLOSED),
}
"""Each state and what may happen in it. What is not in it is refused."""


def after(state: NoticeState, event: NoticeEvent) -> NoticeState:
    """Return the state that an event leads to. Raises WrongState for one that cannot happen there."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise WrongState(f"the notice is {state}: it cannot be {event.value.replace('_', ' ')} from there") from None


@dataclass(frozen=True, slots=True)
class Notifier:
    """Who gives notice, as they say themselves.

    `identity` says how they prove who they are, `authority` why they may speak for the rights holder, where they are
    not it. `key` names them over several notices: `owner:<id>`, `platform:<name>`, or `public:<hash of the address>`.
    """

    key: str
    name: str
    contact: str
    address: str = ""
    identity: str = ""
    authority: str = ""


@dataclass(frozen=True, slots=True)
class Accused:
    """An upload that a notice is about, by the platform's own id or by a URL.

    `screening_id` and `uploader` are those of its latest screening, None where none is known here. `named` is false for
    one that the notice did not name, and a sweep found.
    """

    platform: str
    external_id: str | None = None
    url: str | None = None
    note: str = ""
    screening_id: str | None = None
    uploader: str | None = None
    named: bool = True

    @property
    def upload(self) -> tuple[str, str] | None:
        """Platform and external id, where it is named by that."""
        return (self.platform, self.external_id) if self.external_id is not None else None


@dataclass(frozen=True, slots=True)
class Claim:
    """What a notice says: the work, the right in it, the proof, and what the notifier vouches for."""

    work: str = ""
    rights_evidence: str = ""
    explanation: str = ""
    good_faith: bool = False
    accurate: bool = False
    under_penalty: bool = False
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice. `reference_sets` are the slugs of the characters it is about, `owner` the rights owner it came from.

    `platform` is the one that passed it on, if any. `missing` are the values of elements that it lacks. `sweep_id` is
    the sweep that it started. `version` counts its changes. All times are in UTC.
    """

    id: str
    state: NoticeState
    jurisdiction: Jurisdiction
    notifier: Notifier
    claim: Claim
    accused: tuple[Accused, ...]
    reference_sets: tuple[str, ...]
    received: datetime
    received_by: str
    rank: float
    owner: str | None = None
    platform: str | None = None
    missing: tuple[str, ...] = ()
    completed: datetime | None = None
    forwarded: datetime | None = None
    ended: datetime | None = None
    sweep_id: str | None = None
    version: int = 1

    @property
    def because(self) -> str:
        """How measures, strikes and sweeps name it as their reason."""
        return f"notice:{self.id}"

    def moved(self, event: NoticeEvent, at: datetime) -> Notice:
        """Return it after an event, with the times that the event sets. Raises WrongState."""
        state = after(self.state, event)
        changed = replace(self, state=state, version=self.version + 1)
        if event is NoticeEvent.FOUND_COMPLETE:
            return replace(changed, completed=at)
        if event is NoticeEvent.FORWARDED:
            return replace(changed, forwarded=at)
        return replace(changed, ended=at if state in ENDED else None)


class CounterState(StrEnum):
    """How a counter-notice stands: the right holder's time runs, or its uploads came back, or stay away."""

    WAITING = "waiting"
    REINSTATED = "reinstated"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class CounterNotice:
    """An uploader's reply for its `uploads` (platform, external id).

    `due` is when the uploads come back by themselves, None where a person has to decide; `licence` names a licence of a
    set, such as `rivet-courier/licence-2`.
    """

    id: str
    notice_id: str
    platform: str
    uploader: str | None
    uploads: tuple[tuple[str, str], ...]
    name: str
    contact: str
    address: str
    explanation: str
    evidence: str
    signature: str
    good_faith: bool
    consents_to_jurisdiction: bool
    received: datetime
    received_by: str
    licence: str | None = None
    due: datetime | None = None
    state: CounterState = CounterState.WAITING
    settled: datetime | None = None
    settled_by: str | None = None


class Direction(StrEnum):
    """Whether a letter came in or went out."""

    RECEIVED = "received"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class Letter:
    """One piece of correspondence. `party` is whom it came from or went to.

    `notifier`, `uploader:<platform>/<uploader>` or `platform:<name>`.
    """

    id: str
    notice_id: str
    direction: Direction
    kind: str
    party: str
    at: datetime
    text: Wording
    details: Mapping[str, Any] = field(default_factory=dict)
