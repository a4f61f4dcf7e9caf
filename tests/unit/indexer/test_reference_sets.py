"""Reference sets on disk: everything wrong is reported at once, with file, line and field."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from indexer import reference_sets
from indexer.errors import ManifestError
from indexer.model import Alias, AliasKind, Fame, Licence
from tests.fakes import draw

FULL = """\
title = {en = "Moon Marten", zh = "月貂"}
work = "Moon saga"
fame = "famous"

[rights]
holder = "Marten Press"
evidence = "register entry 12"

[[alias]]
text = "月貂"
language = "zh"
kind = "distinctive"

[[alias]]
text = "the marten"
language = "en"
kind = "generic"

[[licence]]
platform = "here"
until = 2030-12-31

[[reference]]
file = "images/01.png"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "moon-marten"
    (path / "images").mkdir(parents=True)
    for number in (1, 2):
        draw(1, number, (64, 64)).save(path / "images" / f"{number:02}.png")
    return path


def manifest(folder: Path, text: str) -> Path:
    path = folder / "manifest.toml"
    path.write_text(text, encoding="utf-8")
    return path


def faults(folder: Path, text: str) -> list[str]:
    path = manifest(folder, text)
    with pytest.raises(ManifestError) as refused:
        reference_sets.read(folder)
    return [line.removeprefix(f"{path}:") for line in str(refused.value).splitlines()]


def test_a_full_manifest_is_read(folder: Path) -> None:
    manifest(folder, FULL)
    read = reference_sets.read(folder)
    assert (read.slug, read.title, read.work) == (
        "moon-marten",
        {"en": "Moon Marten", "zh": "月貂"},
        {"en": "Moon saga"},
    )
    assert (read.fame, read.holder, read.rights_evidence) == (Fame.FAMOUS, "Marten Press", "register entry 12")
    assert read.aliases == (
        Alias("月貂", "zh", AliasKind.DISTINCTIVE),
        Alias("the marten", "en", AliasKind.GENERIC),
    )
    assert read.licences == (Licence("moon-marten/licence-1", "here", None, date(2030, 12, 31)),)
    assert [reference.id for reference in read.references] == ["images/01.png"]


def test_a_title_alone_is_enough_and_every_picture_counts(folder: Path) -> None:
    manifest(folder, 'title = "Moon Marten"')
    assert [reference.id for reference in reference_sets.read(folder).references] == ["images/01.png", "images/02.png"]


@pytest.mark.parametrize(
    ("text", "line", "field"),
    [
        pytest.param('work = "x"', 1, "title", id="no title"),
        pytest.param('work = "x"\ntitle = 5', 2, "title", id="title is a number"),
        pytest.param('title = ""', 1, "title", id="title is empty"),
        pytest.param("title = {}", 1, "title", id="title in no language"),
        pytest.param('title = {en = " "}', 1, "title", id="title is blank"),
        pytest.param('title = "x"\n\nwork = ["y"]', 3, "work", id="work is a list"),
        pytest.param('title = "x"\nfame = "legendary"', 2, "fame", id="unknown fame"),
        pytest.param('title = "x"\nfame = [1]', 2, "fame", id="fame is a list"),
        pytest.param('title = "x"\ntitel = "y"', 2, "titel", id="unknown field"),
        pytest.param('title = "x"\n\n[colours]\na = 1', 3, "colours", id="unknown table"),
        pytest.param('title = "x"\nrights = "mine"', 2, "rights", id="rights is a text"),
        pytest.param('title = "x"\n[rights]\nevidence = "y"\nholder = 5', 4, "rights.holder", id="holder is a number"),
        pytest.param('title = "x"\nalias = ["y"]', 2, "alias", id="aliases are texts"),
        pytest.param('title = "x"\n[[alias]]\nkind = "generic"', 2, "alias[1].text", id="alias without text"),
        pytest.param('title = "x"\n[[alias]]\ntext = " "\nkind = "generic"', 3, "alias[1].text", id="blank alias"),
        pytest.param('title = "x"\n[[alias]]\ntext = "y"', 2, "alias[1].kind", id="alias without kind"),
        pytest.param(
            'title = "x"\n[[alias]]\ntext = "y"\nkind = "generic"\n\n[[alias]]\ntext = "z"\nkind = "odd"',
            8,
            "alias[2].kind",
            id="second alias of unknown kind",
        ),
        pytest.param(
            'title = "x"\n[[alias]]\ntext = "y"\nkind = "generic"\nlanguage = 1', 5, "alias[1].language", id="language"
        ),
        pytest.param('title = "x"\n[[licence]]\nuntil = 2030-01-01', 2, "licence[1]", id="licence for everybody"),
        pytest.param('title = "x"\n[[licence]]\nplatform = ""', 3, "licence[1].platform", id="blank platform"),
        pytest.param('title = "x"\n[[licence]]\nuploader = 5', 3, "licence[1].uploader", id="uploader is a number"),
        pytest.param(
            'title = "x"\n[[licence]]\nplatform = "p"\nuntil = "2030-01-01"', 4, "licence[1].until", id="quoted date"
        ),
        pytest.param(
            'title = "x"\n[[licence]]\nplatform = "p"\nuntil = 2030-01-01T00:00:00', 4, "licence[1].until", id="a time"
        ),
        pytest.param('title = "x"\nreference = 5', 2, "reference", id="references are a number"),
        pytest.param('title = "x"\n[[reference]]\nfile = "gone.png"', 3, "reference[1].file", id="missing picture"),
        pytest.param('title = "x"\n[[reference]]\nfile = "images"', 3, "reference[1].file", id="picture is a folder"),
        pytest.param('title = "x"\n[[reference]]\nfile = "../x.png"', 3, "reference[1].file", id="outside the folder"),
        pytest.param('title = "x"\n[[reference]]\nfile = "/etc/passwd"', 3, "reference[1].file", id="absolute path"),
        pytest.param('title = "x"\n[[reference]]\nfile = "a\\u0000.png"', 3, "reference[1].file", id="nought byte"),
        pytest.param('title = "x"\n[[reference]]\nsha256 = "0"', 2, "reference[1].file", id="reference without file"),
        pytest.param(
            'title = "x"\n[[reference]]\nfile = "images/01.png"\nsha256 = "00"',
            4,
            "reference[1].sha256",
            id="other hash",
        ),
        pytest.param(
            'title = "x"\n[[reference]]\nfile = "images/01.png"\n[[reference]]\nfile = "images/01.png"',
            4,
            "reference[2]",
            id="one picture twice",
        ),
    ],
)
def test_a_fault_is_reported_with_its_line_and_field(folder: Path, text: str, line: int, field: str) -> None:
    assert any(fault.startswith(f"{line}: {field}: ") for fault in faults(folder, text)), faults(folder, text)


