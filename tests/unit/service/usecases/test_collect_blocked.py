"""Evidence of blocked LoRAs: by the file, by the bytes behind its header, by tensors, by weights, by claims."""

from __future__ import annotations

from dataclasses import replace

import pytest

from indexer.fingerprints import pack, unpack
from indexer.model import LoraSignals, PictureMaking
from indexer.training.example_loras import ExampleLora
from service.domain.evidence import EvidenceKind
from service.domain.upload import Trust
from service.usecases.collectors.blocked import collect
from tests.unit.service.usecases.collected import STOLEN, blocked, collected, signals, uploaded

EDITED = signals(ExampleLora("stolen", metadata=(("ss_output_name", "innocent"),)))
RESIZED = signals(ExampleLora("stolen", rank=4))
OTHER = signals(ExampleLora("other"))


def telling(known: LoraSignals) -> list[object]:
    return [item for item in known.tensors if item.telling]


def with_tensors(*parts: object) -> LoraSignals:
    """Make a file that holds these tensors under whatever names; its weights are not compared."""
    return LoraSignals("new.safetensors", "1" * 64, "2" * 64, tuple(sorted(parts)))  # type: ignore[type-var, arg-type]


@pytest.mark.parametrize(
    ("upload", "kind", "said"),
    [
        pytest.param(STOLEN, EvidenceKind.BLOCKED_FILE, "byte for byte", id="the same file"),
        pytest.param(EDITED, EvidenceKind.BLOCKED_FILE, "only the header differs", id="an edited header"),
        pytest.param(
            with_tensors(*telling(STOLEN)), EvidenceKind.BLOCKED_TENSORS, "every tensor", id="other names and order"
        ),
        pytest.param(
            with_tensors(*telling(STOLEN), *telling(OTHER)), EvidenceKind.BLOCKED_TENSORS, "every tensor", id="decoys"
        ),
    ],
)
def test_what_is_equal_is_told_without_a_measure(upload: LoraSignals, kind: EvidenceKind, said: str) -> None:
    (found,) = collected(collect, uploaded(upload), registry=blocked())
    assert (found.kind, found.measure, found.trust) == (kind, None, Trust.COMPUTED)
    assert (found.reference_set, found.blocked_lora, found.source) == ("owl", "blk_1", "lora:file")
    assert said in found.explanation.en


def test_some_of_its_tensors_are_told_with_their_share_and_no_rate_to_block_on() -> None:
    half = telling(STOLEN)[:16]
    (found,) = collected(collect, uploaded(with_tensors(*half)), registry=blocked())
    assert found.kind is EvidenceKind.BLOCKED_TENSORS
    assert found.measure is not None
    assert found.measure.value == pytest.approx(len(half) / len(telling(STOLEN)))
    assert not found.calibrated


def test_one_tensor_of_many_says_nothing() -> None:
    assert collected(collect, uploaded(with_tensors(telling(STOLEN)[0])), registry=blocked()) == []


def test_weights_resized_to_half_their_rank_are_known_again() -> None:
    (found,) = collected(collect, uploaded(RESIZED), registry=blocked())
    assert found.kind is EvidenceKind.WEIGHT_FINGERPRINT
    assert found.measure is not None
    assert found.measure.value > 0.8
    assert found.rate < 0.02
    assert not found.calibrated


def test_weights_with_turned_signs_are_known_again() -> None:
    """They are loaded with a weight of -1."""
    packed = STOLEN.fingerprint
    assert packed is not None
    found = unpack(packed)
    turned = pack(replace(found, vectors=-found.vectors))
    (told,) = collected(collect, uploaded(LoraSignals("new", "1" * 64, "2" * 64, (), turned)), registry=blocked())
    assert told.kind is EvidenceKind.WEIGHT_FINGERPRINT
    assert told.rate < 0.02


def test_other_weights_are_not_reported() -> None:
    found = collected(collect, uploaded(OTHER), registry=blocked())
    assert all(item.rate > 0.02 for item in found)


def test_a_lora_that_belongs_to_no_set_is_told_by_its_title() -> None:
    for registry in (blocked(reference_set=None), blocked(reference_set="unregistered")):
        (found,) = collected(collect, uploaded(STOLEN), registry=registry)
        assert (found.reference_set, found.text, found.about) == (None, "Stolen Owl", "lora:blk_1")


@pytest.mark.parametrize(("digits", "weightless"), [(64, False), (12, True), (10, True)])
def test_claimed_hashes_are_claims_and_short_ones_weigh_nothing(digits: int, *, weightless: bool) -> None:
    claim = f" 0x{STOLEN.body_sha256[:digits].upper()} "
    (found,) = collected(collect, uploaded(claims={"model.files[0].sha256": claim}), registry=blocked())
    assert (found.kind, found.trust, found.weightless) == (EvidenceKind.BLOCKED_FILE, Trust.CLAIMED, weightless)
    assert found.source == "model.files[0].sha256"


@pytest.mark.parametrize(
    "claim", ["", "owl", "e3b0c442", "0" * 64, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]
)
def test_what_is_no_hash_or_that_of_nothing_is_not_looked_up(claim: str) -> None:
    known = replace(STOLEN, body_sha256="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    assert collected(collect, uploaded(claims={"x": claim}), registry=blocked(known)) == []


def test_hashes_in_pictures_are_claims() -> None:
    making = PictureMaking(hashes=(STOLEN.sha256[:12],))
    (found,) = collected(collect, uploaded(), registry=blocked(), makings={"a.png": making})
    assert (found.source, found.weightless) == ("image:a.png", True)


def test_without_a_lora_and_claims_nothing_is_asked() -> None:
    assert collected(collect, uploaded(), registry=blocked()) == []
