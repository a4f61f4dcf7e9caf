"""Evidence and contexts in one line each, for the tables of the domain's tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from indexer.model import AliasKind, Fame, Licence, Measure, Rate, ReferenceSet
from service.bootstrap import read_policy
from service.domain.evidence import Evidence, EvidenceKind
from service.domain.upload import Context, NotScreened, Stage, Trust, Visibility
from service.domain.verdict import Facts, Outcome, Verdict, decide
from service.domain.wording import Wording

POLICY = read_policy(None)
BLOCK, REVIEW, CONFIRMED = 0.0001, 0.02, 0.001
"""The shipped rates of a public publication of an ordinary work; a test of test_verdict.py holds them to the policy."""

BELOW, ABOVE = 0.999, 1.001
STAGES = [Stage.TRAINING, Stage.PUBLICATION, Stage.GENERATION]
VISIBILITIES = [Visibility.PRIVATE, Visibility.UNLISTED, Visibility.PUBLIC]
"""Laxest first."""

TODAY = date(2026, 11, 20)
PICTURE = "image:a.png"
NOTHING = Wording("text", "文本")
STRICTNESS = {Outcome.ALLOW: 0, Outcome.REVIEW: 1, Outcome.BLOCK: 2}
UNREADABLE = NotScreened("image:b.png", "picture_damaged: truncated")


def context(**changes: Any) -> Context:
    """Make a public, unpaid publication of one picture."""
    given: dict[str, Any] = {
        "platform": "atelier",
        "uploader": "u-1",
        "stage": Stage.PUBLICATION,
        "visibility": Visibility.PUBLIC,
        "monetised": False,
        "promoted": False,
        "today": TODAY,
        "pictures": 1,
    }
    return Context(**{**given, **changes})


def measured(
    kind: EvidenceKind,
    rate: float,
    *,
    source: str = PICTURE,
    slug: str = "owl",
    calibrated: bool = True,
    high: float | None = None,
) -> Evidence:
    """Make evidence with a measure of a given rate, known exactly or up to `high`."""
    measure = Measure("cosine", 0.9, Rate(rate, rate, max(rate, high or rate), calibrated))
    return Evidence(kind, source, slug, Trust.COMPUTED, NOTHING, reference="images/01.png", measure=measure)


def alike(rate: float, **changes: Any) -> Evidence:
    """Make a likeness by embedding."""
    return measured(EvidenceKind.CHARACTER_SIMILARITY, rate, **changes)


def hashed(rate: float, **changes: Any) -> Evidence:
    """Make a likeness by perceptual hash."""
    return measured(EvidenceKind.PERCEPTUAL_COPY, rate, **changes)


def placed(rate: float, **changes: Any) -> Evidence:
    """Make a likeness by points in one arrangement."""
    return measured(EvidenceKind.GEOMETRIC_COPY, rate, **changes)


def agreed(rate: float, **changes: Any) -> Evidence:
    """Make an agreement of several pictures."""
    return measured(EvidenceKind.SAMPLE_AGREEMENT, rate, **{"source": "images", **changes})


def identical(slug: str = "owl") -> Evidence:
    """Make an identical picture."""
    return Evidence(EvidenceKind.EXACT_COPY, PICTURE, slug, Trust.COMPUTED, NOTHING, reference="images/01.png")


def named(
    kind: AliasKind = AliasKind.DISTINCTIVE,
    *,
    slug: str = "owl",
    source: str = "model.name",
    trust: Trust = Trust.DECLARED,
    weightless: bool = False,
) -> Evidence:
    """Make a name that was found."""
    what = EvidenceKind.RESIDUE if trust is Trust.RESIDUE else EvidenceKind.ALIAS
    return Evidence(what, source, slug, trust, NOTHING, text="Amber Owl", alias_kind=kind, weightless=weightless)


def owl(
    slug: str = "owl", *, fame: Fame = Fame.ORDINARY, licences: tuple[Licence, ...] = (), work: str = ""
) -> ReferenceSet:
    """Make a reference set without pictures."""
    title = {"en": f"Amber {slug}", "zh": "琥珀枭"}
    return ReferenceSet(slug, title, (), work={"en": work} if work else {}, fame=fame, licences=licences)


def judge(
    evidence: Sequence[Evidence],
    *,
    fame: Fame = Fame.ORDINARY,
    licences: tuple[Licence, ...] = (),
    not_screened: tuple[NotScreened, ...] = (),
    works: Mapping[str, str] | None = None,
    **circumstances: Any,
) -> Verdict:
    """Decide about evidence under the shipped policy; `works` names the works of sets that are not alone in theirs."""
    titles = works or {}
    sets = {
        slug: owl(slug, fame=fame, licences=licences, work=titles.get(slug, ""))
        for slug in (item.reference_set for item in evidence)
        if slug is not None
    }
    return decide(Facts(tuple(evidence), not_screened, sets), context(**circumstances), POLICY)


def codes(verdict: Verdict) -> list[str]:
    """List the codes of a verdict's grounds."""
    return [ground.code for ground in verdict.grounds]
