"""The fingerprint: the same LoRA however it is written, a merge by its share, a stranger not at all."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import LoraError
from indexer.signals.lora.adapter import Kind
from indexer.signals.lora.fingerprint import COLUMNS, Comparison, Fingerprint, _e4m3, _gaussians, compare, fingerprint
from indexer.signals.lora.layer_names import Part

Matrix = npt.NDArray[Any]
Tensors = dict[str, Matrix]
WIDTH = 48
BLOCKS = 6
# Flux, a sixty-fourth as wide: name as kohya and as the public library writes it, outputs and inputs in widths.
FUSED = {
    "double_blocks_{}_img_attn_qkv": (3, 1),
    "double_blocks_{}_txt_attn_qkv": (3, 1),
    "single_blocks_{}_linear1": (7, 1),
}
PLAIN = {
    "double_blocks_{}_img_attn_proj": ("transformer_blocks.{}.attn.to_out.0", 1, 1),
    "double_blocks_{}_txt_attn_proj": ("transformer_blocks.{}.attn.to_add_out", 1, 1),
    "double_blocks_{}_img_mlp_0": ("transformer_blocks.{}.ff.net.0.proj", 4, 1),
    "double_blocks_{}_img_mlp_2": ("transformer_blocks.{}.ff.net.2", 1, 4),
    "single_blocks_{}_linear2": ("single_transformer_blocks.{}.proj_out", 1, 5),
    "single_blocks_{}_modulation_lin": ("single_transformer_blocks.{}.norm.linear", 3, 1),
}
SPLIT = {
    "double_blocks_{}_img_attn_qkv": [f"transformer_blocks.{{}}.attn.to_{x}" for x in "qkv"],
    "double_blocks_{}_txt_attn_qkv": [f"transformer_blocks.{{}}.attn.add_{x}_proj" for x in "qkv"],
    "single_blocks_{}_linear1": [
        *(f"single_transformer_blocks.{{}}.attn.to_{x}" for x in "qkv"),
        "single_transformer_blocks.{}.proj_mlp",
    ],
}


@dataclass(frozen=True)
class Factors:
    up: Matrix
    down: Matrix
    alpha: float | None = None


Lora = dict[str, Factors]


def trained(seed: int, rank: int = 32) -> Lora:
    """Return a LoRA whose ranks weigh less and less, as those of trained ones do."""
    rng = np.random.default_rng(seed)
    weights = 0.85 ** np.arange(rank)
    sizes = FUSED | {name: size for name, (_, *size) in PLAIN.items()}
    return {
        "lora_unet_" + name.format(block): Factors(
            rng.standard_normal((outputs * WIDTH, rank)) * weights * 0.02,
            rng.standard_normal((rank, inputs * WIDTH)) * 0.02,
            float(rank),
        )
        for block in range(BLOCKS)
        for name, (outputs, inputs) in sizes.items()
    }


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
    header: dict[str, Any] = {}
    body = bytearray()
    for name, array in tensors.items():
        raw = bytes_of(array, dtype)
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    head = json.dumps(header).encode()
    return len(head).to_bytes(8, "little") + head + bytes(body)


def kohya(lora: Lora) -> Tensors:
    tensors: Tensors = {}
    for name, factors in lora.items():
        tensors |= {f"{name}.lora_up.weight": factors.up, f"{name}.lora_down.weight": factors.down}
        if factors.alpha is not None:
            tensors[f"{name}.alpha"] = np.array(factors.alpha)
    return tensors


def diffusers(lora: Lora) -> Tensors:
    """Write a fused LoRA with the public library's names, its fused layers split; alpha goes into the weights."""
    tensors: Tensors = {}
    for block in range(BLOCKS):
        for name, parts in (SPLIT | {name: [public] for name, (public, *_) in PLAIN.items()}).items():
            factors = lora["lora_unet_" + name.format(block)]
            heights = [WIDTH, WIDTH, WIDTH, 4 * WIDTH][: len(parts)] if len(parts) > 1 else [len(factors.up)]
            scale = 1 if factors.alpha is None else factors.alpha / len(factors.down)
            for part, up in zip(parts, np.split(factors.up, np.cumsum(heights)[:-1]), strict=True):
                layer = f"transformer.{part.format(block)}"
                tensors |= {f"{layer}.lora_A.weight": factors.down, f"{layer}.lora_B.weight": up * scale}
    return tensors


