"""Evidence from the LoRA's bytes and weights: what was blocked before, however it comes back."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from indexer.fingerprints import fingerprint_rate, unpack
from indexer.model import LoraSignals, Measure, Rate
from indexer.signals.lora.fingerprint import compare
from indexer.signals.lora.tensor_hashes import HashWorth, hash_worth, overlap
from service.domain.blocked import BlockedLora
from service.domain.evidence import Evidence, EvidenceKind
from service.domain.upload import HashClaim, Trust
from service.domain.wording import Wording, blocked_file, some_tensors, weights_alike
from service.usecases.collectors.examination import Examination

_MOST_CLAIMS = 4_000
_FEW = 0.05
"""Less than this share of a blocked LoRA's tensors says nothing: many LoRAs hold a part that others hold too."""

_UNKNOWN = Rate(0.0, 0.0, 1.0, calibrated=False)
"""How often LoRAs that have nothing to do with each other share tensors was not measured: a person has to look."""


def collect(examination: Examination) -> list[Evidence]:
    """Report what is shared with blocked LoRAs: bytes, tensors, the direction of the weights, claimed hashes."""
    upload = examination.upload
    signals = upload.lora.signals if upload.lora else None
    claims = _claims(examination)
    evidence: list[Evidence] = []
    if signals is not None or claims:
        for blocked in examination.blocked.sharing(signals, list(dict.fromkeys(claim.value for claim in claims))):
            if signals is not None:
                evidence += _shared(signals, blocked, examination)
            evidence += _claimed(claims, blocked, examination)
    if signals is not None and signals.fingerprint is not None:
        found = {item.blocked_lora for item in evidence if item.measure is None and item.trust is Trust.COMPUTED}
        evidence += _alike(signals, examination, found)
    return evidence


def _shared(signals: LoraSignals, blocked: BlockedLora, examination: Examination) -> Iterator[Evidence]:
    """The strongest of: the same file, the same bytes after the header, all tensors, some of them."""
    title = blocked.title
    if signals.sha256 == blocked.signals.sha256:
        yield _evidence(EvidenceKind.BLOCKED_FILE, blocked, examination, blocked_file(signals.name, "file", title))
    elif signals.body_sha256 == blocked.signals.body_sha256:
        yield _evidence(EvidenceKind.BLOCKED_FILE, blocked, examination, blocked_file(signals.name, "body", title))
    else:
        common = overlap(blocked.signals.tensors, signals.tensors)
        if common.held == 1.0:
            text = blocked_file(signals.name, "tensors", title)
            yield _evidence(EvidenceKind.BLOCKED_TENSORS, blocked, examination, text)
        elif common.held >= _FEW:
            text = some_tensors(signals.name, common.shared, common.held, title)
            measure = Measure("tensors_held", common.held, _UNKNOWN)
            yield _evidence(EvidenceKind.BLOCKED_TENSORS, blocked, examination, text, measure)


def _alike(signals: LoraSignals, examination: Examination, known: Collection[str | None]) -> Iterator[Evidence]:
    """Compare the weights with those of the blocked LoRAs on the short list, but not with those known already."""
    if signals.fingerprint is None:
        return
    nearest = examination.blocked.nearest(signals.fingerprint)
    own = unpack(signals.fingerprint)
    for blocked in nearest.loras:
        if blocked.signals.fingerprint is None or blocked.id in known:
            continue
        compared = compare(own, unpack(blocked.signals.fingerprint))
        similarity = compared.model if compared.model.shared else compared.text_encoders
        rate = fingerprint_rate(similarity, nearest.registered)
        if rate.value <= examination.policy.evidence_at_fpr:
            text = weights_alike(signals.name, similarity.cosine, similarity.shared, blocked.title)
            measure = Measure("weight_cosine", similarity.cosine, rate)
            yield _evidence(EvidenceKind.WEIGHT_FINGERPRINT, blocked, examination, text, measure)


def _claims(examination: Examination) -> list[HashClaim]:
    """Gather the hashes that the upload and its pictures' metadata name, as far as they are worth looking up."""
    named = [
        HashClaim(f"image:{picture.name}", value)
        for picture in examination.findings.pictures
        for value in picture.making.hashes
    ]
    claims = [
        HashClaim(claim.source, claim.value.strip().lower().removeprefix("0x"))
        for claim in (*examination.upload.claims, *named)
    ]
    return [claim for claim in dict.fromkeys(claims) if hash_worth(claim.value) is not HashWorth.NOTHING][:_MOST_CLAIMS]


def _claimed(claims: list[HashClaim], blocked: BlockedLora, examination: Examination) -> Iterator[Evidence]:
    hashes = (blocked.signals.sha256, blocked.signals.body_sha256)
    title = blocked.title
    for claim in claims:
        if any(value.startswith(claim.value) for value in hashes):
            whole = hash_worth(claim.value) is HashWorth.SAME
            yield _evidence(
                EvidenceKind.BLOCKED_FILE,
                blocked,
                examination,
                blocked_file("", "claim" if whole else "short claim", title),
                source=claim.source,
                trust=Trust.CLAIMED,
                weightless=not whole,
            )


def _evidence(
    kind: EvidenceKind,
    blocked: BlockedLora,
    examination: Examination,
    explanation: Wording,
    measure: Measure | None = None,
    *,
    source: str = "lora:file",
    trust: Trust = Trust.COMPUTED,
    weightless: bool = False,
) -> Evidence:
    known = blocked.reference_set if blocked.reference_set in examination.index.sets else None
    return Evidence(
        kind=kind,
        source=source,
        reference_set=known,
        trust=trust,
        explanation=explanation,
        measure=measure,
        text=blocked.title,
        weightless=weightless,
        blocked_lora=blocked.id,
    )
