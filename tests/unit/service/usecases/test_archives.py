"""Zip files from uploaders: what no honest tool writes refuses the whole, one bad member only itself."""

from __future__ import annotations

import bz2
import io
import lzma
import struct
import tracemalloc
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from indexer.errors import PictureError
from service.domain.errors import InvalidFields, TooLarge, UnsupportedContent
from service.domain.upload import NotScreened
from service.usecases.archives import ARCHIVE_SUFFIXES, MAX_FAULTS, MAX_FOLDERS, MAX_NAME, Archive, Member
from tests.unit.service.usecases.zips import DEFLATED, Entry, deflated, packed, quoted, zip_of

ENTRIES = 200
GOOD = Entry("good.png", b"good")
KERNEL = Entry("kernel.png", bytes(50_000), DEFLATED)
MANY_DATA = bytes(range(256)) * 40


def opened(data: bytes) -> tuple[Archive, list[Member], list[NotScreened]]:
    archive, problems = Archive(io.BytesIO(data), ENTRIES), list[NotScreened]()
    return archive, archive.readable(problems), problems


def contents(data: bytes) -> dict[str, bytes]:
    archive, members, problems = opened(data)
    assert problems == []
    return {member.name: archive.read(member) for member in members if not member.is_folder}


def faults(data: bytes) -> list[tuple[str, str]]:
    with pytest.raises(InvalidFields) as caught:
        opened(data)
    return [(fault.location, fault.message) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("entry", "place", "reason"),
    [
        (Entry("a.png", flags=0x01), "a.png", "encrypted"),
        (Entry("a.png", flags=0x41), "a.png", "encrypted"),
        (Entry("a.png", flags=0x2000), "a.png", "encrypted"),
        (Entry("a.png", b"/etc/passwd", mode=0o120777), "a.png", "a link or a device"),
        (Entry("a/", b"/etc", mode=0o120777), "a/", "a link or a device"),
        (Entry("a.png", mode=0o020666), "a.png", "a link or a device"),
        (Entry("a.png", mode=0o060666), "a.png", "a link or a device"),
        (Entry("a.png", mode=0o010666), "a.png", "a link or a device"),
        (Entry("a.png", mode=0o140666), "a.png", "a link or a device"),
        (Entry("/a.png"), "/a.png", "absolute"),
        (Entry("//host/a.png"), "//host/a.png", "absolute"),
        (Entry("C:a.png"), "C:a.png", "absolute"),
        (Entry("c:/a.png"), "c:/a.png", "absolute"),
        (Entry("./c:/a.png"), "./c:/a.png", "absolute"),
        (Entry("../a.png"), "../a.png", "out of the pack"),
        (Entry("x/../../a.png"), "x/../../a.png", "out of the pack"),
        (Entry("x/..", b"x"), "x/..", "out of the pack"),
        (Entry("../"), "../", "out of the pack"),
        (Entry("x\\a.png"), "x\\a.png", "backslash"),
        (Entry(b"x\\a.png"), "x\\a.png", "backslash"),
        (Entry("a\0.png"), "a\\x00.png", "control"),
        (Entry("a.png\0.exe"), "a.png\\x00.exe", "control"),
        (Entry("a\r\nb.png"), "a\\x0d\\x0ab.png", "control"),
        (Entry("a\x1b[2Jb.png"), "a\\x1b[2Jb.png", "control"),
        (Entry("a\x85.png"), "a\\x85.png", "control"),
        (Entry("a\u2028.png"), "a\\x2028.png", "control"),
        (Entry(""), "", "empty"),
        (Entry("./."), "./.", "empty"),
        (Entry("n" * (MAX_NAME + 1)), "n" * 200, "too long"),
        (Entry("d/" * (MAX_FOLDERS + 1) + "a.png"), ("d/" * (MAX_FOLDERS + 1)) + "a.png", "too many folders"),
        *[(Entry(f"b/a{suffix}"), f"b/a{suffix}", "an archive inside") for suffix in sorted(ARCHIVE_SUFFIXES)],
        (Entry("A.ZIP"), "A.ZIP", "an archive inside"),
        (Entry("a.png", zip_of(GOOD)), "a.png", "archive by its first bytes"),
        (Entry("a.png", zip_of(GOOD), DEFLATED), "a.png", "archive by its first bytes"),
        (Entry("a.png", zip_of()), "a.png", "archive by its first bytes"),
        (Entry("a", b"7z\xbc\xaf\x27\x1c--"), "a", "archive by its first bytes"),
        (Entry("a.txt", b"Rar!\x1a\7\1\0"), "a.txt", "archive by its first bytes"),
        (Entry("a.txt", b"\x1f\x8b\x08\0"), "a.txt", "archive by its first bytes"),
        (Entry("a.txt", bz2.compress(b"x")), "a.txt", "archive by its first bytes"),
        (Entry("a.txt", lzma.compress(b"x")), "a.txt", "archive by its first bytes"),
        (Entry("a.txt", b"a.png".ljust(257, b"\0") + b"ustar\0" + bytes(300)), "a.txt", "archive by its first bytes"),
    ],
)
def test_what_is_made_to_deceive_refuses_the_whole(entry: Entry, place: str, reason: str) -> None:
    ((location, message),) = faults(zip_of(GOOD, entry))
    assert location == f"image_pack:{place}"
    assert reason in message


@pytest.mark.parametrize("again", ["good.png", "./good.png", ".//good.png"])
def test_one_name_twice_refuses_the_whole(again: str) -> None:
    assert faults(zip_of(GOOD, Entry(again, b"other"))) == [
        (f"image_pack:{again}", "its name stands in the pack twice")
    ]


def test_every_fault_is_named_up_to_a_number() -> None:
    assert len(faults(zip_of(*(Entry(f"/{number}.png", flags=1) for number in range(30))))) == MAX_FAULTS


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (quoted(KERNEL, ["a.png"]), "a.png"),
        (quoted(KERNEL, [f"{number}.png" for number in range(20)]), "19.png"),
        (zip_of(KERNEL, Entry("again.png", KERNEL.data, DEFLATED, offset=0, local_name=b"kernel.png")), "kernel.png"),
        (zip_of(Entry("a.png", b"x" * 9, packed=10), GOOD), "a.png"),
        (zip_of(GOOD, Entry("z.png", b"x" * 9, packed=10)), "z.png"),
        (zip_of(Entry("a.png", b"x", packed=0xFFFFFFFF)), "a.png"),
    ],
)
def test_members_that_lie_over_each_other_refuse_the_whole(data: bytes, place: str) -> None:
    assert faults(data)[0] == (f"image_pack:{place}", "it lies over what follows it")


def test_the_bomb_of_the_table_above_is_one() -> None:
    with zipfile.ZipFile(io.BytesIO(quoted(KERNEL, ["a.png"]))) as archive:
        assert [len(archive.open(info).read(-1)) for info in archive.infolist()][1] == len(KERNEL.data)


@pytest.mark.parametrize(
    "data",
    [b"", b"PK", b"no zip file at all" * 9, b"\x89PNG\r\n\x1a\n", zip_of(GOOD)[:-1], zip_of(GOOD)[:40], bytes(70_000)],
)
def test_what_is_no_zip_file_is_unsupported(data: bytes) -> None:
    with pytest.raises(UnsupportedContent, match="not a zip file"):
        opened(data)


@pytest.mark.parametrize(
    "data",
    [
        zip_of(GOOD, directory_size=30),
        zip_of(GOOD, directory_size=70),
        zip_of(GOOD, directory_size=0x7FFFF),
        zip_of(GOOD).replace(b"PK\1\2", b"PK\1\3"),
        zip_of(Entry(b"\xff\xfe.png", flags=0x0800)),
        zip_of(Entry("a.png", version=99)),
        zip_of(Entry("a.png", extra=b"\1\0\xff\xff")),
        zip_of(Entry("a.png", size=0xFFFFFFFF, extra=struct.pack("<HH", 1, 0))),
    ],
)
def test_a_damaged_directory_refuses_the_whole(data: bytes) -> None:
    ((location, reason),) = faults(data)
    assert location == "image_pack"
    assert reason.startswith("the zip file's directory is damaged")


