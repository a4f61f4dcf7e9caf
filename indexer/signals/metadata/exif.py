"""The strings of EXIF and IPTC blocks, read by walking their tables with bounds.

Pillow decodes EXIF text as Latin-1 and stops at the first odd entry; here every entry stands for itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from indexer.signals.metadata.bounds import ByteOrder, decode_text, decode_utf16

MAX_DIRECTORIES = 16
MAX_ENTRIES = 2_000
_HEADER = b"Exif\0\0"
_TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 129: 1}
_BYTES, _ASCII, _UNDEFINED, _UTF8 = 1, 2, 7, 129
_ORDERS: dict[bytes, ByteOrder] = {b"II*\0": "little", b"MM\0*": "big"}
# Not 0x8825: where a picture was taken names no character and is nobody's business.
_POINTERS = (0x8769, 0xA005)
_USER_COMMENT, _XMP, _IPTC = 0x9286, 0x02BC, 0x83BB
_XP = range(0x9C9B, 0x9CA0)
_NAMES = {
    0x010D: "DocumentName",
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x0132: "DateTime",
    0x013B: "Artist",
    0x013C: "HostComputer",
    0x8298: "Copyright",
    0x927C: "MakerNote",
    _USER_COMMENT: "UserComment",
    0x9C9B: "XPTitle",
    0x9C9C: "XPComment",
    0x9C9D: "XPAuthor",
    0x9C9E: "XPKeywords",
    0x9C9F: "XPSubject",
    _XMP: "xmp",
    _IPTC: "iptc",
}
_IPTC_NAMES = {5: "title", 25: "keyword", 40: "instructions", 80: "author", 105: "headline", 110: "credit"}
_IPTC_NAMES |= {115: "source", 116: "copyright", 120: "caption", 122: "caption_writer"}


@dataclass(frozen=True, slots=True)
class ExifItem:
    """One entry: its name, and either its text or, for `xmp` and `iptc`, the block it holds."""

    name: str
    text: str = ""
    block: bytes = b""


class ExifDamaged(Exception):
    """Raised after the last readable entry when some entry or table was not."""


def exif_items(data: bytes) -> Iterator[ExifItem]:
    """Yield the text entries of an EXIF block, with or without its `Exif` header, in the order they stand.

    The work is bounded by twice the block's size. Raises ExifDamaged, at the end, if something was out of bounds.
    """
    data = data.removeprefix(_HEADER)
    order = _ORDERS.get(data[:4])
    if order is None or len(data) < 8:  # noqa: PLR2004 (the header of a TIFF file)
        raise ExifDamaged
    block = _Block(data, order)
    for tag, kind, raw in block.entries():
        item = _item(tag, kind, raw, order)
        if item is not None:
            yield item
    if block.damaged:
        raise ExifDamaged


class _Block:
    """An EXIF block on its way through its directories; `damaged` once anything led out of it."""

    def __init__(self, data: bytes, order: ByteOrder) -> None:
        self.damaged = False
        self._data = data
        self._order = order
        self._entries = self._examined = 0

    def entries(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield tag, type and bytes of every entry of every directory."""
        chain, seen = [(self._number(4, 4), True)], set[int]()
        while chain:
            start, main = chain.pop(0)
            if start == 0 or start in seen:
                continue
            seen.add(start)
            if len(seen) > MAX_DIRECTORIES or start + 2 > len(self._data):
                self.damaged = True
                continue
            end = start + 2 + 12 * self._number(start, 2)
            for at in range(start + 2, end, 12):
                self._entries += 1
                if at + 12 > len(self._data) or self._entries > MAX_ENTRIES:
                    self.damaged = True
                    break
                tag, kind = self._number(at, 2), self._number(at + 2, 2)
                if tag in _POINTERS:
                    chain.append((self._number(at + 8, 4), False))
                else:
                    yield tag, kind, self._value(at, kind)
            # Some writers leave out the pointer behind an inner directory: what stands there is text.
            if main:
                chain.append((self._number(end, 4), True))

    def _value(self, at: int, kind: int) -> bytes:
        size = _TYPE_SIZES.get(kind, 1) * self._number(at + 4, 4)
        where = at + 8 if size <= 4 else self._number(at + 8, 4)  # noqa: PLR2004 (short ones stand in the entry)
        there = max(0, min(size, len(self._data) - where))
        # Entries may all claim the same bytes: counted before they are copied.
        self._examined += there
        if there < size:
            self.damaged = True
        if self._examined > 2 * len(self._data):
            self.damaged = True
            return b""
        return self._data[where : where + there]

    def _number(self, at: int, size: int) -> int:
        return int.from_bytes(self._data[at : at + size], self._order)


def _item(tag: int, kind: int, raw: bytes, order: ByteOrder) -> ExifItem | None:
    name = _NAMES.get(tag, f"0x{tag:04x}")
    if tag in (_XMP, _IPTC):
        return ExifItem(name, block=raw)
    if tag == _USER_COMMENT:
        return ExifItem(name, user_comment(raw, order))
    if tag in _XP:
        return ExifItem(name, decode_utf16(raw, "little"))
    if kind in (_ASCII, _UTF8):
        return ExifItem(name, decode_text(raw))
    if kind in (_BYTES, _UNDEFINED) and _is_text(raw):
        return ExifItem(name, raw.decode())
    return None


def user_comment(raw: bytes, order: ByteOrder) -> str:
    """Decode a UserComment; its first 8 bytes name an encoding, which the tools understand differently."""
    label, body = raw[:8], raw[8:]
    if label == b"UNICODE\0":
        return decode_utf16(body, order)
    if label in (b"ASCII\0\0\0", b"JIS\0\0\0\0\0", bytes(8)):
        return decode_text(body)
    return decode_text(raw)


def _is_text(raw: bytes) -> bool:
    body = raw.rstrip(b"\0")
    if len(body) < 4:  # noqa: PLR2004 (version numbers and flags)
        return False
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return False
    return all(char >= " " or char in "\t\n\r" for char in text)


def iptc_items(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield name and text of the entries of an IPTC block (record 2); it ends at the first odd byte."""
    at, entries = 0, 0
    while data[at : at + 1] == b"\x1c" and at + 5 <= len(data) and entries < MAX_ENTRIES:
        record, dataset = data[at + 1], data[at + 2]
        size = int.from_bytes(data[at + 3 : at + 5], "big")
        if size & 0x8000:  # more than 32 KiB: never text
            return
        at, entries = at + 5 + size, entries + 1
        if record == 2 and dataset:  # noqa: PLR2004 (the record of captions and keywords)
            yield _IPTC_NAMES.get(dataset, str(dataset)), decode_text(data[at - size : at])


def photoshop_iptc(data: bytes) -> Iterator[bytes]:
    """Yield the IPTC blocks of Photoshop's image resources (`8BIM`, resource 0x0404)."""
    at = resources = 0
    while data[at : at + 4] == b"8BIM" and at + 12 <= len(data) and resources < MAX_ENTRIES:
        resources += 1
        resource = data[at + 4 : at + 6]
        at += 6 + (data[at + 6] + 2) // 2 * 2  # a name with its length, padded to even
        size = int.from_bytes(data[at : at + 4], "big")
        if resource == b"\x04\x04":
            yield data[at + 4 : at + 4 + size]
        at += 4 + (size + 1) // 2 * 2
