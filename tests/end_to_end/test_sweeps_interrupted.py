"""Sweeps that are killed, cancelled or run beside each other."""

from __future__ import annotations

import time
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from service.domain.errors import WrongState
from service.domain.identity import Caller, Role
from service.domain.sweep import Phase, Sweep, SweepState
from service.ports import KeptPicture, ScreenedPicture
from tests.cases import actions
from tests.conftest import TinySnapshot
from tests.fakes import draw, encoded
from tests.sweeping import MO, Sweeping, fill, opened, run_slowly

pytestmark = pytest.mark.slow

COUNT = 400
OWL = ["amber-owl"]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'record.db'}"
    given: str = request.getfixturevalue("postgres_url")
    return given


def finish(own: Sweeping, sweep: Sweep) -> list[Any]:
    while own.sweeps.find(sweep.id).state in {SweepState.WAITING, SweepState.RUNNING}:
        own.runner.run_next()
    assert own.sweeps.find(sweep.id).state is SweepState.FINISHED, own.sweeps.find(sweep.id).problem
    return list(own.sweeps.hits(sweep.id))


@pytest.mark.parametrize("phase", list(Phase))
def test_a_sweep_killed_in_the_middle_goes_on_and_finds_the_same_once(
    url: str, tmp_path: Path, tiny_snapshot: TinySnapshot, phase: Phase
) -> None:
    fill(url, tiny_snapshot.out, COUNT)
    with opened(url, tmp_path, tiny_snapshot.out) as own:
        killed = own.sweeps.start(OWL, MO)
        process = get_context("spawn").Process(target=run_slowly, args=(url, str(tmp_path), str(tiny_snapshot.out)))
        process.start()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            now = own.sweeps.find(killed.id).progress
            if now.phase is phase and now.done > 0:
                break
            time.sleep(0.02)
        process.kill()
        process.join()
        left = own.sweeps.find(killed.id)
        assert left.state is SweepState.RUNNING
        assert left.progress.phase is phase
        assert 0 < left.progress.done < left.progress.total
        found = finish(own, killed)
        calm = finish(own, own.sweeps.start(OWL, MO))
        assert found == calm
        expected = {f"m-{n}" for n in range(COUNT) if n % 3 == 0 or n % 5 == 0}
        assert {hit.external_id for hit in found} == expected
        assert len(found) == len({hit.screening_id for hit in found})
        told = actions(own.engine, f"sweep:{killed.id}")
        assert told == ["sweep.asked_for", "sweep.started", "sweep.resumed", "sweep.finished"]


def test_what_another_runs_is_not_taken_from_it(tmp_path: Path, tiny_snapshot: TinySnapshot) -> None:
    url = f"sqlite:///{tmp_path / 'record.db'}"
    fill(url, tiny_snapshot.out, 60)
    patient = timedelta(minutes=1)
    with (
        opened(url, tmp_path, tiny_snapshot.out, patience=patient) as one,
        opened(url, tmp_path, tiny_snapshot.out, patience=patient) as other,
    ):
        sweep = one.sweeps.start(OWL, MO)
        other.sweeps.start(OWL, MO)
        steps = iter([True, True, True])
        assert one.runner.run_next(lambda: next(steps, False)) is not None
        assert one.sweeps.find(sweep.id).state is SweepState.RUNNING
        assert other.runner.run_next() is None


def test_a_cancelled_sweep_stops_at_its_next_step_and_keeps_what_it_found(
    tmp_path: Path, tiny_snapshot: TinySnapshot
) -> None:
    url = f"sqlite:///{tmp_path / 'record.db'}"
    fill(url, tiny_snapshot.out, COUNT)
    with opened(url, tmp_path, tiny_snapshot.out) as own:
        sweep = own.sweeps.start(OWL, MO)

        def go_on() -> bool:
            now = own.sweeps.find(sweep.id)
            if now.hits and now.state is SweepState.RUNNING:
                own.sweeps.cancel(sweep.id, Caller("ada", Role.ADMIN, via="user"))
            return True

        own.runner.run_next(go_on)
        with pytest.raises(WrongState, match="is over"):
            own.sweeps.cancel(sweep.id, MO)
        found = own.sweeps.find(sweep.id)
        assert found.state is SweepState.CANCELLED
        assert 0 < found.hits < COUNT // 3
        assert own.runner.run_next() is None


def test_pictures_of_another_model_are_embedded_again_where_they_were_kept(
    tmp_path: Path, tiny_snapshot: TinySnapshot
) -> None:
    url = f"sqlite:///{tmp_path / 'record.db'}"
    fill(url, tiny_snapshot.out, 6, model="older@000000000000")
    with opened(url, tmp_path, tiny_snapshot.out) as own:
        own.runner.catch_up()
        assert own.store.state().pictures == {"older@000000000000": 6}
        finished = finish(own, own.sweeps.start(OWL, MO))
        assert {hit.external_id for hit in finished} == {"m-0", "m-5"}
        assert own.sweeps.latest()[0].progress.not_compared == 6
        own.blobs.write(f"thumbnails/{3:064x}", encoded(draw(0, 0), "WEBP"))
        own.store.clear()
        changes = [ScreenedPicture("scr_00003", 0, b"", b"\0" * 8, "older@000000000000", f"{3:064x}", "thumbnail")]
        from service.adapters.sweeping import IndexMatching  # noqa: PLC0415

        matching = IndexMatching(own.index, own.blobs)
        (made,) = matching.embedded(changes)
        assert made.model == own.index.get().model
        (match, *_) = (
            matching.prepare(OWL)
            .examine([KeptPicture("a", f"{3:064x}", b"", b"\0" * 8, "thumbnail")], "older@000000000000")[0]
            .matches
        )
        assert match.reference_set == "amber-owl"


def test_the_store_forgets_what_retention_forgot_and_follows_another_record_anew(
    tmp_path: Path, tiny_snapshot: TinySnapshot
) -> None:
    from service.adapters.sql.screening_history import SqlPictureRetention  # noqa: PLC0415
    from tests.cases import NOON  # noqa: PLC0415

    url = f"sqlite:///{tmp_path / 'record.db'}"
    fill(url, tiny_snapshot.out, 9)
    with opened(url, tmp_path, tiny_snapshot.out) as own:
        own.runner.catch_up()
        assert sum(own.store.state().pictures.values()) == 9
        SqlPictureRetention(own.engine).forget(["scr_00000", "scr_00003"], NOON)
        own.runner.catch_up()
        assert sum(own.store.state().pictures.values()) == 7
    other = f"sqlite:///{tmp_path / 'other.db'}"
    fill(other, tiny_snapshot.out, 3)
    with opened(other, tmp_path, tiny_snapshot.out) as own:
        own.runner.catch_up()
        assert sum(own.store.state().pictures.values()) == 3
