"""References that cannot be read: left out and counted, and in force again as soon as they can be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from service.adapters.live_index import LiveIndex
from tests.conftest import RUNTIME, TinySnapshot
from tests.fakes import draw, encoded
from tests.registration import ADMIN, Bench

SLUG = "moon-fox"
PICTURES = [encoded(draw(40, number)) for number in range(2)]
Open = Callable[[float], LiveIndex]


@pytest.fixture
def bench() -> Bench:
    """Give a record with an active set of two pictures."""
    bench = Bench()
    bench.made()
    bench.added(*PICTURES)
    bench.registration.activate(ADMIN, SLUG)
    return bench


@pytest.fixture
def left_out() -> list[int]:
    """Give how many references were left out, at each change."""
    return []


@pytest.fixture
def opened(bench: Bench, left_out: list[int], tiny_snapshot: TinySnapshot) -> Iterator[Open]:
    """Open indexes on the record that try again after so many seconds."""
    with ExitStack() as stack:

        def run(again_seconds: float) -> LiveIndex:
            index = LiveIndex(
                tiny_snapshot.out,
                directory=bench.directory,
                blobs=bench.blobs,
                runtime=RUNTIME,
                again_seconds=again_seconds,
                on_change=lambda _, count: left_out.append(count),
            )
            stack.callback(index.close)
            return index

        yield run


def held(index: LiveIndex) -> int:
    return len(index.get().sets[SLUG].references)


def lose(bench: Bench) -> tuple[str, bytes]:
    """Take the bytes of one picture away; return them with their name."""
    name = next(name for name in bench.blobs.kept if name.startswith("pictures/"))
    return name, bench.blobs.kept.pop(name)


def test_what_cannot_be_read_holds_up_no_other(bench: Bench, opened: Open, left_out: list[int]) -> None:
    lose(bench)
    index = opened(0)
    assert index.refresh()
    assert (held(index), left_out) == (1, [1])


def test_it_is_in_force_as_soon_as_it_can_be_read(bench: Bench, opened: Open, left_out: list[int]) -> None:
    name, data = lose(bench)
    index = opened(0)
    index.refresh()
    assert not index.refresh()
    bench.blobs.write(name, data)
    assert index.refresh()
    assert (held(index), left_out) == (2, [1, 0])
    assert not index.refresh()


def test_it_is_not_tried_at_every_look_but_at_once_when_told_to(bench: Bench, opened: Open) -> None:
    name, data = lose(bench)
    index = opened(3600)
    index.refresh()
    bench.blobs.write(name, data)
    assert not index.refresh()
    index.wake()
    assert index.refresh()
    assert held(index) == 2
