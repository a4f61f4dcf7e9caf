"""What may be written into the fields of a reference set, and what is wrong with what was.

Everything wrong is told at once, each with its place, so that a rights owner mends it in one go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from indexer.model import Alias
from indexer.reference_sets import SLUG
from service.domain.errors import FieldFault, InvalidFields

MAX_NAME = 512
MAX_TEXT = 4000
MAX_LANGUAGES = 40
MAX_ALIASES = 200

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")

Faults = list[FieldFault]


def refuse(faults: Faults) -> None:
    """Raise InvalidFields where there are faults."""
    if faults:
        raise InvalidFields(faults)


def slug(value: str, place: str = "slug") -> Faults:
    """Check a slug by the rule that folders of sets follow."""
    if SLUG.fullmatch(value):
        return []
    return [
        FieldFault(
            place,
            "give 1 to 64 lower-case letters, digits and hyphens; hyphens stand only between others",
            "请填写 1 至 64 个小写字母、数字或连字符；连字符不得位于首尾",
        )
    ]


def identifier(place: str, value: str) -> Faults:
    """Check an id that a person chose: by the rule that holders of keys follow."""
    if _IDENTIFIER.fullmatch(value):
        return []
    message = "take 1 to 64 letters, digits and . _ -, beginning with a letter or digit"
    return [FieldFault(place, message, "须为 1 至 64 个字母、数字或 . _ -，并以字母或数字开头")]


def texts(place: str, given: Mapping[str, str], *, required: bool = False) -> Faults:
    """Check texts by language."""
    if required and not given:
        return [FieldFault(place, "give it in one language at least", "请至少以一种语言填写")]
    if len(given) > MAX_LANGUAGES:
        return [FieldFault(place, f"give it in {MAX_LANGUAGES} languages at most", f"最多 {MAX_LANGUAGES} 种语言")]
    faults: Faults = []
    for language, text in given.items():
        faults += _language(f"{place}.{language[:35]}", language)
        faults += line(f"{place}.{language[:35]}", text)
    return faults


def line(place: str, value: str, *, most: int = MAX_NAME, required: bool = True) -> Faults:
    """Check a text of one line."""
    return _text(place, value, most, _CONTROL, required=required)


def prose(place: str, value: str) -> Faults:
    """Check a text of several lines, which may be absent."""
    return _text(place, value, MAX_TEXT, _CONTROL_BUT_LINES, required=False)


def names(given: Sequence[Alias], place: str = "aliases") -> Faults:
    """Check aliases."""
    if len(given) > MAX_ALIASES:
        return [FieldFault(place, f"give {MAX_ALIASES} at most", f"最多 {MAX_ALIASES} 个")]
    faults: Faults = []
    seen: set[tuple[str, str]] = set()
    for number, alias in enumerate(given):
        faults += line(f"{place}[{number}].text", alias.text)
        faults += _language(f"{place}[{number}].language", alias.language)
        if (alias.text, alias.language) in seen:
            faults.append(FieldFault(f"{place}[{number}].text", "is there twice", "重复"))
        seen.add((alias.text, alias.language))
    return faults


def grant(platform: str | None, uploader: str | None) -> Faults:
    """Check whom a licence is for."""
    if platform is None and uploader is None:
        return [
            FieldFault(
                "platform",
                "name a platform or an uploader: a licence for neither would license everybody",
                "请填写平台或上传者：两者都不填即等于授权给所有人",
            )
        ]
    given = (("platform", platform, 64), ("uploader", uploader, 512))
    return [fault for place, value, most in given if value is not None for fault in line(place, value, most=most)]


def stripped(given: Mapping[str, str]) -> dict[str, str]:
    """Return texts without the space around them."""
    return {language: text.strip() for language, text in given.items()}


def stripped_names(given: Iterable[Alias]) -> tuple[Alias, ...]:
    """Return aliases without the space around them; an absent language is the undetermined one of BCP 47."""
    return tuple(Alias(item.text.strip(), item.language.strip() or "und", item.kind) for item in given)


def _language(place: str, value: str) -> Faults:
    if _LANGUAGE.fullmatch(value) and len(value) <= 35:  # noqa: PLR2004 (RFC 5646, section 4.4.1)
        return []
    return [FieldFault(place, "name the language by a tag such as en or zh-Hans", "请用 en、zh-Hans 之类的语言标签")]


def _text(place: str, value: str, most: int, forbidden: re.Pattern[str], *, required: bool) -> Faults:
    if required and not value.strip():
        return [FieldFault(place, "must not be empty", "不能为空")]
    if len(value) > most:
        return [FieldFault(place, f"give {most} characters at most", f"最多 {most} 个字符")]
    if forbidden.search(value):
        return [FieldFault(place, "has control characters in it", "含有控制字符")]
    return []
