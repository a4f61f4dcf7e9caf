"""LoRAs made on the spot, at any size of the public models, and what people do to LoRAs."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.signals.lora.fingerprint import Comparison, Fingerprint, compare, fingerprint

Matrix = npt.NDArray[Any]
Tensors = dict[str, Matrix]
Sizes = dict[str, tuple[int, int]]
Change = Callable[["Lora"], Tensors]
WIDTH = 48
BLOCKS = 6
DECAY = 0.85
"""By how much a rank weighs less than the one before: those of trained LoRAs fall off like this, or faster."""

# Flux: name as kohya and as the public library writes it, outputs and inputs in widths.
_FUSED = {
    "double_blocks_{}_img_attn_qkv": (3, 1),
    "double_blocks_{}_txt_attn_qkv": (3, 1),
    "single_blocks_{}_linear1": (7, 1),
}
_PLAIN = {
    "double_blocks_{}_img_attn_proj": ("transformer_blocks.{}.attn.to_out.0", 1, 1),
    "double_blocks_{}_txt_attn_proj": ("transformer_blocks.{}.attn.to_add_out", 1, 1),
    "double_blocks_{}_img_mlp_0": ("transformer_blocks.{}.ff.net.0.proj", 4, 1),
    "double_blocks_{}_img_mlp_2": ("transformer_blocks.{}.ff.net.2", 1, 4),
    "single_blocks_{}_linear2": ("single_transformer_blocks.{}.proj_out", 1, 5),
    "single_blocks_{}_modulation_lin": ("single_transformer_blocks.{}.norm.linear", 3, 1),
}
_SPLIT = {
    "double_blocks_{}_img_attn_qkv": [f"transformer_blocks.{{}}.attn.to_{x}" for x in "qkv"],
    "double_blocks_{}_txt_attn_qkv": [f"transformer_blocks.{{}}.attn.add_{x}_proj" for x in "qkv"],
    "single_blocks_{}_linear1": [
        *(f"single_transformer_blocks.{{}}.attn.to_{x}" for x in "qkv"),
        "single_transformer_blocks.{}.proj_mlp",
    ],
}


@dataclass(frozen=True)
class Factors:
    """The factors of one layer: its change is up @ down, times alpha / rank where there is an alpha."""

    up: Matrix
    down: Matrix
    alpha: float | None = None


Lora = dict[str, Factors]


def flux(width: int = 3072, doubles: int = 19, singles: int = 38) -> Sizes:
    """Return layers of Flux under kohya's names, with their outputs and inputs; by default as it is."""
    sizes = _FUSED | {name: (outputs, inputs) for name, (_, outputs, inputs) in _PLAIN.items()}
    return {
        "lora_unet_" + name.format(block): (outputs * width, inputs * width)
        for block in range(max(doubles, singles))
        for name, (outputs, inputs) in sizes.items()
        if block < (doubles if name.startswith("double") else singles)
    }


def sd15() -> Sizes:
    """Return the 192 attention layers of Stable Diffusion 1.5 under kohya's names."""
    places = {f"down_blocks_{level}_attentions_{n}": 320 << level for level in range(3) for n in range(2)}
    places |= {f"up_blocks_{level}_attentions_{n}": 320 << (3 - level) for level in range(1, 4) for n in range(3)}
    places["mid_block_attentions_0"] = 1280
    return _attention_layers({place: (width, 1) for place, width in places.items()}, 768)


def sdxl() -> Sizes:
    """Return the 722 attention layers of SDXL under kohya's names."""
    places = {f"input_blocks_{n}_1": (640, 2) for n in (4, 5)} | {f"output_blocks_{n}_1": (640, 2) for n in (3, 4, 5)}
    places |= {f"{name}_1": (1280, 10) for name in ("input_blocks_7", "input_blocks_8", "middle_block")}
    places |= {f"output_blocks_{n}_1": (1280, 10) for n in (0, 1, 2)}
    return _attention_layers(places, 2048)


def _attention_layers(places: Mapping[str, tuple[int, int]], context: int) -> Sizes:
    layers: Sizes = {}
    for place, (width, depth) in places.items():
        layers |= {f"lora_unet_{place}_proj_{side}": (width, width) for side in ("in", "out")}
        for block in range(depth):
            stem = f"lora_unet_{place}_transformer_blocks_{block}"
            for attention, inputs in (("attn1", width), ("attn2", context)):
                layers |= {f"{stem}_{attention}_to_{x}": (width, inputs if x in "kv" else width) for x in "qkv"}
                layers[f"{stem}_{attention}_to_out_0"] = (width, width)
            layers |= {f"{stem}_ff_net_0_proj": (8 * width, width), f"{stem}_ff_net_2": (width, 4 * width)}
    return layers


def made(sizes: Sizes, seed: int, rank: int = 32) -> Lora:
    """Make a LoRA whose ranks weigh less and less, float32."""
    rng = np.random.default_rng(seed)
    weights = (0.02 * DECAY ** np.arange(rank)).astype(np.float32)
    return {
        name: Factors(
            rng.standard_normal((outputs, rank), np.float32) * weights,
            rng.standard_normal((rank, inputs), np.float32) * np.float32(0.02),
            float(rank),
        )
        for name, (outputs, inputs) in sizes.items()
    }


def trained(seed: int, rank: int = 32) -> Lora:
    """Make a LoRA for a Flux a sixty-fourth as wide."""
    return made(flux(WIDTH, BLOCKS, BLOCKS), seed, rank)


