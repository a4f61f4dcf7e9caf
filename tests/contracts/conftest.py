"""A record on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.databases import fresh_database
from tests.notices import Bench


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """Open an empty record."""
    sqlite = request.param == "sqlite"
    engine = fresh_database(
        f"sqlite:///{tmp_path / 'record.db'}" if sqlite else request.getfixturevalue("postgres_url")
    )
    yield engine
    engine.dispose()


@pytest.fixture
def bench(engine: sa.Engine) -> Bench:
    """Give the use cases of notices on it."""
    return Bench(engine)
