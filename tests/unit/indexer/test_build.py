"""Builds: one rename publishes, nothing else does; whatever fails leaves what was in force."""

from __future__ import annotations

import hashlib
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer import build as builds
from indexer import control as control_sets
from indexer.backends import embedded
from indexer.calibration import MIN_CONTROL
from indexer.errors import CalibrationError, IndexerError, ManifestError, SnapshotError
from indexer.index import snapshot as snapshots
from indexer.matcher import Matcher
from indexer.model import MatchKind, PictureFile
from indexer.signals.pixels.views import REFERENCE_VIEWS
from tests.conftest import PICTURES_A_SET, RUNTIME, SLUGS, EmbeddedModel, TinySets, TinySnapshot, with_folders
from tests.fakes import draw, encoded, write_set

VIEWS = len(REFERENCE_VIEWS)
KILLED_BUILD = """
import os, signal, sys
from pathlib import Path
from indexer import build, reference_sets

sets, out, step = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]

def die_at(current, done, total):
    if current == step and done:
        os.kill(os.getpid(), signal.SIGKILL)

read = [(item, sets / item.slug) for item in reference_sets.read_all(sets)]
build.build(read, out, runtime="onnxruntime", progress=die_at)
"""


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def fail_at(step: str) -> builds.Progress:
    def report(current: str, done: int, _total: int) -> None:
        if current == step and done:
            raise KeyboardInterrupt

    return report


def test_a_build_reports_what_it_holds(tiny_snapshot: TinySnapshot) -> None:
    references = len(SLUGS) * PICTURES_A_SET
    report = tiny_snapshot.report
    assert (report.generation, report.sets, report.references) == ("000001", len(SLUGS), references)
    assert (report.vectors, report.hashes, report.warnings) == (VIEWS * references, references, ())


def test_a_build_leaves_nothing_but_its_generation(tiny_snapshot: TinySnapshot) -> None:
    assert [path.name for path in tiny_snapshot.out.iterdir()] == ["000001"]


def test_enough_sets_of_other_works_calibrate_every_measure(tiny_snapshot: TinySnapshot) -> None:
    for measure, calibration in tiny_snapshot.loaded.calibrations.items():
        assert calibration.impostors is not None, measure
        assert calibration.rate(0.0).calibrated


def test_an_index_of_one_reference_finds_it(one_set: TinySets, tmp_path: Path, embedded_model: EmbeddedModel) -> None:
    report = builds.build(one_set.read, tmp_path / "out", runtime=RUNTIME)
    matcher = Matcher(snapshots.load(report.path), embedded_model.runtime)
    found = matcher.examine([PictureFile("same", encoded(draw(90, 0)))]).pictures[0]
    matcher.close()
    assert report.references == 1
    assert {match.kind for match in found.matches} == set(MatchKind) - {MatchKind.GEOMETRIC_COPY}
    assert {match.reference_set for match in found.matches} == {"lone-newt"}


def test_too_few_impostors_are_said_and_leave_the_likeness_uncalibrated(one_set: TinySets, tmp_path: Path) -> None:
    report = builds.build(one_set.read, tmp_path / "out", runtime=RUNTIME)
    assert any("uncalibrated" in warning for warning in report.warnings)
    assert not snapshots.load(report.path).calibrations["cosine"].rate(1.0).calibrated


def test_a_flat_reference_is_kept_without_hashes_and_said_so(tmp_path: Path) -> None:
    flat = draw(90, 1)
    flat.paste((200, 30, 30), (0, 0, *flat.size))
    write_set(tmp_path / "sets", "flat-fish", [flat])
    report = builds.build(with_folders(tmp_path / "sets"), tmp_path / "out", runtime=RUNTIME)
    assert (report.vectors, report.hashes) == (VIEWS, 0)
    assert any("too flat" in warning for warning in report.warnings)


@pytest.mark.parametrize("step", ["references", "verify"])
def test_a_killed_build_leaves_the_old_snapshot_in_force(
    tiny_snapshot: TinySnapshot, one_set: TinySets, step: str
) -> None:
    before = contents(tiny_snapshot.path)
    arguments = [sys.executable, "-c", KILLED_BUILD, str(one_set.folder), str(tiny_snapshot.out), step]
    killed = subprocess.run(arguments, check=False, capture_output=True, timeout=60)  # noqa: S603 (our own interpreter)
    left = [path for path in tiny_snapshot.out.iterdir() if path != tiny_snapshot.path]
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert snapshots.resolve(tiny_snapshot.out) == tiny_snapshot.path
    assert contents(tiny_snapshot.path) == before
    assert snapshots.load(tiny_snapshot.out).generation == "000001"
    for path in left:
        assert path.name.startswith(".building-")
        shutil.rmtree(path)


