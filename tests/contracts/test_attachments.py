"""Files of notices and counter-notices: who gives them, who reads them, and what is refused, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from service.adapters.sql.tables import audit_entries, outbox
from service.domain.errors import InvalidFields, NotFound, NotPermitted, TooLarge, UnsupportedContent, WrongState
from service.domain.identity import Caller, Role
from service.domain.notice import Accused, NoticeState
from service.ports import Token
from service.usecases.notice_access import Who
from tests.notices import ATELIER, BAZAAR, GIVEN, MO, OWNER, REPLY, RIVAL, Bench

PDF = b"%PDF-1.7 a contract"
PNG = b"\x89PNG\r\n\x1a\n a sketch"
COLLEAGUE = Caller("rosa", Role.RIGHTS_OWNER, "ro", via="user")
UNA = Token("0" * 64, "", "atelier", "u-1")
UNKNOWN = Token("2" * 64, "", "atelier", None)
STRANGER = Token("1" * 64, "", "atelier", "u-9")


def of(who: Who, notice_id: str) -> Who:
    """Give somebody who comes by a link the link of this notice."""
    return replace(who, notice_id=notice_id) if isinstance(who, Token) else who


def names_seen(bench: Bench, notice_id: str, who: Who) -> list[str]:
    return [item.name for item in bench.desk.open(notice_id, of(who, notice_id)).correspondence.attachments]


@pytest.fixture
def shown(bench: Bench) -> str:
    """Have every party give a file to one notice; return its id."""
    notice_id = bench.acted()
    for who, name in ((OWNER, "register.pdf"), (MO, "memo.pdf"), (ATELIER, "terms.pdf")):
        bench.attachments.add(notice_id, name, PDF + name.encode(), who)
    bench.counters.receive(notice_id, REPLY, of(UNA, notice_id), [("sketch.png", PNG)])
    return notice_id


READERS: list[tuple[Who, set[str]]] = [
    (MO, {"register.pdf", "memo.pdf", "terms.pdf", "sketch.png"}),
    (OWNER, {"register.pdf", "terms.pdf", "sketch.png"}),
    (COLLEAGUE, {"register.pdf", "terms.pdf", "sketch.png"}),
    (ATELIER, {"terms.pdf", "sketch.png"}),
    (BAZAAR, set()),
    (UNA, {"sketch.png"}),
    (UNKNOWN, set()),
    (STRANGER, set()),
]


def test_a_file_is_read_by_moderators_by_its_party_and_by_the_notifier_where_it_is_passed_on(
    bench: Bench, shown: str
) -> None:
    every = bench.desk.open(shown, MO).correspondence.attachments
    for who, seen in READERS:
        assert set(names_seen(bench, shown, who)) == seen, who
        for item in every:
            if item.name in seen:
                assert bench.attachments.read(shown, item.id, of(who, shown))[0] == item
            else:
                with pytest.raises(NotFound):
                    bench.attachments.read(shown, item.id, of(who, shown))


def test_a_notice_of_another_rights_owner_takes_and_gives_no_file(bench: Bench, shown: str) -> None:
    item = bench.desk.open(shown, MO).correspondence.attachments[0]
    with pytest.raises(NotFound):
        bench.attachments.read(shown, item.id, RIVAL)
    with pytest.raises(NotFound):
        bench.attachments.add(shown, "a.pdf", PDF, RIVAL)


def test_files_of_a_counter_notice_are_passed_on_with_it(bench: Bench, shown: str) -> None:
    found = next(item for item in bench.desk.open(shown, MO).correspondence.attachments if item.name == "sketch.png")
    assert (found.party, found.added_by) == ("uploader:atelier/u-1", "uploader:atelier/u-1")
    with bench.engine.connect() as connection:
        kind = outbox.c.kind == "notice.counter_notice"
        payload = connection.scalars(sa.select(outbox.c.payload).where(kind)).first()
        action = audit_entries.c.action == "notice.counter_notice_received"
        entry = connection.scalars(sa.select(audit_entries.c.after).where(action)).one()
    assert found.sha256 in str(payload)
    assert found.sha256 in str(entry)
    letters = bench.desk.open(shown, OWNER).correspondence.letters
    (passed_on,) = [item for item in letters if item.kind == "counter_notice"]
    assert "Attached: sketch.png" in passed_on.text.en
    assert "所附文件：sketch.png" in passed_on.text.zh


def test_no_party_takes_up_the_room_of_another(bench: Bench) -> None:
    notice_id = bench.acted()
    una = of(UNA, notice_id)
    for number in range(3):
        bench.attachments.add(notice_id, f"{number}.pdf", PDF + bytes([number]), una)
    with pytest.raises(InvalidFields, match="3 files"):
        bench.attachments.add(notice_id, "3.pdf", PDF + bytes([3]), una)
    assert bench.attachments.add(notice_id, "register.pdf", PDF, OWNER).party == "notifier"


def test_the_same_file_is_kept_once_a_party_and_tells_nobody_of_the_others(bench: Bench) -> None:
    notice_id = bench.acted()
    first = bench.attachments.add(notice_id, "ours.pdf", PDF, OWNER)
    assert bench.attachments.add(notice_id, "again.pdf", PDF, COLLEAGUE) == first
    theirs = bench.attachments.add(notice_id, "theirs.pdf", PDF, of(UNA, notice_id))
    assert (theirs.name, theirs.sha256) == ("theirs.pdf", first.sha256)
    assert names_seen(bench, notice_id, OWNER) == ["ours.pdf", "theirs.pdf"]


def test_the_one_link_of_all_unknown_uploaders_gives_no_file_back(bench: Bench) -> None:
    accused = (Accused("atelier", "model-1"), Accused("atelier", "never screened"))
    notice_id = bench.acted(replace(GIVEN, accused=accused))
    unknown = of(UNKNOWN, notice_id)
    for number in range(3):
        bench.attachments.add(notice_id, f"passport {number}.pdf", PDF + bytes([number]), unknown)
    terms = bench.attachments.add(notice_id, "terms.pdf", PDF, ATELIER)
    assert names_seen(bench, notice_id, UNKNOWN) == []
    with pytest.raises(NotFound):
        bench.attachments.read(notice_id, terms.id, unknown)
    for who in (ATELIER, OWNER, MO):
        assert len(names_seen(bench, notice_id, who)) == 4
    assert names_seen(bench, notice_id, UNA) == []


def test_the_notifier_is_told_of_a_file_that_the_other_side_shows(bench: Bench) -> None:
    notice_id = bench.acted()
    for who, name in ((ATELIER, "terms.pdf"), (OWNER, "register.pdf"), (MO, "memo.pdf")):
        bench.attachments.add(notice_id, name, PDF + name.encode(), who)
    letters = bench.desk.open(notice_id, OWNER).correspondence.letters
    assert [item.text.en.split(": ")[1] for item in letters if item.kind == "attachment"] == [
        "terms.pdf. You find it with the notice."
    ]


def test_what_an_admin_brings_for_the_notifier_is_the_notifiers(bench: Bench) -> None:
    notice_id = bench.acted()
    assert bench.attachments.add(notice_id, "register.pdf", PDF, MO, for_notifier=True).party == "notifier"
    assert names_seen(bench, notice_id, OWNER) == ["register.pdf"]
    with pytest.raises(NotPermitted):
        bench.attachments.add(notice_id, "a.pdf", PNG, ATELIER, for_notifier=True)


def test_what_moderators_send_for_an_uploader_is_the_uploaders(bench: Bench) -> None:
    notice_id = bench.acted()
    asked = replace(REPLY, uploads=(("atelier", "model-1"),))
    bench.counters.receive(notice_id, asked, MO, [("sketch.png", PNG)])
    assert names_seen(bench, notice_id, UNA) == names_seen(bench, notice_id, OWNER) == ["sketch.png"]


def test_bytes_that_were_lost_come_back_with_the_same_file(bench: Bench) -> None:
    notice_id = bench.acted()
    found = bench.attachments.add(notice_id, "ours.pdf", PDF, OWNER)
    bench.blobs.kept.clear()
    with pytest.raises(NotFound):
        bench.attachments.read(notice_id, found.id, OWNER)
    bench.attachments.add(notice_id, "ours.pdf", PDF, OWNER)
    assert bench.attachments.read(notice_id, found.id, OWNER) == (found, PDF)


@pytest.mark.parametrize(
    ("name", "data", "refused"),
    [
        ("page.html", b"<html>", UnsupportedContent),
        ("empty.pdf", b"", UnsupportedContent),
        ("huge.pdf", PDF + bytes(1_000), TooLarge),
        ("", PDF, InvalidFields),
        ("two\nlines.pdf", PDF, InvalidFields),
    ],
)
def test_with_a_file_that_is_refused_no_counter_notice_is_received(
    bench: Bench, name: str, data: bytes, refused: type[Exception]
) -> None:
    notice_id = bench.acted()
    with pytest.raises(refused):
        bench.counters.receive(notice_id, REPLY, of(UNA, notice_id), [("sketch.png", PNG), (name, data)])
    view = bench.desk.open(notice_id, MO)
    assert view.notice.state is NoticeState.MEASURES_TAKEN
    assert view.correspondence.counter_notices == view.correspondence.attachments == ()
    assert not bench.blobs.kept


def test_nothing_is_added_to_a_notice_that_has_ended(bench: Bench) -> None:
    notice_id = bench.acted()
    bench.desk.withdraw(notice_id, OWNER)
    with pytest.raises(WrongState):
        bench.attachments.add(notice_id, "late.pdf", PDF, OWNER)
