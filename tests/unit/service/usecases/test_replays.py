"""Replays in the background: how far they are, what they find, and that none is lost without a word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from service.bootstrap import policy_content
from service.domain.errors import InvalidFields, NotFound, Overloaded
from service.usecases.replays import Replays

SHIPPED = policy_content(None)


@dataclass
class FakeLater:
    """Keeps jobs until they are run."""

    jobs: list[Callable[[], None]] = field(default_factory=list)
    full: bool = False

    def check(self) -> None:
        if self.full:
            raise Overloaded("too many wait")

    def submit(self, job: Callable[[], None]) -> None:
        self.jobs.append(job)

    def close(self) -> None:
        while self.jobs:
            self.jobs.pop(0)()


@dataclass
class FakeWorkbench:
    """Answers a replay with a word, and remembers how far it was seen to be."""

    seen: Callable[[], int] = int
    steps: list[int] = field(default_factory=list)
    error: Exception | None = None

    def check(self, content: Any, last: int) -> None:
        if "version" not in content:
            raise InvalidFields([])
        assert last

    def replay(self, _content: Any, last: int, progress: Callable[[int], None]) -> str:
        for done in (100, last):
            progress(done)
            self.steps.append(self.seen())
        if self.error:
            raise self.error
        return "the result"


def made(workbench: FakeWorkbench) -> tuple[Replays, FakeLater]:
    later = FakeLater()
    bench: Any = workbench
    return Replays(bench, later), later


def test_a_replay_is_waiting_then_running_then_done() -> None:
    workbench = FakeWorkbench()
    replays, later = made(workbench)
    begun = replays.begin(SHIPPED, 2000)
    assert (replays.find(begun).done, replays.find(begun).result) == (0, None)
    workbench.seen = lambda: replays.find(begun).done
    later.close()
    assert workbench.steps == [100, 2000]
    found = replays.find(begun)
    assert (found.content, found.last, found.done, found.result, found.failed) == (
        SHIPPED,
        2000,
        2000,
        "the result",
        False,
    )


def test_a_replay_that_fails_says_so() -> None:
    replays, later = made(FakeWorkbench(error=RuntimeError("disk")))
    begun = replays.begin(SHIPPED, 2000)
    later.close()
    assert (replays.find(begun).failed, replays.find(begun).result) == (True, None)


def test_a_draft_that_is_none_is_refused_before_anything_is_promised() -> None:
    replays, later = made(FakeWorkbench())
    with pytest.raises(InvalidFields):
        replays.begin({}, 2000)
    assert later.jobs == []


def test_where_too_many_wait_none_is_begun() -> None:
    replays, later = made(FakeWorkbench())
    later.full = True
    with pytest.raises(Overloaded):
        replays.begin(SHIPPED, 2000)
    assert later.jobs == []


def test_the_latest_are_remembered_and_others_are_not_known() -> None:
    replays, later = made(FakeWorkbench())
    begun = [replays.begin(SHIPPED, 2000) for _ in range(Replays.KEPT + 1)]
    with pytest.raises(NotFound):
        replays.find(begun[0])
    with pytest.raises(NotFound):
        replays.find("rpl_unknown")
    replays.close()
    assert later.jobs == []
    assert replays.find(begun[-1]).result == "the result"
