"""Evidence from what partners told: their blocked LoRAs, and hashes of pictures that they protect.

All of it is claimed, and of a rate that nobody measured: it is about the partner's entry alone, joins no other
evidence, and reaches a review at most. Names of partners are no evidence: anybody can claim a word.
"""

from __future__ import annotations

from collections.abc import Iterator

from indexer.model import LoraSignals, Measure, Rate
from service.domain.evidence import Evidence, EvidenceKind
from service.domain.exchange import PartnerEntry, partner_lora, partner_picture
from service.domain.upload import Trust
from service.domain.wording import Wording
from service.ports import Clock
from service.ports.exchange import PartnerEntries
from service.usecases.collectors.examination import Examination

_UNKNOWN = Rate(0.0, 0.0, 1.0, calibrated=False)


class PartnersCollector:
    """Looks uploads up among the entries of partners."""

    def __init__(self, entries: PartnerEntries, clock: Clock) -> None:
        self._entries = entries
        self._clock = clock

    def collect(self, examination: Examination) -> list[Evidence]:
        """Report what partners know of an upload."""
        lora = examination.upload.lora
        signals = lora.signals if lora is not None else None
        evidence = list(self._loras(signals)) if signals is not None else []
        return [*evidence, *self._pictures(examination)]

    def _loras(self, signals: LoraSignals) -> Iterator[Evidence]:
        tensors = {item.sha256 for item in signals.tensors if item.telling}
        wanted = [signals.sha256, signals.body_sha256, *tensors]
        for item in self._entries.sharing(wanted, self._clock.now()):
            value = item.entry.value
            whole = value["sha256"] == signals.sha256 or value["body_sha256"] == signals.body_sha256
            if whole:
                yield _evidence(
                    EvidenceKind.BLOCKED_FILE, item, "lora:file", partner_lora(signals.name, item, whole=True)
                )
            elif tensors & set(value["tensors"]):
                held = len(tensors & set(value["tensors"])) / len(value["tensors"])
                text = partner_lora(signals.name, item, whole=False)
                measure = Measure("tensors_held", held, _UNKNOWN)
                yield _evidence(EvidenceKind.BLOCKED_TENSORS, item, "lora:file", text, measure)

    def _pictures(self, examination: Examination) -> Iterator[Evidence]:
        hashed = [
            (picture.name, picture.signals.pdq)
            for picture in examination.findings.pictures
            if picture.signals is not None and picture.signals.pdq
        ]
        found = self._entries.near([pdq for _, pdq in hashed], self._clock.now())
        for (name, _), near in zip(hashed, found, strict=True):
            for item, distance in near[:1]:
                text = partner_picture(name, item, distance)
                measure = Measure("pdq_distance", float(distance), _UNKNOWN)
                yield _evidence(EvidenceKind.PERCEPTUAL_COPY, item, f"image:{name}", text, measure)


def _evidence(
    kind: EvidenceKind, item: PartnerEntry, source: str, explanation: Wording, measure: Measure | None = None
) -> Evidence:
    return Evidence(
        kind=kind,
        source=source,
        reference_set=None,
        trust=Trust.CLAIMED,
        explanation=explanation,
        measure=measure,
        text=item.title,
        blocked_lora=item.id,
    )
