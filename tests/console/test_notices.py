"""Notices in the rooms of moderators and of rights owners."""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from indexer.model import Licence
from service.domain.identity import Caller, Role
from service.domain.measure import MeasureKind
from service.domain.notice import Accused, NoticeState
from service.domain.wording import Wording
from service.ports import NoticeFilter
from tests.conftest import RecordIn, TinySnapshot
from tests.console import notice_bench as bench
from tests.console.conftest import House
from tests.console.notice_bench import FULL, REFERENCE, SET, given_by, id_in, owner
from tests.fakes import draw, encoded

MO = Caller("mo", Role.MODERATOR, via="user")
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def house(
    tiny_snapshot: TinySnapshot, tmp_path_factory: pytest.TempPathFactory, record_in: RecordIn
) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("notices")
    with bench.started(folder, tiny_snapshot.out, record_in(folder)) as house:
        for name, uploader in (("rook-1", "u-1"), ("rook-2", "u-2"), ("rook-3", "u-2")):
            bench.screen(house, name, "Evening Rookling, take two", REFERENCE, uploader)
        bench.screen(house, "forest", "Night forest", encoded(draw(71, 2)))
        bench.in_force(house)
        yield house


@pytest.fixture
def swept_notice(house: House) -> str:
    """Give a notice that names one upload and one that is none, and wait for its sweep; return its id."""
    received = given_by(
        house, accused=(Accused("atelier", "rook-1"), Accused("atelier", "gone")), reference_sets=(SET,)
    )
    assert received.notice.sweep_id is not None
    bench.swept(house, received.notice.sweep_id)
    return received.notice.id


def said(text: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)))


def state_of(house: House, notice_id: str) -> NoticeState:
    return house.wired.notices.open(notice_id, MO).notice.state


def in_force(house: House, notice_id: str) -> dict[str, tuple[MeasureKind, Wording]]:
    taken = house.wired.notices.open(notice_id, MO).measures
    return {item.external_id: (item.kind, item.statement) for item in taken if item.ended is None}


def value(name: str) -> str:
    return f'["atelier","{name}"]'


# --- Who may see what ---


@pytest.mark.parametrize(
    ("name", "path", "status"),
    [
        ("mo", "/console/notices", 200),
        ("ada", "/console/notices", 200),
        ("owen", "/console/notices", 403),
        ("mo", "/console/sweeps", 200),
        ("owen", "/console/sweeps", 403),
        ("mo", "/console/own-notices", 403),
        ("ada", "/console/own-notices", 200),
        ("owen", "/console/own-notices", 200),
        ("mo", "/console/notices/ntc_none", 404),
    ],
)
def test_each_role_has_its_rooms(house: House, name: str, path: str, status: int) -> None:
    assert house.visitor(name).get(path).status_code == status


def test_another_owners_notice_is_not_there(house: House) -> None:
    notice_id = given_by(house).notice.id
    mine, theirs = owner(house), owner(house, "rival")
    path = f"/console/own-notices/{notice_id}"
    assert mine.get(path).status_code == 200
    assert theirs.get(path).status_code == 404
    for part in ("complete", "files", "withdraw", "suit", "evidence-pack"):
        assert theirs.post(f"{path}/{part}", FULL).status_code == 404, part
    assert theirs.post(f"/console/notices/{notice_id}/close").status_code == 403
    assert notice_id not in theirs.get("/console/own-notices").text
    assert notice_id in mine.get("/console/own-notices").text


# --- The list ---


def test_the_list_is_narrowed_by_state_and_law(house: House) -> None:
    notice_id = given_by(house, work="Narrowed Rook").notice.id
    visitor = house.visitor("mo")
    for query, shown in (("", True), ("state=complete", True), ("state=closed", False), ("jurisdiction=us", False)):
        assert (notice_id in visitor.get(f"/console/notices?{query}&order=newest").text) is shown, query
    assert visitor.get("/console/notices?state=x&jurisdiction=y&order=z&overdue=2").status_code == 200
    assert visitor.get("/console/notices?cursor=x").status_code == 422


def test_what_is_past_its_term_is_overdue(house: House) -> None:
    notice_id = given_by(house, work="Overdue Rook").notice.id
    assert notice_id not in house.visitor("mo").get("/console/notices?overdue=1").text
    engine = sa.create_engine(house.wired.settings.database)
    with engine.begin() as connection:
        change = sa.text("update notices set completed = '2026-01-01 00:00:00.000000' where id = :id")
        connection.execute(change, {"id": notice_id})
    engine.dispose()
    page = house.visitor("mo").get("/console/notices?overdue=1").text
    assert notice_id in page
    assert "overdue" in said(page)
    assert house.wired.notice_queue.counters().overdue == 1


