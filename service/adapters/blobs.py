"""Pictures and packed signals, in a folder or in any storage that fsspec speaks to."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path, PurePosixPath

import fsspec

_NAME = re.compile(r"[a-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)+")


class FolderBlobs:
    """Blobs in a folder; below each kind they are spread over subfolders by the first letters of their names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, name: str, data: bytes) -> None:
        """Keep bytes: written beside, brought to the disk, and put in place by one rename."""
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            Path(beside).replace(path)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def read(self, name: str) -> bytes | None:
        """Return what is kept, or None."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None

    def delete(self, name: str) -> None:
        """Forget a name."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / _spread(name)


class RemoteBlobs:
    """Blobs in a storage named by an fsspec URL, such as `s3://bucket/prefix` or `memory://`.

    Object stores put an object in place whole, or not at all.
    """

    def __init__(self, url: str) -> None:
        """Open a storage. Raises ImportError where the package for its protocol is not installed."""
        self._files, self._root = fsspec.core.url_to_fs(url)

    def write(self, name: str, data: bytes) -> None:
        """Keep bytes."""
        path = self._path(name)
        self._files.makedirs(str(PurePosixPath(path).parent), exist_ok=True)
        self._files.pipe_file(path, data)

    def read(self, name: str) -> bytes | None:
        """Return what is kept, or None."""
        try:
            return bytes(self._files.cat_file(self._path(name)))
        except FileNotFoundError:
            return None

    def delete(self, name: str) -> None:
        """Forget a name."""
        path = self._path(name)
        if self._files.exists(path):
            self._files.rm_file(path)

    def _path(self, name: str) -> str:
        return f"{self._root}/{_spread(name)}"


def open_blobs(where: str) -> FolderBlobs | RemoteBlobs:
    """Open a folder by its path, or another storage by its URL."""
    return RemoteBlobs(where) if "://" in where else FolderBlobs(Path(where))


def _spread(name: str) -> str:
    """Put `pictures/9fab…` into `pictures/9f/9fab…`. Raises ValueError for what is no name: it comes from our code."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a blob")
    kind, last = name.rsplit("/", 1)
    return f"{kind}/{last[:2]}/{last}"
