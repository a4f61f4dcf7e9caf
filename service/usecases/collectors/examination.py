"""What the collectors look at: the upload, what matching its pictures gave, and what the policy finds worth telling."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.model import Findings
from service.domain.policy import Policy
from service.domain.upload import Upload
from service.domain.verdict import title_of
from service.domain.wording import Title
from service.ports import ReferenceIndex


@dataclass(frozen=True, slots=True)
class Examination:
    """One upload under examination against one generation of the index."""

    upload: Upload
    findings: Findings
    index: ReferenceIndex
    policy: Policy

    def title(self, slug: str) -> Title:
        """Return the title of a reference set in both languages."""
        return title_of(self.index.sets[slug])
