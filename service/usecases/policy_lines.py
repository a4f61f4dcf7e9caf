"""The lines of a policy, each named by its place in policy.toml: what it may hold, and how two policies differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from service.domain.errors import FieldFault, InvalidFields, PolicyError
from service.domain.policy import FACTORS, RATES, Policy, number_at, policy_from

LINES = ("version", *RATES, *FACTORS)
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
"""The names that a version may have; with the digits of its checksum it fits where versions are kept."""

_MOST_UNKNOWN = 20
_DEEPEST = 4
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Change:
    """A line that two policies hold differently; None where one of them has it not."""

    line: str
    before: float | str | None
    after: float | str | None


def policy_of(content: Mapping[str, Any], place: str = "content") -> Policy:
    """Build a policy from tables that a person wrote. Raises InvalidFields with every fault, below `place`."""
    faults = [_fault(place, name, "is not a line of a policy", "不是策略中的条目") for name in _unknown(content)]
    version = content.get("version")
    if not isinstance(version, str) or not VERSION.fullmatch(version):
        said = "must be 1 to 40 letters, digits, dots, hyphens and underscores, the first a letter or digit"
        faults.append(
            _fault(place, "version", said, "须为 1 至 40 个字母、数字、点、连字符或下划线，且以字母或数字开头")
        )
    for line in (*RATES, *FACTORS):
        try:
            number_at(content, line)
        except PolicyError as error:
            allowed = "须为 0 至 1 的数（不含 1）" if line in RATES else "须为大于 0 且不超过 100 的数"
            faults.append(_fault(place, line, str(error).removeprefix(f"policy: {line} "), allowed))
    if not faults:
        try:
            return policy_from(tables(content))
        except PolicyError as error:
            line, _, said = str(error).removeprefix("policy: ").partition(": ")
            faults.append(_fault(place, f"{line}.block_at_fpr", said, "block_at_fpr 不得高于 review_at_fpr"))
    raise InvalidFields(faults)


def tables(content: Mapping[str, Any]) -> dict[str, Any]:
    """Write the lines of a policy in one form, so that equal policies have equal checksums. Raises PolicyError."""
    return nested({"version": content["version"], **{line: number_at(content, line) for line in LINES[1:]}})


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Put values by line into the tables of policy.toml."""
    content: dict[str, Any] = {}
    for line, value in values.items():
        *folders, name = line.split(".")
        table = content
        for folder in folders:
            table = table.setdefault(folder, {})
        table[name] = value
    return content


def value_at(content: Mapping[str, Any], line: str) -> Any:
    """Return what a line holds, None where it is not there."""
    value: Any = content
    for name in line.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return the lines that differ, in the order of the file."""
    pairs = ((line, value_at(before, line), value_at(after, line)) for line in LINES)
    return tuple(Change(line, old, new) for line, old, new in pairs if old != new)


def _unknown(content: Mapping[str, Any]) -> list[str]:
    """Name what is no line: a slip of the keyboard must not be kept as if it did anything."""
    found: list[str] = []
    for name in _names(content, _DEEPEST):
        if name not in LINES:
            found.append(name)
        if len(found) == _MOST_UNKNOWN:
            break
    return found


def _names(content: Mapping[str, Any], deep: int) -> Iterator[str]:
    for name, value in content.items():
        short = str(name)[:_LONGEST]
        if isinstance(value, Mapping) and value and deep and short not in LINES:
            yield from (f"{short}.{below}" for below in _names(value, deep - 1))
        else:
            yield short


def _fault(place: str, line: str, said: str, zh: str) -> FieldFault:
    return FieldFault(f"{place}.{line}", said, zh)
