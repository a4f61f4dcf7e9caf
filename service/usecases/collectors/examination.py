"""What the collectors look at: the upload, what matching its pictures gave, and what the policy finds worth telling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from indexer.model import Findings
from service.domain.policy import Policy
from service.domain.upload import NotScreened, Trust, Upload, UploadText
from service.domain.verdict import title_of
from service.domain.wording import Title
from service.ports import BlockedLoras, ReferenceIndex

MAX_TOLD = 2_000_000
"""Most characters of all pictures' metadata that are searched for names: compressed, a few bytes hold any number."""


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
        return title_of(self.index.sets[slug])

    @property
    def told(self) -> Iterator[UploadText]:
        """What the pictures' metadata says, up to MAX_TOLD characters: tools left it there."""
        left = MAX_TOLD
        for picture in self.findings.pictures:
            for item in picture.texts:
                if left <= 0:
                    return
                source = f"image:{picture.name}:{item.source}"
                yield UploadText(source, item.text[:left], Trust.RESIDUE, item.weightless)
                left -= len(item.text)

    @property
    def untold(self) -> list[NotScreened]:
        """What of it is beyond the bound, as something that was not screened."""
        count = sum(len(item.text) for picture in self.findings.pictures for item in picture.texts)
        if count <= MAX_TOLD:
            return []
        reason = f"text_too_long: only the first {MAX_TOLD} of {count} characters of pictures' metadata were searched"
        return [NotScreened("images", reason)]
