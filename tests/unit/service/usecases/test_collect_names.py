"""Names in training data count by the share of the pictures that carry them."""

from __future__ import annotations

import pytest

from service.domain.evidence import Evidence, EvidenceKind
from service.domain.upload import Trust, Upload, UploadText
from service.usecases.collectors.names import collect
from tests.unit.service.domain.facts import context
from tests.unit.service.usecases.collected import collected


def weight(found: Evidence) -> str:
    return "nothing" if found.weightless else "a look" if found.indirect else "full"


@pytest.mark.parametrize(
    ("share", "counts"),
    [
        (None, "full"),
        (1.0, "full"),
        (0.5, "full"),
        (0.49, "a look"),
        (0.1, "a look"),
        (0.09, "nothing"),
        (0.0, "nothing"),
    ],
)
def test_a_tag_counts_by_its_share_of_the_pictures(share: float | None, counts: str) -> None:
    text = UploadText("lora:ss_tag_frequency.x", "amber owl", Trust.RESIDUE, share=share)
    (found,) = collected(collect, Upload("m-1", context(), texts=(text,)))
    assert (found.kind, weight(found)) == (EvidenceKind.RESIDUE, counts)
    assert ("%" in found.explanation.en) is (share is not None)


@pytest.mark.parametrize(
    ("captions", "counts"),
    [
        (["amber owl, moon", "an Amber Owl flies"], "full"),
        (["amber owl", "moon", "stars"], "a look"),
        (["amber owl", *["moon"] * 19], "nothing"),
        (["not amber owl", "moon"], None),
        (["moon", "stars"], None),
    ],
)
def test_a_name_in_captions_counts_by_its_share_of_them(captions: list[str], counts: str | None) -> None:
    found = collected(collect, Upload("m-1", context(), captions=tuple(captions)))
    assert [weight(item) for item in found] == ([counts] if counts else [])
    assert all(item.source == "captions" for item in found)


def test_a_name_that_repeats_in_one_caption_counts_once() -> None:
    (found,) = collected(collect, Upload("m-1", context(), captions=("amber owl, amber owl, amber owl", "moon", "sun")))
    assert "33%" in found.explanation.en
    assert "33%" in found.explanation.zh
