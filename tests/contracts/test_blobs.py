"""What every Blobs does, run against each: a folder, and a storage of fsspec's."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.adapters.blobs import open_blobs
from service.ports import Blobs


class BlobsContract:
    """Subclasses give the fixture `blobs`."""

    def test_what_was_written_is_read_back(self, blobs: Blobs) -> None:
        blobs.write("pictures/9fab", b"\0picture")
        assert blobs.read("pictures/9fab") == b"\0picture"

    def test_what_was_never_written_is_not_there(self, blobs: Blobs) -> None:
        assert blobs.read("pictures/9fab") is None

    def test_the_same_name_again_replaces(self, blobs: Blobs) -> None:
        blobs.write("pictures/9fab", b"first")
        blobs.write("pictures/9fab", b"")
        assert blobs.read("pictures/9fab") == b""

    def test_what_is_forgotten_is_gone_and_can_be_forgotten_again(self, blobs: Blobs) -> None:
        blobs.write("pictures/9fab", b"first")
        blobs.delete("pictures/9fab")
        blobs.delete("pictures/9fab")
        assert blobs.read("pictures/9fab") is None

    def test_kinds_do_not_mix(self, blobs: Blobs) -> None:
        blobs.write("pictures/9fab", b"large")
        blobs.write("thumbnails/9fab", b"small")
        blobs.write("signals/model.1/9fab", b"numbers")
        blobs.delete("thumbnails/9fab")
        assert (blobs.read("pictures/9fab"), blobs.read("signals/model.1/9fab")) == (b"large", b"numbers")

    @pytest.mark.parametrize(
        "name", ["", "9fab", "../9fab", "pictures/../../9fab", "/pictures/9fab", "pictures/", "a b/c"]
    )
    def test_nothing_is_written_outside(self, blobs: Blobs, name: str) -> None:
        with pytest.raises(ValueError, match="no name for a blob"):
            blobs.write(name, b"")


class TestFolder(BlobsContract):
    @pytest.fixture
    def blobs(self, tmp_path: Path) -> Blobs:
        return open_blobs(str(tmp_path / "blobs"))

    def test_nothing_half_written_stays(self, tmp_path: Path) -> None:
        blobs = open_blobs(str(tmp_path))
        with pytest.raises(TypeError):
            blobs.write("pictures/9fab", "text")  # type: ignore[arg-type]
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


class TestRemote(BlobsContract):
    @pytest.fixture
    def blobs(self) -> Blobs:
        return open_blobs(f"memory://{secrets.token_hex(8)}")


@given(st.text())
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    blobs = open_blobs("memory://laws")
    try:
        blobs.write(name, b"")
    except ValueError:
        return
    assert ".." not in name.split("/")
