"""Fixtures that several tests share; what is dear is made once a session."""

from __future__ import annotations

import gc
import os
import secrets
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings

from indexer import build as builds
from indexer import reference_sets
from indexer.backends import embedded
from indexer.backends.runtime import open_runtime
from indexer.build import BuildReport
from indexer.index import snapshot as snapshots
from indexer.index.snapshot import Snapshot
from indexer.matcher import Matcher
from indexer.model import ModelSpec, ReferenceSet
from indexer.ports import EmbeddingBackend
from service.adapters.sql.engine import open_database
from tests import postgresql
from tests.databases import record_at
from tests.fakes import draw, write_set

# The same examples in every run; `--hypothesis-profile=searching` looks for new ones. No time limit an example, since
# machines differ.
settings.register_profile(
    "steady", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("searching", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


def pytest_collection_finish() -> None:
    """Keep what was imported out of the garbage collector's rounds, of which thousands of tests make many."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where `CI=true`, a test that was skipped has not been run, and that is a failure.

    Tests of other projects' files, which may be read but not shipped, can only run where these lie beside the project.
    """
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and NOT_SHIPPED not in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped: {report.longrepr}"
    return report


NOT_SHIPPED = "NOT TESTED: "
"""How the reason of a skip begins where files of others are absent."""


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Give the URL of a PostgreSQL server, without a database."""
    with postgresql.server() as url:
        if url is None:
            pytest.skip(postgresql.MISSING)
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    """Make a database with all tables, of which others are copied; give its name."""
    with _a_database(postgres_server) as url:
        open_database(url).dispose()
        yield url.rsplit("/", 1)[1]


@pytest.fixture
def postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """Make a PostgreSQL database with empty tables; give its URL."""
    with _a_database(postgres_server, postgres_template) as url:
        yield url


@pytest.fixture
def empty_postgres_url(postgres_server: str) -> Iterator[str]:
    """Make a PostgreSQL database without tables; give its URL."""
    with _a_database(postgres_server) as url:
        yield url


RecordIn = Callable[[Path], str]
"""Gives the URL of the record that belongs to a folder: always the same for one folder."""

ON = "LORA_SCREENING_TEST_DATABASE"
"""Where the environment sets this to `postgresql`, applications under test keep their record there."""


@pytest.fixture(scope="session")
def record_in(request: pytest.FixtureRequest) -> Iterator[RecordIn]:
    """Make records for applications: SQLite in their folder, or databases of PostgreSQL."""
    if os.environ.get(ON) != "postgresql":
        yield lambda folder: record_at(folder / "record.db")
        return
    server, template = request.getfixturevalue("postgres_server"), request.getfixturevalue("postgres_template")
    made: dict[Path, str] = {}
    with ExitStack() as stack:

        def record(folder: Path) -> str:
            if folder not in made:
                made[folder] = stack.enter_context(_a_database(server, template))
            return made[folder]

        yield record


@contextmanager
def _a_database(server: str, template: str = "template1") -> Iterator[str]:
    name = f"test_{secrets.token_hex(8)}"
    admin = sa.create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    try:
        yield f"{server}/{name}"
    finally:
        with admin.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


RUNTIME = "onnxruntime"
"""The runtime of the tests where any will do: it loads at once."""

PICTURES_A_SET = 6
SLUGS = (
    "amber-owl",
    "brass-fox",
    "coral-elk",
    "dusk-hare",
    "ember-lynx",
    "frost-crab",
    "glass-heron",
    "hazel-toad",
    "iron-moth",
    "jade-wolf",
)


@dataclass(frozen=True)
class EmbeddedModel:
    """The embedded CLIP, exported and loaded."""

    path: Path
    spec: ModelSpec
    runtime: EmbeddingBackend


@dataclass(frozen=True)
class TinySets:
    """Reference sets on disk, each in a work of its own."""

    folder: Path
    read: list[tuple[ReferenceSet, Path]]


@dataclass(frozen=True)
class TinySnapshot:
    """A published generation of the tiny sets, below `out`."""

    out: Path
    path: Path
    report: BuildReport
    loaded: Snapshot


@pytest.fixture(scope="session")
def embedded_model(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedModel:
    path = tmp_path_factory.mktemp("model") / "vision.onnx"
    spec = embedded.export(path)
    return EmbeddedModel(path, spec, open_runtime(path, spec, RUNTIME))


@pytest.fixture(scope="session")
def tiny_sets(tmp_path_factory: pytest.TempPathFactory) -> TinySets:
    folder = tmp_path_factory.mktemp("sets")
    for character, slug in enumerate(SLUGS):
        pictures = [draw(character, number) for number in range(PICTURES_A_SET)]
        write_set(folder, slug, pictures, work=f"The tale of {slug}", aliases=[slug.replace("-", " ").title()])
    return TinySets(folder, with_folders(folder))


@pytest.fixture(scope="session")
def tiny_snapshot(tmp_path_factory: pytest.TempPathFactory, tiny_sets: TinySets) -> TinySnapshot:
    out = tmp_path_factory.mktemp("snapshots")
    report = builds.build(tiny_sets.read, out, runtime=RUNTIME)
    return TinySnapshot(out, report.path, report, snapshots.load(out))


@pytest.fixture(scope="session")
def matcher(tiny_snapshot: TinySnapshot, embedded_model: EmbeddedModel) -> Iterator[Matcher]:
    matcher = Matcher(tiny_snapshot.loaded, embedded_model.runtime)
    yield matcher
    matcher.close()


@pytest.fixture
def one_set(tmp_path: Path) -> TinySets:
    """Make a single set of a single picture."""
    folder = tmp_path / "one-set"
    write_set(folder, "lone-newt", [draw(90, 0)])
    return TinySets(folder, with_folders(folder))


def with_folders(folder: Path) -> list[tuple[ReferenceSet, Path]]:
    """Read the sets of a folder in the form that a build takes."""
    return [(item, folder / item.slug) for item in reference_sets.read_all(folder)]
