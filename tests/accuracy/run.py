"""Measure how well the index finds what it should, and whether its rates are true.

    python -m tests.accuracy.run [--cache DIR] [--out build] [--quick | --full] [--model-dir DIR]

1. sources    evaluation pictures from pinned packages, none of them used in training (sources.py)
2. tasks      edited copies, other poses, other styles, look-alikes; pipeline and baselines (tasks.py, measure.py)
3. claims     claimed against measured rates at growing numbers of sets (claims.py)
4. names      names in disguise, ordinary texts, and what a search costs (evasion.py)
5. weights    LoRAs changed in every way, trained ones that are strangers, and what it costs (fingerprints.py)
6. report     tables, OUT/accuracy.json, OUT/accuracy.html

The pictures are only looked at; the page with its thumbnails is for the desk of whoever develops this, not to publish.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import cv2
from rich.console import Console
from rich.progress import Progress

from indexer.index import snapshot as snapshots
from indexer.training import control_pictures
from tests.accuracy import bench, claims, evasion, fingerprints, packages, packs, sources, tasks
from tests.accuracy.bench import Model
from tests.accuracy.claims import Claim
from tests.accuracy.measure import Library, Result, Tick, evaluate
from tests.accuracy.page import write_page
from tests.accuracy.report import Report, Source, show, write_json
from tests.accuracy.sources import Art
from tests.accuracy.tasks import Task

T = TypeVar("T")


@dataclass(frozen=True)
class Mode:
    """How much is measured: the share of registered characters, unrelated pictures for copies and for the other tasks,
    and sizes of indexes, each with its crowd."""

    name: str
    share: float
    crowd: int
    other_crowd: int
    sizes: tuple[tuple[int, int], ...]
    avatars: int = packs.AVATARS


MODES = {
    "quick": Mode("quick", 0.25, 1_000, 1_000, ((10, 800), (100, 1_000))),
    "standard": Mode("standard", 1.0, 10_200, 4_000, ((10, 1_500), (100, 3_000), (1_000, 4_000))),
    "full": Mode("full", 1.0, 12_000, 12_000, ((10, 6_000), (100, 12_000), (1_000, 14_000), (10_000, 6_000)), 6_000),
}
PARTS = ("copies", "vendors", "sprites", "drawn", "claims", "names", "weights")
TASKS: tuple[Callable[..., Task], ...] = (tasks.copies, tasks.vendors, tasks.sprites, tasks.drawn)
NOTES = (
    "Features of an ImageNet network are not compared: no weights of one can be had from the packages used here.",
    "Each set belongs to a work of its own, as if its owner were alone: all other sets are impostors to it.",
    "A right set that is not among those that the pipeline reports counts as not found at all, also in the AUC.",
    "Avatars put together from a few parts, smileys and signs are never registered: two of them often are one drawing.",
    "Drawn characters come from this project's own generator, in rendering styles kept from training.",
)


class Run:
    """One run: it keeps time, and tells how far it is."""

    def __init__(self, progress: Progress) -> None:
        self.seconds: dict[str, float] = {}
        self.savers: list[Callable[[], None]] = []
        self._progress = progress

    def step(self, name: str, work: Callable[[Tick], T]) -> T:
        """Do one step under a progress bar of unknown length."""
        started = time.monotonic()
        task = self._progress.add_task(name, total=None)
        try:
            return work(lambda count: self._progress.advance(task, count))
        finally:
            self.seconds[name] = time.monotonic() - started
            self._progress.update(task, total=1, completed=1)
            self._progress.console.print(f"{name}: {self.seconds[name]:.0f} s")
            for save in self.savers:
                save()


def main() -> None:
    """Collect, measure, report."""
    arguments = _arguments()
    bench.quieten()
    cv2.setNumThreads(1)
    console = Console(width=170)
    mode = MODES["quick" if arguments.quick else "full" if arguments.full else "standard"]
    with Progress(console=Console(stderr=True)) as progress:
        report = measured(mode, arguments, Run(progress))
    show(report, console)
    write_json(report, arguments.out / "accuracy.json")
    write_page(report, arguments.out / "accuracy.html")
    console.print(f"written: {arguments.out / 'accuracy.json'}, {arguments.out / 'accuracy.html'}")


def measured(mode: Mode, arguments: argparse.Namespace, run: Run) -> Report:
    """Measure everything of a mode."""
    cache: Path = arguments.cache.expanduser()
    art = run.step("pictures", lambda _: sources.collect(cache, mode.avatars))
    model = run.step("model", lambda _: bench.open_model(arguments.model_dir, cache, arguments.control_cache))
    library = Library(model, cache / f"signals-{model.spec.fingerprint[:16]}.npz")
    run.savers += [library.save, model.backend.save]
    results: list[Result] = []
    found: list[Claim] = []
    for make in TASKS:
        task = make(art, share=mode.share, crowd=mode.crowd if make is tasks.copies else mode.other_crowd)
        if arguments.only and task.name not in arguments.only:
            continue
        results.append(run.step(task.name, partial(_evaluated, task, model, library)))
        styles = _styles(task, art)
        found += claims.rows(f"{task.name}, {len(task.sets)} sets", len(task.sets), styles, results[-1].crowd)
    for size, crowd in mode.sizes:
        if arguments.only and "claims" not in arguments.only:
            continue
        found += run.step(f"{size:,} sets", partial(claims.check, art, size, crowd, model))
    only = arguments.only or PARTS
    names = run.step("names", lambda _: evasion.measured()) if "names" in only else None
    weights = run.step("weights", lambda _: fingerprints.measured()) if "weights" in only else None
    return Report(
        date=datetime.now(UTC).date().isoformat(),
        mode=mode.name,
        model=model.spec.label,
        recipes=dict(snapshots.RECIPES),
        sources=_sources(art),
        results=results,
        claims=sorted(found, key=lambda claim: claim.sets),
        seconds=run.seconds,
        notes=NOTES,
        names=names,
        weights=weights,
    )


def _evaluated(task: Task, model: Model, library: Library, tick: Tick) -> Result:
    works = {slug: (f"work of {slug}", paths) for slug, paths in task.sets.items()}
    with bench.built(task.name, works, model) as index:
        return evaluate(task, index, model, library, tick)


def _styles(task: Task, art: Sequence[Art]) -> set[str]:
    registered = {path for paths in task.sets.values() for path in paths}
    return {item.style for item in art if item.path in registered}


def _sources(art: Sequence[Art]) -> list[Source]:
    rows = []
    for style in sorted({item.style for item in art}):
        own = [item for item in art if item.style == style]
        package = packages.PACKAGES.get(style.partition("-")[0])
        if package is not None:
            name, licence = f"{package.name} {package.version}", package.licence
        elif style in packages.AVATAR_LICENCES:
            key = "animal-avatar-generator" if style == "animals" else f"@dicebear/{style}"
            name, licence = f"{key} {packages.AVATAR_PACKAGES[key]}", packages.AVATAR_LICENCES[style]
        else:
            name, licence = "drawn by this project", "Apache-2.0"
        rows.append(Source(style, name, licence, len(own), len({item.identity for item in own})))
    return rows


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=sources.DEFAULT_CACHE, help="where the pictures are kept")
    parser.add_argument("--control-cache", type=Path, default=control_pictures.DEFAULT_CACHE)
    parser.add_argument("--out", type=Path, default=Path("build"))
    parser.add_argument("--model-dir", type=Path, help="another model of the shipped architecture, in a folder")
    parser.add_argument("--only", nargs="+", choices=PARTS, help="some parts alone")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="a part of everything, in a few minutes")
    size.add_argument("--full", action="store_true", help="more pictures, and an index of 10,000 sets")
    return parser.parse_args()


if __name__ == "__main__":
    main()
