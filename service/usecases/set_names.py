"""What is to be noticed about the aliases of a set: by themselves, and beside the sets of other rights owners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from indexer.model import Alias
from indexer.quality import Remark, Severity, alias_conflicts, alias_remarks
from service.domain.errors import FieldFault, NotReady
from service.domain.registration import RegisteredSet
from service.ports import CurrentIndex, SetDirectory


@dataclass(frozen=True, slots=True)
class NameRemarks:
    """What was noticed about an alias."""

    alias: Alias
    remarks: tuple[Remark, ...]

    def told(self) -> dict[str, Any]:
        """Write it as JSON values."""
        return {"text": self.alias.text, "remarks": [asdict(item) for item in self.remarks]}


def remarks_of_names(aliases: Sequence[Alias]) -> list[NameRemarks]:
    """Say what is to be noticed about aliases by themselves; of two that are read alike, the later is told."""
    return [NameRemarks(alias, alias_remarks(alias, aliases[:number])) for number, alias in enumerate(aliases)]


def remarks_on_names(
    item: RegisteredSet, aliases: Sequence[Alias], directory: SetDirectory, index: CurrentIndex
) -> list[NameRemarks]:
    """Say also which of them other rights owners have in force; nothing is known of that while no index is."""
    found = remarks_of_names(aliases)
    try:
        hits = index.get().find_aliases([alias.text for alias in aliases])
    except NotReady:
        return found
    others = OtherOwners(item, directory)
    return [
        replace(known, remarks=(*known.remarks, *others.remarks(alias_conflicts(item.slug, known.alias, found_hits))))
        for known, found_hits in zip(found, hits, strict=True)
    ]


def unusable(remarks: Sequence[NameRemarks], place: str = "aliases") -> list[FieldFault]:
    """Name the aliases by which nothing could ever be found."""
    return [
        FieldFault(f"{place}[{number}].text", remark.explanation["en"], remark.explanation["zh"])
        for number, item in enumerate(remarks)
        for remark in item.remarks
        if remark.severity is Severity.REFUSE
    ]


class OtherOwners:
    """Tells the sets of other rights owners from those of a set's own; each is looked up once."""

    def __init__(self, item: RegisteredSet, directory: SetDirectory) -> None:
        self._item = item
        self._directory = directory
        self._strange: dict[str, bool] = {}

    def has(self, slug: str) -> bool:
        """Tell whether a set is another rights owner's; of those that the record does not know nobody can tell."""
        if slug not in self._strange:
            known = self._directory.get(slug)
            self._strange[slug] = slug != self._item.slug and (known is None or known.owner != self._item.owner)
        return self._strange[slug]

    def remarks(self, conflicts: Sequence[Remark]) -> tuple[Remark, ...]:
        """Return those conflicts that are with other rights owners."""
        return tuple(item for item in conflicts if self.has(item.about))
