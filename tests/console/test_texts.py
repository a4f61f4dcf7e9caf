from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from babel.messages.catalog import Message

from service.console.formats import Formats
from service.console.i18n import LANGUAGES, SOURCE, choose, read_catalog, translations
from service.console.messages import collected
from tests.console.conftest import House

OTHERS = [language for language in LANGUAGES if language != SOURCE]
_PLACE = re.compile(r"%\((\w+)\)s")


def messages(language: str) -> list[Message]:
    return [message for message in read_catalog(language) if message.id]


def forms(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


def singular(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated_and_none_is_left_over(language: str) -> None:
    wanted = {singular(message) for message in collected() if message.id}
    known = {singular(message) for message in messages(language)}
    assert wanted == known, "run `make messages`, then fill in what is new in locales/"
    assert [singular(item) for item in messages(language) if not all(forms(item)) or item.fuzzy] == []


@pytest.mark.parametrize("language", OTHERS)
def test_translations_have_the_places_of_their_texts(language: str) -> None:
    for message in messages(language):
        both = [message.id] if isinstance(message.id, str) else list(message.id)
        places = {place for text in both for place in _PLACE.findall(text)}
        for form in forms(message):
            assert set(_PLACE.findall(form)) <= places, form
            assert not re.search(r"%(?!\()", form), f"a sign of per cent that is no place: {form}"


@pytest.mark.parametrize("language", OTHERS)
def test_a_plural_has_as_many_forms_as_the_language(language: str) -> None:
    catalog = read_catalog(language)
    for message in messages(language):
        if message.pluralizable:
            assert len(message.string) == catalog.num_plurals, singular(message)


@pytest.mark.parametrize(
    ("wanted", "accepted", "chosen"),
    [
        (("zh",), "en", "zh"),
        ((None, "zh"), "", "zh"),
        (("fr", None), "zh-CN,zh;q=0.9", "zh"),
        ((None,), "fr, zh-TW;q=0.8", "zh"),
        ((None,), "de, fr", "en"),
        ((None,), ",;q=,, *, \x00, x-1234567890, 中文", "en"),
        (("../zh",), "", "en"),
    ],
)
def test_the_language_is_the_first_that_there_is(wanted: tuple[str | None, ...], accepted: str, chosen: str) -> None:
    assert choose(*wanted, accepted=accepted) == chosen


def test_times_are_said_in_words_and_hold_their_moment() -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    context = {"now": now}
    said = {
        language: str(Formats(language).ago(context, now - timedelta(hours=3)))  # type: ignore[arg-type]
        for language in LANGUAGES
    }
    assert ">3 hours ago<" in said["en"]
    assert ">3小时前<" in said["zh"]
    assert all('title="2026-11-20 09:00:00 UTC"' in text for text in said.values())
    assert ">1:05<" in str(Formats("en").left(context, now + timedelta(seconds=65)))  # type: ignore[arg-type]


def test_the_language_of_the_browser_then_of_the_cookie_then_of_the_account(house: House) -> None:
    visitor = house.visitor()
    assert "登录" in visitor.get("/console/sign-in", headers={"Accept-Language": "zh-CN"}).text
    visitor.get("/console/sign-in")
    visitor.post("/console/language", {"language": "zh", "back": "/console/sign-in"})
    assert '<html lang="zh-Hans">' in visitor.get("/console/sign-in").text
    visitor.sign_in("mo")
    assert "审核队列" in visitor.get("/console/queue").text
    visitor.post("/console/language", {"language": "en", "back": "/console/queue"})
    elsewhere = house.visitor("mo")
    assert "Queue" in elsewhere.get("/console/queue", headers={"Accept-Language": "zh"}).text


def test_errors_are_told_in_the_readers_language(house: House) -> None:
    visitor = house.visitor("mo")
    visitor.post("/console/language", {"language": "zh", "back": "/console/account"})
    assert "此处没有内容" in visitor.get("/console/nothing").text
    assert "您无权访问此处" in visitor.get("/console/people").text
    assert "此表单已失效" in visitor.client.post("/console/sign-out").text
    short = visitor.post("/console/account/password", {"current": PASSWORD, "password": "short", "again": "short"})
    assert "须为 12 至 256 个字符" in short.text


def test_what_is_not_translated_stays_as_it_is() -> None:
    assert translations("zh").gettext("no such text") == "no such text"


PASSWORD = "four calm green horses"
