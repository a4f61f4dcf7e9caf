"""A model as LiblibAI's site gives it (`/api/www/model/getByUuid/{uuid}`), with or without its envelope `{code, data}`.

Source: no reference is published; the fields are those of the site's own answers, as public clients read them. A model
has `uuid`, `name`, `modelTypeName`, `tagsV2` (names by category) and `versions`; a version has `name`, `versionDesc`,
`triggerWord` (a string or a list), `baseTypeName`, `attachment` with the file's name and sha256, and `imageGroup` with
`coverUrl` and `images`, whose `generateInfo` has the prompts.
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
from service.usecases.payloads.pictures import Pictures, without_query


def read_liblib(payload: Mapping[str, Any], pictures: Pictures) -> Reading:
    """Read a model; the id is `liblib:MODEL/VERSION`, by uuid, of the first version."""
    left = dict(payload)
    bare = "versions" in left or "uuid" in left or not isinstance(left.get("data"), Mapping)
    about = left if bare else inner(left, "data")
    model = Model(type=take_text(about, "modelTypeName"), description=take_text(about, "description"))
    model.name = take_text(about, "name")
    model.tags = _tags(about)
    versions = entries(about, "versions", "name")
    external_id = joined_id("liblib", about.get("uuid"), *(item.get("uuid") for item in versions[:1]))
    for version in versions:
        _version(version, model, pictures)
    return Reading(external_id, model, left)


def _tags(about: Fields) -> list[str]:
    by_category = inner(about, "tagsV2")
    tags = [tag for category in list(by_category) for tag in take_texts(by_category, category)]
    if not by_category:
        tags += take_texts(about, "tagsV2")
    return parted([*tags, *take_texts(about, "tags")])


def _version(version: Fields, model: Model, pictures: Pictures) -> None:
    name, description = take_text(version, "name"), take_text(version, "versionDesc")
    model.add_version(version.get("id"), name, description, take_text(version, "baseTypeName"))
    model.trigger_words += take_texts(version, "triggerWord")
    attachment = inner(version, "attachment")
    sha256 = take_sha256(attachment, "modelSourceHash")
    file = held({"name": take_text(attachment, "modelSourceName"), "sha256": sha256})
    model.files += filter(None, [file])
    _pictures(inner(version, "imageGroup"), pictures)


def _pictures(group: Fields, pictures: Pictures) -> None:
    cover = group.get("coverUrl")
    for image in entries(group, "images", "url"):
        addresses = [without_query(text) for text in (image.get("url"), image.get("imageUrl")) if isinstance(text, str)]
        role = "cover" if isinstance(cover, str) and without_query(cover) in addresses else "sample"
        part = pictures.match(image, "url", "imageUrl", "originalName")
        if part is not None:
            told = inner(image, "generateInfo")
            pictures.add(part, take_text(told, "prompt"), take_text(told, "negativePrompt"), role)
    part = pictures.match(group, "coverUrl")
    if part is not None:
        pictures.add(part, "", "", "cover")
