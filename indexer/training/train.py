"""Train the embedded model's vision tower.

    python -m indexer.training.train --cache DIR --out DIR [--resume] [--minutes N]

1. What the cache lacks is fetched and drawn (sources.py), unless `--no-prepare`.
2. From the first compact CLIP on (start/), batches of pairs (batches.py) pass with a contrastive loss, the same among
   siblings, a spread and a pull towards the model begun with; they are made in other processes.
3. Every few minutes the state is saved: `--resume` goes on from there, to the same end as without the break.
4. At the end the averaged weights, half mixed with those begun with, are written as a model folder, `OUT/model`, that
   open_clip loads.

Folded batch norms, and memory that is kept instead of given back (MALLOC_MMAP_MAX_=0, MALLOC_TOP_PAD_=536870912 and
MALLOC_TRIM_THRESHOLD_=100000000000 in the environment), double the pace on two cores. The text tower stays as it was:
it no longer fits the vision tower exactly, and no verdict rests on it.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import torch

from indexer.ports import ByteArray
from indexer.training import checkpoint, control_pictures, shards, sources, tower
from indexer.training.batches import Batch, Library
from indexer.training.losses import against_siblings, distillation, koleo, nt_xent

CHECKPOINT: Final = "checkpoint.safetensors"
START: Final = Path(__file__).with_name("start")
_AHEAD: Final = 3
_REFRESH: Final = 20


@dataclass(frozen=True)
class Plan:
    """What decides the outcome, beside the pictures. `pairs` pairs make a step; sides are in pixels.

    `large_from`, the share of the steps done when views grow from `side` to `large_side` and the temperature falls to
    `late_temperature`; `rate` the peak of the learning rate of the projection, each stage before it at `decay` of that.
    """

    steps: int = 1_200
    pairs: int = 48
    side: int = 128
    large_side: int = 160
    large_from: float = 0.82
    seed: int = 11
    rate: float = 1.2e-4
    decay: float = 0.8
    weight_decay: float = 0.02
    warm_up: int = 40
    temperature: float = 0.07
    late_temperature: float = 0.05
    siblings: float = 0.3
    koleo: float = 0.1
    distillation: float = 0.5
    distilled: float = 0.2
    average: float = 0.99

    def side_at(self, step: int) -> int:
        """Return the side of the views of a step."""
        return self.side if step < self.large_from * self.steps else self.large_side

    def temperature_at(self, step: int) -> float:
        """Return the temperature of a step."""
        return self.temperature if step < self.large_from * self.steps else self.late_temperature

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step as a share of its peak: a rise, then half a cosine down to a fiftieth."""
        if step < self.warm_up:
            return (step + 1) / self.warm_up
        done = (step - self.warm_up) / max(1, self.steps - self.warm_up)
        return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


class Trainer:
    """A tower in training: its weights, their running average, the optimiser, and the model begun with as teacher."""

    def __init__(self, plan: Plan, start: Path) -> None:
        torch.manual_seed(plan.seed)
        self.plan = plan
        self.start = start
        self.student = tower.load(start)
        self.teacher = tower.load(start).requires_grad_(False)
        self.average = {name: value.detach().clone() for name, value in self.student.state_dict().items()}
        groups = self.student.groups(plan.rate, plan.decay)
        self.optimiser = torch.optim.AdamW(groups, lr=plan.rate, weight_decay=plan.weight_decay, betas=(0.9, 0.98))
        self.step = 0

    def learn(self, batch: Batch) -> dict[str, float]:
        """Take one step; return its losses and how often the nearest view was the right one."""
        plan, step = self.plan, self.step
        views = tensor(batch.views)
        vectors = self.student(views)
        pairs = len(batch.identities)
        contrast, nearest = nt_xent(vectors[:pairs], vectors[pairs:], plan.temperature_at(step))
        kin = against_siblings(vectors[:pairs], vectors[pairs:], batch.families, plan.temperature_at(step))
        spread = koleo(vectors)
        loss = contrast + plan.siblings * kin + plan.koleo * spread
        kept = self._to_keep(batch)
        pull = torch.zeros(())
        if len(kept):
            with torch.no_grad():
                taught = self.teacher(views[kept])
            pull = distillation(vectors[kept], taught)
            loss = loss + plan.distillation * pull
        for group in self.optimiser.param_groups:
            group["lr"] = plan.rate * group["share"] * plan.rate_at(step)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for g in self.optimiser.param_groups for p in g["params"]], 5.0)
        self.optimiser.step()
        # The average forgets fast at first: it begins with weights that are about to be left.
        keep = min(plan.average, (step + 1) / (step + 10))
        with torch.no_grad():
            for name, value in self.student.state_dict().items():
                self.average[name].lerp_(value, 1 - keep)
        self.step += 1
        losses = {"contrast": contrast, "siblings": kin, "spread": spread, "pull": pull}
        return {name: loss.item() for name, loss in losses.items()} | {"nearest": nearest}

    def _to_keep(self, batch: Batch) -> torch.Tensor:
        """Choose the views that are held to the teacher: a fifth, first of what is not drawn by this project."""
        count = round(2 * len(batch.identities) * self.plan.distilled)
        foreign = [index for index, is_foreign in enumerate(batch.foreign * 2) if is_foreign]
        order = torch.randperm(len(foreign), generator=torch.Generator().manual_seed(self.plan.seed + self.step))
        return torch.tensor([foreign[int(index)] for index in order[:count]], dtype=torch.long)

    def save(self, path: Path) -> None:
        """Write a checkpoint."""
        checkpoint.save(path, self.student, self.average, self.optimiser, step=self.step, plan=asdict(self.plan))

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint; raises ValueError when it was made under another plan.

        The number of steps may be another: so a run is lengthened or cut short.
        """
        plan = checkpoint.plan_of(path)
        if plan | {"steps": self.plan.steps} != asdict(self.plan):
            raise ValueError(f"{path} was made under another plan: {plan}")
        self.step = checkpoint.restore(path, self.student, self.average, self.optimiser)

    def export(self, out: Path) -> None:
        """Write the averaged weights as a model folder."""
        tower.export(self.average, self.student.folded, self.start, out)


def tensor(views: ByteArray) -> torch.Tensor:
    """Turn views (n, side, side, 3) into the tower's input: float32 (n, 3, side, side) in -1..1."""
    # channels-last in memory, as they come: depthwise convolutions run on it without a copy.
    return torch.from_numpy(views).permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)