def each(change: Callable[[Factors], Factors]) -> Callable[[Lora], Tensors]:
    return lambda lora: kohya({name: change(factors) for name, factors in lora.items()})


def shuffled(factors: Factors) -> Factors:
    order = np.random.default_rng(9).permutation(len(factors.down))
    return Factors(factors.up[:, order], factors.down[order], factors.alpha)


def mixed(factors: Factors) -> Factors:
    """Return other factors of the same product."""
    mixer = np.linalg.qr(np.random.default_rng(9).standard_normal((len(factors.down),) * 2))[0] * 3
    return Factors(factors.up @ mixer, np.linalg.inv(mixer) @ factors.down, factors.alpha)


def shifted(factors: Factors) -> Factors:
    return Factors(factors.up * 1e30, factors.down * 1e-30, factors.alpha)


def resized(rank: int) -> Callable[[Factors], Factors]:
    def resize(factors: Factors) -> Factors:
        left, values, right = np.linalg.svd(factors.up @ factors.down, full_matrices=False)
        return Factors(left[:, :rank] * values[:rank], right[:rank])

    return resize


def merged(*others: int, weight: float) -> Callable[[Lora], Tensors]:
    """Merge by adding the changes: ranks side by side."""

    def merge(lora: Lora) -> Tensors:
        loras = [lora, *(trained(seed) for seed in others)]
        return kohya(
            {
                name: Factors(
                    np.hstack([weight * one[name].up for one in loras]), np.vstack([one[name].down for one in loras])
                )
                for name in lora
            }
        )

    return merge


def factor_wise(lora: Lora) -> Tensors:
    other = trained(2)
    return kohya(
        {
            name: Factors((own.up + other[name].up) / 2, (own.down + other[name].down) / 2, own.alpha)
            for name, own in lora.items()
        }
    )


def fingerprint_of(tensors: Mapping[str, Matrix], dtype: str = "F32") -> Fingerprint:
    data = file(tensors, dtype)
    return fingerprint(io.BytesIO(data), len(data))


def likeness(one: Mapping[str, Matrix], two: Mapping[str, Matrix]) -> Comparison:
    return compare(fingerprint_of(one), fingerprint_of(two))


def outcome(tensors: Mapping[str, Matrix], dtype: str = "F32") -> str:
    try:
        fingerprint_of(tensors, dtype)
    except LoraError as error:
        return error.code
    return ""


@pytest.fixture(scope="module")
def known() -> Fingerprint:
    return fingerprint_of(kohya(trained(1)))


@pytest.mark.parametrize(
    ("change", "dtype", "least", "most"),
    [
        pytest.param(kohya, "F32", 0.9999, 1.0001, id="identical"),
        pytest.param(kohya, "F16", 0.999, 1.0001, id="cast to float16"),
        pytest.param(kohya, "BF16", 0.999, 1.0001, id="cast to bfloat16"),
        pytest.param(kohya, "F8_E5M2", 0.95, 1.0001, id="cast to float8"),
        pytest.param(kohya, "F64", 0.9999, 1.0001, id="cast to float64"),
        pytest.param(each(lambda f: Factors(f.up, f.down, 1.0)), "F32", 0.9999, 1.0001, id="alpha changed"),
        pytest.param(each(lambda f: Factors(f.up, f.down)), "F32", 0.9999, 1.0001, id="alpha removed"),
        pytest.param(
            each(lambda f: Factors(f.up * 4, f.down, (f.alpha or 1) / 4)),
            "F16",
            0.999,
            1.0001,
            id="alpha moved into weights",
        ),
        pytest.param(each(shuffled), "F32", 0.9999, 1.0001, id="ranks shuffled"),
        pytest.param(each(mixed), "F32", 0.9999, 1.0001, id="other factors of the same product"),
        pytest.param(each(shifted), "F32", 0.9999, 1.0001, id="factors scaled against each other"),
        pytest.param(each(lambda f: Factors(-f.up, f.down, -32.0)), "F32", 0.9999, 1.0001, id="both signs turned"),
        pytest.param(each(lambda f: Factors(-f.up, f.down, 32.0)), "F32", -1.0001, -0.9999, id="subtracted"),
        pytest.param(diffusers, "F16", 0.999, 1.0001, id="renamed and split"),
        pytest.param(each(resized(8)), "F16", 0.9, 0.999, id="resized to rank 8"),
        pytest.param(each(resized(4)), "F16", 0.8, 0.95, id="resized to rank 4"),
        pytest.param(merged(2, weight=0.5), "F32", 0.6, 0.8, id="half and half"),
        pytest.param(merged(2, 3, 4, weight=0.25), "F32", 0.4, 0.6, id="one of four"),
        pytest.param(factor_wise, "F32", 0.4, 0.6, id="merged factor by factor"),
        pytest.param(lambda _: kohya(trained(5)), "F32", -0.1, 0.1, id="unrelated"),
        pytest.param(lambda _: diffusers(trained(6)), "F32", -0.1, 0.1, id="unrelated, with other names"),
    ],
)
def test_a_changed_lora_is_as_similar_as_its_share_of_the_original(
    known: Fingerprint, change: Callable[[Lora], Tensors], dtype: str, least: float, most: float
) -> None:
    other = fingerprint_of(change(trained(1)), dtype)
    found = compare(known, other)
    assert least <= found.model.cosine <= most
    assert found.model.share == 1
    assert (found.model.alike == found.model.shared) == (least >= 0.8) or 0.1 < least < 0.8
    assert compare(other, known) == found
    assert not other.left_out


