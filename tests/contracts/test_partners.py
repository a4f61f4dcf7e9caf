"""Exchange with partners, on SQLite and on PostgreSQL: what is told, taken in, refused, and found again."""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from indexer.model import Alias, AliasKind, ReferenceSet
from service.adapters.signing import FileSigner, key_id, verify
from service.adapters.sql.audit import SqlAuditLog
from service.adapters.sql.deliveries import SqlOutbox
from service.adapters.sql.partners import SqlPartnerEntries, SqlPartners
from service.adapters.sql.set_changes import SqlSetRecord
from service.adapters.sql.sets import SqlSetDirectory
from service.domain.errors import InvalidFields, NotFound, WrongState
from service.domain.exchange import LONGEST, VALID, Entry, EntryKind, PartnerEntry, Provenance
from service.domain.identity import Caller, Role
from service.domain.registration import RegisteredSet, SetState
from service.ports.exchange import BlockedHashes
from service.usecases.exchange import Exchange
from service.usecases.exchange_document import signed
from tests.databases import fresh_database

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ADMIN = Caller("ad", Role.ADMIN)
LORA, BODY, TENSOR = "a" * 64, "b" * 64, "c" * 64
PDQ = "f0" * 32


class Moving:
    """A clock that is set."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


class FewHashes:
    """OwnHashes with one picture and one LoRA."""

    def blocked(self, since: datetime | None, reference_set: str | None) -> list[BlockedHashes]:
        made = BlockedHashes("Owl", "owl", "notice:ntc_1", NOON - DAY, LORA, BODY, (TENSOR,))
        return [made] if reference_set in (None, "owl") and (since is None or made.added >= since) else []

    def pdq(self, slug: str) -> list[str]:
        return [PDQ] if slug == "owl" else []

    def near(self, pdq: bytes) -> list[str]:
        return ["owl"] if pdq.hex() == PDQ else []


class House:
    """A service that exchanges."""

    def __init__(self, engine: sa.Engine, folder: Path, clock: Moving) -> None:
        self.engine, self.clock = engine, clock
        self.signer = FileSigner(folder / "key.pem")
        self.entries = SqlPartnerEntries(engine)
        self.exchange = Exchange(
            SqlPartners(engine),
            self.entries,
            SqlSetDirectory(engine),
            FewHashes(),
            self.signer,
            clock,
            verify=verify,
            key_id=key_id,
        )

    def found(self) -> list[PartnerEntry]:
        return self.exchange.entries("harbour")


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    url = (
        f"sqlite:///{tmp_path / 'record.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    )
    engine = fresh_database(url)
    content = ReferenceSet(
        "owl", {"en": "Owl"}, (), aliases=(Alias("Owlette", "en", AliasKind.DISTINCTIVE),), holder="H"
    )
    SqlSetRecord(engine).add(RegisteredSet(content, None, SetState.ACTIVE, NOON, NOON), "cli:x")
    yield House(engine, tmp_path, Moving())
    engine.dispose()


@pytest.fixture
def harbour(house: House, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Register a partner, and give what it signs: by default what this very service would export."""
    signer = FileSigner(tmp_path / "harbour.pem")
    house.exchange.add_partner("harbour", base64.b64encode(signer.public_key()).decode(), ADMIN)

    def export(
        *entries: Entry, issued: datetime = NOON, expires: datetime = NOON + VALID, complete: bool = True
    ) -> Any:
        return signed(list(entries or ENTRIES), signer, issued, expires, complete=complete)

    return export


CAME = Provenance("Harbour Arts", NOON - DAY, "case:case_1")
ENTRIES = (
    Entry(
        EntryKind.ALIAS,
        "fox",
        {"en": "Fox"},
        {"text": "狐", "language": "zh", "alias_kind": "generic"},
        CAME,
        NOON + VALID,
    ),
    Entry(EntryKind.PDQ, "fox", {"en": "Fox"}, {"pdq": PDQ}, CAME, NOON + VALID),
    Entry(
        EntryKind.LORA,
        "fox",
        {"en": "Fox"},
        {"sha256": LORA, "body_sha256": BODY, "tensors": [TENSOR]},
        CAME,
        NOON + VALID,
    ),
)


