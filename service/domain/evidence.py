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


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact about one reference set.

    `alias_kind` is set where a name was found, `weightless` where it was denied or stood in a negative prompt.
    """

    kind: EvidenceKind
    source: str
    reference_set: str
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
