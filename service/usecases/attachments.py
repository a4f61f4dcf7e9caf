"""Attachments of notices and counter-notices: copies of documents. What a file is, is told by its first bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from service.domain import notice_letters
from service.domain.errors import FieldFault, InvalidFields, NotFound, TooLarge, UnsupportedContent, WrongState
from service.domain.identity import new_id
from service.domain.notice import ENDED, Notice
from service.ports import Attachment, Blobs, Clock, Notices, Step
from service.usecases import set_fields
from service.usecases.notice_access import (
    MODERATORS,
    NOTIFIER,
    Who,
    actor_of,
    check_notifier,
    own_party,
    seen_notice,
    shown_to,
)
from service.usecases.notice_mail import letter

_SIGNS = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)


def media_type_of(data: bytes) -> str | None:
    """Tell what a file is; None where it is nothing that may be attached."""
    return next((kind for sign, kind in _SIGNS if data.startswith(sign)), None)


class Attachments:
    """Keeps files that came with notices and counter-notices, and gives them back to whoever may read them."""

    def __init__(
        self, notices: Notices, blobs: Blobs, clock: Clock, *, most: int = 20, most_bytes: int = 10 * 1024 * 1024
    ) -> None:
        """Take the stores; each party of a notice gives `most` files of `most_bytes` each at most."""
        self._notices = notices
        self._blobs = blobs
        self._clock = clock
        self._most = most
        self.most_bytes = most_bytes

    def add(self, notice_id: str, name: str, data: bytes, who: Who, *, for_notifier: bool = False) -> Attachment:
        """Keep a file; the same again from the same party gives the first. The notifier is told of what others show.

        With `for_notifier` it is the notifier's also where an admin brings it. Raises NotFound, NotPermitted,
        InvalidFields, TooLarge, UnsupportedContent or WrongState.
        """
        notice = seen_notice(self._notices, who, notice_id)
        if notice.state in ENDED:
            raise WrongState(f"the notice {notice_id} is {notice.state}: nothing is added to it")
        if for_notifier:
            check_notifier(who, notice)
        party, now = NOTIFIER if for_notifier else own_party(who, notice), self._clock.now()
        (found,) = self.prepared(notice, [(name, data)], party, who, now)
        if found in self._notices.correspondence(notice_id).attachments:
            return found
        told = letter(notice, "attachment", NOTIFIER, now, notice_letters.file_shown(found.name))
        letters = () if party in {NOTIFIER, MODERATORS} else (told,)
        step = Step(("notice.attachment_added",), actor_of(who), now, letters=letters, attachments=(found,))
        if not self._notices.save(replace(notice, version=notice.version + 1), step):
            raise WrongState(f"the notice {notice_id} was changed by somebody else meanwhile; send the file again")
        return found

    def prepared(
        self, notice: Notice, files: Sequence[tuple[str, bytes]], party: str, who: Who, now: datetime
    ) -> tuple[Attachment, ...]:
        """Look at a party's files, each with its name, and keep their bytes, for a step that the record takes at `now`.

        What the same party gave before is returned as it is. Where one may not be kept, none is. Raises InvalidFields,
        TooLarge or UnsupportedContent.
        """
        every = self._notices.correspondence(notice.id).attachments
        kept = {item.sha256: item for item in every if item.party == party}
        given: dict[str, tuple[str, bytes, str]] = {}
        for name, data in files:
            given.setdefault(hashlib.sha256(data).hexdigest(), (name, data, self._checked(name, data)))
        if len(kept.keys() | given.keys()) > self._most:
            told = f"{self._most} files at most are kept of each party"
            raise InvalidFields([FieldFault("file", told, f"每一方最多提交 {self._most} 个文件")])
        for digest, (_, data, _) in given.items():
            # The bytes are there before the record speaks of them.
            self._blobs.write(f"attachments/{digest}", data)
        return tuple(
            kept.get(digest)
            or Attachment(new_id("att"), notice.id, name, digest, media_type, len(data), now, actor_of(who), party)
            for digest, (name, data, media_type) in given.items()
        )

    def read(self, notice_id: str, attachment_id: str, who: Who) -> tuple[Attachment, bytes]:
        """Return a file to those who may read it: moderators, the party whose it is, and of uploaders' the notifier.

        Raises NotFound.
        """
        notice = seen_notice(self._notices, who, notice_id)
        _, of = shown_to(who, notice, self._notices.correspondence(notice_id))
        found = next((item for item in of.attachments if item.id == attachment_id), None)
        data = self._blobs.read(f"attachments/{found.sha256}") if found is not None else None
        if found is None or data is None:
            raise NotFound(f"the notice {notice_id} has no attachment {attachment_id}")
        return found, data

    def _checked(self, name: str, data: bytes) -> str:
        set_fields.refuse(set_fields.line("file", name))
        if len(data) > self.most_bytes:
            raise TooLarge(f"{name}: larger than the {self.most_bytes} bytes allowed")
        media_type = media_type_of(data)
        if media_type is None:
            raise UnsupportedContent(f"{name}: send a PDF, PNG or JPEG file")
        return media_type