# --- One notice ---


def test_a_notice_shows_what_it_names_beside_what_its_sweep_found(house: House, swept_notice: str) -> None:
    page = house.visitor("mo").get(f"/console/notices/{swept_notice}").text
    text = said(page)
    for told in ("rook-1", "rook-2", "rook-3", "gone", "matches plainly", "Never screened here", "named in the notice"):
        assert told in text
    assert "All that the law asks for is there" in text
    assert "3 days" not in text
    pictures = re.findall(r'<img src="(/console/screenings/[^"]+)"', page)
    assert len(pictures) == 3
    answer = house.visitor("mo").get(html.unescape(pictures[0]))
    assert answer.headers["content-type"].startswith("image/")
    assert house.visitor("owen").get(html.unescape(pictures[0])).status_code == 403


def test_measures_are_taken_against_all_that_is_named_and_found(house: House, swept_notice: str) -> None:
    visitor = house.visitor("mo")
    visitor.get(f"/console/notices/{swept_notice}")
    done = visitor.post(f"/console/notices/{swept_notice}/measures", {"scope": "all", "kind": "unpublish"})
    assert "Measures taken: 3. Uploads left as they were: 1." in done.text
    assert set(in_force(house, swept_notice)) == {"rook-1", "rook-2", "rook-3"}
    assert state_of(house, swept_notice) is NoticeState.MEASURES_TAKEN


def test_measures_are_taken_against_the_chosen_with_the_statement_as_it_was_changed(
    house: House, swept_notice: str
) -> None:
    visitor = house.visitor("mo")
    visitor.get(f"/console/notices/{swept_notice}")
    text = {"statement_en": "{upload} must go.\r\n\r\nSee:\r\n- {found}", "statement_zh": "{upload} 须下架。"}
    fields = {"scope": "chosen", "kind": "hold", "uploads": [value("rook-2")], **text}
    visitor.post(f"/console/notices/{swept_notice}/measures", fields)
    taken = in_force(house, swept_notice)
    assert list(taken) == ["rook-2"]
    kind, statement = taken["rook-2"]
    assert (kind, statement.zh) == (MeasureKind.HOLD, "rook-2 须下架。")
    assert re.match(r"rook-2 must go\.\n\nSee:\n- .*picture", statement.en, re.DOTALL)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"scope": "chosen"}, "uploads"),
        ({"scope": "chosen", "uploads": ["x", "[]", '["a"]', '{"a":1}', '["a",1]']}, "uploads"),
        ({"scope": "chosen", "uploads": [value("forest")]}, "uploads"),
        ({"statement_en": "no place", "statement_zh": "{upload}"}, "statement_en"),
        ({"statement_en": "{upload}", "statement_zh": ""}, "statement_zh"),
    ],
)
def test_what_is_wrong_with_measures_is_told_and_none_is_taken(
    house: House, swept_notice: str, fields: dict[str, Any], field: str
) -> None:
    visitor = house.visitor("mo")
    visitor.get(f"/console/notices/{swept_notice}")
    answer = visitor.post(f"/console/notices/{swept_notice}/measures", fields)
    assert (answer.status_code, f'id="{field}-fault"' in answer.text) == (422, True)
    assert not in_force(house, swept_notice)


def test_the_statement_is_prepared_in_both_languages_and_nothing_is_taken(house: House, swept_notice: str) -> None:
    visitor = house.visitor("mo")
    visitor.get(f"/console/notices/{swept_notice}")
    page = html.unescape(visitor.post(f"/console/notices/{swept_notice}/statement", {"kind": "hold"}).text)
    assert "The upload “{upload}” is held back" in page
    assert "上传内容“{upload}”已暂缓公开" in page
    assert not in_force(house, swept_notice)


