"""What the commands on a service's record share: opening it, telling faults plainly, and as whom they act."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from indexer.cli import told_plainly
from indexer.errors import IndexerError
from service.adapters.logs import configure_logs
from service.adapters.sql.engine import open_database
from service.domain.errors import ServiceError
from service.domain.identity import Caller, Role
from service.settings import Settings, settings_of

Data = Annotated[Path | None, typer.Option("--data", help="Folder of the service; else the settings name its parts.")]


def operator() -> Caller:
    """Return who works here: whoever may write to the database is an admin, with an account or without."""
    return Caller(getpass.getuser(), Role.ADMIN, via="cli")


@contextmanager
def open_record(data: Path | None, log_level: str = "warning") -> Iterator[tuple[Settings, sa.Engine]]:
    """Open the record of a folder, or of the settings. Faults end the command with a message and exit code 2."""
    configure_logs("console", log_level)
    with told_plainly():
        settings = settings_of(data)
        engine = open_database(settings.database)
        try:
            yield settings, engine
        except (ServiceError, OSError) as error:
            raise IndexerError(str(error), code=getattr(error, "code", "file_unreadable")) from error
        finally:
            engine.dispose()
