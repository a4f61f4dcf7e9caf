"""Texts of an upload with the registered names in them marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from service.domain.evidence import Evidence


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A text, where it stood, what was found in it, and whether it was cut at either end."""

    source: str
    text: Markup
    facts: tuple[Evidence, ...]
    trust: str
    weightless: bool
    share: float | None
    cut_before: bool
    cut_after: bool


def marked_texts(items: Iterable[Mapping[str, Any]], evidence: Sequence[Evidence]) -> tuple[MarkedText, ...]:
    """Mark what was found in the texts of a record."""
    found: dict[str, list[Evidence]] = {}
    for fact in evidence:
        if fact.text:
            found.setdefault(fact.source, []).append(fact)
    return tuple(_marked(item, found.get(item["source"], [])) for item in items)


def _marked(item: Mapping[str, Any], facts: Sequence[Evidence]) -> MarkedText:
    text, start = str(item["text"]), int(item["start"])
    return MarkedText(
        source=str(item["source"]),
        text=mark_in(text, [fact.text for fact in facts if fact.text]),
        facts=tuple(facts),
        trust=str(item["trust"]),
        weightless=bool(item["weightless"]),
        share=item["share"],
        cut_before=start > 0,
        cut_after=start + len(text) < int(item["characters"]),
    )


def mark_in(text: str, words: Sequence[str]) -> Markup:
    """Return a text as markup in which every place of some words is marked; the longest of two that overlap."""
    longest_first = sorted(set(filter(None, words)), key=len, reverse=True)
    if not longest_first:
        return escape(text)
    pattern = re.compile("(" + "|".join(re.escape(word) for word in longest_first) + ")")
    parts = pattern.split(text)
    return Markup("").join(
        Markup("<mark>{}</mark>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )
