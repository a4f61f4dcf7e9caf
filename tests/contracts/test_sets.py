"""What the stores of registration do, run against each database: SQLite on disk, and PostgreSQL where there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from indexer.model import Alias, AliasKind, Fame, Licence, Reference, ReferenceSet
from service.adapters.sql.audit import SqlAuditLog
from service.adapters.sql.owners import SqlRightsOwners
from service.adapters.sql.set_changes import SqlSetContents, SqlSetRecord
from service.adapters.sql.sets import SqlSetDirectory
from service.domain.audit import verify
from service.domain.errors import NotFound
from service.domain.registration import MOVES, RegisteredReference, RegisteredSet, RightsOwner, SetState
from service.domain.wording import Wording
from service.ports import RightsOwners, SetContents, SetDirectory, SetRecord
from tests.databases import fresh_database

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
OWNER = RightsOwner("own_1", "Oven Moon Animation", "register no. 7", "rights@oven.example", NOON)
T = TypeVar("T")


@dataclass
class Stores:
    """The four stores over one database."""

    engine: sa.Engine
    owners: RightsOwners
    directory: SetDirectory
    record: SetRecord
    contents: SetContents

    @classmethod
    def over(cls, engine: sa.Engine) -> Stores:
        return cls(
            engine, SqlRightsOwners(engine), SqlSetDirectory(engine), SqlSetRecord(engine), SqlSetContents(engine)
        )

    def found(self, slug: str = "moon-fox") -> RegisteredSet:
        item = self.directory.get(slug)
        assert item is not None
        return item

    def actions(self) -> list[str]:
        return [entry.action for entry in SqlAuditLog(self.engine).all_entries()]


def pictured(number: int, file: str = "") -> RegisteredReference:
    remark = {"code": "flat", "severity": "warn", "explanation": {"en": "Flat.", "zh": "平。"}, "value": 3.0}
    return RegisteredReference(
        f"ref_{number}", file or f"images/{number:02}.png", f"{number:064x}", NOON, "user:mo", (remark,)
    )


def made(slug: str = "moon-fox", owner: str | None = None, pictures: int = 2, **changes: Any) -> RegisteredSet:
    references = tuple(replace(pictured(number), id=f"{slug}_{number}") for number in range(1, pictures + 1))
    content = ReferenceSet(
        slug=slug,
        title={"en": "Moon Fox", "zh": "月狐"},
        references=tuple(Reference(item.file, item.sha256) for item in references),
        work={"en": "The Bakery"},
        fame=Fame.KNOWN,
        holder="Oven Moon",
        rights_evidence="bible, p. 3",
        aliases=(Alias("Moon Fox", "en", AliasKind.DISTINCTIVE), Alias("fox", "en", AliasKind.GENERIC)),
        licences=(Licence("any", "demo", "u-1", date(2027, 12, 31)), Licence("other", None, "u-2")),
    )
    return replace(RegisteredSet(content, owner, SetState.DRAFT, NOON, NOON, "passport", references), **changes)


def at_once(works: Sequence[Callable[[], T]]) -> list[T]:
    """Run in as many threads, begun together."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], T]) -> T:
        barrier.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


