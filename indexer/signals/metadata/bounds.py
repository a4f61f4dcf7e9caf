"""What every reader of picture metadata shares: bounds, problems, and text out of bytes of unknown encoding.

Everything comes from an uploader. What exceeds a bound is cut and said; nothing raises.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal

MAX_TEXT_BYTES = 4 * 1024 * 1024
MAX_STRINGS = 20_000
MAX_INFLATED_BYTES = 8 * 1024 * 1024
MAX_PROBLEMS = 100
MAX_SOURCE = 200
_SAMPLE = 4096
# Databases refuse NUL and terminals obey the others; a space keeps the words apart.
_CONTROLS = {code: " " for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n\r"}

ByteOrder = Literal["little", "big"]


@dataclass(frozen=True, slots=True)
class PictureString:
    """A string of a picture's metadata and the place it stood in, such as `png:tEXt:parameters`."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class PictureProblem:
    """What could not be read as it should, in a word for machines such as `text_too_long`, and where."""

    code: str
    source: str


class Bounds:
    """Counts what has been kept of one picture: bytes of text, strings and inflated bytes."""

    def __init__(self, max_bytes: int = MAX_TEXT_BYTES, max_strings: int = MAX_STRINGS) -> None:
        self._bytes_left = max_bytes
        self._strings_left = max_strings
        self._inflated_left = MAX_INFLATED_BYTES
        self._problems: dict[PictureProblem, None] = {}

    @property
    def bytes_left(self) -> int:
        """How many bytes of text, as UTF-8, may still be kept."""
        return self._bytes_left if self._strings_left else 0

    @property
    def problems(self) -> tuple[PictureProblem, ...]:
        """Every problem once, in the order it was met; at most 100."""
        return tuple(self._problems)

    def room(self, source: str) -> bool:
        """Tell whether anything more may be kept, and note a problem where it may not."""
        if self._strings_left <= 0:
            self.problem("too_many_strings", "picture")
        elif self._bytes_left <= 0:
            self.problem("text_too_long", source)
        return self.bytes_left > 0

    def problem(self, code: str, source: str) -> None:
        """Note a problem."""
        if len(self._problems) < MAX_PROBLEMS:
            self._problems[PictureProblem(code, short(source))] = None

    def cut(self, text: str, source: str) -> str:
        """Return what of a text may be kept, cleaned, and count it; empty when nothing is left or to be kept."""
        if self._strings_left <= 0:
            self.problem("too_many_strings", "picture")
            return ""
        # A UTF-8 byte is at least needed for each character: no more are worth cleaning.
        kept = clean(text[: self._bytes_left + 1])
        encoded = kept.encode()
        if len(encoded) > self._bytes_left or len(text) > self._bytes_left + 1:
            self.problem("text_too_long", source)
            encoded = encoded[: self._bytes_left]
            kept = encoded.decode("utf-8", "ignore")
        if kept:
            self._bytes_left -= len(encoded)
            self._strings_left -= 1
        return kept

    def inflate(self, data: bytes, source: str, wbits: int = zlib.MAX_WBITS) -> bytes:
        """Inflate zlib data (gzip with `wbits` of 31) to at most 8 MiB over a whole picture.

        What came out before an error is kept.
        """
        if self._inflated_left <= 0:
            self.problem("text_too_long", source)
            return b""
        machine = zlib.decompressobj(wbits)
        out = bytearray()
        # In pieces, because an error loses what the same call had already given.
        for start in range(0, len(data), _SAMPLE):
            try:
                piece = machine.decompress(data[start : start + _SAMPLE], self._inflated_left - len(out))
            except zlib.error:
                self.problem("compressed_text_malformed", source)
                break
            out += piece
            if machine.eof:
                break
            # A maximum of nought would mean no maximum to zlib.
            if len(out) >= self._inflated_left:
                self.problem("text_too_long", source)
                break
        else:
            self.problem("compressed_text_malformed", source)
        self._inflated_left -= len(out)
        return bytes(out)


def short(source: str) -> str:
    """Bound a place, parts of which an uploader may choose, to one line of 200 characters."""
    return " ".join(clean(source[:MAX_SOURCE]).split())


def clean(text: str) -> str:
    """Replace halves of surrogate pairs and control characters, and strip white space at the ends."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.translate(_CONTROLS).strip()


def decode_text(raw: bytes) -> str:
    """Decode bytes that declare no encoding: UTF-8, UTF-16 by its zero bytes, else Latin-1."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    padded = raw.strip(b"\0")
    # A few zeros only part the two halves of a copyright line.
    if padded.count(0) * 5 >= len(padded) > 0:
        order = _order_by_zeros(raw)
        if order is not None:
            return _utf16(raw, order)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def decode_utf16(raw: bytes, fallback: ByteOrder) -> str:
    """Decode what claims to be UTF-16 without its byte order; some tools write UTF-8 under the same claim."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    if b"\0" not in raw:
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            # Chinese or Japanese without a single space: no zero byte either.
            pass
    return _utf16(raw, _order_by_zeros(raw) or _order_by_looks(raw, fallback))


def _utf16(raw: bytes, order: ByteOrder) -> str:
    return raw.decode("utf-16-le" if order == "little" else "utf-16-be", "replace")


def _order_by_zeros(raw: bytes) -> ByteOrder | None:
    """Tell the byte order of UTF-16 with Western letters or spaces in it; None where zeros tell nothing."""
    sample = raw[:_SAMPLE]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    high, low = max(even, odd), min(even, odd)
    # A tenth of Western characters is enough; zeros in both halves are padding or no text.
    if high * 20 < len(sample) or low * 3 >= high:
        return None
    return "big" if even > odd else "little"


def _order_by_looks(raw: bytes, fallback: ByteOrder) -> ByteOrder:
    def likely(order: ByteOrder) -> int:
        text = _utf16(raw[:_SAMPLE], order)
        return sum(" " <= char <= "ÿ" or "\u3000" <= char <= "ヿ" or "一" <= char <= "鿿" for char in text)

    little, big = likely("little"), likely("big")
    if little == big:
        return fallback
    return "little" if little > big else "big"
