"""Image packs: pictures and captions come out whole, nothing is dropped without a word or read without a bound."""

from __future__ import annotations

import io
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from indexer.errors import PictureError
from indexer.signals.pixels.images import FORMATS, decode
from service.domain.errors import InvalidFields, ServiceError, TooLarge
from service.domain.upload import Trust, UploadText
from service.usecases.packs import MAX_LISTED, MIB, PICTURE_SUFFIXES, RATIO_COUNTS_FROM, Pack, PackLimits, read_pack
from tests.fakes import draw, encoded
from tests.unit.service.usecases.zips import DEFLATED, Entry, deflated, packed, zip_of

LIMITS = PackLimits()
SMALL = PackLimits(
    max_pictures=4, max_bytes=60_000, max_picture_bytes=30_000, max_ratio=50, max_entries=20, max_caption_bytes=2000
)
PICTURE = Entry("a.png", b"picture")
APPLE = b"\0\5\x16\7\0\2\0\0Mac OS X"
SET: dict[str, bytes | str] = {
    "set/10_medusa/1.png": b"\x89PNG one" * 100,
    "set/10_medusa/1.txt": "medusa, green hair",
    "set/10_medusa/2.jpg": b"\xff\xd8 two" * 300,
    "set/10_medusa/2.txt": "medusa, sitting",
    "set/3.webp": b"RIFF three",
    "set/metadata.jsonl": '{"file_name": "3.webp", "text": "a photo of an owl"}',
    "set/README.txt": "my own pictures",
}


def read(data: bytes, limits: PackLimits = LIMITS) -> Pack:
    return read_pack(io.BytesIO(data), limits)


def codes(pack: Pack) -> list[tuple[str, str]]:
    return [
        (item.source.removeprefix("image_pack").removeprefix(":"), item.reason.partition(":")[0])
        for item in pack.not_screened
    ]


def test_a_training_set_comes_out_whole() -> None:
    pack = read(packed(SET))
    assert {picture.name: picture.data for picture in pack.pictures} == {
        name: data for name, data in SET.items() if isinstance(data, bytes)
    }
    assert pack.captions == ("medusa, green hair", "medusa, sitting", "a photo of an owl")
    assert set(pack.texts) == {
        UploadText("pack:folders:set", "set", Trust.RESIDUE, share=1.0),
        UploadText("pack:folders:medusa", "medusa", Trust.RESIDUE, share=2 / 3),
        UploadText("pack:set/README.txt", "my own pictures", Trust.RESIDUE),
    }
    assert pack.not_screened == ()


def test_pictures_can_be_decoded() -> None:
    (picture,) = read(packed({"a.png": encoded(draw(1, 1))})).pictures
    assert decode(picture.name, picture.data).rgb.shape == (288, 320, 3)


def test_pictures_are_known_by_every_suffix_that_is_decoded_and_no_other() -> None:
    Image.init()
    assert {suffix for suffix, name in Image.EXTENSION.items() if name in FORMATS} == PICTURE_SUFFIXES
    pack = read(zip_of(*(Entry(f"{suffix[1:]}{suffix.upper()}") for suffix in PICTURE_SUFFIXES)))
    assert len(pack.pictures) == len(PICTURE_SUFFIXES)


@pytest.mark.parametrize(
    "entry",
    [
        Entry("set/", b""),
        Entry("set/.DS_Store", b"Bud1"),
        Entry("__MACOSX/set/.DS_Store", b"Bud1"),
        Entry("set/Thumbs.db", b"\xd0\xcf\x11\xe0"),
        Entry("desktop.ini", b"[x]"),
        Entry("__MACOSX/._a.png", APPLE),
        Entry("__MACOSX/set/._a.txt", APPLE),
        Entry("._other", APPLE),
    ],
)
def test_what_file_managers_add_is_left_out(entry: Entry) -> None:
    pack = read(zip_of(PICTURE, entry))
    assert [picture.name for picture in pack.pictures] == ["a.png"]
    assert pack.not_screened == ()
    assert pack.captions == ()


def test_a_picture_cannot_hide_where_file_managers_write() -> None:
    pack = read(zip_of(Entry("__MACOSX/a.png", b"picture"), Entry("__MACOSX/._b.png", b"picture")))
    assert [picture.name for picture in pack.pictures] == ["__MACOSX/a.png", "__MACOSX/._b.png"]