@pytest.mark.parametrize(
    ("act", "needs_reason", "state"),
    [("reject", True, "rejected"), ("abusive", True, "abusive"), ("withdraw", False, "withdrawn")],
)
def test_a_notice_is_ended_with_a_reason(house: House, act: str, needs_reason: bool, state: str) -> None:  # noqa: FBT001 (a column)
    notice_id = given_by(house).notice.id
    visitor = house.visitor("mo")
    visitor.get(f"/console/notices/{notice_id}")
    if needs_reason:
        bare = visitor.post(f"/console/notices/{notice_id}/{act}")
        assert (bare.status_code, f'id="reason-{act}-fault"' in bare.text) == (422, True)
        assert state_of(house, notice_id) is NoticeState.COMPLETE
    assert visitor.post(f"/console/notices/{notice_id}/{act}", {"reason": "as was shown"}).status_code == 200
    assert state_of(house, notice_id) == state
    assert visitor.post(f"/console/notices/{notice_id}/{act}", {"reason": "again"}).status_code == 409


def test_a_notice_is_forwarded_and_closed(house: House) -> None:
    notice_id = given_by(house).notice.id
    visitor = house.visitor("mo")
    visitor.get(f"/console/notices/{notice_id}")
    assert "forwarded to the uploaders" in visitor.post(f"/console/notices/{notice_id}/forward").text
    assert "The notice is closed" in visitor.post(f"/console/notices/{notice_id}/close").text


def test_a_character_is_named_for_a_notifier_who_could_not(house: House) -> None:
    notice_id = given_by(house).notice.id
    visitor = house.visitor("mo")
    assert "No registered character is named" in visitor.get(f"/console/notices/{notice_id}").text
    visitor.post(f"/console/notices/{notice_id}/sets", {"sets": SET})
    assert house.wired.notices.open(notice_id, MO).notice.sweep_id is not None


def test_a_name_that_the_uploads_share_is_taken_with_one_click(house: House) -> None:
    accused = tuple(Accused("atelier", f"rook-{n}") for n in (1, 2, 3))
    notice_id = given_by(house, accused=accused, reference_sets=(SET,)).notice.id
    page = f"/console/notices/{notice_id}"
    assert "Take as a name" not in house.visitor("mo").get(page).text
    admin = house.visitor("ada")
    words = re.findall(r'name="text" value="([^"]+)"', admin.get(page).text)
    assert "Rookling" in " ".join(words)
    taken = admin.post(f"{page}/aliases", {"text": words[0], "reference_set": SET})
    assert "is a name of the set from now on" in taken.text
    assert words[0] in {alias.text for alias in house.wired.registration.get(bench.ADMIN, SET).content.aliases}
    refused = house.visitor("mo").post(f"{page}/aliases", {"text": words[0], "reference_set": SET})
    assert refused.status_code == 403


def test_a_counter_notice_with_a_licence_on_record_is_confirmed(house: House, swept_notice: str) -> None:
    house.wired.notices.take_measures(swept_notice, MO, [("atelier", "rook-1")])
    link = bench.reply_link(house, swept_notice)
    uploader = house.visitor()
    uploader.get(link)
    reply = {"name": "Una", "contact": "u@x.example", "address": "here", "explanation": HOSTILE, "evidence": "e"}
    sent = uploader.post(link, {**reply, "good_faith": "1", "uploads": "rook-1"})
    assert "Your counter-notice is received" in sent.text
    visitor = house.visitor("mo")
    page = visitor.get(f"/console/notices/{swept_notice}").text
    assert "nothing is to be decided here" in page
    assert HOSTILE not in page
    counter = house.wired.notices.open(swept_notice, MO).correspondence.counter_notices[0]
    path = f"/console/notices/{swept_notice}/counter-notices/{counter.id}"
    assert visitor.post(path, {"outcome": "reinstate"}).status_code == 409
    granted = house.wired.registration.grant(bench.OWNER, SET, platform="atelier", uploader="u-1")
    assert isinstance(granted, Licence)
    assert "Confirm the licence" in visitor.get(f"/console/notices/{swept_notice}").text
    assert "The uploads come back" in visitor.post(path, {"outcome": "reinstate"}).text
    assert not in_force(house, swept_notice)
    house.wired.registration.end_licence(bench.OWNER, SET, granted.id.rpartition("/")[2])


def test_an_evidence_pack_is_a_download(house: House, swept_notice: str) -> None:
    for visitor, room in ((house.visitor("mo"), "notices"), (owner(house), "own-notices")):
        visitor.get(f"/console/{room}/{swept_notice}")
        answer = visitor.post(f"/console/{room}/{swept_notice}/evidence-pack")
        assert answer.headers["content-type"] == "application/zip"
        assert "manifest.json" in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()


