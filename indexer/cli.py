"""Commands of the indexer: `index …`, `match` and `inspect`; those that need the service are in service/cli/."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from indexer import build as builds
from indexer import reference_sets
from indexer.backends import embedded
from indexer.backends.runtime import open_runtime
from indexer.errors import IndexerError
from indexer.index import snapshot as snapshots
from indexer.inspection import inspect_file
from indexer.matcher import Matcher, nearest
from indexer.model import Match, PictureFile, Region

index_app = typer.Typer(no_args_is_help=True, help="Build and look into snapshots of the reference index.")
out_console = Console()
error_console = Console(stderr=True)

_SHOWN = 400
_WORTH = "residue is searched for names; computed hashes are compared with blocked LoRAs; what is claimed only links"

Snapshot = Annotated[Path, typer.Option("--snapshot", help="Folder of snapshots, or one generation in it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn our own errors into a message and exit code 2; anything else is a fault and shows its traceback."""
    try:
        yield
    except IndexerError as error:
        error_console.print(f"[bold red]error[/] ({error.code}): ", end="")
        error_console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(2) from error


@contextmanager
def progress_bars() -> Iterator[builds.Progress]:
    """Show a bar for every step that reports; on standard error, so that output can be piped."""
    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=error_console) as progress:
        tasks: dict[str, Any] = {}

        def report(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(step, total=total)
            progress.update(tasks[step], completed=done)

        yield report


@index_app.command(
    epilog="Example: lora-screening index build --sets reference_sets --out build/snapshot",
)
def build(
    sets: Annotated[Path, typer.Option(help="Folder with one folder per reference set.")],
    out: Annotated[Path, typer.Option(help="Folder of snapshots; the new generation is published in it.")],
    control: Annotated[
        Path | None,
        typer.Option(help="Folder of 500 or more unrelated pictures (or a control set file) to calibrate with."),
    ] = None,
    model: Annotated[str, typer.Option(help="Embedded model, an open_clip name, hf-hub:ID or local-dir:PATH.")] = (
        embedded.NAME
    ),
    pretrained: Annotated[str, typer.Option(help="open_clip's weights tag, or a weights file.")] = "",
) -> None:
    """Build a snapshot from reference sets, check that it finds its own pictures, and publish it."""
    with told_plainly():
        with progress_bars() as progress:
            read = [(item, sets / item.slug) for item in reference_sets.read_all(sets)]
            report = builds.build(read, out, model=model, pretrained=pretrained, control=control, progress=progress)
        for warning in report.warnings:
            error_console.print(f"[yellow]note[/] {warning}")
        out_console.print(
            f"snapshot {report.generation}: {report.sets} sets, {report.references} references,"
            f" {report.vectors} vectors -> {report.path}",
            highlight=False,
            soft_wrap=True,
        )


@index_app.command(epilog="Example: lora-screening index verify build/snapshot")
def verify(path: Annotated[Path, typer.Argument(help="Folder of snapshots, or one generation.")]) -> None:
    """Check every byte of a snapshot, load it, and find its canary through the whole path."""
    with told_plainly():
        snapshot, matcher = _open(path)
        found = matcher.find_canary()
        matcher.close()
        if not found:
            error_console.print("[bold red]error[/]: every byte is as published, but the canary is not found")
            raise typer.Exit(2)
        out_console.print(f"snapshot {snapshot.generation} is whole and finds its canary")


@index_app.command(epilog="Example: lora-screening index info build/snapshot --json")
def info(
    path: Annotated[Path, typer.Argument(help="Folder of snapshots, or one generation.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show what a snapshot holds and what it was made with."""
    with told_plainly():
        snapshot = snapshots.load(path)
    if as_json:
        typer.echo(json.dumps(dict(snapshot.manifest), ensure_ascii=False))
        return
    table = Table(title=f"snapshot {snapshot.generation}, made {snapshot.manifest['created']}")
    for column in ("set", "title", "fame", "references", "aliases", "licences"):
        table.add_column(column)
    for item in snapshot.sets:
        counts = (str(len(item.references)), str(len(item.aliases)), str(len(item.licences)))
        table.add_row(item.slug, item.title_in("en"), item.fame.value, *counts)
    out_console.print(table)
    out_console.print(f"model {snapshot.model.label}; {snapshot.manifest['counts']}", highlight=False)


@index_app.command(epilog="Example: lora-screening index calibrate build/snapshot")
def calibrate(
    path: Annotated[Path, typer.Argument(help="Folder of snapshots, or one generation.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show the calibration: which closeness stands for which false-positive rate, over all sets together."""
    with told_plainly():
        snapshot = snapshots.load(path)
    rows = _calibration_rows(snapshot)
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table(title=f"false-positive rates of snapshot {snapshot.generation}, index-wide, with 90 % intervals")
    for column in ("measure", "value", "control set", "impostors", "rate used"):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            row["measure"], f"{row['value']:.3f}", *(_shown(row[k]) for k in ("control", "impostors", "rate"))
        )
    out_console.print(table)
    out_console.print("cosine is given in units of each set's own spread: 1.0 = its 99th control percentile")


def _calibration_rows(snapshot: snapshots.Snapshot) -> list[dict[str, Any]]:
    points = {
        "cosine": (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5),
        "pdq_distance": (20.0, 31.0, 50.0, 70.0, 90.0),
        "phash_distance": (0.0, 4.0, 8.0, 12.0, 16.0),
        "agreeing_points": (1.0, 3.0, 5.0, 10.0, 20.0),
    }
    rows = []
    for measure, values in points.items():
        calibration = snapshot.calibrations[measure]
        for value in values:
            statistic = -value if measure.endswith("_distance") else value
            control, impostors = calibration.crowd_rates(statistic)
            rates = {"control": control, "impostors": impostors, "rate": calibration.rate(statistic)}
            shown = {k: [r.value, r.low, r.high] if r else None for k, r in rates.items()}
            rows.append({"measure": measure, "value": value, **shown})
    return rows


def _shown(rate: list[float] | None) -> str:
    return "too few" if rate is None else f"{rate[0]:.2g}  ({rate[1]:.1g} to {rate[2]:.1g})"


def match(
    pictures: Annotated[list[Path], typer.Argument(help="Picture files.")],
    snapshot: Snapshot,
    *,
    top: Annotated[int, typer.Option(min=1, max=64, help="Matches shown per picture.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Show the nearest reference sets of pictures, best first: no verdict, no threshold."""
    with told_plainly():
        _, matcher = _open(snapshot)
        for path in pictures:
            try:
                file = PictureFile(path.name, path.read_bytes())
            except OSError as error:
                raise IndexerError(f"{path}: {error.strerror}", code="file_unreadable") from error
            found = matcher.examine([file], top=top).pictures[0]
            matches = strongest_of_each_set(nearest(found))[:top]
            if as_json:
                shown = {"path": str(path), "problem": found.problem, "matches": [as_row(item) for item in matches]}
                typer.echo(json.dumps(shown, ensure_ascii=False))
            else:
                _print_matches(path, found.problem, matches)
        matcher.close()


def strongest_of_each_set(matches: list[Match]) -> list[Match]:
    """Keep the first match of each reference set, in order."""
    best: dict[str, Match] = {}
    for item in matches:
        best.setdefault(item.reference_set, item)
    return list(best.values())


def inspect(
    files: Annotated[list[Path], typer.Argument(help="Pictures or LoRA files.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show everything read from the metadata of pictures and LoRA files; nothing is judged."""
    with told_plainly():
        for path in files:
            found = inspect_file(path)
            if as_json:
                typer.echo(json.dumps(found, ensure_ascii=False))
            else:
                _print_inspection(found)
        if not as_json:
            out_console.print(_WORTH, highlight=False, soft_wrap=True)


def _print_inspection(found: dict[str, Any]) -> None:
    """Print cells as plain text: what uploaders write must not become markup."""
    adapter = found["adapter"]
    about = (
        f"{adapter['kind']}, {adapter['base']}, {adapter['layers']} layers, ranks {adapter['ranks']}" if adapter else ""
    )
    table = Table(
        "role",
        "trust",
        "share",
        Column("source", overflow="fold"),
        "text",
        title=Text(f"{found['path']}: {found['tool'] or found['kind']} {about}"),
    )
    for item in found["strings"]:
        share = "" if item.get("share") is None else f"{item['share']:.0%}"
        table.add_row(item["role"], item["trust"], share, Text(item["source"]), Text(item["text"][:_SHOWN]))
    for item in found["hashes"]:
        table.add_row("hash", item["trust"], "", item["of"], Text(item["value"]))
    for item in found.get("pictures", []):
        table.add_row("picture", "residue", "", Text(item["name"]), f"{item['bytes']} bytes")
    for problem in found["problems"]:
        table.add_row("problem", "", "", "", Text(problem))
    out_console.print(table if table.rows else Text(f"{found['path']}: nothing is written in it"))


def as_row(item: Match) -> dict[str, Any]:
    """Write a match as the command line's JSON gives it."""
    measure = item.measure
    closeness: dict[str, Any] = {"similarity": 1.0}
    if measure is not None:
        closeness = {"distance" if measure.name.endswith("_distance") else "similarity": measure.value}
    return {
        "reference_set": item.reference_set,
        "reference": item.reference,
        "kind": item.kind.value,
        **closeness,
        "measure": measure.name if measure else None,
        "false_positive_rate": item.false_positive_rate,
        "region": _corners(item.region),
        "reference_region": _corners(item.reference_region),
    }


def _corners(region: Region | None) -> list[float] | None:
    return None if region is None else [region.x0, region.y0, region.x1, region.y1]


def _print_matches(path: Path, problem: str | None, matches: list[Match]) -> None:
    table = Table("set", "reference", "kind", "measure", "rate of unrelated pictures", title=str(path))
    for item in matches:
        measure = f"{item.measure.name} {item.measure.value:.3f}" if item.measure else "identical"
        table.add_row(item.reference_set, item.reference, item.kind.value, measure, f"{item.false_positive_rate:.2g}")
    out_console.print(f"{path}: {problem}" if problem else table)


def _open(path: Path) -> tuple[snapshots.Snapshot, Matcher]:
    snapshot = snapshots.load(path)
    return snapshot, Matcher(snapshot, open_runtime(snapshot.model_path, snapshot.model))
