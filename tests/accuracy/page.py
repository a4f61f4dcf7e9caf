"""The report as one page: tables, curves, and contact sheets of what went wrong; no file beside it is needed."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from tests.accuracy.claims import CLAIMED, COVERED, UNCOVERED, Claim
from tests.accuracy.measure import PIPELINE, Result, Sight
from tests.accuracy.metrics import Figures, Interval
from tests.accuracy.plots import COLOURS, Axis, Line, chart, deviate, linear, logarithmic
from tests.accuracy.report import Report, cells, fine, percent

THUMBNAIL = 92
_LEAD = (
    "Shares are per cent with 95 % intervals; a query counts as found at a rate when its right set is stronger than all"
    " but that share of the unrelated pictures are with any set."
)
_CLAIMS = (
    "Of pictures that calibration never saw, how many are reported at a rate of at most what is claimed? Dashed: half"
    " and double the claim. Above the band the index promises too much."
)
_COLOURS_MEAN = "Red: more than twice the claim, and not by chance. Blue: less than half of it, and not by chance."
_MISSES = "the query, a picture of the set that it should find, and of the set found instead"
_ALARMS = "the unrelated picture, and a picture of the set that it matched"
_STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def write_page(report: Report, path: Path) -> None:
    """Write the page."""
    parts = [
        f"<h1>Accuracy <small>{escape(report.mode)} run of {escape(report.date)}</small></h1>",
        f"<p class=lead>Model <code>{escape(report.model)}</code>, recipes {_words(report.recipes)}. {_LEAD}</p>",
        _headline(report),
        "<h2>Claimed against measured rates</h2>",
        f"<p>{_CLAIMS}</p>",
        _claim_charts(report.claims),
        _claims_table(report.claims),
    ]
    parts += [_task(result) for result in report.results]
    parts.append("<h2>Pictures</h2>" + _sources(report))
    parts.append("<ul class=notes>" + "".join(f"<li>{escape(note)}</li>" for note in report.notes) + "</ul>")
    body = "\n".join(parts)
    path.write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Accuracy</title><style>{_STYLE}</style><main>{body}</main></html>",
        encoding="utf-8",
    )


def _words(items: Mapping[str, str]) -> str:
    return ", ".join(f"<code>{escape(value)}</code>" for value in items.values())


def _headline(report: Report) -> str:
    """Show one card a task: what matters most, against the bare embedding and PDQ."""
    cards = []
    for result in report.results:
        kind, methods = next(iter(result.figures.items()))
        own = methods[PIPELINE]
        rows = "".join(
            f"<tr{_mark(method)}><td>{escape(method)}<td>{100 * figures.first.value:.0f}"
            f"<td>{100 * figures.found[0].value:.0f}<td>{100 * figures.found[1].value:.0f}"
            for method, figures in methods.items()
        )
        cards.append(
            f"<section class=card><h3>{escape(result.name)}</h3><p>{result.sets} sets, {own.queries:,} queries"
            f" ({escape(kind)}), {own.unrelated:,} unrelated</p>"
            f"<table><tr><th>method<th>first<th>at 1 %<th>at 0.1 %</tr>{rows}</table></section>"
        )
    return f"<div class=cards>{''.join(cards)}</div>"


def _mark(method: str) -> str:
    return " class=own" if method == PIPELINE else ""


def _task(result: Result) -> str:
    warnings = "".join(f"<li>{escape(text)}</li>" for text in result.warnings[:4])
    defaults = result.at_defaults
    return (
        f"<h2>{escape(result.name.capitalize())}</h2>"
        f"<p>{result.sets} sets of {result.references} pictures. PDQ at its usual defaults finds"
        f" {100 * defaults['found']:.1f} % at {100 * defaults['false positives']:.2f} % false positives.</p>"
        + (f"<ul class=notes>{warnings}</ul>" if warnings else "")
        + f"<div class=charts>{_roc(result)}{_det(result)}{_kinds(result)}</div>"
        + _figures_table(result.figures)
        + _verdict_table(result)
        + _sheet("Worst misses", _MISSES, result.misses)
        + _sheet("Worst false alarms", _ALARMS, result.alarms)
    )


def _lines(result: Result, *, missed: bool) -> list[Line]:
    return [
        Line(
            curve.name,
            curve.rates,
            [1 - value if missed else value for value in curve.found],
            COLOURS[number],
            dashed=curve.name != PIPELINE,
        )
        for number, curve in enumerate(result.curves)
    ]


def _roc(result: Result) -> str:
    least = min(rate for curve in result.curves for rate in curve.rates)
    marks = [mark for mark in (0.0001, 0.001, 0.01, 0.1, 1.0) if mark >= least]
    x = Axis("unrelated pictures matched (logarithmic)", least, 1.0, marks, logarithmic)
    y = Axis("found", 0.0, 1.0, (0, 0.25, 0.5, 0.75, 1.0), linear)
    return _titled("ROC", chart(_lines(result, missed=False), x, y))


def _det(result: Result) -> str:
    x = Axis("unrelated pictures matched", 0.0005, 0.5, (0.001, 0.01, 0.05, 0.2, 0.5), deviate)
    y = Axis("missed", 0.005, 0.99, (0.01, 0.05, 0.2, 0.5, 0.8, 0.95), deviate)
    return _titled("DET, axes on the normal deviate", chart(_lines(result, missed=True), x, y))


def _kinds(result: Result) -> str:
    """Draw what is found at 1 % by each kind of query as bars."""
    rows = [(kind, methods[PIPELINE]) for kind, methods in result.figures.items()]
    height, left, reach = 19 * len(rows) + 26, 246, 165
    bars = []
    for number, (kind, figures) in enumerate(rows):
        y, width = 20 + 19 * number, reach * figures.found[0].value
        low, high = (left + reach * value for value in (figures.found[0].low, figures.found[0].high))
        bars.append(
            f'<text x="{left - 8}" y="{y + 11}" text-anchor="end">{escape(kind)}</text>'
            f'<rect x="{left}" y="{y}" width="{width:.1f}" height="13" fill="{COLOURS[0]}"/>'
            f'<path stroke="#111" d="M{low:.1f} {y + 6.5}H{high:.1f}"/>'
            f'<text x="{max(left + width, high) + 5:.1f}" y="{y + 11}">{100 * figures.found[0].value:.0f}</text>'
        )
    scale = f'<text x="{left}" y="12">0</text><text x="{left + reach - 12}" y="12">100 %</text>'
    svg = f'<svg viewBox="0 0 445 {height}">{scale}{"".join(bars)}</svg>'
    return _titled("Found at 1 %", f"<figure>{svg}</figure>")


def _titled(title: str, chart_of: str) -> str:
    return f"<div><h4>{escape(title)}</h4>{chart_of}</div>"


def _figures_table(figures: Mapping[str, Mapping[str, Figures]]) -> str:
    rows = []
    for kind, methods in figures.items():
        for number, (method, found) in enumerate(methods.items()):
            head = f'<th rowspan="{len(methods)}">{escape(kind)}</th>' if number == 0 else ""
            values = "".join(f"<td>{cell}" for cell in cells(found))
            rows.append(f"<tr{_mark(method)}>{head}<td>{escape(method)}<td>{found.queries}{values}</tr>")
    heads = "<tr><th>queries<th>method<th>n<th>right set first<th>found at 1 %<th>found at 0.1 %<th>AUC</tr>"
    return f"<details open><summary>All figures</summary><table>{heads}{''.join(rows)}</table></details>"


def _verdict_table(result: Result) -> str:
    rows = "".join(
        f"<tr><th>{escape(row.kind)}<td>{row.uploads}<td>{fine(row.blocked)}<td>{fine(row.reviewed)}"
        f"<td>{percent(row.right) if row.right else ''}</tr>"
        for row in result.verdicts
    )
    heads = "<tr><th>uploads<th>n<th>blocked<th>reviewed or blocked<th>and for the right set</tr>"
    return f"<h3>Verdicts</h3><table>{heads}{rows}</table>"


def _claim_charts(claims: Sequence[Claim]) -> str:
    """Draw one chart an index size for its styles, and one for the sizes."""
    x = Axis("claimed", 0.0007, 0.07, (0.001, 0.01, 0.05), logarithmic)
    y = Axis("measured", 0.0002, 1.0, (0.001, 0.01, 0.1, 1.0), logarithmic)
    names = list(dict.fromkeys(claim.index for claim in claims))
    if not names:
        return ""
    charts = []
    for crowd in (COVERED, UNCOVERED):
        lines = [
            _claim_line(claim, claim.index, COLOURS[names.index(claim.index) % len(COLOURS)])
            for claim in claims
            if claim.style == crowd
        ]
        charts.append(_titled(crowd, chart(lines, x, y, diagonal=True)))
    last = max(names, key=lambda name: max(claim.sets for claim in claims if claim.index == name))
    styles = [claim for claim in claims if claim.index == last and not claim.style.startswith((COVERED, UNCOVERED))]
    worst = sorted(styles, key=lambda claim: -claim.measured[1].value)[:8]
    lines = [_claim_line(claim, claim.style, COLOURS[number]) for number, claim in enumerate(worst)]
    charts.append(_titled(f"{last}: the eight worst styles", chart(lines, x, y, diagonal=True)))
    return f"<div class=charts>{''.join(charts)}</div>"


def _claim_line(claim: Claim, name: str, colour: str) -> Line:
    values = [interval.value for interval in claim.measured]
    bars = [(interval.low, interval.high) for interval in claim.measured]
    return Line(name, CLAIMED, values, colour, dots=True, bars=bars, dashed=not claim.covered)


def _claims_table(claims: Sequence[Claim]) -> str:
    heads = "".join(f"<th>claimed {100 * rate:g} %" for rate in CLAIMED)
    head = f"<tr><th>index<th>crowd<th>pictures{heads}<th>calibrated</tr>"
    whole = [claim for claim in claims if claim.style.startswith((COVERED, UNCOVERED))]
    each = [claim for claim in claims if claim not in whole]
    return (
        f"<p>{_COLOURS_MEAN}</p><table>{head}{''.join(map(_claim_row, whole))}</table>"
        f"<details><summary>By style</summary><table>{head}{''.join(map(_claim_row, each))}</table></details>"
    )


def _claim_row(claim: Claim) -> str:
    values = "".join(
        f"<td class={_verdict(found, claimed)}>{fine(found)}"
        for found, claimed in zip(claim.measured, CLAIMED, strict=True)
    )
    summary = " class=own" if claim.style in (COVERED, UNCOVERED) else ""
    kind = "" if claim.covered or claim.style == UNCOVERED else " <em>not in the index</em>"
    return (
        f"<tr{summary}><td>{escape(claim.index)}<td>{escape(claim.style)}{kind}<td>{claim.pictures:,}{values}"
        f"<td>{100 * claim.calibrated:.0f} %</tr>"
    )


def _verdict(found: Interval, claimed: float) -> str:
    if found.low > 2 * claimed:
        return "much"
    return "little" if found.high < claimed / 2 else "fair"


def _sources(report: Report) -> str:
    rows = "".join(
        f"<tr><th>{escape(item.name)}<td>{escape(item.package)}<td>{escape(item.licence)}<td>{item.pictures:,}"
        f"<td>{item.identities:,}</tr>"
        for item in report.sources
    )
    return f"<table><tr><th>source<th>package<th>licence<th>pictures<th>identities</tr>{rows}</table>"


def _sheet(title: str, explanation: str, sights: Sequence[Sight]) -> str:
    if not sights:
        return ""
    items = ""
    for sight in sights:
        pictures = [sight.query.read(), *(path.read_bytes() for path in sight.others)]
        shown = "".join(_thumbnail(data) for data in pictures)
        items += f"<li><div>{shown}</div><span>{escape(sight.caption)}</span></li>"
    return f"<h3>{title}</h3><p>{explanation}</p><ul class=sheet>{items}</ul>"


def _thumbnail(data: bytes) -> str:
    with Image.open(io.BytesIO(data)) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    square = Image.fromarray(np.full((THUMBNAIL, THUMBNAIL, 3), 255, np.uint8))
    square.paste(picture, ((THUMBNAIL - picture.width) // 2, (THUMBNAIL - picture.height) // 2))
    stream = io.BytesIO()
    square.save(stream, "JPEG", quality=80)
    return f'<img alt="" src="data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}">'