@pytest.mark.parametrize("count", [ENTRIES + 1, 20_000, 100_000])
def test_more_entries_than_allowed_are_refused(count: int) -> None:
    data = zip_of(*(Entry(f"{number}.png", b"") for number in range(count)))
    tracemalloc.start()
    with pytest.raises(TooLarge, match=f"{ENTRIES}"):
        opened(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 14_000_000


def test_a_directory_that_claims_to_be_huge_is_not_read() -> None:
    zip64 = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, 1 << 62, 0)
    data = zip64 + struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1) + zip_of()
    with pytest.raises((TooLarge, InvalidFields)):
        opened(data)
    with pytest.raises(TooLarge, match="a directory of"):
        opened(bytes(3_000_000) + zip_of(directory_size=3_000_000))


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (Entry("bad.png", b"abc", crc=1), "pack_damaged"),
        (Entry("bad.png", b"abc" * 99, DEFLATED, body=b"\xff\xff\xff"), "pack_damaged"),
        (Entry("bad.png", b"abc" * 99, DEFLATED, body=deflated(b"abc" * 99)[:-2]), "pack_damaged"),
        (Entry("bad.png", b"abc", body=b""), "pack_damaged"),
        (Entry("bad.png", b"abc", signature=b"PK\3\5"), "pack_damaged"),
        (Entry("bad.png", b"abc", local_name=b"other.png"), "pack_damaged"),
        (Entry("bad.png", b"abc", offset=0x7FFFFFFF), "pack_damaged"),
        (Entry("bad.png", b"abc", offset=0xFFFFFFFF, extra=struct.pack("<HHQ", 1, 8, 1 << 63)), "pack_damaged"),
        (Entry("bad.png", b"abc", method=zipfile.ZIP_BZIP2, body=bz2.compress(b"abc")), "unsupported_compression"),
        (Entry("bad.png", b"abc", method=zipfile.ZIP_LZMA), "unsupported_compression"),
        (Entry("bad.png", b"abc", method=9), "unsupported_compression"),
        (Entry("bad.png", b"abc", method=99), "unsupported_compression"),
        (Entry("bad.png", b"abc", flags=0x20), "unsupported_compression"),
    ],
)
def test_one_bad_member_is_listed_and_the_others_are_read(entry: Entry, code: str) -> None:
    archive, members, problems = opened(zip_of(entry, GOOD))
    assert [archive.read(member) for member in members] == [b"good"]
    listed = {item.source: item.reason.partition(":")[0] for item in problems}
    assert listed["image_pack:bad.png"] == code


@pytest.mark.parametrize(
    "entry",
    [
        Entry("bad.png", MANY_DATA, crc=1),
        Entry("bad.png", MANY_DATA, DEFLATED, crc=1),
        Entry("bad.png", MANY_DATA, size=len(MANY_DATA) + 1),
        Entry("bad.png", MANY_DATA, size=len(MANY_DATA) - 1),
        Entry("bad.png", MANY_DATA, DEFLATED, size=len(MANY_DATA) + 1),
        Entry("bad.png", MANY_DATA, DEFLATED, size=len(MANY_DATA) - 1),
        Entry("bad.png", MANY_DATA, size=0xFFFFFFFF, extra=struct.pack("<HHQ", 1, 8, 5000)),
        Entry("bad.png", MANY_DATA, size=0xFFFFFFFF, extra=struct.pack("<HHQ", 1, 8, 1 << 40)),
        Entry("bad.png", MANY_DATA, DEFLATED, body=deflated(MANY_DATA)[:-9]),
    ],
)
def test_damage_behind_the_first_bytes_is_an_error_that_names_the_member(entry: Entry) -> None:
    archive, members, _ = opened(zip_of(GOOD, entry))
    with pytest.raises(PictureError, match=r"bad\.png") as caught:
        archive.read(members[1])
    assert caught.value.code == "pack_damaged"
    assert archive.read(members[0]) == b"good"


