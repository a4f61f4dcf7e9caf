"""Drawn characters: the same every time, unlike one another, and as the manifests say."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.training.characters import draw, random_identity, random_pose
from indexer.training.characters.cast import CAST
from indexer.training.characters.identity import POSES
from indexer.training.characters.plans import reference_shots
from indexer.training.characters.styles import STYLES

ROOT = Path(__file__).resolve().parents[4]
SETS = sorted(path.parent for path in (ROOT / "reference_sets").glob("*/manifest.toml"))
UPLOADS = sorted(path.parent for path in (ROOT / "examples").glob("*/upload.json"))


def test_the_same_seed_draws_the_same_picture() -> None:
    first, second = (draw(CAST[0], POSES["run"], "watercolour", "forest", 128, np.random.default_rng(5)) for _ in "ab")
    assert first.tobytes() == second.tobytes()


def test_random_identities_and_poses_follow_the_generator() -> None:
    one, same, other = (np.random.default_rng(seed) for seed in (1, 1, 2))
    assert (random_identity(one), random_pose(one)) == (random_identity(same), random_pose(same))
    drawn = {random_identity(other) for _ in range(200)}
    assert len({(w.hair, w.skin, w.outfit.top, w.outfit.top_colour) for w in drawn}) == 200


@pytest.mark.parametrize("style", sorted(STYLES))
def test_every_style_shows_the_figure(style: str) -> None:
    picture = np.asarray(draw(CAST[0], POSES["stand"], style, "plain", 128), np.int16)
    corner = picture[:12, :12].reshape(-1, 3).mean(axis=0)
    assert (np.abs(picture - corner).max(axis=2) > 60).mean() > 0.04


def test_the_back_view_mirrors_the_held_item() -> None:
    front = np.asarray(draw(CAST[0], POSES["stand"], "flat", "plain", 128), np.int16)
    back = np.asarray(draw(CAST[0], POSES["back"], "flat", "plain", 128), np.int16)
    empty = front[2, 2]
    filled = [np.nonzero(np.abs(p - empty).max(axis=2) > 40)[1].mean() for p in (front, back)]
    assert filled[0] > filled[1]


def test_there_are_enough_sets_and_all_are_of_the_cast() -> None:
    assert {folder.name for folder in SETS} == {who.slug for who in CAST}
    assert len(SETS) >= 8


@pytest.mark.parametrize("folder", SETS, ids=lambda p: p.name)
def test_a_manifest_describes_its_pictures(folder: Path) -> None:
    manifest = tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))
    assert len(manifest["reference"]) == len(reference_shots(folder.name)) >= 8
    assert {item["file"] for item in manifest["reference"]} == {f"images/{p.name}" for p in folder.glob("images/*")}
    for item in manifest["reference"]:
        data = (folder / item["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == item["sha256"]
        with Image.open(folder / item["file"]) as picture:
            assert min(picture.size) >= 512
    kinds = {(alias["kind"], alias["language"]) for alias in manifest["alias"]}
    assert kinds >= {("distinctive", "en"), ("distinctive", "zh"), ("series", "en"), ("series", "zh")}
    assert manifest["fame"] in {"ordinary", "known", "famous"}


@pytest.mark.parametrize("folder", UPLOADS, ids=lambda p: p.name)
def test_an_upload_names_files_that_exist(folder: Path) -> None:
    form = json.loads((folder / "upload.json").read_text(encoding="utf-8"))
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    named = {item["file"] for item in form["images"]}
    assert named == {p.name for p in folder.iterdir() if p.suffix not in (".json", ".safetensors")}
    assert expected["verdict"] in {"block", "review", "allow", "review-or-allow"}
    assert expected["reference_set"] is None or expected["reference_set"] in {s.name for s in SETS}
