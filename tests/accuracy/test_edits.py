"""The edits: each changes the picture, always in the same way, and leaves a picture that can be decoded."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.signals.pixels.images import decode
from tests.accuracy.edits import EDITS, mirror, rotate_90
from tests.accuracy.tasks import edited
from tests.fakes import draw

PICTURE = np.asarray(draw(3, 1), np.uint8)


def test_there_are_eighteen_edits() -> None:
    assert len(EDITS) == 18


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_changes_the_picture_and_leaves_the_original_alone(name: str) -> None:
    before = PICTURE.copy()
    found = EDITS[name](PICTURE)
    assert found.dtype == np.uint8
    assert found.ndim == 3
    assert np.array_equal(before, PICTURE)
    assert found.shape != PICTURE.shape or not np.array_equal(found, PICTURE)


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_gives_the_same_result_every_time(name: str) -> None:
    assert np.array_equal(EDITS[name](PICTURE), EDITS[name](PICTURE.copy()))


@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize("size", [(40, 33), (96, 300)])
def test_an_edit_copes_with_small_and_narrow_pictures(name: str, size: tuple[int, int]) -> None:
    picture = np.asarray(Image.fromarray(PICTURE).resize(size), np.uint8)
    assert min(EDITS[name](picture).shape[:2]) >= 16


def test_mirroring_twice_and_four_quarter_turns_give_the_picture_back() -> None:
    assert np.array_equal(mirror(mirror(PICTURE)), PICTURE)
    assert np.array_equal(rotate_90(rotate_90(rotate_90(rotate_90(PICTURE)))), PICTURE)


def test_an_edited_file_is_a_picture_that_the_service_reads(tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.fromarray(PICTURE).save(stream, "PNG")
    path = tmp_path / "picture.png"
    path.write_bytes(stream.getvalue())
    assert decode("edited", edited(path, EDITS["panel"])).rgb.shape[0] > PICTURE.shape[0]
