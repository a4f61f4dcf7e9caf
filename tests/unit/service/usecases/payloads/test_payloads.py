"""Payloads: what the platform adds wins, wrong types are searched where they stand, and no error is not ours."""

from __future__ import annotations

import copy
import string
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from service.api.wire import UploadDocument
from service.domain.errors import InvalidFields, MalformedRequest, ServiceError
from service.usecases import intake as intake_module
from service.usecases.intake import Submission, intake
from service.usecases.payloads import ADDED, PayloadFormat, to_document
from tests.unit.service.domain.facts import context

CIVITAI, HUGGINGFACE, LIBLIB = PayloadFormat.CIVITAI, PayloadFormat.HUGGINGFACE, PayloadFormat.LIBLIB
KEYS = [
    *("id", "uuid", "data", "name", "title", "description", "type", "tags", "model", "files", "images", "url", "meta"),
    *("modelId", "modelVersions", "baseModel", "trainedWords", "hashes", "SHA256", "prompt", "negativePrompt"),
    *("tagsV2", "modelContent", "modelTypeName", "versions", "baseTypeName", "triggerWord", "versionDesc"),
    *("attachment", "modelSourceName", "modelSourceHash", "imageGroup", "coverUrl", "imageUrl", "originalName"),
    *("generateInfo", "instance_prompt", "widget", "output", "URL", "text", "parameters", "negative_prompt"),
    *("base_model", "model_name", "file", "role", "uploader", "options", "payload"),
]
LETTERS = st.text(string.ascii_letters + "狐ключ:-_./?#%", min_size=1, max_size=8)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | LETTERS
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | LETTERS, inner, max_size=6),
    max_leaves=30,
)
NO_OBJECTS: tuple[Any, ...] = ([], "{}", b"{}", None, 3)
OBJECTS = st.dictionaries(st.sampled_from(KEYS) | LETTERS, JSON, max_size=10)


def _document(raw: Any, payload: PayloadFormat = CIVITAI, sent: tuple[str, ...] = (), **extra: Any) -> dict[str, Any]:
    return to_document(raw, payload, {"external_id": "m-1", **extra}, sent).document


