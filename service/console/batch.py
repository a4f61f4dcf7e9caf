"""Many uploads at once: a CSV file, read whole or not at all, with what is wrong by line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import UploadFile

from service.console.i18n import mark
from service.console.pages import Page
from service.domain.errors import InvalidFields
from service.domain.notice import Accused
from service.usecases.notice_table import read_table

MOST_BYTES = 8 * 1024 * 1024
_LINE = mark("Line %(line)s: %(fault)s")
_WHERE = re.compile(r"uploads:(\d+)(?:\.(\w+))?")


@dataclass(frozen=True, slots=True)
class Batch:
    """The uploads of a list, or what is wrong with it."""

    accused: tuple[Accused, ...] = ()
    faults: tuple[str, ...] = ()


def read_batch(page: Page, files: Sequence[UploadFile]) -> Batch:
    """Read the list that came with a form, if one did."""
    if not files:
        return Batch()
    data = files[0].file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        return Batch(faults=(page.say("The list is too large."),))
    try:
        return Batch(tuple(read_table(data, page.wired.settings.max_notice_uploads)))
    except InvalidFields as error:
        return Batch(faults=tuple(_told(page, error)))


def _told(page: Page, error: InvalidFields) -> list[str]:
    told = []
    for fault in error.faults:
        said = fault.said(page.language)
        where = _WHERE.fullmatch(fault.location)
        if where is None:
            told.append(said)
            continue
        named = f"{where[2]}: {said}" if where[2] else said
        told.append(page.say(_LINE) % {"line": where[1], "fault": named})
    return told
