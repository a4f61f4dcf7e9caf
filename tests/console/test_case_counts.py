from __future__ import annotations

from service.console.case_counts import CountersMemory
from service.ports import Counters


class Ticking:
    """A clock that is moved by hand, and a count that takes some of its time."""

    def __init__(self) -> None:
        self.now, self.counted = 0.0, 0

    def time(self) -> float:
        return self.now

    def count(self) -> Counters:
        self.counted += 1
        self.now += 0.05
        return Counters(self.counted, 0, 0, 0, None)


def test_what_took_long_to_count_is_kept_for_a_while() -> None:
    clock = Ticking()
    memory = CountersMemory(clock.time)
    assert [memory.get(clock.count).open for _ in range(3)] == [1, 1, 1]
    clock.now += 1.01
    assert memory.get(clock.count).open == 2
