"""Files of a multipart body: hashed as they arrive, on disk unless they are small, and read when their turn comes."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import Message

from indexer.loras import FileHasher
from service.domain.errors import MalformedRequest, TooLarge

MAX_DOCUMENT_BYTES = 4 * 1024 * 1024
IN_MEMORY = 128 * 1024
"""Bytes up to which a file stays in memory: a request may bring 500."""

_END_BYTES = 1024
_MORE_PARTS = 8


class HashedFile(SpooledTemporaryFile[bytes]):
    """A part that is written to disk beyond IN_MEMORY, and hashed as it arrives: a LoRA is never held in memory."""

    def __init__(self) -> None:
        super().__init__(IN_MEMORY)
        self.hashed = FileHasher()
        self._lock = threading.Lock()

    def write(self, data: Any) -> int:
        """Take the next bytes."""
        self.hashed.update(data)
        return super().write(data)

    def read_whole(self) -> bytes:
        """Read all of it, from any thread."""
        with self._lock:
            self.seek(0)
            return self.read()


class HashingParser(MultiPartParser):
    """A multipart parser whose files are HashedFiles."""

    def on_headers_finished(self) -> None:
        """Begin a part."""
        super().on_headers_finished()
        part = self._current_part.file
        if part is not None:
            file = HashedFile()
            self._files_to_close_on_error.append(file)
            part.file.close()
            part.file = cast("BinaryIO", file)


@dataclass(frozen=True, slots=True)
class SentPicture:
    """A PictureSource that stays in its part until its bytes are asked for."""

    name: str
    file: HashedFile

    @property
    def data(self) -> bytes:
        """Read it."""
        return self.file.read_whole()


def hashed_file(part: UploadFile) -> HashedFile:
    """Return the file of a part that read_form() read."""
    return cast("HashedFile", part.file)


def close_files(form: FormData) -> None:
    """Close every file of a form; what was on disk is gone then."""
    for _, part in form.multi_items():
        if isinstance(part, UploadFile):
            part.file.close()


async def read_form(request: Request, max_pictures: int) -> FormData:
    """Parse the multipart body; larger files are spooled to disk. Raises MalformedRequest or TooLarge."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data":
        raise MalformedRequest("send multipart/form-data with a part `upload` (JSON) and the files")
    closing, end = b"\r\n--" + options.get(b"boundary", b"") + b"--", bytearray(b"\r\n")

    async def receive() -> Message:
        message = await request.receive()
        end.extend(message.get("body", b"")[-_END_BYTES:])
        del end[:-_END_BYTES]
        # The parser drops an unfinished part without a word: a picture would be missing, and nobody would know.
        if not message.get("more_body", False) and closing not in end:
            raise MultiPartException("it breaks off before its closing boundary")
        return message

    try:
        return await HashingParser(
            request.headers,
            Request(request.scope, receive).stream(),
            max_files=max_pictures + _MORE_PARTS,
            max_fields=_MORE_PARTS,
            max_part_size=MAX_DOCUMENT_BYTES,
        ).parse()
    except MultiPartException as error:
        if error.message.startswith(("Too many", "Part exceeded")):
            raise TooLarge(
                f"{error.message} Send at most {max_pictures} pictures, and fields of {MAX_DOCUMENT_BYTES} bytes."
            ) from error
        raise MalformedRequest(f"the multipart body cannot be read: {error.message}") from error
