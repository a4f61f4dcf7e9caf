"""Zip files written by hand, so that they can be wrong in any way."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
UTF8 = 0x0800


@dataclass(frozen=True)
class Entry:
    """A member and every lie about it: what is None is told truly. `body` is what stands in the file for `data`."""

    name: str | bytes
    data: bytes = b"x"
    method: int = STORED
    flags: int = 0
    mode: int = 0
    version: int = 20
    body: bytes | None = None
    size: int | None = None
    packed: int | None = None
    crc: int | None = None
    offset: int | None = None
    local_name: bytes | None = None
    signature: bytes = b"PK\3\4"
    extra: bytes = b""
    gap: bytes = b""

    @property
    def raw_name(self) -> bytes:
        return self.name if isinstance(self.name, bytes) else self.name.encode()

    @property
    def raw(self) -> bytes:
        if self.body is not None:
            return self.body
        return deflated(self.data) if self.method == DEFLATED else self.data

    def told(self) -> bytes:
        """The fields that both headers have, from the version to the size."""
        flags = self.flags | (UTF8 if isinstance(self.name, str) else 0)
        crc = zlib.crc32(self.data) if self.crc is None else self.crc
        packed = len(self.raw) if self.packed is None else self.packed
        size = len(self.data) if self.size is None else self.size
        return struct.pack("<HHHHHLLL", self.version, flags, self.method, 0, 33, crc, packed, size)

    def local(self) -> bytes:
        name = self.raw_name if self.local_name is None else self.local_name
        return self.signature + self.told() + struct.pack("<HH", len(name), 0) + name

    def central(self, offset: int) -> bytes:
        where = offset if self.offset is None else self.offset
        head = b"PK\1\2" + struct.pack("<H", 20) + self.told()
        lengths = struct.pack("<HHHHHLL", len(self.raw_name), len(self.extra), 0, 0, 0, self.mode << 16, where)
        return head + lengths + self.raw_name + self.extra


def deflated(data: bytes) -> bytes:
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return machine.compress(data) + machine.flush()


def zip_of(*entries: Entry, prefix: bytes = b"", comment: bytes = b"", directory_size: int | None = None) -> bytes:
    """Write entries one after another, then the directory."""
    body, directory = bytearray(), bytearray()
    for entry in entries:
        directory += entry.central(len(body))
        body += entry.local() + entry.raw + entry.gap
    size = len(directory) if directory_size is None else directory_size
    count = len(entries) & 0xFFFF
    end = struct.pack("<HHHHLLH", 0, 0, count, count, size, len(body), len(comment))
    return prefix + bytes(body + directory) + b"PK\5\6" + end + comment


def quoted(kernel: Entry, names: Sequence[str]) -> bytes:
    """Write a bomb whose members share one kernel: each quotes the next one's header in a stored block of deflate."""
    entries, file = [kernel], kernel.local() + kernel.raw
    for name in names:
        header = entries[0].local()
        body = b"\0" + struct.pack("<HH", len(header), len(header) ^ 0xFFFF) + file
        entries.insert(0, Entry(name, header + entries[0].data, DEFLATED, body=body))
        file = entries[0].local() + body
    starts = [len(file) - len(entry.local() + entry.raw) for entry in entries]
    directory = b"".join(entry.central(start) for entry, start in zip(entries, starts, strict=True))
    end = struct.pack("<HHHHLLH", 0, 0, len(entries), len(entries), len(directory), len(file), 0)
    return file + directory + b"PK\5\6" + end


def packed(files: Mapping[str, bytes | str], method: int = DEFLATED) -> bytes:
    """Write a zip file as any tool does."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()
