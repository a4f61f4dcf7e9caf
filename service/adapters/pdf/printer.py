"""Reports as PDF files, in Chinese and English, with one embedded font.

A character that the font lacks is written as `[U+9F98]`, so that nothing is lost silently.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from PIL import Image as Pillow
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    CondPageBreak,
    Image,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from service.domain.report import Comparison, Comparisons, Facts, Picture, Report, Section, Text, Timeline
from service.domain.wording import Wording

_FONT = "NotoSansSC"
_FILE = Path(__file__).parent / "NotoSansSC.ttf"
_MARGIN, _FOOT = 18 * mm, 22 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_PICTURE = (_WIDTH / 2 - 6 * mm, 62 * mm)
_MAX_PIXELS, _LONGEST_SIDE = 50_000_000, 900
_INK, _FAINT, _LINE, _TINT = HexColor("#1b1f24"), HexColor("#5a636e"), HexColor("#c9d1d9"), HexColor("#f3f5f7")
_LONGEST_TEXT, _LONG, _MANY_LINES = 20_000, 1_200, 25
_LEAST = 60 * mm
_IN_DOCUMENT = Wording("in the document beside this report", "见随附文件")
_IN_CHAIN = Wording("in chain.json", "见 chain.json")
_IN_PACK = Wording("pairs are in the pack alone", "组图片仅收录于包内")
_NOT_IN_PACK = Wording("pairs that are less telling were left out", "组较弱的图片未收录")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@cache
def _font() -> Any:
    font = TTFont(_FONT, str(_FILE))
    pdfmetrics.registerFont(font)
    return font


def _style(name: str, size: float, *, colour: Any = _INK, before: float = 0, after: float = 2) -> ParagraphStyle:
    return ParagraphStyle(
        name,
        fontName=_FONT,
        fontSize=size,
        leading=size * 1.5,
        textColor=colour,
        wordWrap="CJK",
        spaceBefore=before,
        spaceAfter=after,
    )


_TITLE, _SUBTITLE = _style("title", 20), _style("subtitle", 12, colour=_FAINT, after=8)
_HEADING = _style("heading", 12.5, before=12, after=5)
_BODY, _SMALL = _style("body", 9.5, after=4), _style("small", 7.5, colour=_FAINT)


class PdfPrinter:
    """A ReportPrinter with reportlab."""

    def print(self, report: Report) -> bytes:
        """Return a PDF file (A4)."""
        _font()
        stream = io.BytesIO()
        document = SimpleDocTemplate(
            stream,
            pagesize=A4,
            leftMargin=_MARGIN,
            rightMargin=_MARGIN,
            topMargin=_MARGIN,
            bottomMargin=_FOOT,
            title=f"{report.title.en} {report.subject}",
            author="lora-screening",
            # Without times and chance in the file.
            invariant=1,
        )
        made = f"{report.subject} · {_when(report.made)}"
        story = [_p(report.title.zh, _TITLE), _p(report.title.en, _SUBTITLE), _p(made, _SMALL)]
        for section in report.sections:
            story += _section(section)

        def numbered(*arguments: Any, **options: Any) -> _Numbered:
            return _Numbered(report, *arguments, **options)

        document.build(story, canvasmaker=numbered)
        return stream.getvalue()


class _Numbered(Canvas):  # type: ignore[misc] # reportlab has no types
    """Writes a foot on each page when their number is known."""

    def __init__(self, report: Report, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._report = report
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 (reportlab's name)
        """Keep the page back."""
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Write all pages."""
        for number, page in enumerate(self._pages, 1):
            self.__dict__.update(page)
            self._foot(number)
            super().showPage()
        super().save()

    def _foot(self, number: int) -> None:
        self.setStrokeColor(_LINE)
        self.line(_MARGIN, _FOOT - 4 * mm, A4[0] - _MARGIN, _FOOT - 4 * mm)
        self.setFont(_FONT, 7)
        self.setFillColor(_FAINT)
        self.drawString(_MARGIN, _FOOT - 8 * mm, _written(self._report.subject))
        self.drawString(_MARGIN, _FOOT - 12 * mm, f"{self._report.document} sha256 {self._report.sha256}")
        self.drawRightString(A4[0] - _MARGIN, _FOOT - 8 * mm, f"{number} / {len(self._pages)}")


def _section(section: Section) -> list[Any]:
    match section:
        case Facts():
            return [*_heading(section.heading), *_facts(section.rows), *_more(section.more, _IN_DOCUMENT)]
        case Comparisons():
            found = [part for item in section.items for part in _comparison(item)]
            about = [*_facts(section.rows), Spacer(1, 3 * mm)] if section.rows else []
            left = [*_more(section.left_out, _IN_PACK), *_more(section.omitted, _NOT_IN_PACK)]
            return [*_heading(section.heading, _LEAST), *about, *found, *left]
        case Timeline():
            lines = [[_p(_when(at), _SMALL), _p(who, _SMALL), _p(what, _BODY)] for at, who, what in section.rows]
            return [
                *_heading(section.heading),
                *([_table(lines, (0.3, 0.35, 0.35))] if lines else []),
                *_more(section.more, _IN_CHAIN),
            ]
        case Text():
            return [
                *_heading(section.heading),
                *(_p(line, _BODY) for text in (section.text.zh, section.text.en) for line in (*_lines(text), "")),
            ]


