"""What all tables share: the list of them, how their constraints are called, and columns of time."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def time_column(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    """Make a column of times in UTC."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
