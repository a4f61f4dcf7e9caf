"""The record, in any database that SQLAlchemy speaks to: SQLite embedded, PostgreSQL where one machine is outgrown."""