def _facts(rows: Iterable[tuple[Wording, str]]) -> list[Any]:
    """Make a table; a row that may be longer than a page is cut."""
    rows = list(rows)
    told = [[_both(name, _SMALL), _p(text, _BODY)] for name, text in rows]
    is_long = any(len(text) > _LONG or text.count("\n") > _MANY_LINES for _, text in rows)
    return [_table(told, (0.27, 0.73), cut=is_long)] if told else []


def _more(count: int, where: Wording) -> list[Any]:
    return [_p(f"+ {count}：{where.zh} / {where.en}", _SMALL)] if count else []


def _comparison(item: Comparison) -> list[Any]:
    pictures = [[_picture(item.upload), _picture(item.reference)], [_caption(item.upload), _caption(item.reference)]]
    table = Table(pictures, colWidths=[_WIDTH / 2] * 2)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("ALIGN", (0, 0), (-1, 0), "CENTER"),
                ("BOX", (0, 0), (-1, -1), 0.5, _LINE),
                ("LINEAFTER", (0, 0), (0, -1), 0.5, _LINE),
            ]
        )
    )
    said = [_p(text, _BODY) for wording in item.findings for text in (wording.zh, wording.en)]
    return [KeepTogether([table, Spacer(1, 2 * mm), *said]), Spacer(1, 4 * mm)]


def _picture(picture: Picture) -> Any:
    """Return a picture small enough for a page; a file that cannot be shown is said to be so."""
    if picture.data is None:
        return _both(Wording("this picture is not in the pack", "本包未收录该图片"), _SMALL)
    try:
        with Pillow.open(io.BytesIO(picture.data)) as opened:
            if opened.width * opened.height > _MAX_PIXELS:
                raise ValueError("too large")  # noqa: TRY301 (told like all that cannot be shown)
            opened.draft("RGB", (_LONGEST_SIDE, _LONGEST_SIDE))
            shown = opened.convert("RGBA")
        shown.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
        flat = Pillow.new("RGB", shown.size, "white")
        flat.paste(shown, mask=shown.getchannel("A"))
        stream = io.BytesIO()
        flat.save(stream, "JPEG", quality=88)
    # Pictures are hostile, and decoders fail in ways of their own; the file itself is in the pack.
    except Exception:  # noqa: BLE001
        return _both(Wording("this picture cannot be shown", "该图片无法显示"), _SMALL)
    scale = min(_PICTURE[0] / flat.width, _PICTURE[1] / flat.height)
    stream.seek(0)
    return Image(stream, flat.width * scale, flat.height * scale)


def _caption(picture: Picture) -> list[Any]:
    return [_p(picture.caption, _BODY), _p(f"sha256 {picture.sha256}", _SMALL)]


def _table(rows: list[list[Any]], shares: tuple[float, ...], *, cut: bool = False) -> Any:
    table = Table(rows, colWidths=[_WIDTH * share for share in shares], splitInRow=int(cut))
    style = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE)]
    style += [("BACKGROUND", (0, 0), (0, -1), _TINT), ("TOPPADDING", (0, 0), (-1, -1), 3)]
    table.setStyle(TableStyle(style))
    return table


def _heading(heading: Wording, room: float = 35 * mm) -> list[Any]:
    """Write a heading where there is some room for what it is above."""
    return [CondPageBreak(room), _p(f"{heading.zh}  {heading.en}", _HEADING)]


def _both(text: Wording, style: ParagraphStyle) -> Any:
    return _p("\n".join(part for part in (text.zh, text.en) if part), style)


def _p(text: str, style: ParagraphStyle) -> Any:
    return Paragraph(escape(_written(text)).replace("\n", "<br/>"), style)


def _lines(text: str) -> Iterable[str]:
    """Split a text where it breaks, so that no paragraph is longer than a page."""
    return (line[start : start + 2_000] for line in text.split("\n") for start in range(0, max(1, len(line)), 2_000))


def _written(text: str) -> str:
    """Write what the font lacks by number."""
    known = _font().face.charToGlyph
    cut = _CONTROL.sub("\ufffd", text[:_LONGEST_TEXT]) + ("…" if len(text) > _LONGEST_TEXT else "")
    return "".join(sign if sign == "\n" or ord(sign) in known else f"[U+{ord(sign):04X}]" for sign in cut)


def _when(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
