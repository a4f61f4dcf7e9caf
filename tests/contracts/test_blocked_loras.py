"""What every BlockedLoras does, run against each: the fake, SQLite on disk, and PostgreSQL where one is named."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from indexer.fingerprints import pack, unpack
from indexer.loras import read_signals
from indexer.model import LoraSignals, TensorHash
from indexer.training.example_loras import ExampleLora
from service.adapters.sql.blocked import SqlBlockedLoras
from service.adapters.sql.tables import metadata
from service.domain.blocked import BlockedLora
from service.ports import BlockedLoras
from tests.databases import fresh_database
from tests.fakes import FakeBlockedLoras

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NAMES = ("fox", "owl", "eel")


def read(lora: ExampleLora, name: str = "a.safetensors") -> LoraSignals:
    data = lora.write()
    return read_signals(name, io.BytesIO(data), len(data)).signals


SIGNALS = {name: read(ExampleLora(name)) for name in NAMES}


def made(name: str = "fox", number: int = 1) -> BlockedLora:
    return BlockedLora(
        f"blk_{number}",
        f"Stolen {name}",
        "ember-fox",
        "decision",
        NOON + timedelta(seconds=number),
        "mo",
        SIGNALS[name],
    )


class BlockedLorasContract:
    """Subclasses give the fixture `blocked`."""

    def test_what_was_added_is_listed_newest_first(self, blocked: BlockedLoras) -> None:
        for number, name in enumerate(NAMES):
            blocked.add(made(name, number))
        listed = blocked.list_all()
        assert [item.id for item in listed] == ["blk_2", "blk_1", "blk_0"]
        assert [item.title for item in listed] == ["Stolen eel", "Stolen owl", "Stolen fox"]
        assert listed[0].added == NOON + timedelta(seconds=2)

    def test_times_are_in_utc_whatever_zone_they_came_in(self, blocked: BlockedLoras) -> None:
        blocked.add(replace(made(), added=NOON.astimezone(timezone(timedelta(hours=8)))))
        assert blocked.list_all()[0].added == NOON

    def test_the_same_file_is_blocked_once(self, blocked: BlockedLoras) -> None:
        first = blocked.add(made("fox", 1))
        again = blocked.add(made("fox", 2))
        assert (first.id, again.id) == ("blk_1", "blk_1")
        assert len(blocked.list_all()) == 1

    def test_what_is_removed_is_found_no_more_and_may_come_back(self, blocked: BlockedLoras) -> None:
        blocked.add(made("fox", 1))
        assert blocked.remove("blk_1", NOON, "mo")
        assert not blocked.remove("blk_1", NOON, "mo")
        assert blocked.list_all() == []
        assert blocked.sharing(SIGNALS["fox"], [SIGNALS["fox"].sha256]) == []
        assert blocked.nearest(_fingerprint("fox")).registered == 0
        assert blocked.add(made("fox", 2)).id == "blk_2"
        assert [item.id for item in blocked.sharing(SIGNALS["fox"], [])] == ["blk_2"]

    def test_nothing_is_removed_that_never_was(self, blocked: BlockedLoras) -> None:
        assert not blocked.remove("blk_1", NOON, "mo")

    def test_the_same_file_is_found_with_its_tensors(self, blocked: BlockedLoras) -> None:
        for number, name in enumerate(NAMES):
            blocked.add(made(name, number))
        (found,) = blocked.sharing(SIGNALS["owl"], [])
        assert found.title == "Stolen owl"
        telling = [item for item in SIGNALS["owl"].tensors if item.telling]
        assert [item for item in found.signals.tensors if item.telling] == telling

    @pytest.mark.parametrize("same", ["sha256", "body_sha256"])
    def test_one_equal_hash_of_the_file_is_enough(self, blocked: BlockedLoras, same: str) -> None:
        blocked.add(made())
        other = LoraSignals("b", "1" * 64, "2" * 64)
        assert blocked.sharing(other, []) == []
        assert len(blocked.sharing(replace(other, **{same: getattr(SIGNALS["fox"], same)}), [])) == 1

    def test_one_telling_tensor_is_enough_and_one_that_tells_nothing_is_not(self, blocked: BlockedLoras) -> None:
        mute = next(item for item in SIGNALS["fox"].tensors if not item.telling)
        telling = next(item for item in SIGNALS["fox"].tensors if item.telling)
        blocked.add(made())
        assert blocked.sharing(LoraSignals("b", "1" * 64, "2" * 64, (mute,)), []) == []
        assert len(blocked.sharing(LoraSignals("b", "1" * 64, "2" * 64, (telling,)), [])) == 1

    def test_those_that_share_most_come_first(self, blocked: BlockedLoras) -> None:
        for number, name in enumerate(NAMES):
            blocked.add(made(name, number))
        telling = {name: [item for item in SIGNALS[name].tensors if item.telling] for name in NAMES}
        some = tuple(sorted([*telling["eel"][:3], *telling["owl"][:9]]))
        found = blocked.sharing(LoraSignals("b", "1" * 64, "2" * 64, some), [])
        assert [item.title for item in found] == ["Stolen owl", "Stolen eel"]

    @pytest.mark.parametrize("digits", [64, 12, 10])
    @pytest.mark.parametrize("hashed", ["sha256", "body_sha256"])
    def test_a_claimed_hash_is_found_by_its_beginning(self, blocked: BlockedLoras, hashed: str, digits: int) -> None:
        blocked.add(made("fox", 1))
        blocked.add(made("owl", 2))
        claim = getattr(SIGNALS["owl"], hashed)[:digits]
        assert [item.title for item in blocked.sharing(None, [claim])] == ["Stolen owl"]

    def test_claims_never_crowd_out_what_was_computed(self, blocked: BlockedLoras) -> None:
        bare = [
            replace(made("fox", number), signals=LoraSignals(f"{number}", f"{number:064x}", f"{number + 500:064x}"))
            for number in range(1, 31)
        ]
        for other in bare:
            blocked.add(other)
        blocked.add(made("owl", 99))
        renamed = LoraSignals("b", "1" * 64, "2" * 64, SIGNALS["owl"].tensors)
        found = blocked.sharing(renamed, [item.signals.sha256 for item in bare])
        assert "Stolen owl" in {item.title for item in found}

    def test_a_name_of_any_length_can_be_blocked(self, blocked: BlockedLoras) -> None:
        long = replace(SIGNALS["fox"], name="x\0" * 5_000)
        blocked.add(replace(made(), signals=long))
        assert len(blocked.list_all()) == 1

    def test_weights_with_turned_signs_are_near(self, blocked: BlockedLoras) -> None:
        blocked.add(made("owl", 1))
        found = unpack(_fingerprint("owl"))
        turned = pack(replace(found, vectors=-found.vectors))
        assert [item.title for item in blocked.nearest(turned).loras] == ["Stolen owl"]

    def test_nothing_is_found_by_nothing(self, blocked: BlockedLoras) -> None:
        blocked.add(made())
        assert blocked.sharing(None, []) == []

    def test_thousands_of_tensors_are_looked_up(self, blocked: BlockedLoras) -> None:
        blocked.add(made())
        many = tuple(TensorHash("F16", (1, n), f"{n:064x}", telling=True) for n in range(3000))
        assert blocked.sharing(LoraSignals("b", "1" * 64, "2" * 64, many), []) == []

    def test_the_nearest_by_weights_come_with_their_fingerprints(self, blocked: BlockedLoras) -> None:
        for number, name in enumerate(NAMES):
            blocked.add(made(name, number))
        resized = read(ExampleLora("owl", rank=4))
        assert resized.fingerprint is not None
        found = blocked.nearest(resized.fingerprint)
        assert found.registered == 3
        near = {item.title: item.signals.fingerprint for item in found.loras}
        assert near["Stolen owl"] == SIGNALS["owl"].fingerprint

    def test_a_lora_without_a_fingerprint_is_known_by_its_bytes_alone(self, blocked: BlockedLoras) -> None:
        bare = replace(SIGNALS["fox"], fingerprint=None)
        blocked.add(replace(made(), signals=bare))
        assert blocked.nearest(_fingerprint("fox")).registered == 0
        assert len(blocked.sharing(bare, [])) == 1

    def test_what_is_added_or_removed_is_known_at_once(self, blocked: BlockedLoras) -> None:
        assert blocked.nearest(_fingerprint("fox")).registered == 0
        blocked.add(made("fox", 1))
        assert blocked.nearest(_fingerprint("fox")).registered == 1
        blocked.add(made("owl", 2))
        blocked.remove("blk_1", NOON, "mo")
        assert [item.title for item in blocked.nearest(_fingerprint("fox")).loras] == ["Stolen owl"]


def _fingerprint(name: str) -> bytes:
    packed = SIGNALS[name].fingerprint
    assert packed is not None
    return packed


class TestFake(BlockedLorasContract):
    @pytest.fixture
    def blocked(self) -> BlockedLoras:
        return FakeBlockedLoras()


class TestSqlite(BlockedLorasContract):
    @pytest.fixture
    def blocked(self, tmp_path: Path) -> Iterator[BlockedLoras]:
        engine = fresh_database(f"sqlite:///{tmp_path / 'record.db'}")
        yield SqlBlockedLoras(engine)
        engine.dispose()

    def test_another_process_knows_at_once(self, tmp_path: Path) -> None:
        url = f"sqlite:///{tmp_path / 'record.db'}"
        here, there = fresh_database(url), fresh_database(url)
        reading = SqlBlockedLoras(here)
        assert reading.nearest(_fingerprint("fox")).registered == 0
        SqlBlockedLoras(there).add(made())
        assert reading.nearest(_fingerprint("fox")).registered == 1
        for engine in (here, there):
            engine.dispose()

    def test_what_was_removed_stays_recorded(self, tmp_path: Path) -> None:
        engine = fresh_database(f"sqlite:///{tmp_path / 'record.db'}")
        store = SqlBlockedLoras(engine)
        store.add(made())
        store.remove("blk_1", NOON, "ad")
        with engine.connect() as connection:
            row = connection.execute(metadata.tables["blocked_loras"].select()).one()
        assert (row.id, row.removed_by) == ("blk_1", "ad")
        engine.dispose()


class TestPostgres(BlockedLorasContract):
    @pytest.fixture
    def blocked(self, postgres_url: str) -> Iterator[BlockedLoras]:
        engine = fresh_database(postgres_url)
        yield SqlBlockedLoras(engine)
        engine.dispose()
