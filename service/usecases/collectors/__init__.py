"""Evidence collectors: each turns one kind of finding into evidence.

A new kind of evidence is a new module here and a line in COLLECTORS. A collector never judges, and one that fails never
takes the others with it: it is listed as not screened.
"""

from __future__ import annotations

from collections.abc import Callable

from service.domain.evidence import Evidence
from service.usecases.collectors import agreement, blocked, consistency, names, pictures
from service.usecases.collectors.examination import Examination

Collector = Callable[[Examination], list[Evidence]]

COLLECTORS: tuple[tuple[str, Collector], ...] = (
    ("pictures", pictures.collect),
    ("agreement", agreement.collect),
    ("names", names.collect),
    ("blocked", blocked.collect),
    ("consistency", consistency.collect),
)
