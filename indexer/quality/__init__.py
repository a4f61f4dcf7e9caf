"""The quality report: what a rights owner is told of the pictures and names of a set, and what is missing.

Nothing here is refused for taste. Every threshold was measured; `python -m tests.accuracy.quality` prints the figures.
Not told, because no measurement could tell it: several figures in one picture, a set without a whole figure, and
figures that all face one way (an embedding hardly differs from that of its mirror image, and references are embedded
mirrored too).
"""

from __future__ import annotations

from indexer.quality.comparison import compare, coverage
from indexer.quality.conflicts import alias_conflicts, conflicts
from indexer.quality.names import alias_remarks
from indexer.quality.pictures import assess
from indexer.quality.remarks import Advice, Remark, Severity

__all__ = [
    "Advice",
    "Remark",
    "Severity",
    "alias_conflicts",
    "alias_remarks",
    "assess",
    "compare",
    "conflicts",
    "coverage",
]
