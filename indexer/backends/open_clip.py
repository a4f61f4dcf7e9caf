"""Any open_clip model: load it, export its vision tower once to ONNX. The only module that imports torch.

Needed to build an index with another model and to make the embedded one; never by the service.
"""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import library

from indexer.errors import ModelError
from indexer.model import ModelSpec

MAX_EXPORT_BATCH = 64
# torchvision's compiled operators fail to load where its build differs from torch's (a CUDA build beside a CPU torch).
# open_clip uses its picture transforms alone; declaring the names lets the import pass.
_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def _import_open_clip() -> Any:
    try:
        import open_clip  # noqa: PLC0415
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        declared = library.Library("torchvision", "FRAGMENT")
        for operator in _OPERATORS:
            declared.define(operator)
        import open_clip  # noqa: PLC0415
    return open_clip


def load(name: str, pretrained: str) -> tuple[Any, dict[str, Any]]:
    """Load a model and its preprocessing; `name` may be an open_clip name, `hf-hub:ID` or `local-dir:PATH`.

    Raises ModelError when open_clip does not know it or cannot get its weights.
    """
    open_clip = _import_open_clip()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = open_clip.create_model(name, pretrained=pretrained or None, require_pretrained=not _is_whole(name))
    # Hubs, files and architectures fail in many ways; all mean that this model is not to be had here.
    except Exception as error:
        raise ModelError(
            f"open_clip cannot load {name!r} with weights {pretrained!r}: {error}. Without a hub, name a folder that"
            " holds open_clip_config.json and the weights: local-dir:PATH"
        ) from error
    model.eval()
    return model, dict(open_clip.get_model_preprocess_cfg(model))


def _is_whole(name: str) -> bool:
    return name.startswith(("hf-hub:", "local-dir:"))


def export(name: str, pretrained: str, path: Path) -> ModelSpec:
    """Write the vision tower of a model to `path` (.onnx) and describe it.

    Raises ModelError when the model cannot be loaded or gives something else than one vector a picture.
    """
    model, preprocess = load(name, pretrained)
    size = model.visual.image_size
    side = int(size[0] if isinstance(size, (tuple, list)) else size)
    dim = export_tower(model.visual, side, path, optimise=True)
    return ModelSpec(
        name=name,
        pretrained=pretrained,
        embed_dim=dim,
        image_size=side,
        fingerprint=_file_sha256(path),
        **preprocess_fields(preprocess),
    )


def preprocess_fields(config: dict[str, Any]) -> dict[str, Any]:
    """Pick from open_clip's preprocessing configuration what a ModelSpec holds."""
    return {
        "mean": tuple(float(value) for value in config["mean"]),
        "std": tuple(float(value) for value in config["std"]),
        "interpolation": str(config.get("interpolation", "bicubic")),
        "resize_mode": str(config.get("resize_mode", "shortest")),
    }


def export_tower(visual: Any, side: int, path: Path, *, optimise: bool) -> int:
    """Export a vision tower with a free batch size; returns the width of its vectors.

    Without `optimise` every initializer keeps the name of its weight.
    """
    sample = torch.zeros(2, 3, side, side)
    with torch.no_grad():
        output = visual(sample)
    if not isinstance(output, torch.Tensor) or output.ndim != 2:  # noqa: PLR2004 (pictures × dimensions)
        raise ModelError("the vision tower does not give one vector a picture")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            visual,
            (sample,),
            str(path),
            input_names=["pixels"],
            output_names=["embedding"],
            dynamic_shapes=({0: torch.export.Dim("pictures", min=1, max=MAX_EXPORT_BATCH)},),
            dynamo=True,
            optimize=optimise,
            external_data=False,
            verbose=False,
        )
    return int(output.shape[1])


def _file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
