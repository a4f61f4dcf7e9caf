"""The demo, run once: its snapshot is what the other tests screen against."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from service.demo.run import run_demo

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


@dataclass(frozen=True)
class Demo:
    """A demo that was run: how many answers were wrong, what it printed, and what it left in `out`."""

    wrong: int
    printed: str
    out: Path

    @property
    def snapshot(self) -> Path:
        """The folder of its snapshot."""
        return self.out / "snapshot"


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Run the demo on the reference sets and examples of the repository."""
    out = tmp_path_factory.mktemp("demo")
    printed = io.StringIO()
    wrong = run_demo(ROOT / "reference_sets", EXAMPLES, out, Console(file=printed, width=200))
    return Demo(wrong, printed.getvalue(), out)
