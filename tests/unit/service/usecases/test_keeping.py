"""Keeping pictures: what is written, what is not, and that no verdict is lost to a storage that fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from indexer.errors import PictureError
from indexer.model import PictureFile, PictureFindings, PictureSignals
from service.adapters.blobs import open_blobs
from service.domain.upload import KeepPictures
from service.usecases.keeping import MAX_PICTURES, MAX_THUMBNAILS, Keeping
from service.usecases.screening import Request
from tests.fakes import FakeBlobs
from tests.unit.service.usecases.screening_bench import EXACT, bench_of, upload_of

NOON = datetime.fromisoformat("2026-11-20T12:00:00+00:00")
ALLOWED, FLAGGED = False, True


def found(number: int, *, matched: bool = False) -> PictureFindings:
    signals = PictureSignals(f"{number:064x}", b"p", b"v", b"small")
    return PictureFindings(f"{number}.png", (EXACT,) if matched else (), signals=signals)


def files(count: int) -> list[PictureFile]:
    return [PictureFile(f"{number}.png", b"whole") for number in range(count)]


@pytest.mark.parametrize(
    ("keep", "flagged", "kept", "written"),
    [
        (KeepPictures.FLAGGED, FLAGGED, "picture", {"pictures", "thumbnails"}),
        (KeepPictures.FLAGGED, ALLOWED, "thumbnail", {"thumbnails"}),
        (KeepPictures.ALL, ALLOWED, "picture", {"pictures", "thumbnails"}),
        (KeepPictures.NONE, FLAGGED, "thumbnail", {"thumbnails"}),
        (KeepPictures.NONE, ALLOWED, "nothing", set()),
    ],
)
def test_what_is_kept_follows_the_setting(keep: KeepPictures, kept: str, written: set[str], *, flagged: bool) -> None:
    blobs = FakeBlobs()
    (picture,) = Keeping(blobs, keep=keep).keep(files(1), [found(0)], flagged=flagged)
    assert (picture.kept, picture.pdq, picture.vector) == (kept, b"p", b"v")
    assert {name.partition("/")[0] for name in blobs.kept} == written


def test_pictures_with_matches_are_kept_whole_first() -> None:
    count = MAX_THUMBNAILS + 2
    findings = [found(number, matched=number == count - 1) for number in range(count)]
    pictures = Keeping(FakeBlobs()).keep(files(count), findings, flagged=True)
    kept = [picture.kept for picture in pictures]
    assert (kept.count("picture"), kept.count("thumbnail")) == (MAX_PICTURES, MAX_THUMBNAILS - MAX_PICTURES)
    assert kept[-1] == "picture"
    assert [picture.name for picture in pictures] == [f"{number}.png" for number in range(count)]


def test_what_could_not_be_decoded_is_not_kept() -> None:
    findings = [PictureFindings("0.png", problem="not_a_picture: 0.png"), found(1)]
    pictures = Keeping(FakeBlobs()).keep(files(2), findings, flagged=True)
    assert [picture.name for picture in pictures] == ["1.png"]


@dataclass(frozen=True)
class Spoilt:
    """A picture that cannot be read a second time."""

    name: str = "0.png"

    @property
    def data(self) -> bytes:
        raise PictureError("the pack is gone", code="picture_damaged")


def test_a_picture_that_cannot_be_read_again_keeps_its_thumbnail() -> None:
    blobs = FakeBlobs()
    (picture,) = Keeping(blobs).keep([Spoilt()], [found(0)], flagged=True)
    assert picture.kept == "thumbnail"
    assert list(blobs.kept) == [f"thumbnails/{0:064x}"]


class Full(FakeBlobs):
    """A storage that takes so many blobs and no more."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room
        self.asked = 0

    def write(self, name: str, data: bytes) -> None:
        self.asked += 1
        if len(self.kept) >= self.room:
            raise OSError("no space left")
        super().write(name, data)


def test_a_storage_that_fails_loses_no_verdict_and_is_soon_left_alone() -> None:
    failures: list[int] = []
    blobs = Full(room=2)
    keeping = Keeping(blobs, on_failure=lambda: failures.append(1))
    script = {f"{number}.png": found(number, matched=True) for number in range(100)}
    bench = bench_of(script, keeping=keeping)
    given = bench.screening.answer(upload_of(*script), Request("s"))
    assert given["verdict"] == "block"
    left = bench.store.finished[given["screening_id"]]
    kept = [picture.kept for picture in left.pictures]
    assert len(kept) == 100
    assert kept.count("nothing") >= 98
    assert len(failures) == 1
    assert blobs.asked < 50


def test_pictures_are_written_before_a_screening_is_acknowledged() -> None:
    blobs = FakeBlobs()
    bench = bench_of({"0.png": found(0, matched=True)}, keeping=Keeping(blobs))
    bench.screening.answer(upload_of("0.png"), Request("s"))
    assert blobs.kept[f"pictures/{0:064x}"] == b"data"


class Retention:
    """A PictureRetention of some screenings, each with a picture of its own, and one that they share."""

    def __init__(self, count: int) -> None:
        self.left = {f"scr_{number:03}": f"{number:064x}" for number in range(count)}
        self.asked: list[datetime] = []

    def allowed(
        self, before: datetime, most: int, *, after: tuple[datetime, str] | None = None
    ) -> list[tuple[datetime, str]]:
        self.asked.append(before)
        return [(NOON, name) for name in sorted(self.left) if after is None or name > after[1]][:most]

    def forget(self, screening_ids: Sequence[str], now: datetime) -> list[str]:  # noqa: ARG002 (it keeps no log)
        return [self.left.pop(name) for name in screening_ids]


def test_what_is_too_old_is_forgotten_with_its_blobs() -> None:
    blobs = open_blobs("memory://forgetting")
    for kind in ("pictures", "thumbnails"):
        for number in (0, 249, 250):
            blobs.write(f"{kind}/{number:064x}", b"x")
    retention = Retention(250)
    assert Keeping(blobs, retention, days=30).forget(NOON) == 250
    assert retention.asked[0] == NOON - timedelta(days=30)
    assert [blobs.read(f"thumbnails/{number:064x}") for number in (0, 249, 250)] == [None, None, b"x"]
    assert blobs.read(f"pictures/{249:064x}") is None


def test_without_a_term_nothing_is_forgotten() -> None:
    retention = Retention(3)
    assert Keeping(FakeBlobs(), retention).forget(NOON) == 0
    assert len(retention.left) == 3
