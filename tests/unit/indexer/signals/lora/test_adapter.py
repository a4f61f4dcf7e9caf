"""The kind of an adapter, its size and the one name of each layer, from names and shapes alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.signals.lora.adapter import (
    MAX_ELEMENTS,
    MAX_NAME,
    SUPPORTED,
    Adapter,
    Kind,
    Naming,
    Shape,
    read_adapter,
)
from indexer.signals.lora.layer_names import canonical_parts

SAMPLES = Path(__file__).parents[5] / "../shared/samples/lora_keys"
Shapes = dict[str, Shape]


def lora(name: str, outputs: int = 8, inputs: int = 6, rank: int = 2) -> Shapes:
    return {f"{name}.lora_up.weight": (outputs, rank), f"{name}.lora_down.weight": (rank, inputs), f"{name}.alpha": ()}


def layer(roles: Shapes) -> Shapes:
    return {f"lora_unet_x.{role}": shape for role, shape in roles.items()}


def names(adapter: Adapter) -> set[str]:
    return {part.name for one in adapter.layers for part in one.parts}


def canonical(name: str) -> str:
    return canonical_parts(name, 5, 7)[0].name


LORA: Shapes = {"lora_up.weight": (8, 2), "lora_down.weight": (2, 6)}
LOHA: Shapes = {"hada_w1_a": (8, 2), "hada_w1_b": (2, 6), "hada_w2_a": (8, 3), "hada_w2_b": (3, 6)}


@pytest.mark.parametrize(
    ("kind", "roles"),
    [
        (Kind.LORA, LORA),
        (Kind.LORA, {"lora_A.weight": (2, 6), "lora_B.weight": (8, 2)}),
        (Kind.LORA, {"lora_A.default.weight": (2, 6), "lora_B.default.weight": (8, 2)}),
        (Kind.LORA, {"lora.down.weight": (2, 6), "lora.up.weight": (8, 2)}),
        (Kind.LORA, {"lora_up.weight": (8, 2, 1, 1), "lora_down.weight": (2, 6, 1, 1)}),
        (Kind.LOCON, {"lora_up.weight": (8, 2, 1, 1), "lora_down.weight": (2, 6, 3, 3)}),
        (
            Kind.TUCKER,
            {"lora_up.weight": (8, 2, 1, 1), "lora_mid.weight": (2, 3, 3, 3), "lora_down.weight": (3, 6, 1, 1)},
        ),
        (Kind.DORA, LORA | {"dora_scale": (8, 1)}),
        (Kind.DORA, LORA | {"lora_magnitude_vector": (8,)}),
        (Kind.DORA, LORA | {"lora_magnitude_vector.weight": (8,)}),
        (Kind.LOHA, LOHA),
        (Kind.LOKR, {"lokr_w1": (2, 3), "lokr_w2": (4, 2)}),
        (Kind.LOKR, {"lokr_w1_a": (2, 1), "lokr_w1_b": (1, 3), "lokr_w2_a": (4, 1), "lokr_w2_b": (1, 2)}),
        (Kind.GLORA, {f"{role}.weight": (8, 2) for role in ("a1", "a2", "b1", "b2")}),
        (Kind.OFT, {"oft_blocks": (4, 2, 2)}),
        (Kind.OFT, {"oft_R.weight": (4, 2)}),
        (Kind.IA3, {"weight": (8,), "on_input": ()}),
        (Kind.IA3, {"ia3_l": (8,)}),
        (Kind.FULL_DIFF, {"diff": (8, 6), "diff_b": (8,)}),
    ],
)
def test_the_roles_of_its_tensors_give_the_kind(kind: Kind, roles: Shapes) -> None:
    adapter = read_adapter(layer(roles))
    assert adapter.kind == kind
    assert adapter.kinds[kind] == 1
    assert adapter.supported == (kind in SUPPORTED) == bool(adapter.layers)
    assert adapter.supported or f"{kind} is not fingerprinted" in adapter.left_out[0].reason


@pytest.mark.parametrize(
    ("kind", "shapes"),
    [
        (Kind.TEXTUAL_INVERSION, {"emb_params": (4, 768)}),
        (Kind.TEXTUAL_INVERSION, {"clip_l": (4, 768), "clip_g": (4, 1280)}),
        (Kind.CHECKPOINT, {"model.diffusion_model.out.2.weight": (4, 320, 3, 3)}),
        (Kind.CHECKPOINT, {f"blocks.{n}.weight": (4, 4) for n in range(60)}),
        (Kind.UNKNOWN, {"weight": (4, 4)}),
        (Kind.UNKNOWN, {}),
    ],
)
def test_a_file_without_an_adapter_is_told_by_what_it_holds_instead(kind: Kind, shapes: Shapes) -> None:
    adapter = read_adapter(shapes)
    assert adapter.kind == kind
    assert (adapter.layers, adapter.others, adapter.base) == ((), len(shapes), "unknown")
    assert not adapter.supported


def test_most_of_the_layers_give_the_kind_and_the_others_are_counted() -> None:
    shapes = lora("lora_unet_a") | lora("lora_unet_b") | {"lora_unet_c.diff": (2, 2), "emb_params": (1, 768)}
    adapter = read_adapter(shapes)
    assert adapter.kind == Kind.LORA
    assert adapter.kinds == {Kind.LORA: 2, Kind.FULL_DIFF: 1}
    assert (adapter.others, len(adapter.left_out)) == (1, 1)


def test_layers_tell_their_size_and_rank() -> None:
    found = read_adapter(lora("lora_unet_a", 8, 6, 2) | lora("lora_unet_b", 5, 7, 4))
    assert [(one.outputs, one.inputs, one.rank) for one in found.layers] == [(8, 6, 2), (5, 7, 4)]
    assert found.ranks == (2, 4)


@pytest.mark.parametrize(
    ("roles", "rank"),
    [
        ({"lokr_w1": (2, 3), "lokr_w2": (4, 2)}, 0),
        ({"lokr_w1": (2, 3), "lokr_w2_a": (4, 5), "lokr_w2_b": (5, 2)}, 5),
        ({"lokr_w1_a": (2, 4), "lokr_w1_b": (4, 3), "lokr_w2": (4, 2)}, 4),
    ],
)
def test_the_rank_of_a_kronecker_product_is_that_of_its_thin_factor(roles: Shapes, rank: int) -> None:
    found = read_adapter(layer(roles)).layers[0]
    assert (found.outputs, found.inputs, found.rank) == (8, 6, rank)


def test_a_kernel_counts_among_the_inputs() -> None:
    shapes: Shapes = {"lora_up.weight": (8, 2, 1, 1), "lora_down.weight": (2, 6, 3, 3)}
    assert read_adapter(layer(shapes)).layers[0].inputs == 54


@pytest.mark.parametrize(
    ("kohya", "public"),
    [
        (
            "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q",
            "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q",
        ),
        (
            "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q",
            "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.processor.to_q",
        ),
        (
            "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_out_0",
            "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.processor.to_out",
        ),
        ("lora_unet_input_blocks_8_1_proj_in", "unet.down_blocks.2.attentions.1.proj_in"),
        ("lora_unet_input_blocks_3_0_op", "unet.down_blocks.0.downsamplers.0.conv"),
        ("lora_unet_input_blocks_5_0_in_layers_2", "unet.down_blocks.1.resnets.1.conv1"),
        ("lora_unet_input_blocks_0_0", "unet.conv_in"),
        ("lora_unet_middle_block_1_proj_out", "unet.mid_block.attentions.0.proj_out"),
        ("lora_unet_middle_block_2_out_layers_3", "unet.mid_block.resnets.1.conv2"),
        ("lora_unet_output_blocks_5_1_proj_out", "unet.up_blocks.1.attentions.2.proj_out"),
        ("lora_unet_output_blocks_2_2_conv", "unet.up_blocks.0.upsamplers.0.conv"),
        ("lora_unet_output_blocks_4_0_skip_connection", "unet.up_blocks.1.resnets.1.conv_shortcut"),
        ("lora_unet_label_emb_0_2", "unet.add_embedding.linear_2"),
        (
            "lora_te_text_model_encoder_layers_0_mlp_fc1",
            "text_encoder.text_model.encoder.layers.0.mlp.fc1",
        ),
        (
            "lora_te2_text_model_encoder_layers_3_self_attn_q_proj",
            "text_encoder_2.text_model.encoder.layers.3.self_attn.q_proj",
        ),
        (
            "lora_te1_text_model_encoder_layers_0_mlp_fc1",
            "text_encoders.clip_l.transformer.text_model.encoder.layers.0.mlp.fc1",
        ),
        ("lora_unet_double_blocks_7_img_mlp_0", "transformer.transformer_blocks.7.ff.net.0.proj"),
        ("lora_unet_double_blocks_7_txt_attn_proj", "transformer.transformer_blocks.7.attn.to_add_out"),
        ("lora_unet_double_blocks_7_txt_mod_lin", "transformer.transformer_blocks.7.norm1_context.linear"),
        ("lora_unet_double_blocks_7_img_mlp_2", "diffusion_model.double_blocks.7.img_mlp.2"),
        ("lora_unet_single_blocks_9_linear2", "transformer.single_transformer_blocks.9.proj_out"),
        ("lora_unet_single_blocks_9_linear2", "base_model.model.single_transformer_blocks.9.proj_out"),
        ("lora_unet_joint_blocks_1_context_block_attn_proj", "transformer.transformer_blocks.1.attn.to_add_out"),
        ("lora_unet_joint_blocks_1_x_block_mlp_fc2", "transformer.transformer_blocks.1.ff.net.2"),
        ("lora_unet_transformer_blocks_0_img_mlp_net_2", "transformer.transformer_blocks.0.img_mlp.net.2"),
        ("lycoris_transformer_blocks_0_attn_to_k", "transformer_blocks.0.attn.to_k"),
        ("lora_transformer_transformer_blocks_0_attn_to_k", "transformer.transformer_blocks.0.attn.to_k"),
        ("lora_unet_layers_4_attention_out", "diffusion_model.layers.4.attention.to_out.0"),
    ],
)  # fmt: skip
def test_a_layer_has_one_name_whoever_wrote_it(kohya: str, public: str) -> None:
    assert canonical(kohya) == canonical(public)


@pytest.mark.parametrize(
    ("fused", "outputs", "split"),
    [
        ("lora_unet_double_blocks_0_img_attn_qkv", 9216, [f"transformer_blocks_0_attn_to_{x}:3072" for x in "qkv"]),
        ("double_blocks.0.txt_attn.qkv", 9216, [f"transformer_blocks_0_attn_add_{x}_proj:3072" for x in "qkv"]),
        (
            "lora_unet_joint_blocks_0_x_block_attn2_qkv",
            9216,
            [f"transformer_blocks_0_attn2_to_{x}:3072" for x in "qkv"],
        ),
        ("transformer_blocks.0.attn.to_qkv", 9216, [f"transformer_blocks_0_attn_to_{x}:3072" for x in "qkv"]),
        (
            "lora_unet_single_blocks_1_linear1",
            21504,
            [
                *(f"single_transformer_blocks_1_attn_to_{x}:3072" for x in "qkv"),
                "single_transformer_blocks_1_proj_mlp:12288",
            ],
        ),
        ("lora_unet_single_blocks_1_linear1", 5000, ["single_transformer_blocks_1_linear1:5000"]),
        ("layers.0.attention.qkv", 6000, ["layers_0_attention_qkv:6000"]),
        ("layers.0.attention.qkv", 9216, [f"layers_0_attention_to_{x}:3072" for x in "qkv"]),
        ("visual.blocks.0.attn.qkv", 9216, [f"visual_blocks_0_attn_{x}:3072" for x in "qkv"]),
    ],
)
def test_a_fused_layer_is_split_by_its_rows_where_they_fit(fused: str, outputs: int, split: list[str]) -> None:
    parts = canonical_parts(fused, outputs, 3072)
    assert [part.name for part in parts] == [f"unet/{name}x3072" for name in split]
    assert [part.stop - part.start for part in parts] == [int(name.split(":")[1]) for name in split]
    assert parts[-1].stop == outputs


@given(st.text(max_size=40), st.integers(1, 5000), st.integers(1, 5000))
def test_the_parts_of_any_layer_cover_its_rows_once(name: str, outputs: int, inputs: int) -> None:
    parts = canonical_parts(name, outputs, inputs)
    assert [part.start for part in parts] == [0, *(part.stop for part in parts[:-1])]
    assert parts[-1].stop == outputs


def test_two_layers_that_stand_for_the_same_one_are_both_left_out() -> None:
    shapes = (
        lora("lora_unet_input_blocks_4_1_proj_in") | lora("unet.down_blocks.1.attentions.0.proj_in") | lora("unet.x")
    )
    adapter = read_adapter(shapes)
    assert names(adapter) == {"unet/x:8x6"}
    assert len(adapter.left_out) == 2
    assert adapter.naming == Naming.MIXED


def test_a_fused_layer_and_one_of_its_parts_are_both_left_out() -> None:
    shapes = lora("lora_unet_double_blocks_0_img_attn_qkv", 18, 6) | lora(
        "transformer.transformer_blocks.0.attn.to_q", 6, 6
    )
    assert read_adapter(shapes).layers == ()
    assert len(read_adapter(shapes).left_out) == 2


def test_two_tensors_of_one_role_leave_their_layer_out() -> None:
    adapter = read_adapter(lora("unet.x") | {"unet.x.lora_A.weight": (2, 6)})
    assert adapter.layers == ()
    assert "two tensors" in adapter.left_out[0].reason


@pytest.mark.parametrize(
    ("roles", "reason"),
    [
        ({"lora_up.weight": (8, 3), "lora_down.weight": (2, 6)}, "do not meet"),
        ({"lora_up.weight": (8, 0), "lora_down.weight": (0, 6)}, "empty"),
        ({"lora_up.weight": (8, 2, 3, 3), "lora_down.weight": (2, 6)}, "no matrices"),
        ({"lora_up.weight": (8,), "lora_down.weight": (8, 6)}, "no matrices"),
        ({"lora_up.weight": (8, 2)}, "not whole"),
        ({"alpha": ()}, "not whole"),
        (LORA | {"lora_down.weight": (2, 6) + (10**18,) * 100_000}, "dimensions"),
        (LORA | {"alpha": (2,)}, "one number"),
        (LORA | {"lora_mid.weight": (3, 2, 3, 3)}, "do not meet"),
        (LORA | {"lora_mid.weight": (2,)}, "Tucker"),
        ({"lora_up.weight": (MAX_ELEMENTS, 2), "lora_down.weight": (2, 6)}, "numbers, more than"),
        ({"lora_up.weight": (300_000, 2), "lora_down.weight": (2, 6)}, "larger than any layer"),
        ({"lora_up.weight": (8, 5000), "lora_down.weight": (5000, 6)}, "a rank of 5000"),
        (
            {"lora_up.weight": (8, 4000), "lora_mid.weight": (4000, 2, 9), "lora_down.weight": (2, 4000)},
            "Tucker kernel is too large",
        ),
        ({"hada_w1_a": (8, 2)}, "missing"),
        (LOHA | {"hada_w2_b": (3, 7)}, "two products differ"),
        (LOHA | {"hada_w1_b": (5, 6)}, "do not meet"),
        (LOHA | {"hada_w1_b": (6,)}, "no matrices"),
        (LOHA | {"hada_w2_a": (8, 600), "hada_w2_b": (600, 6)}, "a rank of 600"),
        (LOHA | {"hada_w1_a": (8, 600), "hada_w1_b": (600, 6)}, "a rank of 600"),
        (LOHA | {"hada_t1": (2, 9, 3)}, "does not meet"),
        ({"lokr_w1": (2, 3)}, "missing"),
        ({"lokr_w1": (2,), "lokr_w2": (2, 2)}, "no matrix"),
        ({"lokr_w1": (600, 600), "lokr_w2": (600, 600)}, "larger than any layer"),
        ({"lokr_w1": (1, 1), "lokr_w2_a": (9000, 1), "lokr_w2_b": (1, 9000)}, "too large"),
    ],
)
def test_what_does_not_fit_is_left_out_with_the_reason(roles: Shapes, reason: str) -> None:
    adapter = read_adapter(layer(roles) | lora("lora_unet_good"))
    assert names(adapter) == {"unet/good:8x6"}
    assert [item.name for item in adapter.left_out] == ["lora_unet_x"]
    assert reason in adapter.left_out[0].reason


def test_a_name_longer_than_any_is_left_out_and_cut() -> None:
    adapter = read_adapter({"x" * 10_000 + ".lora_up.weight": (2, 2)})
    assert adapter.layers == ()
    assert len(adapter.left_out[0].name) == MAX_NAME


SHAPE = st.lists(st.integers(0, 9), max_size=4).map(tuple)
OTHER_ROLES = [
    "lora_mid.weight",
    "hada_t1",
    "hada_t2",
    "lokr_t2",
    "alpha",
    "dora_scale",
    "diff",
    "oft_blocks",
    "weight",
]
LOKR_ROLES = [f"lokr_w{number}{side}" for number in "12" for side in ("", "_a", "_b")]
ROLES = st.sampled_from([*LORA, *LOHA, *OTHER_ROLES, *LOKR_ROLES, ""])


@given(st.dictionaries(st.tuples(st.sampled_from(["a", "lora_unet_b", "c.d"]), ROLES).map(".".join), SHAPE))
def test_any_names_and_shapes_give_an_answer_and_lose_no_layer(shapes: Shapes) -> None:
    adapter = read_adapter(shapes)
    used = {tensor for one in adapter.layers for tensor in one.tensors.values()}
    assert used <= shapes.keys()
    assert all(one.outputs > 0 < one.inputs for one in adapter.layers)
    left = {item.name for item in adapter.left_out}
    assert not left & {one.name for one in adapter.layers}
    told = sum(any(tensor.startswith(name) for name in left) for tensor in shapes.keys() - used)
    assert told + adapter.others >= len(shapes.keys() - used)


@pytest.mark.parametrize(
    ("name", "inputs", "base"),
    [
        ("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k", 768, "sd15"),
        ("unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_v", 1024, "sd2"),
        ("lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k", 2048, "sdxl"),
        ("lora_unet_input_blocks_7_1_transformer_blocks_7_attn1_to_k", 1280, "sdxl"),
        ("lora_unet_input_blocks_7_1_transformer_blocks_0_attn1_to_k", 1280, "unet"),
        ("transformer.single_transformer_blocks.0.attn.to_k", 3072, "flux"),
        ("lora_unet_joint_blocks_0_x_block_attn_proj", 1536, "sd3"),
        ("transformer.transformer_blocks.0.img_mlp.net.2", 3072, "qwen-image"),
        ("diffusion_model.blocks.0.cross_attn.k", 5120, "wan"),
        ("diffusion_model.layers.0.attention.to_q", 3840, "z-image"),
        ("lora_te_text_model_encoder_layers_0_mlp_fc1", 768, "unknown"),
    ],
)
def test_names_and_widths_give_a_guess_of_the_base(name: str, inputs: int, base: str) -> None:
    assert read_adapter(lora(name, 64, inputs)).base == base


@pytest.mark.parametrize(
    ("name", "naming"),
    [
        ("lora_unet_x", Naming.KOHYA),
        ("lycoris_x", Naming.KOHYA),
        ("transformer.x.y", Naming.DIFFUSERS),
        ("x", Naming.UNKNOWN),
    ],
)
def test_names_tell_who_writes_so(name: str, naming: Naming) -> None:
    assert read_adapter(lora(name)).naming == naming


def sample(name: str) -> Shapes:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"NOT TESTED: {path} is absent, and with it the key layouts of real files")
    return {key: tuple(shape) for key, shape in json.loads(path.read_text()).items()}


def test_real_flux_files_of_two_trainers_have_the_same_layers() -> None:
    kohya, public = (read_adapter(sample(f"flux_lora_{naming}_format.json")) for naming in ("kohya", "diffusers"))
    assert (len(kohya.layers), len(public.layers)) == (304, 494)
    assert names(kohya) == names(public)
    assert (kohya.naming, public.naming) == (Naming.KOHYA, Naming.DIFFUSERS)
    assert (kohya.ranks, public.ranks) == ((16,), (32,))
    assert kohya.base == public.base == "flux"


@pytest.mark.parametrize(
    ("name", "base"), [("flux_lokr_bfl_format.json", "flux"), ("qwen_image_lora_kohya_format.json", "qwen-image")]
)
def test_real_kronecker_files_are_read_without_a_layer_left_out(name: str, base: str) -> None:
    adapter = read_adapter(sample(name))
    assert (adapter.kind, adapter.base, adapter.left_out) == (Kind.LOKR, base, ())