def _strings(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        return set().union(*map(_strings, value.values()))
    if isinstance(value, list):
        return set().union(*map(_strings, value))
    return {value} if isinstance(value, str) else set()


def _texts(document: dict[str, Any]) -> dict[str, str]:
    upload = intake(Submission(document), context(), 1000)
    return {text.source: text.text for text in upload.texts}


@pytest.mark.parametrize(
    ("payload", "raw", "external_id"),
    [
        (CIVITAI, {"id": 17}, "civitai:17"),
        (CIVITAI, {"id": "17", "modelVersions": [{"id": 4}, {"id": 5}]}, "civitai:17/4"),
        (CIVITAI, {"id": 17, "modelVersions": [{"id": None}]}, "civitai:17"),
        (CIVITAI, {"id": 4, "modelId": 17}, "civitai:17/4"),
        (LIBLIB, {"uuid": "ab12"}, "liblib:ab12"),
        (LIBLIB, {"data": {"uuid": "ab12", "versions": [{"uuid": "cd34"}]}}, "liblib:ab12/cd34"),
    ],
)
def test_a_payload_with_an_id_needs_no_other(payload: PayloadFormat, raw: dict[str, Any], external_id: str) -> None:
    assert to_document(raw, payload, {}, ()).document["external_id"] == external_id


@pytest.mark.parametrize(
    ("payload", "raw"),
    [
        (CIVITAI, {"name": "Owl"}),
        (CIVITAI, {"id": True}),
        (CIVITAI, {"id": -1}),
        (CIVITAI, {"id": 10**4000}),
        (CIVITAI, {"id": "a b"}),
        (CIVITAI, {"items": [{"id": 17}]}),
        (LIBLIB, {"uuid": ["ab12"]}),
        (LIBLIB, {"uuid": "x" * 600}),
        (HUGGINGFACE, "---\nid: 17\n---\n# Owl"),
    ],
)
def test_without_an_id_the_platform_is_asked_for_its_own(payload: PayloadFormat, raw: Any) -> None:
    with pytest.raises(InvalidFields) as caught:
        to_document(raw, payload, {}, ())
    assert [fault.location for fault in caught.value.faults] == ["external_id"]


def test_what_the_platform_adds_wins() -> None:
    added = {
        "external_id": "m-9",
        "stage": "training",
        "visibility": "private",
        "commercial": {"monetised": True},
        "uploader": {"id": "u-1"},
        "options": {"shadow": True},
    }
    assert set(added) == ADDED
    document = to_document({"id": 17, "name": "Owl", "stage": "publication"}, CIVITAI, added, ()).document
    assert {name: document[name] for name in added} == added
    assert document["payload"]["stage_"] == "publication"


@pytest.mark.parametrize("name", ["model", "images", "payload", "nickname"])
def test_nothing_else_is_added_lest_it_hide_what_the_payload_says(name: str) -> None:
    with pytest.raises(InvalidFields) as caught:
        to_document({"id": 17, "name": "Owl"}, CIVITAI, {name: {}}, ())
    assert [fault.location for fault in caught.value.faults] == [name]


def test_a_native_document_stays_as_it_is() -> None:
    native = {"external_id": "m-1", "model": {"name": "Owl"}, "images": [{"file": "a.png"}], "more": ["x"]}
    translated = to_document(native, PayloadFormat.NATIVE, {"stage": "training"}, ())
    assert translated.document == {**native, "stage": "training"}
    assert translated.not_sent == ()


@pytest.mark.parametrize(
    ("payload", "raw"),
    [
        *((payload, raw) for payload in (PayloadFormat.NATIVE, CIVITAI, LIBLIB) for raw in NO_OBJECTS),
        (HUGGINGFACE, {"tags": ["owl"]}),
        (HUGGINGFACE, b"\xff\xfe"),
    ],
)
def test_a_payload_of_another_kind_is_malformed(payload: PayloadFormat, raw: Any) -> None:
    with pytest.raises(MalformedRequest):
        _document(raw, payload)


@pytest.mark.parametrize(
    ("payload", "raw", "model"),
    [
        (CIVITAI, {"tags": "owl, night、moon"}, {"tags": ["owl", "night", "moon"]}),
        (CIVITAI, {"tags": [{"id": 4, "name": "owl"}, "night", None, 7]}, {"tags": ["owl", "night"]}),
        (CIVITAI, {"tags": {"name": "owl"}}, {"tags": ["owl"]}),
        (CIVITAI, {"modelVersions": {"name": "v1"}}, {"alt_names": ["v1"]}),
        (CIVITAI, {"modelVersions": ["v1", None, ["v2"]]}, {"alt_names": ["v1"]}),
        (CIVITAI, {"modelVersions": [{"trainedWords": "owl, night"}]}, {"trigger_words": ["owl, night"]}),
        (CIVITAI, {"modelVersions": [{"files": ["owl.safetensors"]}]}, {"files": [{"name": "owl.safetensors"}]}),
        (CIVITAI, {"name": 2077, "type": None, "description": ["Owl"], "modelVersions": 3}, {}),
        (CIVITAI, {"modelVersions": [{"files": [{"hashes": {"SHA256": "Owl", "AutoV2": 7}}]}]}, None),
        (CIVITAI, {"modelVersions": [{"files": [{"hashes": "Owl"}], "images": [{"meta": "Owl"}, "Owl"]}]}, {}),
        (LIBLIB, {"tagsV2": ["owl", {"name": "night"}]}, {"tags": ["owl", "night"]}),
        (LIBLIB, {"tagsV2": {"modelContent": "owl"}}, {"tags": ["owl"]}),
        (LIBLIB, {"versions": [{"triggerWord": ["owl", "night"]}]}, {"trigger_words": ["owl", "night"]}),
        (LIBLIB, {"data": ["Owl"]}, {}),
        (LIBLIB, {"versions": [{"attachment": "Owl", "imageGroup": ["Owl"], "baseTypeName": 19}]}, {}),
        (HUGGINGFACE, "---\ntags: owl, night\n---\n", {"tags": ["owl", "night"]}),
        (HUGGINGFACE, "---\nbase_model: [a/b, c/d]\n---\n", {"base_model": "a/b"}),
        (HUGGINGFACE, "---\ninstance_prompt: 007\n---\n", {"trigger_words": ["007"]}),
        (HUGGINGFACE, "---\ninstance_prompt: null\nname: owl\n---\n", {"name": "owl"}),
        (HUGGINGFACE, "---\nmodel_name: Owl\nname: owl-xl\n---\n", {"name": "Owl", "alt_names": ["owl-xl"]}),
        (HUGGINGFACE, "---\nwidget: [a, {output: [Owl]}, [b]]\n---\n", {}),
    ],
)
def test_what_fits_is_mapped_and_what_does_not_is_searched(
    payload: PayloadFormat, raw: Any, model: dict[str, Any] | None
) -> None:
    document = _document(raw, payload)
    UploadDocument.model_validate(document)
    if model is not None:
        assert document["model"] == model
    if "Owl" in str(raw):
        assert "Owl" in {*_texts(document).values(), *_claimed(document)}


@pytest.mark.parametrize("name", sorted(intake_module._NOT_EVIDENCE))
def test_a_field_that_is_kept_out_of_the_search_is_searched_in_a_payload(name: str) -> None:
    document = _document({"deep": [{name: "Owl", f"{name}_": "Barn owl"}]})
    assert list(_texts(document).values()) == ["Owl", "Barn owl"]


def test_keys_made_of_somebodys_words_are_searched() -> None:
    document = _document({"meta": {"lora:owl": 1, "steps": 2, "猫": None}})
    assert document["payload_keys"] == ["lora:owl", "猫"]


@pytest.mark.parametrize("raw", [{}, {"id": 4, "nsfw": False, "modelVersions": [{"id": 5}]}, {"name": "Owl", "x": " "}])
def test_a_payload_that_says_nothing_more_leaves_nothing(raw: dict[str, Any]) -> None:
    assert set(_document(raw)) == {"external_id", "model", "images"}


@pytest.mark.parametrize(
    ("external_id", "name"), [("owner/night-owl", "night-owl"), ("model-17", None), ("/x", None), ("x/", None)]
)
def test_a_card_without_a_name_is_called_as_its_repository(external_id: str, name: str | None) -> None:
    assert _document("# Card", HUGGINGFACE, external_id=external_id)["model"].get("name") == name


def test_deep_nesting_is_copied_without_recursion() -> None:
    deep: Any = "Owl"
    for _ in range(5_000):
        deep = [deep]
    document = _document({"unheard_of": deep})
    assert list(_texts(document).values()) == ["Owl"]


@given(OBJECTS, st.sampled_from([CIVITAI, LIBLIB]), st.lists(LETTERS, max_size=3))
@example({"tags": {"name": "a"}, "tagsV2": {"name": "b"}}, LIBLIB, [])
def test_no_payload_raises_or_changes_or_makes_a_wrong_document(
    raw: dict[str, Any], payload: PayloadFormat, sent: list[str]
) -> None:
    before = copy.deepcopy(raw)
    translated = to_document(raw, payload, {"external_id": "m-1"}, sent)
    assert raw == before
    document = UploadDocument.model_validate(translated.document)
    assert {entry.file for entry in document.images} <= set(sent)


@given(OBJECTS, st.sampled_from([CIVITAI, LIBLIB]))
def test_no_string_of_any_payload_is_lost(raw: dict[str, Any], payload: PayloadFormat) -> None:
    document = _document(raw, payload)
    native = {document["model"].get("type")}
    assert _strings(raw) - native <= set(_texts(document).values()) | _claimed(document)


@given(OBJECTS, LETTERS)
def test_no_string_of_any_card_is_lost(raw: dict[str, Any], body: str) -> None:
    card = f"---\n{yaml.safe_dump(raw, allow_unicode=True)}---\n{body}"
    document = _document(card, HUGGINGFACE)
    UploadDocument.model_validate(document)
    assert {*_strings(raw), body} <= set(_texts(document).values()) | _claimed(document)


@given(st.text() | st.text("-\n: []{}a&*!|>'\"#?%\t\\\r\ufeff\ud800").map("---\n{}\n---\n".format) | st.binary())
def test_no_text_raises_anything_but_our_errors(card: str | bytes) -> None:
    try:
        UploadDocument.model_validate(_document(card, HUGGINGFACE))
    except ServiceError:
        return


def _claimed(document: dict[str, Any]) -> set[str]:
    return {claim.value for claim in intake(Submission(document), context(), 1000).claims}
