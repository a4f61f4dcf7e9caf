"""What a LoRA file is made of, told by the names and shapes of its tensors alone.

1. Every tensor name ends in a role, such as `.lora_down.weight`, `.hada_w1_a`, `.alpha`; what stands before is a layer.
2. The roles of a layer give its family, and their shapes its size; what does not fit is left out, with the reason.
3. `layer_names` writes the layer's name in one way, and splits a fused projection into its parts.

Families as the trainers publish them: LoRA, LoCon, Tucker (kohya sd-scripts, LyCORIS `locon.py`), LoHa (`loha.py`),
LoKr (`lokr.py`), DoRA (`dora_scale`, PEFT `lora_magnitude_vector`). Nothing of a tensor's contents is read here: that
is the business of `fingerprint` and `tensor_hashes`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import prod

from indexer.signals.lora.layer_names import Part, canonical_parts

MAX_NAME = 512
# A kernel over space and time has five; the product of a million sides would take hours.
MAX_DIMENSIONS = 8
MAX_SIDE = 1 << 18
# Of one tensor; rank 512 on the widest layer of Flux is 11 million.
MAX_ELEMENTS = 12_000_000
MAX_RANK = 4096
# Of a Tucker kernel times its inner factor; rank 256 on the widest convolution of SDXL is 6 million.
MAX_TUCKER = 1 << 23
# A rank of LoHa costs its square, and beyond this nobody trains one.
MAX_LOHA_RANK = 512
_CHECKPOINT_TENSORS = 50
_INVERSION_TENSORS = 8
_UNREAD = "its name is longer than a name can be"

Shape = tuple[int, ...]


class Kind(StrEnum):
    """The kind of a file or of one layer."""

    LORA = "lora"
    LOCON = "locon"
    TUCKER = "tucker"
    DORA = "dora"
    LOHA = "loha"
    LOKR = "lokr"
    GLORA = "glora"
    OFT = "oft"
    IA3 = "ia3"
    FULL_DIFF = "full_diff"
    TEXTUAL_INVERSION = "textual_inversion"
    CHECKPOINT = "checkpoint"
    UNKNOWN = "unknown"


SUPPORTED = frozenset({Kind.LORA, Kind.LOCON, Kind.TUCKER, Kind.DORA, Kind.LOHA, Kind.LOKR})


class Naming(StrEnum):
    """Who names layers like this: kohya's underscores, the dotted names of diffusers and PEFT, or neither."""

    KOHYA = "kohya"
    DIFFUSERS = "diffusers"
    MIXED = "mixed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Layer:
    """One adapted layer: `tensors` maps a role to a tensor's name; its change is `outputs` × `inputs`.

    Of a convolution, `inputs` counts channels times kernel. `rank` divides alpha; 0 means that alpha is not used.
    """

    name: str
    kind: Kind
    tensors: Mapping[str, str]
    outputs: int
    inputs: int
    rank: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A layer that is no evidence, and why; the name is the file's own, cut to what a name can be."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Adapter:
    """A file's adapter. `kinds` counts layers, `others` the tensors that belong to no adapter at all."""

    kind: Kind
    kinds: Mapping[Kind, int]
    naming: Naming
    base: str
    layers: tuple[Layer, ...]
    left_out: tuple[LeftOut, ...]
    others: int

    @property
    def supported(self) -> bool:
        """Whether the file as a whole can be fingerprinted."""
        return self.kind in SUPPORTED

    @property
    def ranks(self) -> tuple[int, ...]:
        """Every rank that occurs, ascending."""
        return tuple(sorted({layer.rank for layer in self.layers if layer.rank}))


class _Unfit(Exception):
    """A layer's tensors do not fit each other; the message is the reason."""


