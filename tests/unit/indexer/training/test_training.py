"""Training goes on where it was broken off, sees look-alikes, and never sees what validation is for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from indexer.training import checkpoint, held_out, shards, sources, tower, validate
from indexer.training.augment import Shared, view
from indexer.training.batches import Library
from indexer.training.characters.cast import CAST
from indexer.training.families import (
    HELD_OUT_STYLES,
    SIBLINGS,
    TRAINING_STYLES,
    dressed,
    family,
    species_is_held_out,
    training_style,
)
from indexer.training.figures import figure
from indexer.training.losses import against_siblings, distillation, koleo, nt_xent
from indexer.training.shards import Item
from indexer.training.train import CHECKPOINT, START, Plan, Trainer, run, stream

pytestmark = pytest.mark.slow

PLAN = Plan(steps=2, pairs=6, side=32, large_side=48, large_from=0.5, warm_up=1)


def blob(number: int) -> np.ndarray:
    """Return a cut-out figure of its own: a patch of noise on nothing."""
    rng = np.random.default_rng(number)
    picture = np.zeros((64, 64, 4), np.uint8)
    picture[12:52, 20:44, :3] = rng.integers(0, 256, (40, 24, 3))
    picture[12:52, 20:44, 3] = 255
    return picture


def store(cache: Path, name: str, items: list[Item]) -> None:
    """Write a shard of blobs."""
    shards.write(cache / "pictures", name, [blob(n) for n in range(len(items))], items)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Make a cache of four drawn families of three, two emoji and one background."""
    shards.write(tmp_path / "scenes", "scenes", [blob(0)], [Item("scene:0", "scene:sea", "scene", "sea")])
    members = [(f"drawn:{f}", f"drawn:{f}-{s}") for f in range(4) for s in range(3)]
    styles = ("flat", "cel", "pixel")
    store(tmp_path, "characters-0000", [Item(who, kin, "characters", s) for kin, who in members for s in styles])
    store(tmp_path, "emoji-noto-emoji", [Item(f"emoji:{n}", f"emoji:{n}", "emoji", "noto-emoji") for n in "ab"])
    return tmp_path


def library(cache: Path) -> Library:
    """Open the cache with nothing held out but styles."""
    return Library(cache, lambda _: False)


def test_two_steps_change_the_weights_and_keep_the_frozen_stages(cache: Path, tmp_path: Path) -> None:
    trainer = Trainer(PLAN, START)
    before = {name: value.clone() for name, value in trainer.student.state_dict().items()}
    assert run(trainer, stream(cache, PLAN, 0, 0), tmp_path, minutes=1)
    after = trainer.student.state_dict()
    assert all(torch.isfinite(value).all() for value in after.values())
    assert not torch.equal(after["trunk.classifier.weight"], before["trunk.classifier.weight"])
    assert not torch.equal(after["trunk.blocks.2.0.conv_pw.weight"], before["trunk.blocks.2.0.conv_pw.weight"])
    for name in ("trunk.conv_stem.weight", "trunk.blocks.1.0.conv_pw.weight", "trunk.blocks.1.1.conv_dw.bias"):
        assert torch.equal(after[name], before[name])