@pytest.mark.parametrize("step", ["model", "references", "calibrate", "verify"])
def test_a_failing_build_leaves_nothing_behind(one_set: TinySets, tmp_path: Path, step: str) -> None:
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        builds.build(one_set.read, out, runtime=RUNTIME, progress=fail_at(step))
    assert list(out.iterdir()) == []


def test_of_two_builds_that_race_one_is_published_and_the_other_told_so(one_set: TinySets, tmp_path: Path) -> None:
    out = tmp_path / "out"
    faster: list[builds.BuildReport] = []

    def overtaken(step: str, _done: int, _total: int) -> None:
        if step == "verify" and not faster:
            faster.append(builds.build(one_set.read, out, runtime=RUNTIME))

    with pytest.raises(SnapshotError, match="another build was faster"):
        builds.build(one_set.read, out, runtime=RUNTIME, progress=overtaken)
    assert [path.name for path in out.iterdir()] == ["000001"] == [faster[0].path.name]
    assert snapshots.next_generation(out) == "000002"


def test_every_picture_that_cannot_be_decoded_is_named(one_set: TinySets, tmp_path: Path) -> None:
    images = one_set.folder / "lone-newt" / "images"
    (images / "02.png").write_bytes(b"not a picture")
    (images / "03.png").write_bytes(encoded(draw(1, 1))[:500])
    with pytest.raises(ManifestError) as refused:
        builds.build(with_folders(one_set.folder), tmp_path / "out", runtime=RUNTIME)
    assert len(str(refused.value).splitlines()) == 2
    assert all(name in str(refused.value) for name in ("02.png", "03.png"))


def test_a_picture_that_changed_after_it_was_read_is_refused(one_set: TinySets, tmp_path: Path) -> None:
    (one_set.folder / "lone-newt" / "images" / "01.png").write_bytes(encoded(draw(91, 0)))
    with pytest.raises(ManifestError, match="changed while it was read"):
        builds.build(one_set.read, tmp_path / "out", runtime=RUNTIME)


def test_no_reference_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no reference picture"):
        builds.build([], tmp_path / "out")


class Kept:
    """A SignalStore in memory, which counts what is put."""

    def __init__(self) -> None:
        self.packed: dict[tuple[str, str], bytes] = {}
        self.puts = 0

    def get(self, recipe: str, sha256: str) -> bytes | None:
        return self.packed.get((recipe, sha256))

    def put(self, recipe: str, sha256: str, packed: bytes) -> None:
        self.packed[recipe, sha256] = packed
        self.puts += 1


def parts(folder: Path) -> dict[str, str]:
    return {name: value for name, value in contents(folder).items() if name not in ("manifest.json", "SHA256SUMS")}


def test_known_signals_are_not_computed_again_and_give_the_same_index(one_set: TinySets, tmp_path: Path) -> None:
    """All that is read again is the canary's file, and those that the new index is tried with."""
    write_set(one_set.folder, "tall-vole", [draw(92, number) for number in range(3)])
    read, known = with_folders(one_set.folder), Kept()
    first = builds.build(read, tmp_path / "out", runtime=RUNTIME, known=known)
    assert known.puts == 4
    again = builds.build(read, tmp_path / "out", runtime=RUNTIME, known=known)
    assert known.puts == 4
    assert parts(first.path) == parts(again.path)


def test_signals_that_were_damaged_are_computed_again(one_set: TinySets, tmp_path: Path) -> None:
    known = Kept()
    first = builds.build(one_set.read, tmp_path / "out", runtime=RUNTIME, known=known)
    whole = dict(known.packed)
    known.packed = {key: packed[:-9] for key, packed in whole.items()}
    again = builds.build(one_set.read, tmp_path / "out", runtime=RUNTIME, known=known)
    assert known.packed == whole
    assert parts(first.path) == parts(again.path)


def test_a_reference_that_is_known_and_gone_is_told_by_name(one_set: TinySets, tmp_path: Path) -> None:
    known = Kept()
    builds.build(one_set.read, tmp_path / "out", runtime=RUNTIME, known=known)
    (one_set.folder / "lone-newt" / "images" / "01.png").unlink()
    with pytest.raises(ManifestError, match=r"01\.png cannot be read"):
        builds.build(one_set.read, tmp_path / "out", runtime=RUNTIME, known=known)


