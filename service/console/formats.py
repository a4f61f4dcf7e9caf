"""Times, numbers and rates as people of a language read them; each time carries its UTC moment as a title."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_compact_decimal, format_decimal, format_percent
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from service.domain.wording import Title, Wording, how_often


class Formats:
    """The template filters of a language, by the names of its methods; pages have `now` among their values."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._locale = Locale.parse(language)

    def filters(self) -> Mapping[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {name: getattr(self, name) for name in vars(Formats) if not name.startswith("_") and name != "filters"}

    @pass_context
    def ago(self, context: Context, when: datetime) -> Markup:
        """Say how long ago something was, or in how long it will be."""
        said = format_timedelta(when - context["now"], add_direction=True, locale=self._locale, threshold=0.9)
        return _time(when, said)

    @pass_context
    def age(self, context: Context, when: datetime) -> Markup:
        """Say for how long something has been waiting."""
        return _time(when, format_timedelta(context["now"] - when, locale=self._locale, threshold=0.9))

    @pass_context
    def left(self, context: Context, when: datetime) -> Markup:
        """Say how much time is left, in minutes and seconds; the script counts it down."""
        seconds = max(0, int((when - context["now"]).total_seconds()))
        return _time(when, f"{seconds // 60}:{seconds % 60:02}", countdown=True)

    def moment(self, when: datetime) -> Markup:
        """Write day and time, in UTC."""
        return _time(when, f"{format_datetime(when.astimezone(UTC), 'medium', locale=self._locale)} UTC")

    def day(self, when: datetime) -> Markup:
        """Write the day, in UTC."""
        return _time(when, format_date(when.astimezone(UTC), "medium", locale=self._locale))

    def number(self, value: float) -> str:
        """Write a number."""
        return format_decimal(value, locale=self._locale)

    def compact(self, value: float) -> str:
        """Write a large number in short."""
        return format_compact_decimal(value, locale=self._locale, fraction_digits=1)

    def percent(self, value: float) -> str:
        """Write a share, 0 to 1, in per cent."""
        return format_percent(value, locale=self._locale)

    def wording(self, value: Wording | Title | Mapping[str, str]) -> str:
        """Choose the text of this language from both."""
        both = value if isinstance(value, Mapping) else {"en": value.en, "zh": value.zh}
        return both.get(self._language) or both.get("en", "")

    def often(self, rate: float) -> str:
        """Say a false-positive rate as people say it."""
        return self.wording(how_often(rate))

    def one_in(self, rate: float) -> str:
        """Write of how many one is expected: a rate above 0 the other way round, known to two digits."""
        return self.number(round(float(f"{1 / rate:.2g}")))


def _time(when: datetime, said: str, *, countdown: bool = False) -> Markup:
    exact = when.astimezone(UTC)
    return Markup('<time datetime="{}" title="{} UTC"{}>{}</time>').format(
        exact.isoformat(timespec="seconds"),
        exact.strftime("%Y-%m-%d %H:%M:%S"),
        Markup(" data-countdown") if countdown else "",
        said,
    )
