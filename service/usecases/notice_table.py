"""Uploads of a notice as a table: CSV with a header, read whole or not at all."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from service.domain.errors import FieldFault, InvalidFields
from service.domain.notice import Accused
from service.usecases.notice_fields import of_accused

_COLUMNS = frozenset({"platform", "external_id", "url", "note"})
_MOST_FAULTS = 100


def read_table(data: bytes, most: int) -> list[Accused]:
    """Read uploads: columns `platform`, `external_id` or `url`, and `note`, in any order; empty lines are passed over.

    Raises InvalidFields naming each fault's line, MOST_FAULTS at most.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidFields([FieldFault(f"uploads:{line}", "is not UTF-8", "不是 UTF-8 编码")]) from error
    found: list[Accused] = []
    faults: list[FieldFault] = []
    for line, row in _rows(text):
        item = Accused(
            row.get("platform", ""), row.get("external_id") or None, row.get("url") or None, row.get("note", "")
        )
        faults += [
            FieldFault(fault.location.replace("accused[0]", f"uploads:{line}"), fault.message, fault.zh)
            for fault in of_accused([item], 1, None)
        ]
        found.append(item)
        if len(faults) >= _MOST_FAULTS:
            break
        if len(found) > most:
            faults = [FieldFault(f"uploads:{line}", f"name {most} uploads at most", f"最多 {most} 项")]
            break
    if not found and not faults:
        faults = [FieldFault("uploads:1", "there is no upload in it", "其中没有任何上传内容")]
    if faults:
        raise InvalidFields(faults[:_MOST_FAULTS])
    return found


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_header(header)
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) > len(header):
                message = f"has {len(row)} cells; the header names {len(header)}"
                raise InvalidFields([FieldFault(f"uploads:{reader.line_num}", message, "单元格多于表头")])
            yield reader.line_num, dict(zip(header, (cell.strip() for cell in row), strict=False))
    except csv.Error as error:
        raise InvalidFields(
            [FieldFault(f"uploads:{reader.line_num}", f"cannot be read: {error}", "无法读取")]
        ) from error


def _check_header(header: list[str]) -> None:
    unknown = sorted(set(header) - _COLUMNS)
    if (
        unknown
        or len(set(header)) != len(header)
        or "platform" not in header
        or not {"external_id", "url"} & set(header)
    ):
        message = "the header must name platform, external_id or url, and may name note, each once"
        raise InvalidFields([FieldFault("uploads:1", message, "表头须含 platform 以及 external_id 或 url，可含 note")])
