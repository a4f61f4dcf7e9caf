"""The answer to a screening, as plain JSON: what the platform gets, what is remembered, what `check --json` prints.

The field names are the contract of version 1: fields may be added, none renamed or dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from indexer.model import Findings, Measure, ReferenceSet, Region
from service.domain.case import Origin
from service.domain.evidence import Evidence
from service.domain.upload import Context, Upload
from service.domain.verdict import Facts, Ground, Outcome, Verdict
from service.domain.wording import Title, Wording, ground, notice
from service.usecases.collectors.examination import Examination


@dataclass(frozen=True, slots=True)
class ToOpen:
    """The case that a screening opens, and why."""

    id: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Screened:
    """A screening as it was done: what was examined, all that was found, the verdict, and the case it opens.

    `context` is the upload's as it was judged.
    """

    id: str
    examination: Examination
    context: Context
    facts: Facts
    verdict: Verdict
    to_open: ToOpen | None
    policy_version: str
    total_ms: float

    @property
    def upload(self) -> Upload:
        """What was submitted."""
        return self.examination.upload

    @property
    def findings(self) -> Findings:
        """What matching its pictures gave."""
        return self.examination.findings

    @property
    def case_id(self) -> str | None:
        """The case as the platform is told of it: nobody may know on whom a second look falls."""
        return self.to_open.id if self.to_open is not None and self.to_open.origin is Origin.REVIEW else None


def answer(screened: Screened) -> Mapping[str, Any]:
    """Write a screening out as JSON values."""
    verdict, facts = screened.verdict, screened.facts
    return {
        "screening_id": screened.id,
        "external_id": screened.upload.external_id,
        "status": "done",
        "verdict": verdict.outcome.value,
        "grounds": [shown_ground(item, facts.sets) for item in verdict.grounds],
        "evidence": [shown_evidence(item) for item in facts.evidence],
        "not_screened": [asdict(item) for item in facts.not_screened],
        "conditions": list(verdict.conditions),
        "notice_to_uploader": _texts(verdict.notice_to_uploader),
        "case_id": screened.case_id,
        "licence": verdict.licence,
        "shadow": screened.upload.shadow,
        "policy_version": screened.policy_version,
        "snapshot": screened.findings.snapshot,
        "model": screened.findings.model,
        "elapsed_ms": {
            **{stage: round(ms, 1) for stage, ms in screened.findings.elapsed_ms.items()},
            "total": round(screened.total_ms, 1),
        },
    }


def unscreened_answer(
    screening_id: str, external_id: str, case_id: str | None, policy_version: str, reason: str, *, shadow: bool = False
) -> Mapping[str, Any]:
    """Write the answer for an upload that could not be screened at all: review, and why."""
    return {
        "screening_id": screening_id,
        "external_id": external_id,
        "status": "done",
        "verdict": Outcome.REVIEW.value,
        "grounds": [shown_ground(Ground("not_screened", Outcome.REVIEW, ground("not_screened", None)), {})],
        "evidence": [],
        "not_screened": [{"source": "upload", "reason": reason}],
        "conditions": [],
        "notice_to_uploader": _texts(notice("review", [])),
        "case_id": case_id,
        "licence": None,
        "shadow": shadow,
        "policy_version": policy_version,
        "snapshot": None,
        "model": None,
        "elapsed_ms": {},
    }


def shown_ground(item: Ground, sets: Mapping[str, ReferenceSet]) -> dict[str, Any]:
    """Write a ground out as JSON values."""
    about = None
    if item.reference_set is not None:
        title = Title.among(sets[item.reference_set].title)
        about = {"slug": item.reference_set, "title": title.en, "title_zh": title.zh}
    return {
        "code": item.code,
        "asks_for": item.outcome.value,
        "reference_set": about,
        "evidence": list(item.evidence),
        "explanation": _texts(item.explanation),
    }


def shown_evidence(item: Evidence) -> dict[str, Any]:
    """Write a fact out as JSON values."""
    return {
        "kind": item.kind.value,
        "source": item.source,
        "reference_set": item.reference_set,
        "reference": item.reference,
        "measure": _measure(item.measure),
        "region": _region(item.region),
        "reference_region": _region(item.reference_region),
        "text": item.text,
        "trust": item.trust.value,
        "weightless": item.weightless,
        "blocked_lora": item.blocked_lora,
        "explanation": _texts(item.explanation),
    }


def _measure(measure: Measure | None) -> dict[str, Any] | None:
    if measure is None:
        return None
    rate = measure.rate
    return {
        "name": measure.name,
        "value": round(measure.value, 6),
        "false_positive_rate": rate.value,
        "interval": [rate.low, rate.high],
        "calibrated": rate.calibrated,
    }


def _region(region: Region | None) -> list[float] | None:
    return None if region is None else [region.x0, region.y0, region.x1, region.y1]


def _texts(wording: Wording | None) -> dict[str, str] | None:
    return None if wording is None else {"en": wording.en, "zh": wording.zh}
