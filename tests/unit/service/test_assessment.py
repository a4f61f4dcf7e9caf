"""Reading pictures that are to be registered, and trying sets out: the real model, the real index."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest

from indexer import reference_signals
from indexer.model import PictureFile, Reference, ReferenceSet
from indexer.signals.pixels.images import PictureLimits
from service.adapters.assessment import Assessor, ModelInForce
from service.adapters.live_index import LiveIndex
from service.adapters.reach import ReachOfSets
from service.ports import AssessedPicture, KeptPicture, RefusedPicture
from service.usecases.references import keep
from tests.conftest import RUNTIME, TinySnapshot
from tests.fakes import FakeBlobs, draw, encoded

ROOK = [encoded(draw(40, number)) for number in range(4)]


@dataclass
class Room:
    """What reads pictures, on an index or without one."""

    models: ModelInForce
    blobs: FakeBlobs
    assessor: Assessor
    reaches: ReachOfSets

    def assessed(self, *pictures: tuple[str, bytes], held: tuple[Reference, ...] = ()) -> list[AssessedPicture]:
        files = [PictureFile(name, data) for name, data in pictures]
        found = [item for item in self.assessor.assess("rook", files, held) if isinstance(item, AssessedPicture)]
        for item in found:
            keep(self.blobs, item)
        return found

    def registered(self) -> ReferenceSet:
        found = self.assessed(*[(f"{n}.png", data) for n, data in enumerate(ROOK[:3])])
        references = tuple(Reference(f"images/{item.name}", item.sha256) for item in found)
        return ReferenceSet("rook", {"en": "Rook"}, references)

    def kept(self, data: bytes) -> KeptPicture:
        """Return what is remembered of a screened picture."""
        model = self.models.get()
        signals = reference_signals.measure("a", data, model.spec, model.backend)
        pdq = signals.hashes.pdq[0].tobytes() if signals.hashes.reliable else b""
        vector = signals.vectors[0].astype("<f2").tobytes()
        return KeptPicture("a", hashlib.sha256(data).hexdigest(), pdq, vector, "nothing")


@pytest.fixture
def room(tiny_snapshot: TinySnapshot) -> Iterator[Room]:
    index = LiveIndex(tiny_snapshot.out, runtime=RUNTIME)
    index.refresh()
    yield from _room(index)


@pytest.fixture
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    yield from _room(LiveIndex(tmp_path_factory.mktemp("none"), runtime=RUNTIME))


def _room(index: LiveIndex) -> Iterator[Room]:
    models, blobs = ModelInForce(index, runtime=RUNTIME), FakeBlobs()
    yield Room(models, blobs, Assessor(models, blobs), ReachOfSets(models, blobs))
    models.close()
    index.close()


def codes(item: AssessedPicture) -> set[str]:
    return {remark["code"] for remark in item.remarks}


def test_a_picture_is_measured_once_and_kept_under_its_recipe(room: Room) -> None:
    (found,) = room.assessed(("a.jpeg", ROOK[0]))
    model = room.models.get()
    assert (found.recipe, found.suffix) == (reference_signals.recipe(model.spec), ".png")
    signals = reference_signals.unpack(found.signals)
    expected = reference_signals.measure("a", ROOK[0], model.spec, model.backend)
    assert np.allclose(signals.vectors, expected.vectors, atol=1e-5)
    assert found.thumbnail[8:12] == b"WEBP"


def test_pictures_are_compared_with_those_before_them_and_those_of_the_set(room: Room) -> None:
    first, again = room.assessed(("a.png", ROOK[0]), ("b.webp", encoded(draw(40, 0), "WEBP", lossless=True)))
    assert "same_picture" not in codes(first)
    assert {remark["about"] for remark in again.remarks if remark["code"] == "same_picture"} == {"a.png"}
    (later,) = room.assessed(("c.png", ROOK[0]), held=(Reference("images/a.png", first.sha256),))
    assert {remark["about"] for remark in later.remarks if remark["code"] == "same_picture"} == {"images/a.png"}


def test_a_picture_of_a_set_in_force_is_a_conflict_and_of_ones_own_is_none(room: Room) -> None:
    owl = encoded(draw(0, 0))
    (found,) = room.assessed(("owl.png", owl))
    assert [(item["about"], item["value"]) for item in found.remarks if item["code"] == "in_another_set"] == [
        ("amber-owl", None)
    ]
    (own,) = room.assessor.assess("amber-owl", [PictureFile("owl.png", owl)], ())
    assert isinstance(own, AssessedPicture)
    assert "in_another_set" not in codes(own)


def test_what_cannot_be_decoded_is_refused_with_its_reason(room: Room) -> None:
    limited = Assessor(room.models, room.blobs, PictureLimits(max_bytes=100))
    files = [PictureFile("a.png", ROOK[0]), PictureFile("b.png", b"")]
    reasons = [item.reason.split(":")[0] for item in limited.assess("x", files, ()) if isinstance(item, RefusedPicture)]
    assert reasons == ["file_too_large", "empty_file"]


def test_remarks_are_json_values_in_both_languages(room: Room) -> None:
    (found,) = room.assessed(("flat.png", encoded(draw(40, 0).resize((20, 20)))))
    assert "too_small" in codes(found)
    assert all({"en", "zh"} == set(remark["explanation"]) for remark in found.remarks)


def test_a_set_is_advised_by_the_signals_that_are_kept_or_can_be_made_again(room: Room) -> None:
    item = room.registered()
    before = room.assessor.advise("rook", item.references)
    assert {remark["code"] for remark in before} >= {"few_pictures"}
    for name in [name for name in room.blobs.kept if name.startswith("signals/")]:
        room.blobs.delete(name)
    assert room.assessor.advise("rook", item.references) == before
    assert room.assessor.advise("rook", ())[0]["code"] == "few_pictures"


def test_without_an_index_the_embedded_model_reads(bare: Room) -> None:
    found = bare.assessed(("a.png", ROOK[0]))
    assert "in_another_set" not in codes(found[0])
    assert bare.models.get() == bare.models.get()


def test_a_set_reaches_its_copies_and_hardly_a_stranger(room: Room) -> None:
    item = room.registered()
    copy, turned = encoded(draw(40, 0), "JPEG", quality=50), encoded(draw(40, 1).transpose(2))
    pictures = [ROOK[0], copy, turned, *[encoded(draw(70 + n, 0)) for n in range(5)]]
    screened = [(f"scr_{n}", room.kept(data)) for n, data in enumerate(pictures)]
    reach = room.reaches.of(item, screened, 0.02)
    assert (reach.pictures, reach.copies) == (8, 3)
    assert set(reach.screenings) >= {"scr_0", "scr_1", "scr_2"}
    assert reach.matching <= 4
    assert reach.control > 0
    assert reach.control_matching < 0.05 * reach.control
    assert reach.alike_known


def test_a_laxer_rate_never_reaches_less(room: Room) -> None:
    item = room.registered()
    screened = [(f"scr_{n}", room.kept(encoded(draw(n, 9)))) for n in range(12)]
    reached = [room.reaches.of(item, screened, rate) for rate in (0.0, 0.02, 0.2, 1.0)]
    for one, other in pairwise(reached):
        assert set(one.screenings) <= set(other.screenings)
        assert one.control_matching <= other.control_matching
    assert (reached[0].matching, reached[0].control_matching) == (0, 0)


def test_a_dry_run_changes_nothing_in_force(room: Room) -> None:
    index = room.models.get().index
    assert index is not None
    before = index.snapshot
    room.reaches.of(room.registered(), [], 0.02)
    assert index.snapshot is before
    assert "rook" not in index.sets


def test_a_set_that_is_in_force_is_tried_out_without_its_old_self(room: Room) -> None:
    index = room.models.get().index
    assert index is not None
    owl = index.sets["amber-owl"]
    for number, reference in enumerate(owl.references):
        room.blobs.write(f"pictures/{reference.sha256}", encoded(draw(0, number)))
    screened = [("scr_1", room.kept(encoded(draw(0, 0))))]
    assert room.reaches.of(owl, screened, 0.02).screenings == ("scr_1",)
    bare = ReferenceSet("amber-owl", owl.title, (), work=owl.work)
    assert room.reaches.of(bare, screened, 0.02).screenings == ()


def test_what_cannot_be_compared_is_counted(room: Room) -> None:
    item = room.registered()
    other = KeptPicture("a", "0" * 64, b"", b"\0\x3c" * 7, "nothing")
    reach = room.reaches.of(item, [("scr_1", other)], 0.02)
    assert (reach.pictures, reach.matching, reach.incomparable) == (1, 0, 1)


def test_without_an_index_only_copies_are_found(bare: Room) -> None:
    item = bare.registered()
    reach = bare.reaches.of(item, [("scr_1", bare.kept(ROOK[0])), ("scr_2", bare.kept(ROOK[3]))], 0.02)
    assert (reach.screenings, reach.alike_known, reach.control) == (("scr_1",), False, 0)


def test_a_set_without_pictures_reaches_nothing(room: Room) -> None:
    reach = room.reaches.of(ReferenceSet("rook", {"en": "Rook"}, ()), [("scr_1", room.kept(ROOK[0]))], 0.02)
    assert (reach.matching, reach.alike_known) == (0, False)
