"""The tables of a SQLite journal, and how an older one becomes the present one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rung.domain.errors import Tampered, UserError

APPLICATION_ID = 0x52554E47
"""'RUNG', in the file's header: tells a journal from any other SQLite file."""

MIGRATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "entries",
        (
            """CREATE TABLE entries (
                seq INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, kind TEXT NOT NULL,
                payload BLOB NOT NULL, prev_hash BLOB NOT NULL, hash BLOB NOT NULL) STRICT""",
        ),
    ),
    (
        "append only",
        (
            "CREATE TRIGGER entries_no_update BEFORE UPDATE ON entries "
            "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
            "CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries "
            "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
        ),
    ),
    (
        "head note with fencing token",
        (
            """CREATE TABLE head (
                id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, hash BLOB NOT NULL,
                token INTEGER NOT NULL) STRICT""",
            """INSERT INTO head SELECT 1, coalesce(max(seq), 0),
                coalesce((SELECT hash FROM entries ORDER BY seq DESC LIMIT 1), x''), 0 FROM entries""",
        ),
    ),
)
"""In order; what has been released is never changed. A migration's version is its place, counted from 1."""

CURRENT = len(MIGRATIONS)


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """0 for a new file, else the schema version. Refuses foreign files and journals of a newer Rung."""
    with plainly(path):
        (application_id,) = connection.execute("PRAGMA application_id").fetchone()
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if application_id == 0 and tables == 0:
            return 0
        if application_id != APPLICATION_ID:
            raise UserError("this SQLite file is not a Rung journal", where=str(path), remedy="name another file")
        version: int = connection.execute("SELECT max(version) FROM migrations").fetchone()[0]
    if version > CURRENT:
        raise UserError(
            f"the journal has schema {version}; this Rung knows up to {CURRENT}",
            where=str(path),
            remedy="upgrade Rung",
        )
    return version


def migrate(connection: sqlite3.Connection, path: Path) -> int:
    """Bring the file to the present schema, all or nothing. Returns the version it had."""
    had = version_of(connection, path)
    if had == CURRENT:
        return had
    connection.execute("BEGIN IMMEDIATE")
    try:
        if had == 0:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute("CREATE TABLE migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT")
        for version, (name, statements) in enumerate(MIGRATIONS, 1):
            if version > had:
                for statement in statements:
                    connection.execute(statement)
                connection.execute("INSERT INTO migrations VALUES (?, ?)", (version, name))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return had


@contextmanager
def plainly(path: Path) -> Iterator[None]:
    """Say in one sentence what SQLite cannot make sense of; in a damaged file even its messages may be no text."""
    try:
        yield
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        if "not a database" in str(error):
            raise UserError("this file is not a SQLite journal", where=str(path), remedy="name another file") from None
        if "Could not decode to UTF-8" in str(error):
            raise Tampered("the kind of an entry was edited: it is no text", where=str(path)) from None
        if isinstance(error, sqlite3.OperationalError):
            raise UserError(f"the journal file cannot be used ({error})", where=str(path)) from None
        reason = error if isinstance(error, sqlite3.Error) else "it holds rubbish"
        raise UserError(
            f"the journal file is damaged ({reason})", where=str(path), remedy="run `rung journal recover` on it"
        ) from None
