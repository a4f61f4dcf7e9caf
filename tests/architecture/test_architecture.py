"""House rules that a machine can check: layers, sizes, and what may be imported where."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    path
    for package in ("indexer", "service")
    for path in (ROOT / package).rglob("*.py")
    # A step of a migration is as long as what it makes.
    if path.parent.name != "versions"
)
MAX_LINES = 400
PICKLES = frozenset({"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"})
ROUTE_METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "api_route", "websocket"})

STARTS_WITHOUT_TORCH = """
import sys
import service.main
assert "torch" not in sys.modules, "torch is imported by the service: it costs seconds and a gigabyte at every start"
"""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), name_of(path))


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the top-level names of all modules that are imported anywhere in a module, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def importers(names: frozenset[str]) -> list[str]:
    return [name_of(path) for path in MODULES if names & set(imported(parsed(path)))]


def is_route(function: ast.AsyncFunctionDef) -> bool:
    called = (item.func for item in function.decorator_list if isinstance(item, ast.Call))
    return any(isinstance(func, ast.Attribute) and func.attr in ROUTE_METHODS for func in called)


def awaits(function: ast.AsyncFunctionDef) -> bool:
    return any(isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith) for node in ast.walk(function))


def blocking_routes(tree: ast.AST) -> list[str]:
    """Name the `async def` route handlers that never await."""
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef))
    return [function.name for function in functions if is_route(function) and not awaits(function)]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 (our own interpreter and tools)
        arguments, cwd=ROOT, check=False, capture_output=True, text=True, timeout=100
    )


def test_every_layer_imports_only_what_lies_below_it() -> None:
    checked = run(sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_service_starts_without_torch() -> None:
    started = run(sys.executable, "-c", STARTS_WITHOUT_TORCH)
    assert started.returncode == 0, started.stderr


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_route_handler_is_async_without_awaiting(path: Path) -> None:
    found = blocking_routes(parsed(path)) if "service" in path.parts else []
    assert not found, (
        f"{name_of(path)}: {', '.join(found)} is `async def` but never awaits. What it does would stop every other"
        " request while it decodes, embeds or asks the database. Write `def`: the framework then runs it in a thread."
    )


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("@router.get('/')\nasync def show(): return 1", ["show"]),
        ("@router.get('/')\nasync def show(): return await other()", []),
        ("@router.get('/')\ndef show(): return 1", []),
        ("async def helper(): return 1", []),
        ("def make():\n    @app.post('/')\n    async def inner(): return 1", ["inner"]),
    ],
)
def test_the_check_of_route_handlers_finds_what_it_should(code: str, found: list[str]) -> None:
    assert blocking_routes(ast.parse(code)) == found


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_is_longer_than_it_can_be_read(path: Path) -> None:
    count = len(path.read_text(encoding="utf-8").splitlines())
    assert count <= MAX_LINES, f"{name_of(path)} has {count} lines; above {MAX_LINES} it is split by what it is about"


def test_nothing_is_pickled() -> None:
    assert importers(PICKLES) == [], "unpickling runs code: keep data as npy, JSON, safetensors or FAISS's own files"


def test_no_array_is_loaded_with_pickle_allowed() -> None:
    allowed = [name_of(path) for path in MODULES if "allow_pickle=True" in path.read_text(encoding="utf-8")]
    assert allowed == []


def test_torch_is_imported_in_one_module() -> None:
    # The scripts that made the embedded model are never imported by anything else, which the layers see to.
    found = [name for name in importers(frozenset({"torch"})) if not name.startswith("indexer/training/")]
    assert found == ["indexer/backends/open_clip.py"], (
        "torch stays behind one door: the service and the embedded model do without it"
    )