@pytest.mark.parametrize("record", [None, "r-42"])
def test_the_manifest_tells_the_record_that_the_sets_were_taken_from(
    one_set: TinySets, tmp_path: Path, record: str | None
) -> None:
    report = builds.build(one_set.read, tmp_path / "out", runtime=RUNTIME, record=record)
    assert snapshots.load(report.path).manifest["record"] == record


def test_further_control_pictures_raise_the_rates_that_they_reach(
    one_set: TinySets, tmp_path: Path, embedded_model: EmbeddedModel
) -> None:
    """Forty pictures that were called false alarms make such a likeness common."""
    paths = [("dismissed", tmp_path / f"{number}.jpg") for number in range(40)]
    for number, (_, path) in enumerate(paths):
        draw(90, 0).save(path, quality=50 + number)
    more = control_sets.measure(paths, embedded_model.spec, embedded_model.runtime)
    plain = builds.build(one_set.read, tmp_path / "plain", runtime=RUNTIME)
    wider = builds.build(one_set.read, tmp_path / "wider", runtime=RUNTIME, also_control=more)
    before, after = (snapshots.load(report.path) for report in (plain, wider))
    assert len(after.control) == len(before.control) + len(more.vectors)
    assert after.manifest["counts"]["control_pictures"] == before.manifest["counts"]["control_pictures"] + 40
    rates = [each.calibrations["cosine"].crowd_rates(0.5)[0].value for each in (before, after)]
    assert rates[1] > 5 * rates[0]


def test_further_control_pictures_of_another_model_are_refused(one_set: TinySets, tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="control pictures of another model"):
        builds.build(one_set.read, tmp_path / "out", runtime=RUNTIME, also_control=replace(shipped(), model="f" * 64))


def test_a_snapshot_carries_the_vectors_of_its_control_set(tiny_snapshot: TinySnapshot) -> None:
    assert np.array_equal(tiny_snapshot.loaded.control, shipped().vectors.astype(np.float16))


def shipped() -> control_sets.ControlSet:
    return control_sets.load(embedded.FOLDER / control_sets.FILE)


def test_a_control_set_of_another_model_is_refused(one_set: TinySets, tmp_path: Path) -> None:
    control = shipped()
    path = tmp_path / "other.safetensors"
    control_sets.save(replace(control, model="f" * 64), path)
    with pytest.raises(CalibrationError, match="made with another model"):
        builds.build(one_set.read, tmp_path / "out", runtime=RUNTIME, control=path)


def test_a_control_set_that_is_too_small_is_refused(one_set: TinySets, tmp_path: Path) -> None:
    control = shipped()
    few = MIN_CONTROL - 1
    kept = control.pictures < few
    rows = {name: getattr(control, name)[kept] for name in ("vectors", "pdq", "phash", "quality", "pictures")}
    path = tmp_path / "small.safetensors"
    control_sets.save(replace(control, styles=control.styles[:few], **rows), path)
    with pytest.raises(CalibrationError, match=f"has {few} pictures"):
        builds.build(one_set.read, tmp_path / "out", runtime=RUNTIME, control=path)


@pytest.mark.parametrize("content", [None, b"", b"not a control set"])
def test_a_control_set_that_cannot_be_read_is_refused(one_set: TinySets, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "odd.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CalibrationError, match=r"odd\.safetensors is not a control set"):
        builds.build(one_set.read, tmp_path / "out", runtime=RUNTIME, control=path)


def test_an_unknown_runtime_stops_the_build(one_set: TinySets, tmp_path: Path) -> None:
    with pytest.raises(IndexerError, match="unknown runtime"):
        builds.build(one_set.read, tmp_path / "out", runtime="abacus")


def test_rates_are_those_of_the_whole_index_for_pictures_that_calibration_never_saw(
    tiny_snapshot: TinySnapshot, matcher: Matcher
) -> None:
    """Of 40 drawings of other characters in the very style of the references, few reach a claimed 5 %."""
    strangers = [PictureFile(str(n), encoded(draw(500 + n, n))) for n in range(40)]
    rates = [
        min(m.false_positive_rate for m in found.matches if m.kind is MatchKind.CHARACTER_SIMILARITY)
        for found in matcher.examine(strangers).pictures
    ]
    assert tiny_snapshot.loaded.calibrations["cosine"].impostors is not None
    assert float(np.mean(np.asarray(rates) <= 0.05)) <= 0.15