def test_half_of_the_layers_replaced_is_told_from_a_merge(known: Fingerprint) -> None:
    stranger = trained(5)
    half = {n: stranger[n] if index % 2 else own for index, (n, own) in enumerate(trained(1).items())}
    found = compare(known, fingerprint_of(kohya(half))).model
    assert 0.3 < found.cosine < 0.7
    assert found.alike == pytest.approx(found.shared * found.cosine, abs=0.1 * found.shared)


def test_layers_that_only_one_file_has_lower_the_share_and_not_the_cosine(known: Fingerprint) -> None:
    some = dict(list(trained(1).items())[::2])
    found = compare(known, fingerprint_of(kohya(some))).model
    assert found.cosine > 0.999
    assert found.share == pytest.approx(found.shared / len(known.names))
    assert found.share < 0.7
    assert compare(fingerprint_of(kohya(some)), known).model == found


def test_the_text_encoders_are_compared_apart() -> None:
    rng = np.random.default_rng(3)
    text = {"lora_te1_text_model_encoder_layers_0_mlp_fc1": Factors(rng.random((64, 4)), rng.random((4, 16)))}
    found = likeness(kohya(trained(1) | text), kohya(trained(2) | text))
    assert found.model.cosine < 0.1
    assert found.text_encoders.cosine > 0.999
    assert (found.text_encoders.shared, found.text_encoders.share) == (1, 1)


def test_files_without_a_layer_in_common_are_not_alike() -> None:
    one, two = (kohya({f"lora_unet_{name}": Factors(np.ones((4, 1)), np.ones((1, 4)))}) for name in "ab")
    assert likeness(one, two).model.cosine == likeness(one, two).model.shared == 0


def dense(change: Matrix) -> Tensors:
    """Write a change as a LoRA of full rank."""
    return {"lora_unet_x.lora_up.weight": change, "lora_unet_x.lora_down.weight": np.eye(change.shape[1])}


def normal(*shape: int) -> Matrix:
    return np.random.default_rng(sum(shape)).standard_normal(shape)


A, B, C, D = normal(24, 3), normal(3, 20), normal(24, 5), normal(5, 20)
UP, DOWN, MIDDLE, OTHER = normal(24, 3), normal(4, 20), normal(3, 4, 3, 3), normal(3, 4, 3, 3) ** 3
SMALL, LARGE, KERNEL = normal(4, 5), normal(6, 4), normal(6, 4, 3, 3)


def tucker(kernel: Matrix, up: Matrix, down: Matrix) -> Matrix:
    change: Matrix = np.einsum("mnhw,im,nj->ijhw", kernel, up, down)
    return change.reshape(len(up), -1)


