"""Picture files written by hand, so that they can hold anything anywhere."""

from __future__ import annotations

import gzip
import struct
import zlib

import numpy as np
from PIL import Image, PngImagePlugin

from indexer.signals.metadata.c2pa_manifest import ManifestReader
from indexer.signals.metadata.harvest import PictureText, read_text
from tests.fakes import encoded

NO_PACKAGE = ManifestReader("a_package_that_is_not_there")
PROMPT = "星环 juno, the clockwork heron"
XMP_HEAD = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:exif="http://ns.adobe.com/exif/1.0/">'
)
XMP_TAIL = "</rdf:Description></rdf:RDF></x:xmpmeta>"


def small(mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (32, 32))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*chunks: bytes, behind: bytes = b"") -> bytes:
    """A picture with chunks between its pixels and its end."""
    plain = encoded(small())
    return plain[:-12] + b"".join(chunks) + plain[-12:] + behind


def jpeg(*segments: tuple[int, bytes]) -> bytes:
    plain = encoded(small(), "JPEG")
    return plain[:2] + b"".join(segment(mark, body) for mark, body in segments) + plain[2:]


def segment(mark: int, body: bytes) -> bytes:
    return bytes((0xFF, mark)) + struct.pack(">H", len(body) + 2) + body


def tiff(*entries: tuple[int, int, bytes], order: str = ">", directory: int | None = None) -> bytes:
    """An EXIF block; entries are tag, type and bytes, in the main directory or in the one a pointer leads to."""
    head = (b"MM\0*" if order == ">" else b"II*\0") + struct.pack(f"{order}I", 8)
    start = 8
    if directory is not None:
        head += struct.pack(f"{order}HHHIII", 1, directory, 4, 1, 26, 0)
        start = 26
    table, values = struct.pack(f"{order}H", len(entries)), b""
    room = start + 2 + 12 * len(entries) + 4
    for tag, kind, value in entries:
        place = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack(f"{order}I", room + len(values))
        table += struct.pack(f"{order}HHI", tag, kind, len(value)) + place
        values += value if len(value) > 4 else b""
    return head + table + bytes(4) + values


def xmp(inner: str) -> bytes:
    return (XMP_HEAD + inner + XMP_TAIL).encode()


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    body = encoded(small(), "WEBP", lossless=True)[12:]
    for name, data in chunks:
        body += name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def gif(*extensions: bytes) -> bytes:
    plain = encoded(small("P"), "GIF")
    return plain[:-1] + b"".join(extensions) + plain[-1:]


def sub_blocks(data: bytes) -> bytes:
    return b"".join(bytes((len(data[i : i + 255]),)) + data[i : i + 255] for i in range(0, len(data), 255)) + b"\0"


def iptc(dataset: int, text: str) -> bytes:
    raw = text.encode()
    return b"\x1c\x02" + bytes((dataset,)) + struct.pack(">H", len(raw)) + raw


def hiding(
    signature: str, text: str, *, mode: str = "RGBA", length: int | None = None, file_format: str = "PNG"
) -> bytes:
    """A picture that carries a text in its lowest bits, column by column."""
    body = gzip.compress(text.encode()) if signature.endswith("comp") else text.encode()
    head = signature.encode() + struct.pack(">I", 8 * len(body) if length is None else length)
    bits = np.unpackbits(np.frombuffer(head + body, dtype=np.uint8))
    channels = 1 if signature.startswith("stealth_png") else 3
    height, width = 40, -(-len(bits) // (40 * channels)) + 3
    values = np.zeros(height * width * channels, dtype=np.uint8)
    values[: len(bits)] = bits
    columns = values.reshape(width, height, channels).swapaxes(0, 1)
    pixels = np.full((height, width, len(mode)), 254, dtype=np.uint8)
    pixels[..., 3:4] |= columns if channels == 1 else 0
    pixels[..., :3] |= columns if channels == 3 else 0
    options = {"lossless": True, "exact": True} if file_format == "WEBP" else {}
    return encoded(Image.fromarray(pixels), file_format, **options)


def with_pillow(file_format: str, tag: int, value: str) -> bytes:
    return encoded(small(), file_format, exif=b"Exif\0\0" + tiff((tag, 2, value.encode() + b"\0")))


def texts(data: bytes) -> dict[str, str]:
    return {string.source: string.text for string in read_text(data, manifests=NO_PACKAGE).strings}


def codes(found: PictureText) -> set[str]:
    return {problem.code for problem in found.problems}


def pillow_text() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("parameters", PROMPT, zip=True)
    return encoded(small(), pnginfo=info)


UTF8 = PROMPT.encode()
BIG, LITTLE = PROMPT.encode("utf-16-be"), PROMPT.encode("utf-16-le")
HEX_EXIF = (b"Exif\0\0" + tiff((0x010E, 2, UTF8 + b"\0"))).hex()
