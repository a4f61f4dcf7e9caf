"""Commands of reference sets in the record: from folders and back. A running service knows a change at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from indexer import reference_sets
from indexer.errors import IndexerError, SnapshotError
from indexer.signals.pixels.images import PictureLimits
from service.adapters.assessment import Assessor, ModelInForce
from service.adapters.blobs import open_blobs
from service.adapters.clock import SystemClock
from service.adapters.live_index import LiveIndex
from service.adapters.sql.owners import SqlRightsOwners
from service.adapters.sql.set_changes import SqlSetContents, SqlSetRecord
from service.adapters.sql.sets import SqlSetDirectory
from service.cli.record import Data, open_record, operator
from service.domain.errors import InvalidFields, ServiceError
from service.domain.identity import Caller
from service.domain.registration import RegisteredSet, SetState
from service.ports import Blobs
from service.usecases.registration import Registration
from service.usecases.sets_io import SetsImport, write_set

sets_app = typer.Typer(no_args_is_help=True, help="Reference sets in the record: import, export, activate, suspend.")
console = Console()
error_console = Console(stderr=True)

Slugs = Annotated[list[str], typer.Argument(help="Slugs of reference sets.")]


@dataclass(frozen=True)
class _Opened:
    """What the commands work with."""

    who: Caller
    registration: Registration
    importing: SetsImport
    blobs: Blobs

    def fitting(self, states: frozenset[SetState]) -> list[RegisteredSet]:
        """List the sets in some states."""
        return [item for item in self.registration.list_all(self.who) if item.state in states]


@contextmanager
def _opened(data: Path | None, *, reading: bool = False) -> Iterator[_Opened]:
    """Open the record; where pictures will be read, also the index in force, whose model reads them."""
    with open_record(data) as (settings, engine):
        limits = PictureLimits(settings.max_picture_bytes, settings.max_picture_pixels)
        blobs = open_blobs(settings.blobs)
        index = LiveIndex(settings.snapshot, runtime=settings.runtime, threads=settings.threads, limits=limits)
        models = ModelInForce(index, runtime=settings.runtime, threads=settings.threads)
        try:
            owners, directory, clock = SqlRightsOwners(engine), SqlSetDirectory(engine), SystemClock()
            record, contents = SqlSetRecord(engine), SqlSetContents(engine)
            registration = Registration(owners, directory, record, contents, index, clock=clock)
            assessor = Assessor(models, blobs, limits)
            importing = SetsImport(owners, directory, record, contents, blobs, assessor, clock)
            if reading:
                _load(index)
            yield _Opened(operator(), registration, importing, blobs)
        finally:
            models.close()
            index.close()


def _load(index: LiveIndex) -> None:
    try:
        index.refresh()
    except SnapshotError as error:
        if error.code != "snapshot_missing":
            raise


@sets_app.command("import", epilog="Example: lora-screening sets import reference_sets --activate --data data")
def import_sets(
    folder: Annotated[Path, typer.Argument(help="Folder with one folder per reference set.")],
    *,
    owner: Annotated[str | None, typer.Option(help="Id of the rights owner whose they are.")] = None,
    activate: Annotated[bool, typer.Option("--activate", help="Put them in force, too.")] = False,
    mirror: Annotated[bool, typer.Option("--mirror", help="Remove pictures that the folder lacks.")] = False,
    data: Data = None,
) -> None:
    """Bring the sets of a folder into the record; what is there already stays as it is."""
    with _opened(data, reading=True) as opened:
        sets = reference_sets.read_all(folder)
        faults: list[str] = []
        changed = same = 0
        columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=error_console, disable=not error_console.is_terminal) as progress:
            task = progress.add_task("importing", total=len(sets))
            for item in sets:
                progress.update(task, description=item.slug[:24])
                try:
                    done = opened.importing.bring(opened.who, item, folder / item.slug, owner=owner, mirror=mirror)
                    changes = [*done.changes, *(["activated"] if activate and _activate(opened, item.slug) else [])]
                    faults += [f"{item.slug}: {left_out.name}: {left_out.reason}" for left_out in done.refused]
                except ServiceError as error:
                    faults.append(f"{item.slug}: {_plainly(error)}")
                    continue
                finally:
                    progress.advance(task)
                changed, same = changed + bool(changes), same + (not changes)
                if changes:
                    console.print(f"{item.slug}: {escape(', '.join(changes))}", highlight=False, soft_wrap=True)
        console.print(f"{changed} of {len(sets)} sets changed, {same} were as they are", highlight=False)
        if faults:
            raise IndexerError("\n".join(faults), code="import_incomplete")


def _activate(opened: _Opened, slug: str) -> bool:
    """Put a set in force; tell whether it was not. Raises InvalidFields naming what it lacks."""
    if opened.registration.get(opened.who, slug).state is SetState.ACTIVE:
        return False
    opened.registration.activate(opened.who, slug)
    return True


def _plainly(error: ServiceError) -> str:
    return f"{error.code}: {error}" if isinstance(error, InvalidFields) else str(error)


@sets_app.command("export", epilog="Example: lora-screening sets export backup/sets --data data")
def export_sets(
    folder: Annotated[Path, typer.Argument(help="An empty folder, or one that is to be made.")],
    *,
    only_active: Annotated[bool, typer.Option("--only-active", help="Leave out drafts and suspended sets.")] = False,
    data: Data = None,
) -> None:
    """Write the sets of the record as folders that `import` and `index build` read; withdrawn ones are left out."""
    states = {SetState.ACTIVE} if only_active else set(SetState) - {SetState.WITHDRAWN}
    with _opened(data) as opened:
        if folder.exists() and any(folder.iterdir()):
            raise IndexerError(f"{folder} is not empty: pictures of old would be mixed with those of now")
        folder.mkdir(parents=True, exist_ok=True)
        sets = opened.fitting(frozenset(states))
        full = [item for item in sets if item.references]
        with Progress(console=error_console, disable=not error_console.is_terminal) as progress:
            for item in progress.track(full, description="exporting"):
                write_set(item.content, folder, opened.blobs)
        for item in sets:
            if not item.references:
                console.print(f"{item.slug}: left out, since it has no picture yet", highlight=False)
        console.print(f"{len(full)} sets -> {folder}", highlight=False, soft_wrap=True)


@sets_app.command("list", epilog="Example: lora-screening sets list --json --data data")
def list_sets(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    data: Data = None,
) -> None:
    """List all sets of the record, by slug."""
    with _opened(data) as opened:
        found = opened.fitting(frozenset(SetState))
    if as_json:
        for item in found:
            typer.echo(json.dumps(_row(item), ensure_ascii=False))
        return
    table = Table(Column("slug", no_wrap=True), "title", "state", "owner", "pictures", "aliases", "licences", "remark")
    for item in found:
        content = item.content
        counts = (str(len(held)) for held in (content.references, content.aliases, content.licences))
        remark = item.quarantine.en if item.quarantine else ""
        table.add_row(item.slug, content.title_in("en"), item.state, item.owner or "", *counts, remark)
    console.print(table if found else "the record holds no reference set")


@sets_app.command(epilog="Example: lora-screening sets activate ember-fox --data data")
def activate(slugs: Slugs, data: Data = None) -> None:
    """Put sets in force."""
    with _opened(data) as opened:
        for slug in slugs:
            opened.registration.activate(opened.who, slug)
            console.print(f"{slug} is in force", highlight=False)


@sets_app.command(epilog="Example: lora-screening sets suspend ember-fox --data data")
def suspend(slugs: Slugs, data: Data = None) -> None:
    """Put sets out of force until they are activated again."""
    with _opened(data) as opened:
        for slug in slugs:
            opened.registration.suspend(opened.who, slug)
            console.print(f"{slug} is suspended", highlight=False)


def _row(item: RegisteredSet) -> dict[str, object]:
    content = item.content
    return {
        "slug": item.slug,
        "title": dict(content.title),
        "state": item.state.value,
        "owner": item.owner,
        "pictures": len(content.references),
        "aliases": len(content.aliases),
        "licences": len(content.licences),
        "quarantine": item.quarantine.en if item.quarantine else None,
        "changed": item.changed.isoformat(),
    }
