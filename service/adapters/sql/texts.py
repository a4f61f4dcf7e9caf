"""Texts that every database can hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str | None) -> str | None:
    """Replace what a text column cannot hold everywhere: NUL, and halves of surrogate pairs."""
    return None if text is None else clean(text)


def clean(text: str) -> str:
    """Do the same with a text that is there."""
    return _UNSTORABLE.sub("\ufffd", text)


def clean_json(value: Any) -> Any:
    """Do the same with every text of a JSON value: PostgreSQL reads no part of one in which there is a NUL."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(str(key)): clean_json(item) for key, item in value.items()}
    return [clean_json(item) for item in value] if isinstance(value, Sequence) else value