def stream(cache: Path, plan: Plan, first: int, processes: int) -> Iterator[Batch]:
    """Yield the batches of the steps from `first` on, made ahead in other processes (0: in this one)."""
    if processes == 0:
        library = Library(cache, sources.is_held_out)
        for step in range(first, plan.steps):
            yield library.batch(step, plan.pairs, plan.side_at(step), plan.seed)
        return
    context = multiprocessing.get_context("spawn")
    queues = [context.Queue(_AHEAD) for _ in range(processes)]
    workers = [
        context.Process(target=_make, args=(cache, plan, range(first + k, plan.steps, processes), queue), daemon=True)
        for k, queue in enumerate(queues)
    ]
    for worker in workers:
        worker.start()
    try:
        for step in range(first, plan.steps):
            yield queues[(step - first) % processes].get()
    finally:
        for worker in workers:
            worker.terminate()


def _make(cache: Path, plan: Plan, steps: range, queue: Any) -> None:
    import cv2  # noqa: PLC0415 (set up in the worker alone)

    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    library = Library(cache, sources.is_held_out)
    for number, step in enumerate(steps):
        if number % _REFRESH == _REFRESH - 1:
            library.refresh()
        queue.put(library.batch(step, plan.pairs, plan.side_at(step), plan.seed))


def run(trainer: Trainer, batches: Iterator[Batch], out: Path, minutes: float, save_every: float = 3.0) -> bool:
    """Train until the plan is done or the time is up; tell whether it is done. The last state is always saved."""
    begun = saved = time.monotonic()
    first = trainer.step
    totals: dict[str, float] = {}
    told = first
    for batch in batches:
        for name, value in trainer.learn(batch).items():
            totals[name] = totals.get(name, 0.0) + value
        now = time.monotonic()
        if trainer.step % _REFRESH == 0:
            pace = (trainer.step - first) * len(batch.views) / (now - begun)
            means = "  ".join(f"{name} {total / (trainer.step - told):.3f}" for name, total in totals.items())
            print(f"step {trainer.step}/{trainer.plan.steps}  {means}  {pace:.0f} views/s", flush=True)
            totals, told = {}, trainer.step
        if now - saved > 60 * save_every:
            trainer.save(out / CHECKPOINT)
            saved = now
        if now - begun > 60 * minutes:
            break
    trainer.save(out / CHECKPOINT)
    return trainer.step >= trainer.plan.steps


def main() -> None:
    """Prepare, train, export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=shards.DEFAULT_CACHE)
    parser.add_argument("--control", type=Path, default=control_pictures.DEFAULT_CACHE)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path, default=START, help="the model folder to begin with")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--steps", type=int, default=Plan.steps)
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--families", type=int, default=324)
    parser.add_argument("--processes", type=int, default=1, help="how many make batches")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="one is best on a busy machine")
    parser.add_argument("--no-prepare", action="store_true", help="train on the shards that there are")
    arguments = parser.parse_args()
    if not arguments.no_prepare:
        sources.prepare(arguments.cache, arguments.control, arguments.families)
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(arguments.threads)
    plan = Plan(steps=arguments.steps, seed=arguments.seed)
    trainer = Trainer(plan, arguments.start)
    if arguments.resume and (arguments.out / CHECKPOINT).is_file():
        trainer.resume(arguments.out / CHECKPOINT)
    batches = stream(arguments.cache, plan, trainer.step, arguments.processes)
    is_done = run(trainer, batches, arguments.out, arguments.minutes)
    trainer.export(arguments.out / "model")
    print(f"{'done' if is_done else 'stopped'} after {trainer.step} steps: {arguments.out / 'model'}")


if __name__ == "__main__":
    main()
