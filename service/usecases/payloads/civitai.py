"""A model, or one version of it, as Civitai's public API gives it (`models/{id}`, `model-versions/{id}`).

Source: the site's API reference (developer.civitai.com/site/reference). A model has `name`, `description` (HTML),
`type`, `tags` and `modelVersions`; a version has `name`, `description`, `baseModel`, `trainedWords`, `files` with
`hashes` (under names such as SHA256, AutoV2, AutoV3), and `images` with `url` and `meta`, where the prompts are. A
version that stands alone has `modelId`, and says of its model what stands in `model`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.usecases.payloads.fields import (
    Fields,
    Model,
    Reading,
    entries,
    held,
    inner,
    joined_id,
    parted,
    take_sha256,
    take_text,
    take_texts,
)
from service.usecases.payloads.pictures import Pictures


def read_civitai(payload: Mapping[str, Any], pictures: Pictures) -> Reading:
    """Read a model or a version; the id is `civitai:MODEL/VERSION`, of the first version."""
    left = dict(payload)
    alone = "modelId" in left and "modelVersions" not in left
    about = inner(left, "model") if alone else left
    versions = [left] if alone else entries(left, "modelVersions", "name")
    model = Model(type=take_text(about, "type"), description=take_text(about, "description"))
    model.name = take_text(about, "name")
    model.tags = parted(take_texts(about, "tags"))
    model_id = left.get("modelId" if alone else "id")
    external_id = joined_id("civitai", model_id, *(version.get("id") for version in versions[:1]))
    for version in versions:
        _version(version, model, pictures)
    return Reading(external_id, model, left)


def _version(version: Fields, model: Model, pictures: Pictures) -> None:
    name, description = take_text(version, "name"), take_text(version, "description")
    model.add_version(version.get("id"), name, description, take_text(version, "baseModel"))
    model.trigger_words += take_texts(version, "trainedWords")
    model.files += filter(None, map(_file, entries(version, "files", "name")))
    for image in entries(version, "images", "url"):
        part = pictures.match(image, "url", "name")
        if part is not None:
            meta = inner(image, "meta")
            pictures.add(part, take_text(meta, "prompt"), take_text(meta, "negativePrompt"))


def _file(file: Fields) -> Fields:
    hashes = inner(file, "hashes")
    sha256 = take_sha256(hashes, "SHA256")
    others = {name: hashes.pop(name) for name, value in list(hashes.items()) if isinstance(value, str)}
    return held({"name": take_text(file, "name"), "sha256": sha256, "hashes": others})