def test_what_strangers_write_is_text_and_never_markup(house: House) -> None:
    accused = (Accused("atelier", HOSTILE, note=HOSTILE), Accused("atelier", url="https://x.example/<b>"))
    notice_id = given_by(house, work=HOSTILE, accused=accused).notice.id
    for page in (
        house.visitor("mo").get(f"/console/notices/{notice_id}"),
        house.visitor("mo").get("/console/notices?order=newest"),
        owner(house).get(f"/console/own-notices/{notice_id}"),
        owner(house).get("/console/own-notices"),
    ):
        assert not re.search(r"<script(?! src=)|<b>|\sstyle=", page.text)
        assert "&lt;script&gt;" in page.text


# --- The rights owner's desk ---


def batch(house: House, table: bytes, **fields: Any) -> Any:
    visitor = owner(house)
    visitor.get("/console/own-notices/new")
    files = [("list", ("uploads.csv", table))]
    return visitor.post("/console/own-notices/new", {**FULL, "accused": "", **fields}, files=files)


def count(house: House) -> int:
    page = house.wired.notices.page(bench.OWNER, NoticeFilter(), order="newest", cursor=None, most=200)
    return len(page.notices)


def test_a_list_of_hundreds_of_uploads_is_one_notice(house: House) -> None:
    rows = "\n".join(f"atelier,many-{n}," for n in range(320))
    answer = batch(house, f"platform,external_id,note\n{rows}\n".encode(), reference_sets=SET)
    assert answer.status_code == 200, said(answer.text)
    found = house.wired.notices.open(id_in(str(answer.url)), MO).notice
    assert len(found.accused) == 320
    assert (found.owner, found.reference_sets, found.state) == ("owl-works", (SET,), NoticeState.COMPLETE)
    assert "and 120 more" in answer.text


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (b"platform,external_id\natelier,a\n,b\natelier,\n", ("Line 3:", "Line 4:")),
        (b"platform,external_id\natelier,a,b,c\n", ("Line 2:",)),
        (b"name\nx\n", ("Line 1:",)),
        (b"platform,external_id\n\xff\xfe\n", ("Line 2:",)),
        (b"", ("Line 1:",)),
        (b"platform,external_id\n" + b"atelier,x\n" * 2001, ("2000",)),
    ],
)
def test_a_list_with_faults_tells_them_by_line_and_does_nothing(
    house: House, table: bytes, told: tuple[str, ...]
) -> None:
    before = count(house)
    answer = batch(house, table)
    assert answer.status_code == 422
    for text in told:
        assert text in said(answer.text)
    assert count(house) == before


def test_an_owner_names_no_set_of_others(house: House) -> None:
    visitor = owner(house, "rival")
    assert SET not in visitor.get("/console/own-notices/new").text
    answer = visitor.post("/console/own-notices/new", {**FULL, "reference_sets": SET})
    assert (answer.status_code, f"no reference set {SET}" in answer.text) == (422, True)


def test_whoever_speaks_for_nobody_is_told_so(house: House) -> None:
    visitor = house.visitor("owen")
    assert "speaks for no registered rights owner" in visitor.get("/console/own-notices").text
    visitor.get("/console/own-notices/new")
    assert visitor.post("/console/own-notices/new", FULL).status_code == 403


def test_an_owner_shows_a_suit_in_time(house: House) -> None:
    received = given_by(house, accused=(Accused("atelier", "rook-3"),))
    house.wired.notices.take_measures(received.notice.id, MO)
    link = bench.reply_link(house, received.notice.id)
    uploader = house.visitor()
    uploader.get(link)
    reply = {"name": "Una", "contact": "u@x.example", "address": "here", "explanation": "mine", "evidence": "e"}
    uploader.post(link, {**reply, "good_faith": "1", "uploads": "rook-3"})
    visitor, path = owner(house), f"/console/own-notices/{received.notice.id}"
    assert "Una says that these uploads do not infringe" in said(visitor.get(path).text)
    bare = visitor.post(f"{path}/suit", {"suit": " "})
    assert (bare.status_code, 'id="suit-fault"' in bare.text) == (422, True)
    assert "the measures stay" in visitor.post(f"{path}/suit", {"suit": "Court of Hangzhou, 2026-7"}).text
    assert state_of(house, received.notice.id) is NoticeState.KEPT
    assert "measures kept" in uploader.get(link).text
