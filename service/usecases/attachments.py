"""Attachments of notices: copies of documents. What a file is, is told by its first bytes."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from service.domain.errors import FieldFault, InvalidFields, NotFound, TooLarge, UnsupportedContent, WrongState
from service.domain.identity import new_id
from service.domain.notice import ENDED
from service.ports import Attachment, Blobs, Clock, Notices, Step
from service.usecases import set_fields
from service.usecases.notice_access import Who, actor_of, check_notifier, seen_notice

_SIGNS = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)


def media_type_of(data: bytes) -> str | None:
    """Tell what a file is; None where it is nothing that may be attached."""
    return next((kind for sign, kind in _SIGNS if data.startswith(sign)), None)


class Attachments:
    """Keeps files that came with notices, and gives them back."""

    def __init__(
        self, notices: Notices, blobs: Blobs, clock: Clock, *, most: int = 20, most_bytes: int = 10 * 1024 * 1024
    ) -> None:
        """Take the stores; a notice has `most` files of `most_bytes` each at most."""
        self._notices = notices
        self._blobs = blobs
        self._clock = clock
        self._most = most
        self.most_bytes = most_bytes

    def add(self, notice_id: str, name: str, data: bytes, who: Who) -> Attachment:
        """Keep a file; the same again gives the first.

        Raises NotFound, NotPermitted, InvalidFields, TooLarge, UnsupportedContent or WrongState.
        """
        notice = seen_notice(self._notices, who, notice_id)
        check_notifier(who, notice)
        set_fields.refuse(set_fields.line("name", name))
        if notice.state in ENDED:
            raise WrongState(f"the notice {notice_id} is {notice.state}: nothing is added to it")
        if len(data) > self.most_bytes:
            raise TooLarge(f"{name}: larger than the {self.most_bytes} bytes allowed")
        media_type = media_type_of(data)
        if media_type is None:
            raise UnsupportedContent(f"{name}: send a PDF, PNG or JPEG file")
        kept = self._notices.correspondence(notice_id).attachments
        digest, now = hashlib.sha256(data).hexdigest(), self._clock.now()
        same = next((item for item in kept if item.sha256 == digest), None)
        if same is not None:
            return same
        if len(kept) >= self._most:
            raise InvalidFields(
                [FieldFault("file", f"a notice has {self._most} files at most", f"最多 {self._most} 个文件")]
            )
        made = Attachment(new_id("att"), notice_id, name, digest, media_type, len(data), now, actor_of(who))
        # The bytes are there before the record speaks of them.
        self._blobs.write(f"attachments/{digest}", data)
        step = Step(("notice.attachment_added",), actor_of(who), now, attachments=(made,))
        if not self._notices.save(replace(notice, version=notice.version + 1), step):
            raise WrongState(f"the notice {notice_id} was changed by somebody else meanwhile; send the file again")
        return made

    def read(self, notice_id: str, attachment_id: str, who: Who) -> tuple[Attachment, bytes]:
        """Return a file, for the notifier and for moderators. Raises NotFound or NotPermitted."""
        check_notifier(who, seen_notice(self._notices, who, notice_id))
        kept = self._notices.correspondence(notice_id).attachments
        found = next((item for item in kept if item.id == attachment_id), None)
        data = self._blobs.read(f"attachments/{found.sha256}") if found is not None else None
        if found is None or data is None:
            raise NotFound(f"the notice {notice_id} has no attachment {attachment_id}")
        return found, data