# The tensors of one layer, and its change built as the family's authors define it.
FAMILIES: dict[str, tuple[Tensors, Matrix]] = {
    "linear LoRA": ({"lora_up.weight": A, "lora_down.weight": B}, A @ B),
    "convolution": (
        {"lora_up.weight": LARGE[:, :, None, None], "lora_down.weight": KERNEL[:4]},
        LARGE @ KERNEL[:4].reshape(4, -1),
    ),
    "DoRA": ({"lora_up.weight": A, "lora_down.weight": B, "dora_scale": normal(24, 1)}, A @ B),
    "Tucker": (
        {
            "lora_up.weight": UP[:, :, None, None],
            "lora_mid.weight": MIDDLE,
            "lora_down.weight": DOWN[:, :, None, None],
        },
        tucker(MIDDLE, UP, DOWN),
    ),
    "LoHa": ({"hada_w1_a": A, "hada_w1_b": B, "hada_w2_a": C, "hada_w2_b": D}, (A @ B) * (C @ D)),
    "LoHa, Tucker": (
        {
            "hada_w1_a": UP.T,
            "hada_w1_b": DOWN,
            "hada_t1": MIDDLE,
            "hada_w2_a": UP.T**2,
            "hada_w2_b": DOWN**2,
            "hada_t2": OTHER,
        },
        tucker(MIDDLE, UP, DOWN) * tucker(OTHER, UP**2, DOWN**2),
    ),
    "LoKr, both full": ({"lokr_w1": SMALL, "lokr_w2": LARGE}, np.kron(SMALL, LARGE)),
    "LoKr, wide and tall": ({"lokr_w1": B[:1], "lokr_w2": A[:, :1]}, np.kron(B[:1], A[:, :1])),
    "LoKr, tall and wide": ({"lokr_w1": A[:, :1], "lokr_w2": B[:1]}, np.kron(A[:, :1], B[:1])),
    "LoKr, both thin": (
        {"lokr_w1_a": A[:4], "lokr_w1_b": B[:, :5], "lokr_w2_a": C[:6], "lokr_w2_b": D[:, :4]},
        np.kron(A[:4] @ B[:, :5], C[:6] @ D[:, :4]),
    ),
    "LoKr, convolution": ({"lokr_w1": SMALL, "lokr_w2": KERNEL}, np.kron(SMALL, KERNEL.reshape(6, -1))),
    "LoKr, Tucker": (
        {"lokr_w1": SMALL, "lokr_t2": MIDDLE, "lokr_w2_a": UP[:6].T, "lokr_w2_b": DOWN[:, :4]},
        np.kron(SMALL, tucker(MIDDLE, UP[:6], DOWN[:, :4])),
    ),
}


@pytest.mark.parametrize("kind", FAMILIES)
def test_every_family_has_the_fingerprint_of_the_change_it_stands_for(kind: str) -> None:
    tensors, change = FAMILIES[kind]
    found = fingerprint_of({f"lora_unet_x.{role}": array for role, array in tensors.items()})
    plain = fingerprint_of(dense(change))
    assert found.names == plain.names
    np.testing.assert_allclose(found.vectors, plain.vectors, atol=1e-4)
    np.testing.assert_allclose(found.norms, plain.norms, rtol=1e-3)


def fused(kind: str) -> tuple[Tensors, Matrix]:
    if kind == "LoKr":
        return {"lokr_w1": normal(6, 2), "lokr_w2": normal(8, 8)}, np.kron(normal(6, 2), normal(8, 8))
    a, b, c, d = normal(48, 3), normal(3, 16), normal(48, 5), normal(5, 16)
    return {"hada_w1_a": a, "hada_w1_b": b, "hada_w2_a": c, "hada_w2_b": d}, (a @ b) * (c @ d)


@pytest.mark.parametrize("kind", ["LoKr", "LoHa"])
def test_a_fused_layer_of_any_family_is_split_by_its_rows(kind: str) -> None:
    tensors, change = fused(kind)
    whole = {f"lora_unet_double_blocks_0_img_attn_qkv.{role}": array for role, array in tensors.items()}
    parts: Tensors = {}
    for name, rows in zip("qkv", np.split(change, 3), strict=True):
        layer = f"transformer.transformer_blocks.0.attn.to_{name}"
        parts |= {f"{layer}.lora_A.weight": np.eye(16), f"{layer}.lora_B.weight": rows}
    found = likeness(whole, parts).model
    assert (found.shared, found.share) == (3, 1)
    assert found.cosine > 0.9999


