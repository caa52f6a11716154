"""The trial book in a SQLite file.

A connection lives for one call only: nothing is held open over a fork, and a crash between calls leaves nothing
half-written. Writers wait for each other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rung.domain.errors import UserError
from rung.lab.statistics.trials import Result, Tally, Trial

APPLICATION_ID = 0x52554E54
"""'RUNT', in the file's header: tells a trial book from any other SQLite file."""

_BUSY_SECONDS = 60.0
_TABLES = (
    """CREATE TABLE IF NOT EXISTS trials (
        id TEXT PRIMARY KEY, strategy TEXT NOT NULL, code_id TEXT NOT NULL, params TEXT NOT NULL,
        tape_id TEXT NOT NULL, at_ns INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS results (
        id TEXT PRIMARY KEY REFERENCES trials, sharpe REAL, days INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS trials_of ON trials (strategy, tape_id)",
    *(
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_{what.lower()} BEFORE {what} ON {table} "
        "BEGIN SELECT RAISE(ABORT, 'the trial book is append-only'); END"
        for table in ("trials", "results")
        for what in ("UPDATE", "DELETE")
    ),
)


class SqliteTrialBook:
    """TrialBook: one file, made at the first record."""

    def __init__(self, path: Path) -> None:
        """UserError: no such folder, not a trial book."""
        self.path = path
        if not path.parent.is_dir():
            raise UserError("no such folder", where=str(path.parent), remedy="make it first")
        if path.exists():
            with self._connection():
                pass

    def record(self, trials: Sequence[Trial]) -> int:
        rows = _rows(trials)
        with self._writing() as connection:
            return _insert(connection, rows)

    def report(self, results: Sequence[tuple[Trial, Result]]) -> None:
        rows = _rows([trial for trial, _ in results])
        shown = [(row[0], result.sharpe, result.days) for row, (_, result) in zip(rows, results, strict=True)]
        with self._writing() as connection:
            _insert(connection, rows)
            connection.executemany("INSERT OR IGNORE INTO results VALUES (?, ?, ?)", shown)

    def tally(self, strategy: str, tape_id: str | None = None) -> Tally:
        if not self.path.exists():
            return Tally(count=0)
        where, given = ("strategy = ?", [strategy])
        if tape_id is not None:
            where, given = (f"{where} AND tape_id = ?", [strategy, tape_id])
        sql = f"SELECT sharpe FROM trials LEFT JOIN results USING (id) WHERE {where} ORDER BY id"  # noqa: S608
        with self._connection() as connection:
            found = [sharpe for (sharpe,) in connection.execute(sql, given)]
        return Tally(count=len(found), ratios=tuple(sharpe for sharpe in found if sharpe is not None))

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, one writer at a time; the tables are made when there are none."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                for statement in _TABLES:
                    connection.execute(statement)
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(self.path, isolation_level=None, timeout=_BUSY_SECONDS)
        except sqlite3.Error as error:
            raise UserError(f"cannot open the trial book: {error}", where=str(self.path)) from None
        try:
            _check_is_ours(connection, self.path)
            yield connection
        except sqlite3.DatabaseError as error:
            raise UserError(f"the trial book does not work: {error}", where=str(self.path)) from None
        finally:
            connection.close()


def _rows(trials: Sequence[Trial]) -> list[tuple[str, str, str, str, str, int]]:
    return [(t.trial_id, t.strategy, t.code_id, t.canonical_params, t.tape_id, t.at_ns) for t in trials]


def _insert(connection: sqlite3.Connection, rows: list[tuple[str, str, str, str, str, int]]) -> int:
    before = connection.total_changes
    connection.executemany("INSERT OR IGNORE INTO trials VALUES (?, ?, ?, ?, ?, ?)", rows)
    return connection.total_changes - before


def _check_is_ours(connection: sqlite3.Connection, path: Path) -> None:
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application_id != APPLICATION_ID and (tables or application_id):
        raise UserError("this file is not a trial book", where=str(path), remedy="name another file")
