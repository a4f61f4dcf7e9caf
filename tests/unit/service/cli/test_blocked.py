"""`lora-screening blocked add|list|remove`: for operators, on the service's own database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from indexer.training.example_loras import ExampleLora
from service.cli import app
from service.settings import Settings


def run(*arguments: str | Path) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["blocked", *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def lora(tmp_path: Path) -> Path:
    path = tmp_path / "owl.safetensors"
    path.write_bytes(ExampleLora("owl").write())
    return path


def test_a_lora_is_added_listed_and_removed(lora: Path, tmp_path: Path) -> None:
    data = ("--data", tmp_path / "data")
    code, printed, _ = run("add", lora, "--reason", "court order", "--reference-set", "amber-owl", *data)
    assert code == 0
    blocked_id = printed.split()[0]
    code, printed, _ = run("list", "--json", *data)
    (row,) = [json.loads(line) for line in printed.splitlines()]
    assert (code, row["id"], row["title"], row["reason"]) == (0, blocked_id, "owl", "court order")
    assert (row["file"], row["reference_set"]) == ("owl.safetensors", "amber-owl")
    assert row["added_by"].startswith("cli:")
    assert blocked_id in run("list", *data)[1]
    assert run("remove", blocked_id, *data)[0] == 0
    assert run("list", "--json", *data)[1] == ""
    assert "no LoRA is blocked" in run("list", *data)[1]


def test_without_a_folder_the_settings_name_the_database(
    lora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LORA_SCREENING_DATABASE", f"sqlite:///{tmp_path / 'own.db'}")
    assert Settings().database.endswith("own.db")
    assert run("add", lora, "--reason", "x")[0] == 0
    assert (tmp_path / "own.db").is_file()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("remove", "blk_none"), "there is no blocked LoRA blk_none"),
        (("add", "missing.safetensors", "--reason", "x"), "No such file"),
        (("add", __file__, "--reason", "x"), "unsupported_format"),
    ],
)
def test_what_goes_wrong_is_told_plainly(arguments: tuple[str, ...], told: str, tmp_path: Path) -> None:
    code, _, said = run(*arguments, "--data", tmp_path)
    assert code == 2
    assert told in said.replace("\n", " ")


@pytest.mark.parametrize("command", ["add", "list", "remove"])
def test_help_shows_an_example(command: str) -> None:
    code, printed, _ = run(command, "--help")
    assert code == 0
    assert "lora-screening blocked" in printed
