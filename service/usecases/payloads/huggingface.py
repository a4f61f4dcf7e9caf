"""A model card of the Hugging Face Hub: Markdown behind a front matter of YAML.

Sources: the Hub's pages on model cards and on their gallery (huggingface.co/docs/hub), and the card metadata of the
library huggingface_hub. The front matter has `tags`, `base_model` (one or several), `instance_prompt`, `model_name`,
and `widget`, whose entries have a prompt (`text`), `parameters.negative_prompt` and the picture (`output.url`).
"""

from __future__ import annotations

from typing import Any

from service.domain.errors import MalformedRequest
from service.usecases.payloads.fields import Fields, Model, Reading, entries, inner, parted, take_text, take_texts
from service.usecases.payloads.front_matter import read_front_matter, split
from service.usecases.payloads.pictures import Pictures


def read_huggingface(card: str | bytes, pictures: Pictures, external_id: Any) -> Reading:
    """Read a card. It has no id; of an id `OWNER/NAME` the name is taken, as the Hub shows it where no other is given.

    Raises what `read_front_matter` raises, and MalformedRequest for what is not UTF-8.
    """
    front, body = split(_text(card))
    left: Fields = dict(read_front_matter(front))
    model = Model(name=take_text(left, "model_name"), description=body.strip())
    names = [*take_texts(left, "name"), *_repository(external_id)]
    model.alt_names = names if model.name else names[1:]
    model.name = model.name or "".join(names[:1])
    model.tags = parted(take_texts(left, "tags"))
    model.trigger_words = take_texts(left, "instance_prompt")
    _base_models(left, model)
    for entry in entries(left, "widget", "text"):
        part = pictures.match(inner(entry, "output"), "url", "URL")
        if part is not None:
            parameters = inner(entry, "parameters")
            pictures.add(part, take_text(entry, "text"), take_text(parameters, "negative_prompt"))
    return Reading(None, model, left)


def _text(card: str | bytes) -> str:
    try:
        text = card.decode("utf-8") if isinstance(card, bytes) else card
    except UnicodeDecodeError as error:
        raise MalformedRequest(f"the model card is not UTF-8: {error.reason} at byte {error.start}") from error
    # Halves of surrogate pairs are in no text that can be answered or stored.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").removeprefix("\ufeff")


def _repository(external_id: Any) -> list[str]:
    owner, slash, name = external_id.partition("/") if isinstance(external_id, str) else ("", "", "")
    return [name] if owner and slash and name else []


def _base_models(left: Fields, model: Model) -> None:
    first, *others = take_texts(left, "base_model") or [""]
    model.base_model = first
    if others:
        left["base_model"] = [*others, *filter(None, left.get("base_model") or [])]
