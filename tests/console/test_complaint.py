"""Notices and counter-notices of people without an account."""

from __future__ import annotations

import html
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from service.console.headers import LARGEST_WITH_FILES
from service.domain.identity import Caller, Role
from service.domain.measure import MeasureKind
from service.domain.notice import NoticeState
from service.ports import NoticeFilter
from tests.conftest import RecordIn, TinySnapshot
from tests.console import notice_bench as bench
from tests.console.conftest import House, Visitor
from tests.console.notice_bench import FULL, PDF, complain, id_in, link_of
from tests.fakes import draw, encoded

MO = Caller("mo", Role.MODERATOR, via="user")


@pytest.fixture(scope="module")
def house(
    tiny_snapshot: TinySnapshot, tmp_path_factory: pytest.TempPathFactory, record_in: RecordIn
) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("complaints")
    with bench.started(folder, tiny_snapshot.out, record_in(folder)) as house:
        yield house


def notices(house: House) -> int:
    return len(house.wired.notices.page(MO, NoticeFilter(), order="newest", cursor=None, most=200).notices)


def said(text: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)))


# --- The complaint ---


def test_a_complaint_needs_no_account_and_leads_to_a_private_link(house: House) -> None:
    answer = complain(house)
    link = link_of(answer)
    receipt = house.visitor().get(answer.headers["location"]).text
    assert id_in(link) in receipt
    assert f"http://testserver{link}" in receipt
    assert "A person looks at it now" in said(receipt)
    found = house.wired.notices.open(id_in(link), MO).notice
    assert found.state is NoticeState.COMPLETE
    assert [(item.external_id, item.url) for item in found.accused] == [
        ("model-7", None),
        (None, "https://atelier.example/m/8"),
    ]


@pytest.mark.parametrize(
    ("law", "left_out", "told"),
    [
        ("prc", "notifier.identity", "proof of who you are"),
        ("prc", "accurate", "answer for it"),
        ("prc", "accused", "which uploads"),
        ("eu", "good_faith", "good faith"),
        ("us", "under_penalty", "penalty of perjury"),
        ("us", "signature", "type your full name"),
    ],
)
def test_what_the_law_asks_for_is_told_beside_the_field_and_nothing_is_kept(
    house: House, law: str, left_out: str, told: str
) -> None:
    before = notices(house)
    given = {"jurisdiction": law, "good_faith": "1", "under_penalty": "1", "signature": "O. Owl", left_out: ""}
    answer = complain(house, given)
    assert answer.status_code == 422
    fault = re.search(rf'id="{re.escape(left_out)}-fault">([^<]*)<', answer.text)
    assert fault is not None, answer.text
    assert told in html.unescape(fault[1])
    assert notices(house) == before


def test_what_is_missing_is_told_in_chinese(house: House) -> None:
    visitor = house.visitor()
    visitor.client.headers["Accept-Language"] = "zh-CN"
    visitor.get("/console/complaint")
    answer = visitor.post("/console/complaint", {**FULL, "notifier.identity": ""})
    assert answer.status_code == 422
    assert "真实身份信息" in answer.text


def test_an_address_without_an_e_mail_is_told_at_the_contact(house: House) -> None:
    answer = complain(house, {"jurisdiction": "eu", "good_faith": "1", "notifier.contact": "0571 1234"})
    assert 'id="notifier.contact-fault"' in answer.text


def test_whoever_wants_it_is_received_incomplete_and_adds_what_was_missing(house: House) -> None:
    link = link_of(complain(house, {"notifier.identity": "", "later": "1"}))
    visitor = house.visitor()
    page = visitor.get(link).text
    assert 'id="notifier.identity-fault"' in page
    assert house.wired.notices.open(id_in(link), MO).notice.state is NoticeState.INCOMPLETE
    done = visitor.post(f"{link}/complete", {**FULL, "notifier.identity": "register no. 9"})
    assert "Your notice is complete" in done.text
    found = house.wired.notices.open(id_in(link), MO).notice
    assert (found.state, found.notifier.identity) == (NoticeState.COMPLETE, "register no. 9")


def test_a_line_that_is_wrong_is_named_by_its_number(house: House) -> None:
    answer = complain(house, {"accused": "model-7\n\nhttps://[/\nmodel-8"})
    assert answer.status_code == 422
    assert "Line 3:" in answer.text


