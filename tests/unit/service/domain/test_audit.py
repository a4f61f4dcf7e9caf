"""The chain of the audit log: whatever is done to it, it shows where."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.audit import BEGINNING, Entry, canonical, next_entry, verify

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def _chain(length: int) -> list[Entry]:
    entries: list[Entry] = []
    for number in range(length):
        last = (entries[-1].number, entries[-1].sha256) if entries else None
        at = NOON + timedelta(microseconds=number)
        after = canonical({"number": number})
        made = next_entry(
            last, at, actor="user:mo", action="case.claimed", subject="case:1", before="null", after=after
        )
        entries.append(made)
    return entries


def _head(entries: list[Entry]) -> tuple[int, str]:
    return entries[-1].number, entries[-1].sha256


def test_the_first_entry_names_the_beginning() -> None:
    assert (_chain(1)[0].number, _chain(1)[0].previous) == (1, BEGINNING)


@pytest.mark.parametrize("length", [0, 1, 2, 50])
def test_a_chain_that_was_only_written_to_is_whole(length: int) -> None:
    assert verify(_chain(length)) is None


@given(st.data())
def test_a_changed_entry_is_named(data: st.DataObject) -> None:
    entries = _chain(6)
    place = data.draw(st.integers(0, 5))
    changes = {
        "at": entries[place].at + timedelta(microseconds=1),
        "actor": "user:eve",
        "action": "case.released",
        "subject": "case:2",
        "before": "{}",
        "after": "{}",
    }
    field = data.draw(st.sampled_from(sorted(changes)))
    entries[place] = replace(entries[place], **{field: changes[field]})
    fault = verify(entries, head=_head(entries))
    assert fault is not None
    assert fault.number == place + 1


@given(st.integers(0, 4))
def test_a_missing_entry_is_named_by_the_one_after_it(place: int) -> None:
    entries = _chain(6)
    left = entries[:place] + entries[place + 1 :]
    fault = verify(left, head=_head(entries))
    assert fault is not None
    assert fault.number == place + 2


def test_entries_missing_at_the_end_are_told_by_the_head() -> None:
    entries = _chain(6)
    assert verify(entries[:4]) is None
    fault = verify(entries[:4], head=_head(entries))
    assert fault is not None
    assert "missing" in fault.what


@given(st.permutations(range(5)))
def test_another_order_is_seen(order: list[int]) -> None:
    entries = _chain(5)
    fault = verify([entries[number] for number in order], head=_head(entries))
    assert (fault is None) == (order == sorted(order))


def test_an_entry_whose_hash_was_made_again_breaks_the_next_one() -> None:
    entries = _chain(4)
    forged = next_entry(
        (1, entries[0].sha256), NOON, actor="user:eve", action="a.b", subject="s:1", before="null", after="null"
    )
    fault = verify([entries[0], forged, *entries[2:]])
    assert fault is not None
    assert fault.number == 3


def test_the_zone_in_which_a_time_came_changes_nothing() -> None:
    shanghai = NOON.astimezone(timezone(timedelta(hours=8)))
    made = [
        next_entry(None, at, actor="a", action="b.c", subject="s:1", before="null", after="null")
        for at in (NOON, shanghai)
    ]
    assert made[0].sha256 == made[1].sha256


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.text() | st.lists(st.text())))
def test_equal_values_are_equal_texts(value: dict[str, object]) -> None:
    turned = dict(reversed(list(value.items())))
    assert canonical(value) == canonical(turned)
