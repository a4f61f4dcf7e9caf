"""What the collectors look at: the upload, what matching its pictures gave, and what the policy finds worth telling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from indexer.model import Findings
from service.domain.policy import Policy
from service.domain.upload import Trust, Upload, UploadText
from service.domain.wording import Title
from service.ports import BlockedLoras, ReferenceIndex


@dataclass(frozen=True, slots=True)
class Examination:
    """One upload under examination against one generation of the index."""

    upload: Upload
    findings: Findings
    index: ReferenceIndex
    policy: Policy
    blocked: BlockedLoras

    def title(self, slug: str) -> Title:
        """Return the title of a reference set in both languages."""
        return Title.among(self.index.sets[slug].title)

    @property
    def told(self) -> Iterator[UploadText]:
        """What the pictures' metadata says: tools left it there."""
        for picture in self.findings.pictures:
            for item in picture.texts:
                yield UploadText(f"image:{picture.name}:{item.source}", item.text, Trust.RESIDUE, item.weightless)
