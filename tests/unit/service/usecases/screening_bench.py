"""A Screening with everything around it scripted, and uploads in one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from indexer.model import (
    Alias,
    AliasKind,
    Match,
    MatchKind,
    Measure,
    PictureFile,
    PictureFindings,
    Rate,
    ReferenceSet,
)
from service.adapters.memory import MemoryPolicies, MemoryScreeningStore
from service.bootstrap import policy_content
from service.domain.evidence import Evidence
from service.domain.upload import Upload, UploadText
from service.ports import ScreeningStore
from service.usecases.collectors import COLLECTORS, Collector
from service.usecases.collectors.examination import Examination
from service.usecases.screening import Screening
from tests.fakes import FakeBlockedLoras, FakeCurrentIndex, FakeReferenceIndex, FixedClock
from tests.unit.service.domain.facts import context

ALIASES = (
    Alias("Amber Owl", "en", AliasKind.DISTINCTIVE),
    Alias("owl", "en", AliasKind.GENERIC),
    Alias("Tale of Amber", "en", AliasKind.SERIES),
)
OWL = ReferenceSet("owl", {"en": "Amber Owl", "zh": "琥珀枭"}, (), aliases=ALIASES)
EXACT = Match(MatchKind.EXACT_COPY, "owl", "images/01.png")


def similar(rate: float, *, calibrated: bool = True) -> Match:
    measure = Measure("cosine", 0.9, Rate(rate, rate / 2, min(1.0, rate * 2), calibrated))
    return Match(MatchKind.CHARACTER_SIMILARITY, "owl", "images/01.png", measure)


def upload_of(*names: str, text: str = "", **changes: Any) -> Upload:
    texts = (UploadText("model.name", text),) if text else ()
    made = Upload("m-1", context(pictures=0), tuple(PictureFile(name, b"data") for name in names), texts)
    return replace(made, **changes)


@dataclass
class Bench:
    """A Screening with everything around it within reach."""

    screening: Screening
    store: MemoryScreeningStore
    current: FakeCurrentIndex
    policies: MemoryPolicies


def bench_of(
    scripted: Mapping[str, PictureFindings | Sequence[Match]] | None = None,
    *,
    reference_set: ReferenceSet = OWL,
    before: Callable[[], object] = lambda: None,
    collectors: Sequence[tuple[str, Collector]] = COLLECTORS,
    time_limit: float = 30.0,
    store: ScreeningStore | None = None,
    clock: FixedClock | None = None,
    **options: Any,
) -> Bench:
    current = FakeCurrentIndex(FakeReferenceIndex([reference_set], scripted, before))
    remembered = MemoryScreeningStore()
    blocked = FakeBlockedLoras()
    policies = MemoryPolicies(policy_content(None))
    screening = Screening(
        current,
        policies,
        store or remembered,
        blocked,
        clock or FixedClock(),
        time_limit=time_limit,
        collectors=collectors,
        **options,
    )
    return Bench(screening, remembered, current, policies)


def broken(_: Examination) -> list[Evidence]:
    raise ValueError("out of order")
