"""Reference sets from folders into the record and back, in the format of indexer/reference_sets.py.

What is in the folder holds: titles, aliases and licences become those of the manifest, and pictures that are new are
added. Pictures that the folder lacks stay, unless a mirror is asked for. A second import changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import tomlkit

from indexer.errors import PictureError
from indexer.model import Licence, Reference, ReferenceSet
from service.domain.errors import FieldFault, InvalidFields, NotFound, WrongState
from service.domain.identity import Caller, new_id
from service.domain.registration import RegisteredReference, RegisteredSet, SetState
from service.ports import (
    Blobs,
    Clock,
    PictureAssessor,
    RefusedPicture,
    RightsOwners,
    SetContents,
    SetDirectory,
    SetRecord,
)
from service.usecases import set_fields
from service.usecases.references import keep
from service.usecases.set_names import remarks_of_names, unusable

Progress = Callable[[int], None]
_LONGEST_FILE = 512


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did to a set: `changes` in words, none where all was as it is; `refused` are pictures left out."""

    slug: str
    changes: tuple[str, ...]
    refused: tuple[RefusedPicture, ...] = ()


@dataclass(frozen=True, slots=True)
class _OnDisk:
    """A picture of a folder, as a PictureSource; it must be the one that was hashed when the folder was read."""

    name: str
    path: Path

    @property
    def data(self) -> bytes:
        """Read it."""
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise PictureError(f"{self.name}: cannot be read: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class SetsImport:
    """Brings folders into the record; `on_picture` is told how many pictures were read since it was last told."""

    owners: RightsOwners
    directory: SetDirectory
    record: SetRecord
    contents: SetContents
    blobs: Blobs
    assessor: PictureAssessor
    clock: Clock
    on_picture: Progress = field(default=lambda _: None)

    def bring(
        self, who: Caller, read: ReferenceSet, folder: Path, *, owner: str | None = None, mirror: bool = False
    ) -> Imported:
        """Bring one set, as reference_sets.read() gave it, into the record.

        Raises InvalidFields with each fault's place, or WrongState for a set that was withdrawn.
        """
        wanted = _normalised(read, folder)
        if owner is not None and self.owners.get(owner) is None:
            raise InvalidFields([FieldFault("owner", f"there is no rights owner {owner}", f"没有权利人 {owner}")])
        set_fields.refuse(_faults(wanted))
        known = self.directory.get(wanted.slug)
        if known is None:
            return self._added(who, wanted, folder, owner)
        if known.state is SetState.WITHDRAWN:
            raise WrongState(f"the reference set {wanted.slug} was withdrawn, and its slug is not used again")
        fields = self._fields(who, known, wanted, owner)
        names = self._names(who, known, wanted)
        licences = self._licences(who, known, wanted)
        pictures, refused = self._pictures(who, known, wanted, folder)
        gone = self._mirrored(who, known, wanted) if mirror else []
        return Imported(wanted.slug, (*fields, *names, *licences, *pictures, *gone), tuple(refused))

    def _added(self, who: Caller, wanted: ReferenceSet, folder: Path, owner: str | None) -> Imported:
        now = self.clock.now()
        references, refused = self._read(who, wanted, folder, (), wanted.references)
        content = replace(wanted, references=tuple(Reference(item.file, item.sha256) for item in references))
        item = RegisteredSet(content, owner, SetState.DRAFT, now, now, references=tuple(references))
        if not self.record.add(item, who.actor):
            raise WrongState(f"somebody else registered {wanted.slug} at this moment; import it again")
        return Imported(wanted.slug, (f"new, with {_count(len(references), 'picture')}",), tuple(refused))

    def _fields(self, who: Caller, known: RegisteredSet, wanted: ReferenceSet, owner: str | None) -> list[str]:
        was = known.content
        pairs = {
            "title": (was.title, wanted.title),
            "work": (was.work, wanted.work),
            "fame": (was.fame, wanted.fame),
            "rights_holder": (was.holder, wanted.holder),
            "rights_evidence": (was.rights_evidence, wanted.rights_evidence),
            "owner_id": (known.owner, known.owner if owner is None else owner),
        }
        changed = {name: new for name, (old, new) in pairs.items() if old != new}
        if changed:
            self.record.change(known.slug, changed, who.actor, self.clock.now())
        return [f"{name.replace('_', ' ').removesuffix(' id')} changed" for name in changed]

    def _names(self, who: Caller, known: RegisteredSet, wanted: ReferenceSet) -> list[str]:
        if known.content.aliases == wanted.aliases:
            return []
        self.record.put_aliases(known.slug, wanted.aliases, who.actor, self.clock.now())
        return [f"now {_count(len(wanted.aliases), 'alias', 'aliases')}"]

    def _licences(self, who: Caller, known: RegisteredSet, wanted: ReferenceSet) -> list[str]:
        held, given = _granted(known.content.licences), _granted(wanted.licences)
        new = list((Counter(given) - Counter(held)).elements())
        over = Counter(held) - Counter(given)
        for terms in new:
            self.contents.add_licence(known.slug, Licence("", *terms), who.actor, self.clock.now())
        for licence in known.content.licences:
            (terms,) = _granted([licence])
            if over[terms]:
                over[terms] -= 1
                name = licence.id.removeprefix(f"{known.slug}/")
                self.contents.end_licence(known.slug, name, who.actor, self.clock.now())
        ended = len(held) + len(new) - len(given)
        told = [f"{_count(len(new), 'licence')} granted"] if new else []
        return [*told, f"{_count(ended, 'licence')} ended"] if ended else told

    def _pictures(
        self, who: Caller, known: RegisteredSet, wanted: ReferenceSet, folder: Path
    ) -> tuple[list[str], list[RefusedPicture]]:
        held = {item.sha256 for item in known.references}
        new = [item for item in wanted.references if item.sha256 not in held]
        references, refused = self._read(who, wanted, folder, known.content.references, new)
        added = [item for item in references if self.contents.add_reference(known.slug, item) is not None]
        return ([f"{_count(len(added), 'picture')} added"] if added else []), refused

    def _mirrored(self, who: Caller, known: RegisteredSet, wanted: ReferenceSet) -> list[str]:
        kept = {item.sha256 for item in wanted.references}
        gone = [item for item in known.references if item.sha256 not in kept]
        for item in gone:
            self.contents.remove_reference(known.slug, item.id, who.actor, self.clock.now())
        return [f"{_count(len(gone), 'picture')} removed"] if gone else []

    def _read(
        self, who: Caller, wanted: ReferenceSet, folder: Path, held: Sequence[Reference], new: Sequence[Reference]
    ) -> tuple[list[RegisteredReference], list[RefusedPicture]]:
        """Read pictures into the blob store; return them as they are to be registered, and those that cannot be."""
        references: list[RegisteredReference] = []
        refused: list[RefusedPicture] = []
        sources = [_OnDisk(item.id, folder / item.id) for item in new]
        for item, found in zip(new, self.assessor.assess(wanted.slug, sources, held), strict=True):
            self.on_picture(1)
            if isinstance(found, RefusedPicture):
                refused.append(found)
            elif found.sha256 != item.sha256:
                refused.append(RefusedPicture(item.id, "file_changed: it changed while it was read"))
            else:
                keep(self.blobs, found)
                now = self.clock.now()
                references.append(
                    RegisteredReference(new_id("ref"), item.id, item.sha256, now, who.actor, found.remarks)
                )
        return references, refused


def write_set(item: ReferenceSet, folder: Path, blobs: Blobs) -> None:
    """Write a set as a folder that reference_sets.read() reads. Raises NotFound naming a picture that is lost."""
    home = folder / item.slug
    for reference in item.references:
        data = blobs.read(f"pictures/{reference.sha256}")
        if data is None:
            raise NotFound(f"{item.slug}/{reference.id}: the blob store has lost this picture; nothing can replace it")
        path = home / reference.id
        if not path.resolve().is_relative_to(home.resolve()):
            raise NotFound(f"{item.slug}/{reference.id} lies outside of its set's folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (home / "manifest.toml").write_text(manifest(item), encoding="utf-8")


def manifest(item: ReferenceSet) -> str:
    """Write a manifest.toml, with licences and pictures in one order whatever order they came in."""
    document = tomlkit.document()
    for name, texts in (("title", item.title), ("work", item.work)):
        if texts:
            table = tomlkit.inline_table()
            table.update(dict(texts))
            document[name] = table
    document["fame"] = item.fame.value
    rights = {"holder": item.holder, "evidence": item.rights_evidence}
    if any(rights.values()):
        document["rights"] = {name: text for name, text in rights.items() if text}
    aliases = [{"text": one.text, "language": one.language, "kind": one.kind.value} for one in item.aliases]
    licences = [
        {name: value for name, value in zip(("platform", "uploader", "until"), terms, strict=True) if value is not None}
        for terms in sorted(_granted(item.licences), key=lambda terms: tuple(str(term or "") for term in terms))
    ]
    pictures = [{"file": one.id, "sha256": one.sha256} for one in sorted(item.references, key=lambda one: one.id)]
    for name, tables in (("alias", aliases), ("licence", licences), ("reference", pictures)):
        if tables:
            document[name] = tables
    return tomlkit.dumps(document)


Terms = tuple[str | None, str | None, date | None]


def _granted(licences: Sequence[Licence]) -> list[Terms]:
    return [(item.platform, item.uploader, item.until) for item in licences]


def _normalised(read: ReferenceSet, folder: Path) -> ReferenceSet:
    """Return a set as the record keeps it: without space around texts, and with plain paths of its pictures."""
    home = folder.resolve()
    return replace(
        read,
        title=set_fields.stripped(read.title),
        work=set_fields.stripped(read.work),
        holder=read.holder.strip(),
        rights_evidence=read.rights_evidence.strip(),
        aliases=set_fields.stripped_names(read.aliases),
        references=tuple(
            replace(item, id=(home / item.id).resolve().relative_to(home).as_posix()) for item in read.references
        ),
    )


def _faults(wanted: ReferenceSet) -> list[FieldFault]:
    faults = set_fields.texts("title", wanted.title, required=True) + set_fields.texts("work", wanted.work)
    faults += set_fields.prose("rights.holder", wanted.holder)
    faults += set_fields.prose("rights.evidence", wanted.rights_evidence)
    faults += set_fields.names(wanted.aliases, "alias") or unusable(remarks_of_names(wanted.aliases), "alias")
    for number, licence in enumerate(wanted.licences):
        faults += [
            replace(fault, location=f"licence[{number}].{fault.location}")
            for fault in set_fields.grant(licence.platform, licence.uploader)
        ]
    for number, reference in enumerate(wanted.references):
        faults += set_fields.line(f"reference[{number}].file", reference.id, most=_LONGEST_FILE)
    return faults


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
