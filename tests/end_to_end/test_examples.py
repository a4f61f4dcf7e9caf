"""The examples: over HTTP by the demo, and without a server by `check`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from service.cli import app
from service.domain.errors import ServiceError
from service.local import LocalScreening
from tests.end_to_end.conftest import EXAMPLES, ROOT, Demo

NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/upload.json"))
pytestmark = [pytest.mark.timeout(300)]


def _check(*arguments: str | Path) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["check", *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture(scope="session")
def answers(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    data = tmp_path_factory.mktemp("data")
    about = json.loads((EXAMPLES / "blocked" / "blocked.json").read_text(encoding="utf-8"))
    options = ["--title", about["title"], "--reason", about["reason"], "--reference-set", about["reference_set"]]
    add = ["blocked", "add", str(EXAMPLES / "blocked" / about["file"]), *options, "--data", str(data)]
    assert CliRunner().invoke(app, add).exit_code == 0
    folders = [EXAMPLES / name for name in NAMES]
    screen = ("--snapshot", demo.snapshot, "--json", "--platform", "demo", "--data", data)
    code, printed, _ = _check(*screen, *folders)
    assert code == 0
    lines = [json.loads(line) for line in printed.splitlines()]
    assert [line["path"] for line in lines] == [str(folder) for folder in folders]
    return {Path(line["path"]).name: line for line in lines}


@pytest.fixture(scope="session")
def screening(demo: Demo) -> Iterator[LocalScreening]:
    made = LocalScreening(demo.snapshot, None, "demo")
    yield made
    made.close()


@pytest.mark.parametrize("name", NAMES)
def test_check_answers_each_example_as_expected(answers: dict[str, Any], name: str) -> None:
    expected = json.loads((EXAMPLES / name / "expected.json").read_text(encoding="utf-8"))
    given = answers[name]
    assert given["verdict"] in expected["verdict"].split("-or-"), given["grounds"]
    named = [ground["reference_set"]["slug"] for ground in given["grounds"] if ground["reference_set"]]
    if expected["reference_set"] is not None:
        assert named[:1] == [expected["reference_set"]]
    assert set(expected.get("conditions", [])) <= set(given["conditions"])


def test_the_demo_answers_all_as_expected(demo: Demo) -> None:
    assert f"{len(NAMES)} of {len(NAMES)} as expected" in demo.printed
    assert demo.wrong == 0


def test_the_demo_leaves_a_report_of_every_example(demo: Demo) -> None:
    report = (demo.out / "report.html").read_text(encoding="utf-8")
    assert all(name in report for name in NAMES)
    assert 'src="http' not in report


def test_check_screens_a_single_picture_and_a_folder_of_them(demo: Demo, tmp_path: Path) -> None:
    reference = next(iter(sorted((ROOT / "reference_sets" / "ember-fox" / "images").iterdir())))
    (tmp_path / "b.png").write_bytes(reference.read_bytes())
    (tmp_path / "a.safetensors").write_bytes(b"no LoRA")
    code, printed, _ = _check("--snapshot", demo.snapshot, "--json", tmp_path / "b.png", tmp_path)
    assert code == 0
    given = [json.loads(line) for line in printed.splitlines()]
    assert [(Path(item["path"]).name, item["verdict"]) for item in given] == [
        ("b.png", "block"),
        ("a.safetensors", "review"),
        ("b.png", "block"),
    ]


def test_check_prints_a_table_for_people(demo: Demo) -> None:
    code, printed, _ = _check("--snapshot", demo.snapshot, EXAMPLES / "unrelated-original")
    assert (code, "allow" in printed) == (0, True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file"),
        ("{", "not JSON"),
        ('{"external_id": "m", "images": null}', "upload.images"),
        ('{"external_id": "m", "images": [7]}', "upload.images[0]"),
        ('{"external_id": "m", "images": [{"file": "lost.png"}]}', "upload.images[0].file"),
        ('{"external_id": "m", "images": [{"file": "../other.png"}]}', "upload.images[0].file"),
        ('{"external_id": "m"}', "at least one of"),
    ],
)
def test_a_wrong_folder_is_told_by_file_or_field(
    screening: LocalScreening, tmp_path: Path, content: str | None, message: str
) -> None:
    (tmp_path / "other.png").write_bytes(b"x")
    folder = tmp_path / "upload"
    if content is not None:
        folder.mkdir()
        (folder / "upload.json").write_text(content, encoding="utf-8")
    with pytest.raises((ServiceError, OSError), match=re.escape(message)):
        screening.check(folder)


def test_check_tells_plainly_what_is_wrong_and_exits_with_2(demo: Demo, tmp_path: Path) -> None:
    (tmp_path / "upload.json").write_text('{"external_id": "m", "images": null}', encoding="utf-8")
    code, printed, told = _check("--snapshot", demo.snapshot, "--json", tmp_path)
    assert (code, printed) == (2, "")
    assert "invalid_fields" in told
    assert "upload.images" in told


def test_check_without_a_snapshot_exits_with_2(tmp_path: Path) -> None:
    code, _, told = _check("--snapshot", tmp_path / "none", tmp_path)
    assert code == 2
    assert "no snapshot" in told