def bytes_of(array: Matrix, dtype: str) -> bytes:
    plain: Matrix
    if dtype == "BF16":
        bits = array.astype("<f4").view("<u4")
        plain = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")
    elif dtype == "F8_E5M2":
        plain = (((array * 64).astype("<f2").view("<u2") + 0x80) >> 8).astype("u1")
    else:
        plain = array.astype({"F16": "<f2", "F32": "<f4", "F64": "<f8", "I8": "i1"}[dtype])
    return plain.tobytes()


def file(tensors: Mapping[str, Matrix], dtype: str = "F32") -> bytes:
    """Write a safetensors file."""
    header: dict[str, Any] = {}
    body = bytearray()
    for name, array in tensors.items():
        raw = bytes_of(array, dtype)
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    head = json.dumps(header).encode()
    return len(head).to_bytes(8, "little") + head + bytes(body)


def fingerprint_of(tensors: Mapping[str, Matrix], dtype: str = "F32") -> Fingerprint:
    data = file(tensors, dtype)
    return fingerprint(io.BytesIO(data), len(data))


def likeness(one: Mapping[str, Matrix], two: Mapping[str, Matrix]) -> Comparison:
    return compare(fingerprint_of(one), fingerprint_of(two))


def kohya(lora: Lora) -> Tensors:
    tensors: Tensors = {}
    for name, factors in lora.items():
        tensors |= {f"{name}.lora_up.weight": factors.up, f"{name}.lora_down.weight": factors.down}
        if factors.alpha is not None:
            tensors[f"{name}.alpha"] = np.array(factors.alpha)
    return tensors


def diffusers(lora: Lora) -> Tensors:
    """Write a LoRA with the public library's names, its fused layers split; alpha goes into the weights."""
    tensors: Tensors = {}
    for name, factors in lora.items():
        layers = _public_names(name.removeprefix("lora_unet_"))
        width = len(factors.up) // (7 if len(layers) == 4 else len(layers))
        heights = [width] * (len(layers) - 1)
        scale = 1 if factors.alpha is None else factors.alpha / len(factors.down)
        for layer, up in zip(layers, np.split(factors.up, np.cumsum(heights, dtype=int)), strict=True):
            tensors |= {f"{layer}.lora_A.weight": factors.down, f"{layer}.lora_B.weight": up * scale}
    return tensors


def _public_names(name: str) -> list[str]:
    if match := re.fullmatch(r"((?:double|single)_blocks_)(\d+)(_\w+)", name):
        template, block = f"{match[1]}{{}}{match[3]}", match[2]
        parts = _SPLIT.get(template) or [_PLAIN[template][0]]
        return [f"transformer.{part.format(block)}" for part in parts]
    if match := re.fullmatch(r"(input|output)_blocks_(\d+)_1_(\w+)", name):
        level, place = divmod(int(match[2]) - (match[1] == "input"), 3)
        name = f"{'down' if match[1] == 'input' else 'up'}_blocks_{level}_attentions_{place}_{match[3]}"
    name = name.replace("middle_block_1", "mid_block_attentions_0")
    dotted = re.sub(r"_(\d+)_", r".\1.", re.sub(r"_(\d+)_", r".\1.", name + "_")).rstrip("_.")
    dotted = dotted.replace("mid_block_", "mid_block.").replace("attn1_", "attn1.").replace("attn2_", "attn2.")
    dotted = dotted.replace("ff_net", "ff.net").replace("to_out_0", "to_out.0").replace("net_2", "net.2")
    return ["unet." + dotted]


def each(change: Callable[[Factors], Factors]) -> Change:
    """Change every layer by itself."""
    return lambda lora: kohya({name: change(factors) for name, factors in lora.items()})


def shuffled(factors: Factors) -> Factors:
    order = np.random.default_rng(9).permutation(len(factors.down))
    return replace(factors, up=factors.up[:, order], down=factors.down[order])


def mixed(factors: Factors) -> Factors:
    """Return other factors of the same product."""
    mixer = np.linalg.qr(np.random.default_rng(9).standard_normal((len(factors.down),) * 2))[0] * 3
    return replace(factors, up=factors.up @ mixer, down=np.linalg.inv(mixer) @ factors.down)


def shifted(factors: Factors) -> Factors:
    """Return a product of an enormous factor and a tiny one."""
    return replace(factors, up=factors.up * np.float32(1e30), down=factors.down * np.float32(1e-30))


def resized(rank: int) -> Callable[[Factors], Factors]:
    """Cut to a lower rank by the singular values of the change, found in the small matrix between two bases."""

    def resize(factors: Factors) -> Factors:
        (outer, one), (inner, two) = np.linalg.qr(factors.up), np.linalg.qr(factors.down.T)
        left, values, right = np.linalg.svd(one @ two.T)
        return Factors(outer @ (left[:, :rank] * values[:rank]), right[:rank] @ inner.T)

    return resize


def merged(others: Sequence[Lora], weight: float) -> Change:
    """Merge by adding the changes, each at `weight`: ranks side by side."""

    def merge(lora: Lora) -> Tensors:
        loras = [lora, *others]
        return kohya(
            {
                name: Factors(
                    np.hstack([weight * one[name].up for one in loras]), np.vstack([one[name].down for one in loras])
                )
                for name in lora
            }
        )

    return merge


def factor_wise(others: Sequence[Lora]) -> Change:
    """Merge by averaging the factors themselves, as careless tools do."""

    def merge(lora: Lora) -> Tensors:
        loras = [lora, *others]
        return kohya(
            {
                name: Factors(_mean(one[name].up for one in loras), _mean(one[name].down for one in loras), own.alpha)
                for name, own in lora.items()
            }
        )

    return merge


def _mean(arrays: Iterable[Matrix]) -> Matrix:
    found: Matrix = np.mean(list(arrays), axis=0)
    return found