@pytest.mark.parametrize(
    "name", ["a.bmp", "a.tiff", "a.mp4", "a.json", "a", "model.safetensors", "latents.npz", "._a", "set/x.png/"]
)
def test_what_is_neither_picture_nor_caption_is_listed(name: str) -> None:
    assert codes(read(zip_of(PICTURE, Entry(name, b"something")))) == [(name, "unsupported_member")]


def test_more_than_a_number_of_problems_are_counted() -> None:
    pack = read(zip_of(PICTURE, *(Entry(f"{number}.mp4") for number in range(MAX_LISTED + 7))))
    assert len(pack.not_screened) == MAX_LISTED + 1
    assert pack.not_screened[-1].source == "image_pack"
    assert pack.not_screened[-1].reason.startswith("more_not_listed: 7 ")


@pytest.mark.parametrize(
    "data",
    [
        zip_of(),
        zip_of(Entry("set/", b"")),
        zip_of(Entry("notes.txt", b"owl")),
        zip_of(Entry("a.png", b"x" * 9, crc=1)),
        zip_of(Entry("a.png", bytes(21 * MIB), DEFLATED, body=bytes(MIB))),
    ],
)
def test_a_pack_without_a_readable_picture_says_so(data: bytes) -> None:
    pack = read(data)
    assert pack.pictures == ()
    assert codes(pack)[-1] == ("", "no_pictures")


@pytest.mark.parametrize("twin", ["A.PNG", "A.png", "caf\u00e9.png"])
def test_names_that_read_the_same_are_kept_apart(twin: str) -> None:
    other = {"caf\u00e9.png": "cafe\u0301.png"}.get(twin, "a.png")
    pack = read(packed({other: b"one", twin: b"two"}))
    assert {picture.name: picture.data for picture in pack.pictures} == {other: b"one", f"{twin}#2": b"two"}
    assert codes(pack) == [(twin, "duplicate_name")]


@pytest.mark.parametrize(
    ("limits", "entries"),
    [
        (PackLimits(max_pictures=2), [Entry(f"{number}.png") for number in range(3)]),
        (PackLimits(max_entries=2), [Entry(f"{number}/", b"") for number in range(3)]),
        (PackLimits(max_bytes=10), [Entry("a.png", b"x" * 6), Entry("b.bin", b"x" * 5)]),
        (LIMITS, [Entry("a.png", size=0xFFFFFFFF)]),
        (LIMITS, [Entry("a.png", size=0xFFFFFFFF, extra=b"\1\0\x08\0" + (1 << 62).to_bytes(8, "little"))]),
        (LIMITS, [Entry("a.png", bytes(RATIO_COUNTS_FROM + 1), DEFLATED)]),
        (LIMITS, [Entry("a.png"), Entry("a.txt", b"owl, " * (2 * MIB), DEFLATED)]),
        (LIMITS, [Entry(f"{number}.txt", bytes(MIB), DEFLATED) for number in range(3)]),
    ],
)
def test_more_than_the_limits_allow_is_too_large(limits: PackLimits, entries: list[Entry]) -> None:
    with pytest.raises(TooLarge, match="image_pack"):
        read(zip_of(*entries), limits)


def test_limits_are_allowed_themselves() -> None:
    entries = [Entry(f"{number}.png", bytes([number]) * 10) for number in range(3)]
    pack = read(zip_of(*entries), PackLimits(max_pictures=3, max_bytes=30, max_picture_bytes=10, max_entries=3))
    assert len(pack.pictures) == 3
    assert pack.not_screened == ()
    short = read(zip_of(PICTURE, Entry("a.txt", bytes(RATIO_COUNTS_FROM - 7), DEFLATED)))
    assert short.not_screened == ()


def test_a_picture_that_is_too_large_is_listed() -> None:
    pack = read(zip_of(PICTURE, Entry("b.png", b"x" * 8)), PackLimits(max_picture_bytes=7))
    assert [picture.name for picture in pack.pictures] == ["a.png"]
    assert codes(pack) == [("b.png", "file_too_large")]


def test_captions_are_read_up_to_their_limit_and_the_rest_listed() -> None:
    pack = read(
        zip_of(PICTURE, Entry("a.txt", b"owl"), Entry("b.txt", b"x" * 8), Entry("c.txt", b"fox!")),
        PackLimits(max_caption_bytes=7),
    )
    assert (pack.captions, [text.text for text in pack.texts]) == (("owl",), ["fox!"])
    assert codes(pack) == [("b.txt", "too_much_text")]


