"""The tables of journals in PostgreSQL, and how older ones become the present ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rung.domain.errors import UserError

if TYPE_CHECKING:
    import psycopg

MIGRATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "entries",
        (
            """CREATE TABLE rung_entries (
                journal text NOT NULL, seq bigint NOT NULL, at_ns bigint NOT NULL, kind text NOT NULL,
                payload bytea NOT NULL, prev_hash bytea NOT NULL, hash bytea NOT NULL, PRIMARY KEY (journal, seq))""",
        ),
    ),
    (
        "append only",
        (
            """CREATE FUNCTION rung_append_only() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$""",
            """CREATE TRIGGER rung_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rung_entries
                FOR EACH STATEMENT EXECUTE FUNCTION rung_append_only()""",
        ),
    ),
    (
        "head note with fencing token",
        (
            """CREATE TABLE rung_head (
                journal text PRIMARY KEY, seq bigint NOT NULL, hash bytea NOT NULL,
                token bigint NOT NULL, holder text NOT NULL)""",
            """INSERT INTO rung_head SELECT DISTINCT ON (journal) journal, seq, hash, 0, ''
                FROM rung_entries ORDER BY journal, seq DESC""",
        ),
    ),
)
"""In order; what has been released is never changed. A migration's version is its place, counted from 1."""

CURRENT = len(MIGRATIONS)


def version_of(connection: psycopg.Connection[Any]) -> int:
    """0 where there are no journals yet, else the schema version. Refuses those of a newer Rung."""
    there = connection.execute("SELECT to_regclass('rung_migrations')").fetchone()
    if there is None or there[0] is None:
        return 0
    row = connection.execute("SELECT coalesce(max(version), 0) FROM rung_migrations").fetchone()
    version: int = row[0] if row is not None else 0
    if version > CURRENT:
        raise UserError(
            f"the database holds journals of schema {version}; this Rung knows up to {CURRENT}", remedy="upgrade Rung"
        )
    return version


def migrate(connection: psycopg.Connection[Any]) -> int:
    """Bring the tables to the present schema, all or nothing, one migrator at a time. Returns the version they had."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('rung migrations', 0))")
        had = version_of(connection)
        if had == 0:
            connection.execute("CREATE TABLE rung_migrations (version int PRIMARY KEY, name text NOT NULL)")
        for version, (name, statements) in enumerate(MIGRATIONS, 1):
            if version > had:
                for statement in statements:
                    connection.execute(statement)
                connection.execute("INSERT INTO rung_migrations VALUES (%s, %s)", (version, name))
    return had
