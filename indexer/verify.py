"""Verification by geometry: which of the nearest references is the same drawing, and where it lies.

Dear (some 100 ms), so it runs only for pictures that are near something, and against a short list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from indexer.index.snapshot import Snapshot
from indexer.model import Match, MatchKind, Measure, Region
from indexer.signals.pixels.features import SAME_DRAWING, SHORT_LIST, Features, Placement, local_features, mirror, place
from indexer.signals.pixels.images import Picture

NEAR = 0.1
"""Rate of the nearest match up to which a picture is verified: above, it resembles what any picture resembles."""

_TURNED = 2
_BEYOND_DOUBT = 25.0
"""Agreeing points that end the search: unrelated pictures of one studio's cast reach 8."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A reference by its row, and whether it looked nearest as a mirror image."""

    row: int
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    row: int
    placement: Placement


class Verifier:
    """Verifies pictures against one snapshot; safe to call from several threads."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Take the features of the references from a snapshot."""
        self._snapshot = snapshot

    def verify(self, picture: Picture, nearest: Sequence[Candidate]) -> list[Match]:
        """Look for references in a picture, nearest first, each the way round in which it looked nearest.

        Where none is found, the very nearest are tried the other way round: a face looks much like its mirror image.
        Gives at most one match per reference set.
        """
        first: dict[int, Candidate] = {}
        for item in nearest:
            first.setdefault(item.row, item)
        short_list = list(first.values())[:SHORT_LIST]
        turned = [replace(item, mirrored=not item.mirrored) for item in short_list[:_TURNED]]
        upright = local_features(picture)
        queries = (upright, upright.mirrored())
        return self._best_per_set(self._place(queries, short_list) or self._place(queries, turned))

    def _place(self, queries: tuple[Features, Features], candidates: Sequence[Candidate]) -> list[_Found]:
        found: list[_Found] = []
        for item in candidates:
            query = queries[1] if item.mirrored else queries[0]
            placement = place(query, self._snapshot.features.get(item.row))
            if placement is None or placement.detail < SAME_DRAWING:
                continue
            if item.mirrored:
                placement = replace(placement, region=mirror(placement.region))
            found.append(_Found(item.row, placement))
            if placement.agreement >= _BEYOND_DOUBT:
                break
        return found

    def _best_per_set(self, found: list[_Found]) -> list[Match]:
        best: dict[int, Match] = {}
        for item in sorted(found, key=lambda each: -each.placement.agreement):
            number = int(self._snapshot.owners[item.row])
            if number in best:
                continue
            agreement = item.placement.agreement
            rate = self._snapshot.calibrations["agreeing_points"].rate(agreement)
            best[number] = Match(
                MatchKind.GEOMETRIC_COPY,
                self._snapshot.sets[number].slug,
                self._snapshot.references[item.row].id,
                Measure("agreeing_points", agreement, rate),
                region=_rounded(item.placement.region),
                reference_region=_rounded(item.placement.reference_region),
            )
        return list(best.values())


def _rounded(region: Region) -> Region:
    """Keep three digits: a thousandth of a picture is finer than a point is known."""
    return Region(*(round(value, 3) for value in (region.x0, region.y0, region.x1, region.y1)))
