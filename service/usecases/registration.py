"""Registration: rights owners, their reference sets, and who may use these all the same.

A rights owner sees and changes its own sets; others are as good as not there. Admins see and change all, and moderators
see all. Pictures are the business of references.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import structlog

from indexer.model import Alias, Fame, Licence, ReferenceSet
from service.domain.errors import FieldFault, InvalidFields, NotFound, NotPermitted, NotReady, WrongState
from service.domain.identity import Caller, Role, new_id
from service.domain.registration import RegisteredSet, RightsOwner, SetState
from service.ports import Clock, CurrentIndex, RightsOwners, SetContents, SetDirectory, SetRecord
from service.usecases import set_fields
from service.usecases.set_names import NameRemarks, remarks_of_names, remarks_on_names, unusable

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class NewSet:
    """What a set begins with; texts are by language. `owner` is for admins, who may keep sets for anybody."""

    slug: str
    title: Mapping[str, str]
    work: Mapping[str, str] = field(default_factory=dict)
    fame: Fame = Fame.ORDINARY
    aliases: Sequence[Alias] = ()
    holder: str = ""
    identity: str = ""
    evidence: str = ""
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class SetChanges:
    """New values of fields; None leaves one as it is."""

    title: Mapping[str, str] | None = None
    work: Mapping[str, str] | None = None
    fame: Fame | None = None
    holder: str | None = None
    identity: str | None = None
    evidence: str | None = None
    owner: str | None = None


def may_see(who: Caller, item: RegisteredSet) -> bool:
    """Tell whether a caller may know of a set."""
    if who.role is Role.RIGHTS_OWNER:
        return who.owner is not None and item.owner == who.owner
    return who.role in (Role.ADMIN, Role.MODERATOR)


def seen_set(directory: SetDirectory, who: Caller, slug: str) -> RegisteredSet:
    """Return a set that a caller may see. Raises NotFound."""
    item = directory.get(slug)
    if item is None or not may_see(who, item):
        raise NotFound(f"there is no reference set {slug}")
    return item


def visible_sets(directory: SetDirectory, who: Caller, owner: str | None = None) -> list[RegisteredSet]:
    """Return the sets that a caller may see, by slug; of one rights owner where it is named."""
    if who.role is Role.RIGHTS_OWNER:
        if who.owner is None or owner not in (None, who.owner):
            return []
        return directory.list_all(who.owner)
    return directory.list_all(owner) if who.role in (Role.ADMIN, Role.MODERATOR) else []


def own_set(directory: SetDirectory, who: Caller, slug: str) -> RegisteredSet:
    """Return a set that a caller may change. Raises NotFound, NotPermitted, or WrongState where it was withdrawn."""
    item = seen_set(directory, who, slug)
    if who.role not in (Role.ADMIN, Role.RIGHTS_OWNER):
        raise NotPermitted(f"the role {who.role} may look at reference sets, and not change them")
    if item.state is SetState.WITHDRAWN:
        raise WrongState(f"the reference set {slug} was withdrawn: it is changed no more")
    return item


class Registration:
    """Registers rights owners and reference sets."""

    def __init__(
        self,
        owners: RightsOwners,
        directory: SetDirectory,
        record: SetRecord,
        contents: SetContents,
        index: CurrentIndex,
        *,
        clock: Clock,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the stores; `on_change` is called when a set has changed, so that matching looks at once."""
        self._owners = owners
        self._directory = directory
        self._record = record
        self._contents = contents
        self._index = index
        self._clock = clock
        self._on_change = on_change

    # --- Rights owners ---

    def register_owner(
        self, who: Caller, name: str, *, identity: str = "", contact: str = "", owner_id: str | None = None
    ) -> RightsOwner:
        """Register a rights owner: an admin any, and who speaks for none yet themselves. Raises InvalidFields."""
        if who.role is not Role.ADMIN and (who.role is not Role.RIGHTS_OWNER or who.owner is not None):
            raise NotPermitted("only an admin may register further rights owners")
        faults = set_fields.line("name", name) + set_fields.prose("identity", identity)
        faults += set_fields.line("contact", contact, required=False)
        faults += set_fields.identifier("id", owner_id) if owner_id is not None else []
        set_fields.refuse(faults)
        owner = RightsOwner(
            owner_id or new_id("own"), name.strip(), identity.strip(), contact.strip(), self._clock.now()
        )
        if not self._owners.add(owner, who.actor):
            raise InvalidFields([FieldFault("id", f"{owner.id} is another rights owner's", f"{owner.id} 已被使用")])
        return owner

    def owners(self, who: Caller) -> list[RightsOwner]:
        """Return the rights owners that a caller may see, by name."""
        if who.role is Role.RIGHTS_OWNER:
            own = self._owners.get(who.owner) if who.owner is not None else None
            return [own] if own is not None else []
        return self._owners.list_all()

    # --- Sets ---

    def get(self, who: Caller, slug: str) -> RegisteredSet:
        """Return a set. Raises NotFound."""
        return seen_set(self._directory, who, slug)

    def list_all(self, who: Caller, owner: str | None = None) -> list[RegisteredSet]:
        """Return the sets that a caller may see, by slug; of one rights owner where it is named."""
        return visible_sets(self._directory, who, owner)

    def create(self, who: Caller, given: NewSet) -> RegisteredSet:
        """Register a set as a draft. Raises InvalidFields with each fault's place, or NotPermitted."""
        owner = self._owner_for(who, given.owner)
        aliases = set_fields.stripped_names(given.aliases)
        faults = set_fields.slug(given.slug) + (set_fields.names(aliases) or unusable(remarks_of_names(aliases)))
        faults += _field_faults(
            SetChanges(given.title, given.work, given.fame, given.holder, given.identity, given.evidence)
        )
        if who.role is not Role.ADMIN and self._is_of_a_folder(given.slug):
            faults.append(FieldFault("slug", f"{given.slug} is taken", f"{given.slug} 已被使用"))
        set_fields.refuse(faults)
        content = ReferenceSet(
            slug=given.slug,
            title=set_fields.stripped(given.title),
            references=(),
            work=set_fields.stripped(given.work),
            fame=given.fame,
            holder=given.holder.strip(),
            rights_evidence=given.evidence.strip(),
            aliases=aliases,
        )
        now = self._clock.now()
        item = RegisteredSet(content, owner, SetState.DRAFT, now, now, given.identity.strip())
        if not self._record.add(item, who.actor):
            raise InvalidFields([FieldFault("slug", f"{given.slug} is taken", f"{given.slug} 已被使用")])
        self._on_change()
        return item

    def _is_of_a_folder(self, slug: str) -> bool:
        """Tell whether a set of this name is in force that the record does not know: whose it is nobody can tell."""
        try:
            return slug in self._index.get().sets and self._directory.get(slug) is None
        except NotReady:
            return False

    def change(self, who: Caller, slug: str, changes: SetChanges) -> RegisteredSet:
        """Change fields of a set. Raises NotFound, NotPermitted, WrongState or InvalidFields."""
        own_set(self._directory, who, slug)
        set_fields.refuse(_field_faults(changes))
        wanted = {
            "title": None if changes.title is None else set_fields.stripped(changes.title),
            "work": None if changes.work is None else set_fields.stripped(changes.work),
            "fame": changes.fame,
            "rights_holder": _strip(changes.holder),
            "rights_identity": _strip(changes.identity),
            "rights_evidence": _strip(changes.evidence),
            "owner_id": None if changes.owner is None else self._owner_for(who, changes.owner),
        }
        fields = {name: value for name, value in wanted.items() if value is not None}
        self._record.change(slug, fields, who.actor, self._clock.now())
        return self._changed(who, slug)

    def put_aliases(self, who: Caller, slug: str, aliases: Iterable[Alias]) -> tuple[RegisteredSet, list[NameRemarks]]:
        """Replace the aliases of a set; return it, and what was noticed about each alias, in order.

        Raises NotFound, NotPermitted, WrongState, or InvalidFields also for an alias by which nothing could be found.
        """
        item = own_set(self._directory, who, slug)
        given = set_fields.stripped_names(aliases)
        set_fields.refuse(set_fields.names(given))
        remarks = remarks_on_names(item, given, self._directory, self._index)
        set_fields.refuse(unusable(remarks))
        self._record.put_aliases(slug, given, who.actor, self._clock.now())
        return self._changed(who, slug), remarks

    def alias_remarks(self, who: Caller, slug: str) -> list[NameRemarks]:
        """Say what is to be noticed about the aliases that a set has, in order. Raises NotFound."""
        item = seen_set(self._directory, who, slug)
        return remarks_on_names(item, item.content.aliases, self._directory, self._index)

    # --- States ---

    def activate(self, who: Caller, slug: str) -> RegisteredSet:
        """Put a set in force: for admins. Raises InvalidFields naming what is missing."""
        if who.role is not Role.ADMIN:
            raise NotPermitted("an admin puts reference sets in force")
        item = own_set(self._directory, who, slug)
        set_fields.refuse(missing_for_activation(item))
        return self._move(who, item, SetState.ACTIVE)

    def suspend(self, who: Caller, slug: str, *, reason: str = "") -> RegisteredSet:
        """Put a set out of force until it is activated again; the audit log keeps the reason."""
        return self._move(who, own_set(self._directory, who, slug), SetState.SUSPENDED, reason)

    def withdraw(self, who: Caller, slug: str, *, reason: str = "") -> RegisteredSet:
        """Put a set out of force for good; withdrawing it again changes nothing."""
        item = seen_set(self._directory, who, slug)
        if item.state is SetState.WITHDRAWN:
            return item
        return self._move(who, own_set(self._directory, who, slug), SetState.WITHDRAWN, reason)

    def _move(self, who: Caller, item: RegisteredSet, state: SetState, reason: str = "") -> RegisteredSet:
        set_fields.refuse(set_fields.prose("reason", reason))
        if not self._record.move(item.slug, state, who.actor, self._clock.now(), reason=reason.strip()):
            now = self._directory.get(item.slug)
            if now is None or now.state is not state:
                raise WrongState(f"the reference set {item.slug} is {item.state}, and cannot become {state} from there")
        log.info("set_moved", reference_set=item.slug, state=state.value, by=who.actor)
        return self._changed(who, item.slug)

    # --- Licences ---

    def grant(
        self, who: Caller, slug: str, *, platform: str | None, uploader: str | None, until: date | None = None
    ) -> Licence:
        """License a platform's uploader, a whole platform, or an uploader anywhere; `until` is the last day."""
        own_set(self._directory, who, slug)
        platform, uploader = _strip(platform) or None, _strip(uploader) or None
        faults = set_fields.grant(platform, uploader)
        now = self._clock.now()
        if until is not None and until < now.date():
            faults.append(FieldFault("until", "lies in the past", "早于今天"))
        set_fields.refuse(faults)
        given = self._contents.add_licence(slug, Licence("", platform, uploader, until), who.actor, now)
        self._on_change()
        return given

    def end_licence(self, who: Caller, slug: str, licence_id: str) -> None:
        """End a licence, named as `licence-2` or `<slug>/licence-2`. Raises NotFound."""
        own_set(self._directory, who, slug)
        name = licence_id.removeprefix(f"{slug}/")
        if not self._contents.end_licence(slug, name, who.actor, self._clock.now()):
            raise NotFound(f"the reference set {slug} has no licence {name} in force")
        self._on_change()

    def _changed(self, who: Caller, slug: str) -> RegisteredSet:
        self._on_change()
        return seen_set(self._directory, who, slug)

    def _owner_for(self, who: Caller, wanted: str | None) -> str | None:
        """Return whose a set will be. Raises NotPermitted or InvalidFields."""
        if who.role is Role.RIGHTS_OWNER:
            if who.owner is None or self._owners.get(who.owner) is None:
                raise NotPermitted("this account speaks for no registered rights owner yet; an admin can register it")
            if wanted not in (None, who.owner):
                raise NotPermitted("a set can be registered for another rights owner by an admin only")
            return who.owner
        if who.role is not Role.ADMIN:
            raise NotPermitted(f"the role {who.role} may not register reference sets")
        if wanted is not None and self._owners.get(wanted) is None:
            raise InvalidFields([FieldFault("owner", f"there is no rights owner {wanted}", f"没有权利人 {wanted}")])
        return wanted


def missing_for_activation(item: RegisteredSet) -> list[FieldFault]:
    """Name what a set lacks before it may be put in force."""
    faults = []
    if not item.references:
        faults.append(FieldFault("references", "no picture is registered yet", "尚未登记任何图片"))
    if not item.content.rights_evidence:
        faults.append(FieldFault("rights.evidence", "missing: what proves the rights?", "缺少：权利证明"))
    return faults


def _field_faults(changes: SetChanges) -> list[FieldFault]:
    faults = set_fields.texts("title", changes.title, required=True) if changes.title is not None else []
    faults += set_fields.texts("work", changes.work or {})
    for place, text in (("holder", changes.holder), ("identity", changes.identity), ("evidence", changes.evidence)):
        faults += set_fields.prose(f"rights.{place}", text or "")
    return faults


def _strip(text: str | None) -> str | None:
    return None if text is None else text.strip()
