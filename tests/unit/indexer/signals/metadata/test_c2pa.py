"""Signed manifests: what they say is read and labelled, nothing is fetched, and nothing hostile takes long."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from indexer.signals.metadata.c2pa_manifest import Manifest, ManifestReader
from indexer.signals.metadata.c2pa_worker import digest
from indexer.signals.metadata.prompts import inspect_picture
from indexer.signals.metadata.told import read_told
from indexer.signals.pixels.images import PictureLimits
from tests.fakes import encoded
from tests.unit.indexer.signals.metadata.signing import MANIFEST, SOURCE_TYPE, chain, replaced, signed

LABELS = {
    ("c2pa", "signature: untrusted"),
    ("c2pa", "claim_generator: heron maker 1.0"),
    ("c2pa", "action: c2pa.created"),
    ("c2pa", "software_agent: Heron Diffusion 3"),
    ("digital_source_type", SOURCE_TYPE),
}


def read(data: bytes) -> Manifest:
    found = ManifestReader().read(data, "image/png")
    assert found is not None
    return found


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "AVIF", "GIF"])
def test_what_a_manifest_says_is_labelled_and_searched(file_format: str) -> None:
    told = inspect_picture(signed(file_format))
    assert {(label.kind, label.value) for label in told.labels} == LABELS
    assert told.problems == ()
    strings = {string.text: string for string in told.strings if string.source.startswith("c2pa:")}
    assert {"juno by the sea", "heron maker", "Heron Diffusion", "amber owl 星环"} <= set(strings)
    assert strings["clockwork heron"].role == "prompt"
    assert strings["amber owl 星环"].source == "c2pa:manifest:assertions.data.deep.er"


def test_titles_of_ingredients_and_what_their_own_manifests_say_are_read() -> None:
    inner = signed(manifest={**MANIFEST, "title": "moon marten", "claim_generator_info": [{"name": "marten maker"}]})
    told = inspect_picture(signed(ingredients=[("a borrowed marten", inner)]))
    texts = {string.text for string in told.strings if string.source.startswith("c2pa:")}
    assert {"juno by the sea", "a borrowed marten", "moon marten", "marten maker"} <= texts
    assert "claim_generator: marten maker" not in {label.value for label in told.labels}


def test_a_compressed_manifest_is_read() -> None:
    told = inspect_picture(signed(compressed=True))
    assert {(label.kind, label.value) for label in told.labels} == LABELS


def test_a_signature_is_valid_under_a_trusted_root_alone() -> None:
    picture, root = signed(), chain()[2].decode()
    trusting = ManifestReader(anchors=root).read(picture, "image/png")
    assert trusting is not None
    assert (trusting.signature, read(picture).signature) == ("valid", "untrusted")


@pytest.mark.parametrize("place", [b"IDAT", b"amber owl", b"heron maker", b"c2pa.created"])
def test_a_picture_or_a_manifest_that_was_changed_is_invalid(place: bytes) -> None:
    data = bytearray(signed())
    data[data.index(place) + len(place) - 1 if place != b"IDAT" else data.index(place) + 40] ^= 1
    assert read(bytes(data)).signature == "invalid"


def test_an_ordinary_picture_never_reaches_the_reader() -> None:
    class Alarm(ManifestReader):
        def read(self, data: bytes, media_type: str) -> Manifest | None:
            raise AssertionError(media_type, data)

    for file_format in ("PNG", "JPEG", "WEBP", "AVIF", "GIF"):
        assert inspect_picture(encoded(Image.new("RGB", (32, 32)), file_format), manifests=Alarm()).labels == ()


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "AVIF", "GIF"])
def test_without_the_package_the_presence_of_a_manifest_is_noticed(file_format: str) -> None:
    told = inspect_picture(signed(file_format), manifests=ManifestReader("a_package_that_is_not_there"))
    assert {(label.kind, label.source) for label in told.labels} == {
        ("c2pa", f"{file_format.lower()}:c2pa"),
        ("digital_source_type", f"{file_format.lower()}:c2pa"),
    }
    assert SOURCE_TYPE.removeprefix("http://") in {label.value for label in told.labels}
    assert any("amber owl 星环" in string.text for string in told.strings)
    assert told.problems == ()


@pytest.fixture
def web() -> Iterator[tuple[str, list[str]]]:
    """A web server on this machine, and the paths that were asked of it."""
    asked: list[str] = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/manifest.c2pa", asked
        server.shutdown()


def test_nothing_is_fetched_from_where_a_picture_says_its_manifest_lies(web: tuple[str, list[str]]) -> None:
    address, asked = web
    found = ManifestReader().read(signed("JPEG", remote=address), "image/jpeg")
    assert found == Manifest(problem="c2pa_malformed")
    assert asked == []


def repeated(times: int) -> bytes:
    """A claim that names one large assertion many times: the library writes all of it each time."""
    note = {"label": "org.example.note", "data": {"note": "x" * 300_000}}
    picture = signed(manifest={**MANIFEST, "assertions": [MANIFEST["assertions"][0], note]})
    start = picture.index(b"sgathered_assertions\x82") + len(b"sgathered_assertions\x82")
    listed = picture[start : picture.index(b"hdc:title", start)]
    head = b"\x99" + (2 * times).to_bytes(2, "big")
    return replaced(picture, b"\x82" + listed, head + listed * times)


def deep_boxes() -> bytes:
    picture = signed()
    start = picture.index(b"caBX") + 4
    boxes = b"".join((30_000 - at).to_bytes(4, "big") + b"jumb" for at in range(0, 24_000, 8))
    return picture[: start - 8] + (30_000).to_bytes(4, "big") + b"caBX" + boxes.ljust(30_000, b"\0") + picture[start:]


def many_compressed() -> bytes:
    large = [{"label": f"org.example.note{at}", "data": {"note": "x" * 90_000}} for at in range(6)]
    told = {**MANIFEST, "assertions": [*MANIFEST["assertions"], *large]}
    inner = [signed(manifest=told, compressed=True) for _ in range(2)]
    return signed(ingredients=[(str(at), picture) for at, picture in enumerate(inner)])


NOTE = b"\xa1ddeep\x81\xa1ber"
ACTIONS = b"\xa1gactions\x81"
HOSTILE: list[tuple[str, Callable[[], bytes], str]] = [
    ("no box", lambda: signed().replace(b"caBX", b"\0\0\0\0caBX\0\0\0\0"), "c2pa_malformed"),
    ("no boxes but bytes", lambda: replaced(signed(), b"jumd", b"jumx"), "c2pa_malformed"),
    ("cut", lambda: signed()[: signed().index(b"caBX") + 900], "c2pa_malformed"),
    ("deep boxes", deep_boxes, "c2pa_malformed"),
    ("claim is no map", lambda: replaced(signed(), b"\xa7jinstanceID", b"\x81jinstanceID"), "c2pa_malformed"),
    ("claim without end", lambda: replaced(signed(), b"\xa7jinstanceID", b"\xbb" + b"\xff" * 8), "c2pa_malformed"),
    ("deep actions", lambda: replaced(signed(), ACTIONS, b"\xa1gactions" + b"\x81" * 100_000), "c2pa_malformed"),
    ("deep note", lambda: replaced(signed(), NOTE, b"\x81" * 100_000), "c2pa_malformed"),
    ("endless note", lambda: replaced(signed(), NOTE, b"\x7b" + b"\x7f" * 8), "c2pa_malformed"),
    ("wide note", lambda: replaced(signed(), NOTE, b"\x9a\x00\x08\x00\x00" + b"aa" * 0x80000), "c2pa_out_of_bounds"),
    ("one assertion many times", lambda: repeated(2_000), "c2pa_out_of_bounds"),
    ("compressed bombs", many_compressed, "c2pa_out_of_bounds"),
]


@pytest.mark.parametrize(("build", "code"), [pytest.param(b, c, id=name) for name, b, c in HOSTILE])
def test_a_hostile_manifest_gives_a_problem_in_bounded_time(build: Callable[[], bytes], code: str) -> None:
    data = build()
    started = time.monotonic()
    found = read(data)
    assert time.monotonic() - started < 10
    assert found == Manifest(problem=code)


def test_a_manifest_that_cannot_be_read_is_remarked_and_its_words_are_searched() -> None:
    told = read_told(replaced(signed(), b"\xa7jinstanceID", b"\x81jinstanceID"), PictureLimits())
    assert [remark.split(":")[0] for remark in told.remarks] == ["c2pa_malformed"]
    assert ("c2pa", "") in told.making.labels
    assert any("amber owl" in text.text for text in told.texts)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
FIELDS = {
    "claim_generator": JSON,
    "claim_generator_info": JSON | st.lists(st.fixed_dictionaries({"name": JSON, "version": JSON}), max_size=20),
    "assertions": JSON
    | st.lists(
        st.fixed_dictionaries(
            {
                "label": JSON | st.just("c2pa.actions"),
                "data": JSON
                | st.fixed_dictionaries(
                    {
                        "actions": JSON
                        | st.lists(st.fixed_dictionaries({"action": JSON, "softwareAgent": JSON}), max_size=20)
                    }
                ),
            }
        ),
        max_size=4,
    ),
}


@given(JSON | st.fixed_dictionaries(FIELDS))
def test_no_manifest_makes_the_worker_fail(manifest: Any) -> None:
    told = digest({"active_manifest": "a", "manifests": {"a": manifest}, "validation_state": "Valid"})
    assert told["signature"] == "untrusted"
    assert all(len(label) < 300 for label in (*told["labels"], *told["source_types"]))
    assert len(told["labels"]) <= 8
