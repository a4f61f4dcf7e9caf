"""Where a generation came from is known also when this version cannot load it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from indexer.errors import SnapshotError
from indexer.index import snapshot as snapshots
from indexer.index.origin import read_origin
from tests.conftest import SLUGS, TinySnapshot
from tests.fakes import reseal


def test_a_generation_of_another_format_still_says_what_it_holds(tiny_snapshot: TinySnapshot, tmp_path: Path) -> None:
    folder = tmp_path / "000001"
    shutil.copytree(tiny_snapshot.path, folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps({**manifest, "format": 1, "record": "7"}), encoding="utf-8")
    reseal(folder)
    with pytest.raises(SnapshotError):
        snapshots.load(folder)
    found = read_origin(folder)
    assert (found.generation, found.model, found.record) == ("000001", "compact-clip", "7")
    assert set(found.slugs) == set(SLUGS)


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"generation": "1"}'])
def test_what_is_no_generation_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_text(content, encoding="utf-8")
        (tmp_path / "sets.json").write_text('{"sets": []}', encoding="utf-8")
    with pytest.raises(SnapshotError):
        read_origin(tmp_path)
