"""Zip files from uploaders: opened within bounds, checked for what no honest tool writes, read a member at a time.

Nothing is ever unpacked to disk, and no archive in an archive is opened. `zipfile` reads the format; here stand the
checks that it leaves to others.
"""

from __future__ import annotations

import stat
import struct
import threading
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from pathlib import PurePosixPath
from typing import BinaryIO

from indexer.errors import PictureError
from service.domain.errors import FieldFault, InvalidFields, TooLarge, UnsupportedContent
from service.domain.upload import NotScreened

PART = "image_pack"
"""The part of a request that a pack comes in; places begin with it, such as `image_pack:folder/a.png`."""
ARCHIVE_SUFFIXES = frozenset(
    {".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".tbz", ".xz", ".txz", ".zst", ".lzma", ".cab", ".jar"}
    | {".cbz", ".cbr", ".cb7", ".iso"}
)
MAX_FAULTS = 20
MAX_NAME = 1024
MAX_FOLDERS = 32
_MAX_REASON = 200
_CHUNK = 1 << 20
# Of the directory, per entry: 46, a name, and what tools add about times and owners.
_ENTRY_BYTES = 1024
_HEAD_BYTES = 512
_LOCAL_SIGNATURE = b"PK\3\4"
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_DESCRIPTOR_BYTES = 24
_ENCRYPTED = 0x0001 | 0x0040 | 0x2000
_PATCHED = 0x0020
_UTF8_NAME = 0x0800
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ARCHIVE_HEADS = (
    *(b"PK\3\4", b"PK\5\6", b"PK\7\x08", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\7", b"\x1f\x8b\x08"),
    *(b"MSCF\0\0\0\0", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"),
)
# Their first bytes are those of an archive, but they are something else: training caches, weights, documents, drawings.
_BUILT_ON_ARCHIVES = frozenset({".npz", ".pt", ".pth", ".ckpt", ".docx", ".xlsx", ".pptx", ".odt", ".kra", ".ora"})
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError)


@dataclass(frozen=True, slots=True)
class Member:
    """An entry of the directory; `path` is as it is written there."""

    info: zipfile.ZipInfo
    path: str

    @property
    def name(self) -> str:
        """The path without the parts that say nothing."""
        return "/".join(part for part in self.path.split("/") if part not in ("", "."))

    @property
    def size(self) -> int:
        """Bytes uncompressed, as the directory tells."""
        return self.info.file_size

    @property
    def suffix(self) -> str:
        """The end of the name from its last dot, in small letters; a folder has none."""
        return "" if self.is_folder else PurePosixPath(self.name).suffix.casefold()

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder by its name."""
        return self.path.endswith("/")

    @property
    def place(self) -> str:
        """Where it stands, for people: one line, bounded."""
        shown = (char if char.isprintable() else f"\\x{ord(char):02x}" for char in self.path[:_MAX_REASON])
        return f"{PART}:{''.join(shown)}"

    def listed(self, reason: str) -> NotScreened:
        """Say that it was not screened."""
        return NotScreened(self.place, reason)


class Archive:
    """A zip file of at most `max_entries` members; its stream must stay open while members are read.

    Raises UnsupportedContent where it is no zip file, TooLarge, and InvalidFields where its directory is damaged.
    """

    def __init__(self, stream: BinaryIO, max_entries: int) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        guarded = _Guarded(stream, max_entries)
        try:
            if not zipfile.is_zipfile(guarded):
                raise UnsupportedContent(f"{PART}: not a zip file, or one that breaks off before its end")
            self._zip = zipfile.ZipFile(guarded)
        except (*_UNREADABLE, ValueError, OverflowError, struct.error) as error:
            reason = f"the zip file's directory is damaged ({str(error)[:_MAX_REASON]})"
            raise InvalidFields([FieldFault(PART, reason)]) from error
        entries = self._zip.infolist()
        if len(entries) > max_entries:
            raise TooLarge(f"{PART}: {len(entries)} files and folders, more than the {max_entries} allowed")
        self.members = tuple(Member(info, _path(info)) for info in entries)
        """Every entry in the order of the directory, unchecked."""

    def readable(self, problems: list[NotScreened]) -> list[Member]:
        """Check every member and return those that can be read, in the order of the file.

        Adds the others to `problems`: `pack_damaged`, `unsupported_compression`, `unlisted_data`. Raises InvalidFields
        with each member that is encrypted, a link, an archive, badly named, named twice, or lies over another.
        """
        _refuse(_faults(self.members))
        readable: list[Member] = []
        faults: list[FieldFault] = []
        for member in self._in_place(problems):
            # zipfile unpacks bzip2 and LZMA without any bound on memory.
            if member.info.compress_type not in _METHODS or member.info.flag_bits & _PATCHED:
                problems.append(member.listed("unsupported_compression: neither stored nor deflated"))
                continue
            try:
                head = self.head(member)
            except PictureError as error:
                problems.append(member.listed(f"{error.code}: {error}"))
                continue
            if _is_archive(head) and member.suffix not in _BUILT_ON_ARCHIVES:
                faults.append(FieldFault(member.place, "it is an archive by its first bytes: send its files"))
            readable.append(member)
        _refuse(faults)
        return readable

    def read(self, member: Member) -> bytes:
        """Read a member whose size the caller has bounded; safe from any thread.

        Raises PictureError with the code `pack_damaged`.
        """
        data = self._read(member, member.size + 1)
        if len(data) != member.size:
            raise PictureError(f"{member.name}: not as long as the pack's directory says", code="pack_damaged")
        return data

    def head(self, member: Member) -> bytes:
        """Read the first 512 bytes of a member, as read() does."""
        return self._read(member, _HEAD_BYTES)

    def close(self) -> None:
        """Close the stream; reading raises ValueError from now on."""
        with self._lock:
            self._zip.close()
            self._stream.close()

    def _read(self, member: Member, most: int) -> bytes:
        found = bytearray()
        try:
            # zipfile reads the stream under a lock of its own, but counts its open members without one.
            with self._lock, self._zip.open(member.info) as file:
                while chunk := file.read(min(_CHUNK, most - len(found))):
                    found += chunk
        except _UNREADABLE as error:
            reason = f"{member.name}: damaged in the pack ({str(error)[:_MAX_REASON]})"
            raise PictureError(reason, code="pack_damaged") from error
        return bytes(found)

    def _in_place(self, problems: list[NotScreened]) -> list[Member]:
        """Return the members that are where the directory says; refuse those that lie over each other.

        In a bomb many members may share the same bytes (Fifield, A better zip bomb, 2019).
        """
        placed: list[tuple[int, int, Member]] = []
        for member in self.members:
            end = self._end_of(member.info)
            if end is None:
                problems.append(member.listed("pack_damaged: it is not where the directory says"))
            else:
                placed.append((member.info.header_offset, end, member))
        placed.sort(key=itemgetter(0))
        following = [*(start for start, _, _ in placed[1:]), self._zip.start_dir]
        gaps = [(start - end, member) for (_, end, member), start in zip(placed, following, strict=False)]
        _refuse(FieldFault(member.place, "it lies over what follows it") for gap, member in gaps if gap < 0)
        unlisted = sum(gap for gap, _ in gaps if gap > _DESCRIPTOR_BYTES)
        if unlisted:
            # Readers that go by the headers of the members, not by the directory, may find files there.
            problems.append(NotScreened(PART, f"unlisted_data: {unlisted} bytes between the files belong to none"))
        return [member for _, _, member in placed]

    def _end_of(self, info: zipfile.ZipInfo) -> int | None:
        """Tell where a member ends by its own header; None where there is no header."""
        if not 0 <= info.header_offset <= self._zip.start_dir - _LOCAL_HEADER.size:
            return None
        self._stream.seek(info.header_offset)
        signature, name, extra = _LOCAL_HEADER.unpack(self._stream.read(_LOCAL_HEADER.size))
        end: int = info.header_offset + _LOCAL_HEADER.size + name + extra + info.compress_size
        return end if signature == _LOCAL_SIGNATURE else None


class _Guarded:
    """A stream of which no single read may be huge: zipfile reads a directory at once, however long it claims to be."""

    def __init__(self, stream: BinaryIO, max_entries: int) -> None:
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable
        self._stream = stream
        self._max_entries = max_entries
        self._most = max(_CHUNK, max_entries * _ENTRY_BYTES)

    def read(self, size: int = -1) -> bytes:
        if size > self._most:
            raise TooLarge(f"{PART}: a directory of {size} bytes; send at most {self._max_entries} files and folders")
        return self._stream.read(self._most if size < 0 else size)


_REFUSED: tuple[tuple[str, Callable[[Member], bool]], ...] = (
    ("it is encrypted: send it without a password", lambda member: bool(member.info.flag_bits & _ENCRYPTED)),
    ("it is a link or a device, not a file", lambda member: _kind(member) not in (0, stat.S_IFREG, stat.S_IFDIR)),
    ("its name is empty", lambda member: not member.name and not member.is_folder),
    ("its name is too long", lambda member: len(member.path) > MAX_NAME),
    ("it lies in too many folders", lambda member: member.path.count("/") > MAX_FOLDERS),
    ("its name has control characters", lambda member: any(_is_control(char) for char in member.path)),
    ("its name has a backslash: part folders with /", lambda member: "\\" in member.path),
    ("its name is absolute", lambda member: member.path.startswith("/") or member.name[1:2] == ":"),
    ("its name leads out of the pack", lambda member: ".." in member.path.split("/")),
    ("it is an archive inside the pack: send its files", lambda member: member.suffix in ARCHIVE_SUFFIXES),
)


def _faults(members: Iterable[Member]) -> Iterator[FieldFault]:
    seen: set[str] = set()
    for member in members:
        yield from (FieldFault(member.place, reason) for reason, applies in _REFUSED if applies(member))
        if member.is_folder:
            continue
        if member.name in seen:
            yield FieldFault(member.place, "its name stands in the pack twice")
        seen.add(member.name)


def _refuse(faults: Iterable[FieldFault]) -> None:
    found = list(islice(faults, MAX_FAULTS))
    if found:
        raise InvalidFields(found)


def _kind(member: Member) -> int:
    """Return the kind of file in the Unix mode; 0 where there is none."""
    return stat.S_IFMT(member.info.external_attr >> 16)


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Zl", "Zp")


def _is_archive(head: bytes) -> bool:
    return head.startswith(_ARCHIVE_HEADS) or head[257:262] == b"ustar" or (head[:3] == b"BZh" and head[4:6] == b"1A")


def _path(info: zipfile.ZipInfo) -> str:
    """Return a member's path. Without the flag for UTF-8 it may still be that, or GB18030 from a Chinese Windows."""
    # Not `filename`, which ends before the first NUL.
    if info.flag_bits & _UTF8_NAME:
        return info.orig_filename
    raw = info.orig_filename.encode("cp437")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.orig_filename
