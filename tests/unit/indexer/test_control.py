"""Control sets: signals of unrelated pictures, measured once and kept without the pictures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import save_file

from indexer import control as control_sets
from indexer.backends import embedded
from indexer.calibration import MIN_CONTROL
from indexer.control import ControlSet
from indexer.errors import CalibrationError
from indexer.signals.pixels.images import decode
from indexer.signals.pixels.parts import prepare_query
from indexer.signals.pixels.perceptual import MIN_QUALITY
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
    rows = len(measured.pictures)
    assert (measured.vectors.shape, measured.pdq.shape, measured.phash.shape) == ((rows, 16), (rows, 32), (rows, 8))
    assert measured.quality.shape == (rows,)
    assert sorted(set(measured.pictures.tolist())) == list(range(40))


def test_a_picture_has_a_row_for_the_whole_and_one_for_each_picture_inside_it(tmp_path: Path) -> None:
    """Unrelated uploads are parted too, and each part is a chance to look alike."""
    page = Image.new("RGB", (700, 320), "white")
    page.paste(draw(3, 2), (15, 15))
    page.paste(draw(7, 1), (365, 15))
    files = {"a.png": draw(1, 0), "b.png": page, "c.png": draw(2, 0)}
    for name, image in files.items():
        image.save(tmp_path / name)
    found = control_sets.measure(control_sets.pictures_below(tmp_path), TINY_SPEC, TinyBackend())
    parts = [len(prepare_query(decode(name, (tmp_path / name).read_bytes()), TINY_SPEC)) for name in sorted(files)]
    assert parts[1] >= 3
    assert found.pictures.tolist() == [number for number, count in enumerate(parts) for _ in range(count)]
    assert len(found) == len(found.agreements) == 3


def test_hashes_of_flat_parts_do_not_count(measured: ControlSet) -> None:
    quality = np.arange(len(measured.pictures), dtype=np.uint8) + MIN_QUALITY - 3
    hashes, pictures = replace(measured, quality=quality).hashes(measured.pdq)
    assert np.array_equal(hashes, measured.pdq[3:])
    assert np.array_equal(pictures, measured.pictures[3:])


def test_progress_is_told_for_every_picture_measured_and_then_for_every_one_verified(folder: Path) -> None:
    steps: list[int] = []
    control_sets.measure(control_sets.pictures_below(folder), TINY_SPEC, TinyBackend(), steps.append)
    assert steps == [*range(1, 42), *range(1, 41)]


def test_writing_and_reading_keeps_the_signals(measured: ControlSet, tmp_path: Path) -> None:
    path = tmp_path / "control.safetensors"
    control_sets.save(measured, path)
    read = control_sets.load(path)
    assert (read.model, read.styles) == (measured.model, measured.styles)
    assert np.array_equal(read.pdq, measured.pdq)
    assert np.array_equal(read.phash, measured.phash)
    assert np.array_equal(read.quality, measured.quality)
    assert np.array_equal(read.pictures, measured.pictures)
    assert np.array_equal(read.agreements, measured.agreements)
    assert np.abs(read.vectors @ read.vectors.T - measured.vectors @ measured.vectors.T).max() < 0.001


@pytest.mark.parametrize(("style", "agrees"), [("paint", True), ("ink", False)])
def test_a_picture_is_verified_against_other_styles_alone(tmp_path: Path, style: str, *, agrees: bool) -> None:
    """A copy within one collection says nothing of unrelated pictures; one across collections has to be seen."""
    placed = [("ink", draw(1, 0)), (style, draw(1, 0)), ("ink", draw(2, 0)), ("paint", draw(3, 0))]
    paths = [(where, tmp_path / f"{number}.png") for number, (where, _) in enumerate(placed)]
    for (_, path), (_, image) in zip(paths, placed, strict=True):
        image.save(path)
    found = control_sets.measure(paths, TINY_SPEC, TinyBackend()).agreements
    assert found.shape == (4,)
    assert bool((found[:2] > 20).all()) is agrees
    assert (found[2:] < 5).all()


def test_a_control_set_of_one_style_has_nothing_to_agree_with(tmp_path: Path) -> None:
    for number in range(2):
        draw(1, number).save(tmp_path / f"{number}.png")
    paths = [("ink", path) for path in sorted(tmp_path.iterdir())]
    assert control_sets.measure(paths, TINY_SPEC, TinyBackend()).agreements.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("gone", ["agreements", "pictures"])
def test_a_control_set_that_lacks_a_part_is_refused(measured: ControlSet, tmp_path: Path, gone: str) -> None:
    path = tmp_path / "older.safetensors"
    control_sets.save(measured, path)
    with safe_open(path, "numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys() if name != gone}  # noqa: SIM118 (no mapping)
        metadata = file.metadata()
    save_file(arrays, path, metadata)
    with pytest.raises(CalibrationError):
        control_sets.load(path)


@pytest.mark.parametrize("recipe", control_sets.RECIPES)
def test_a_control_set_of_another_recipe_is_refused(measured: ControlSet, tmp_path: Path, recipe: str) -> None:
    path = tmp_path / "older.safetensors"
    control_sets.save(measured, path)
    with safe_open(path, "numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
        metadata = file.metadata()
    recipes = {**json.loads(metadata["recipes"]), recipe: "older-0"}
    save_file(arrays, path, {**metadata, "recipes": json.dumps(recipes)})
    with pytest.raises(CalibrationError, match="other recipes"):
        control_sets.load(path)


def test_a_folder_without_a_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="no control picture"):
        control_sets.measure(control_sets.pictures_below(tmp_path), TINY_SPEC, TinyBackend())


def test_the_shipped_control_set_belongs_to_the_embedded_model() -> None:
    control = control_sets.load(embedded.FOLDER / control_sets.FILE)
    assert control.model == embedded.describe().fingerprint
    assert len(control) >= MIN_CONTROL
    assert len(control.agreements) >= MIN_CONTROL
    assert sorted(set(control.pictures.tolist())) == list(range(len(control)))
    assert np.allclose(np.linalg.norm(control.vectors, axis=1), 1.0, atol=0.01)


def test_two_control_sets_become_one(measured: ControlSet, tmp_path: Path) -> None:
    (tmp_path / "dismissed").mkdir()
    for number in range(2):
        draw(100 + number, 0).save(tmp_path / "dismissed" / f"{number}.png")
    paths = control_sets.pictures_below(tmp_path / "dismissed")
    more = control_sets.measure(paths, TINY_SPEC, TinyBackend())
    both = measured.joined(more)
    assert len(both) == 42
    assert both.styles == (*measured.styles, "dismissed", "dismissed")
    assert both.pictures.tolist() == [*measured.pictures.tolist(), *(more.pictures + 40).tolist()]
    assert np.array_equal(both.vectors, np.concatenate([measured.vectors, more.vectors]))
    assert np.array_equal(both.agreements, np.concatenate([measured.agreements, more.agreements]))
    for of, first, second in ((both.pdq, measured.pdq, more.pdq), (both.phash, measured.phash, more.phash)):
        assert np.array_equal(both.hashes(of)[0], np.concatenate([measured.hashes(first)[0], more.hashes(second)[0]]))


def test_a_control_set_of_another_model_is_not_joined(measured: ControlSet) -> None:
    with pytest.raises(CalibrationError, match="control pictures of another model"):
        measured.joined(replace(measured, model="f" * 64))