class SetsContract:
    """Subclasses give the fixture `stores`."""

    def test_what_was_added_comes_back_whole(self, stores: Stores) -> None:
        stores.owners.add(OWNER, "user:ad")
        added = made(owner="own_1", quarantine=Wording("Look.", "看。"))
        assert stores.record.add(added, "user:mo")
        licences = tuple(replace(item, id=f"moon-fox/licence-{n}") for n, item in enumerate(added.content.licences, 1))
        assert stores.found() == replace(added, content=replace(added.content, licences=licences))

    def test_times_come_back_in_utc(self, stores: Stores) -> None:
        elsewhere = NOON.astimezone(timezone(timedelta(hours=8)))
        stores.record.add(made(created=elsewhere, changed=elsewhere), "user:mo")
        assert (stores.found().created, stores.found().created.tzinfo) == (NOON, UTC)

    def test_a_slug_is_given_once(self, stores: Stores) -> None:
        assert stores.record.add(made(), "user:mo")
        assert not stores.record.add(made(pictures=0), "user:mo")
        assert len(stores.found().references) == 2
        assert stores.actions() == ["set.added"]

    def test_of_two_who_take_one_slug_one_gets_it(self, stores: Stores) -> None:
        works = [lambda n=n: stores.record.add(made(pictures=n), f"user:{n}") for n in range(4)]
        assert sorted(at_once(works)) == [False, False, False, True]

    def test_owners_are_listed_by_name_and_their_id_is_given_once(self, stores: Stores) -> None:
        assert stores.owners.add(OWNER, "user:ad")
        assert stores.owners.add(replace(OWNER, id="own_2", name="Amber"), "user:ad")
        assert not stores.owners.add(replace(OWNER, name="Somebody else"), "user:ad")
        assert [item.name for item in stores.owners.list_all()] == ["Amber", "Oven Moon Animation"]
        assert (stores.owners.get("own_1"), stores.owners.get("own_9")) == (OWNER, None)

    def test_sets_are_listed_by_slug_and_by_owner(self, stores: Stores) -> None:
        stores.owners.add(OWNER, "user:ad")
        stores.record.add(made("zebra", "own_1"), "user:mo")
        stores.record.add(made("adder"), "user:mo")
        assert [item.slug for item in stores.directory.list_all()] == ["adder", "zebra"]
        assert [item.slug for item in stores.directory.list_all("own_1")] == ["zebra"]
        assert stores.directory.list_all("own_9") == []
        assert stores.directory.get("nobody") is None

    def test_only_active_sets_are_in_force_and_all_but_drafts_are_known(self, stores: Stores) -> None:
        for slug in ("one", "two", "three"):
            stores.record.add(made(slug), "user:mo")
        stores.record.move("two", SetState.ACTIVE, "user:ad", NOON)
        stores.record.move("three", SetState.WITHDRAWN, "user:ad", NOON)
        force = stores.directory.in_force()
        assert [item.slug for item in force.sets] == ["two"]
        assert force.known == {"two", "three"}
        assert force.revision == stores.directory.revision()

    @pytest.mark.parametrize("state", list(SetState))
    @pytest.mark.parametrize("wanted", list(SetState))
    def test_a_set_moves_as_the_domain_allows(self, stores: Stores, state: SetState, wanted: SetState) -> None:
        stores.record.add(made(state=state), "user:mo")
        assert stores.record.move("moon-fox", wanted, "user:ad", NOON) is (wanted in MOVES[state])
        assert stores.found().state is (wanted if wanted in MOVES[state] else state)

    def test_activating_settles_what_was_said_against_a_set(self, stores: Stores) -> None:
        stores.record.add(made(quarantine=Wording("Look.", "看。")), "user:mo")
        stores.record.move("moon-fox", SetState.ACTIVE, "user:ad", NOON)
        assert stores.found().quarantine is None

    def test_every_change_of_an_active_set_is_a_new_revision(self, stores: Stores) -> None:
        record, contents = stores.record, stores.contents
        record.add(made(), "user:mo")
        changes: list[Callable[[], object]] = [
            lambda: record.move("moon-fox", SetState.ACTIVE, "user:ad", NOON),
            lambda: record.change("moon-fox", {"fame": Fame.FAMOUS}, "user:mo", NOON),
            lambda: record.put_aliases("moon-fox", [], "user:mo", NOON),
            lambda: contents.add_reference("moon-fox", pictured(7)),
            lambda: contents.remove_reference("moon-fox", "ref_7", "user:mo", NOON),
            lambda: contents.add_licence("moon-fox", Licence("", "atelier"), "user:mo", NOON),
            lambda: contents.end_licence("moon-fox", "licence-1", "user:mo", NOON),
            lambda: record.move("moon-fox", SetState.SUSPENDED, "user:ad", NOON),
        ]
        for change in changes:
            before = stores.directory.revision()
            change()
            assert stores.directory.revision() == before + 1

    def test_what_matching_does_not_see_is_no_new_revision(self, stores: Stores) -> None:
        stores.owners.add(OWNER, "user:ad")
        stores.record.add(made(), "user:mo")
        stores.record.move("moon-fox", SetState.ACTIVE, "user:ad", NOON)
        before = stores.directory.revision()
        unseen = {"rights_identity": "id card", "owner_id": "own_1", "quarantine": Wording("Look.", "看。")}
        for field, value in unseen.items():
            stores.record.change("moon-fox", {field: value}, "user:ad", NOON)
        assert stores.directory.revision() == before
        assert (stores.found().owner, stores.found().quarantine) == ("own_1", Wording("Look.", "看。"))

    def test_a_draft_is_no_new_revision_until_it_is_one_no_more(self, stores: Stores) -> None:
        before = stores.directory.revision()
        stores.record.add(made(), "user:mo")
        stores.contents.add_reference("moon-fox", pictured(7))
        assert stores.directory.revision() == before
        stores.record.move("moon-fox", SetState.WITHDRAWN, "user:mo", NOON)
        stores.record.add(made("other", state=SetState.ACTIVE), "user:mo")
        assert stores.directory.revision() == before + 2

    def test_fields_change_and_say_when(self, stores: Stores) -> None:
        stores.record.add(made(), "user:mo")
        later = NOON + timedelta(hours=1)
        fields = {"title": {"en": "Sun Fox"}, "work": {}, "rights_holder": "Sun", "rights_evidence": "contract"}
        stores.record.change("moon-fox", fields, "user:mo", later)
        item = stores.found()
        assert (item.content.title, item.content.work, item.content.holder) == ({"en": "Sun Fox"}, {}, "Sun")
        assert (item.content.rights_evidence, item.changed) == ("contract", later)

    def test_what_changes_nothing_leaves_no_trace(self, stores: Stores) -> None:
        stores.record.add(made(state=SetState.ACTIVE), "user:mo")
        item, revision, actions = stores.found(), stores.directory.revision(), stores.actions()
        same = {"title": item.content.title, "fame": item.content.fame}
        stores.record.change("moon-fox", same, "user:mo", NOON + timedelta(hours=1))
        stores.record.put_aliases("moon-fox", item.content.aliases, "user:mo", NOON + timedelta(hours=1))
        assert (stores.found(), stores.directory.revision(), stores.actions()) == (item, revision, actions)

    def test_aliases_keep_their_order(self, stores: Stores) -> None:
        stores.record.add(made(), "user:mo")
        wanted = tuple(Alias(text, "und", AliasKind.DISTINCTIVE) for text in ("b", "a", "月", "c"))
        stores.record.put_aliases("moon-fox", wanted, "user:mo", NOON)
        assert stores.found().content.aliases == wanted

    def test_a_set_has_a_picture_once_until_it_is_removed(self, stores: Stores) -> None:
        stores.record.add(made(pictures=0), "user:mo")
        assert stores.contents.add_reference("moon-fox", pictured(1)) == pictured(1)
        twin = replace(pictured(1), id="ref_2", file="images/twin.png")
        assert stores.contents.add_reference("moon-fox", twin) is None
        assert stores.contents.remove_reference("moon-fox", "ref_1", "user:mo", NOON)
        assert not stores.contents.remove_reference("moon-fox", "ref_1", "user:mo", NOON)
        assert stores.contents.add_reference("moon-fox", twin) == twin
        assert stores.found().references == (twin,)

    def test_two_pictures_of_one_name_keep_a_name_each(self, stores: Stores) -> None:
        stores.record.add(made(pictures=0), "user:mo")
        for number in (1, 2):
            stores.contents.add_reference("moon-fox", pictured(number, "images/a.png"))
        assert [item.file for item in stores.found().references] == ["images/a-000000000000.png", "images/a.png"]

    def test_of_the_same_picture_added_at_once_one_wins(self, stores: Stores) -> None:
        stores.record.add(made(pictures=0), "user:mo")
        works = [
            lambda n=n: stores.contents.add_reference("moon-fox", replace(pictured(1), id=f"ref_{n}")) for n in range(6)
        ]
        assert len([kept for kept in at_once(works) if kept is not None]) == 1
        assert len(stores.found().references) == 1

    def test_different_pictures_of_one_name_added_at_once_all_stay(self, stores: Stores) -> None:
        stores.record.add(made(pictures=0), "user:mo")
        numbers = [16**40 * n for n in range(1, 7)]
        works = [lambda n=n: stores.contents.add_reference("moon-fox", pictured(n, "images/a.png")) for n in numbers]
        kept = at_once(works)
        assert len({item.file for item in kept if item}) == len(stores.found().references) == 6

    def test_licences_never_share_a_name(self, stores: Stores) -> None:
        stores.record.add(made(), "user:mo")
        works = [
            lambda n=n: stores.contents.add_licence("moon-fox", Licence("", f"p-{n}"), "user:mo", NOON)
            for n in range(6)
        ]
        names = {licence.id for licence in at_once(works)}
        assert names == {f"moon-fox/licence-{n}" for n in range(3, 9)}
        assert stores.contents.end_licence("moon-fox", "licence-8", "user:mo", NOON)
        again = stores.contents.add_licence("moon-fox", Licence("", "p-9"), "user:mo", NOON)
        assert again == Licence("moon-fox/licence-9", "p-9")

    def test_a_licence_ends_once(self, stores: Stores) -> None:
        stores.record.add(made(), "user:mo")
        assert stores.contents.end_licence("moon-fox", "licence-1", "user:mo", NOON)
        assert not stores.contents.end_licence("moon-fox", "licence-1", "user:mo", NOON)
        assert not stores.contents.end_licence("moon-fox", "licence-99", "user:mo", NOON)
        assert [item.uploader for item in stores.found().content.licences] == ["u-2"]

    def test_the_holders_of_a_picture_are_known_unless_withdrawn(self, stores: Stores) -> None:
        for slug in ("one", "two", "three"):
            stores.record.add(made(slug, pictures=2), "user:mo")
        stores.record.move("three", SetState.WITHDRAWN, "user:mo", NOON)
        stores.contents.remove_reference("two", "two_2", "user:mo", NOON)
        asked = [f"{number:064x}" for number in range(2000)]
        assert stores.directory.holding(asked) == {asked[1]: ("one", "two"), asked[2]: ("one",)}
        assert stores.directory.holding([]) == {}

    @pytest.mark.parametrize(
        "change",
        [
            lambda s: s.record.change("nobody", {"fame": Fame.FAMOUS}, "user:mo", NOON),
            lambda s: s.record.move("nobody", SetState.ACTIVE, "user:mo", NOON),
            lambda s: s.record.put_aliases("nobody", [], "user:mo", NOON),
            lambda s: s.contents.add_reference("nobody", pictured(1)),
            lambda s: s.contents.remove_reference("nobody", "ref_1", "user:mo", NOON),
            lambda s: s.contents.add_licence("nobody", Licence("", "a"), "user:mo", NOON),
            lambda s: s.contents.end_licence("nobody", "licence-1", "user:mo", NOON),
        ],
    )
    def test_a_set_that_is_not_there_cannot_be_changed(
        self, stores: Stores, change: Callable[[Stores], object]
    ) -> None:
        with pytest.raises(NotFound):
            change(stores)

    def test_every_change_is_in_the_audit_log_by_whom(self, stores: Stores) -> None:
        stores.owners.add(OWNER, "user:ad")
        stores.record.add(made(), "user:mo")
        stores.record.change("moon-fox", {"fame": Fame.FAMOUS}, "key:oven", NOON)
        stores.record.change("moon-fox", {"quarantine": Wording("Look.", "看。")}, "system", NOON)
        stores.record.move("moon-fox", SetState.ACTIVE, "user:ad", NOON)
        stores.record.put_aliases("moon-fox", [], "user:mo", NOON)
        stores.contents.add_reference("moon-fox", pictured(9))
        stores.contents.remove_reference("moon-fox", "ref_9", "user:mo", NOON)
        stores.contents.add_licence("moon-fox", Licence("", "a", until=date(2027, 1, 1)), "user:mo", NOON)
        stores.contents.end_licence("moon-fox", "licence-3", "user:mo", NOON)
        assert stores.actions() == [
            "owner.registered",
            "set.added",
            "set.changed",
            "set.quarantined",
            "set.activated",
            "aliases.replaced",
            "reference.added",
            "reference.removed",
            "licence.granted",
            "licence.ended",
        ]
        log = SqlAuditLog(stores.engine)
        assert verify(log.all_entries(), head=log.head()) is None
        change = log.entries(subject="set:moon-fox")[1]
        assert (change.actor, change.before, change.after) == ("key:oven", '{"fame":"known"}', '{"fame":"famous"}')


class TestSqlite(SetsContract):
    @pytest.fixture
    def stores(self, tmp_path: Path) -> Iterator[Stores]:
        engine = fresh_database(f"sqlite:///{tmp_path / 'record.db'}")
        yield Stores.over(engine)
        engine.dispose()


class TestPostgres(SetsContract):
    @pytest.fixture
    def stores(self, postgres_url: str) -> Iterator[Stores]:
        engine = fresh_database(postgres_url)
        yield Stores.over(engine)
        engine.dispose()
