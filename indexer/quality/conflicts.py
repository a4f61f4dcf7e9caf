"""What a new picture or alias has in common with the sets of others: somebody has to ask whose it is.

It says nothing of sets of one work, which may share a scene or a title: the caller knows the sets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from indexer.model import Alias, AliasHit, AliasKind, Match, MatchKind, PictureFindings
from indexer.quality.remarks import Remark, Severity, remark
from indexer.reference_signals import ReferenceSignals

COPY_RATE: Final = 0.001
"""Rate up to which a match by geometry or hashes is told as a copy: that at which the default policy lets a copy of a
published picture count together with a second fact.
"""

COPY_BITS: Final = 31
COPY_POINTS: Final = 25.0
"""PDQ distance and agreeing points that are told as a copy whatever their rate: in a small index no rate is that low.

Measured between demo references of different sets: PDQ 68 bits at least; no points agree between works, in the ten
nearest of each of 102. 8 of them reach 31 to 62 points with the look-alike of their own work, drawn in one pose.
"""

_KINDS: Mapping[MatchKind, tuple[str, str]] = {
    MatchKind.EXACT_COPY: ("The picture is identical with", "该图片完全等同于"),
    MatchKind.GEOMETRIC_COPY: ("The picture holds the same drawing as", "该图片中有同一画面："),
    MatchKind.PERCEPTUAL_COPY: ("The picture seems to be an edited copy of", "该图片疑似改动自"),
}


def conflicts(slug: str, signals: ReferenceSignals, findings: PictureFindings) -> tuple[Remark, ...]:
    """Say of which other sets than `slug` a picture holds a copy: a remark for each, with its strongest match.

    `findings` is what a matcher gave for the picture; what is only like a reference is no conflict. The code is
    `in_another_set`, about the other set's slug; the value is what was measured. Of a picture too flat for hashes it is
    advice: empty pictures are equal by chance.
    """
    severity = Severity.WARN if signals.hashes.reliable else Severity.ADVICE
    found: dict[str, Remark] = {}
    order = list(_KINDS)
    copies = [match for match in findings.matches if match.kind in _KINDS and match.reference_set != slug]
    for match in sorted(copies, key=lambda match: order.index(match.kind)):
        if match.reference_set in found or not _is_copy(match):
            continue
        kind, kind_zh = _KINDS[match.kind]
        found[match.reference_set] = remark(
            "in_another_set",
            severity,
            match.measure.value if match.measure else None,
            match.reference_set,
            kind=kind,
            kind_zh=kind_zh,
            reference=match.reference,
        )
    return tuple(found.values())


def alias_conflicts(slug: str, alias: Alias, hits: Sequence[AliasHit]) -> tuple[Remark, ...]:
    """Say in which other sets than `slug` the whole of an alias is registered: a remark for each.

    `hits` are what the index in force finds in the alias's text. The code is `alias_of_another_set`, about the other
    set's slug. Generic names and titles of works are shared by right; against a distinctive alias they are advice.
    """
    found: dict[str, Remark] = {}
    end = len(alias.text.rstrip())
    start = len(alias.text) - len(alias.text.lstrip())
    for hit in hits:
        whole = hit.start <= start and hit.end >= end
        shared = hit.alias.kind is alias.kind and alias.kind is not AliasKind.DISTINCTIVE
        if hit.reference_set == slug or not whole or hit.indirect or shared or alias.kind is AliasKind.GENERIC:
            continue
        severity = Severity.WARN if hit.alias.kind is AliasKind.DISTINCTIVE else Severity.ADVICE
        told = remark("alias_of_another_set", severity, about=hit.reference_set, text=alias.text, known=hit.alias.text)
        known = found.get(hit.reference_set)
        if known is None or (known.severity is Severity.ADVICE and severity is Severity.WARN):
            found[hit.reference_set] = told
    return tuple(found.values())


def _is_copy(match: Match) -> bool:
    if match.measure is None or match.false_positive_rate <= COPY_RATE:
        return True
    name, value = match.measure.name, match.measure.value
    return (name == "pdq_distance" and value <= COPY_BITS) or (name == "agreeing_points" and value >= COPY_POINTS)