def test_alpha_is_not_used_where_both_factors_of_a_kronecker_product_are_full() -> None:
    tensors, _ = FAMILIES["LoKr, both full"]
    layer = {f"lora_unet_x.{role}": array for role, array in tensors.items()}
    found = [fingerprint_of(layer | {"lora_unet_x.alpha": np.array(alpha)}).norms for alpha in (1.0, 9.0)]
    assert found[0] == found[1]


def test_the_norm_is_that_of_the_change_within_a_few_standard_errors() -> None:
    lora = {name: f for name, f in trained(1).items() if name.endswith(("proj", "mlp_0"))}
    found = dict(zip((n := fingerprint_of(kohya(lora))).names, n.norms, strict=True))
    for block in range(BLOCKS):
        factors = lora[f"lora_unet_double_blocks_{block}_img_attn_proj"]
        name = f"unet/transformer_blocks_{block}_attn_to_out_0:{WIDTH}x{WIDTH}"
        assert found[name] == pytest.approx(np.linalg.norm(factors.up @ factors.down), rel=0.4)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), rank=st.integers(1, 6), strength=st.floats(1e-3, 1e3))
def test_strength_is_no_part_of_the_direction(seed: int, rank: int, strength: float) -> None:
    rng = np.random.default_rng(seed)
    factors = Factors(rng.standard_normal((12, rank)), rng.standard_normal((rank, 9)))
    scaled = Factors(factors.up * strength, factors.down)
    found = likeness(*(kohya({"lora_unet_x": one}) for one in (factors, scaled)))
    assert found.model.cosine == pytest.approx(1, abs=1e-4)


def test_the_random_numbers_are_those_of_the_recipe() -> None:
    rows, columns = _gaussians(Part("unet/x:24x20", 0, 24), 20)
    assert rows.shape == (COLUMNS, 24)
    np.testing.assert_allclose(rows[0, :3], [-0.50497323, 0.63811094, -1.6568418], rtol=1e-6)
    np.testing.assert_allclose(columns[-1, -3:], [1.0461488, 0.39581898, -0.5484305], rtol=1e-6)


def test_eight_bit_floats_have_the_published_values() -> None:
    values = _e4m3()
    assert [values[code] for code in (0, 1, 8, 0x38, 0x7E, 0xFE, 0xB8)] == [0, 2**-9, 2**-6, 1, 448, -448, -1]
    assert np.isnan(values[[0x7F, 0xFF]]).all()


