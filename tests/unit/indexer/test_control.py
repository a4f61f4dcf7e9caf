"""Control sets: signals of unrelated pictures, measured once and kept without the pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from indexer import control as control_sets
from indexer.backends import embedded
from indexer.calibration import MIN_CONTROL
from indexer.control import ControlSet
from indexer.errors import CalibrationError
from tests.fakes import TINY_SPEC, TinyBackend, draw


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(40):
        path = tmp_path / ("ink" if number < 15 else "paint") / f"{number:02}.png"
        path.parent.mkdir(exist_ok=True)
        draw(number, 0, (64, 64)).save(path)
    (tmp_path / "paint" / "broken.png").write_bytes(b"no picture")
    (tmp_path / "notes.txt").write_text("no picture either", encoding="utf-8")
    return tmp_path


@pytest.fixture
def measured(folder: Path) -> ControlSet:
    return control_sets.measure(control_sets.pictures_below(folder), TINY_SPEC, TinyBackend())


def test_pictures_are_listed_in_order_with_their_style(folder: Path) -> None:
    listed = control_sets.pictures_below(folder)
    assert len(listed) == 41
    assert [style for style, _ in listed] == ["ink"] * 15 + ["paint"] * 26


def test_every_picture_that_can_be_decoded_is_measured(measured: ControlSet) -> None:
    assert len(measured) == 40
    assert measured.styles == ("ink",) * 15 + ("paint",) * 25
    assert (measured.vectors.shape, measured.pdq.shape, measured.phash.shape) == ((40, 16), (40, 32), (40, 8))
    assert measured.reliable.any()


def test_progress_is_told_for_every_picture(folder: Path) -> None:
    steps: list[int] = []
    control_sets.measure(control_sets.pictures_below(folder), TINY_SPEC, TinyBackend(), steps.append)
    assert steps == list(range(1, 42))


def test_writing_and_reading_keeps_the_signals(measured: ControlSet, tmp_path: Path) -> None:
    path = tmp_path / "control.safetensors"
    control_sets.save(measured, path)
    read = control_sets.load(path)
    assert (read.model, read.styles) == (measured.model, measured.styles)
    assert np.array_equal(read.pdq, measured.pdq)
    assert np.array_equal(read.phash, measured.phash)
    assert np.abs(read.vectors @ read.vectors.T - measured.vectors @ measured.vectors.T).max() < 0.001


def test_a_folder_without_a_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="no control picture"):
        control_sets.measure(control_sets.pictures_below(tmp_path), TINY_SPEC, TinyBackend())


def test_the_shipped_control_set_belongs_to_the_embedded_model() -> None:
    control = control_sets.load(embedded.FOLDER / control_sets.FILE)
    assert control.model == embedded.describe().fingerprint
    assert len(control) >= MIN_CONTROL
    assert np.allclose(np.linalg.norm(control.vectors, axis=1), 1.0, atol=0.01)
