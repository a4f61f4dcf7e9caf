"""A record of reference sets over a database in memory, and a stand-in for what reads pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from indexer.errors import PictureError
from indexer.model import PictureFile, PictureSource, Reference
from service.adapters.sql.owners import SqlRightsOwners
from service.adapters.sql.set_changes import SqlSetContents, SqlSetRecord
from service.adapters.sql.sets import SqlSetDirectory
from service.domain.identity import Caller, Role
from service.domain.registration import RightsOwner
from service.ports import AssessedPicture, RefusedPicture
from service.usecases.references import References
from service.usecases.registration import NewSet, Registration
from service.usecases.sets_io import SetsImport
from tests.databases import fresh_database
from tests.fakes import FakeBlobs, FakeCurrentIndex, FixedClock

ADMIN = Caller("ad", Role.ADMIN, via="user")
MODERATOR = Caller("mo", Role.MODERATOR, via="user")
OWNER = Caller("ro", Role.RIGHTS_OWNER, owner="oven", via="user")
RIVAL = Caller("ri", Role.RIGHTS_OWNER, owner="rival", via="user")
UNKNOWN = Caller("un", Role.RIGHTS_OWNER, via="user")
PLATFORM = Caller("atelier", Role.PLATFORM)

DAMAGED = b"damaged"


class FakeAssessor:
    """A PictureAssessor that takes any bytes for a picture but DAMAGED; `conflicts` are told of every picture."""

    def __init__(self) -> None:
        self.conflicts: list[str] = []
        self.read: list[str] = []

    def assess(
        self, slug: str, pictures: Sequence[PictureSource], held: Sequence[Reference]
    ) -> Iterator[AssessedPicture | RefusedPicture]:
        for picture in pictures:
            self.read.append(f"{slug}/{picture.name} beside {len(held)}")
            try:
                data = picture.data
            except PictureError as error:
                yield RefusedPicture(picture.name, f"{error.code}: {error}")
                continue
            if data == DAMAGED:
                yield RefusedPicture(picture.name, "picture_damaged: damaged")
                continue
            digest = hashlib.sha256(data).hexdigest()
            remarks = tuple(conflict(slug) for slug in self.conflicts)
            yield AssessedPicture(picture.name, data, digest, ".png", "tiny-1", b"signals", b"thumbnail", remarks)

    def advise(self, slug: str, held: Sequence[Reference]) -> tuple[Mapping[str, Any], ...]:
        return ({"code": "few_pictures", "about": slug, "value": float(len(held))},)


def conflict(slug: str) -> Mapping[str, Any]:
    """Make a remark on a picture that another set holds."""
    words = {"en": "Whose is it?", "zh": "它属于谁？"}
    return {"code": "in_another_set", "severity": "warn", "explanation": words, "value": 0.0, "about": slug}


@dataclass
class Bench:
    """The use cases of registration over one record; `woken` counts how often matching was told to look."""

    clock: FixedClock = field(default_factory=FixedClock)
    index: FakeCurrentIndex = field(default_factory=FakeCurrentIndex)
    blobs: FakeBlobs = field(default_factory=FakeBlobs)
    assessor: FakeAssessor = field(default_factory=FakeAssessor)
    engine: sa.Engine = field(default_factory=lambda: fresh_database("sqlite://"))
    woken: int = 0

    def __post_init__(self) -> None:
        self.owners, self.directory = SqlRightsOwners(self.engine), SqlSetDirectory(self.engine)
        self.record, self.contents = SqlSetRecord(self.engine), SqlSetContents(self.engine)
        self.registration = Registration(
            self.owners, self.directory, self.record, self.contents, self.index, clock=self.clock, on_change=self._wake
        )
        self.references = References(
            self.directory, self.contents, self.blobs, self.assessor, clock=self.clock, on_change=self._wake
        )
        self.importing = SetsImport(
            self.owners, self.directory, self.record, self.contents, self.blobs, self.assessor, self.clock
        )
        for owner in ("oven", "rival"):
            self.owners.add(RightsOwner(owner, owner.title(), "", "", self.now), "user:ad")

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def _wake(self) -> None:
        self.woken += 1

    def made(self, slug: str = "moon-fox", who: Caller = OWNER, **fields: Any) -> str:
        """Register a set; return its slug."""
        return self.registration.create(who, NewSet(slug, {"en": slug}, evidence="bible", **fields)).slug

    def added(self, *data: bytes, slug: str = "moon-fox", who: Caller = ADMIN) -> list[str]:
        """Add pictures; return the ids of those that were taken."""
        files = [PictureFile(f"{number}.png", item) for number, item in enumerate(data)]
        reports = self.references.add(who, slug, files)
        return [report.reference.id for report in reports if report.reference]
