"""Evidence packs of notices and sweeps: pictures, letters, reasons; and nothing of others for the rights owner."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2
import pytest

from service.domain.errors import NotFound
from service.domain.identity import Caller, Role
from service.domain.notice import Accused
from service.domain.pack_format import read_pack
from service.domain.seal import Step, root_by
from service.usecases.counter_notices import Reply
from service.verify_pack import verify_pack
from tests.conftest import RecordIn, TinySnapshot
from tests.console import notice_bench as bench
from tests.console.conftest import House
from tests.console.notice_bench import OWNER, PDF, REFERENCE, SET

MO = Caller("mo", Role.MODERATOR, via="user")
ATELIER = Caller("atelier", Role.PLATFORM, via="key")
SCAN = b"\x89PNG\r\n\x1a\n a scan that a moderator added"
REPLY = Reply(
    name="Una Uploader",
    contact="una@uploads.example",
    address="2 Oak Street",
    explanation="I drew the rook.",
    evidence="My sketches.",
    signature="Una Uploader",
    good_faith=True,
    consents_to_jurisdiction=True,
)
SECRETS = (
    "u-una-77",
    "Una Uploader",
    "una@uploads.example",
    "2 Oak Street",
    "I drew the rook.",
    "My sketches.",
    "user:mo",
    "key:atelier",
    "scr_",
    "Mo noted this",
    "Mo says that it comes back",
    "rook-by-una",
)
"""What the owner's pack must not hold: uploader, reply, moderator, screenings, notes, names that uploads have."""


@dataclass(frozen=True)
class Packs:
    """The packs of one notice, for moderators and for the rights owner, and of its sweep."""

    notice_id: str
    whole: dict[str, bytes]
    own: bytes
    sweep: dict[str, bytes]


@pytest.fixture(scope="module")
def house(
    tiny_snapshot: TinySnapshot, tmp_path_factory: pytest.TempPathFactory, record_in: RecordIn
) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("packs")
    with bench.started(folder, tiny_snapshot.out, record_in(folder)) as house:
        yield house


@pytest.fixture(scope="module")
def packs(house: House) -> Packs:
    """Go through a notice: two uploads, a sweep, measures, a counter-notice, a partner, attachments."""
    wired = house.wired
    for number in (1, 2):
        bench.screen(house, f"m-{number}", "rook-by-una", REFERENCE, uploader="u-una-77")
    bench.in_force(house)
    accused = (Accused("atelier", "m-1", note="Mo noted this"),)
    notice_id = bench.given_by(house, accused=accused, reference_sets=(SET,)).notice.id
    sweep_id = wired.notices.open(notice_id, MO).notice.sweep_id
    assert sweep_id is not None
    bench.swept(house, sweep_id)
    wired.attachments.add(notice_id, "extract.pdf", PDF, OWNER)
    wired.attachments.add(notice_id, "scan of Una Uploader.png", SCAN, MO)
    taken = wired.notices.take_measures(notice_id, MO).measures
    assert len(taken) == 2
    wired.counter_notices.receive(notice_id, REPLY, ATELIER)
    wired.measures.end([taken[1].id], wired.clock.now(), MO.actor, "Mo says that it comes back")
    whole = wired.evidence_packs.make(f"notice:{notice_id}", MO).data
    own = wired.evidence_packs.make(f"notice:{notice_id}", OWNER).data
    sweep = wired.evidence_packs.make(f"sweep:{sweep_id}", MO).data
    return Packs(notice_id, read_pack(whole), own, read_pack(sweep))


