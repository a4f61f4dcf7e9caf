"""One name for each layer, whatever the trainer wrote: component, slash, the public diffusers name with underscores.

A fused projection (qkv) becomes several parts, each a range of its rows, as split files hold them. Which tensors make a
layer, and whether they fit, is the business of `adapter`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """Rows `start` to `stop` of a layer's change, under its canonical name, `component/name:rows×inputs`."""

    name: str
    start: int
    stop: int

    @property
    def text_encoder(self) -> bool:
        """Whether it belongs to a text encoder; these are compared apart."""
        return self.name.startswith("te")


# Longest first where one begins another.
_COMPONENTS = (
    ("lora_te1_", "te1"),
    ("lora_te2_", "te2"),
    ("lora_te3_", "te3"),
    ("lora_te_", "te1"),
    ("lora_unet_", "unet"),
    ("lora_transformer_", "unet"),
    ("lycoris_", "unet"),
    ("text_encoder_3.", "te3"),
    ("text_encoder_2.", "te2"),
    ("text_encoder.", "te1"),
    ("text_encoders.clip_l.transformer.", "te1"),
    ("text_encoders.clip_g.transformer.", "te2"),
    ("unet.", "unet"),
    ("transformer.", "unet"),
    ("model.diffusion_model.", "unet"),
    ("diffusion_model.", "unet"),
)
# Public names of the same layers: diffusers `scripts/convert_*` and `loaders/lora_conversion_utils.py`.
_JOINT = {
    "attn_proj": "attn_to_out_0",
    "attn2_proj": "attn2_to_out_0",
    "mlp_fc1": "ff_net_0_proj",
    "mlp_fc2": "ff_net_2",
    "mlp_0": "ff_net_0_proj",
    "mlp_2": "ff_net_2",
    "mod_lin": "norm1_linear",
    "adaLN_modulation_1": "norm1_linear",
}
_JOINT_TEXT = {
    "attn_proj": "attn_to_add_out",
    "mlp_fc1": "ff_context_net_0_proj",
    "mlp_fc2": "ff_context_net_2",
    "mlp_0": "ff_context_net_0_proj",
    "mlp_2": "ff_context_net_2",
    "mod_lin": "norm1_context_linear",
    "adaLN_modulation_1": "norm1_context_linear",
}
_SINGLE = {"linear2": "proj_out", "modulation_lin": "norm_linear"}
_RESNET = {
    "in_layers_0": "norm1",
    "in_layers_2": "conv1",
    "emb_layers_1": "time_emb_proj",
    "out_layers_0": "norm2",
    "out_layers_3": "conv2",
    "skip_connection": "conv_shortcut",
}
_SIMPLE = {
    "time_embed_0": "time_embedding_linear_1",
    "time_embed_2": "time_embedding_linear_2",
    "label_emb_0_0": "add_embedding_linear_1",
    "label_emb_0_2": "add_embedding_linear_2",
    "input_blocks_0_0": "conv_in",
    "out_2": "conv_out",
    "img_in": "x_embedder",
    "txt_in": "context_embedder",
}
_DOUBLE = re.compile(r"double_blocks_(\d+)_(img|txt)_(\w+)")
_JOINT_BLOCK = re.compile(r"joint_blocks_(\d+)_(x|context)_block_(\w+)")
_SINGLE_BLOCK = re.compile(r"single_blocks_(\d+)_(\w+)")
_UNET_BLOCK = re.compile(r"(input|output)_blocks_(\d{1,3})_(\d)_(\w+)")
_MIDDLE_BLOCK = re.compile(r"middle_block_([012])_(\w+)")
_FUSED = (
    (re.compile(r"(.*transformer_blocks_\d+_attn2?)_qkv|(.*)_to_qkv"), ("_to_q", "_to_k", "_to_v")),
    (
        re.compile(r"(.*transformer_blocks_\d+_attn)_add_qkv|(.*)_to_added_qkv"),
        ("_add_q_proj", "_add_k_proj", "_add_v_proj"),
    ),
    (re.compile(r"(layers_\d+_attention)_qkv"), ("_to_q", "_to_k", "_to_v")),
    (re.compile(r"(.*)_qkv"), ("_q", "_k", "_v")),
)
_MLP_RATIO = 4


