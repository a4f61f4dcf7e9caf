"""The form of an evidence pack: one ZIP file that can be written in one way only, so that any other byte is found.

manifest.json lists every other file with its sha256; manifest.sig is the Ed25519 signature of manifest.json
(hexadecimal), public_key.txt the raw public key (hexadecimal). Files are stored, not compressed, in the order of their
names, with one fixed time.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Mapping
from typing import Any

FORMAT = "lora-screening-pack-1"
MANIFEST, SIGNATURE, KEY, CHAIN = "manifest.json", "manifest.sig", "public_key.txt", "chain.json"
MAX_BYTES = 1024 * 1024 * 1024
MAX_FILES = 5_000
_TIME = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o100644


class PackError(ValueError):
    """A pack is not whole; the message names the file and what is wrong."""


def as_json(value: Any) -> bytes:
    """Write a document of a pack so that equal values are equal bytes."""
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n").encode()


def manifest(about: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
    """Write the manifest of some files; `about` tells what the pack is of."""
    listed = {name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in files.items()}
    return as_json({**about, "format": FORMAT, "files": listed})


def write_pack(files: Mapping[str, bytes]) -> bytes:
    """Write the ZIP file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED, strict_timestamps=True) as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, _TIME)
            member.create_system, member.external_attr = 3, _READABLE << 16
            archive.writestr(member, files[name])
    return stream.getvalue()


def read_pack(data: bytes) -> dict[str, bytes]:
    """Read the files of a pack that was written by write_pack() to the last byte. Raises PackError."""
    if len(data) > MAX_BYTES:
        raise PackError(f"the file has more than {MAX_BYTES} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = _names(archive.infolist(), len(data))
            files = {}
            for name in names:
                try:
                    files[name] = archive.read(name)
                except (zipfile.BadZipFile, EOFError, ValueError, RuntimeError, NotImplementedError) as error:
                    raise PackError(f"{name}: was changed, or is damaged ({error})") from error
    except PackError:
        raise
    # Hostile bytes break the reader in more ways than one; each means the same.
    except Exception as error:
        raise PackError(f"it cannot be read as a ZIP file: {error}") from error
    _same(data, files)
    return files


def _names(members: list[zipfile.ZipInfo], size: int) -> list[str]:
    """Return the names of the members, where they are such as a pack has. Raises PackError."""
    if len(members) > MAX_FILES:
        raise PackError(f"it holds more than {MAX_FILES} files")
    names = [member.filename for member in members]
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise PackError(f"{twice}: is in it twice")
    packed = next((item.filename for item in members if item.compress_type != zipfile.ZIP_STORED), None)
    if packed is not None:
        raise PackError(f"{packed}: is compressed, which no pack has")
    if sum(member.file_size for member in members) > size:
        raise PackError("its files overlap")
    return names


def _same(data: bytes, files: Mapping[str, bytes]) -> None:
    """Compare with what write_pack() gives of these files. Raises PackError."""
    try:
        again = write_pack(files)
    except ValueError as error:
        raise PackError(f"it cannot be written again: {error}") from error
    if again != data:
        place = next((n for n, (one, other) in enumerate(zip(again, data, strict=False)) if one != other), len(again))
        raise PackError(
            f"byte {place} is not as a pack has it: something stands between, before or behind its files, or their"
            " names, times or attributes were changed"
        )
