"""Registration: whose a set is, what it needs, and what is told of it. HTTP's view is in tests/api."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest

from indexer.model import Alias, AliasKind, PictureFile, ReferenceSet
from service.domain.errors import InvalidFields, NotFound, NotPermitted, ServiceError, TooLarge, WrongState
from service.domain.identity import Caller
from service.domain.registration import RegisteredReference, RegisteredSet, SetState
from service.usecases.references import MOST_AT_ONCE, MOST_IN_A_SET, Outcome, file_name
from service.usecases.registration import NewSet, SetChanges
from tests.fakes import FakeReferenceIndex
from tests.registration import ADMIN, DAMAGED, MODERATOR, OWNER, PLATFORM, RIVAL, UNKNOWN, Bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.engine.dispose()


def alias(text: str, kind: AliasKind = AliasKind.DISTINCTIVE) -> Alias:
    return Alias(text, "en", kind)


@pytest.mark.parametrize("who", [RIVAL, UNKNOWN, PLATFORM])
@pytest.mark.parametrize(
    "act",
    [
        lambda b, who: b.registration.get(who, "moon-fox"),
        lambda b, who: b.registration.change(who, "moon-fox", SetChanges(holder="Me")),
        lambda b, who: b.registration.put_aliases(who, "moon-fox", []),
        lambda b, who: b.registration.alias_remarks(who, "moon-fox"),
        lambda b, who: b.registration.suspend(who, "moon-fox"),
        lambda b, who: b.registration.withdraw(who, "moon-fox"),
        lambda b, who: b.registration.grant(who, "moon-fox", platform="a", uploader=None),
        lambda b, who: b.registration.end_licence(who, "moon-fox", "licence-1"),
        lambda b, who: b.references.add(who, "moon-fox", []),
        lambda b, who: b.references.remove(who, "moon-fox", "ref_1"),
        lambda b, who: b.references.picture(who, "moon-fox", "ref_1"),
        lambda b, who: b.references.advice(who, "moon-fox"),
        lambda b, who: b.references.conflicts(who, "moon-fox"),
    ],
)
def test_a_set_is_not_there_for_whom_it_does_not_concern(
    bench: Bench, who: Caller, act: Callable[[Bench, Caller], object]
) -> None:
    bench.made()
    with pytest.raises(NotFound, match="there is no reference set moon-fox"):
        act(bench, who)


def test_a_set_that_admins_keep_belongs_to_no_owner_without_one(bench: Bench) -> None:
    bench.made("kept", ADMIN)
    assert bench.registration.list_all(UNKNOWN) == []
    with pytest.raises(NotFound):
        bench.registration.get(UNKNOWN, "kept")


def test_everybody_lists_what_they_may_see(bench: Bench) -> None:
    bench.made("own")
    bench.made("theirs", RIVAL)
    bench.made("kept", ADMIN)
    seen = {who.name: [item.slug for item in bench.registration.list_all(who)] for who in (ADMIN, MODERATOR, OWNER)}
    assert seen == {"ad": ["kept", "own", "theirs"], "mo": ["kept", "own", "theirs"], "ro": ["own"]}
    assert bench.registration.list_all(OWNER, "rival") == []
    assert [item.slug for item in bench.registration.list_all(ADMIN, "rival")] == ["theirs"]
    assert bench.registration.list_all(PLATFORM) == []


@pytest.mark.parametrize(
    ("who", "owner", "error"),
    [
        (UNKNOWN, None, NotPermitted),
        (Caller("x", OWNER.role, owner="nobody"), None, NotPermitted),
        (OWNER, "rival", NotPermitted),
        (MODERATOR, None, NotPermitted),
        (PLATFORM, None, NotPermitted),
        (ADMIN, "nobody", InvalidFields),
    ],
)
def test_a_set_needs_an_owner_that_is_the_callers(
    bench: Bench, who: Caller, owner: str | None, error: type[ServiceError]
) -> None:
    with pytest.raises(error):
        bench.registration.create(who, NewSet("moon-fox", {"en": "Moon Fox"}, owner=owner))
    assert bench.directory.get("moon-fox") is None


def test_an_admin_gives_a_set_to_another_owner_and_nobody_else_does(bench: Bench) -> None:
    bench.made()
    with pytest.raises(NotPermitted):
        bench.registration.change(OWNER, "moon-fox", SetChanges(owner="rival"))
    assert bench.registration.change(ADMIN, "moon-fox", SetChanges(owner="rival")).owner == "rival"
    with pytest.raises(NotFound):
        bench.registration.get(OWNER, "moon-fox")


def test_who_speaks_for_nobody_yet_registers_themselves_once(bench: Bench) -> None:
    made = bench.registration.register_owner(UNKNOWN, " Lamp Ltd ", identity="no. 7", contact="a@b.example")
    assert (made.name, bench.owners.get(made.id)) == ("Lamp Ltd", made)
    for who in (OWNER, MODERATOR, PLATFORM):
        with pytest.raises(NotPermitted):
            bench.registration.register_owner(who, "Another")


def test_every_change_tells_matching_to_look(bench: Bench) -> None:
    bench.made()
    for act in (
        lambda: bench.added(b"a"),
        lambda: bench.registration.activate(ADMIN, "moon-fox"),
        lambda: bench.registration.put_aliases(OWNER, "moon-fox", [alias("Moon Foxling")]),
        lambda: bench.registration.grant(OWNER, "moon-fox", platform="a", uploader=None),
    ):
        before = bench.woken
        act()
        assert bench.woken > before


def test_texts_are_kept_without_the_space_around_them(bench: Bench) -> None:
    aliases = [Alias(" Fox ling ", "", AliasKind.SERIES)]
    given = NewSet("moon-fox", {"en": " Moon Fox "}, holder=" Oven\n", aliases=aliases)
    item = bench.registration.create(OWNER, given)
    assert (item.content.title, item.content.holder) == ({"en": "Moon Fox"}, "Oven")
    assert item.content.aliases == (Alias("Fox ling", "und", AliasKind.SERIES),)


def test_faults_are_told_in_both_languages(bench: Bench) -> None:
    with pytest.raises(InvalidFields) as refused:
        bench.registration.create(OWNER, NewSet("Bad Slug", {}, aliases=[alias("")]))
    assert [fault.location for fault in refused.value.faults] == ["slug", "aliases[0].text", "title"]
    assert all(fault.zh for fault in refused.value.faults)


def test_activating_twice_is_activating(bench: Bench) -> None:
    bench.made()
    bench.added(b"a")
    for _ in range(2):
        assert bench.registration.activate(ADMIN, "moon-fox").state is SetState.ACTIVE


def test_a_draft_cannot_be_suspended(bench: Bench) -> None:
    bench.made()
    with pytest.raises(WrongState, match="is draft, and cannot become suspended"):
        bench.registration.suspend(OWNER, "moon-fox")


def test_a_licence_holds_from_today_on(bench: Bench) -> None:
    bench.made()
    today = bench.now.date()
    given = bench.registration.grant(OWNER, "moon-fox", platform=" atelier ", uploader="  ", until=today)
    assert (given.platform, given.uploader, given.until) == ("atelier", None, today)
    with pytest.raises(InvalidFields):
        bench.registration.grant(OWNER, "moon-fox", platform="a", uploader=None, until=today - timedelta(days=1))
    bench.registration.end_licence(OWNER, "moon-fox", given.id)
    with pytest.raises(NotFound):
        bench.registration.end_licence(OWNER, "moon-fox", given.id)


def test_a_name_that_another_owner_has_in_force_is_told_and_ones_own_is_not(bench: Bench) -> None:
    bench.made("theirs", RIVAL)
    bench.made("own")
    bench.made()
    sets = [
        ReferenceSet(slug, {"en": slug}, (), aliases=(alias(text),))
        for slug, text in (("theirs", "Kestrel Brightlamp"), ("own", "Rook Lampwing"), ("folder", "Owl Candlewick"))
    ]
    bench.index.index = FakeReferenceIndex(sets)
    given = [alias(text) for text in ("Kestrel Brightlamp", "Rook Lampwing", "Owl Candlewick")]
    _, remarks = bench.registration.put_aliases(OWNER, "moon-fox", given)
    told = [[item.about for item in found.remarks if item.code == "alias_of_another_set"] for found in remarks]
    # Nobody knows whose the sets of a folder are.
    assert told == [["theirs"], [], ["folder"]]
    assert bench.registration.alias_remarks(OWNER, "moon-fox") == remarks


def test_a_picture_goes_to_the_blob_store_with_what_was_computed_of_it(bench: Bench) -> None:
    bench.made()
    bench.added(b"a")
    (known,) = bench.registration.get(OWNER, "moon-fox").references
    assert bench.blobs.kept == {
        f"pictures/{known.sha256}": b"a",
        f"signals/tiny-1/{known.sha256}": b"signals",
        f"thumbnails/{known.sha256}": b"thumbnail",
    }
    assert (known.file, known.added_by) == ("images/0.png", "user:ad")


def test_what_cannot_be_read_is_refused_and_what_is_there_is_told(bench: Bench) -> None:
    bench.made()
    files = [PictureFile(f"{n}.png", data) for n, data in enumerate((b"a", DAMAGED, b"a", b"b"))]
    outcomes = [report.outcome for report in bench.references.add(OWNER, "moon-fox", files)]
    assert outcomes == [Outcome.ADDED, Outcome.REFUSED, Outcome.ALREADY_THERE, Outcome.ADDED]


def test_a_set_takes_no_more_pictures_than_it_may(bench: Bench) -> None:
    held = [RegisteredReference(f"ref_{n}", f"{n}.png", f"{n:064}", bench.now, "x") for n in range(MOST_IN_A_SET - 1)]
    content = ReferenceSet("moon-fox", {"en": "Moon Fox"}, ())
    bench.record.add(
        RegisteredSet(content, "oven", SetState.DRAFT, bench.now, bench.now, references=tuple(held)), "user:ad"
    )
    for many in (2, MOST_AT_ONCE + 1):
        with pytest.raises(TooLarge):
            bench.references.add(OWNER, "moon-fox", [PictureFile("a.png", b"%d" % n) for n in range(many)])
    assert bench.added(b"the last")


def test_nobody_takes_the_name_of_a_set_in_force_that_the_record_does_not_know(bench: Bench) -> None:
    bench.index.index = FakeReferenceIndex([ReferenceSet("moon-fox", {"en": "Moon Fox"}, ())])
    with pytest.raises(InvalidFields, match="slug: moon-fox is taken"):
        bench.made()
    assert bench.made(who=ADMIN)


def test_conflicts_are_with_other_owners_alone(bench: Bench) -> None:
    bench.made("theirs", RIVAL)
    bench.made("own")
    bench.made()
    bench.assessor.conflicts = ["own", "theirs", "folder"]
    (reference_id,) = bench.added(b"a")
    (known,) = bench.registration.get(OWNER, "moon-fox").references
    assert [remark["about"] for remark in known.remarks] == ["theirs", "folder"]
    found = bench.references.conflicts(OWNER, "moon-fox")
    assert [remark["about"] for remark in found[reference_id]] == ["theirs", "folder"]


def test_a_file_that_another_owner_registers_later_is_a_conflict_of_both(bench: Bench) -> None:
    bench.made()
    bench.made("theirs", RIVAL)
    (own,) = bench.added(b"a")
    assert bench.references.conflicts(OWNER, "moon-fox") == {}
    (theirs,) = bench.added(b"a", slug="theirs")
    assert [item["about"] for item in bench.references.conflicts(OWNER, "moon-fox")[own]] == ["theirs"]
    assert [item["about"] for item in bench.references.conflicts(RIVAL, "theirs")[theirs]] == ["moon-fox"]
    bench.registration.withdraw(RIVAL, "theirs")
    assert bench.references.conflicts(OWNER, "moon-fox") == {}


def test_a_removed_picture_stays_in_the_blob_store_and_is_shown_no_more(bench: Bench) -> None:
    bench.made()
    (reference_id,) = bench.added(b"\x89PNG\r\n\x1a\n")
    assert bench.references.picture(OWNER, "moon-fox", reference_id).media_type == "image/png"
    kept = dict(bench.blobs.kept)
    bench.references.remove(OWNER, "moon-fox", reference_id)
    assert bench.blobs.kept == kept
    for act in (bench.references.picture, bench.references.remove):
        with pytest.raises(NotFound):
            act(OWNER, "moon-fox", reference_id)


def test_without_its_thumbnail_a_picture_is_shown_whole_and_a_lost_one_is_told(bench: Bench) -> None:
    bench.made()
    (reference_id,) = bench.added(b"a")
    assert bench.references.picture(OWNER, "moon-fox", reference_id, thumbnail=True).data == b"thumbnail"
    for name in [name for name in bench.blobs.kept if name.startswith("thumbnails/")]:
        bench.blobs.delete(name)
    assert bench.references.picture(OWNER, "moon-fox", reference_id, thumbnail=True).data == b"a"
    bench.blobs.kept.clear()
    with pytest.raises(NotFound, match="the blob store has lost it"):
        bench.references.picture(OWNER, "moon-fox", reference_id)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a.png", "images/a.jpg"),
        ("/x/y\\z.webp", "images/z.jpg"),
        ("..", "images/picture.jpg"),
        ("", "images/picture.jpg"),
        ("scene.3", "images/scene.3.jpg"),
        ("con\r\nname.exe", "images/con-name.jpg"),
        ("e\u0301te\u0301.png", "images/été.jpg"),
    ],
)
def test_a_file_is_named_after_what_it_was_called(sent: str, kept: str) -> None:
    assert file_name(sent, ".jpg") == kept


def test_dates_are_dates(bench: Bench) -> None:
    bench.made()
    bench.registration.grant(OWNER, "moon-fox", platform="a", uploader=None, until=date(2099, 12, 31))
    assert bench.registration.get(OWNER, "moon-fox").content.licences[0].until == date(2099, 12, 31)