def canonical_parts(name: str, outputs: int, inputs: int) -> tuple[Part, ...]:
    """Return the parts of a layer under canonical names, in the order of their rows, which they cover.

    A name nobody knows stays as it is, with underscores; a fused one of an unusual size stays fused.
    """
    name = name.removeprefix("base_model.model.")
    component = "unet"
    for prefix, meaning in _COMPONENTS:
        if name.startswith(prefix):
            name, component = name.removeprefix(prefix), meaning
            break
    name = name.replace(".", "_").replace("_processor_", "_").removeprefix("text_model_encoder_")
    if component == "unet":
        name = _public_name(name)
    names, heights = _split(name, outputs, inputs)
    parts, start = [], 0
    for part, height in zip(names, heights, strict=True):
        parts.append(Part(f"{component}/{part}:{height}x{inputs}", start, start + height))
        start += height
    return tuple(parts)


def _public_name(name: str) -> str:
    """Return the diffusers name of a layer of the UNet or transformer, as far as it is known."""
    if name.startswith(("input_", "middle_", "output_")):
        return _unet_name(name)
    if match := _DOUBLE.fullmatch(name) or _JOINT_BLOCK.fullmatch(name):
        number, stream, rest = match.groups()
        text = stream in ("txt", "context")
        if rest in ("attn_qkv", "attn2_qkv"):
            rest = "attn_add_qkv" if text else rest
        else:
            rest = (_JOINT_TEXT if text else _JOINT).get(rest, f"{stream}_{rest}")
        return f"transformer_blocks_{number}_{rest}"
    if match := _SINGLE_BLOCK.fullmatch(name):
        return f"single_transformer_blocks_{match[1]}_{_SINGLE.get(match[2], match[2])}"
    if name.endswith("_to_out"):
        # The first diffusers files name the projection without its place in the list.
        return f"{name}_0"
    if name.startswith("layers_") and name.endswith("_attention_out"):
        return f"{name.removesuffix('_out')}_to_out_0"
    return _SIMPLE.get(name, name)


def _unet_name(name: str) -> str:
    """Name a block of the first UNet (CompVis, three to a level) as diffusers does."""
    if match := _MIDDLE_BLOCK.fullmatch(name):
        module = ("resnets_0", "attentions_0", "resnets_1")[int(match[1])]
        return f"mid_block_{module}_{_RESNET.get(match[2], match[2])}"
    match = _UNET_BLOCK.fullmatch(name)
    if match is None or name == "input_blocks_0_0":
        return _SIMPLE.get(name, name)
    side, rest = "down" if match[1] == "input" else "up", match[4]
    level, place = divmod(int(match[2]) - (side == "down"), 3)
    if rest == ("op" if side == "down" else "conv"):
        return f"{side}_blocks_{level}_{side}samplers_0_conv"
    if match[3] == "0":
        return f"{side}_blocks_{level}_resnets_{place}_{_RESNET.get(rest, rest)}"
    return f"{side}_blocks_{level}_attentions_{place}_{rest}"


def _split(name: str, outputs: int, inputs: int) -> tuple[tuple[str, ...], tuple[int, ...]]:
    if name.startswith("single_transformer_blocks_") and name.endswith("_linear1"):
        stem = name.removesuffix("_linear1")
        if outputs == (3 + _MLP_RATIO) * inputs:
            names = (f"{stem}_attn_to_q", f"{stem}_attn_to_k", f"{stem}_attn_to_v", f"{stem}_proj_mlp")
            return names, (inputs, inputs, inputs, _MLP_RATIO * inputs)
    for pattern, endings in _FUSED:
        if (match := pattern.fullmatch(name)) and outputs == 3 * inputs:
            stem = next(group for group in match.groups() if group is not None)
            return tuple(stem + ending for ending in endings), (inputs,) * 3
    return (name,), (outputs,)
