"""Statistics of notices and appeals: `/console/statistics`."""

from __future__ import annotations

from datetime import timedelta

from babel.dates import format_timedelta
from babel.numbers import format_decimal
from fastapi import APIRouter
from fastapi.responses import Response
from markupsafe import Markup

from service.console import charts
from service.console.charts import Bar, Told
from service.console.i18n import mark
from service.console.pages import ModeratorPage, Page
from service.usecases.statistics import Figures, as_csv

router = APIRouter()
MOST_ROWS = 20
"""Rows of a table and a chart; the file has all."""

_GROUPS = {
    "month": mark("By month"),
    "platform": mark("By platform"),
    "owner": mark("By rights owner"),
    "set": mark("By reference set"),
}


@router.get("/statistics")
def statistics(page: ModeratorPage) -> Response:
    """Show the figures of the last year."""
    found = page.wired.statistics.read()
    tables = [(by, page.say(title), _shown(by, found)) for by, title in _GROUPS.items()]
    return page.render(
        "statistics.html",
        whole=found[0],
        tables_of=[(title, rows, _chart(page, by, title, rows)) for by, title, rows in tables],
        lasting=lambda seconds: _lasting(page, seconds),
    )


@router.get("/statistics.csv")
def as_file(page: ModeratorPage) -> Response:
    """Give the figures as a file."""
    headers = {"Content-Disposition": 'attachment; filename="statistics.csv"'}
    return Response(as_csv(page.wired.statistics.read()), media_type="text/csv; charset=utf-8", headers=headers)


def _shown(by: str, figures: list[Figures]) -> list[Figures]:
    """Return the rows of a group: the latest months, or those with most notices."""
    rows = [item for item in figures if item.by == by]
    if by == "month":
        return rows[-MOST_ROWS:]
    return sorted(rows, key=lambda item: (-item.notices, -item.appeals, item.name))[:MOST_ROWS]


def _chart(page: Page, by: str, title: str, rows: list[Figures]) -> Markup:
    told = Told(f"notices-{by}", title, page.say("Notices received in the last year."))
    return charts.bars(
        told, [Bar(item.name, item.notices, str(format_decimal(item.notices, locale=page.language))) for item in rows]
    )


def _lasting(page: Page, seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return str(format_timedelta(timedelta(seconds=seconds), format="short", threshold=1.5, locale=page.language))
