"""What a list of cases shows of each upload: enough to choose by, read for a whole page at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from service.domain.case import Case
from service.domain.wording import Title


@dataclass(frozen=True, slots=True)
class Strongest:
    """The rarest fact about an upload; `rate` is None for a name, which has none, and 0.0 for an identical picture."""

    kind: str
    reference_set: str | None
    rate: float | None


@dataclass(frozen=True, slots=True)
class Preview:
    """An upload in a line.

    `picture` numbers the picture with the strongest evidence, else the first that is kept; `strongest` is about a set
    of the case where there is one, and `not_screened` counts the parts that nothing here could read.
    """

    title: str
    pictures: int
    picture: int | None
    strongest: Strongest | None
    not_screened: int
    titles: Mapping[str, Title]


class CasePreviews(Protocol):
    """Reads previews."""

    def of(self, cases: Sequence[Case]) -> Mapping[str, Preview]:
        """Return the previews of the uploads of cases, by the id of the case."""
        ...
