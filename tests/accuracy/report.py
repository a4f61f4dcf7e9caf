"""The report: tables for the terminal, and everything as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.accuracy import evasion, fingerprints
from tests.accuracy.claims import CLAIMED, COVERED, UNCOVERED, Claim
from tests.accuracy.measure import PIPELINE, Result
from tests.accuracy.metrics import Figures, Interval


@dataclass(frozen=True)
class Source:
    """A source of pictures: its package, licence and how many pictures and identities it gave."""

    name: str
    package: str
    licence: str
    pictures: int
    identities: int


@dataclass(frozen=True)
class Report:
    """Everything that one run measured."""

    date: str
    mode: str
    model: str
    recipes: Mapping[str, str]
    sources: Sequence[Source]
    results: Sequence[Result]
    claims: Sequence[Claim]
    seconds: Mapping[str, float]
    notes: Sequence[str]
    names: Mapping[str, Any] | None = None
    weights: Mapping[str, Any] | None = None


def percent(interval: Interval, digits: int = 1) -> str:
    """Write a share with its interval: 61.2 (58-64)."""
    if math.isnan(interval.value):
        return "-"
    return f"{100 * interval.value:.{digits}f} ({100 * interval.low:.0f}-{100 * interval.high:.0f})"


def fine(interval: Interval) -> str:
    """Write a small share with its interval: 0.12 (0.08-0.19)."""
    return f"{100 * interval.value:.2f} ({100 * interval.low:.2f}-{100 * interval.high:.2f})"


def cells(figures: Figures) -> list[str]:
    """Write the figures of one row: first, found at both rates, area."""
    return [
        percent(figures.first),
        *(percent(found) for found in figures.found),
        f"{figures.area.value:.3f} ({figures.area.low:.3f}-{figures.area.high:.3f})",
    ]


def show(report: Report, console: Console) -> None:
    """Print the tables."""
    table = Table("source", "package", "licence", "pictures", "identities", title="Pictures")
    for source in report.sources:
        table.add_row(source.name, source.package, source.licence, f"{source.pictures:,}", f"{source.identities:,}")
    console.print(table)
    for result in report.results:
        _show_result(result, console)
    table = Table("index", "crowd", "pictures", *(f"claimed {100 * rate:g} %" for rate in CLAIMED), "calibrated")
    table.title = "Claimed against measured, in per cent of pictures that calibration never saw"
    for claim in report.claims:
        if not claim.style.startswith((COVERED, UNCOVERED)):
            continue
        marks = [fine(found) for found in claim.measured]
        table.add_row(claim.index, claim.style, f"{claim.pictures:,}", *marks, f"{100 * claim.calibrated:.0f} %")
    console.print(table)
    if report.names is not None:
        console.rule("Names in disguise")
        evasion.show(report.names)
    if report.weights is not None:
        console.rule("Fingerprints of weights")
        fingerprints.show(report.weights, console)
    for note in report.notes:
        console.print(f"note: {note}")
    console.print("seconds: " + ", ".join(f"{name} {seconds:.0f}" for name, seconds in report.seconds.items()))


def _show_result(result: Result, console: Console) -> None:
    title = f"{result.name}: {result.sets} sets, {result.references} references"
    table = Table("queries", "method", "n", "first", "at 1 %", "at 0.1 %", "AUC", title=title)
    for kind, methods in result.figures.items():
        for method, figures in methods.items():
            style = "bold" if method == PIPELINE else None
            table.add_row(kind, method, str(figures.queries), *cells(figures), style=style)
        table.add_section()
    console.print(table)
    found, wrong = result.at_defaults["found"], result.at_defaults["false positives"]
    console.print(f"PDQ at its usual defaults: {100 * found:.1f} % found, {100 * wrong:.2f} % false positives")
    table = Table("uploads", "n", "blocked %", "reviewed or blocked %", "and for the right set %")
    table.title = f"{result.name}: verdicts"
    for row in result.verdicts:
        right = percent(row.right) if row.right else ""
        table.add_row(row.kind, str(row.uploads), fine(row.blocked), fine(row.reviewed), right)
    console.print(table)


def write_json(report: Report, path: Path) -> None:
    """Write everything but the pictures."""
    document: dict[str, Any] = asdict(report)
    for result in document["results"]:
        for name in ("misses", "alarms", "crowd"):
            del result[name]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False, default=str), encoding="utf-8")