def test_a_run_that_was_broken_off_ends_as_one_that_was_not(cache: Path, tmp_path: Path) -> None:
    straight = Trainer(PLAN, START)
    run(straight, stream(cache, PLAN, 0, 0), tmp_path, minutes=1)
    broken = Trainer(PLAN, START)
    assert not run(broken, stream(cache, PLAN, 0, 0), tmp_path, minutes=0)
    resumed = Trainer(PLAN, START)
    resumed.resume(tmp_path / CHECKPOINT)
    assert resumed.step == 1
    run(resumed, stream(cache, PLAN, 1, 0), tmp_path, minutes=1)
    for name, value in straight.student.state_dict().items():
        torch.testing.assert_close(resumed.student.state_dict()[name], value, rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(resumed.average[name], straight.average[name], rtol=1e-4, atol=1e-6)


def test_another_plan_does_not_resume_but_a_longer_one_does(tmp_path: Path) -> None:
    Trainer(PLAN, START).save(tmp_path / CHECKPOINT)
    with pytest.raises(ValueError, match="another plan"):
        Trainer(replace(PLAN, seed=3), START).resume(tmp_path / CHECKPOINT)
    Trainer(replace(PLAN, steps=3), START).resume(tmp_path / CHECKPOINT)


def test_the_written_model_has_the_old_names_and_text_tower_and_is_half_of_what_was_learnt(tmp_path: Path) -> None:
    trainer = Trainer(PLAN, START)
    before = {name: value.clone() for name, value in trainer.student.state_dict().items()}
    with torch.no_grad():
        trainer.average["trunk.blocks.3.0.conv_dw.bias"] += 0.25
        trainer.average["trunk.classifier.weight"] *= 1.5
    trainer.export(tmp_path)
    old, new = (load_file(folder / tower.WEIGHTS) for folder in (START, tmp_path))
    assert {(n, v.shape, v.dtype) for n, v in old.items()} == {(n, v.shape, v.dtype) for n, v in new.items()}
    assert all(np.array_equal(old[n], new[n]) for n in old if not n.startswith("visual."))
    assert not np.array_equal(old["visual.trunk.blocks.3.0.bn2.bias"], new["visual.trunk.blocks.3.0.bn2.bias"])
    halves = {name: (value + before[name]) / 2 for name, value in trainer.average.items()}
    trainer.student.load_state_dict(halves)
    pictures = torch.linspace(-1, 1, 3 * 64 * 64).reshape(1, 3, 64, 64)
    with torch.no_grad():
        likeness = (tower.load(tmp_path)(pictures) * trainer.student(pictures)).sum()
    assert likeness > 0.9999


def test_the_average_is_what_a_checkpoint_gives_for_use(tmp_path: Path) -> None:
    trainer = Trainer(PLAN, START)
    trainer.average["trunk.classifier.bias"] += 1
    trainer.save(tmp_path / CHECKPOINT)
    kept = checkpoint.average_of(tmp_path / CHECKPOINT)
    assert torch.equal(kept["trunk.classifier.bias"], trainer.average["trunk.classifier.bias"])


def test_a_batch_depends_on_seed_and_step_alone(cache: Path) -> None:
    first, second = (library(cache).batch(5, 6, 32, 1) for _ in range(2))
    assert np.array_equal(first.views, second.views)
    assert first.identities == second.identities
    assert not np.array_equal(first.views, library(cache).batch(6, 6, 32, 1).views)


def test_batches_hold_siblings_and_nobody_twice(cache: Path) -> None:
    opened = library(cache)
    for step in range(8):
        batch = opened.batch(step, 10, 32, 1)
        assert batch.views.shape == (20, 32, 32, 3)
        assert len(set(batch.identities)) == len(batch.identities) == 10
        kin = [name.rpartition("-")[0] for name in batch.identities if name.startswith("drawn:")]
        assert len(set(kin)) < len(kin)
        assert list(batch.foreign) == [not name.startswith("drawn:") for name in batch.identities]


def test_styles_and_identities_held_out_are_never_in_the_library(cache: Path) -> None:
    opened = Library(cache, lambda item: item.identity == "emoji:a")
    assert {item.style for item in opened.items()} == {"flat", "cel", "noto-emoji"}
    assert "emoji:a" not in {item.identity for item in opened.items()}


def test_shards_finished_later_are_found(cache: Path) -> None:
    opened = library(cache)
    before = opened.refresh()
    store(cache, "clipart-00", [Item("clipart:cat", "clipart:cat", "clipart", "openclipart:animals")])
    assert opened.refresh() == before + 1
    assert "clipart" in opened.kinds()


def test_an_unfinished_shard_does_not_count(cache: Path) -> None:
    (cache / "pictures" / "clipart-00.npy").write_bytes(b"half")
    assert "clipart-00" not in shards.names(cache / "pictures")


def test_drawn_families_hold_out_styles_species_and_the_cast() -> None:
    rng = np.random.default_rng(4)
    assert not set(TRAINING_STYLES) & set(HELD_OUT_STYLES)
    assert {training_style(rng) for _ in range(300)} == set(TRAINING_STYLES)
    for _ in range(60):
        members = family(rng)
        assert len({who.slug for who in members}) == len(members) == SIBLINGS
        assert not any(species_is_held_out(who) for who in members)
        assert not {(who.hair, who.skin, who.outfit) for who in members} & {(w.hair, w.skin, w.outfit) for w in CAST}
    assert all(species_is_held_out(family(rng, held_out_species=True)[0]) for _ in range(5))


def test_siblings_share_nearly_everything_and_yet_differ() -> None:
    for seed in range(40):
        members = family(np.random.default_rng(seed))
        bare = {replace(who, slug="") for who in members}
        assert len(bare) == SIBLINGS
        for who in members[1:]:
            changed = [name for name, value in vars(who).items() if value != vars(members[0])[name]]
            assert set(changed) - {"slug"}
            assert len(changed) < 18


def test_a_character_undressed_of_a_garment_keeps_its_body() -> None:
    rng = np.random.default_rng(2)
    who = family(rng)[0]
    shown = [dressed(who, rng) for _ in range(200)]
    assert {replace(one, outfit=who.outfit) for one in shown} == {who}
    assert 0.3 < sum(one == who for one in shown) / len(shown) < 0.9


def test_a_figure_is_cut_out_and_fills_its_square() -> None:
    drawn = figure(CAST[0], held_out.POSES["cheer"], "flat", 96)
    opaque = drawn[..., 3] > 128
    assert drawn.shape == (96, 96, 4)
    assert 0.05 < opaque.mean() < 0.8
    assert not opaque[0, :24].any()
    assert opaque[:, 32:64].any(axis=1).mean() > 0.7


def test_a_view_is_full_and_leaves_the_figure_alone() -> None:
    cutout = blob(1)
    before = cutout.copy()
    for seed in range(60):
        shown = view(cutout, blob(2), "ink", 40, rng=np.random.default_rng(seed), common=Shared(40), recolour=True)
        assert shown.shape == (40, 40, 3)
        assert shown.dtype == np.uint8
    assert np.array_equal(cutout, before)


def test_the_losses_prefer_right_pairs_spread_and_the_teacher() -> None:
    vectors = torch.eye(6)
    right, share = nt_xent(vectors, vectors, 0.07)
    wrong, none = nt_xent(vectors, vectors.roll(1, 0), 0.07)
    assert right < 0.01 < wrong
    assert (share, none) == (1.0, 0.0)
    assert against_siblings(vectors, vectors, "aabbcd", 0.07) < 0.01
    assert against_siblings(vectors, vectors.roll(1, 0), "aaaaab", 0.07) > 1
    assert against_siblings(vectors, vectors, "abcdef", 0.07) == 0
    assert koleo(vectors) < koleo(torch.nn.functional.normalize(vectors + 1, dim=1))
    assert distillation(vectors, vectors) == 0
    assert distillation(vectors, vectors.roll(1, 0)) == 1


def test_every_avatar_style_has_a_stated_licence_and_two_are_held_out() -> None:
    named = {source.name for source in sources.SOURCES}
    assert set(sources.control_pictures.AVATAR_STYLES) <= named
    assert all(source.licence for source in sources.SOURCES)
    for style in sources.HELD_OUT_AVATARS:
        assert sources.is_held_out(Item("x", "x", f"avatars:{style}", style))


def test_a_perfect_model_finds_every_copy_and_a_blind_one_none() -> None:
    originals = [np.asarray(np.random.default_rng(n).integers(0, 256, (48, 48, 3)), np.uint8) for n in range(12)]
    task = held_out.copies("copies", originals)

    class Perfect:
        """Knows every picture by its place."""

        def embed(self, pictures: list[np.ndarray]) -> np.ndarray:
            return np.eye(12, dtype=np.float32)[np.arange(len(pictures)) % 12]

    class Blind:
        """Sees no difference."""

        def embed(self, pictures: list[np.ndarray]) -> np.ndarray:
            return np.ones((len(pictures), 1), np.float32)

    perfect, edits = validate.measure(Perfect(), task)
    assert perfect.first == perfect.found == (1.0, 1.0, 1.0)
    assert edits == dict.fromkeys(held_out.EDITS, (1.0, 1.0))
    assert validate.measure(Blind(), task)[0].found == (0.0, 0.0, 0.0)