def test_an_export_is_signed_and_holds_names_and_hashes_with_where_they_come_from(house: House) -> None:
    made = house.exchange.export()
    entries = made["document"]["entries"]
    assert [item["kind"] for item in entries] == ["alias", "pdq", "lora"]
    assert entries[2]["provenance"] == {"owner": "H", "since": (NOON - DAY).isoformat(), "because": "notice:ntc_1"}
    assert made["document"]["complete"]
    later = house.exchange.export(NOON + DAY)["document"]
    assert (later["entries"], later["complete"]) == ([], False)


def test_what_one_exports_another_takes_in_and_finds_again(
    house: House, harbour: Callable[..., dict[str, Any]]
) -> None:
    done = house.exchange.take_in(harbour(), ADMIN)
    assert (done.partner, done.kept, done.withdrawn, done.refused) == ("harbour", 3, 0, ())
    assert {item.entry.provenance for item in house.found()} == {CAME}
    for sha256 in (LORA, BODY, TENSOR):
        assert [item.entry.kind for item in house.entries.sharing([sha256], NOON)] == [EntryKind.LORA]
    near = bytes.fromhex(PDQ[:-2] + "ff")
    ((found,), nothing) = house.entries.near([near, bytes(32)], NOON)
    assert (found[0].entry.value, found[1], nothing) == ({"pdq": PDQ}, 4, [])


def test_what_has_expired_is_found_no_more(house: House, harbour: Callable[..., dict[str, Any]]) -> None:
    house.exchange.take_in(harbour(), ADMIN)
    house.clock.at = NOON + VALID
    assert house.found() == []
    assert house.entries.sharing([LORA], house.clock.at) == []
    assert house.entries.near([bytes.fromhex(PDQ)], house.clock.at) == [[]]


def test_a_complete_export_withdraws_what_it_no_longer_tells(
    house: House, harbour: Callable[..., dict[str, Any]]
) -> None:
    house.exchange.take_in(harbour(), ADMIN)
    hour = timedelta(hours=1)
    assert house.exchange.take_in(harbour(ENTRIES[0], issued=NOON + 0.05 * hour, complete=False), ADMIN).withdrawn == 0
    house.clock.at = NOON + hour
    assert house.exchange.take_in(harbour(ENTRIES[0], issued=NOON + hour), ADMIN).withdrawn == 2
    assert [item.entry.kind for item in house.found()] == [EntryKind.ALIAS]
    assert house.entries.near([bytes.fromhex(PDQ)], NOON) == [[]]


def test_an_entry_can_be_withdrawn_here_and_a_partner_removed(
    house: House, harbour: Callable[..., dict[str, Any]]
) -> None:
    house.exchange.take_in(harbour(), ADMIN)
    house.exchange.withdraw(house.found()[0].id, ADMIN)
    assert len(house.found()) == 2
    house.exchange.remove_partner("harbour", ADMIN)
    assert (house.found(), house.exchange.partners()) == ([], [])
    with pytest.raises(NotFound):
        house.exchange.remove_partner("harbour", ADMIN)
    with pytest.raises(InvalidFields, match="no partner"):
        house.exchange.take_in(harbour(), ADMIN)
    actions = [entry.action for entry in SqlAuditLog(house.engine).entries(subject="partner:harbour")]
    assert actions == ["partner.added", "partner.imported", "partner.entry_withdrawn", "partner.removed"]


def test_an_expired_entry_is_refused_by_its_place_and_none_holds_for_ever(
    house: House, harbour: Callable[..., dict[str, Any]]
) -> None:
    old, eternal = replace(ENTRIES[0], expires=NOON), replace(ENTRIES[1], expires=NOON + 100 * LONGEST)
    done = house.exchange.take_in(harbour(ENTRIES[2], old, eternal), ADMIN)
    assert [item.place for item in done.refused] == ["document.entries[1]"]
    assert max(item.entry.expires for item in house.found()) == NOON + LONGEST


