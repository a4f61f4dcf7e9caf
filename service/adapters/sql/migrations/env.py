"""How the migrations are run: on a connection that engine.py gives, or on the database that a setting names."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from service.adapters.sql.tables import metadata


def run(connection: Connection) -> None:
    """Run the migrations inside the connection's transaction."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        # SQLite changes a table by copying it.
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
