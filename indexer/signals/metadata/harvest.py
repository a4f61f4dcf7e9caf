"""Every string of a picture's metadata, with the place it stood in; what they mean is told by `prompts`.

1. The container's blocks are found (`chunks`), also behind the pixels.
2. EXIF, IPTC and XMP blocks are opened (`exif`, `xmp`), compressed text is inflated with a maximum.
3. A signed manifest is read, where the package for it is installed (`c2pa_manifest`).
4. Text hidden in the pixels is looked for (`hidden`).
5. What was cut, damaged or out of bounds is said in `problems`.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from PIL import Image

from indexer.signals.metadata.bounds import Bounds, PictureProblem, PictureString, decode_text, short
from indexer.signals.metadata.c2pa_manifest import Manifest, ManifestReader
from indexer.signals.metadata.chunks import (
    Block,
    avif_blocks,
    container,
    gif_blocks,
    jpeg_blocks,
    png_blocks,
    webp_blocks,
)
from indexer.signals.metadata.exif import ExifDamaged, exif_items, iptc_items, photoshop_iptc
from indexer.signals.metadata.hidden import hidden_texts
from indexer.signals.metadata.xmp import MAX_XMP_BYTES, XmpDamaged, xmp_items
from indexer.signals.pixels.images import PictureLimits

_WALKERS: dict[str, Callable[[bytes, Bounds], Iterator[Block]]] = {
    "png": png_blocks,
    "jpeg": jpeg_blocks,
    "webp": webp_blocks,
    "gif": gif_blocks,
}
MAX_BLOCKS_OF_A_KIND = 50
MAX_SIGNED_BYTES = 8 * 1024 * 1024
"""Of a signed manifest, searched for words."""

_MAX_KEYWORD = 79
_PROFILE = "Raw profile type "
# Signed manifests are CBOR: their names and sentences stand in them as they are. Eight letters are rare by chance.
_RUNS = re.compile(rb"(?:[\x20-\x7e]|[\xe3-\xe9][\x80-\xbf]{2}){8,}+")


@dataclass(frozen=True, slots=True)
class PictureText:
    """What stands in a picture's metadata: strings in the order of the file, and what could not be read."""

    strings: tuple[PictureString, ...]
    problems: tuple[PictureProblem, ...]
    manifest: Manifest | None = None


class _Harvest:
    def __init__(self) -> None:
        self.bounds = Bounds()
        self.strings: list[PictureString] = []
        self._opened: dict[str, int] = {}
        self._xmp_left = MAX_XMP_BYTES

    def may_open(self, kind: str, source: str) -> bool:
        """Count the blocks of one kind: a file has one or two, and each costs time even when it gives no text."""
        self._opened[kind] = self._opened.get(kind, 0) + 1
        if self._opened[kind] > MAX_BLOCKS_OF_A_KIND:
            self.bounds.problem("too_many_blocks", source)
        return self._opened[kind] <= MAX_BLOCKS_OF_A_KIND

    def may_parse(self, packet: bytes) -> bool:
        """Count the bytes of XMP that are parsed."""
        self._xmp_left -= len(packet)
        return self._xmp_left >= 0

    def add(self, text: str, source: str) -> None:
        kept = self.bounds.cut(text, source)
        if kept:
            self.strings.append(PictureString(kept, short(source)))


def read_text(
    data: bytes, limits: PictureLimits | None = None, *, hidden: bool = True, manifests: ManifestReader | None = None
) -> PictureText:
    """Read every string of a PNG, JPEG, WebP, GIF or AVIF file; at most 4 MiB and 20,000 of them.

    Never raises. `hidden` also decodes the pixels of PNG and WebP files; that and a signed manifest are the only costly
    parts. Problem codes: `empty_file`, `file_too_large`, `not_a_picture`, `container_truncated`, `container_malformed`,
    `data_after_end`, `too_many_blocks`, `compressed_text_malformed`, `png_text_malformed`, `exif_malformed`,
    `xmp_malformed`, `c2pa_malformed`, `c2pa_out_of_bounds`, `pixels_unreadable`, `hidden_text_truncated`,
    `text_too_long`, `too_many_strings`.
    """
    limits = limits or PictureLimits()
    harvest = _Harvest()
    manifest: Manifest | None = None
    name = container(data)
    if not data:
        harvest.bounds.problem("empty_file", "picture")
    elif len(data) > limits.max_bytes:
        harvest.bounds.problem("file_too_large", "picture")
    elif name is None:
        harvest.bounds.problem("not_a_picture", "picture")
    else:
        blocks = _avif_blocks(data, harvest.bounds) if name == "avif" else _WALKERS[name](data, harvest.bounds)
        signed = False
        for block in blocks:
            signed = signed or block.kind == "c2pa"
            if harvest.bounds.room(block.place):
                _open(block, harvest)
        # A decoder would walk all of the blocks that were too many here.
        endless = any(problem.code == "too_many_blocks" for problem in harvest.bounds.problems)
        if signed and not endless:
            manifest = _signed(data, name, manifests or ManifestReader(), harvest)
        if hidden and not endless and name in ("png", "webp"):
            for place, text in hidden_texts(data, harvest.bounds, limits):
                harvest.add(text, f"{name}:{place}")
    return PictureText(tuple(harvest.strings), harvest.bounds.problems, manifest)


