"""Fingerprints among many: rates that fall as likeness grows, a short list that holds the right one, a safe store."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save, save_file

from indexer.calibration import FLOOR_BELOW_CROWD
from indexer.errors import CalibrationError, LoraError
from indexer.fingerprints import (
    CONTROL,
    MIN_LAYERS,
    ONE_SEED,
    PAIRS,
    SUMMARY_DIM,
    UNRELATED,
    StoredFingerprint,
    controls,
    fingerprint_rate,
    pack,
    read_control,
    summary,
    unpack,
)
from indexer.ports import FloatArray
from indexer.signals.lora.fingerprint import RECIPE, Fingerprint, Similarity, compare
from tests.loras import (
    Change,
    Factors,
    diffusers,
    each,
    factor_wise,
    fingerprint_of,
    kohya,
    merged,
    resized,
    shuffled,
    trained,
)

COSINES = st.floats(-1, 1)
LAYERS = st.integers(MIN_LAYERS, 2_000)
REGISTERED = st.integers(1, 200_000)
STRANGERS = 5_000


def alike(cosine: float, shared: int = 300) -> Similarity:
    return Similarity(cosine, shared, 1.0, shared if cosine > 0.5 else 0)


@given(COSINES, COSINES, LAYERS, REGISTERED)
def test_a_closer_likeness_never_has_a_higher_rate(one: float, two: float, shared: int, registered: int) -> None:
    less, more = sorted((one, two), key=abs)
    if abs(less) == abs(more) or (less < 0) != (more < 0):
        return
    assert fingerprint_rate(alike(more, shared), registered).value <= (
        fingerprint_rate(alike(less, shared), registered).value
    )


@given(st.floats(0.1, 1), LAYERS, LAYERS, REGISTERED)
def test_fewer_layers_never_lower_the_rate_of_a_likeness(cosine: float, one: int, two: int, registered: int) -> None:
    fewer, more = sorted((one, two))
    assert fingerprint_rate(alike(cosine, fewer), registered).value >= (
        fingerprint_rate(alike(cosine, more), registered).value
    )


@given(COSINES, LAYERS, REGISTERED, REGISTERED)
def test_more_registered_loras_never_lower_the_rate(cosine: float, shared: int, one: int, two: int) -> None:
    fewer, more = sorted((one, two))
    found = [fingerprint_rate(alike(cosine, shared), count).value for count in (fewer, more)]
    assert found == sorted(found)


@given(COSINES, st.integers(0, 2_000), REGISTERED)
def test_no_rate_is_calibrated_nor_below_what_the_crowd_could_show(cosine: float, shared: int, registered: int) -> None:
    rate = fingerprint_rate(alike(cosine, shared), registered)
    loras = sum(control.loras for control in controls().values())
    assert not rate.calibrated
    assert 1 / (FLOOR_BELOW_CROWD * loras) <= rate.value <= 1
    assert 0 <= rate.low <= rate.value <= rate.high <= 1


def test_a_handful_of_layers_says_nothing() -> None:
    assert fingerprint_rate(alike(1.0, MIN_LAYERS - 1), 1).value == 1
    assert fingerprint_rate(alike(1.0, MIN_LAYERS), 1).value < 1


@pytest.mark.parametrize("registered", [1, 1_000, 100_000])
def test_the_same_lora_is_worth_a_look_however_many_are_registered(registered: int) -> None:
    assert fingerprint_rate(alike(0.96), registered).value < 0.01


@pytest.mark.parametrize("base", ["denoiser", "tower"])
def test_a_claimed_rate_holds_on_the_crowd_it_was_measured_on(base: str) -> None:
    relations, about = read_control()
    layers = about[base]["layers"]
    cosines = relations[base][UNRELATED].cosines
    reached = [fingerprint_rate(alike(float(value), layers), 1).value <= 0.01 for value in cosines]
    assert np.mean(reached) <= 0.01


def test_the_shipped_control_distribution_is_small_and_has_both_crowds() -> None:
    relations, about = read_control()
    assert CONTROL.stat().st_size < 100_000
    assert set(about) == set(relations) == {"denoiser", "tower"}
    for found in relations.values():
        assert {UNRELATED, ONE_SEED} < set(found)
        assert float(np.median(found[UNRELATED].cosines)) < float(np.median(found[ONE_SEED].cosines))


def control_file(path: Path, *, recipe: str = RECIPE, bases: str | None = None, relation: str = ONE_SEED) -> Path:
    described = json.dumps({"x": {"layers": 60, "loras": 20}}) if bases is None else bases
    values = np.linspace(0, 0.1, 190, dtype=np.float16)
    pairs = np.stack(np.tril_indices(20, -1), axis=1).astype(np.uint8)
    arrays = {
        f"x/{name}{end}": array for name in (UNRELATED, relation) for end, array in (("", values), (PAIRS, pairs))
    }
    save_file(arrays, path, {"recipe": recipe, "bases": described})
    return path


def test_a_control_distribution_made_anew_is_read(tmp_path: Path) -> None:
    found = controls(control_file(tmp_path / "control.safetensors"))
    assert found["x"].loras == 20
    assert found["x"].own_seeds.mean == pytest.approx(0.05, abs=0.001)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"recipe": "delta-sketch-0"}, "another recipe"),
        ({"bases": "{"}, "not a control"),
        ({"bases": "{}"}, "no base"),
        ({"bases": '{"y": {"layers": 60, "loras": 20}}'}, "lacks 'y'"),
        ({"bases": '{"x": {"loras": 20}}'}, "lacks 'layers'"),
        ({"relation": "else"}, "lacks 'one seed'"),
    ],
)
def test_a_wrong_control_distribution_is_refused(tmp_path: Path, wrong: dict[str, str], message: str) -> None:
    with pytest.raises(CalibrationError, match=message):
        controls(control_file(tmp_path / "control.safetensors", **wrong))


def test_a_missing_or_damaged_control_distribution_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError):
        controls(tmp_path / "none.safetensors")
    (tmp_path / "torn.safetensors").write_bytes(CONTROL.read_bytes()[:-100])
    with pytest.raises(CalibrationError):
        controls(tmp_path / "torn.safetensors")


@pytest.fixture(scope="module")
def known() -> Fingerprint:
    return fingerprint_of(kohya(trained(1)))


@pytest.fixture(scope="module")
def strangers() -> FloatArray:
    rows = np.random.default_rng(0).standard_normal((STRANGERS, SUMMARY_DIM), np.float32)
    unit: FloatArray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


@pytest.mark.parametrize(
    ("change", "dtype"),
    [
        pytest.param(kohya, "F16", id="cast to float16"),
        pytest.param(kohya, "BF16", id="cast to bfloat16"),
        pytest.param(kohya, "F8_E5M2", id="cast to float8"),
        pytest.param(each(lambda f: Factors(f.up, f.down, 1.0)), "F32", id="alpha changed"),
        pytest.param(each(shuffled), "F32", id="ranks shuffled"),
        pytest.param(diffusers, "F16", id="renamed and split"),
        pytest.param(each(resized(8)), "F16", id="resized to rank 8"),
        pytest.param(each(resized(4)), "F16", id="resized to rank 4"),
        pytest.param(lambda lora: kohya(dict(list(lora.items())[::2])), "F16", id="half of the layers"),
        pytest.param(merged([trained(2)], 0.5), "F32", id="half and half"),
        pytest.param(merged([trained(2), trained(3), trained(4)], 0.25), "F32", id="one of four"),
        pytest.param(factor_wise([trained(2)]), "F32", id="merged factor by factor"),
    ],
)
def test_a_changed_lora_stands_on_a_short_list_of_twenty(
    known: Fingerprint, strangers: FloatArray, change: Change, dtype: str
) -> None:
    found = summary(fingerprint_of(change(trained(1)), dtype))
    own = float(found @ summary(known))
    assert int((strangers @ found > own).sum()) < 20


def test_layers_that_no_program_loads_do_not_hide_a_lora_from_the_short_list(known: Fingerprint) -> None:
    noise = np.random.default_rng(1).standard_normal((40 * len(known.names), known.vectors.shape[1]), np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    names = (*known.names, *(f"unet/decoy_{number}:9x9" for number in range(len(noise))))
    hidden = StoredFingerprint(names, np.vstack([known.vectors, noise]))
    assert float(summary(hidden) @ summary(known)) < 0.4
    assert float(summary(hidden, frozenset(known.names)) @ summary(known)) == pytest.approx(1, abs=1e-5)


def drawn(seed: int, names: tuple[str, ...]) -> StoredFingerprint:
    rows = np.random.default_rng(seed).standard_normal((len(names), 256), np.float32)
    return StoredFingerprint(names, rows / np.linalg.norm(rows, axis=1, keepdims=True))


def test_summaries_of_strangers_are_as_far_apart_as_their_length_allows() -> None:
    names = tuple(f"unet/layer_{number}:64x64" for number in range(50))
    rows = np.stack([summary(drawn(seed, names)) for seed in range(80)])
    products = (rows @ rows.T)[np.triu_indices(len(rows), 1)]
    assert abs(float(products.mean())) < 0.01
    assert float(products.std()) == pytest.approx(SUMMARY_DIM**-0.5, rel=0.1)


@given(st.integers(1, 60), st.integers(0, 60), st.integers(0, 10_000))
def test_two_summaries_tell_the_share_of_layers_in_common(shared: int, more: int, seed: int) -> None:
    names = tuple(f"unet/layer_{number}:64x64" for number in range(shared + more))
    whole = drawn(seed, names)
    part = StoredFingerprint(names[:shared], whole.vectors[:shared])
    found = summary(whole)
    assert found.dtype == np.float32
    assert found.shape == (SUMMARY_DIM,)
    assert float(np.linalg.norm(found)) == pytest.approx(1, abs=1e-5)
    assert float(found @ summary(part)) == pytest.approx((shared / (shared + more)) ** 0.5, abs=6 * SUMMARY_DIM**-0.5)


def test_a_lora_without_a_layer_that_counts_has_no_summary(known: Fingerprint) -> None:
    assert not summary(known, frozenset()).any()


def test_a_stored_fingerprint_compares_as_the_first_did(known: Fingerprint) -> None:
    packed = pack(known)
    back = unpack(packed)
    assert len(packed) < 700 * len(known.names)
    assert back.names == known.names
    assert compare(known, back).model.cosine == pytest.approx(1, abs=1e-3)
    assert pack(back) == packed
    np.testing.assert_allclose(summary(back), summary(known), atol=1e-3)


def packed(
    vectors: np.ndarray | None = None, names: object = ("unet/a:4x4",), recipe: str = RECIPE, called: str = "vectors"
) -> bytes:
    unit = np.eye(1, 256, dtype=np.float16) if vectors is None else vectors
    return save({called: unit}, {"fingerprint": json.dumps({"recipe": recipe, "names": names})})


def with_text(text: str) -> bytes:
    return save({"vectors": np.eye(1, 256, dtype=np.float16)}, {"fingerprint": text})


UNREADABLE = {
    "nothing": b"",
    "a pickle": b"\x80\x04K\x01.",
    "cut short": packed()[:-1],
    "too long": packed() + b"\0",
    "no metadata": save({"vectors": np.eye(1, 256, dtype=np.float16)}),
    "another recipe": packed(recipe="delta-sketch-0"),
    "no vectors": packed(called="numbers"),
    "no JSON": with_text("["),
    "nested without end": with_text("[" * 100_000),
    "a list": with_text("[]"),
    "a number": with_text("1"),
    "without names": with_text(json.dumps({"recipe": RECIPE})),
    "names that are no list": packed(names="unet/a:4x4"),
    "names that are no texts": packed(names=[1]),
    "no names": packed(np.zeros((0, 256), np.float16), []),
    "more names than vectors": packed(names=["a", "b"]),
    "a name twice": packed(np.eye(2, 256, dtype=np.float16), ["a", "a"]),
    "other numbers": packed(np.eye(1, 256, dtype=np.float32)),
    "another width": packed(np.eye(1, 128, dtype=np.float16)),
    "flat": packed(np.eye(1, 256, dtype=np.float16).ravel()),
    "not a number": packed(np.full((1, 256), np.nan, np.float16)),
    "no direction": packed(np.zeros((1, 256), np.float16)),
    "not of length one": packed(np.eye(1, 256, dtype=np.float16) * np.float16(1.1)),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_packed_fingerprint_is_refused(name: str) -> None:
    assert outcome(UNREADABLE[name]) == "fingerprint_unreadable"


@given(st.binary(max_size=200), st.integers(0, 700), st.integers(0, 255))
def test_no_bytes_do_anything_but_be_refused_or_read(junk: bytes, place: int, byte: int) -> None:
    sound = bytearray(packed())
    sound[place % len(sound)] = byte
    assert {outcome(junk), outcome(bytes(sound))} <= {"read", "fingerprint_unreadable"}


def outcome(data: bytes) -> str:
    try:
        unpack(data)
    except LoraError as error:
        return error.code
    return "read"
