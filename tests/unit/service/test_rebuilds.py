"""When the next generation is built, and when one that failed is tried again."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.adapters.live_index import LiveIndex
from service.adapters.rebuild import Order, Rebuilds
from tests.api.conftest import wait_for
from tests.registration import ADMIN, Bench


@pytest.fixture
def bench() -> Bench:
    """Give a record that waits for its first generation."""
    bench = Bench()
    bench.made()
    bench.added(b"one", b"two")
    bench.registration.activate(ADMIN, "moon-fox")
    return bench


def rebuilds(bench: Bench, folder: Path, failed: list[None], seconds: float) -> Rebuilds:
    """Order builds from an empty record, which cannot succeed."""
    order = Order(f"sqlite:///{folder / 'empty.db'}", str(folder / "blobs"), str(folder / "snapshot"))
    index = LiveIndex(folder / "snapshot", directory=bench.directory, blobs=bench.blobs)
    return Rebuilds(
        order,
        index,
        bench.directory,
        quiet_seconds=0,
        most_seconds=0,
        failed_seconds=seconds,
        on_failure=lambda: failed.append(None),
    )


def test_a_build_that_failed_is_tried_again_without_a_change(bench: Bench, tmp_path: Path) -> None:
    failed: list[None] = []
    builds = rebuilds(bench, tmp_path, failed, 0.1)
    builds.start(0.05)
    try:
        assert wait_for(lambda: len(failed) > 1, 60)
    finally:
        builds.close()


def test_but_not_at_once(bench: Bench, tmp_path: Path) -> None:
    failed: list[None] = []
    builds = rebuilds(bench, tmp_path, failed, 3600)
    builds.start(0.05)
    try:
        assert wait_for(lambda: bool(failed), 60)
        assert not wait_for(lambda: len(failed) > 1, 1)
    finally:
        builds.close()
