"""The control distribution: LoRAs trained as people train them, read as uploads are, and compared pair by pair."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from indexer.fingerprints import ONE_SEED, UNRELATED, controls, read_control
from indexer.signals.lora.adapter import Kind, Naming
from indexer.signals.lora.fingerprint import compare
from indexer.training import lora_control, shards
from indexer.training.lora_bases import RANK, SIDE, Adapted, Denoiser, DenoiserBase, attach, train_lora
from indexer.training.lora_control import (
    LARGE,
    PRESET_SEED,
    Pictures,
    Plan,
    as_input,
    factor_merged,
    fingerprint_of,
    jobs,
    merged,
    resized,
    run,
    small_pictures,
)
from indexer.training.shards import Item

BOTH = ("denoiser", "tower")
PLAN = Plan(
    kept_out=6,
    base_steps=2,
    base_batch=2,
    own=dict.fromkeys(BOTH, 4),
    one_seed=dict.fromkeys(BOTH, 2),
    again=1,
    steps=dict.fromkeys(BOTH, 2),
)

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Keep to one thread, as the script does: steps as small as these take longer on several."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    rng = np.random.default_rng(0)
    return Pictures(
        rng.integers(0, 256, (8, 6, LARGE, LARGE, 3), np.uint8),
        rng.integers(0, 64, (8, 6, 2)),
        rng.integers(0, 256, (3, SIDE, SIDE, 3), np.uint8),
        rng.integers(0, 64, (3, 2)),
    )


@pytest.fixture
def base(pictures: Pictures) -> DenoiserBase:
    torch.manual_seed(0)
    return DenoiserBase(
        Denoiser(), as_input(pictures.characters, SIDE), torch.from_numpy(pictures.character_labels), batch=2
    )


def trained(base: DenoiserBase, character: int, seed: int, steps: int = 2) -> dict[str, torch.Tensor]:
    train_lora(base, character, seed=seed, steps=steps, rate=1e-3)
    return {name: tensor.detach().clone() for name, tensor in base.tensors().items()}


def likeness(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> float:
    return compare(fingerprint_of(one), fingerprint_of(two)).model.cosine


def test_an_adapter_changes_nothing_until_it_is_trained() -> None:
    torch.manual_seed(0)
    adapted = Adapted(torch.nn.Linear(12, 20))
    adapted.begin()
    x = torch.randn(3, 12)
    assert torch.equal(adapted(x), adapted.layer(x))
    assert not any(weight.requires_grad for weight in adapted.layer.parameters())


def test_only_what_was_wanted_is_adapted_and_only_that_is_trained() -> None:
    model = Denoiser()
    adapters = attach(model, lambda name: name.endswith("to_q"))
    assert len(adapters) == 12
    assert {id(weight) for weight in model.parameters() if weight.requires_grad} == {
        id(factor.weight) for adapter in adapters.values() for factor in (adapter.down, adapter.up)
    }


def test_training_moves_the_lora_and_nothing_else(base: DenoiserBase) -> None:
    frozen = [adapter.layer.weight.clone() for adapter in base.adapters.values()]
    tensors = trained(base, 0, 1)
    assert all(tensor.abs().max() > 0 for tensor in tensors.values())
    now = [adapter.layer.weight for adapter in base.adapters.values()]
    assert all(torch.equal(before, after) for before, after in zip(frozen, now, strict=True))


def test_one_seed_and_one_character_give_one_lora(base: DenoiserBase) -> None:
    one, two, other = trained(base, 0, 1), trained(base, 0, 1), trained(base, 0, 2)
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert likeness(one, other) < 0.9


def test_a_lora_is_written_so_that_it_is_read_as_one(base: DenoiserBase) -> None:
    found = fingerprint_of(trained(base, 0, 1))
    assert (found.adapter.kind, found.adapter.naming, found.adapter.ranks) == (Kind.LORA, Naming.KOHYA, (RANK,))
    assert len(found.names) == len(base.adapters) == 60
    assert not found.left_out


def test_changes_do_to_a_lora_what_they_say(base: DenoiserBase) -> None:
    one, two = trained(base, 0, 1), trained(base, 1, 2)
    assert likeness(one, resized(one, RANK)) == pytest.approx(1, abs=1e-4)
    assert 0.3 < likeness(one, resized(one, RANK // 2)) < 1
    assert likeness(one, merged([one])) == pytest.approx(1, abs=1e-4)
    assert likeness(merged([one, two]), merged([two, one])) == pytest.approx(1, abs=1e-4)
    assert likeness(one, factor_merged([one, one])) == pytest.approx(1, abs=1e-4)


def test_no_character_has_a_lora_of_its_own_and_one_of_the_presets_seed() -> None:
    for name in BOTH:
        listed = list(jobs(name, Plan()))
        own = {job.character for job in listed if job.seed != PRESET_SEED}
        preset = {job.character for job in listed if job.seed == PRESET_SEED}
        assert not own & preset
        assert max(own | preset) < Plan().kept_out
        assert len({job.name for job in listed}) == len(listed)


def test_a_run_measures_every_pair_and_goes_on_where_it_was_broken_off(
    pictures: Pictures, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "control.safetensors"
    run(tmp_path, pictures, PLAN, out)
    first, about = read_control(out)
    assert {name: described["loras"] for name, described in about.items()} == {"denoiser": 6, "tower": 6}
    assert {name: described["layers"] for name, described in about.items()} == {"denoiser": 60, "tower": 26}
    for relations in first.values():
        lengths = {name: len(found.cosines) for name, found in relations.items()}
        assert (lengths.pop(ONE_SEED), lengths.pop(UNRELATED)) == (1, 14)
        assert set(lengths.values()) == {1}
        assert relations["as float16"].cosines[0] > 0.999
        assert relations[ONE_SEED].pairs is not None
        assert relations[ONE_SEED].pairs.tolist() == [[5, 4]]
    assert set(controls(out)) == set(BOTH)
    kept = tmp_path / "tower" / "own-003.safetensors"
    before = load_file(kept)
    kept.unlink()
    run(tmp_path, pictures, PLAN, out)
    assert all(torch.equal(before[name], tensor) for name, tensor in load_file(kept).items())
    assert "denoiser: step" not in capsys.readouterr().out.partition("control.safetensors")[2]


def test_the_first_character_of_every_family_is_taken_with_all_its_pictures(tmp_path: Path) -> None:
    picture = np.full((64, 64, 4), 200, np.uint8)
    picture[..., 3] = 255
    items = [Item(f"drawn:{who}", "drawn:a", "characters", "flat") for who in ("a", "a-1") for _ in range(7)]
    shards.write(tmp_path, "characters-0000", [picture] * len(items), items)
    shards.write(tmp_path, "emoji-x", [picture], [Item("emoji:1", "emoji:1", "emoji", "x")])
    found = small_pictures(tmp_path)
    assert found.characters.shape == (1, 6, LARGE, LARGE, 3)
    assert found.character_labels.shape == (1, 6, 2)
    assert found.others.shape == (1, SIDE, SIDE, 3)
    assert found.characters.min() == found.characters.max() == 200


def test_pictures_become_numbers_between_minus_one_and_one() -> None:
    white = np.full((2, 3, LARGE, LARGE, 3), 255, np.uint8)
    for side in (LARGE, SIDE):
        found = as_input(white, side)
        assert found.shape == (2, 3, 3, side, side)
        assert float(found.min()) == float(found.max()) == 1
    assert float(as_input(np.zeros_like(white), SIDE).max()) == -1


def test_the_small_copies_are_made_once(tmp_path: Path, pictures: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lora_control, "small_pictures", lambda _: pictures)
    first = lora_control.kept_pictures(tmp_path, tmp_path)
    monkeypatch.delattr(lora_control, "small_pictures")
    again = lora_control.kept_pictures(tmp_path, tmp_path)
    np.testing.assert_array_equal(first.characters, again.characters)
