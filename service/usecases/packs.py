"""Image packs: a training set as one zip file of pictures and captions.

1. The zip file is opened and checked (`archives`): what is made to deceive refuses the whole pack.
2. Members are told apart: pictures, captions, what file managers add, and the rest, which is listed.
3. Captions and folder names become texts (`captions`); a picture stays in the pack until its bytes are asked for.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import TracebackType
from typing import BinaryIO, Self

from indexer.errors import PictureError
from service.domain.errors import TooLarge
from service.domain.upload import NotScreened, UploadText
from service.usecases.archives import PART, Archive, Member
from service.usecases.captions import CaptionFile, folder_texts, is_text, read_captions

MIB = 1 << 20
PICTURE_SUFFIXES = frozenset({".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".avif", ".avifs"})
RATIO_COUNTS_FROM = MIB
"""Bytes up to which no ratio is looked at: a short caption that repeats itself may shrink a hundredfold."""
MAX_LISTED = 100
"""Most problems that are listed one by one; the others are counted."""
_JUNK = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
_APPLE_DOUBLE = b"\0\5\x16\7"


@dataclass(frozen=True, slots=True)
class PackLimits:
    """Bounds on one pack; bytes are uncompressed, `max_ratio` is uncompressed to compressed."""

    max_pictures: int = 500
    max_bytes: int = 1024 * MIB
    max_picture_bytes: int = 20 * MIB
    max_ratio: int = 100
    max_entries: int = 2_000
    max_caption_bytes: int = 4 * MIB


@dataclass(frozen=True, slots=True)
class PackedPicture:
    """A picture in a pack: its path there for a name, and its bytes when they are asked for."""

    name: str
    _archive: Archive
    _member: Member

    @property
    def data(self) -> bytes:
        """Read the picture, each time anew; safe from any thread. Raises PictureError with the code `pack_damaged`."""
        return self._archive.read(self._member)


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack that was checked; its stream stays open for the pictures until close().

    `captions` are the texts beside each picture that has any; `texts` the names of folders with their share of the
    pictures, and texts that belong to no picture.
    """

    pictures: tuple[PackedPicture, ...]
    captions: tuple[str, ...]
    texts: tuple[UploadText, ...]
    not_screened: tuple[NotScreened, ...]
    _archive: Archive

    def close(self) -> None:
        """Close the stream; no picture can be read after it."""
        self._archive.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_pack(stream: BinaryIO, limits: PackLimits) -> Pack:
    """Check a pack and read its captions; `stream` must be seekable, and is closed by the pack.

    Raises UnsupportedContent where it is no zip file, TooLarge where it is over a limit, and InvalidFields, with the
    place of each member at fault, where it is damaged as a whole or made to deceive. The stream is then left open.
    Codes in `not_screened`: `pack_damaged`, `unsupported_compression`, `unsupported_member`, `duplicate_name`,
    `file_too_large`, `too_much_text`, `unlisted_data`, `no_pictures`, `more_not_listed`, and those of read_captions().
    """
    archive = Archive(stream, limits.max_entries)
    _check_limits(archive.members, limits)
    problems: list[NotScreened] = []
    wanted = list(_of_use(archive, archive.readable(problems), problems))
    names = _names(wanted, problems)
    pictures = [member for member in wanted if _is_picture(member) and _fits(member, limits, problems)]
    captions = [member for member in wanted if not _is_picture(member)]
    told = read_captions(
        _caption_files(archive, captions, names, limits, problems),
        {member.name: names[member.name] for member in pictures},
    )
    if not pictures:
        problems.append(NotScreened(PART, "no_pictures: there is no picture in the pack that can be read"))
    return Pack(
        tuple(PackedPicture(names[member.name], archive, member) for member in pictures),
        told.captions,
        (*folder_texts([member.name for member in pictures]), *told.texts),
        _bounded([*problems, *told.not_screened]),
        archive,
    )


def _check_limits(members: Sequence[Member], limits: PackLimits) -> None:
    pictures = sum(_is_picture(member) for member in members)
    if pictures > limits.max_pictures:
        raise TooLarge(f"{PART}: {pictures} pictures, more than the {limits.max_pictures} allowed")
    size = sum(member.size for member in members)
    if size > limits.max_bytes:
        raise TooLarge(f"{PART}: {size} bytes unpacked, more than the {limits.max_bytes} allowed")
    sizes = [(PART, size, sum(member.info.compress_size for member in members))]
    sizes += [(member.place, member.size, member.info.compress_size) for member in members]
    for place, unpacked, packed in sizes:
        if unpacked > max(RATIO_COUNTS_FROM, packed * limits.max_ratio):
            raise TooLarge(f"{place}: {unpacked} bytes out of {packed}, more than {limits.max_ratio} times as many")


def _of_use(archive: Archive, members: Iterable[Member], problems: list[NotScreened]) -> Iterator[Member]:
    """Yield pictures and texts; leave out what file managers add, and list the rest."""
    for member in members:
        if member.is_folder and not member.size:
            continue
        if _is_picture(member) or (is_text(member.name) and not member.is_folder):
            if not _is_apple_double(archive, member):
                yield member
        elif not _is_junk(archive, member):
            problems.append(member.listed("unsupported_member: neither a picture nor a caption"))


def _is_picture(member: Member) -> bool:
    return member.suffix in PICTURE_SUFFIXES


def _is_junk(archive: Archive, member: Member) -> bool:
    return PurePosixPath(member.name).name.casefold() in _JUNK or _is_apple_double(archive, member)


def _is_apple_double(archive: Archive, member: Member) -> bool:
    """Tell what macOS adds as `__MACOSX/._a.png`. By its bytes: a trainer would take a picture of that name for one."""
    return PurePosixPath(member.name).name.startswith("._") and archive.head(member).startswith(_APPLE_DOUBLE)


def _names(members: Iterable[Member], problems: list[NotScreened]) -> dict[str, str]:
    """Number members whose names differ in case or composition alone: many file systems keep but one of them."""
    times: Counter[str] = Counter()
    names: dict[str, str] = {}
    for member in members:
        key = unicodedata.normalize("NFC", member.name).casefold()
        times[key] += 1
        names[member.name] = member.name if times[key] == 1 else f"{member.name}#{times[key]}"
        if times[key] > 1:
            problems.append(member.listed("duplicate_name: another name reads the same; both were screened"))
    return names


def _fits(member: Member, limits: PackLimits, problems: list[NotScreened]) -> bool:
    if member.size > limits.max_picture_bytes:
        reason = f"file_too_large: {member.size} bytes, more than the {limits.max_picture_bytes} allowed"
        problems.append(member.listed(reason))
    return member.size <= limits.max_picture_bytes


def _caption_files(
    archive: Archive,
    members: Iterable[Member],
    names: Mapping[str, str],
    limits: PackLimits,
    problems: list[NotScreened],
) -> Iterator[CaptionFile]:
    left = limits.max_caption_bytes
    for member in members:
        if member.size > left:
            problems.append(member.listed(f"too_much_text: over {limits.max_caption_bytes} bytes in all"))
            continue
        left -= member.size
        try:
            yield CaptionFile(member.name, names[member.name], archive.read(member))
        except PictureError as error:
            problems.append(member.listed(f"{error.code}: {error}"))


def _bounded(problems: Sequence[NotScreened]) -> tuple[NotScreened, ...]:
    if len(problems) <= MAX_LISTED:
        return tuple(problems)
    reason = f"more_not_listed: {len(problems) - MAX_LISTED} more such parts of the pack"
    return (*problems[:MAX_LISTED], NotScreened(PART, reason))