def test_documents_are_kept_with_the_notice(house: House) -> None:
    link = link_of(complain(house, files=[("attachments", ("../../etc/extract.pdf", PDF))]))
    kept = house.wired.notices.open(id_in(link), MO).correspondence.attachments
    assert [(item.name, item.media_type) for item in kept] == [("extract.pdf", "application/pdf")]
    visitor = house.visitor("mo")
    path = f"/console/notices/{id_in(link)}/attachments/{kept[0].id}"
    assert path in visitor.get(f"/console/notices/{id_in(link)}").text
    answer = visitor.get(path)
    assert answer.content == PDF
    assert answer.headers["content-disposition"].startswith("attachment;")


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.html", b"<script>alert(1)</script>", "neither a PDF"),
        ("b.pdf", PDF + bytes(11 * 1024 * 1024), "larger than"),
    ],
)
def test_files_of_other_kinds_or_sizes_are_refused_and_nothing_is_kept(
    house: House, name: str, data: bytes, told: str
) -> None:
    before = notices(house)
    answer = complain(house, files=[("attachments", (name, data))])
    assert (answer.status_code, told in answer.text) == (422, True)
    assert notices(house) == before


def test_too_many_files_are_refused(house: House) -> None:
    answer = complain(house, files=[("attachments", (f"{n}.pdf", PDF)) for n in range(11)])
    assert answer.status_code == 400


def test_a_form_with_files_that_states_too_much_is_refused_unread(house: House) -> None:
    visitor = house.visitor()
    headers = {
        "Content-Type": "multipart/form-data; boundary=x",
        "Content-Length": str(LARGEST_WITH_FILES + 1),
    }
    assert visitor.client.post("/console/complaint", content=b"--x--", headers=headers).status_code == 413


