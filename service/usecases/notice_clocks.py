"""Clocks of notices: what is due, and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from service.domain.measure import Measure
from service.domain.notice import CounterState, Notice, NoticeState
from service.domain.notice_terms import Profile, Term, due
from service.ports import Correspondence


def clocks(
    profile: Profile, notice: Notice, of: Correspondence, taken: Sequence[Measure]
) -> tuple[tuple[str, datetime], ...]:
    """Return what is due about a notice and its measures `taken`, the nearest first.

    `act`, `reinstate:<counter-notice>` and `complain:<measure>`.
    """
    found = [
        (f"reinstate:{item.id}", item.due)
        for item in of.counter_notices
        if item.state is CounterState.WAITING and item.due is not None
    ]
    if notice.state in (NoticeState.COMPLETE, NoticeState.FORWARDED_TO_UPLOADER) and notice.completed is not None:
        act = due(profile, Term.ACT, notice.completed)
        found += [("act", act)] if act is not None else []
    for measure in taken:
        until = due(profile, Term.COMPLAIN, measure.taken) if measure.ended is None else None
        found += [(f"complain:{measure.id}", until)] if until is not None else []
    return tuple(sorted(found, key=lambda item: (item[1], item[0])))
