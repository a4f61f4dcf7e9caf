"""The indexer's commands: JSON of a fixed shape on request, and plain messages with exit code 2."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from indexer import cli
from indexer.calibration import CHANCES
from indexer.signals.pixels.views import REFERENCE_VIEWS
from tests.conftest import PICTURES_A_SET, SLUGS, TinySets, TinySnapshot
from tests.fakes import draw, encoded

MATCH_FIELDS = {"reference_set", "reference", "kind", "measure", "false_positive_rate", "region"}


def run(*arguments: str | Path) -> Result:
    app = typer.Typer()
    app.add_typer(cli.index_app, name="index")
    app.command()(cli.match)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def plain(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "upload.png"
    path.write_bytes(encoded(draw(1, 3)))
    return path


@pytest.fixture
def damaged(tiny_snapshot: TinySnapshot, tmp_path: Path) -> Path:
    copy = Path(shutil.copytree(tiny_snapshot.path, tmp_path / "000001"))
    (copy / "sets.json").write_bytes(b"{}")
    return copy


def test_build_publishes_a_snapshot_and_says_where(one_set: TinySets, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run("index", "build", "--sets", one_set.folder, "--out", out)
    assert result.exit_code == 0, result.output
    assert f"snapshot 000001: 1 sets, 1 references, {len(REFERENCE_VIEWS)} vectors -> {out}/000001" in plain(
        result.stdout
    )
    assert "uncalibrated" in plain(result.stderr)


def test_verify_loads_the_snapshot_and_finds_its_canary(tiny_snapshot: TinySnapshot) -> None:
    result = run("index", "verify", tiny_snapshot.out)
    assert result.exit_code == 0, result.output
    assert "snapshot 000001 is whole and finds its canary" in plain(result.stdout)


def test_info_shows_every_set(tiny_snapshot: TinySnapshot) -> None:
    result = run("index", "info", tiny_snapshot.out)
    assert result.exit_code == 0
    assert all(slug in result.stdout for slug in SLUGS)


def test_info_as_json_is_the_manifest(tiny_snapshot: TinySnapshot) -> None:
    manifest = json.loads(run("index", "info", tiny_snapshot.out, "--json").stdout)
    assert {"format", "generation", "created", "recipes", "model", "counts", "warnings"} <= set(manifest)
    assert manifest["counts"]["references"] == len(SLUGS) * PICTURES_A_SET
    assert manifest["model"]["name"] == "compact-clip"


def test_calibrate_as_json_gives_rates_with_intervals(tiny_snapshot: TinySnapshot) -> None:
    rows = json.loads(run("index", "calibrate", tiny_snapshot.out, "--json").stdout)
    assert {row["measure"] for row in rows} == {"cosine", "pdq_distance", "phash_distance", "agreeing_points"}
    for row in rows:
        value, low, high = row["rate"]
        assert 0 < low <= value <= high <= 1
        crowds, chances = (row["control"][0], row["impostors"][0]), CHANCES[row["measure"]]
        assert min(1.0, chances * min(crowds)) <= value <= min(1.0, chances * max(crowds))


def test_calibrate_shows_a_table(tiny_snapshot: TinySnapshot) -> None:
    result = run("index", "calibrate", tiny_snapshot.out)
    assert result.exit_code == 0
    assert "index-wide" in result.stdout


def test_match_as_json_gives_a_line_a_picture(tiny_snapshot: TinySnapshot, picture: Path, tmp_path: Path) -> None:
    words = tmp_path / "words.png"
    words.write_bytes(b"no picture")
    result = run("match", picture, words, "--snapshot", tiny_snapshot.out, "--json", "--top", "3")
    assert result.exit_code == 0, result.output
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert (first["path"], first["problem"], len(first["matches"])) == (str(picture), None, 3)
    assert all(set(match) >= MATCH_FIELDS for match in first["matches"])
    assert all(("similarity" in match) != ("distance" in match) for match in first["matches"])
    best = first["matches"][0]
    assert (best["kind"], best["reference_set"], best["reference"]) == ("exact_copy", SLUGS[1], "images/04.png")
    assert (best["similarity"], best["measure"], best["false_positive_rate"]) == (1.0, None, 0.0)
    assert (second["matches"], second["problem"].split(":")[0]) == ([], "not_a_picture")


def test_match_shows_a_table(tiny_snapshot: TinySnapshot, picture: Path) -> None:
    result = run("match", picture, "--snapshot", tiny_snapshot.out)
    assert result.exit_code == 0
    assert "identical" in result.stdout


@pytest.mark.parametrize("command", ["verify", "info", "calibrate"])
def test_a_damaged_snapshot_ends_in_exit_code_2_and_names_the_file(damaged: Path, command: str) -> None:
    result = run("index", command, damaged)
    assert result.exit_code == 2
    assert "error (snapshot_invalid)" in plain(result.stderr)
    assert "sets.json" in plain(result.stderr)
    assert result.stdout == ""


def test_a_damaged_snapshot_matches_nothing(damaged: Path, picture: Path) -> None:
    result = run("match", picture, "--snapshot", damaged)
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize("command", ["verify", "info", "calibrate"])
def test_without_a_snapshot_the_message_says_how_to_build_one(tmp_path: Path, command: str) -> None:
    result = run("index", command, tmp_path)
    assert result.exit_code == 2
    assert f"lora-screening index build --sets DIR --out {tmp_path}" in plain(result.stderr)


def test_a_picture_that_does_not_exist_ends_in_exit_code_2(tiny_snapshot: TinySnapshot, tmp_path: Path) -> None:
    result = run("match", tmp_path / "gone.png", "--snapshot", tiny_snapshot.out)
    assert result.exit_code == 2
    assert "gone.png: No such file" in plain(result.stderr)


def test_a_faulty_manifest_ends_in_exit_code_2_with_file_line_and_field(one_set: TinySets, tmp_path: Path) -> None:
    path = one_set.folder / "lone-newt" / "manifest.toml"
    path.write_text('title = "x"\nfame = "odd"\n', encoding="utf-8")
    result = run("index", "build", "--sets", one_set.folder, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert f"{path}:2: fame: 'odd' is none of" in plain(result.stderr)
    assert not (tmp_path / "out").exists()


def test_a_message_with_brackets_is_shown_as_it_is(one_set: TinySets, tmp_path: Path) -> None:
    path = one_set.folder / "lone-newt" / "manifest.toml"
    path.write_text('title = "x"\n[[alias]]\ntext = "y"\n', encoding="utf-8")
    result = run("index", "build", "--sets", one_set.folder, "--out", tmp_path / "out")
    assert "alias[1].kind" in plain(result.stderr)
