"""The state machine of notices."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.errors import WrongState
from service.domain.notice import ENDED, TRANSITIONS, NoticeEvent, NoticeState, after
from service.domain.reputation import MOST_DAYS, Reputation, rank_of_notice
from tests.cases import NOON
from tests.notices import DAY, notice

S, E = NoticeState, NoticeEvent
EXPECTED = {
    S.RECEIVED: {E.FOUND_INCOMPLETE, E.FOUND_COMPLETE, E.WITHDRAWN, E.REJECTED, E.FOUND_ABUSIVE},
    S.INCOMPLETE: {E.FOUND_INCOMPLETE, E.FOUND_COMPLETE, E.WITHDRAWN, E.REJECTED, E.FOUND_ABUSIVE},
    S.COMPLETE: {E.FORWARDED, E.WITHDRAWN, E.REJECTED, E.FOUND_ABUSIVE},
    S.FORWARDED_TO_UPLOADER: {
        E.MEASURES_TAKEN,
        E.COUNTER_NOTICE_RECEIVED,
        E.WITHDRAWN,
        E.REJECTED,
        E.FOUND_ABUSIVE,
        E.CLOSED,
    },
    S.MEASURES_TAKEN: {E.MEASURES_TAKEN, E.COUNTER_NOTICE_RECEIVED, E.WITHDRAWN, E.FOUND_ABUSIVE, E.CLOSED},
    S.COUNTER_NOTICE_RECEIVED: {E.COUNTER_NOTICE_FORWARDED, E.WITHDRAWN, E.FOUND_ABUSIVE},
    S.FORWARDED_TO_RIGHT_HOLDER: {
        E.SUIT_SHOWN,
        E.SUIT_SHOWN_IN_PART,
        E.REINSTATED,
        E.REINSTATED_IN_PART,
        E.COUNTER_NOTICE_RECEIVED,
        E.WITHDRAWN,
        E.FOUND_ABUSIVE,
    },
    S.REINSTATED: {E.COUNTER_NOTICE_RECEIVED, E.WITHDRAWN, E.FOUND_ABUSIVE, E.CLOSED},
    S.KEPT: {E.COUNTER_NOTICE_RECEIVED, E.WITHDRAWN, E.FOUND_ABUSIVE, E.CLOSED},
    S.CLOSED: {E.COUNTER_NOTICE_RECEIVED},
    S.WITHDRAWN: set(),
    S.REJECTED: set(),
    S.ABUSIVE: set(),
}


@pytest.mark.parametrize("state", S)
def test_what_may_happen_in_each_state_is_this_and_no_more(state: NoticeState) -> None:
    assert {event for (begin, event) in TRANSITIONS if begin is state} == EXPECTED[state]


@given(st.lists(st.sampled_from(E), max_size=12))
def test_an_event_that_is_not_in_the_table_is_refused_whatever_came_before(events: list[NoticeEvent]) -> None:
    item = notice(state=S.RECEIVED)
    for event in events:
        if (item.state, event) in TRANSITIONS:
            moved = item.moved(event, NOON)
            assert moved.version == item.version + 1
            assert (moved.ended is not None) == (moved.state in ENDED)
            item = moved
        else:
            with pytest.raises(WrongState, match="cannot be"):
                item.moved(event, NOON)


@pytest.mark.parametrize("state", [S.WITHDRAWN, S.REJECTED, S.ABUSIVE])
@pytest.mark.parametrize("event", E)
def test_nothing_follows_an_end(state: NoticeState, event: NoticeEvent) -> None:
    with pytest.raises(WrongState):
        after(state, event)


COUNTS = st.integers(0, 10_000)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_no_reputation_keeps_a_notice_back_for_long(upheld: int, dismissed: int, back: int, abusive: int) -> None:
    worst = rank_of_notice(NOON, Reputation(upheld, dismissed, back, abusive))
    assert worst < rank_of_notice(NOON + 2 * MOST_DAYS * DAY, Reputation(10_000))


def test_who_was_right_before_comes_first() -> None:
    ranks = [rank_of_notice(NOON, item) for item in (Reputation(upheld=9), Reputation(), Reputation(abusive=3))]
    assert ranks == sorted(ranks)