def test_files_are_read_of_nobody_anywhere_else(house: House) -> None:
    visitor = house.visitor()
    visitor.get("/console/sign-in")
    answer = visitor.post("/console/own-notices/new", FULL, files=[("list", ("a.csv", b"x"))], follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in")


@pytest.mark.parametrize("multipart", [False, True])
def test_a_public_form_needs_its_token(house: House, *, multipart: bool) -> None:
    before = notices(house)
    for path in ("/console/complaint", f"{link_of(complain(house))}/withdraw", "/console/counter-notice/ntc_1/x"):
        for sent in ({}, {"csrf": "wrong"}):
            files = [("attachments", ("a.pdf", PDF))] if multipart else None
            answer = house.visitor().client.post(path, data={**FULL, **sent}, files=files)
            assert (answer.status_code, "no longer valid" in answer.text) == (403, True), path
    assert notices(house) == before + 1


def test_an_address_has_so_many_public_forms_a_minute(
    tiny_snapshot: TinySnapshot, tmp_path_factory: pytest.TempPathFactory, record_in: RecordIn
) -> None:
    folder = tmp_path_factory.mktemp("limited")
    with bench.started(folder, tiny_snapshot.out, record_in(folder), public_forms_per_minute=2) as house:
        answers = [complain(house) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [303, 303, 429]
        assert "Too many attempts" in answers[-1].text
        assert house.visitor().get("/console/complaint").status_code == 200


@pytest.mark.parametrize("law", ["", "mars", "<script>"])
def test_a_law_that_is_none_of_ours_counts_as_the_first(house: House, law: str) -> None:
    link = link_of(complain(house, {"jurisdiction": law}))
    assert house.wired.notices.open(id_in(link), MO).notice.jurisdiction == "prc"


# --- The private link ---


def test_a_notice_is_taken_back_by_its_link(house: House) -> None:
    link = link_of(complain(house))
    visitor = house.visitor()
    visitor.get(link)
    assert "taken back" in visitor.post(f"{link}/withdraw", {"reason": "licensed after all"}).text
    assert house.wired.notices.open(id_in(link), MO).notice.state is NoticeState.WITHDRAWN
    assert "/withdraw" not in visitor.get(link).text
    assert visitor.post(f"{link}/withdraw").status_code == 409


@pytest.mark.parametrize("part", ["", "/complete", "/files", "/withdraw", "/suit"])
def test_a_link_of_another_notice_or_a_guess_opens_nothing(house: House, part: str) -> None:
    own, other = link_of(complain(house)), link_of(complain(house))
    visitor = house.visitor()
    visitor.get(own)
    for path in (f"{own.rpartition('/')[0]}/{other.rpartition('/')[2]}", f"{own}x", f"/console/notice/{'x' * 64}/y"):
        answer = visitor.post(path + part, FULL) if part else visitor.get(path)
        assert answer.status_code == 404, path


def test_an_incomplete_page_has_no_script_and_what_is_written_is_never_markup(house: House) -> None:
    hostile = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
    link = link_of(
        complain(house, {"work": hostile, "explanation": hostile, "notifier.name": hostile, "accused": hostile})
    )
    for page in (house.visitor().get(link), house.visitor("mo").get(f"/console/notices/{id_in(link)}")):
        assert not re.search(r"<style|\sstyle=|<[^>]*\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", page.text)
        assert "&lt;script&gt;" in page.text


# --- The counter-notice ---


@dataclass(frozen=True, slots=True)
class Links:
    """The private links of a notice: the notifier's, and an uploader's."""

    notifier: str
    uploader: str


@pytest.fixture
def links(house: House) -> Links:
    """Have a notice forwarded, and measures taken against two uploads."""
    names = [f"model-{secrets.token_hex(4)}-{number}" for number in range(2)]
    for name in names:
        bench.screen(house, name, "Night forest", encoded(draw(71, 1)))
    link = link_of(complain(house, {"accused": "\n".join(names)}))
    house.wired.notices.take_measures(id_in(link), MO, None, MeasureKind.UNPUBLISH)
    return Links(link, bench.reply_link(house, id_in(link)))


@pytest.fixture
def reply_link(links: Links) -> str:
    """Return the uploader's."""
    return links.uploader


REPLY: Mapping[str, str] = {
    "name": "Una Uploader",
    "contact": "una@draws.example",
    "address": "2 Hill Road",
    "explanation": "I drew <all> of it.",
    "evidence": "my sketch book",
    "good_faith": "1",
}


def uploads_in(page: str) -> list[str]:
    return [html.unescape(name) for name in re.findall(r'name="uploads" value="([^"]+)"', page)]


def test_an_uploader_sees_what_stands_and_replies_for_some_uploads(house: House, reply_link: str) -> None:
    visitor = house.visitor()
    page = visitor.get(reply_link).text
    assert "taken down" in page
    assert "Statement of reasons" in page
    assert "rights@owl.example" not in page
    names = uploads_in(page)
    assert len(names) == 2
    done = visitor.post(reply_link, {**REPLY, "uploads": names[:1]})
    assert "Your counter-notice is received" in done.text
    assert re.search(r"ctr_[0-9a-f]+", done.text)
    assert "your uploads come back" in done.text
    assert uploads_in(done.text) == names[1:]
    view = house.wired.notices.open(id_in(reply_link), MO)
    assert view.notice.state is NoticeState.FORWARDED_TO_RIGHT_HOLDER
    assert [item.uploads for item in view.correspondence.counter_notices] == [(("atelier", names[0]),)]


def test_files_of_a_reply_are_passed_on_and_given_back(house: House, links: Links) -> None:
    uploader, notifier = house.visitor(), house.visitor()
    names = uploads_in(uploader.get(links.uploader).text)
    files = [("attachments", ("sketch <1>.pdf", PDF))]
    done = uploader.post(links.uploader, {**REPLY, "uploads": names}, files=files)
    assert "Your documents" in done.text
    (kept,) = house.wired.notices.open(id_in(links.uploader), MO).correspondence.attachments
    moderators = f"/console/notices/{id_in(links.uploader)}"
    for visitor, base in ((uploader, links.uploader), (notifier, links.notifier), (house.visitor("mo"), moderators)):
        assert "sketch &lt;1&gt;.pdf" in visitor.get(base).text
        answer = visitor.get(f"{base}/attachments/{kept.id}")
        assert (answer.content, answer.headers["content-disposition"][:11]) == (PDF, "attachment;")
    assert uploader.get(f"{links.notifier[:-1]}/attachments/{kept.id}").status_code == 404


def test_an_uploader_gets_no_file_of_the_notifier(house: House, links: Links) -> None:
    notifier, uploader = house.visitor(), house.visitor()
    notifier.get(links.notifier)
    notifier.post(f"{links.notifier}/files", files=[("attachments", ("register.pdf", PDF))])
    (kept,) = house.wired.notices.open(id_in(links.notifier), MO).correspondence.attachments
    assert "register.pdf" in notifier.get(links.notifier).text
    assert "register.pdf" not in uploader.get(links.uploader).text
    assert uploader.get(f"{links.uploader}/attachments/{kept.id}").status_code == 404


def test_with_a_file_of_another_kind_no_reply_is_received(house: House, reply_link: str) -> None:
    visitor = house.visitor()
    names = uploads_in(visitor.get(reply_link).text)
    files = [("attachments", ("a.html", b"<script>alert(1)</script>"))]
    answer = visitor.post(reply_link, {**REPLY, "uploads": names}, files=files)
    assert (answer.status_code, 'id="attachments-fault"' in answer.text) == (422, True)
    assert "I drew &lt;all&gt; of it." in answer.text
    assert not house.wired.notices.open(id_in(reply_link), MO).correspondence.counter_notices


@pytest.mark.parametrize("left_out", ["name", "contact", "address", "explanation", "evidence", "good_faith", "uploads"])
def test_what_a_reply_lacks_is_told_beside_the_field(house: House, reply_link: str, left_out: str) -> None:
    visitor = house.visitor()
    names = uploads_in(visitor.get(reply_link).text)
    answer = visitor.post(reply_link, {**REPLY, "uploads": names, left_out: []})
    assert answer.status_code == 422
    assert f'id="{left_out}-fault"' in answer.text
    assert not house.wired.notices.open(id_in(reply_link), MO).correspondence.counter_notices


def test_an_upload_of_somebody_else_is_no_choice(house: House, reply_link: str) -> None:
    visitor = house.visitor()
    visitor.get(reply_link)
    answer = visitor.post(reply_link, {**REPLY, "uploads": "model-7"})
    assert (answer.status_code, 'id="uploads-fault"' in answer.text) == (422, True)


def test_the_notifier_shows_a_suit_by_the_private_link(house: House, links: Links) -> None:
    uploader, notifier = house.visitor(), house.visitor()
    uploader.post(links.uploader, {**REPLY, "uploads": uploads_in(uploader.get(links.uploader).text)})
    assert "I drew &lt;all&gt; of it." in notifier.get(links.notifier).text
    bare = notifier.post(f"{links.notifier}/suit", {"suit": ""})
    assert (bare.status_code, 'id="suit-fault"' in bare.text) == (422, True)
    assert "the measures stay" in notifier.post(f"{links.notifier}/suit", {"suit": "Court of Hangzhou, 7"}).text
    assert house.wired.notices.open(id_in(links.notifier), MO).notice.state is NoticeState.KEPT


def test_a_link_to_reply_is_no_link_to_follow_and_the_other_way_round(house: House, links: Links) -> None:
    visitor = house.visitor()
    assert visitor.get(links.uploader.replace("counter-notice", "notice")).status_code == 404
    assert visitor.get(links.notifier.replace("notice", "counter-notice")).status_code == 404


def test_the_page_of_a_reply_never_shows_markup(house: House, reply_link: str) -> None:
    visitor = house.visitor()
    names = uploads_in(visitor.get(reply_link).text)
    visitor.post(reply_link, {**REPLY, "uploads": names})
    page = house.visitor("mo").get(f"/console/notices/{id_in(reply_link)}").text
    assert "I drew &lt;all&gt; of it." in page


def visitor_of(house: House) -> Visitor:
    return house.visitor()


def test_a_suit_that_is_shown_too_late_is_told_so(house: House, links: Links) -> None:
    uploader, notifier = house.visitor(), house.visitor()
    uploader.post(links.uploader, {**REPLY, "uploads": uploads_in(uploader.get(links.uploader).text)})
    engine = sa.create_engine(house.wired.settings.database)
    with engine.begin() as connection:
        change = sa.text("update counter_notices set due = '2026-01-01 00:00:00.000000' where notice_id = :id")
        connection.execute(change, {"id": id_in(links.notifier)})
    engine.dispose()
    notifier.get(links.notifier)
    answer = notifier.post(f"{links.notifier}/suit", {"suit": "Court of Hangzhou, 7"})
    assert re.search("time in which it could be shown is over|cannot be done as things stand", answer.text)
