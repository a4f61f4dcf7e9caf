"""The files of notices and counter-notices: looked at before anything is kept, and given back as downloads."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from fastapi.responses import Response

from service.console.complaint_form import Sent
from service.console.i18n import mark
from service.console.pages import Page
from service.domain.errors import FieldFault, InvalidFields
from service.usecases.attachments import media_type_of
from service.usecases.notice_access import Who, token_of

FIELD = "attachments"
_TOO_LARGE = mark("%(name)s is larger than %(most)s MB.")
_NO_DOCUMENT = mark("%(name)s is neither a PDF nor a PNG or JPEG picture.")
_LONGEST_NAME = 200
_MIB = 1024 * 1024


def files_of(page: Page, sent: Sent) -> list[tuple[str, bytes]]:
    """Read the files of a form, each with its name. Raises InvalidFields for what may not be kept."""
    most, found, faults = page.wired.attachments.most_bytes, [], []
    for part in sent.files.get(FIELD, ()):
        name = (part.filename or "file").replace("\\", "/").rpartition("/")[2][-_LONGEST_NAME:]
        data = part.file.read(most + 1)
        if len(data) > most:
            text = page.say(_TOO_LARGE) % {"name": name, "most": most // _MIB}
            faults.append(FieldFault(FIELD, text, text))
        elif media_type_of(data) is None:
            text = page.say(_NO_DOCUMENT) % {"name": name}
            faults.append(FieldFault(FIELD, text, text))
        else:
            found.append((name, data))
    if faults:
        raise InvalidFields(faults)
    return found


def keep_files(
    page: Page, notice_id: str, files: Sequence[tuple[str, bytes]], who: Who | None, secret: str = ""
) -> None:
    """Keep the notifier's files with a notice; whoever just gave it without an account comes with its secret."""
    if files:
        actor = who if who is not None else token_of(page.wired.notice_lookups, notice_id, secret)
        for name, data in files:
            page.wired.attachments.add(notice_id, name, data, actor, for_notifier=True)


def download(page: Page, notice_id: str, attachment_id: str, who: Who) -> Response:
    """Give a file to be saved, never to be opened here: it is a stranger's."""
    found, data = page.wired.attachments.read(notice_id, attachment_id, who)
    return Response(
        data,
        media_type=found.media_type,
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name, safe='')}"},
    )
