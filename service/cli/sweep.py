"""The command that sweeps: it asks for a sweep, runs it here, and shows what was found."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from rich.console import Console
from rich.progress import Progress as Bar
from rich.table import Table

from service.adapters.blobs import open_blobs
from service.adapters.clock import SystemClock
from service.adapters.live_index import LiveIndex
from service.adapters.sql.measures import SqlMeasures
from service.adapters.sql.policies import SqlPolicies
from service.adapters.sql.sets import SqlSetDirectory
from service.adapters.sql.sweeps import SqlSweepHits, SqlSweepRecord
from service.bootstrap import policy_content
from service.bootstrap.sweeps import make_runner
from service.cli.record import Data, open_record, operator
from service.domain.errors import NotReady
from service.domain.sweep import OVER, SweepHit, SweepState
from service.settings import Settings
from service.usecases.sweep import Sweeps

console = Console()
error_console = Console(stderr=True)


def sweep(
    sets: Annotated[list[str], typer.Argument(help="Slugs of the reference sets to look for.")],
    data: Data = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List every earlier upload that matches some sets now; where a service sweeps already, wait for it."""
    with open_record(data, "error") as (settings, engine):
        found = _swept(sets, settings, engine)
    if as_json:
        for hit in found:
            typer.echo(json.dumps(asdict(hit), ensure_ascii=False, default=str))
        return
    table = Table("platform", "upload", "uploader", "then", "now", "asks for", "standing", "sets")
    for hit in found:
        sets_found = ", ".join(hit.reference_sets)
        table.add_row(
            hit.platform,
            hit.external_id,
            hit.uploader or "",
            hit.said,
            hit.verdict,
            hit.asks_for,
            hit.standing,
            sets_found,
        )
    console.print(table if found else "nothing that was screened before matches")


def _swept(slugs: list[str], settings: Settings, engine: sa.Engine) -> list[SweepHit]:
    clock, blobs = SystemClock(), open_blobs(settings.blobs)
    index = LiveIndex(
        settings.snapshot,
        directory=SqlSetDirectory(engine),
        blobs=blobs,
        expected_model=settings.expected_model,
        runtime=settings.runtime,
        threads=settings.threads,
    )
    try:
        index.refresh()
        policies = SqlPolicies(engine, policy_content(settings.policy_file))
        runner = make_runner(settings, engine, blobs, index, policies, clock)
        rooms: dict[str, Any] = {"sweeps": SqlSweepRecord(engine), "hits": SqlSweepHits(engine)}
        sweeps = Sweeps(**rooms, measures=SqlMeasures(engine), index=index, clock=clock)
        started = sweeps.start(slugs, operator())
        with Bar(console=error_console, disable=not error_console.is_terminal) as bar:
            task = bar.add_task("sweeping", total=None)

            def go_on() -> bool:
                now = sweeps.find(started.id).progress
                bar.update(task, description=f"sweeping: {now.phase}", completed=now.done, total=now.total or None)
                return True

            while sweeps.find(started.id).state not in OVER:
                if runner.run_next(go_on) is None:
                    time.sleep(1.0)
                go_on()
        ended = sweeps.find(started.id)
        if ended.state is not SweepState.FINISHED:
            raise NotReady(f"the sweep {ended.id} is {ended.state}: {ended.problem}")
        return list(sweeps.hits(started.id))
    finally:
        index.close()
