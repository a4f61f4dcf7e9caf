"""The fuzz targets: how bytes become an input, and which words lead further into it.

A fuzzer changes bytes blindly, and a length that no longer fits ends every reader at once. So the first byte of an
input tells what is built of the rest: the file as it stands, or one whose outer parts fit.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tests.fakes import safetensors
from tests.fuzz.laws import check_lora, check_picture, check_text
from tests.unit.indexer.signals.metadata.files import chunk, jpeg, png, tiff, webp

AS_IT_STANDS = 0
"""The first byte of an input that is the file itself."""

MOST_BODY = 1 << 16
_RAMP = np.linspace(-1, 1, MOST_BODY // 4, dtype="<f4").tobytes()
BODIES = (_RAMP, bytes(MOST_BODY), b"\xff" * MOST_BODY, _RAMP[1:] + _RAMP[:1])
"""Numbers that are finite, zero, none at all, and of all sizes."""


@dataclass(frozen=True)
class Target:
    """What is fed with bytes, of at most `max_len`; `words` are tried in their place."""

    run: Callable[[bytes], object]
    max_len: int
    words: Sequence[str | bytes]


def lora(data: bytes) -> None:
    """Read a file, or a header of JSON before a body that fits."""
    kind, rest = data[:1], data[1:]
    if not kind or kind[0] == AS_IT_STANDS:
        check_lora(rest)
    else:
        check_lora(safetensors(rest, BODIES[kind[0] % len(BODIES)][: body_size(rest)]))


def body_size(header: bytes) -> int:
    """Return where the tensors of a header end, so that most of what a fuzzer changes is read further than that."""
    try:
        entries = json.loads(header)
        ends = [int(entry["data_offsets"][1]) for name, entry in entries.items() if name != "__metadata__"]
        return min(MOST_BODY, max([0, *ends]))
    except Exception:  # noqa: BLE001 (anything may stand there)
        return 0


def picture(data: bytes) -> None:
    """Read a picture file, or one that holds the bytes where a tool writes its text."""
    if not data or data[0] == AS_IT_STANDS:
        check_picture(data[1:])
    else:
        check_picture(PICTURES[data[0] % len(PICTURES)](data[1:]))


def text(data: bytes) -> None:
    """Search a text; what is no UTF-8 becomes halves of surrogate pairs."""
    check_text(data.decode("utf-8", "surrogateescape"))


def _comment(data: bytes) -> bytes:
    return jpeg((0xE1, (b"Exif\0\0" + tiff((0x9286, 7, data), order="<", directory=0x8769))[:60_000]))


PICTURES: tuple[Callable[[bytes], bytes], ...] = (
    lambda data: png(chunk(b"tEXt", b"parameters\0" + data)),
    lambda data: png(chunk(b"tEXt", b"prompt\0" + data)),
    lambda data: png(chunk(b"tEXt", b"workflow\0" + data)),
    lambda data: png(chunk(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(data))),
    lambda data: png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + data)),
    lambda data: png(chunk(b"eXIf", data)),
    lambda data: png(chunk(b"tEXt", b"Raw profile type APP1\0\nAPP1\n9\n" + data.hex().encode())),
    lambda data: png(chunk(b"caBX", data)),
    lambda data: jpeg((0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0" + len(data).to_bytes(4, "big") + data[:60_000])),
    _comment,
    lambda data: webp((b"EXIF", data)),
    lambda data: webp((b"XMP ", data)),
)

_JSON_WORDS = ('{"', '":', '","', "[]", "{}", "null", "NaN", "1e999", '"\\ud800"', '\\"', "\\\\")
_LORA_WORDS = (
    *("__metadata__", "dtype", "shape", "data_offsets", "F32", "F16", "BF16", "F8_E4M3", "[0,4]", "-1", "true"),
    *(
        "ss_tag_frequency",
        "ss_dataset_dirs",
        "ss_datasets",
        "ss_output_name",
        "modelspec.thumbnail",
        "ssmd_cover_images",
    ),
    *(".lora_up.weight", ".lora_down.weight", ".alpha", ".hada_w1_a", ".lokr_w1", ".lora_A.weight", ".dora_scale"),
    *(
        "lora_unet_",
        "lora_te1_",
        "modelspec.thumbnail",
        "data:image/png;base64,",
        "sshs_model_hash",
        "image_dir",
        "n_repeats",
    ),
)
_PICTURE_WORDS = (
    *("IHDR", "tEXt", "zTXt", "iTXt", "eXIf", "IEND", "caBX", "Exif\0\0", "MM\0*", "II*\0", "8BIM", "XMP DataXMP"),
    *("parameters", "Negative prompt:", "Steps: ", "Lora hashes: ", "<lora:", ":0.8>", "class_type", "inputs", "nodes"),
    *("sui_image_params", "uc", "<rdf:li>", "<!DOCTYPE", "&#0;", "UNICODE\0", "ASCII\0\0\0", "stealth_pngcomp"),
)
_TEXT_WORDS = (
    *("Moon Marten", "moon", "marten", "Night Garden", "月", "ツキテン", "tsukiten", "m00n", "Ren", "not ", "-style"),
    *(
        "<b>",
        "</b>",
        "<!--",
        "-->",
        "<p ",
        "&amp;",
        "&#109;",
        "&shy;",
        "\u200b",
        "\u0301",
        "\u0335",
        "\u202e",
        "\uffff",
    ),
    *("\u202e", "\uffff", "\ufdfa", "\u1161", "\u3099", "𝓶", "🅼", "м", "v2", "I", "1", "$", " .", "_"),
)

TARGETS = {
    "lora": Target(lora, 16_384, (*_LORA_WORDS, *_JSON_WORDS)),
    "picture": Target(picture, 16_384, (*_PICTURE_WORDS, *_JSON_WORDS, b"\xff\xd8\xff", b"\xff\xe1", b"\x1c\x02")),
    "text": Target(text, 8_192, (*_TEXT_WORDS, b"\xff", b"\xed\xa0\x80")),
}
