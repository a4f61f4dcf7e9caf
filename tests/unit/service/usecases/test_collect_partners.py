"""What partners claim: found again, told with its source, and never more than a review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from indexer.model import Findings, PictureFindings, PictureSignals
from service.domain.evidence import Evidence, EvidenceKind
from service.domain.exchange import VALID, Entry, EntryKind, PartnerEntry, Provenance
from service.domain.upload import Trust
from service.domain.verdict import Facts, Outcome, decide
from service.usecases.collectors.examination import Examination
from service.usecases.collectors.partners import PartnersCollector
from tests.fakes import FakeBlockedLoras, FakeReferenceIndex
from tests.unit.service.domain.facts import POLICY, STAGES, context
from tests.unit.service.usecases.collected import OWL, STOLEN, collected, uploaded

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TENSORS = [item.sha256 for item in STOLEN.tensors if item.telling]
PDQ = bytes.fromhex("f0" * 32)


class Noon:
    def now(self) -> datetime:
        return NOON


def entry(kind: EntryKind = EntryKind.LORA, **value: object) -> PartnerEntry:
    came = Provenance("Harbour Arts", NOON, "case:case_1")
    told = Entry(kind, "fox", {"en": "Fox"}, value, came, NOON + VALID)
    return PartnerEntry(f"harbour:{told.id}", "harbour", told, NOON)


class Told:
    """PartnerEntries with one entry, that is always near or shared."""

    def __init__(self, item: PartnerEntry) -> None:
        self._item = item

    def sharing(self, sha256: Sequence[str], now: datetime) -> list[PartnerEntry]:
        assert now == NOON
        value = self._item.entry.value
        known = {value.get("sha256"), value.get("body_sha256"), *value.get("tensors", ())}
        return [self._item] if known & set(sha256) else []

    def near(self, pdq: Sequence[bytes], now: datetime) -> list[list[tuple[PartnerEntry, int]]]:
        assert now == NOON
        return [[(self._item, 4)] if self._item.entry.kind is EntryKind.PDQ else [] for _ in pdq]

    def keep(self, *_: object, complete: bool) -> int:
        raise NotImplementedError

    def list_all(self, partner: str, now: datetime) -> list[PartnerEntry]:
        raise NotImplementedError

    def withdraw(self, entry_id: str, by: str, now: datetime) -> bool:
        raise NotImplementedError


FILE = entry(sha256=STOLEN.sha256, body_sha256="0" * 64, tensors=[])
BODY = entry(sha256="0" * 64, body_sha256=STOLEN.body_sha256, tensors=[])
PARTS = entry(sha256="0" * 64, body_sha256="0" * 64, tensors=TENSORS)
PICTURE = entry(EntryKind.PDQ, pdq=PDQ.hex())


def found(item: PartnerEntry) -> list[Evidence]:
    collect = PartnersCollector(Told(item), Noon()).collect
    if item.entry.kind is EntryKind.LORA:
        return collected(collect, uploaded(STOLEN))
    picture = PictureFindings("a.png", signals=PictureSignals("0" * 64, PDQ, b"", b""))
    flat = replace(picture, name="b.png", signals=PictureSignals("1" * 64, b"", b"", b""))
    findings = Findings((picture, flat), "000001", "tiny", {})
    return collect(Examination(uploaded(), findings, FakeReferenceIndex([OWL]), POLICY, FakeBlockedLoras()))


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        (FILE, EvidenceKind.BLOCKED_FILE),
        (BODY, EvidenceKind.BLOCKED_FILE),
        (PARTS, EvidenceKind.BLOCKED_TENSORS),
        (PICTURE, EvidenceKind.PERCEPTUAL_COPY),
    ],
)
def test_what_a_partner_told_is_found_again_and_says_who_told_it(item: PartnerEntry, kind: EvidenceKind) -> None:
    (told,) = found(item)
    assert (told.kind, told.trust, told.blocked_lora, told.reference_set) == (kind, Trust.CLAIMED, item.id, None)
    assert "harbour" in told.explanation.en
    assert "harbour" in told.explanation.zh


@pytest.mark.parametrize("item", [FILE, BODY, PARTS, PICTURE])
@pytest.mark.parametrize("stage", STAGES)
def test_all_that_partners_claim_together_is_reviewed_and_never_blocks(item: PartnerEntry, stage: str) -> None:
    evidence = tuple(evidence for told in (item, FILE, BODY, PARTS, PICTURE) for evidence in found(told))
    where = context(stage=stage, monetised=True, promoted=True)
    assert decide(Facts(evidence, (), {}), where, POLICY).outcome is Outcome.REVIEW
    assert decide(Facts(tuple(found(item)), (), {}), where, POLICY).outcome is Outcome.REVIEW


def test_another_lora_is_not_found() -> None:
    other = replace(STOLEN, sha256="8" * 64, body_sha256="9" * 64, tensors=())
    assert collected(PartnersCollector(Told(PARTS), Noon()).collect, uploaded(other)) == []
