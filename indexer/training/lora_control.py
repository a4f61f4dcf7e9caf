"""Make the control distribution of the weight fingerprint: how alike LoRAs are that have nothing to do with each other.

    python -m indexer.training.lora_control [--cache DIR] [--pictures DIR]

Random matrices are too kind a control: LoRAs trained on one base share what every training does to it. So LoRAs of one
character each are trained here, on two small bases (`lora_bases.py`), and their files are fingerprinted as uploads are:

1. small copies of the drawn characters and of other training pictures are taken from the store (`sources.py`);
2. the denoiser is trained on the others, and on some families of characters that get no LoRA;
3. LoRAs are trained: a character each, a seed each; some with one seed for all, as presets of trainers have it; some
   characters again with another seed; some LoRAs further on their own pictures;
4. every pair is compared, and so is what may be done to a LoRA; the cosines are written beside the models.

Each step keeps what it has made in the cache and goes on there. About half an hour on one core.
"""

from __future__ import annotations

import argparse
import io
import json
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import load_file, save, save_file

from indexer.backends import embedded
from indexer.fingerprints import CONTROL, ONE_SEED, PAIRS, UNRELATED, Relation
from indexer.ports import ByteArray
from indexer.signals.lora.fingerprint import RECIPE, Fingerprint, compare, fingerprint
from indexer.training import checkpoint, shards, tower
from indexer.training.lora_bases import (
    CALLED,
    RANK,
    SIDE,
    STYLES,
    Base,
    Denoiser,
    DenoiserBase,
    TowerBase,
    train_lora,
)
from indexer.training.shards import Item

DEFAULT_CACHE: Final = Path.home() / ".cache" / "lora-screening" / "lora-control"
# Twice the side of the denoiser; the embedded model still tells characters at this size.
LARGE: Final = 2 * SIDE
# What presets of kohya_ss set, so that unrelated LoRAs start from the same numbers.
PRESET_SEED: Final = 1234
_PICTURES: Final = 6
_OTHERS_PER_SHARD: Final = 500
_SAVED_EVERY: Final = 100

Tensors = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Plan:
    """How much is trained: steps of the denoiser; LoRAs with seeds of their own, with one seed, again; their steps.

    The first `kept_out` families are for LoRAs alone, the denoiser sees the others.
    """

    kept_out: int = 240
    base_steps: int = 800
    base_batch: int = 32
    own: Mapping[str, int] = field(default_factory=lambda: {"denoiser": 150, "tower": 30})
    one_seed: Mapping[str, int] = field(default_factory=lambda: {"denoiser": 50, "tower": 20})
    again: int = 20
    steps: Mapping[str, int] = field(default_factory=lambda: {"denoiser": 60, "tower": 40})
    rate: float = 2e-3


@dataclass(frozen=True)
class Job:
    """One LoRA to train; `start` names the LoRA it goes on from."""

    name: str
    character: int
    seed: int
    start: str = ""


@dataclass(frozen=True)
class Pictures:
    """Characters (families, pictures, LARGE, LARGE, 3) and others (n, SIDE, SIDE, 3), with labels of style and name."""

    characters: ByteArray
    character_labels: npt.NDArray[np.int64]
    others: ByteArray
    other_labels: npt.NDArray[np.int64]