_LORA_ROLE = re.compile(
    r"(?P<layer>.+?)[._]lora(?:_linear_layer)?[._](?P<role>down|up|mid|A|B)(?:\.[\w-]{1,64})??(?:\.weight)?"
)
_OTHER_ROLE = re.compile(
    r"(?P<layer>.+)\.(?P<role>alpha|dora_scale|lora_magnitude_vector|hada_(?:w[12]_[ab]|t[12])|lokr_(?:w[12](?:_[ab])?|t2)"
    r"|[ab][12](?=\.weight)|oft_(?:blocks|diag|[rR])|boft_[rR]|ia3_l|on_input|diff(?:_b)?|[wb]_norm)"
    r"(?:\.[\w-]{1,64})??(?:\.weight)?"
)
_SAME_ROLE = {"A": "down", "B": "up", "lora_magnitude_vector": "dora_scale"}
_UNSUPPORTED_ROLES = (
    (Kind.GLORA, re.compile(r"[ab][12]")),
    (Kind.OFT, re.compile(r"b?oft_\w+")),
    (Kind.IA3, re.compile(r"ia3_l|on_input")),
    (Kind.FULL_DIFF, re.compile(r"diff(_b)?|[wb]_norm")),
)
_CHECKPOINT_NAMES = ("model.diffusion_model.", "first_stage_model.", "cond_stage_model.", "conditioner.", "vae.")
_INVERSION_NAMES = ("emb_params", "clip_l", "clip_g", "string_to_param", "<")


def read_adapter(shapes: Mapping[str, Shape]) -> Adapter:
    """Classify a file by its tensors' `shapes`; never fails: what it cannot use is left out and said so."""
    groups: dict[str, dict[str, str]] = {}
    left_out: dict[str, str] = {}
    others = 0
    for tensor in shapes:
        if len(tensor) > MAX_NAME:
            left_out[tensor] = _UNREAD
            continue
        match = _LORA_ROLE.fullmatch(tensor) or _OTHER_ROLE.fullmatch(tensor)
        if match is None:
            others += 1
            continue
        name, role = match["layer"], _SAME_ROLE.get(match["role"], match["role"])
        if role in groups.setdefault(name, {}):
            left_out[name] = f"two tensors are its {role}"
        groups[name][role] = tensor
    families: Counter[Kind] = Counter()
    layers: list[Layer] = []
    for name, tensors in groups.items():
        family = _family(tensors)
        families[family] += 1
        if family not in SUPPORTED:
            left_out[name] = f"{family} is not fingerprinted" if family != Kind.UNKNOWN else "its factors are not whole"
        if name in left_out:
            continue
        try:
            layers.append(_layer(name, family, tensors, shapes))
        except _Unfit as error:
            left_out[name] = str(error)
    layers = _without_rivals(layers, left_out)
    return Adapter(
        _kind_of_file(families, layers, shapes),
        Counter(layer.kind for layer in layers) + Counter({k: n for k, n in families.items() if k not in SUPPORTED}),
        _naming(groups),
        _base(layers),
        tuple(layers),
        tuple(LeftOut(name[:MAX_NAME], reason) for name, reason in left_out.items()),
        others,
    )


def _family(roles: Mapping[str, str]) -> Kind:
    if {"down", "up"} <= roles.keys():
        return Kind.LORA
    if any(role.startswith("hada_") for role in roles):
        return Kind.LOHA
    if any(role.startswith("lokr_") for role in roles):
        return Kind.LOKR
    for kind, pattern in _UNSUPPORTED_ROLES:
        if any(pattern.fullmatch(role) for role in roles):
            return kind
    return Kind.UNKNOWN


def _layer(name: str, family: Kind, tensors: Mapping[str, str], shapes: Mapping[str, Shape]) -> Layer:
    sizes = {role: shapes[tensor] for role, tensor in tensors.items()}
    for role, shape in sizes.items():
        if len(shape) > MAX_DIMENSIONS:
            raise _Unfit(f"its {role} has more than {MAX_DIMENSIONS} dimensions")
        if prod(shape) == 0:
            raise _Unfit(f"its {role} is empty")
        if prod(shape) > MAX_ELEMENTS:
            raise _Unfit(f"its {role} has {prod(shape)} numbers, more than the {MAX_ELEMENTS} allowed")
    if prod(sizes.get("alpha", ())) != 1:
        raise _Unfit("its alpha is not one number")
    outputs, inputs, rank = _SIZES[family](sizes)
    if not max(outputs, inputs) <= MAX_SIDE:
        raise _Unfit(f"{outputs} × {inputs} is larger than any layer ({MAX_SIDE})")
    if rank > (MAX_LOHA_RANK if family == Kind.LOHA else MAX_RANK):
        raise _Unfit(f"a rank of {rank} is more than allowed")
    kind = family
    if family == Kind.LORA:
        convolves = prod(sizes["down"][2:]) > 1
        kind = Kind.TUCKER if "mid" in sizes else Kind.LOCON if convolves else Kind.LORA
        kind = Kind.DORA if "dora_scale" in sizes else kind
    return Layer(name, kind, dict(tensors), outputs, inputs, rank, canonical_parts(name, outputs, inputs))


