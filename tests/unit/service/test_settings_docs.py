"""docs/settings.md names every setting with its default, and none that there is not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import PydanticUndefined

from service.settings import Settings

DOCUMENT = Path(__file__).parents[3] / "docs" / "settings.md"
PREFIX = str(Settings.model_config["env_prefix"])
NAMES = {f"{PREFIX}{name.upper()}": field for name, field in Settings.model_fields.items()}
ROW = re.compile(rf"^\| `({PREFIX}[A-Z_]+)` \|(.*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def rows() -> dict[str, str]:
    found = ROW.findall(DOCUMENT.read_text(encoding="utf-8"))
    assert len(found) == len(dict(found)), "a setting has two rows"
    return dict(found)


def _written(default: Any) -> str:
    """Write a default as it would stand in the environment."""
    if default is None or default == "":
        return ""
    return str(int(default)) if isinstance(default, float) and default.is_integer() else str(default)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_setting_stands_in_the_document_with_its_default(rows: dict[str, str], name: str) -> None:
    assert name in rows, f"add a row to {DOCUMENT.name}: | `{name}` | default | what it does |"
    default = NAMES[name].default
    assert default is not PydanticUndefined, "every setting has a default: the service starts without any"
    cell = rows[name].split("|")[0].strip().strip("`")
    written = _written(default)
    assert re.sub(r"[,_ ]", "", cell).removesuffix(".0") == written or (
        not written and cell in {"", "none", "empty", "—"}
    )


def test_nothing_stands_in_the_document_that_is_no_setting(rows: dict[str, str]) -> None:
    assert set(rows) == set(NAMES)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_setting_says_what_it_is_for(name: str) -> None:
    assert NAMES[name].description