def small_pictures(store: Path) -> Pictures:
    """Take small copies from the store, each on a plain ground: the first character of every family, and others."""
    own: dict[str, list[tuple[ByteArray, Item]]] = {}
    others: list[tuple[ByteArray, Item]] = []
    for name in shards.names(store):
        shard = shards.read(store, name)
        drawn = [number for number, item in enumerate(shard.items) if item.identity == item.family]
        if shard.items[0].kind == "characters":
            for number in drawn:
                item = shard.items[number]
                own.setdefault(item.identity, []).append((_small(shard.pictures[number], LARGE), item))
            continue
        every = max(1, len(shard.items) // _OTHERS_PER_SHARD)
        others += [(_small(shard.pictures[n], SIDE), shard.items[n]) for n in range(0, len(shard.items), every)]
    whole = [pictures[:_PICTURES] for pictures in own.values() if len(pictures) >= _PICTURES]
    return Pictures(
        np.stack([[picture for picture, _ in pictures] for pictures in whole]),
        np.array([[_labels(item) for _, item in pictures] for pictures in whole]),
        np.stack([picture for picture, _ in others]),
        np.array([_labels(item) for _, item in others]),
    )


def _small(picture: ByteArray, side: int) -> ByteArray:
    """Put a cut-out picture on a ground of its own colour, by its own bytes, and make it small."""
    ground = np.array([zlib.crc32(picture[::16, ::16].tobytes() + bytes([n])) % 256 for n in range(3)], np.float32)
    alpha = picture[..., 3:].astype(np.float32) / 255
    whole = picture[..., :3] * alpha + ground * (1 - alpha)
    return np.asarray(cv2.resize(whole, (side, side), interpolation=cv2.INTER_AREA).round(), np.uint8)


def _labels(item: Item) -> tuple[int, int]:
    return zlib.crc32(item.style.encode()) % STYLES, zlib.crc32(item.identity.encode()) % CALLED


def kept_pictures(cache: Path, store: Path) -> Pictures:
    """Return the small copies, made once."""
    path = cache / "pictures.npz"
    if not path.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial.npz")
        np.savez(partial, **vars(small_pictures(store)))
        partial.rename(path)
    with np.load(path, allow_pickle=False) as kept:
        return Pictures(**{name: kept[name] for name in kept.files})


def as_input(pictures: ByteArray, side: int) -> torch.Tensor:
    """Return pictures (…, rows, columns, 3) as (…, 3, side, side) in -1..1."""
    tensor = torch.from_numpy(pictures).movedim(-1, -3).float() / 127.5 - 1.0
    if tensor.shape[-1] == side:
        return tensor
    return torch.nn.functional.avg_pool2d(tensor.flatten(0, -4), tensor.shape[-1] // side).unflatten(
        0, tensor.shape[:-3]
    )


def train_denoiser(cache: Path, pictures: torch.Tensor, labels: torch.Tensor, plan: Plan) -> Denoiser:
    """Train the denoiser, going on from where an earlier run was broken off."""
    path = cache / "denoiser.safetensors"
    torch.manual_seed(0)
    model = Denoiser()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
    step = checkpoint.restore(path, model, {}, optimiser) if path.is_file() else 0
    started, losses = time.monotonic(), []
    for number in range(step, plan.base_steps):
        torch.manual_seed(number)
        chosen = torch.randint(len(pictures), (plan.base_batch,))
        optimiser.zero_grad(set_to_none=True)
        loss = model.loss(pictures[chosen], labels[chosen])
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
        if (number + 1) % _SAVED_EVERY == 0 or number + 1 == plan.base_steps:
            checkpoint.save(path, model, {}, optimiser, step=number + 1, plan={})
            spent = time.monotonic() - started
            print(f"denoiser: step {number + 1}, loss {np.mean(losses[-50:]):.4f}, {spent:.0f} s", flush=True)
    return model


def jobs(base: str, plan: Plan) -> Iterator[Job]:
    """List the LoRAs of a base; a character that has a LoRA of its own has none of the preset's seed."""
    own, one_seed = plan.own[base], plan.one_seed[base]
    yield from (Job(f"own-{n:03}", n, 10_000 + n) for n in range(own))
    yield from (Job(f"preset-{n:03}", own + n, PRESET_SEED) for n in range(one_seed))
    yield from (Job(f"again-{n:03}", n, 20_000 + n) for n in range(plan.again))
    yield from (Job(f"further-{n:03}", n, 30_000 + n, start=f"own-{n:03}") for n in range(plan.again))


def train_loras(base: Base, folder: Path, wanted: Sequence[Job], steps: int, rate: float) -> None:
    """Train every LoRA whose file is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    started, done = time.monotonic(), 0
    for job in wanted:
        path = folder / f"{job.name}.safetensors"
        if path.is_file():
            continue
        if job.start:
            own = load_file(folder / f"{job.start}.safetensors")
            with torch.no_grad():
                for name, tensor in base.tensors().items():
                    tensor.copy_(own[name])
        loss = train_lora(base, job.character, seed=job.seed, steps=steps, rate=rate, begin=not job.start)
        partial = path.with_suffix(".partial")
        save_file({name: tensor.detach().contiguous() for name, tensor in base.tensors().items()}, partial)
        partial.rename(path)
        done += 1
        if done % 10 == 0:
            spent = time.monotonic() - started
            print(f"{folder.name}: {job.name}, loss {loss:.4f}, {spent / done:.1f} s a LoRA", flush=True)


def fingerprint_of(tensors: Tensors) -> Fingerprint:
    """Fingerprint a LoRA through the bytes of its file, as an upload's is."""
    data = save({name: tensor.detach().contiguous() for name, tensor in tensors.items()})
    return fingerprint(io.BytesIO(data), len(data))


def factor_pairs(tensors: Tensors) -> Iterator[tuple[str, str]]:
    """Yield the names of the down and up factor of every layer."""
    for name in tensors:
        for down, up in (("lora_down", "lora_up"), ("lora_A", "lora_B")):
            if f".{down}." in name:
                yield name, name.replace(down, up)


def resized(tensors: Tensors, rank: int) -> dict[str, torch.Tensor]:
    """Cut a LoRA to a lower rank by the singular values of its change; alpha goes into the weights."""
    found: dict[str, torch.Tensor] = {}
    for down, up in factor_pairs(tensors):
        # The change's singular values are those of the small matrix between two orthogonal bases.
        outer, one = torch.linalg.qr(tensors[up].flatten(1))
        inner, two = torch.linalg.qr(tensors[down].flatten(1).T)
        left, values, right = torch.linalg.svd(one @ two.T)
        found |= {down: right[:rank] @ inner.T, up: outer @ (left[:, :rank] * values[:rank])}
    return found


def merged(loras: Sequence[Tensors]) -> dict[str, torch.Tensor]:
    """Add the changes at equal weights: ranks side by side."""
    found: dict[str, torch.Tensor] = {}
    for down, up in factor_pairs(loras[0]):
        found[down] = torch.cat([one[down].flatten(1) for one in loras])
        found[up] = torch.cat([one[up].flatten(1) for one in loras], dim=1) / len(loras)
    return found


def factor_merged(loras: Sequence[Tensors]) -> dict[str, torch.Tensor]:
    """Average the factors themselves, as careless tools do."""
    return {
        name: torch.stack([one[name] for one in loras]).mean(dim=0) for pair in factor_pairs(loras[0]) for name in pair
    }


def measured(folder: Path, wanted: Sequence[Job]) -> dict[str, Relation]:
    """Return the cosines of a base's LoRAs by what relates the two: nothing, a seed, a character, or a change."""
    files = {job.name: load_file(folder / f"{job.name}.safetensors") for job in wanted}
    prints = {name: fingerprint_of(tensors) for name, tensors in files.items()}
    crowd = [job for job in wanted if job.name.startswith(("own", "preset"))]
    found = {
        relation: _crowd([prints[job.name] for job in crowd], pairs)
        for relation, pairs in _pairs([job.seed for job in crowd]).items()
    }
    cosines: dict[str, list[float]] = {}
    own = [job.name for job in wanted if job.name.startswith("own")]
    again = [job.name for job in wanted if job.name.startswith("again")]
    for number, name in enumerate(again):
        strangers = [files[own[(number + step) % len(own)]] for step in (1, 2, 3)]
        others = {
            "same character, other seed": prints[name],
            "trained on, as long again": prints[name.replace("again", "further")],
            **{how: fingerprint_of(changed) for how, changed in changes(files[own[number]], strangers)},
        }
        for relation, other in others.items():
            cosines.setdefault(relation, []).append(compare(prints[own[number]], other).model.cosine)
    return found | {relation: Relation(np.array(values, np.float32)) for relation, values in cosines.items()}


def changes(own: Tensors, strangers: Sequence[Tensors]) -> Iterator[tuple[str, Tensors]]:
    """Yield what people do to a LoRA: how it is called, and the tensors."""
    yield "as float16", {name: tensor.half() for name, tensor in own.items()}
    yield "as bfloat16", {name: tensor.bfloat16() for name, tensor in own.items()}
    yield "half of the ranks", resized(own, RANK // 2)
    yield "a quarter of the ranks", resized(own, RANK // 4)
    yield "merged half and half", merged([own, strangers[0]])
    yield "one of four in a merge", merged([own, *strangers])
    yield "factors averaged with another's", factor_merged([own, strangers[0]])


def _pairs(seeds: Sequence[int]) -> dict[str, list[tuple[int, int]]]:
    found: dict[str, list[tuple[int, int]]] = {UNRELATED: [], ONE_SEED: []}
    for one, seed in enumerate(seeds):
        for two, other in enumerate(seeds[:one]):
            found[ONE_SEED if seed == other else UNRELATED].append((one, two))
    return found


def _crowd(prints: Sequence[Fingerprint], pairs: Sequence[tuple[int, int]]) -> Relation:
    cosines = [compare(prints[one], prints[two]).model.cosine for one, two in pairs]
    return Relation(np.array(cosines, np.float32), np.array(pairs, np.int64))


def write(path: Path, found: Mapping[str, Mapping[str, Relation]], about: Mapping[str, Mapping[str, Any]]) -> None:
    """Write cosines as float16 and numbers of LoRAs as bytes, by base and relation; the recipe, what was trained."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for base, relations in found.items():
        for relation, values in relations.items():
            arrays[f"{base}/{relation}"] = values.cosines.astype(np.float16)
            if values.pairs is not None:
                if values.pairs.max() > np.iinfo(np.uint8).max:
                    raise ValueError("more LoRAs of one base than a byte can number")
                arrays[f"{base}/{relation}{PAIRS}"] = values.pairs.astype(np.uint8)
    save_arrays(arrays, path, {"recipe": RECIPE, "bases": json.dumps(about, sort_keys=True)})
    path.chmod(0o644)


def run(cache: Path, pictures: Pictures, plan: Plan, out: Path) -> None:
    """Train what is missing, measure, and write `out`."""
    characters, labels = pictures.characters, torch.from_numpy(pictures.character_labels)
    inputs = torch.cat([as_input(pictures.others, SIDE), as_input(characters[plan.kept_out :], SIDE).flatten(0, 1)])
    other_labels = torch.cat([torch.from_numpy(pictures.other_labels), labels[plan.kept_out :].flatten(0, 1)])
    denoiser = train_denoiser(cache, inputs, other_labels, plan)
    # Others than the character's own: those of the families that get no LoRA.
    others = as_input(characters[plan.kept_out :], LARGE).flatten(0, 1)
    bases: dict[str, Base] = {
        "denoiser": DenoiserBase(denoiser, as_input(characters[: plan.kept_out], SIDE), labels),
        "tower": TowerBase(tower.load(embedded.FOLDER), as_input(characters[: plan.kept_out], LARGE), others),
    }
    found: dict[str, dict[str, Relation]] = {}
    about: dict[str, dict[str, Any]] = {}
    for name, base in bases.items():
        wanted = list(jobs(name, plan))
        train_loras(base, cache / name, wanted, plan.steps[name], plan.rate)
        found[name] = measured(cache / name, wanted)
        about[name] = {"layers": len(base.adapters), "loras": plan.own[name] + plan.one_seed[name], "rank": RANK}
    write(out, found, about)
    for name, relations in found.items():
        for relation, item in relations.items():
            low, middle, high, most = np.quantile(item.cosines, (0.01, 0.5, 0.99, 1))
            print(f"{name:9} {relation:32} {len(item.cosines):6} {low:7.3f} {middle:7.3f} {high:7.3f} {most:7.3f}")
    print(f"{out.name}: {out.stat().st_size} bytes")


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE)
    parser.add_argument("--pictures", type=Path, default=shards.DEFAULT_CACHE / "pictures")
    parser.add_argument("--out", type=Path, default=CONTROL)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    run(arguments.cache, kept_pictures(arguments.cache, arguments.pictures), Plan(), arguments.out)


if __name__ == "__main__":
    main()
