"""Compare models on the validation pictures.

    python -m indexer.training.validate FOLDER... [--cache DIR] [--json FILE]

One view a picture, no pipeline: what the embedding alone can do. For each task, per model:

- `first`: how often the wanted reference is the nearest of all;
- `found`: how often its similarity is above what 1 % of unrelated pictures reach with their nearest reference.
  Unrelated is every query against the references of all *other* characters: pictures of the same style;
- `look-alikes`: the same against the siblings of the indexed characters, that differ from them in a trait or two.

Intervals are of 95 %, by resampling the characters.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from indexer.backends import embedded, open_clip
from indexer.model import ModelSpec
from indexer.ports import ByteArray, FloatArray
from indexer.signals.pixels.images import Picture
from indexer.signals.pixels.views import WHOLE, pixels
from indexer.training import held_out, shards
from indexer.training.held_out import EDITS, Task

FALSE_POSITIVES: Final = 0.01
_BATCH: Final = 32
_RESAMPLED: Final = 300


@dataclass(frozen=True)
class Figures:
    """Shares of the queries, 0 to 1, each with the bounds of its interval; `look_alikes` may be NaN: there are none."""

    task: str
    references: int
    queries: int
    impostors: int
    first: tuple[float, float, float]
    found: tuple[float, float, float]
    look_alikes: tuple[float, float, float]


class Model:
    """The vision tower of a model folder, as open_clip loads it, behind the pipeline's own preparation."""

    def __init__(self, folder: Path) -> None:
        model, preprocess = open_clip.load(f"local-dir:{folder}", "")
        self._visual: Any = model.visual.eval()
        side = preprocess["size"]
        self._spec = ModelSpec(
            name=folder.name,
            pretrained="",
            embed_dim=int(model.visual.trunk.num_classes),
            image_size=int(side[0] if isinstance(side, (tuple, list)) else side),
            fingerprint="",
            **open_clip.preprocess_fields(preprocess),
        )

    def embed(self, pictures: list[ByteArray]) -> FloatArray:
        """Embed pictures: (n, dim) rows of length 1."""
        rows = []
        for start in range(0, len(pictures), _BATCH):
            prepared = [
                pixels(Picture("", np.ascontiguousarray(picture), ""), WHOLE, self._spec)
                for picture in pictures[start : start + _BATCH]
            ]
            with torch.inference_mode():
                rows.append(self._visual(torch.from_numpy(np.stack(prepared))).numpy())
        vectors = np.concatenate(rows)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def measure(model: Model, task: Task) -> tuple[Figures, dict[str, tuple[float, float]]]:
    """Measure one task; of copies also `first` and `found` per edit."""
    references, queries = model.embed(task.references), model.embed(task.queries)
    likeness = queries @ references.T
    wanted = np.array(task.wanted)
    rows = np.arange(len(wanted))
    right = likeness[rows, wanted]
    others = likeness.copy()
    others[rows, wanted] = -1.0
    unrelated = others.max(axis=1)
    first = (right > unrelated).astype(np.float64)
    found = (right > np.quantile(unrelated, 1 - FALSE_POSITIVES)).astype(np.float64)
    against = np.full(len(right), np.nan)
    if task.look_alikes:
        siblings = (model.embed(task.look_alikes) @ references.T).max(axis=1)
        against = (right > np.quantile(siblings, 1 - FALSE_POSITIVES)).astype(np.float64)
    figures = Figures(
        task.name,
        len(references),
        len(queries),
        len(unrelated),
        *(_interval(values, wanted) for values in (first, found, against)),
    )
    edits: dict[str, tuple[float, float]] = {}
    if task.name.startswith("copies"):
        per_edit = len(references)
        for n, name in enumerate(EDITS):
            own = slice(n * per_edit, (n + 1) * per_edit)
            edits[name] = (float(first[own].mean()), float(found[own].mean()))
    return figures, edits


def _interval(values: np.ndarray[Any, Any], groups: np.ndarray[Any, Any]) -> tuple[float, float, float]:
    """Return a mean and the bounds of its interval, resampling groups and not values: a character's queries agree."""
    names = np.unique(groups)
    means = np.array([values[groups == name].mean() for name in names])
    rng = np.random.default_rng(0)
    resampled = means[rng.integers(0, len(means), (_RESAMPLED, len(means)))].mean(axis=1)
    low, high = np.quantile(resampled, (0.025, 0.975))
    return float(values.mean()), float(low), float(high)


def _cell(figure: tuple[float, float, float]) -> str:
    return "-" if np.isnan(figure[0]) else f"{figure[0]:.3f} [dim]({figure[1]:.2f}-{figure[2]:.2f})[/dim]"


def main() -> None:
    """Measure every model on every task and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*", default=[embedded.FOLDER])
    parser.add_argument("--cache", type=Path, default=shards.DEFAULT_CACHE)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--task", action="append", help="measure this task alone; may be repeated")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    held_out.draw_families(arguments.cache)
    tasks = [t for t in held_out.tasks(arguments.cache) if not arguments.task or t.name in arguments.task]
    console = Console(width=150)
    table = Table("task", "model", "references", "queries", "first", "found at 1 %", "against look-alikes")
    edits = Table("copies by edit", "model", *EDITS)
    report: dict[str, Any] = {}
    models = {str(folder): Model(folder) for folder in arguments.folders}
    for task in tasks:
        for name, model in models.items():
            figures, by_edit = measure(model, task)
            report.setdefault(name, []).append({**asdict(figures), "edits": by_edit})
            shown = (_cell(figures.first), _cell(figures.found), _cell(figures.look_alikes))
            table.add_row(task.name, Path(name).name, str(figures.references), str(figures.queries), *shown)
            if by_edit:
                cells = (f"{first:.2f} / {found:.2f}" for first, found in by_edit.values())
                edits.add_row(task.name, Path(name).name, *cells)
    console.print(table)
    console.print(edits)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1), "utf-8")


if __name__ == "__main__":
    main()
