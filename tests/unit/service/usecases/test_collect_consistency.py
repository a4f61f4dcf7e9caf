"""What does not fit together in an upload is told, and accuses nobody."""

from __future__ import annotations

import pytest

from indexer.model import PictureMaking
from indexer.training.example_loras import ExampleLora
from service.domain.evidence import EvidenceKind
from service.domain.upload import Upload, UploadText
from service.usecases.collectors.consistency import collect
from tests.unit.service.usecases.collected import collected, signals, uploaded

MINE = signals(ExampleLora("mine"))
FOREST = PictureMaking(tool="a1111", prompts=("a forest at night",))


def codes(upload: Upload, **makings: PictureMaking) -> list[str | None]:
    found = collected(collect, upload, makings=makings)
    assert all(item.kind is EvidenceKind.CONSISTENCY and item.about is None for item in found)
    return [item.text for item in found]


@pytest.mark.parametrize(
    ("making", "told"),
    [
        pytest.param(FOREST, True, id="no prompt calls it"),
        pytest.param(PictureMaking(tool="a1111", loras=("other_style",)), True, id="another LoRA is called"),
        pytest.param(PictureMaking(prompts=("emberlin, evening",)), False, id="by its trigger"),
        pytest.param(PictureMaking(prompts=("EMBER-LIN in a forest",)), False, id="by its trigger, as people type"),
        pytest.param(PictureMaking(loras=("Warm_Style-v2",)), False, id="by its file's name"),
        pytest.param(PictureMaking(prompts=("x",), hashes=(MINE.sha256[:10],)), False, id="by its hash"),
        pytest.param(PictureMaking(prompts=("x",), hashes=(MINE.body_sha256[:12],)), False, id="by its AutoV3"),
        pytest.param(PictureMaking(prompts=("x",), hashes=(MINE.sha256[:8],)), True, id="eight digits prove nothing"),
        pytest.param(PictureMaking(tool="a1111"), False, id="without a prompt nothing is said"),
        pytest.param(PictureMaking(), False, id="a picture without metadata"),
    ],
)
def test_samples_that_never_call_the_lora_may_be_decoys(making: PictureMaking, *, told: bool) -> None:
    upload = uploaded(MINE, called=["warm style v2", "emberlin"])
    assert codes(upload, a=making) == (["samples_may_not_show_this_lora"] if told else [])


def test_one_sample_that_calls_it_is_enough() -> None:
    upload = uploaded(MINE, called=["emberlin"])
    assert codes(upload, a=FOREST, b=PictureMaking(prompts=("emberlin",))) == []


def test_a_prompt_that_the_platform_sent_counts_as_one() -> None:
    upload = uploaded(MINE, called=["emberlin"], texts=(UploadText("images[0].prompt", "emberlin, hills"),))
    assert codes(upload, a=FOREST) == []


def test_without_a_lora_no_sample_is_a_decoy() -> None:
    assert codes(Upload("m-1", uploaded().context), a=FOREST) == []


@pytest.mark.parametrize(
    ("claim", "told"), [(MINE.sha256, False), (MINE.body_sha256.upper(), False), ("a" * 64, True), ("a" * 10, False)]
)
def test_a_file_that_is_none_of_those_declared_is_told(claim: str, *, told: bool) -> None:
    upload = uploaded(MINE, claims={"model.files[0].sha256": claim})
    assert codes(upload) == (["declared_hash_differs"] if told else [])


def test_labels_of_generated_pictures_are_counted() -> None:
    iptc = "http://cv.iptc.org/newscodes/digitalsourcetype/"
    makings = {
        "a": PictureMaking(labels=(("aigc", "1"),)),
        "b": PictureMaking(labels=(("c2pa", ""), ("digital_source_type", f"{iptc}trainedAlgorithmicMedia"))),
        "photograph": PictureMaking(
            labels=(("digital_source_type", f"{iptc}digitalCapture"), ("c2pa", "signature: untrusted"))
        ),
        "plain": PictureMaking(),
    }
    (found,) = collected(collect, uploaded(), makings=makings)
    assert found.text == "labelled_as_generated"
    assert "2 pictures" in found.explanation.en
