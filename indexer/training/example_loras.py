"""LoRA files for the examples: small, made of seeded random weights, and no use for drawing anything.

One of them counts as blocked. It comes again with an innocent header, and resized to half its rank.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_SIDE, _RANK = 320, 8
# Singular values fall like this in trained LoRAs, roughly: so half the rank keeps most of the change.
_DECAY = 0.65
_LAYERS = tuple(
    f"lora_unet_{block}_attentions_{number}_transformer_blocks_0_attn{attention}_to_{projection}"
    for block, numbers in (("down_blocks_0", (0, 1)), ("up_blocks_3", (0, 1)))
    for number in numbers
    for attention in (1, 2)
    for projection in ("q", "out_0")
)
Array = npt.NDArray[np.float16]


@dataclass(frozen=True)
class ExampleLora:
    """A LoRA of an example: which weights, at which rank, and what its header says."""

    weights: str
    rank: int = _RANK
    metadata: tuple[tuple[str, str], ...] = ()

    def write(self) -> bytes:
        """Return the safetensors file, the same bytes each time."""
        return _safetensors(_tensors(self.weights, self.rank), dict(self.metadata))


def _tensors(weights: str, rank: int) -> dict[str, Array]:
    """Return factors whose product has falling singular values; a lower rank keeps the largest, as resizing does."""
    chance = np.random.default_rng(list(weights.encode()))
    tensors: dict[str, Array] = {}
    for layer in _LAYERS:
        outward, inward = (np.linalg.qr(chance.standard_normal((_SIDE, _RANK)))[0][:, :rank] for _ in range(2))
        strengths = np.sqrt(_DECAY ** np.arange(rank))
        tensors[f"{layer}.lora_up.weight"] = (outward * strengths).astype(np.float16)
        tensors[f"{layer}.lora_down.weight"] = (inward * strengths).T.astype(np.float16)
        tensors[f"{layer}.alpha"] = np.asarray(rank, np.float16)
    return tensors


def _safetensors(tensors: Mapping[str, Array], metadata: Mapping[str, str]) -> bytes:
    """Write the file by hand: the library orders metadata differently each time."""
    header: dict[str, object] = {"__metadata__": metadata}
    body = b""
    for name, tensor in tensors.items():
        data = np.ascontiguousarray(tensor).tobytes()
        offsets = [len(body), len(body) + len(data)]
        header[name] = {"dtype": "F16", "shape": list(tensor.shape), "data_offsets": offsets}
        body += data
    raw = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    return len(raw).to_bytes(8, "little") + raw + body


def kohya_metadata(name: str, folder: str, tags: Mapping[str, int], pictures: int) -> tuple[tuple[str, str], ...]:
    """Return what kohya's trainer leaves in a header."""
    return (
        ("ss_output_name", name),
        ("ss_base_model_version", "sd_v1"),
        ("ss_network_dim", str(_RANK)),
        ("ss_dataset_dirs", json.dumps({folder: {"n_repeats": 10, "img_count": pictures}})),
        ("ss_tag_frequency", json.dumps({folder: dict(tags)})),
    )
