"""Evidence: calibrated facts that bear on a verdict. Evidence never judges."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from indexer.model import AliasKind, Measure, Region
from service.domain.upload import Trust
from service.domain.wording import Wording


class EvidenceKind(StrEnum):
    """What was measured or read."""

    EXACT_COPY = "exact_copy"
    GEOMETRIC_COPY = "geometric_copy"
    PERCEPTUAL_COPY = "perceptual_copy"
    CHARACTER_SIMILARITY = "character_similarity"
    SAMPLE_AGREEMENT = "sample_agreement"
    ALIAS = "alias"
    RESIDUE = "residue"
    BLOCKED_FILE = "blocked_file"
    BLOCKED_TENSORS = "blocked_tensors"
    WEIGHT_FINGERPRINT = "weight_fingerprint"
    CONSISTENCY = "consistency"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact about one reference set, about one blocked LoRA, or about the upload alone.

    `alias_kind` is set where a name was found, `weightless` where it was denied, stood in a negative prompt, or is too
    weak to count. `blocked_lora` is the id of a blocked LoRA; it may have been blocked without a reference set, or for
    one that is registered no more.
    """

    kind: EvidenceKind
    source: str
    reference_set: str | None
    trust: Trust
    explanation: Wording
    reference: str | None = None
    measure: Measure | None = None
    region: Region | None = None
    reference_region: Region | None = None
    text: str | None = None
    alias_kind: AliasKind | None = None
    weightless: bool = False
    indirect: bool = False
    blocked_lora: str | None = None

    @property
    def about(self) -> str | None:
        """What the fact accuses of: `set:` and a slug, `lora:` and an id, None where it accuses of nothing."""
        if self.reference_set is not None:
            return f"set:{self.reference_set}"
        return f"lora:{self.blocked_lora}" if self.blocked_lora is not None else None

    @property
    def rate(self) -> float:
        """The false-positive rate of the measure; 0.0 where identity needs none."""
        return self.measure.rate.value if self.measure else 0.0

    @property
    def highest_rate(self) -> float:
        """Upper end of the rate's interval: what a block has to reckon with."""
        return self.measure.rate.high if self.measure else 0.0

    @property
    def calibrated(self) -> bool:
        """Tell whether the rate may carry a block."""
        return self.measure is None or self.measure.rate.calibrated
