"""Snapshots: checked to the last byte, made for this version and model, published by one rename."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.errors import SnapshotError
from indexer.index import snapshot as snapshots
from indexer.index.snapshot import RECIPES, SUMS
from indexer.live import with_changes
from indexer.signals.pixels.views import REFERENCE_VIEWS
from tests.conftest import TinySnapshot
from tests.fakes import reseal

FILES = (
    "SHA256SUMS",
    "calibration.safetensors",
    "canary",
    "control.npy",
    "features.safetensors",
    "hash_rows.npy",
    "manifest.json",
    "model/vision.onnx",
    "pdq.faiss",
    "phash.faiss",
    "rows.npy",
    "sets.json",
    "vectors.faiss",
)


@pytest.fixture
def copy(tiny_snapshot: TinySnapshot, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_snapshot.path, tmp_path / tiny_snapshot.path.name))


def change_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    reseal(folder)


def test_a_snapshot_consists_of_exactly_these_files(tiny_snapshot: TinySnapshot) -> None:
    found = {
        path.relative_to(tiny_snapshot.path).as_posix() for path in tiny_snapshot.path.rglob("*") if path.is_file()
    }
    assert found == set(FILES)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_a_snapshot_with_one_byte_changed_is_refused_and_the_file_named(copy: Path, name: str, place: str) -> None:
    path = copy / name
    content = bytearray(path.read_bytes())
    content[{"first": 0, "middle": len(content) // 2, "last": -1}[place]] ^= 1
    path.write_bytes(content)
    with pytest.raises(SnapshotError, match=name) as refused:
        snapshots.load(copy)
    assert refused.value.code == "snapshot_invalid"


@pytest.mark.parametrize("name", [name for name in FILES if name != SUMS])
def test_a_snapshot_with_a_byte_missing_is_refused_and_the_file_named(copy: Path, name: str) -> None:
    path = copy / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SnapshotError, match=name):
        snapshots.load(copy)


@pytest.mark.parametrize("name", FILES)
def test_a_snapshot_with_a_file_missing_is_refused_and_the_file_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    # Without its manifest a folder is not taken for a generation at all.
    with pytest.raises(SnapshotError, match="no snapshot in" if name == "manifest.json" else name):
        snapshots.load(copy)


@pytest.mark.parametrize("name", ["extra.txt", "model/vision.onnx.data", ".hidden", "月.txt"])
def test_a_snapshot_with_an_extra_file_is_refused_and_the_file_named(copy: Path, name: str) -> None:
    (copy / name).write_bytes(b"more")
    with pytest.raises(SnapshotError, match=name):
        snapshots.load(copy)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_snapshot_of_another_recipe_is_refused_and_the_recipe_named(copy: Path, recipe: str) -> None:
    change_manifest(copy, lambda manifest: manifest["recipes"].update({recipe: "older-0"}))
    with pytest.raises(SnapshotError, match=f"recipe {recipe}=older-0") as refused:
        snapshots.load(copy)
    assert refused.value.code == "snapshot_other_recipe"


def test_a_snapshot_of_another_format_is_refused(copy: Path) -> None:
    change_manifest(copy, lambda manifest: manifest.update(format=99))
    with pytest.raises(SnapshotError, match="format 99"):
        snapshots.load(copy)


def test_vectors_of_another_model_than_the_one_carried_are_refused(copy: Path) -> None:
    change_manifest(copy, lambda manifest: manifest.update(vectors_model="f" * 64))
    with pytest.raises(SnapshotError, match="vectors were made by model ffff") as refused:
        snapshots.load(copy)
    assert refused.value.code == "snapshot_other_model"


def test_another_model_than_the_one_insisted_on_is_refused(tiny_snapshot: TinySnapshot) -> None:
    with pytest.raises(SnapshotError, match="ViT-B-32 is asked for") as refused:
        snapshots.load(tiny_snapshot.path, expected_model="ViT-B-32")
    assert refused.value.code == "snapshot_other_model"


def test_a_model_can_be_insisted_on_by_name_or_by_fingerprint(tiny_snapshot: TinySnapshot) -> None:
    for expected in (
        "compact-clip",
        tiny_snapshot.loaded.model.fingerprint,
        tiny_snapshot.loaded.model.fingerprint[:12],
    ):
        assert snapshots.load(tiny_snapshot.path, expected_model=expected).model == tiny_snapshot.loaded.model


@pytest.mark.parametrize("field", ["model", "canary_reference", "generation"])
def test_a_manifest_without_a_field_is_refused(copy: Path, field: str) -> None:
    change_manifest(copy, lambda manifest: manifest.pop(field))
    for expected in (None, "compact-clip"):
        with pytest.raises(SnapshotError):
            snapshots.load(copy, expected_model=expected)


@pytest.mark.parametrize("content", ["[]", "5", "{", ""])
def test_a_manifest_that_is_no_object_is_refused(copy: Path, content: str) -> None:
    (copy / "manifest.json").write_text(content, encoding="utf-8")
    reseal(copy)
    with pytest.raises(SnapshotError, match=r"manifest\.json|format"):
        snapshots.load(copy)


def test_parts_of_two_snapshots_are_refused_even_under_right_checksums(copy: Path) -> None:
    np.save(copy / "rows.npy", np.zeros((3, 2), dtype=np.int32))
    reseal(copy)
    with pytest.raises(SnapshotError, match="do not belong together"):
        snapshots.load(copy)


@pytest.mark.parametrize("control", [np.zeros((3, 7), np.float16), np.zeros(9, np.float16), np.zeros((3, 256))])
def test_a_control_set_of_another_form_is_refused(copy: Path, control: np.ndarray[Any, Any]) -> None:
    np.save(copy / "control.npy", control)
    reseal(copy)
    with pytest.raises(SnapshotError, match="do not belong together"):
        snapshots.load(copy)


@pytest.mark.parametrize("row", [-1, 60])
def test_a_canary_that_is_no_reference_is_refused(copy: Path, row: int) -> None:
    change_manifest(copy, lambda manifest: manifest.update(canary_reference=row))
    with pytest.raises(SnapshotError, match="do not belong together"):
        snapshots.load(copy)


def test_a_generation_that_was_changed_in_force_is_not_written(tiny_snapshot: TinySnapshot, tmp_path: Path) -> None:
    sets = [replace(item, title={"en": "Another"}) for item in tiny_snapshot.loaded.sets]
    changed = with_changes(tiny_snapshot.loaded, sets, lambda _, reference: pytest.fail(f"asked for {reference}"))
    with pytest.raises(SnapshotError, match="generation 000001 was changed in force"):
        snapshots.write(changed, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_array_that_would_have_to_be_unpickled_is_refused(copy: Path) -> None:
    np.save(copy / "rows.npy", np.asarray([{"a": 1}], dtype=object), allow_pickle=True)
    reseal(copy)
    with pytest.raises(SnapshotError, match="allow_pickle"):
        snapshots.load(copy)


def test_what_was_written_is_read_back(tiny_snapshot: TinySnapshot) -> None:
    loaded = snapshots.load(tiny_snapshot.path)
    assert loaded.sets == tiny_snapshot.loaded.sets
    assert loaded.manifest["counts"]["references"] == len(loaded.references)
    assert len(loaded.vectors) == len(loaded.rows) == len(REFERENCE_VIEWS) * len(loaded.references)
    assert np.array_equal(loaded.crowding, tiny_snapshot.loaded.crowding)
    assert len(loaded.crowding) == len(loaded.references)


def test_the_newest_generation_by_number_is_in_force(tmp_path: Path) -> None:
    for name in ("000002", "000009", "000010", ".building-x", "notes"):
        (tmp_path / name).mkdir()
    assert snapshots.resolve(tmp_path).name == "000010"
    assert snapshots.next_generation(tmp_path) == "000011"


def test_numbers_go_on_after_the_six_digits(tmp_path: Path) -> None:
    for name in ("999999", "1000000"):
        (tmp_path / name).mkdir()
    assert snapshots.resolve(tmp_path).name == "1000000"


def test_without_a_snapshot_the_message_says_how_to_build_one(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "gone"):
        with pytest.raises(SnapshotError, match="lora-screening index build") as refused:
            snapshots.load(path)
        assert refused.value.code == "snapshot_missing"


def written(out: Path, generation: str) -> Path:
    folder = out / f".building-{generation}"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({"generation": generation}), encoding="utf-8")
    return folder


def test_publishing_prunes_all_but_the_newest_three_generations(tmp_path: Path) -> None:
    for number in range(1, 6):
        snapshots.publish(written(tmp_path, f"{number:06}"), tmp_path)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["000003", "000004", "000005"]


def test_a_number_that_is_taken_is_not_overwritten(tmp_path: Path) -> None:
    snapshots.publish(written(tmp_path, "000001"), tmp_path)
    with pytest.raises(SnapshotError, match="another build was faster"):
        snapshots.publish(written(tmp_path, "000001"), tmp_path)


def test_everything_is_readable_by_another_user(tiny_snapshot: TinySnapshot) -> None:
    assert tiny_snapshot.path.stat().st_mode & 0o055 == 0o055
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in tiny_snapshot.path.rglob("*"))
