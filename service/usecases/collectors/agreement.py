"""Evidence from the pictures together: k of n resemble one character."""

from __future__ import annotations

from indexer.model import MatchKind, Measure, Rate
from service.domain import wording
from service.domain.agreement import joint_rate
from service.domain.evidence import Evidence, EvidenceKind
from service.domain.upload import Trust
from service.usecases.collectors.examination import Examination


def collect(examination: Examination) -> list[Evidence]:
    """Combine, per reference set, the rates of all pictures that were screened."""
    screened = [picture for picture in examination.findings.pictures if picture.problem is None]
    rates: dict[str, list[Rate]] = {}
    for picture in screened:
        best: dict[str, Rate] = {}
        for match in picture.matches:
            if match.kind is MatchKind.CHARACTER_SIMILARITY and match.measure is not None:
                best[match.reference_set] = match.measure.rate
        for slug, rate in best.items():
            rates.setdefault(slug, []).append(rate)
    found = (_agreement(slug, each, len(screened), examination) for slug, each in rates.items())
    return [item for item in found if item is not None]


def _agreement(slug: str, rates: list[Rate], pictures: int, examination: Examination) -> Evidence | None:
    correlation = examination.policy.sample_correlation
    count, rate = joint_rate([item.value for item in rates], pictures, correlation)
    if count == 0 or rate > examination.policy.evidence_at_fpr:
        return None
    joint = Rate(
        rate,
        min(rate, joint_rate([item.low for item in rates], pictures, correlation)[1]),
        max(rate, joint_rate([item.high for item in rates], pictures, correlation)[1]),
        all(item.calibrated for item in rates),
    )
    return Evidence(
        kind=EvidenceKind.SAMPLE_AGREEMENT,
        source="images",
        reference_set=slug,
        trust=Trust.COMPUTED,
        explanation=wording.agreement(count, pictures, rate, examination.title(slug)),
        measure=Measure("pictures_alike", float(count), joint),
    )