def document(files: dict[str, bytes], name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(files[name])
    return found


def printed(files: dict[str, bytes]) -> str:
    """Read what the report says, in one line."""
    pages = pypdfium2.PdfDocument(files["report.pdf"])
    return " ".join("".join(page.get_textpage().get_text_range() for page in pages).split())


@pytest.mark.parametrize("name", ["notice.json", "sweep.json"])
def test_each_hit_stands_beside_the_reference_that_it_matches(packs: Packs, name: str) -> None:
    files = packs.whole if name == "notice.json" else packs.sweep
    compared = document(files, name)["compared"]
    assert [item["upload"] for item in compared] == [["atelier", "m-1"], ["atelier", "m-2"]]
    for item in compared:
        (pair,) = item["pairs"]
        assert files[pair["reference"]["file"]] == REFERENCE
        assert pair["upload"]["file"] in files
        assert item["pairs_left_out"] == 0


def test_a_sweep_tells_verdicts_then_and_now_and_how_uploads_stand(packs: Packs) -> None:
    hits = {item["external_id"]: item for item in document(packs.sweep, "sweep.json")["hits"]}
    assert [(hits[name]["said"], hits[name]["verdict"]) for name in ("m-1", "m-2")] == [("allow", "block")] * 2
    assert [hits[name]["standing"] for name in ("m-1", "m-2")] == ["unpublished", "published"]
    assert all(item["evidence"] for item in hits.values())


def test_a_notice_tells_its_sweeps_letters_messages_and_reasons(packs: Packs) -> None:
    told = document(packs.whole, "notice.json")
    assert [item["sweep"]["because"] for item in told["sweeps"]] == [f"notice:{packs.notice_id}"]
    assert told["correspondence"]["counter_notices"][0]["name"] == REPLY.name
    assert {item["kind"] for item in told["correspondence"]["letters"]} >= {"found_complete", "forwarded"}
    assert all(item["statement"]["zh"] for item in told["measures"])
    assert [item["kind"] for item in told["messages"]].count("measure.taken") == 2
    assert all("deliveries" in item for item in told["messages"])
    assert "notice.forwarded" in {item["kind"] for item in told["notice_messages"]}


def test_attachments_are_in_the_pack_byte_for_byte(packs: Packs) -> None:
    told = document(packs.whole, "notice.json")["attachments"]
    assert sorted(packs.whole[item["file"]] for item in told) == sorted([PDF, SCAN])


def test_no_pack_holds_the_link_that_lets_an_uploader_reply(packs: Packs, house: House) -> None:
    secret = bench.reply_link(house, packs.notice_id).rpartition("/")[2].encode()
    assert secret
    for files in (packs.whole, packs.sweep, read_pack(packs.own)):
        assert not any(secret in data for data in files.values())


def test_the_report_is_in_both_languages(packs: Packs) -> None:
    said = printed(packs.whole)
    for text in (
        "理由说明",
        "Statement of reasons",
        "命中 1",
        "反通知",
        REPLY.name,
        "extract.pdf",
        "Hit 2: atelier / m-2",
    ):
        assert text in said


def test_the_owners_pack_tells_nothing_of_other_people(packs: Packs) -> None:
    files = read_pack(packs.own)
    told = {name: data.decode(errors="replace") for name, data in files.items()} | {"printed": printed(files)}
    found = [(name, secret) for name, text in told.items() for secret in SECRETS if secret in text]
    assert found == []
    assert [name for name in files if name.startswith(("pictures/", "attachments/"))] == [
        f"attachments/{document(files, 'notice.json')['attachments'][0]['sha256'][:16]}.pdf"
    ]


def test_the_owners_pack_tells_what_was_done(packs: Packs) -> None:
    told = document(read_pack(packs.own), "notice.json")
    assert [item["external_id"] for item in told["measures"]] == ["m-1", "m-2"]
    assert [item["state"] for item in told["counter_notices"]] == ["waiting"]
    assert [item["found"] for item in told["sweeps"]] == [2]


def test_what_is_withheld_from_the_owner_is_proven_all_the_same(packs: Packs) -> None:
    found = verify_pack(packs.own)
    assert found.entries == found.withheld
    whole = {item["sha256"] for item in json.loads(packs.whole["chain.json"])["entries"]}
    own = [item["sha256"] for item in json.loads(read_pack(packs.own)["chain.json"])["entries"]]
    assert whole < set(own)


def test_no_other_entry_could_stand_in_the_place_of_a_withheld_one(packs: Packs) -> None:
    chain = json.loads(read_pack(packs.own)["chain.json"])
    roots = {seal["number"]: seal["root"] for seal in chain["seals"]}
    for entry in chain["entries"]:
        steps = [Step(*step) for step in entry["proof"]]
        assert root_by(entry["sha256"], steps) == roots[entry["seal"]]
        assert root_by("0" * 64, steps) != roots[entry["seal"]]


@pytest.mark.parametrize("subject", ["sweep", "case"])
def test_an_owner_gets_no_other_pack(packs: Packs, house: House, subject: str) -> None:
    name = f"{subject}:{packs.notice_id}"
    with pytest.raises(NotFound):
        house.wired.evidence_packs.make(name, OWNER)


def test_another_owner_does_not_get_it(packs: Packs, house: House) -> None:
    rival = Caller("rival", Role.RIGHTS_OWNER, owner="rival-works", via="user")
    with pytest.raises(NotFound):
        house.wired.evidence_packs.make(f"notice:{packs.notice_id}", rival)
