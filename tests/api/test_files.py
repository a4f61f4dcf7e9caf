"""Files of a multipart body are hashed as they arrive, whatever their size and pieces."""

from __future__ import annotations

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest
from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.types import Message

from service.api.files import SentPicture, close_files, hashed_file, read_form

BOUNDARY = b"--piece"


def form_of(files: dict[str, bytes], piece: int) -> FormData:
    """Send a multipart body in pieces of a size, and read it as the service does."""
    body = b"".join(
        BOUNDARY
        + f'\r\nContent-Disposition: form-data; name="images"; filename="{name}"\r\n\r\n'.encode()
        + data
        + b"\r\n"
        for name, data in files.items()
    )
    body += BOUNDARY + b"--\r\n"
    pieces = [body[start : start + piece] for start in range(0, len(body), piece)]

    async def receive() -> Message:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    headers = [(b"content-type", b"multipart/form-data; boundary=" + BOUNDARY[2:])]
    request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
    return asyncio.run(read_form(request, len(files)))


FILES = {
    "small.png": b"small",
    "empty.png": b"",
    "like a boundary.bin": b"\r\n--piec" * 99,
    "large.bin": bytes(range(256)) * 9_000,
}


@pytest.mark.parametrize("piece", [997, 65_536, 10_000_000])
def test_what_was_hashed_is_what_arrived(piece: int) -> None:
    form = form_of(FILES, piece)
    for part, (name, data) in zip(form.getlist("images"), FILES.items(), strict=True):
        file = hashed_file(cast("UploadFile", part))
        assert file.hashed.sha256 == hashlib.sha256(data).hexdigest(), name
        assert file.read_whole() == data
    close_files(form)


def test_a_large_file_is_on_disk_and_read_when_asked_for() -> None:
    form = form_of(FILES, 65_536)
    parts = [cast("UploadFile", part) for part in form.getlist("images")]
    assert [hashed_file(part)._rolled for part in parts] == [False, False, False, True]  # type: ignore[attr-defined]
    picture = SentPicture("large.bin", hashed_file(parts[3]))
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: hashlib.sha256(picture.data).hexdigest(), range(16))) == {
            hashlib.sha256(FILES["large.bin"]).hexdigest()
        }
    close_files(form)
    with pytest.raises(ValueError, match="closed"):
        _ = picture.data
