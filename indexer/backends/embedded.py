"""The embedded CLIP: its weights once, as safetensors for open_clip, and its network as an ONNX graph without weights.

Putting the two together needs no torch, so building an index with the embedded model does not either. The graph is
made by `python -m indexer.training.export_graph` and changes only with the architecture; a test compares the result
with open_clip's own.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from safetensors.numpy import load_file

from indexer.errors import ModelError
from indexer.model import ModelSpec

NAME = "compact-clip"
FOLDER = Path(__file__).resolve().parent.parent / "models" / NAME
GRAPH = "vision_graph.onnx"
WEIGHTS = "open_clip_model.safetensors"
_TOWER = "visual."


def export(path: Path, folder: Path = FOLDER) -> ModelSpec:
    """Write the embedded model's vision tower to `path` (.onnx, float32) and describe it.

    Raises ModelError when a part of the model is missing or does not fit the others.
    """
    for part in (GRAPH, WEIGHTS, "open_clip_config.json"):
        if not (folder / part).is_file():
            raise ModelError(f"the embedded model lacks {part} in {folder}")
    model = onnx.load(folder / GRAPH)
    weights = load_file(folder / WEIGHTS)
    for name in missing_weights(model.graph):
        if _TOWER + name not in weights:
            raise ModelError(f"{WEIGHTS} has no weight {_TOWER + name}")
        model.graph.initializer.append(numpy_helper.from_array(weights[_TOWER + name].astype(np.float32), name))
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return describe(folder)


def describe(folder: Path = FOLDER) -> ModelSpec:
    """Describe the embedded model without loading it; its fingerprint is that of graph and weights together."""
    config = json.loads((folder / "open_clip_config.json").read_text(encoding="utf-8"))
    vision, preprocess = config["model_cfg"]["vision_cfg"], config["preprocess_cfg"]
    digest = hashlib.sha256((folder / GRAPH).read_bytes())
    digest.update((folder / WEIGHTS).read_bytes())
    mean, std = ((float(r), float(g), float(b)) for r, g, b in (preprocess["mean"], preprocess["std"]))
    return ModelSpec(
        name=NAME,
        pretrained="",
        embed_dim=int(config["model_cfg"]["embed_dim"]),
        image_size=int(vision["image_size"]),
        mean=mean,
        std=std,
        interpolation=preprocess["interpolation"],
        resize_mode=preprocess["resize_mode"],
        fingerprint=digest.hexdigest(),
    )


def missing_weights(graph: onnx.GraphProto) -> list[str]:
    """Name the values that the graph uses and nothing gives: its weights, in order of use."""
    given = {item.name for item in graph.input} | {item.name for item in graph.initializer}
    given |= {name for node in graph.node for name in node.output} | {""}
    used = (name for node in graph.node for name in node.input)
    return [name for name in dict.fromkeys(used) if name not in given]
