"""Screening without a server: files of this machine in, the answers of the API out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from indexer.control import SUFFIXES
from indexer.model import PictureFile
from service.adapters.clock import SystemClock
from service.adapters.live_index import LiveIndex
from service.adapters.memory import MemoryPolicies, MemoryScreeningStore
from service.adapters.sql.blocked import SqlBlockedLoras
from service.adapters.sql.engine import open_database
from service.api.submission import context_of, parse_json, validate
from service.bootstrap import policy_content
from service.domain.errors import FieldFault, InvalidFields, UnsupportedContent
from service.domain.identity import new_id
from service.usecases.answer import answer, unscreened_answer
from service.usecases.intake import LoraPart, Submission, intake
from service.usecases.packs import Pack, PackLimits, read_pack
from service.usecases.screening import Screening

LORA_SUFFIXES = frozenset({".safetensors"})
_MAX_CHARACTERS = 200_000


class LocalScreening:
    """Screens paths against one snapshot."""

    def __init__(self, snapshot: Path, policy: Path | None, platform: str, database: str = "sqlite://") -> None:
        """Load a snapshot; the blocked LoRAs are those of `database`. Raises SnapshotError or PolicyError."""
        self._platform = platform
        self._clock = SystemClock()
        self._policies = MemoryPolicies(policy_content(policy))
        self._index = LiveIndex(snapshot)
        self._index.refresh()
        blocked = SqlBlockedLoras(open_database(database))
        self._screening = Screening(
            self._index, self._policies, MemoryScreeningStore(), blocked, self._clock, time_limit=3600.0
        )

    def check(self, path: Path) -> Mapping[str, Any]:
        """Screen a picture, a LoRA file, or a folder with upload.json and the files it names.

        Raises OSError when a file cannot be read, MalformedRequest or InvalidFields when upload.json is wrong.
        """
        with _submission(path) as submission:
            document = validate(submission.document)
            context = context_of(document, self._platform, self._clock.now())
            try:
                return answer(self._screening.screen(intake(submission, context, _MAX_CHARACTERS)))
            except UnsupportedContent as error:
                external_id = document.external_id
                return unscreened_answer(
                    new_id("scr"),
                    external_id,
                    new_id("case"),
                    self._policies.in_force().version,
                    f"{error.code}: {error}",
                )

    def close(self) -> None:
        """Let the runtime finish."""
        self._index.close()


@contextmanager
def _submission(path: Path) -> Iterator[Submission]:
    with ExitStack() as stack:
        if path.is_dir():
            document = parse_json((path / "upload.json").read_bytes())
            names = [item.file for item in validate(document).images]
            pictures = [PictureFile(name, _inside(path, name, n).read_bytes()) for n, name in enumerate(names)]
            loras = sorted(item for item in path.iterdir() if item.suffix.lower() in LORA_SUFFIXES)
            packs = sorted(item for item in path.iterdir() if item.suffix.lower() == ".zip")
            yield Submission(document, pictures, _lora(loras[:1], stack), _pack(packs[:1], stack))
        elif path.suffix.lower() in LORA_SUFFIXES:
            yield Submission({"external_id": path.name}, (), _lora([path], stack))
        else:
            yield Submission({"external_id": path.name}, [PictureFile(path.name, path.read_bytes())])


def _inside(folder: Path, name: str, number: int) -> Path:
    path = folder / name
    if not name or not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        place = f"upload.images[{number}].file"
        raise InvalidFields([FieldFault(place, f"{name!r} is not a file in {folder}")])
    return path


def _pack(paths: Sequence[Path], stack: ExitStack) -> Pack | None:
    if not paths:
        return None
    pack = read_pack(paths[0].open("rb"), PackLimits())
    stack.callback(pack.close)
    return pack


def _lora(paths: Sequence[Path], stack: ExitStack) -> LoraPart | None:
    if not paths:
        return None
    stream = stack.enter_context(paths[0].open("rb"))
    return LoraPart(paths[0].name, stream, paths[0].stat().st_size)


def expand(paths: Sequence[Path]) -> list[Path]:
    """Replace folders without an upload.json by what lies in them: pictures, LoRAs and upload folders, in order."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir() and not (path / "upload.json").is_file():
            found += [
                item
                for item in sorted(path.iterdir())
                if item.suffix.lower() in SUFFIXES | LORA_SUFFIXES or (item / "upload.json").is_file()
            ]
        else:
            found.append(path)
    return found


def read_expected(folder: Path) -> Mapping[str, Any]:
    """Read what an example upload should be answered."""
    expected: dict[str, Any] = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    return expected
