"""The demonstration of notices, as `make demo-notice` runs it, beside fewer other characters."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from service.demo.medusa import run_medusa

ROOT = Path(__file__).parents[2]
SETS = ("serpent-queen", "reed-knight", "ox-smith", "winter-lampwitch", "comet-baker")


@pytest.mark.timeout(300)
def test_a_complaint_leads_to_its_proof(tmp_path: Path) -> None:
    for slug in SETS:
        shutil.copytree(ROOT / "reference_sets" / slug, tmp_path / "sets" / slug)
    told = io.StringIO()
    lora = ROOT / "examples" / "blocked" / "emberlin.safetensors"
    faults = run_medusa(tmp_path / "sets", lora, tmp_path / "out", Console(file=told, width=200))
    assert faults == [], told.getvalue()
