"""The fingerprint of a changed LoRA: the same however it is written, a merge by its share, a stranger not at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.signals.lora.fingerprint import Fingerprint, compare
from tests.loras import (
    Change,
    Factors,
    diffusers,
    each,
    factor_wise,
    fingerprint_of,
    kohya,
    likeness,
    merged,
    mixed,
    resized,
    shifted,
    shuffled,
    trained,
)


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
        pytest.param(merged([trained(2)], 0.5), "F32", 0.6, 0.8, id="half and half"),
        pytest.param(merged([trained(2), trained(3), trained(4)], 0.25), "F32", 0.4, 0.6, id="one of four"),
        pytest.param(factor_wise([trained(2)]), "F32", 0.4, 0.6, id="merged factor by factor"),
        pytest.param(lambda _: kohya(trained(5)), "F32", -0.1, 0.1, id="unrelated"),
        pytest.param(lambda _: diffusers(trained(6)), "F32", -0.1, 0.1, id="unrelated, with other names"),
    ],
)
def test_a_changed_lora_is_as_similar_as_its_share_of_the_original(
    known: Fingerprint, change: Change, dtype: str, least: float, most: float
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


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), rank=st.integers(1, 6), strength=st.floats(1e-3, 1e3))
def test_strength_is_no_part_of_the_direction(seed: int, rank: int, strength: float) -> None:
    rng = np.random.default_rng(seed)
    factors = Factors(rng.standard_normal((12, rank)), rng.standard_normal((rank, 9)))
    scaled = Factors(factors.up * strength, factors.down)
    found = likeness(*(kohya({"lora_unet_x": one}) for one in (factors, scaled)))
    assert found.model.cosine == pytest.approx(1, abs=1e-4)
