"""The fingerprint: every family of LoRA as its authors define it, within limits, and nothing hostile in it."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from indexer.errors import LoraError
from indexer.signals.lora.adapter import Kind
from indexer.signals.lora.fingerprint import COLUMNS, _e4m3, _gaussians, fingerprint
from indexer.signals.lora.layer_names import Part
from tests.loras import BLOCKS, WIDTH, Factors, Matrix, Tensors, file, fingerprint_of, kohya, likeness, sdxl, trained


def outcome(tensors: Mapping[str, Matrix], dtype: str = "F32") -> str:
    try:
        fingerprint_of(tensors, dtype)
    except LoraError as error:
        return error.code
    return ""


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


def test_an_sdxl_lora_of_145_megabytes_is_fingerprinted_one_layer_at_a_time(tmp_path: Path) -> None:
    rank, header, size = 27, {}, 0
    for name, (outputs, inputs) in sdxl().items():
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