def test_all_faults_of_a_manifest_are_reported_at_once(folder: Path) -> None:
    found = faults(folder, 'fame = "x"\nodd = 1\n[[alias]]\ntext = "y"\n[[reference]]\nfile = "gone.png"')
    assert len(found) == 5


def test_a_repeated_picture_is_counted_among_all_that_are_listed(folder: Path) -> None:
    listed = "\n".join(f'[[reference]]\nfile = "{name}"' for name in ("gone.png", "images/01.png", "images/01.png"))
    found = faults(folder, f'title = "x"\n{listed}')
    assert any(fault.startswith("6: reference[3]: ") for fault in found), found


def test_a_manifest_that_is_not_toml_is_refused_with_its_path(folder: Path) -> None:
    path = manifest(folder, "title = \n")
    with pytest.raises(ManifestError, match=f"{path}: .*line 1"):
        reference_sets.read(folder)


def test_a_manifest_that_is_not_utf8_is_refused_with_its_path(folder: Path) -> None:
    path = folder / "manifest.toml"
    path.write_bytes(b'title = "\xff"')
    with pytest.raises(ManifestError, match=str(path)):
        reference_sets.read(folder)


def test_a_missing_manifest_is_refused_with_its_path(folder: Path) -> None:
    with pytest.raises(ManifestError, match=r"manifest\.toml: missing"):
        reference_sets.read(folder)


@pytest.mark.parametrize("name", ["Moon", "moon marten", "-moon", "moon_", "x" * 65, "月貂"])
def test_a_folder_must_have_a_name_that_can_stand_in_an_address(folder: Path, name: str) -> None:
    moved = folder.rename(folder.with_name(name))
    assert any(fault.startswith("1: slug: ") for fault in faults(moved, 'title = "x"'))


def test_a_link_that_leads_out_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "secret.png"
    draw(1, 1, (64, 64)).save(outside)
    (folder / "images" / "03.png").symlink_to(outside)
    text = 'title = "x"\n[[reference]]\nfile = "images/03.png"'
    assert any("inside the set's folder" in fault for fault in faults(folder, text))


def test_a_set_without_pictures_is_refused(folder: Path) -> None:
    for path in (folder / "images").iterdir():
        path.unlink()
    assert any("no picture" in fault for fault in faults(folder, 'title = "x"'))


def test_the_faults_of_all_sets_are_reported_at_once(folder: Path) -> None:
    manifest(folder, "fame = 1")
    other = folder.with_name("other")
    other.mkdir()
    with pytest.raises(ManifestError) as refused:
        reference_sets.read_all(folder.parent)
    assert "moon-marten" in str(refused.value)
    assert "other" in str(refused.value)


def test_hidden_and_underlined_folders_are_no_sets(folder: Path) -> None:
    manifest(folder, 'title = "x"')
    for name in (".git", "_template"):
        folder.with_name(name).mkdir()
    assert [item.slug for item in reference_sets.read_all(folder.parent)] == ["moon-marten"]


def test_a_folder_without_sets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="holds no reference set"):
        reference_sets.read_all(tmp_path)
    with pytest.raises(ManifestError, match="is not a folder"):
        reference_sets.read_all(tmp_path / "gone")