HOSTILE = {
    "empty": (Factors(np.ones((4, 0)), np.ones((0, 4))), "is empty"),
    "nan": (Factors(np.full((4, 2), np.nan), np.ones((2, 4))), "not finite"),
    "infinite": (Factors(np.ones((4, 2)), np.full((2, 4), -np.inf)), "not finite"),
    "zero": (Factors(np.zeros((4, 2)), np.ones((2, 4))), "changes nothing"),
    "alpha nan": (Factors(np.ones((4, 2)), np.ones((2, 4)), np.nan), "strength is not finite"),
    "alpha infinite": (Factors(np.ones((4, 2)), np.ones((2, 4)), np.inf), "strength is not finite"),
    "alpha zero": (Factors(np.ones((4, 2)), np.ones((2, 4)), 0.0), "changes nothing"),
    "mismatched": (Factors(np.ones((4, 3)), np.ones((2, 4))), "do not meet"),
    "flat": (Factors(np.ones(4), np.ones(4)), "no matrices"),
    "huge rank": (Factors(np.ones((2, 5000)), np.ones((5000, 2))), "rank"),
    "huge side": (Factors(np.ones((300_000, 1)), np.ones((1, 2))), "larger than any layer"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_layer_without_a_direction_is_left_out_and_said_so(name: str) -> None:
    factors, reason = HOSTILE[name]
    found = fingerprint_of(
        kohya({"lora_unet_bad": factors, "lora_unet_good": Factors(np.ones((4, 1)), np.ones((1, 4)))})
    )
    assert found.names == ("unet/good:4x4",)
    assert [item.name.removeprefix("unet/").split(":")[0].removeprefix("lora_unet_") for item in found.left_out] == [
        "bad"
    ]
    assert reason in found.left_out[0].reason
    assert np.isfinite(found.vectors).all()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_without_any_direction_is_refused(name: str) -> None:
    assert outcome(kohya({"lora_unet_bad": HOSTILE[name][0]})) == "lora_without_weights"


def test_a_number_type_that_is_no_float_is_left_out() -> None:
    assert outcome(kohya({"lora_unet_x": Factors(np.ones((4, 1)), np.ones((1, 4)))}), "I8") == "lora_without_weights"


@pytest.mark.parametrize("role", ["oft_blocks", "b1.weight", "ia3_l", "diff"])
def test_an_adapter_of_another_kind_is_refused_by_its_kind(role: str) -> None:
    with pytest.raises(LoraError, match="kind") as caught:
        fingerprint_of({f"lora_unet_x.{role}": np.ones((2, 2))})
    assert caught.value.code == "unsupported_adapter"


def test_small_files_that_ask_for_much_work_are_refused_before_it_is_done() -> None:
    thin = {"lokr_w1_a": np.ones((512, 1)), "lokr_w1_b": np.ones((1, 512))}
    thin |= {"lokr_w2_a": np.ones((512, 1)), "lokr_w2_b": np.ones((1, 512))}
    bomb = {f"lora_unet_{layer}.{role}": array for layer in range(35) for role, array in thin.items()}
    assert outcome(bomb, "F16") == "lora_too_costly"


def test_many_products_of_a_high_rank_are_refused_before_they_are_done() -> None:
    factors = {f"hada_w{number}_{side}": np.ones((512, 512)) for number in (1, 2) for side in "ab"}
    bomb = {f"lora_unet_{layer}.{role}": array for layer in range(60) for role, array in factors.items()}
    assert outcome(bomb, "I8") == "lora_too_costly"


def test_a_file_that_ends_within_a_tensor_is_malformed() -> None:
    data = file(kohya(trained(1)))
    with pytest.raises(LoraError) as caught:
        fingerprint(io.BytesIO(data[:-8]), len(data))
    assert caught.value.code == "lora_malformed"


def sdxl_layers() -> dict[str, tuple[int, int]]:
    """Return the 722 attention layers of SDXL under kohya's names, with their outputs and inputs."""
    places = {f"input_blocks_{n}_1": (640, 2) for n in (4, 5)} | {f"output_blocks_{n}_1": (640, 2) for n in (3, 4, 5)}
    places |= {f"{name}_1": (1280, 10) for name in ("input_blocks_7", "input_blocks_8", "middle_block")}
    places |= {f"output_blocks_{n}_1": (1280, 10) for n in (0, 1, 2)}
    layers: dict[str, tuple[int, int]] = {}
    for place, (width, depth) in places.items():
        layers |= {f"lora_unet_{place}_proj_{side}": (width, width) for side in ("in", "out")}
        for block in range(depth):
            stem = f"lora_unet_{place}_transformer_blocks_{block}"
            for attention, context in (("attn1", width), ("attn2", 2048)):
                layers |= {f"{stem}_{attention}_to_{x}": (width, context if x in "kv" else width) for x in "qkv"}
                layers[f"{stem}_{attention}_to_out_0"] = (width, width)
            layers |= {f"{stem}_ff_net_0_proj": (8 * width, width), f"{stem}_ff_net_2": (width, 4 * width)}
    return layers


def test_an_sdxl_lora_of_145_megabytes_is_fingerprinted_one_layer_at_a_time(tmp_path: Path) -> None:
    rank, header, size = 27, {}, 0
    for name, (outputs, inputs) in sdxl_layers().items():
        for role, shape in (("lora_up", (outputs, rank)), ("lora_down", (rank, inputs))):
            end = size + 2 * shape[0] * shape[1]
            header[f"{name}.{role}.weight"] = {"dtype": "F16", "shape": shape, "data_offsets": [size, end]}
            size = end
    head = json.dumps(header).encode()
    noise = np.random.default_rng(0).standard_normal(1 << 20).astype(np.float16).tobytes()
    path = tmp_path / "sdxl.safetensors"
    with path.open("wb") as stream:
        stream.write(len(head).to_bytes(8, "little") + head)
        for _ in range(size // len(noise)):
            stream.write(noise)
        stream.write(noise[: size % len(noise)])
    with path.open("rb") as stream:
        tracemalloc.start()
        try:
            found = fingerprint(stream, path.stat().st_size)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert len(found.names) == 722
    assert (found.adapter.kind, found.adapter.base, found.adapter.ranks) == (Kind.LORA, "sdxl", (rank,))
    assert peak < 64 << 20