def _value(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(export: dict[str, Any]) -> None:
        export["document"]["entries"][1]["value"][name] = value

    return change


@pytest.mark.parametrize(
    ("tamper", "place"),
    [
        (_value("pdq", "00" * 32), "signature"),
        (lambda export: export["document"].update(complete=False), "signature"),
        (lambda export: export["document"]["entries"].pop(), "signature"),
        (lambda export: export["document"].update(extra=1), "signature"),
        (lambda export: export.update(signature="AAAA"), "signature"),
        (lambda export: export.update(signature="?"), "signature"),
        (lambda export: export.update(key_id="0" * 16), "key_id"),
        (lambda export: export.pop("document"), "document"),
        (lambda export: export["document"].update(big=2**60), "document"),
        (lambda export: export["document"].update(half="\ud800"), "document"),
    ],
)
def test_a_tampered_export_is_refused_and_what_is_wrong_is_named(
    house: House, harbour: Callable[..., dict[str, Any]], tamper: Callable[[dict[str, Any]], None], place: str
) -> None:
    export = copy.deepcopy(harbour())
    tamper(export)
    with pytest.raises(InvalidFields) as refused:
        house.exchange.take_in(export, ADMIN)
    assert refused.value.faults[0].location == place
    assert house.found() == []


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"expires": NOON}, "document.expires"),
        ({"issued": NOON + DAY}, "document.issued"),
        ({"entries": (replace(ENTRIES[1], value={"pdq": "no"}),)}, "document.entries.0.pdq.value.pdq"),
        (
            {"entries": (replace(ENTRIES[0], value={"text": "\x00", "language": "en", "alias_kind": "generic"}),)},
            "document",
        ),
    ],
)
def test_a_partner_may_not_sign_anything(
    house: House, harbour: Callable[..., dict[str, Any]], changes: dict[str, Any], place: str
) -> None:
    times = {name: value for name, value in changes.items() if name != "entries"}
    with pytest.raises(InvalidFields) as refused:
        house.exchange.take_in(harbour(*changes.get("entries", ()), **times), ADMIN)
    assert refused.value.faults[0].location.startswith(place)


def test_an_older_export_is_not_taken_in_after_a_newer_one(
    house: House, harbour: Callable[..., dict[str, Any]]
) -> None:
    export = harbour()
    house.exchange.take_in(export, ADMIN)
    with pytest.raises(InvalidFields, match="taken in already"):
        house.exchange.take_in(export, ADMIN)


@pytest.mark.parametrize(("name", "key"), [("a b", "AAAA"), ("harbour", "?"), ("harbour", "AAAA")])
def test_a_partner_needs_a_name_and_a_key(house: House, name: str, key: str) -> None:
    with pytest.raises(InvalidFields):
        house.exchange.add_partner(name, key, ADMIN)


def test_one_key_stands_for_one_partner(house: House, harbour: Callable[..., dict[str, Any]]) -> None:
    del harbour
    key = base64.b64encode(house.exchange.partners()[0].public_key).decode()
    with pytest.raises(WrongState):
        house.exchange.add_partner("other", key, ADMIN)


def test_partners_are_told_of_one_set_with_a_signed_export_and_the_log_says_whom(
    house: House, harbour: Callable[..., dict[str, Any]]
) -> None:
    del harbour
    ids = house.exchange.forward("owl", "notice:ntc_1", "user:mo")
    outbox = SqlOutbox(house.engine)
    outbox.place(NOON, 10)
    (message,) = outbox.after("partner:harbour", 0, 10)
    assert ([message.id], message.kind, message.payload["because"]) == (ids, "partner.alert", "notice:ntc_1")
    assert len(message.payload["export"]["document"]["entries"]) == 3
    assert SqlAuditLog(house.engine).entries(subject="set:owl")[-1].action == "exchange.forwarded"
    with pytest.raises(NotFound):
        house.exchange.forward("nobody", "notice:ntc_1", "user:mo")


@pytest.mark.parametrize(("signal", "kind"), [("", "pdq"), ("0g" * 32, "pdq"), ("00" * 31, "pdq"), (PDQ, "md5")])
def test_what_is_no_signal_cannot_be_looked_up(house: House, signal: str, kind: str) -> None:
    assert house.exchange.look_up(PDQ.upper(), "pdq") == ["owl"]
    with pytest.raises(InvalidFields):
        house.exchange.look_up(signal, kind)
