"""How many notices stand where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from service.domain.notice import NoticeState


class NoticeCounts(Protocol):
    """Counts notices."""

    def by_state(self) -> Mapping[NoticeState, int]:
        """Count all notices by state; states without any are left out."""
        ...
