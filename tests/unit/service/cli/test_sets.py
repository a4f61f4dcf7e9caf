"""`lora-screening sets import|export|list|activate|suspend`: for operators, on the service's own record."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.cli import app
from tests.conftest import RUNTIME
from tests.fakes import draw, write_set

RIGHTS = '\n[rights]\nevidence = "bible, p. 3"\n'


@pytest.fixture(autouse=True)
def _runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LORA_SCREENING_RUNTIME", RUNTIME)


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    for number, slug in enumerate(("amber-owl", "brass-fox")):
        folder = write_set(tmp_path / "sets", slug, [draw(number, n) for n in range(2)], aliases=[f"Name {slug}"])
        with (folder / "manifest.toml").open("a", encoding="utf-8") as stream:
            stream.write(RIGHTS)
    return tmp_path / "sets"


def run(*arguments: str | Path) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["sets", *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr.replace("\n", " ")


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows(*data: str | Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in run("list", "--json", *data)[1].splitlines()]


def test_sets_are_imported_listed_put_in_force_and_exported(sets: Path, tmp_path: Path) -> None:
    data = ("--data", tmp_path / "data")
    code, printed, said = run("import", sets, *data)
    assert (code, said) == (0, "")
    assert "amber-owl: new, with 2 pictures" in printed
    assert "2 of 2 sets changed, 0 were as they are" in printed
    assert [(row["slug"], row["state"], row["pictures"]) for row in rows(*data)] == [
        ("amber-owl", "draft", 2),
        ("brass-fox", "draft", 2),
    ]
    assert "0 of 2 sets changed, 2 were as they are" in run("import", sets, *data)[1]
    assert "2 of 2 sets changed" in run("import", sets, "--activate", *data)[1]
    assert "0 of 2 sets changed" in run("import", sets, "--activate", *data)[1]
    assert run("suspend", "amber-owl", *data)[0] == 0
    assert [row["state"] for row in rows(*data)] == ["suspended", "active"]
    assert run("activate", "amber-owl", *data)[0] == 0
    assert "amber-owl" in run("list", *data)[1]
    assert run("export", tmp_path / "one", *data)[0] == 0
    other = ("--data", tmp_path / "other")
    assert run("import", tmp_path / "one", *other)[0] == 0
    assert run("export", tmp_path / "two", *other)[0] == 0
    assert files(tmp_path / "one") == files(tmp_path / "two")
    pictures = {name: content for name, content in files(sets).items() if name.endswith(".png")}
    assert pictures.items() <= files(tmp_path / "one").items()
    # Of the other record none is in force.
    run("export", tmp_path / "three", "--only-active", *other)
    assert files(tmp_path / "three") == {}


def test_a_mirror_removes_what_the_folder_lacks(sets: Path, tmp_path: Path) -> None:
    data = ("--data", tmp_path / "data")
    run("import", sets, *data)
    (sets / "amber-owl" / "images" / "02.png").unlink()
    assert "0 of 2 sets changed" in run("import", sets, *data)[1]
    assert "amber-owl: 1 picture removed" in run("import", sets, "--mirror", *data)[1]


def test_what_could_not_be_taken_is_told_at_the_end(sets: Path, tmp_path: Path) -> None:
    (sets / "amber-owl" / "images" / "03.png").write_bytes(b"no picture")
    manifest = sets / "brass-fox" / "manifest.toml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace(RIGHTS, ""), encoding="utf-8")
    code, printed, said = run("import", sets, "--activate", "--data", tmp_path / "data")
    assert code == 2
    assert "amber-owl: new, with 2 pictures, activated" in printed
    assert "amber-owl: images/03.png: not_a_picture" in said
    assert "brass-fox: invalid_fields: rights.evidence: missing" in said
    assert [row["state"] for row in rows("--data", tmp_path / "data")] == ["active", "draft"]


def test_the_settings_name_the_parts_where_no_folder_does(
    sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LORA_SCREENING_DATABASE", f"sqlite:///{tmp_path / 'own.db'}")
    monkeypatch.setenv("LORA_SCREENING_BLOBS", str(tmp_path / "own-blobs"))
    monkeypatch.setenv("LORA_SCREENING_SNAPSHOT", str(tmp_path / "none"))
    shutil.rmtree(sets / "brass-fox")
    assert run("import", sets)[0] == 0
    assert (tmp_path / "own.db").is_file()
    assert (tmp_path / "own-blobs" / "pictures").is_dir()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("activate", "nobody"), "there is no reference set nobody"),
        (("suspend", "nobody"), "there is no reference set nobody"),
        (("import", "missing"), "missing is not a folder"),
        (("import", "SETS", "--owner", "nobody"), "there is no rights owner nobody"),
        (("export", "SETS"), "is not empty"),
    ],
)
def test_what_goes_wrong_is_told_plainly(arguments: tuple[str, ...], told: str, sets: Path, tmp_path: Path) -> None:
    code, _, said = run(*[str(sets) if item == "SETS" else item for item in arguments], "--data", tmp_path / "data")
    assert code == 2
    assert told in " ".join(said.split())


def test_an_empty_record_says_so(tmp_path: Path) -> None:
    assert "the record holds no reference set" in run("list", "--data", tmp_path)[1]


@pytest.mark.parametrize("command", ["import", "export", "list", "activate", "suspend"])
def test_help_shows_an_example(command: str) -> None:
    code, printed, _ = run(command, "--help")
    assert code == 0
    assert f"lora-screening sets {command}" in printed
