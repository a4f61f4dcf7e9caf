"""Compiled runtimes: the faster one that agrees is kept; a model that is not what it says is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from indexer.backends import runtime
from indexer.backends.runtime import RUNTIMES, OnnxRuntimeBackend, OpenVinoBackend, open_runtime, unit_rows
from indexer.errors import ModelError
from tests.conftest import EmbeddedModel
from tests.fakes import TINY_SPEC, TinyBackend


@pytest.fixture(scope="module")
def linear_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a network of one matrix that fits TINY_SPEC."""
    width = 3 * TINY_SPEC.image_size**2
    weight = np.random.default_rng(0).standard_normal((width, TINY_SPEC.embed_dim)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["pixels"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weight"], ["embedding"]),
        ],
        "linear",
        [
            helper.make_tensor_value_info(
                "pixels", TensorProto.FLOAT, ["n", 3, TINY_SPEC.image_size, TINY_SPEC.image_size]
            )
        ],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", TINY_SPEC.embed_dim])],
        [numpy_helper.from_array(weight, "weight")],
    )
    path = tmp_path_factory.mktemp("linear") / "linear.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), path)
    return path


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_runtime_can_be_named(linear_model: Path, name: str) -> None:
    backend = open_runtime(linear_model, TINY_SPEC, name)
    assert isinstance(backend, {"openvino": OpenVinoBackend, "onnxruntime": OnnxRuntimeBackend}[name])


_OPENED = """
import sys
import numpy as np
from pathlib import Path
from indexer.backends.runtime import open_runtime
from tests.fakes import TINY_SPEC

sys.addaudithook(lambda event, _: sys.exit(f"went to the network: {event}") if event.startswith("socket.") else None)
backend = open_runtime(Path(sys.argv[1]), TINY_SPEC, sys.argv[2])
backend.embed(np.ones((1, 3, TINY_SPEC.image_size, TINY_SPEC.image_size), np.float32))
"""


@pytest.mark.parametrize("name", [*RUNTIMES, "auto"])
def test_no_runtime_reports_to_its_maker(linear_model: Path, tmp_path: Path, name: str) -> None:
    # Both keep an identifier in the home folder before they send; neither does where it takes itself to be under test.
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-c", _OPENED, str(linear_model), name]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_a_name_one_of_those_that_agree_is_taken(linear_model: Path) -> None:
    assert isinstance(open_runtime(linear_model, TINY_SPEC), OpenVinoBackend | OnnxRuntimeBackend)


def test_both_runtimes_give_the_embedded_models_vectors_alike(embedded_model: EmbeddedModel) -> None:
    side = embedded_model.spec.image_size
    pixels = np.random.default_rng(3).standard_normal((3, 3, side, side), dtype=np.float32)
    first = OnnxRuntimeBackend(embedded_model.path, 2).embed(pixels)
    second = OpenVinoBackend(embedded_model.path, 2).embed(pixels)
    assert float((first * second).sum(axis=1).min()) >= 0.9999


def test_an_unknown_runtime_is_refused_with_the_known_ones(linear_model: Path) -> None:
    with pytest.raises(ModelError, match="unknown runtime 'abacus': choose auto, openvino or onnxruntime"):
        open_runtime(linear_model, TINY_SPEC, "abacus")


@pytest.mark.parametrize("name", ["auto", *RUNTIMES])
def test_a_model_of_another_width_is_refused(linear_model: Path, name: str) -> None:
    with pytest.raises(ModelError, match="not of 32"):
        open_runtime(linear_model, replace(TINY_SPEC, embed_dim=32), name)


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_model_for_pictures_of_another_size_is_refused(linear_model: Path, name: str) -> None:
    with pytest.raises(ModelError, match="cannot embed pictures"):
        open_runtime(linear_model, replace(TINY_SPEC, image_size=24), name)


@pytest.mark.parametrize("content", [b"", b"not a network"])
def test_a_file_that_no_runtime_can_load_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"no runtime can load odd\.onnx"):
        open_runtime(path, TINY_SPEC)


def test_runtimes_that_disagree_are_refused() -> None:
    class Other(TinyBackend):
        name = "other"

        def embed(self, pixels: np.ndarray) -> np.ndarray:
            return np.roll(super().embed(pixels), 1, axis=1)

    class Named(TinyBackend):
        name = "named"

    with pytest.raises(ModelError, match="two runtimes disagree"):
        runtime._fastest([Named(), Other()], TINY_SPEC)


@pytest.mark.parametrize("row", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_an_embedding_that_is_zero_or_not_finite_is_refused(row: list[float]) -> None:
    with pytest.raises(ModelError, match="zero or not finite"):
        unit_rows(np.asarray([[1.0, 2.0], row], dtype=np.float32))


def test_rows_are_scaled_to_length_one() -> None:
    assert np.allclose(unit_rows(np.asarray([[3.0, 4.0], [0.0, -2.0]])), [[0.6, 0.8], [0.0, -1.0]])
