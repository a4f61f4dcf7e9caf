"""Intake: every string of the document is a text, and whatever cannot be read is listed."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from typing import Any

import pytest

from indexer.model import PictureFile
from indexer.training.example_loras import ExampleLora
from service.domain.errors import UnsupportedContent
from service.domain.upload import HashClaim, Trust, Upload, UploadText
from service.usecases.intake import MAX_TEXTS, LoraPart, Submission, intake
from service.usecases.packs import PackLimits, read_pack
from tests.fakes import safetensors
from tests.unit.service.domain.facts import context

LONGEST = 1000
HASHED = {"model": {"files": [{"name": "x", "body_sha256": "ab" * 32}]}}
PICTURES = (PictureFile("a.png", b"one"),)
TENSOR = {"lora_up.weight": {"dtype": "F16", "shape": [1, 1], "data_offsets": [0, 2]}}


def _intake(document: dict[str, Any], longest: int = LONGEST, **parts: Any) -> Upload:
    return intake(Submission({"external_id": "m-1", **document}, **parts), context(), longest)


def _lora(data: bytes, name: str = "style.safetensors", *, header_only: bool = False) -> LoraPart:
    return LoraPart(name, io.BytesIO(data), len(data), header_only)


def _with_metadata(metadata: dict[str, str]) -> bytes:
    return safetensors({"__metadata__": metadata, **TENSOR}, b"\0\0")


@pytest.mark.parametrize(
    ("document", "source", "text"),
    [
        ({"model": {"name": "Owl"}}, "model.name", "Owl"),
        ({"model": {"tags": ["a", "Owl"]}}, "model.tags[1]", "Owl"),
        ({"model": {"trigger_words": ["Owl"]}}, "model.trigger_words[0]", "Owl"),
        ({"model": {"versions": [{"notes": ["Owl"]}]}}, "model.versions[0].notes[0]", "Owl"),
        ({"model": {"files": [{"name": "Owl.safetensors"}]}}, "model.files[0].name", "Owl.safetensors"),
        ({"images": [{"file": "a.png", "prompt": "an owl"}]}, "images[0].prompt", "an owl"),
        ({"unheard_of": "Owl"}, "unheard_of", "Owl"),
        ({"unheard_of": {"deep": [[{"deeper": "Owl"}]]}}, "unheard_of.deep[0][0].deeper", "Owl"),
        ({"model": {"civitai": {"trainedWords": ["Owl"]}}}, "model.civitai.trainedWords[0]", "Owl"),
        ({"commercial": {"campaign": "Owl"}}, "commercial.campaign", "Owl"),
        ({"model": {"tag_counts": {"Owl": 12}}}, "model.tag_counts.Owl", "Owl"),
        ({"model": {"files": [{"sha256": "no hash but Owl"}]}}, "model.files[0].sha256", "no hash but Owl"),
    ],
)
def test_every_string_is_searched_wherever_it_stands(document: dict[str, Any], source: str, text: str) -> None:
    assert UploadText(source, text, Trust.DECLARED) in _intake(document).texts


@pytest.mark.parametrize(
    "document",
    [
        {"external_id": "Owl"},
        {"stage": "Owl"},
        {"visibility": "Owl"},
        {"uploader": {"id": "Owl", "nick": "Owl"}},
        {"options": {"note": "Owl"}},
        {"model": {"type": "Owl"}},
        {"images": [{"file": "Owl", "role": "Owl"}]},
        {"model": {"files": [{"sha256": "ab" * 32, "body_sha256": "0xAB12CD34EF"}]}},
        {"commercial": {"monetised": True, "promoted": False}},
        {"model": {"name": "  \n", "tags": [""]}},
        {"unheard_of": [1, 2.5, True, None, {}]},
    ],
)
def test_what_the_platform_fills_in_itself_and_what_is_no_text_is_no_evidence(document: dict[str, Any]) -> None:
    assert _intake(document).texts == ()


@pytest.mark.parametrize("field", ["negative_prompt", "negativePrompt", "negative"])
def test_negative_prompts_are_read_and_weigh_nothing(field: str) -> None:
    texts = _intake({"images": [{"prompt": "forest", field: "owl"}], "meta": {field: ["owl", {"x": "owl"}]}}).texts
    assert {text.source for text in texts if text.weightless} == {
        f"images[0].{field}",
        f"meta.{field}[0]",
        f"meta.{field}[1].x",
    }
    assert [text.source for text in texts if not text.weightless] == ["images[0].prompt"]


def test_texts_keep_the_order_of_the_document() -> None:
    texts = _intake({"model": {"name": "one", "tags": ["two", "three"]}, "more": "four"}).texts
    assert [text.text for text in texts] == ["one", "two", "three", "four"]


def test_a_deep_document_is_walked_without_recursion() -> None:
    deep: Any = "Owl"
    for _ in range(5000):
        deep = [deep]
    assert [text.text for text in _intake({"deep": deep}).texts] == ["Owl"]


def test_file_names_are_residue() -> None:
    assert _intake({}, pictures=PICTURES).texts == (UploadText("file_name:a.png", "a.png", Trust.RESIDUE),)


def test_the_strings_of_a_lora_are_residue() -> None:
    tags = '{"10_owl": {"amber owl": 10, "moon": 2}}'
    data = ExampleLora("owl", metadata=(("ss_output_name", "amber_owl"), ("ss_tag_frequency", tags))).write()
    upload = _intake({}, lora=_lora(data, "owl_v2.safetensors"))
    assert {text.trust for text in upload.texts} == {Trust.RESIDUE}
    assert {"owl_v2.safetensors", "amber_owl", "amber owl", "owl"} <= {text.text for text in upload.texts}
    assert {text.text: text.share for text in upload.texts if text.share is not None} == {"amber owl": 1.0, "moon": 0.2}
    assert upload.not_screened == ()


def test_a_lora_is_known_by_what_was_computed_of_it() -> None:
    data = ExampleLora("owl", metadata=(("ss_output_name", "amber_owl"),)).write()
    upload = _intake({"model": {"trigger_words": ["mberowl"]}}, lora=_lora(data, "owl_v2.safetensors"))
    assert upload.lora is not None
    assert upload.lora.signals is not None
    assert upload.lora.signals.sha256 == hashlib.sha256(data).hexdigest()
    assert upload.lora.signals.fingerprint is not None
    assert {"owl_v2", "mberowl", "amber_owl"} <= set(upload.lora.called)


def test_of_a_header_alone_nothing_is_computed() -> None:
    data = ExampleLora("owl").write()
    header = data[: 8 + int.from_bytes(data[:8], "little")]
    upload = _intake(HASHED, lora=_lora(header, header_only=True))
    assert upload.lora is not None
    assert upload.lora.signals is None
    assert upload.not_screened == ()


def test_a_header_without_any_hash_of_its_body_is_listed() -> None:
    data = ExampleLora("owl").write()
    header = data[: 8 + int.from_bytes(data[:8], "little")]
    upload = _intake({}, lora=_lora(header, header_only=True))
    assert [item.reason.split(":")[0] for item in upload.not_screened] == ["body_not_sent"]


def test_a_whole_file_sent_as_its_header_is_a_whole_file() -> None:
    upload = _intake({}, lora=_lora(ExampleLora("owl").write(), header_only=True))
    assert upload.lora is not None
    assert upload.lora.signals is not None


def test_what_was_read_of_a_damaged_lora_is_evidence_all_the_same() -> None:
    data = ExampleLora("owl", metadata=(("ss_output_name", "amber_owl"),)).write()
    upload = _intake({"model": {"name": "x"}}, lora=_lora(data + b"\0", "Night Fox.safetensors"))
    assert {"amber_owl", "Night Fox.safetensors"} <= {text.text for text in upload.texts}
    assert [item.reason.split(":")[0] for item in upload.not_screened] == ["lora_malformed"]


def test_pictures_have_names_of_their_own() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        made.writestr("a.png", b"two")
    with read_pack(stream, PackLimits()) as pack:
        upload = _intake({}, pictures=PICTURES, pack=pack)
        assert [(item.name, item.data) for item in upload.pictures] == [("a.png", b"one"), ("a.png#2", b"two")]


def test_long_keys_are_searched_once_and_make_no_long_paths() -> None:
    upload = _intake({"meta": {"k" * 100_000: {str(number): "owl" for number in range(2_000)}}}, longest=200_000)
    assert max(len(text.source) for text in upload.texts) <= 300
    assert sum(len(text.text) == 100_000 for text in upload.texts) == 1


def test_an_adapter_whose_weights_cannot_be_compared_is_listed() -> None:
    upload = _intake({}, lora=_lora(_with_metadata({})))
    assert [item.reason.split(":")[0] for item in upload.not_screened] == ["unsupported_adapter"]


def test_hashes_that_are_only_named_are_claims() -> None:
    document = {"model": {"files": [{"name": "a", "sha256": "ab" * 32}]}, "more": {"AutoV2": "abcdef0123"}}
    data = ExampleLora("owl", metadata=(("sshs_model_hash", "cd" * 32),)).write()
    upload = _intake(document, lora=_lora(data))
    assert upload.claims == (
        HashClaim("lora:sshs_model_hash", "cd" * 32),
        HashClaim("model.files[0].sha256", "ab" * 32),
        HashClaim("more.AutoV2", "abcdef0123"),
    )


def test_pictures_inside_a_lora_are_screened_like_samples() -> None:
    picture = b"picture"
    uri = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    data = ExampleLora("owl", metadata=(("modelspec.thumbnail", uri),)).write()
    upload = _intake({}, pictures=PICTURES, lora=_lora(data))
    assert [(item.name, item.data) for item in upload.pictures] == [
        ("a.png", b"one"),
        ("lora:modelspec.thumbnail", picture),
    ]


def test_an_image_pack_gives_pictures_captions_and_folders() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        made.writestr("10_amber owl/1.png", b"one")
        made.writestr("10_amber owl/1.txt", b"amber owl, moon")
        made.writestr("notes.doc", b"?")
    with read_pack(stream, PackLimits()) as pack:
        upload = _intake({}, pictures=PICTURES, pack=pack)
        assert [(item.name, item.data) for item in upload.pictures] == [
            ("a.png", b"one"),
            ("10_amber owl/1.png", b"one"),
        ]
    assert upload.captions == ("amber owl, moon",)
    assert ("amber owl", 1.0) in {(text.text, text.share) for text in upload.texts}
    assert [item.source for item in upload.not_screened] == ["image_pack:notes.doc"]


@pytest.mark.parametrize("length", [LONGEST, LONGEST + 1])
def test_a_caption_is_searched_up_to_its_limit_and_the_rest_listed(length: int) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        made.writestr("1.png", b"one")
        made.writestr("1.txt", "x" * length)
    with read_pack(stream, PackLimits()) as pack:
        upload = _intake({}, pack=pack)
    assert [len(caption) for caption in upload.captions] == [LONGEST]
    assert [item.source for item in upload.not_screened] == (["captions"] if length > LONGEST else [])


def test_pictures_that_a_payload_names_and_that_did_not_come_are_listed() -> None:
    upload = _intake({"model": {"name": "x"}}, not_sent=("https://example.org/a.png",))
    (listed,) = upload.not_screened
    assert (listed.source, listed.reason.split(":")[0]) == ("image:https://example.org/a.png", "not_sent")


def test_a_header_without_its_body_is_read_like_the_whole_file() -> None:
    data = _with_metadata({"ss_output_name": "amber_owl"})
    upload = _intake(HASHED, lora=_lora(data[:-2], header_only=True))
    assert "amber_owl" in {text.text for text in upload.texts}
    assert upload.not_screened == ()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "unsupported_format"),
        (b"PK\x03\x04" + b"\0" * 64, "header_too_large"),
        (b"\x80\x02}q\x00." + b"\0" * 64, "unsupported_format"),
        ((100).to_bytes(8, "little") + b"{}", "lora_malformed"),
        (safetensors("{"), "lora_malformed"),
        (safetensors(TENSOR, b""), "lora_malformed"),
    ],
)
class TestUnreadableLora:
    def test_beside_other_content_it_is_listed(self, data: bytes, code: str) -> None:
        for other in ({"pictures": PICTURES}, {}):
            upload = _intake({"model": {"name": "Owl"}} if not other else {}, lora=_lora(data), **other)
            (listed,) = upload.not_screened
            assert listed.source == "lora:style.safetensors"
            assert listed.reason.split(":")[0] in {code, "unsupported_format"}

    def test_alone_it_is_refused(self, data: bytes, code: str) -> None:
        with pytest.raises(UnsupportedContent, match=f"{code}|unsupported_format"):
            _intake({}, lora=_lora(data))


@pytest.mark.parametrize("length", [LONGEST, LONGEST + 1])
def test_a_text_is_searched_up_to_its_limit_and_the_rest_listed(length: int) -> None:
    upload = _intake({"model": {"name": "x" * length}})
    assert len(upload.texts[0].text) == LONGEST
    assert [item.source for item in upload.not_screened] == (["model.name"] if length > LONGEST else [])
    assert all(item.reason.startswith("text_too_long:") for item in upload.not_screened)


@pytest.mark.parametrize("count", [MAX_TEXTS, MAX_TEXTS + 1])
def test_texts_are_searched_up_to_their_limit_and_the_rest_listed(count: int) -> None:
    upload = _intake({"tags": ["t"] * count})
    assert len(upload.texts) == MAX_TEXTS
    assert [item.source for item in upload.not_screened] == (["texts"] if count > MAX_TEXTS else [])


def test_parts_that_nothing_reads_are_listed() -> None:
    upload = _intake({}, pictures=PICTURES, unknown_parts=("audio", "video"))
    assert [item.source for item in upload.not_screened] == ["part:audio", "part:video"]


@pytest.mark.parametrize(("options", "shadow"), [({}, False), ({"shadow": True}, True), ({"shadow": False}, False)])
def test_a_shadow_screening_is_marked(options: dict[str, Any], *, shadow: bool) -> None:
    assert _intake({"options": options}).shadow is shadow
