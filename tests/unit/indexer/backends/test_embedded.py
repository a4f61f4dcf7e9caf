"""The embedded CLIP: graph and weights together are the network, and every part is needed."""

from __future__ import annotations

import shutil
from pathlib import Path

import onnx
import pytest
from safetensors.numpy import load_file, save_file

from indexer.backends import embedded
from indexer.errors import ModelError
from tests.conftest import EmbeddedModel


def a_weight() -> str:
    """Name a matrix that the network uses."""
    return "visual." + next(
        name
        for name in embedded.missing_weights(onnx.load(embedded.FOLDER / embedded.GRAPH).graph)
        if name.endswith("weight")
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    for part in (embedded.GRAPH, embedded.WEIGHTS, "open_clip_config.json"):
        shutil.copy(embedded.FOLDER / part, folder / part)
    return folder


def test_the_exported_network_lacks_no_weight(embedded_model: EmbeddedModel) -> None:
    assert embedded.missing_weights(onnx.load(embedded_model.path).graph) == []


def test_the_description_is_the_same_before_and_after_export(embedded_model: EmbeddedModel) -> None:
    assert embedded.describe() == embedded_model.spec
    assert embedded_model.spec.label.startswith("compact-clip@")


@pytest.mark.parametrize("part", [embedded.GRAPH, embedded.WEIGHTS, "open_clip_config.json"])
def test_a_missing_part_is_named(copy: Path, tmp_path: Path, part: str) -> None:
    (copy / part).unlink()
    with pytest.raises(ModelError, match=part):
        embedded.export(tmp_path / "out.onnx", copy)


def test_a_missing_weight_is_named(copy: Path, tmp_path: Path) -> None:
    weights = load_file(copy / embedded.WEIGHTS)
    gone = a_weight()
    save_file({name: value for name, value in weights.items() if name != gone}, copy / embedded.WEIGHTS)
    with pytest.raises(ModelError, match="has no weight"):
        embedded.export(tmp_path / "out.onnx", copy)


def test_other_weights_have_another_fingerprint(copy: Path) -> None:
    weights = load_file(copy / embedded.WEIGHTS)
    name = a_weight()
    weights[name] = weights[name] * 2
    save_file(weights, copy / embedded.WEIGHTS)
    assert embedded.describe(copy).fingerprint != embedded.describe().fingerprint