def test_a_damaged_caption_is_listed() -> None:
    data = bytes(range(256)) * 40
    pack = read(zip_of(PICTURE, Entry("a.txt", data, crc=1), Entry("b.txt", data, DEFLATED, crc=1)))
    assert codes(pack) == [("a.txt", "pack_damaged"), ("b.txt", "pack_damaged")]


def test_a_fault_names_the_member() -> None:
    with pytest.raises(InvalidFields) as caught:
        read(zip_of(PICTURE, Entry("deep/42.zip", zip_of(PICTURE))))
    assert [fault.location for fault in caught.value.faults] == ["image_pack:deep/42.zip"]


def test_names_that_chinese_windows_wrote_are_read() -> None:
    pack = read(zip_of(Entry("10_美杜莎/一.png".encode("gbk")), Entry("10_美杜莎/一.txt".encode("gbk"), b"owl")))
    assert pack.captions == ("owl",)
    assert [(text.text, text.share) for text in pack.texts] == [("美杜莎", 1.0)]


class _Counting(io.BytesIO):
    given = 0

    def read(self, size: int | None = -1) -> bytes:
        found = super().read(size)
        self.given += len(found)
        return found


def test_pictures_stay_in_the_pack_until_they_are_asked_for() -> None:
    stream = _Counting(zip_of(*(Entry(f"{number}.png", bytes([number]) * MIB) for number in range(20))))
    tracemalloc.start()
    pack = read_pack(stream, LIMITS)
    assert stream.given < MIB
    for picture in pack.pictures:
        assert len(picture.data) == MIB
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6 * MIB


def test_pictures_are_read_from_many_threads() -> None:
    files = {f"{number}.png": bytes([number]) * (30_000 + number) for number in range(40)}
    pack = read(packed(files), PackLimits(max_ratio=1000))
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda picture: picture.data, pack.pictures)) == list(files.values())


def test_a_picture_is_read_anew_each_time() -> None:
    (picture,) = read(zip_of(PICTURE)).pictures
    assert [picture.data, picture.data] == [b"picture", b"picture"]


def test_a_pack_closes_its_stream() -> None:
    stream = io.BytesIO(zip_of(PICTURE))
    with read_pack(stream, LIMITS) as pack:
        assert pack.pictures[0].data == b"picture"
    assert stream.closed


GOOD = packed({**SET, "set/extra/long.png": bytes(range(256)) * 60})
STORED = zip_of(*(Entry(name, data if isinstance(data, bytes) else data.encode()) for name, data in SET.items()))
DIRECTORY = {whole: whole.index(b"PK\1\2") for whole in (GOOD, STORED)}


@st.composite
def mutated(draw_from: st.DrawFn) -> bytes:
    whole = draw_from(st.sampled_from([GOOD, STORED]))
    data = bytearray(whole)
    # Half of the changes in the directory, where each byte means something.
    places = st.integers(0, len(data) - 1) | st.integers(DIRECTORY[whole], len(data) - 1)
    for place, value in draw_from(st.lists(st.tuples(places, st.integers(0, 255)), max_size=6)):
        data[place] = value
    for _ in range(draw_from(st.integers(0, 2))):
        start, length = draw_from(places), draw_from(st.integers(1, 400))
        piece = bytes(data[start : start + length])
        where = draw_from(places)
        if draw_from(st.booleans()):
            data[where:where] = piece
        else:
            del data[where : where + length]
    return bytes(data)


@settings(max_examples=600)
@given(mutated() | st.binary(max_size=300).map(lambda tail: GOOD + tail))
def test_no_change_to_a_pack_raises_but_errors_of_ours_or_reads_more_than_allowed(data: bytes) -> None:
    try:
        pack = read(data, SMALL)
    except ServiceError:
        return
    size = sum(len(caption.encode()) for caption in pack.captions)
    for picture in pack.pictures:
        with suppress(PictureError):
            size += len(picture.data)
    assert size <= SMALL.max_bytes
    assert len(pack.pictures) <= SMALL.max_pictures


def test_a_pack_that_was_not_changed_is_within_the_limits_of_that_test() -> None:
    for data in (GOOD, STORED):
        assert read(data, SMALL).not_screened == ()


def test_a_deflated_member_cannot_give_more_than_it_tells() -> None:
    body = deflated(bytes(range(256)) * 400_000)
    pack = read(zip_of(Entry("a.png", bytes(5000), DEFLATED, body=body, crc=1)))
    for picture in pack.pictures:
        with pytest.raises(PictureError):
            _ = picture.data