def _signed(data: bytes, name: str, manifests: ManifestReader, harvest: _Harvest) -> Manifest | None:
    manifest = manifests.read(data, f"image/{name}")
    if manifest is not None:
        harvest.add(manifest.text, "c2pa:manifest")
        if manifest.problem is not None:
            harvest.bounds.problem(manifest.problem, f"{name}:c2pa")
    return manifest


def _avif_blocks(data: bytes, bounds: Bounds) -> Iterator[Block]:
    yield from avif_blocks(data, bounds)
    # Its boxes refer to each other in many ways; Pillow's decoder finds the two that matter without the pixels.
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=("AVIF",)) as image:
                exif, xmp = image.info.get("exif"), image.info.get("xmp")
    except Exception:  # noqa: BLE001 (Pillow raises many kinds of errors on damaged files)
        bounds.problem("container_malformed", "avif")
        return
    if isinstance(exif, bytes):
        yield Block("exif", "avif:exif", exif)
    if isinstance(xmp, bytes):
        yield Block("xmp", "avif:xmp", xmp)


def _open(block: Block, harvest: _Harvest) -> None:
    family = block.place.partition(":")[0]
    if block.kind == "text":
        harvest.add(decode_text(block.data), block.place)
    elif block.kind == "png_text":
        _png_text(block, harvest)
    elif block.kind == "exif":
        _exif(block.data, family, harvest)
    elif block.kind == "xmp":
        _xmp(block.data, family, harvest)
    elif block.kind == "photoshop":
        for iptc in photoshop_iptc(block.data) if harvest.may_open("photoshop", block.place) else ():
            _iptc(iptc, family, harvest)
    elif block.kind == "iptc":
        _iptc(block.data, family, harvest)
    else:
        # One string for each manifest: its presence is evidence even where it holds no words.
        runs = b"\n".join(run[0] for run in _RUNS.finditer(block.data, 0, MAX_SIGNED_BYTES))
        source = f"{family}:{block.kind}"
        harvest.add(runs.decode("utf-8", "replace") or block.kind.upper(), source)
        if len(block.data) > MAX_SIGNED_BYTES:
            harvest.bounds.problem("text_too_long", source)


def _png_text(block: Block, harvest: _Harvest) -> None:
    kind = block.place.partition(":")[2]
    raw_keyword, separator, body = block.data.partition(b"\0")
    keyword = decode_text(raw_keyword[:_MAX_KEYWORD])
    source = short(f"{block.place}:{keyword}")
    if not separator or len(raw_keyword) > _MAX_KEYWORD:
        harvest.bounds.problem("png_text_malformed", source)
        harvest.add(decode_text(block.data), block.place)
        return
    if kind == "zTXt":
        body = harvest.bounds.inflate(body[1:], source)
    elif kind == "iTXt":
        compressed, rest = body[:1] == b"\1", body[2:]
        _, _, rest = rest.partition(b"\0")
        translated, _, body = rest.partition(b"\0")
        harvest.add(decode_text(translated), f"{source}:keyword")
        body = harvest.bounds.inflate(body, source) if compressed else body
    if keyword == "XML:com.adobe.xmp":
        _xmp(body, "png", harvest)
    elif keyword.startswith(_PROFILE):
        _profile(keyword.removeprefix(_PROFILE), body, source, harvest)
    else:
        harvest.add(decode_text(body), source)


def _profile(name: str, body: bytes, source: str, harvest: _Harvest) -> None:
    """Open a block that an image library wrote as hexadecimal lines behind its name and length."""
    words = body.split(None, 2)
    try:
        block = bytes.fromhex(words[2].decode("ascii"))
    except (IndexError, ValueError):
        harvest.bounds.problem("png_text_malformed", source)
        harvest.add(decode_text(body), source)
        return
    if name in ("exif", "APP1", "app1") and not block.startswith(b"http"):
        _exif(block, "png", harvest)
    elif name in ("xmp", "APP1", "app1"):
        _xmp(block[block.find(b"<") :], "png", harvest)
    elif name in ("iptc", "8bim"):
        for iptc in photoshop_iptc(block) if block.startswith(b"8BIM") else (block,):
            _iptc(iptc, "png", harvest)


def _exif(data: bytes, family: str, harvest: _Harvest) -> None:
    if not harvest.may_open("exif", f"{family}:exif"):
        return
    try:
        for item in exif_items(data):
            if not harvest.bounds.room(f"{family}:exif"):
                break
            if item.name == "xmp":
                _xmp(item.block, family, harvest)
            elif item.name == "iptc":
                _iptc(item.block, family, harvest)
            else:
                harvest.add(item.text, f"{family}:exif:{item.name}")
    except ExifDamaged:
        harvest.bounds.problem("exif_malformed", f"{family}:exif")


def _iptc(data: bytes, family: str, harvest: _Harvest) -> None:
    if not harvest.may_open("iptc", f"{family}:iptc"):
        return
    for name, text in iptc_items(data):
        harvest.add(text, f"{family}:iptc:{name}")


def _xmp(packet: bytes, family: str, harvest: _Harvest) -> None:
    if not harvest.may_open("xmp", f"{family}:xmp"):
        return
    packet = packet.strip(b"\0 \t\r\n")
    try:
        items = xmp_items(packet) if harvest.may_parse(packet) else None
    except XmpDamaged:
        items = None
    if items is None:
        harvest.bounds.problem("xmp_malformed", f"{family}:xmp")
        # What a parser refuses may still be read by a person, and searched.
        items = [("packet", decode_text(packet))]
    for name, text in items:
        harvest.add(text, f"{family}:xmp:{name}")
