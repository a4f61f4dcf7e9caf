"""Fuzzing by coverage: the readers of hostile input, each for some seconds; `FUZZ_SECONDS` says how many."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.seeds import SEEDS
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
SECONDS = int(os.environ.get("FUZZ_SECONDS", "10"))
SEED = os.environ.get("FUZZ_SEED", "20261122")
_TO_START = 100
_SHOWN = 4_000
# A new program counts as its own the memory of the process that it grew out of, and that of a test run is large.
_ALONE = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:], check=False).returncode)"


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_the_laws_hold_of_every_seed(name: str) -> None:
    for seed in SEEDS[name]():
        TARGETS[name].run(seed)


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 2 * _TO_START)
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_the_laws_hold_of_whatever_the_fuzzer_finds(name: str, tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="atheris has no wheel for this platform")
    found = tmp_path / "found-"
    options = [f"-max_total_time={SECONDS}", f"-seed={SEED}", f"-artifact_prefix={found}", "-print_final_stats=1"]
    done = subprocess.run(  # noqa: S603 (our own module)
        [sys.executable, "-c", _ALONE, sys.executable, "-m", "tests.fuzz.run", name, str(tmp_path / name), *options],
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=SECONDS + _TO_START,
    )
    inputs = [f"{path.name}: {path.read_bytes()!r}" for path in tmp_path.glob("found-*")]
    told = done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")
    assert done.returncode == 0, "\n".join([told[-_SHOWN:], *inputs])
