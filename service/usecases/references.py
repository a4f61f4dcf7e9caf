"""The pictures of a reference set: taking them in with a report on each, showing them, and letting them go.

1. Each file is read, decoded and measured (PictureAssessor); what cannot be is refused, and the others are kept.
2. Its bytes, signals and thumbnail go to the blob store, under the digest of the file.
3. The picture goes into the record, and is in force with the next look of the index.

The blob store keeps what the record has let go: another set, a screening or a case may show the same picture.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from indexer.model import PictureSource
from indexer.quality.remarks import Remark, Severity, remark
from service.domain.errors import NotFound, TooLarge
from service.domain.identity import Caller, new_id
from service.domain.registration import RegisteredReference, RegisteredSet
from service.ports import AssessedPicture, Blobs, Clock, PictureAssessor, RefusedPicture, SetContents, SetDirectory
from service.usecases.case_view import PictureBytes, media_type
from service.usecases.registration import own_set, seen_set
from service.usecases.set_names import OtherOwners

MOST_AT_ONCE = 200
MOST_IN_A_SET = 2000
_LONGEST_NAME = 40
_IDENTICAL = {"kind": "The picture is identical with", "kind_zh": "该图片完全等同于"}
_STRANGE = re.compile(r"[^\w.-]+")


class Outcome(StrEnum):
    """What became of a file."""

    ADDED = "added"
    ALREADY_THERE = "already_there"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class PictureReport:
    """What became of a file, called by the name that it was sent under.

    `reference` is the picture as it is registered, with its remarks; `reason` says why it is not: a code, a colon, and
    words.
    """

    name: str
    outcome: Outcome
    reference: RegisteredReference | None = None
    reason: str | None = None


class References:
    """Registers pictures."""

    def __init__(
        self,
        directory: SetDirectory,
        contents: SetContents,
        blobs: Blobs,
        assessor: PictureAssessor,
        *,
        clock: Clock,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the stores; `on_change` is called when a set has changed, so that matching looks at once."""
        self._directory = directory
        self._contents = contents
        self._blobs = blobs
        self._assessor = assessor
        self._clock = clock
        self._on_change = on_change

    def add(self, who: Caller, slug: str, files: Sequence[PictureSource]) -> list[PictureReport]:
        """Register pictures; return a report on each, in order.

        Raises NotFound, NotPermitted, WrongState, TooLarge for more than a set takes, or Overloaded.
        """
        item = own_set(self._directory, who, slug)
        if len(files) > MOST_AT_ONCE:
            raise TooLarge(f"{len(files)} pictures, at most {MOST_AT_ONCE} a request")
        if len(item.references) + len(files) > MOST_IN_A_SET:
            raise TooLarge(f"a reference set holds {MOST_IN_A_SET} pictures at most; {slug} has {len(item.references)}")
        others = OtherOwners(item, self._directory)
        held = {known.sha256: known for known in item.references}
        reports = []
        try:
            for found in self._assessor.assess(slug, files, item.content.references):
                report = self._taken(who, item, found, held, others)
                if report.reference is not None:
                    held[report.reference.sha256] = report.reference
                reports.append(report)
        finally:
            self._on_change()
        return reports

    def remove(self, who: Caller, slug: str, reference_id: str) -> None:
        """Take a picture out of a set. Raises NotFound, NotPermitted or WrongState."""
        own_set(self._directory, who, slug)
        if not self._contents.remove_reference(slug, reference_id, who.actor, self._clock.now()):
            raise NotFound(f"the reference set {slug} has no picture {reference_id}")
        self._on_change()

    def picture(self, who: Caller, slug: str, reference_id: str, *, thumbnail: bool = False) -> PictureBytes:
        """Return a picture's file, or its thumbnail where there is one. Raises NotFound."""
        item = seen_set(self._directory, who, slug)
        found = next((known for known in item.references if known.id == reference_id), None)
        if found is None:
            raise NotFound(f"the reference set {slug} has no picture {reference_id}")
        small = self._blobs.read(f"thumbnails/{found.sha256}") if thumbnail else None
        data = small or self._blobs.read(f"pictures/{found.sha256}")
        if data is None:
            raise NotFound(f"the picture {reference_id} is registered, but the blob store has lost it")
        return PictureBytes(data, media_type(data))

    def advice(self, who: Caller, slug: str) -> tuple[Mapping[str, Any], ...]:
        """Say what the pictures of a set lack together, as JSON values. Raises NotFound."""
        item = seen_set(self._directory, who, slug)
        return self._assessor.advise(slug, item.content.references)

    def conflicts(self, who: Caller, slug: str) -> dict[str, list[Mapping[str, Any]]]:
        """Say which pictures other rights owners' sets hold too, by id; what was found as they came, and copies since.

        Raises NotFound.
        """
        item = seen_set(self._directory, who, slug)
        others = OtherOwners(item, self._directory)
        now = self._copies(item, [known.sha256 for known in item.references], others)
        found: dict[str, list[Mapping[str, Any]]] = {}
        for known in item.references:
            then = [told for told in known.remarks if told["code"] == "in_another_set" and others.has(told["about"])]
            named = {told["about"] for told in then}
            since = [asdict(told) for told in now.get(known.sha256, ()) if told.about not in named]
            if then or since:
                found[known.id] = [*then, *since]
        return found

    def _taken(
        self,
        who: Caller,
        item: RegisteredSet,
        found: AssessedPicture | RefusedPicture,
        held: Mapping[str, RegisteredReference],
        others: OtherOwners,
    ) -> PictureReport:
        if isinstance(found, RefusedPicture):
            return PictureReport(found.name, Outcome.REFUSED, reason=found.reason)
        # Also of a picture that is there already: what the blob store has lost comes back so.
        keep(self._blobs, found)
        if found.sha256 in held:
            return PictureReport(found.name, Outcome.ALREADY_THERE, held[found.sha256])
        added = self._contents.add_reference(
            item.slug,
            RegisteredReference(
                id=new_id("ref"),
                file=file_name(found.name, found.suffix),
                sha256=found.sha256,
                added=self._clock.now(),
                added_by=who.actor,
                remarks=self._remarks(item, found, others),
            ),
        )
        if added is None:
            # Somebody else added it while this one was read.
            again = seen_set(self._directory, who, item.slug)
            known = next((one for one in again.references if one.sha256 == found.sha256), None)
            return PictureReport(found.name, Outcome.ALREADY_THERE, known)
        return PictureReport(found.name, Outcome.ADDED, added)

    def _remarks(
        self, item: RegisteredSet, found: AssessedPicture, others: OtherOwners
    ) -> tuple[Mapping[str, Any], ...]:
        """Leave out conflicts with sets of the same owner, and add those with sets that the index does not hold."""
        told = [one for one in found.remarks if one["code"] != "in_another_set" or others.has(one["about"])]
        named = {one["about"] for one in told if one["code"] == "in_another_set"}
        copies = self._copies(item, [found.sha256], others).get(found.sha256, ())
        return (*told, *(asdict(one) for one in copies if one.about not in named))

    def _copies(self, item: RegisteredSet, sha256: Sequence[str], others: OtherOwners) -> dict[str, list[Remark]]:
        """Say which other owners' sets hold the same files."""
        found: dict[str, list[Remark]] = {}
        for digest, slugs in self._directory.holding(sha256).items():
            for slug in slugs:
                if slug != item.slug and others.has(slug):
                    words = {**_IDENTICAL, "reference": digest[:12]}
                    found.setdefault(digest, []).append(remark("in_another_set", Severity.WARN, None, slug, **words))
        return found


def keep(blobs: Blobs, found: AssessedPicture) -> None:
    """Put a picture and what was computed of it into the blob store."""
    blobs.write(f"pictures/{found.sha256}", found.data)
    blobs.write(f"signals/{found.recipe}/{found.sha256}", found.signals)
    blobs.write(f"thumbnails/{found.sha256}", found.thumbnail)


def file_name(sent: str, suffix: str) -> str:
    """Make a path in a set's folder of the name that a file was sent under; `suffix` is that of its true format."""
    last = unicodedata.normalize("NFC", sent).replace("\\", "/").rsplit("/", 1)[-1]
    stem, dot, ending = last.rpartition(".")
    # Only what is an ending of pictures is taken for one: `scene.3` is a name.
    stem = stem if dot and len(ending) <= 4 and not ending.isdigit() else last  # noqa: PLR2004 (avif, jpeg, webp)
    plain = _STRANGE.sub("-", stem).strip("-._")[:_LONGEST_NAME].strip("-._")
    return f"images/{plain or 'picture'}{suffix}"