def test_a_member_that_unpacks_to_more_than_it_tells_costs_no_memory() -> None:
    bomb = deflated(bytes(100_000_000))
    data = zip_of(Entry("bomb.png", bytes(1000), DEFLATED, body=bomb, crc=1))
    tracemalloc.start()
    archive, members, problems = opened(data)
    for member in members:
        with pytest.raises(PictureError):
            archive.read(member)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert members or problems
    assert peak < 2_000_000


def test_bytes_between_the_members_are_listed() -> None:
    hidden = Entry("hidden.png", b"hidden")
    data = zip_of(Entry("a.png", b"a", gap=hidden.local() + hidden.raw), GOOD)
    _, members, (problem,) = opened(data)
    assert [member.name for member in members] == ["a.png", "good.png"]
    assert problem.source == "image_pack"
    assert problem.reason.startswith("unlisted_data: ")


class _Pipe(io.RawIOBase):
    """A stream that cannot go back, so that sizes are written behind the members."""

    def __init__(self) -> None:
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.written += bytes(memoryview(data))  # type: ignore[arg-type]
        return len(memoryview(data))  # type: ignore[arg-type]


def _streamed(*, zip64: bool) -> bytes:
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", DEFLATED) as archive:
        for name in ("a.png", "b.png"):
            with archive.open(name, "w", force_zip64=zip64) as member:
                member.write(name.encode() * 200)
    return bytes(pipe.written)


@pytest.mark.parametrize("zip64", [False, True])
def test_a_zip_file_that_was_written_as_a_stream_is_read(*, zip64: bool) -> None:
    assert contents(_streamed(zip64=zip64)) == {name: name.encode() * 200 for name in ("a.png", "b.png")}


@pytest.mark.parametrize(
    "data",
    [
        packed({"good.png": b"good"}),
        packed({"good.png": b"good"}, zipfile.ZIP_STORED),
        b"MZ" + bytes(500) + packed({"good.png": b"good"}),
        zip_of(GOOD, prefix=b"#!/bin/sh\n"),
        zip_of(GOOD, comment=b"made by hand"),
        zip_of(GOOD, comment=b"x" * 65_535),
        zip_of(Entry("./good.png", b"good")),
        zip_of(Entry("good.png", b"good", mode=0o100644)),
        zip_of(Entry("good.png", b"good", mode=0o644)),
        zip_of(Entry("set.zip/", b""), GOOD),
        zip_of(Entry("a/", b"", mode=0o040755), Entry("a/", b""), GOOD),
    ],
)
def test_what_honest_tools_write_is_read(data: bytes) -> None:
    assert contents(data) == {"good.png": b"good"}


def test_files_built_like_archives_are_left_to_the_caller() -> None:
    assert set(contents(zip_of(Entry("a.npz", zip_of(GOOD)), Entry("notes.docx", zip_of(GOOD))))) == {
        "a.npz",
        "notes.docx",
    }


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("10_美杜莎/一.png".encode(), "10_美杜莎/一.png"),
        ("10_美杜莎/一.png".encode("gbk"), "10_美杜莎/一.png"),
        ("caf\u00e9.png".encode("cp437"), "café.png"),
        (b"plain.png", "plain.png"),
    ],
)
def test_names_without_their_encoding_are_read_as_they_were_meant(raw: bytes, name: str) -> None:
    assert list(contents(zip_of(Entry(raw)))) == [name]


def test_members_are_read_from_many_threads() -> None:
    files = {f"{number}.png": bytes([number]) * (20_000 + number) for number in range(40)}
    archive, members, _ = opened(packed(files))
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            read = dict(zip(files, pool.map(archive.read, members), strict=True))
            assert read == files


def test_a_closed_archive_closes_its_stream() -> None:
    stream = io.BytesIO(zip_of(GOOD))
    archive = Archive(stream, ENTRIES)
    archive.close()
    assert stream.closed
    with pytest.raises(ValueError, match="closed"):
        archive.read(archive.members[0])


def test_a_refused_stream_is_left_open() -> None:
    stream = io.BytesIO(zip_of(Entry("/a.png")))
    with pytest.raises(InvalidFields):
        Archive(stream, ENTRIES).readable([])
    assert not stream.closed
