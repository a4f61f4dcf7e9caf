"""The recorded shape of each platform: its native document, and not one string that is not searched.

The shapes are those of the platforms' public interfaces; names, ids and texts are made up.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from indexer.model import PictureFile
from service.api.wire import UploadDocument
from service.domain.upload import Upload
from service.usecases.intake import Submission, intake
from service.usecases.payloads import PayloadFormat, Translated, to_document
from tests.unit.service.domain.facts import context

SHAPES = Path(__file__).parent / "shapes"
LONGEST = 20_000


@dataclass(frozen=True)
class Shape:
    """A recorded payload: what is sent with it, which pictures are missing, which strings become something else."""

    name: str
    payload: PayloadFormat
    sent: tuple[str, ...]
    not_sent: tuple[str, ...]
    mapped: frozenset[str]
    extra: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    def raw(self) -> Any:
        suffix = "md" if self.payload is PayloadFormat.HUGGINGFACE else "json"
        text = (SHAPES / f"{self.name}.{suffix}").read_text("utf-8")
        return text if suffix == "md" else json.loads(text)

    def translated(self) -> Translated:
        return to_document(self.raw(), self.payload, self.extra, self.sent)

    def strings(self) -> list[str]:
        raw = self.raw()
        if isinstance(raw, str):
            _, front, body = raw.split("---\n", 2)
            return [body.strip(), *_strings(yaml.safe_load(front))]
        return list(_strings(raw))


CIVITAI = Shape(
    "civitai_model",
    PayloadFormat.CIVITAI,
    sent=("61100001.jpeg", "50100007.jpeg"),
    not_sent=("https://image.example/xG1n/7c1d/original=true/61100002.jpeg",),
    mapped=frozenset(
        {
            "LORA",
            "https://image.example/xG1n/6b0c/original=true/61100001.jpeg",
            "https://image.example/xG1n/8d2e/width=450/50100007.jpeg",
        }
    ),
)
HUGGINGFACE = Shape(
    "huggingface_card",
    PayloadFormat.HUGGINGFACE,
    sent=("night market.png", "images/roof.png"),
    not_sent=("images/lantern fox by the river.png",),
    mapped=frozenset({"images/night%20market.png", "./images/roof.png"}),
    extra={"external_id": "paper-kite/lantern-fox-xl", "uploader": {"id": "u-7"}},
)
LIBLIB = Shape(
    "liblib_model",
    PayloadFormat.LIBLIB,
    sent=("aa11.png", "roof.png"),
    not_sent=("https://images.example/web/image/cc33.png",),
    mapped=frozenset({"LORA", "https://images.example/web/image/aa11.png"}),
    extra={"visibility": "unlisted"},
)
SHAPES_OF_ALL = pytest.mark.parametrize("shape", [CIVITAI, HUGGINGFACE, LIBLIB], ids=str)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.strip():
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def _intake(shape: Shape) -> Upload:
    pictures = [PictureFile(name, b"") for name in shape.sent]
    return intake(Submission(shape.translated().document, pictures), context(), LONGEST)


@SHAPES_OF_ALL
def test_a_payload_becomes_this_very_document(shape: Shape) -> None:
    translated = shape.translated()
    assert translated.document == json.loads((SHAPES / f"{shape.name}.document.json").read_text("utf-8"))
    assert translated.not_sent == shape.not_sent


@SHAPES_OF_ALL
def test_the_document_is_a_valid_one_and_names_only_parts_that_were_sent(shape: Shape) -> None:
    document = UploadDocument.model_validate(shape.translated().document)
    assert sorted(entry.file for entry in document.images) == sorted(shape.sent)


@SHAPES_OF_ALL
def test_no_string_of_a_payload_is_lost(shape: Shape) -> None:
    upload = _intake(shape)
    found, claimed = {text.text for text in upload.texts}, {claim.value.lower() for claim in upload.claims}
    assert {text for text in shape.strings() if text not in found and text.lower() not in claimed} == shape.mapped


@SHAPES_OF_ALL
def test_a_string_that_has_a_native_field_is_not_searched_twice(shape: Shape) -> None:
    stands, searched = Counter(shape.strings()), Counter(text.text for text in _intake(shape).texts)
    assert {text for text, times in searched.items() if text in stands and times > stands[text]} == set()


@SHAPES_OF_ALL
def test_negative_prompts_weigh_nothing_wherever_they_stand(shape: Shape) -> None:
    weightless = {text.text for text in _intake(shape).texts if text.weightless}
    assert weightless == {"lowres, grey wolf"} | ({"blurry"} if shape is CIVITAI else set())


def test_places_in_what_is_left_are_those_of_the_payload() -> None:
    sources = {text.source: text.text for text in _intake(CIVITAI).texts}
    assert sources["payload.modelVersions[0].images[0].meta.resources[1].name"] == "lantern_fox_il_v2"
    assert sources["payload.modelVersions[0].images[1].meta.prompt"] == "lntrnfox on a roof"
    assert sources["payload_keys[0]"] == "lora:lantern_fox_il_v2"


def test_a_version_that_stands_alone_is_read_like_the_first_of_its_model() -> None:
    shape = Shape("civitai_version", PayloadFormat.CIVITAI, ("61100001.jpeg",), (), frozenset(), {"stage": "training"})
    document = shape.translated().document
    assert document["external_id"] == "civitai:731025/845002"
    assert document["stage"] == "training"
    assert document["model"] == {
        "name": "Lantern Fox",
        "type": "LORA",
        "base_model": "Illustrious",
        "alt_names": ["v2.0 - Illustrious"],
        "trigger_words": ["lntrnfox"],
        "versions": [{"id": 845002, "description": "<p>Trained again on 60 pictures.</p>"}],
        "files": [
            {
                "name": "lantern_fox_il_v2.safetensors",
                "sha256": "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9",
                "hashes": {"AutoV3": "5566778899AA"},
            }
        ],
    }
    assert document["images"] == [
        {
            "file": "61100001.jpeg",
            "role": "sample",
            "prompt": "lntrnfox, night market",
            "negative_prompt": "lowres",
        }
    ]


def test_a_liblib_body_is_read_without_its_envelope_too() -> None:
    bare = to_document(LIBLIB.raw()["data"], PayloadFormat.LIBLIB, LIBLIB.extra, LIBLIB.sent)
    whole = LIBLIB.translated()
    assert bare.document["payload"] == whole.document["payload"]["data"]
    assert {**bare.document, "payload": None} == {**whole.document, "payload": None}


@pytest.mark.parametrize(
    ("cover", "roles"),
    [
        (None, ["sample", "sample"]),
        ("https://h/b.png?w=9", ["sample", "cover"]),
        ("https://h/c.png", ["sample", "sample", "cover"]),
    ],
)
def test_a_liblib_cover_is_one_of_the_pictures_or_a_picture_of_its_own(cover: str | None, roles: list[str]) -> None:
    images = [{"imageUrl": "https://h/a.png"}, {"imageUrl": "https://h/b.png?w=1"}]
    raw = {"uuid": "1", "versions": [{"imageGroup": {"coverUrl": cover, "images": images}}]}
    translated = to_document(raw, PayloadFormat.LIBLIB, {}, ("a.png", "b.png", "c.png"))
    assert [entry["role"] for entry in translated.document["images"]] == roles
    assert translated.not_sent == ()
