"""Names in disguise: most are found, and ordinary texts are left alone; the full measurement is `evasion.py`."""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path
from types import ModuleType

import pytest

_SOURCE = Path(__file__).parents[4] / "accuracy" / "evasion.py"


@pytest.fixture(scope="module")
def evasion() -> ModuleType:
    """Load the generator, which belongs to no package."""
    spec = importlib.util.spec_from_file_location("evasion", _SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by its name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("disguises", "names", "least"), [(1, 5, 0.98), (2, 1, 0.95)])
def test_names_in_disguise_are_found(evasion: ModuleType, disguises: int, names: int, least: float) -> None:
    trials = list(evasion.trials(random.Random(11), names=names, disguises=disguises))
    share, counts = evasion.recall(trials)
    assert share >= least, sorted(counts.items(), key=lambda item: item[1][0] / item[1][1])[:5]


def test_ordinary_texts_give_no_more_than_one_false_alarm_in_a_thousand(evasion: ModuleType) -> None:
    alarms = evasion.false_alarms(random.Random(12), names=500, texts=2_000)
    assert len(alarms) <= 2, alarms
    assert not [alarm for alarm in alarms if alarm[1] in {"plain", "looks", "split", "compact"}]
