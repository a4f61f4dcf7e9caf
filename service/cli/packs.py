"""Commands of evidence packs: one is made on the service's own database; verifying needs no service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.adapters.blobs import open_blobs
from service.adapters.clock import SystemClock
from service.adapters.metrics import Metrics
from service.adapters.sql.policies import SqlPolicies
from service.bootstrap import policy_content
from service.bootstrap.proof import proof_rooms
from service.bootstrap.rooms import moderators_rooms
from service.cli.record import Data, open_record, operator
from service.verify_pack import run

_REFUSED = 1


def make_pack(
    subject: Annotated[str, typer.Argument(help="`case:<id>`, `notice:<id>` or `sweep:<id>`.")],
    out: Annotated[Path, typer.Argument(help="File to write.")],
    data: Data = None,
) -> None:
    """Write the evidence pack of a case, a notice or a sweep; the audit log is sealed for it, and tells it."""
    with open_record(data) as (settings, engine):
        shipped, clock = policy_content(settings.policy_file), SystemClock()
        policies, blobs = SqlPolicies(engine, shipped), open_blobs(settings.blobs)
        rooms = moderators_rooms(engine, blobs, policies, shipped, clock)
        rooms["replays"].close()
        packs = proof_rooms(settings, engine, blobs, policies, clock, rooms["review"], Metrics())["evidence_packs"]
        pack = packs.make(subject, operator())
        out.write_bytes(pack.data)
    typer.echo(f"{out}: sha256 {pack.sha256}")


def verify_pack(
    file: Annotated[Path, typer.Argument(help="The pack.")],
    key: Annotated[
        list[str] | None,
        typer.Option(help="Public key of the service, hexadecimal; given again, one that it used before."),
    ] = None,
) -> None:
    """Verify an evidence pack: every byte, every signature, every proof. Exits with 1 where anything is wrong."""
    whole, told = run(file, key or [])
    typer.echo(told, err=not whole)
    if not whole:
        raise typer.Exit(_REFUSED)
