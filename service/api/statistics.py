"""Routes of statistics."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from service.api.dependencies import Judge, Service
from service.api.problems import problems
from service.usecases.statistics import as_csv

router = APIRouter(prefix="/v1/statistics", tags=["statistics"])


class FiguresAnswer(BaseModel):
    """The figures of one group."""

    by: str = Field(description="`all`, `month`, `owner`, `platform` or `set`.")
    name: str
    notices: int
    measured: int = Field(description="Notices after which a measure was taken.")
    median: float | None = Field(description="Seconds from a notice to its first measure: half took no longer.")
    slowest: float | None = Field(description="The same: 95 of 100 took no longer.")
    outcomes: dict[str, int] = Field(description="Notices by where they stand.")
    counter_notices: int
    appeals: int = Field(description="Cases whose decision was appealed, by the time of the first decision.")
    reversed: int = Field(description="Those of them that were decided otherwise.")


class StatisticsAnswer(BaseModel):
    """All figures of a time."""

    figures: list[FiguresAnswer]


_CONTENT = {"content": {"text/csv": {}}, "description": "The figures, as JSON or as CSV."}


@router.get(
    "",
    response_model=StatisticsAnswer,
    responses={**problems({422: "Fields are missing or wrong."}), 200: _CONTENT},
    summary="Statistics of notices and appeals",
)
def statistics(
    service: Service,
    _: Judge,
    *,
    since: date | None = None,
    until: date | None = None,
    format: Literal["json", "csv"] = "json",  # noqa: A002 (the name of the parameter)
) -> Any:
    """Count notices and appeals by month, owner, platform and set; without days, those of the last year."""
    found = service.statistics.read(since, until)
    if format == "csv":
        headers = {"Content-Disposition": 'attachment; filename="statistics.csv"'}
        return Response(as_csv(found), media_type="text/csv; charset=utf-8", headers=headers)
    return {"figures": [asdict(item) for item in found]}
