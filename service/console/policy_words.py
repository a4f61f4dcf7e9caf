"""The lines of a policy as people read and write them: names in words, and numbers without exponents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.console.i18n import mark
from service.console.pages import Page
from service.domain.policy import RATES
from service.usecases.policy_lines import LINES, Change, nested, value_at

_NAMES: Mapping[str, str] = {
    "version": mark("Name of the version"),
    "block_at_fpr": mark("Block at"),
    "review_at_fpr": mark("Review at"),
    "confirmed_at_fpr": mark("Block with a second fact at"),
    "sample_correlation": mark("Likeness assumed between pictures"),
    "evidence_at_fpr": mark("Report evidence up to"),
    "monetised": mark("Earns money"),
    "promoted": mark("Promoted"),
    "ordinary": mark("Ordinary work"),
    "known": mark("Known work"),
    "famous": mark("Famous work"),
    "public": mark("Public"),
    "unlisted": mark("Unlisted"),
    "private": mark("Private"),
}
_TABLES: Mapping[str, str] = {
    "stages.training": mark("Training"),
    "stages.publication": mark("Publication"),
    "stages.generation": mark("Generation"),
    "caps": mark("Never above"),
    "factors": mark("Factor by use"),
    "factors.fame": mark("Factor by fame"),
    "factors.visibility": mark("Factor by visibility"),
    "": mark("All uploads"),
}
_SAID = frozenset(line for line in RATES if line.endswith("_at_fpr"))
"""The lines that are false-positive rates, which are also said as 1 in so many."""


@dataclass(frozen=True, slots=True)
class Field:
    """A line in the form: what is written in it, and what the policy in force has there."""

    line: str
    name: str
    value: str
    current: str
    rate: bool

    @property
    def fault(self) -> str:
        """Its name among the faults of a form."""
        return f"content_{self.line.replace('.', '_')}"

    @property
    def one_in(self) -> float | None:
        """Its rate, where it is one that can be said as 1 in so many."""
        value = number_of(self.value)
        return value if self.rate and isinstance(value, float) and 0 < value < 1 else None


@dataclass(frozen=True, slots=True)
class Told:
    """A changed line in words; empty where one of the policies has it not."""

    line: str
    name: str
    before: str
    after: str


def fields(page: Page, values: Mapping[str, str], current: Mapping[str, Any]) -> list[tuple[str, list[Field]]]:
    """Group the lines by their tables, in the order of the form, each table under its title."""
    groups: dict[str, list[Field]] = {page.say(title): [] for title in _TABLES.values()}
    for line in LINES[1:]:
        table, name = _parts(line)
        field = Field(
            line, page.say(_NAMES[name]), values.get(line, ""), written(value_at(current, line)), line in _SAID
        )
        groups[page.say(_TABLES[table])].append(field)
    return list(groups.items())


def told(page: Page, changes: Sequence[Change]) -> list[Told]:
    """Say changed lines in words."""
    return [Told(item.line, named(page, item.line), written(item.before), written(item.after)) for item in changes]


def named(page: Page, line: str) -> str:
    """Name a line in words."""
    table, name = _parts(line)
    text = page.say(_NAMES[name])
    return text if not table else f"{page.say(_TABLES[table])} · {text}"


def values_of(content: Mapping[str, Any]) -> dict[str, str]:
    """Write the lines of a policy as the fields of a form."""
    return {line: written(value_at(content, line)) for line in LINES}


def content_of(values: Mapping[str, str]) -> dict[str, Any]:
    """Read the fields of a form; what is no number stays a text, which the use case refuses by name."""
    lines = {line: values[line].strip() for line in LINES if line in values}
    return nested({line: text if line == "version" else number_of(text) for line, text in lines.items()})


def number_of(text: str) -> float | str:
    """Read a number; what is none stays as it is."""
    try:
        return float(text)
    except ValueError:
        return text


def written(value: Any) -> str:
    """Write a value so that it can be read and typed: 0.00002, not 2e-05."""
    if isinstance(value, (int, float)):
        return f"{value:.12f}".rstrip("0").rstrip(".")
    return "" if value is None else str(value)


def _parts(line: str) -> tuple[str, str]:
    table, _, name = line.rpartition(".")
    return table, name