def _fit(fits: bool, what: str) -> None:  # noqa: FBT001 (a condition)
    if not fits:
        raise _Unfit(what)


def _lora_size(sizes: Mapping[str, Shape]) -> tuple[int, int, int]:
    down, up, mid = sizes["down"], sizes["up"], sizes.get("mid")
    _fit(len(down) >= 2 <= len(up) and prod(up[2:]) == 1, "its factors are no matrices")  # noqa: PLR2004
    if mid is None:
        _fit(up[1] == down[0], f"its factors do not meet: {up} and {down}")
        return up[0], prod(down[1:]), down[0]
    _fit(len(mid) >= 2 and prod(down[2:]) == 1, "its middle or its factors are no Tucker kernel")  # noqa: PLR2004
    _fit(mid[:2] == (up[1], down[0]), f"its factors do not meet: {up}, {mid} and {down}")
    _fit(max(prod(mid), prod(mid) // mid[1] * down[1]) <= MAX_TUCKER, "its Tucker kernel is too large")
    return up[0], down[1] * prod(mid[2:]), down[0]


def _pair_size(sizes: Mapping[str, Shape], first: str, second: str, kernel: str) -> tuple[int, int, int]:
    """Return outputs, inputs and rank of `first` @ `second`, or of the Tucker form where there is a `kernel`."""
    _fit(first in sizes and second in sizes, f"its {first} or {second} is missing")
    a, b, t = sizes[first], sizes[second], sizes.get(kernel)
    _fit(len(a) >= 2 <= len(b), f"its {first} and {second} are no matrices")  # noqa: PLR2004
    if t is None:
        _fit(prod(a[1:]) == b[0], f"its {first} and {second} do not meet: {a} and {b}")
        return a[0], prod(b[1:]), b[0]
    _fit(len(t) >= 2 and t[:2] == (a[0], b[0]), f"its {kernel} does not meet {a} and {b}")  # noqa: PLR2004
    outputs, inputs = prod(a[1:]), prod(b[1:])
    _fit(max(prod(t), prod(t) // t[1] * inputs) <= MAX_TUCKER, f"its {kernel} is too large")
    return outputs, inputs * prod(t[2:]), b[0]


def _loha_size(sizes: Mapping[str, Shape]) -> tuple[int, int, int]:
    one = _pair_size(sizes, "hada_w1_a", "hada_w1_b", "hada_t1")
    two = _pair_size(sizes, "hada_w2_a", "hada_w2_b", "hada_t2")
    _fit(one[:2] == two[:2], f"its two products differ: {one[:2]} and {two[:2]}")
    _fit(two[2] <= MAX_LOHA_RANK, f"a rank of {two[2]} is more than allowed")
    return one


def _lokr_size(sizes: Mapping[str, Shape]) -> tuple[int, int, int]:
    outputs, inputs, rank = 1, 1, 0
    for side in ("lokr_w2", "lokr_w1"):
        if side in sizes:
            _fit(len(sizes[side]) >= 2, f"its {side} is no matrix")  # noqa: PLR2004
            size = (sizes[side][0], prod(sizes[side][1:]), 0)
        else:
            size = _pair_size(sizes, f"{side}_a", f"{side}_b", "lokr_t2" if side == "lokr_w2" else "")
            _fit(size[0] * size[1] <= MAX_ELEMENTS, f"its {side} is too large")
        outputs, inputs, rank = outputs * size[0], inputs * size[1], size[2] or rank
    return outputs, inputs, rank


_SIZES: Mapping[Kind, Callable[[Mapping[str, Shape]], tuple[int, int, int]]] = {
    Kind.LORA: _lora_size,
    Kind.LOHA: _loha_size,
    Kind.LOKR: _lokr_size,
}


def _without_rivals(layers: list[Layer], left_out: dict[str, str]) -> list[Layer]:
    # Which of two would win depends on the program that loads the file, so neither is evidence.
    counts = Counter(part.name for layer in layers for part in layer.parts)
    kept = []
    for layer in layers:
        if any(counts[part.name] > 1 for part in layer.parts):
            left_out[layer.name] = "another layer of the file stands for the same one"
        else:
            kept.append(layer)
    return kept


def _kind_of_file(families: Counter[Kind], layers: list[Layer], shapes: Mapping[str, Shape]) -> Kind:
    if families:
        kind = families.most_common(1)[0][0]
        kinds = {layer.kind for layer in layers}
        if kind == Kind.LORA:
            return next((special for special in (Kind.DORA, Kind.TUCKER, Kind.LOCON) if special in kinds), kind)
        return kind
    if len(shapes) <= _INVERSION_TENSORS and any(name.startswith(_INVERSION_NAMES) for name in shapes):
        return Kind.TEXTUAL_INVERSION
    if len(shapes) >= _CHECKPOINT_TENSORS or any(name.startswith(_CHECKPOINT_NAMES) for name in shapes):
        return Kind.CHECKPOINT
    return Kind.UNKNOWN


def _naming(names: Mapping[str, object]) -> Naming:
    found = {
        Naming.KOHYA if name.startswith(("lora_", "lycoris_")) and "." not in name else Naming.DIFFUSERS
        for name in names
        if "." in name or name.startswith(("lora_", "lycoris_"))
    }
    return found.pop() if len(found) == 1 else Naming.MIXED if found else Naming.UNKNOWN


# The width of the text that a UNet attends to: OpenAI CLIP-L, OpenCLIP-H, and CLIP-L beside CLIP-G.
_UNET_BY_CONTEXT = {768: "sd15", 1024: "sd2", 2048: "sdxl"}
_BASES = (
    (re.compile(r"unet/transformer_blocks_\d+_(?:img|txt)_(?:mlp|mod)_(?:net|1).*"), "qwen-image"),
    (re.compile(r"unet/transformer_blocks_\d+_img_mlp_fc.*"), "hunyuan-video"),
    (re.compile(r"unet/single_transformer_blocks_.*"), "flux"),
    (re.compile(r"unet/blocks_\d+_(?:self|cross)_attn_.*"), "wan"),
    (re.compile(r"unet/layers_\d+_attention_.*:\d+x2304"), "lumina2"),
    (re.compile(r"unet/layers_\d+_attention_.*:\d+x3840"), "z-image"),
    (re.compile(r"unet/(?:down|up|mid)_block.*_transformer_blocks_[2-9]_.*"), "sdxl"),
)


def _base(layers: list[Layer]) -> str:
    """Guess the base model from names and widths; `unknown` is an honest answer, and the guess is no evidence."""
    names = [part.name for layer in layers for part in layer.parts]
    for layer in layers:
        if layer.parts[0].name.startswith(("unet/down_", "unet/up_", "unet/mid_")) and layer.name.endswith(
            ("attn2_to_k", "attn2_to_v", "attn2.to_k", "attn2.to_v")
        ):
            return _UNET_BY_CONTEXT.get(layer.inputs, "unet")
    for pattern, base in _BASES:
        if any(pattern.fullmatch(name) for name in names):
            return base
    if any("joint_blocks" in layer.name for layer in layers):
        return "sd3"
    # Both streams of a double block: Flux with its single blocks left alone, or SD3 by its narrower width.
    if any(re.fullmatch(r"unet/transformer_blocks_\d+_attn_.*:\d+x3072", name) for name in names):
        return "flux"
    if any(name.startswith(("unet/down_blocks", "unet/up_blocks", "unet/mid_block")) for name in names):
        return "unet"
    return "unknown"
