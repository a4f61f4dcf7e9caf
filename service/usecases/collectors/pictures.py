"""Evidence from each picture: identical, the same drawing by its points, near by hash, near by embedding."""

from __future__ import annotations

from indexer.model import Match, MatchKind
from service.domain.evidence import Evidence, EvidenceKind
from service.domain.upload import Trust
from service.domain.wording import picture_match
from service.usecases.collectors.examination import Examination

_KINDS = {
    MatchKind.EXACT_COPY: EvidenceKind.EXACT_COPY,
    MatchKind.GEOMETRIC_COPY: EvidenceKind.GEOMETRIC_COPY,
    MatchKind.PERCEPTUAL_COPY: EvidenceKind.PERCEPTUAL_COPY,
    MatchKind.CHARACTER_SIMILARITY: EvidenceKind.CHARACTER_SIMILARITY,
}


def collect(examination: Examination) -> list[Evidence]:
    """Report every match whose rate is low enough to mean something."""
    return [
        _evidence(match, f"image:{picture.name}", examination)
        for picture in examination.findings.pictures
        for match in picture.matches
        if match.false_positive_rate <= examination.policy.evidence_at_fpr
    ]


def _evidence(match: Match, source: str, examination: Examination) -> Evidence:
    return Evidence(
        kind=_KINDS[match.kind],
        source=source,
        reference_set=match.reference_set,
        trust=Trust.COMPUTED,
        explanation=picture_match(match, source, examination.title(match.reference_set)),
        reference=match.reference,
        measure=match.measure,
        region=match.region,
        reference_region=match.reference_region,
    )
