"""How the work stands: `/console/overview`, the first page of moderators and admins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from babel.dates import format_skeleton, format_timedelta
from babel.units import format_unit
from fastapi import APIRouter
from fastapi.responses import Response
from markupsafe import Markup

from service.console import charts
from service.console.case_filter import CaseFilter
from service.console.case_queue import set_titles
from service.console.charts import Bar, Interval, Series, Told
from service.console.pages import ModeratorPage, Page
from service.domain.case import CaseState
from service.domain.verdict import Outcome
from service.ports import Waiting
from service.usecases.overview import Share, Summary

router = APIRouter()
ORDER = (Outcome.BLOCK, Outcome.REVIEW, Outcome.ALLOW)
"""The verdicts from the bottom of a bar to its top."""

_UNITS = (
    (timedelta(hours=3), "duration-minute", timedelta(minutes=1)),
    (timedelta(days=3), "duration-hour", timedelta(hours=1)),
    (timedelta.max, "duration-day", timedelta(days=1)),
)
"""Up to which longest wait a chart counts in minutes, in hours, or else in days."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the tables beside the charts."""

    name: str
    verdicts: Mapping[str, int]
    waiting: Waiting | None
    median: str = ""
    slowest: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a chart and of the table beside it; `href` is the part of the queue that it speaks of."""

    label: str
    share: Share
    said: str
    href: str


@router.get("/overview")
def overview(page: ModeratorPage) -> Response:
    """Show how the work stands."""
    summary = page.wired.overview.read()
    days, sets, kinds = _days(page, summary), _sets(page, summary), _kinds(page, summary)
    return page.render(
        "overview.html",
        summary=summary,
        order=ORDER,
        days=days,
        ages=_ages(page, summary),
        sets=sets,
        kinds=kinds,
        looks=_looks(page, summary),
        unreadable=page.wired.metrics.references_left_out,
        charts={
            "verdicts": _verdicts_chart(page, days),
            "waits": _waits_chart(page, days),
            "ages": _ages_chart(page, summary),
            "sets": _sets_chart(page, sets),
            "kinds": _shares_chart(page, "kinds", page.say("Precision of evidence"), kinds),
            "looks": _shares_chart(page, "looks", page.say("Agreement of second looks"), _looks(page, summary)),
        },
    )


def queue(**fields: str) -> str:
    """Return the address of a part of the queue."""
    return CaseFilter(**fields).path()


def _days(page: Page, summary: Summary) -> list[Day]:
    verdicts = {item.day: item.by_verdict for item in summary.verdicts}
    waits = {item.day: item for item in summary.waits}
    found = []
    for day in summary.days:
        waiting = waits.get(day)
        said = [_lasting(page, time) for time in (waiting.median, waiting.slowest)] if waiting else []
        found.append(Day(_named(page, day), verdicts.get(day, {}), waiting, *said))
    return found


def _ages(page: Page, summary: Summary) -> list[tuple[str, int, str]]:
    """List how many open cases wait for more than each time, with the part of the queue that holds them."""
    longer = [
        (page.say("more than %(time)s") % {"time": _say(page, name, "older")}, count, queue(older=name))
        for name, count in summary.open_older.items()
    ]
    return [(page.say("all open cases"), summary.open_cases, queue()), *longer]


def _sets(page: Page, summary: Summary) -> list[Row]:
    titles = set_titles(page)
    return [
        Row(titles.get(slug, slug), share, f"{_share(page, share)} ({_number(page, share.count)})", queue(set=slug))
        for slug, share in summary.sets
    ]


def _kinds(page: Page, summary: Summary) -> list[Row]:
    decided = CaseState.DECIDED.value
    return [
        Row(_say(page, kind, "kind"), share, _of(page, share), queue(kind=kind, state=decided, order="newest"))
        for kind, share in summary.kinds
    ]


def _looks(page: Page, summary: Summary) -> list[Row]:
    rows = []
    for item in summary.second_looks:
        share = Share(item.confirmed, item.looked_at)
        what = _say(page, item.verdict, "verdict")
        kind = _say(page, item.kind, "kind") if item.kind else page.say("all")
        rows.append(Row(f"{what} · {kind}", share, _of(page, share), ""))
    return rows


def _verdicts_chart(page: Page, days: Sequence[Day]) -> Markup:
    series = [
        Series(_say(page, verdict, "verdict"), verdict.value, [day.verdicts.get(verdict, 0) for day in days])
        for verdict in ORDER
    ]
    totals = [f"{item.name} {_number(page, sum(item.values))}" for item in series]
    told = Told("verdicts", page.say("Verdicts per day"), page.say("In all: %(what)s.") % {"what": ", ".join(totals)})
    return charts.stacked_bars(told, [day.name for day in days], series, lambda value: _compact(page, value))


def _waits_chart(page: Page, days: Sequence[Day]) -> Markup:
    longest = max((day.waiting.slowest for day in days if day.waiting), default=timedelta(0))
    unit, size = next((unit, size) for most, unit, size in _UNITS if longest <= most)

    def say(value: float) -> str:
        return format_unit(round(value, 1), unit, "short", locale=page.language)

    medians = [day.waiting.median / size if day.waiting else None for day in days]
    slowest = [day.waiting.slowest / size if day.waiting else None for day in days]
    description = page.say(
        "Half of the cases decided on a day had waited less than the line, 95 of 100 less than the edge."
    )
    told = Told("waits", page.say("Waiting times"), description)
    return charts.line_with_band(told, [day.name for day in days], medians, slowest, say)


def _ages_chart(page: Page, summary: Summary) -> Markup:
    rows = [Bar(label, count, _number(page, count), href) for label, count, href in _ages(page, summary)]
    said = page.say("How many open cases wait, and for more than how long.")
    return charts.bars(Told("ages", page.say("Open cases by age"), said), rows)


def _sets_chart(page: Page, sets: Sequence[Row]) -> Markup:
    rows = [Bar(row.label, row.share.value or 0.0, row.said, row.href) for row in sets]
    said = page.say("In how large a part of all screenings each set was found.")
    return charts.bars(Told("sets", page.say("Sets found most"), said), rows)


def _shares_chart(page: Page, name: str, title: str, rows: Sequence[Row]) -> Markup:
    drawn = [Interval(row.label, row.share.value, *row.share.interval, row.said, row.href or None) for row in rows]
    said = page.say("Each share with the interval that holds the true one 9 times in 10.")
    return charts.dots_with_intervals(Told(name, title, said), drawn, lambda value: _percent(page, value))


def _named(page: Page, day: date) -> str:
    return format_skeleton("MMMd", day, locale=page.language)


def _lasting(page: Page, time: timedelta) -> str:
    return format_timedelta(time, locale=page.language, threshold=1.5)


def _say(page: Page, code: str, table: str) -> str:
    return str(page.environment.filters["in_words"](code, table))


def _number(page: Page, value: float) -> str:
    return str(page.environment.filters["number"](value))


def _compact(page: Page, value: float) -> str:
    return str(page.environment.filters["compact"](value))


def _percent(page: Page, value: float) -> str:
    return str(page.environment.filters["percent"](value))


def _share(page: Page, share: Share) -> str:
    """Write a small share with two digits."""
    value = float(f"{100 * (share.value or 0.0):.2g}")
    return f"{_number(page, value)} %" if page.language == "en" else f"{_number(page, value)}%"


def _of(page: Page, share: Share) -> str:
    return f"{_number(page, share.count)} / {_number(page, share.of)}"
