"""The containers: which blocks of a PNG, JPEG, WebP, GIF or AVIF file hold metadata, found without decoding pixels.

Checksums are not verified and nothing ends at the pixels: text behind them, or behind the end, is text as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from indexer.signals.metadata.bounds import Bounds

MAX_BLOCKS = 50_000
"""Of one file; writers that cut the pixels of a PNG into 1 KiB each need 20,000 at most."""

MAX_SUB_BLOCKS = 200_000
"""Of all chains of a GIF; the pixels of a full 20 MiB need 82,000."""

BlockKind = Literal["text", "png_text", "exif", "xmp", "iptc", "photoshop", "c2pa", "jumbf"]
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KINDS: dict[bytes, BlockKind] = {
    b"tEXt": "png_text",
    b"zTXt": "png_text",
    b"iTXt": "png_text",
    b"eXIf": "exif",
    b"caBX": "c2pa",
}
_WEBP_KINDS: dict[bytes, BlockKind] = {b"EXIF": "exif", b"XMP ": "xmp", b"XMP\0": "xmp", b"C2PA": "c2pa"}
# Within compressed pixels FF is followed by 00 or a restart mark.
_JPEG_MARK = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_JPEG_XMP_MORE = b"http://ns.adobe.com/xmp/extension/\0"
_C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_GIF_XMP_END = bytes((1, 255, 254, 253, 252))
_TIFF = (b"II*\0", b"MM\0*")


@dataclass(frozen=True, slots=True)
class Block:
    """Bytes of metadata as they stood in a file; `place` is such as `png:tEXt` or `jpeg:comment`."""

    kind: BlockKind
    place: str
    data: bytes


def container(data: bytes) -> str | None:
    """Name the container by its first bytes: `png`, `jpeg`, `webp`, `gif`, `avif`; None for anything else."""
    if data.startswith(_PNG):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if data[4:12] in (b"ftypavif", b"ftypavis"):
        return "avif"
    return None


def png_blocks(data: bytes, bounds: Bounds) -> Iterator[Block]:
    """Yield the text, EXIF and C2PA chunks of a PNG file; a cut last chunk is given as far as it goes."""
    at, ended = len(_PNG), False
    for _ in range(MAX_BLOCKS):
        if at >= len(data):
            if not ended:
                bounds.problem("container_truncated", "png")
            return
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if not (len(name) == 4 and name.isalpha() and name.isascii()):  # noqa: PLR2004 (a chunk's name)
            bounds.problem("data_after_end" if ended else "container_malformed", "png")
            return
        ended = ended or name == b"IEND"
        if at + 12 + size > len(data):
            bounds.problem("container_truncated", f"png:{name.decode()}")
        if name in _PNG_KINDS:
            yield Block(_PNG_KINDS[name], f"png:{name.decode()}", data[at + 8 : at + 8 + size])
        at += 12 + size
    bounds.problem("too_many_blocks", "png")


def webp_blocks(data: bytes, bounds: Bounds) -> Iterator[Block]:
    """Yield the EXIF, XMP and C2PA chunks of a WebP file."""
    at = 12
    for _ in range(MAX_BLOCKS):
        if at + 8 > len(data):
            return
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + size > len(data):
            bounds.problem("container_truncated", "webp")
        if name in _WEBP_KINDS:
            kind = _WEBP_KINDS[name]
            yield Block(kind, f"webp:{kind}", data[at + 8 : at + 8 + size])
        at += 8 + size + (size & 1)
    bounds.problem("too_many_blocks", "webp")


@dataclass(slots=True)
class _JpegParts:
    """Blocks that a JPEG file spreads over segments of 64 KiB."""

    exif: list[bytearray] = field(default_factory=list)
    xmp_more: dict[bytes, dict[int, bytes]] = field(default_factory=dict)
    jumbf: bytearray = field(default_factory=bytearray)


def jpeg_blocks(data: bytes, bounds: Bounds) -> Iterator[Block]:
    """Yield the EXIF, XMP, IPTC and C2PA blocks and the comments of a JPEG file, up to its end mark."""
    parts, at, ended = _JpegParts(), 2, False
    for _ in range(MAX_BLOCKS):
        found = _JPEG_MARK.search(data, at)
        if found is None or data[found.start() + 1] == 0xD9:  # noqa: PLR2004 (end of image)
            ended = found is not None
            break
        mark, at = data[found.start() + 1], found.end()
        if mark in (0x01, 0xD8):  # marks without a segment
            continue
        size = int.from_bytes(data[at : at + 2], "big")
        if size < 2 or at + size > len(data):  # noqa: PLR2004 (the length counts itself)
            bounds.problem("container_truncated", f"jpeg:{mark:02x}")
        yield from _jpeg_segment(mark, data[at + 2 : at + max(size, 2)], parts)
        at += max(size, 2)
    else:
        bounds.problem("too_many_blocks", "jpeg")
        ended = True
    if not ended:
        bounds.problem("container_truncated", "jpeg")
    for exif in parts.exif:
        yield Block("exif", "jpeg:exif", bytes(exif))
    for pieces in parts.xmp_more.values():
        yield Block("xmp", "jpeg:xmp", b"".join(piece for _, piece in sorted(pieces.items())))
    if parts.jumbf:
        # Others use these boxes too, for pictures in the round.
        kind: BlockKind = "c2pa" if b"c2pa" in parts.jumbf else "jumbf"
        yield Block(kind, f"jpeg:{kind}", bytes(parts.jumbf))


def _jpeg_segment(mark: int, body: bytes, parts: _JpegParts) -> Iterator[Block]:
    if mark == 0xFE:  # noqa: PLR2004 (COM)
        yield Block("text", "jpeg:comment", body)
    elif mark == 0xED and body.startswith(b"Photoshop 3.0\0"):  # noqa: PLR2004 (APP13)
        yield Block("photoshop", "jpeg:iptc", body[14:])
    elif mark == 0xEB and body.startswith(b"JP"):  # noqa: PLR2004 (APP11)
        parts.jumbf += body[8:]
    elif mark != 0xE1:  # noqa: PLR2004 (APP1)
        return
    elif body.startswith(b"Exif\0"):
        # A block of more than 64 KiB goes on in the next segment, without a header of its own.
        if body[6:10] in _TIFF or not parts.exif:
            parts.exif.append(bytearray())
        parts.exif[-1] += body[6:]
    elif body.startswith(_JPEG_XMP):
        yield Block("xmp", "jpeg:xmp", body[len(_JPEG_XMP) :])
    elif body.startswith(_JPEG_XMP_MORE):
        rest = body[len(_JPEG_XMP_MORE) :]
        parts.xmp_more.setdefault(rest[:32], {})[int.from_bytes(rest[36:40], "big")] = rest[40:]


def gif_blocks(data: bytes, bounds: Bounds) -> Iterator[Block]:
    """Yield the comments, plain texts, XMP and C2PA of a GIF file."""
    at, steps = 13 + _palette(data[10:11]), iter(range(MAX_SUB_BLOCKS))
    for _ in range(MAX_BLOCKS):
        start, mark = at, data[at : at + 2]
        if mark[:1] in (b";", b""):
            if not mark:
                bounds.problem("container_truncated", "gif")
            return
        if mark[:1] == b",":
            at = _sub_blocks(data, at + 11 + _palette(data[at + 9 : at + 10]), steps, bounds)[0]
            continue
        if mark[:1] != b"!":
            bounds.problem("container_malformed", "gif")
            return
        at, body = _sub_blocks(data, at + 2, steps, bounds)
        if mark == b"!\xfe":
            yield Block("text", "gif:comment", body)
        elif mark == b"!\x01":
            yield Block("text", "gif:text", body[12:])
        elif mark == b"!\xff" and body.startswith(b"XMP DataXMP"):
            # The packet is not cut in sub-blocks; the bytes behind it only lead a reader to its end.
            packet = data[start + 14 : at]
            yield Block("xmp", "gif:xmp", packet.partition(_GIF_XMP_END)[0])
        elif mark == b"!\xff" and body.startswith(b"C2PA_GIF"):
            yield Block("c2pa", "gif:c2pa", body[11:])
    bounds.problem("too_many_blocks", "gif")


def _palette(flags: bytes) -> int:
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0


def _sub_blocks(data: bytes, at: int, steps: Iterator[int], bounds: Bounds) -> tuple[int, bytes]:
    """Return where a chain of sub-blocks ends, and what they hold joined; `steps` counts those of all chains."""
    pieces: list[bytes] = []
    for _ in steps:
        size = data[at : at + 1]
        if not size:
            bounds.problem("container_truncated", "gif")
            break
        at += 1 + size[0]
        if not size[0]:
            break
        pieces.append(data[at - size[0] : at])
    else:
        bounds.problem("too_many_blocks", "gif")
        at = len(data)
    return at, b"".join(pieces)


def avif_blocks(data: bytes, bounds: Bounds) -> Iterator[Block]:
    """Yield the C2PA box of an AVIF file; EXIF and XMP lie in items that its other boxes refer to."""
    at = 0
    for _ in range(MAX_BLOCKS):
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        head = 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        end = at + size if size else len(data)
        if at + 8 > len(data) or end < at + head:
            return
        if name == b"uuid" and data[at + head : at + head + 16] == _C2PA_UUID:
            yield Block("c2pa", "avif:c2pa", data[at + head + 16 : end])
        at = end
    bounds.problem("too_many_blocks", "avif")
