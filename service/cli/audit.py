"""Commands of the audit log, and of the index that is built from the record."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import islice
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Column, Table

from indexer.cli import index_app, progress_bars
from indexer.errors import IndexerError
from service.adapters.blobs import open_blobs
from service.adapters.rebuild import AlreadyRunning
from service.adapters.rebuild import rebuild as rebuild_index
from service.adapters.sql.audit import SqlAuditLog
from service.adapters.sql.control_pictures import SqlControlPictures
from service.adapters.sql.sets import SqlSetDirectory
from service.bootstrap.proof import log_check, time_stamps
from service.cli.record import Data, open_record
from service.domain.audit import Entry
from service.usecases.log_check import LogChecked

audit_app = typer.Typer(no_args_is_help=True, help="The audit log: what changed, by whom, and whether it is whole.")
console = Console()
error_console = Console(stderr=True)

_BROKEN = 1


@audit_app.command(
    "verify", epilog="Example: lora-screening audit verify --data data --noted 1204:9f2c41…  (a head that was kept)"
)
def verify_log(
    noted: Annotated[
        str | None, typer.Option(help="NUMBER:SHA256 of an entry, as an earlier run printed it: it must still be so.")
    ] = None,
    data: Data = None,
) -> None:
    """Follow the chain from its first entry. Prints the last one's number and hash: note them where nobody here writes.

    Exits with 1 where an entry was changed, dropped or moved, and names it; and where its seals cannot be checked,
    because the signing key is gone.
    """
    with open_record(data) as (settings, engine):
        wanted, seen = _noted(noted), list[Entry]()
        with Progress(
            SpinnerColumn(),
            TextColumn("{task.completed} entries"),
            console=error_console,
            transient=True,
            disable=not error_console.is_terminal,
        ) as bar:
            task = bar.add_task("entries", total=None)

            def see(entry: Entry) -> None:
                if wanted is not None and entry.number == wanted[0]:
                    seen[:] = [entry]
                bar.update(task, advance=1)

            found = log_check(settings, engine, time_stamps(settings)).check(see)
        if found.fault is not None:
            error_console.print(
                f"[bold red]broken[/] at entry {found.fault.number}: it {found.fault.what}", highlight=False
            )
            raise typer.Exit(_BROKEN)
        if found.unchecked:
            error_console.print(
                f"[bold red]seals cannot be checked[/]: there is no signing key at {settings.signing_key_file}, and"
                f" {found.unchecked} of {found.seals} seals carry another key than those in"
                " LORA_SCREENING_EARLIER_PUBLIC_KEYS; the chain of entries fits together",
                highlight=False,
                soft_wrap=True,
            )
            raise typer.Exit(_BROKEN)
        if wanted is not None and [(entry.number, entry.sha256) for entry in seen] != [wanted]:
            error_console.print(
                f"[bold red]not the same log[/]: entry {wanted[0]} does not have the hash that was noted",
                highlight=False,
            )
            raise typer.Exit(_BROKEN)
        _tell(found)


def _tell(found: LogChecked) -> None:
    if found.head is None:
        console.print("the audit log is empty")
        return
    number, sha256 = found.head
    lines = [f"the audit log is whole: {number} entries, the last one is {number}:{sha256}"]
    seal = found.last_seal
    if seal is not None:
        stamps = f", {found.unstamped} of them without a time stamp" if found.unstamped else ""
        lines.append(f"{found.seals} seals{stamps}; the last one is over entry {seal.last}, key {seal.public_key}")
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)


def _noted(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    number, _, sha256 = text.partition(":")
    if not number.isdigit() or not sha256:
        raise IndexerError(
            f"--noted is NUMBER:SHA256, as `audit verify` prints it, not {text!r}", code="invalid_fields"
        )
    return int(number), sha256.lower()


@audit_app.command("list", epilog="Example: lora-screening audit list --subject case:case_1f… --json")
def list_entries(
    *,
    subject: Annotated[str | None, typer.Option(help="Only of this subject, such as `set:ember-fox`.")] = None,
    after: Annotated[int, typer.Option(min=0, help="Only entries after this number.")] = 0,
    most: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line, whole.")] = False,
    data: Data = None,
) -> None:
    """List entries, oldest first."""
    with open_record(data) as (_, engine):
        found = SqlAuditLog(engine).entries(subject=subject, after=after, most=most)
        if as_json:
            for entry in found:
                typer.echo(json.dumps({**asdict(entry), "at": entry.at.isoformat()}, ensure_ascii=False))
            return
        table = Table(Column("entry", justify="right"), "when", "who", "what", "about")
        for entry in islice(found, most):
            when = entry.at.isoformat(timespec="seconds")
            table.add_row(str(entry.number), when, entry.actor, entry.action, entry.subject)
        console.print(table)


@index_app.command(epilog="Example: lora-screening index rebuild --data data")
def rebuild(data: Data = None) -> None:
    """Build the next generation from the active sets of the record, now; a running service takes it into force."""
    with open_record(data) as (settings, engine):
        try:
            with progress_bars() as progress:
                report = rebuild_index(
                    SqlSetDirectory(engine),
                    SqlControlPictures(engine),
                    open_blobs(settings.blobs),
                    settings.snapshot,
                    runtime=settings.runtime,
                    progress=progress,
                )
        except AlreadyRunning as error:
            raise IndexerError(str(error), code="already_running") from error
        console.print(
            f"snapshot {report.generation}: {report.sets} sets, {report.references} references -> {report.path}",
            highlight=False,
            soft_wrap=True,
        )
