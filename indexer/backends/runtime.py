"""The compiled CPU runtimes behind the embedding port, and the self-test that chooses between them.

Which runtime is faster depends on the processor, not on its flags; so both are tried on the model at hand, and the
faster one that agrees with the other is kept.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from indexer.errors import ModelError
from indexer.model import ModelSpec
from indexer.ports import EmbeddingBackend, FloatArray

RUNTIMES = ("openvino", "onnxruntime")
MIN_AGREEMENT = 0.999
"""Least cosine between two runtimes' embeddings of one input for either to be trusted."""

_TRIALS = 3
_TRIAL_BATCH = 4


class OnnxRuntimeBackend:
    """ONNX Runtime on the CPU."""

    name = "onnxruntime"

    def __init__(self, path: Path, threads: int) -> None:
        # Its builds since 1.29 report models and sessions to their maker, unless this is set before the import (see its
        # Privacy.md). Nothing leaves the machine that nobody asked for.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import onnxruntime  # noqa: PLC0415 (0.2 s and 60 MB that the other runtime's users need not pay)

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name

    def embed(self, pixels: FloatArray) -> FloatArray:
        """Embed prepared pictures (n, 3, side, side)."""
        return unit_rows(self._session.run(None, {self._input: pixels})[0])


class OpenVinoBackend:
    """OpenVINO on the CPU, in float32 (bfloat16 is slower where the processor only emulates it)."""

    name = "openvino"

    def __init__(self, path: Path, threads: int) -> None:
        # Its import alone is reported to an analytics service by this package, and by nothing where it is absent.
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type] # None bars an import
        import openvino  # noqa: PLC0415 (1 s that the other runtime's users need not pay)

        config = {
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
        }
        self._model = openvino.Core().compile_model(str(path), "CPU", config)

    def embed(self, pixels: FloatArray) -> FloatArray:
        """Embed prepared pictures (n, 3, side, side); a request object of its own makes this safe in threads."""
        request: Any = self._model.create_infer_request()
        return unit_rows(request.infer({0: pixels})[0])


def unit_rows(rows: Any) -> FloatArray:
    """Scale each row to length 1. Raises ModelError where a row is zero or not finite."""
    vectors = np.asarray(rows, dtype=np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.all(np.isfinite(lengths)) or np.any(lengths == 0):
        raise ModelError("the model gave an embedding that is zero or not finite")
    return np.asarray(vectors / lengths, dtype=np.float32)


def open_runtime(path: Path, spec: ModelSpec, runtime: str = "auto", threads: int = 2) -> EmbeddingBackend:
    """Load an exported model (.onnx) with a named runtime, or with the faster of those installed.

    Raises ModelError when none can load it, when two disagree, or when the output has another width than `spec` says.
    """
    makers: dict[str, Callable[[Path, int], OpenVinoBackend | OnnxRuntimeBackend]] = {
        "openvino": OpenVinoBackend,
        "onnxruntime": OnnxRuntimeBackend,
    }
    if runtime != "auto" and runtime not in makers:
        raise ModelError(f"unknown runtime {runtime!r}: choose auto, {' or '.join(makers)}")
    names = makers if runtime == "auto" else (runtime,)
    loaded, failures = [], []
    for name in names:
        try:
            loaded.append(makers[name](path, threads))
        # Each runtime raises errors of its own; that one of them cannot load is only final when none can.
        except Exception as error:  # noqa: BLE001
            failures.append(f"{name}: {error}")
    if not loaded:
        raise ModelError(f"no runtime can load {path.name}: {'; '.join(failures)}")
    return _fastest(loaded, spec)


def _fastest(backends: list[OpenVinoBackend | OnnxRuntimeBackend], spec: ModelSpec) -> EmbeddingBackend:
    shape = (_TRIAL_BATCH, 3, spec.image_size, spec.image_size)
    trial = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    outputs, seconds = [], []
    for backend in backends:
        try:
            outputs.append(backend.embed(trial))
            # Of one alone nobody needs to know how fast it is.
            seconds.append(min(_timed(backend, trial) for _ in range(_TRIALS)) if len(backends) > 1 else 0.0)
        # As above: what a model does not take is said in each runtime's own way.
        except Exception as error:
            raise ModelError(f"{backend.name} cannot embed pictures of {shape[1:]}: {error}") from error
        if len(outputs[-1]) != _TRIAL_BATCH:
            # A network that flattens its input takes any size, and parts it into other rows.
            raise ModelError(f"{backend.name} cannot embed pictures of {shape[1:]}: it made {len(outputs[-1])} rows")
    for output in outputs:
        if output.shape != (_TRIAL_BATCH, spec.embed_dim):
            raise ModelError(f"the model gives vectors of {output.shape[1:]}, not of {spec.embed_dim}")
        agreement = float((output * outputs[0]).sum(axis=1).min())
        if agreement < MIN_AGREEMENT:
            raise ModelError(f"two runtimes disagree on this model: cosine {agreement:.4f}; name one in the settings")
    return backends[int(np.argmin(seconds))]


def _timed(backend: EmbeddingBackend, trial: FloatArray) -> float:
    start = time.perf_counter()
    backend.embed(trial)
    return time.perf_counter() - start
