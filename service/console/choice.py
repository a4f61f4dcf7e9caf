"""A decision and its reason as one choice of a form: `uphold.shows_character`."""

from __future__ import annotations

from collections.abc import Iterable

from service.console.pages import Page
from service.domain.case import REASONS, DecisionKind, ReasonCode
from service.domain.errors import FieldFault, InvalidFields


def choices(kinds: Iterable[DecisionKind]) -> list[tuple[DecisionKind, tuple[ReasonCode, ...]]]:
    """Return the decisions on offer, each with the reasons that fit it, the most usual first."""
    return [(kind, REASONS[kind]) for kind in kinds]


def read_choice(choice: str, page: Page) -> tuple[DecisionKind, ReasonCode]:
    """Read a choice. Raises InvalidFields where there is none."""
    kind, _, reason = choice.partition(".")
    if kind not in set(DecisionKind) or reason not in set(ReasonCode):
        raise InvalidFields([FieldFault("choice", page.say("Choose a decision with its reason."))])
    return DecisionKind(kind), ReasonCode(reason)
