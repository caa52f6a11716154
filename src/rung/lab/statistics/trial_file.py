"""The trial book in a SQLite file.

A connection lives for one call only: nothing is held open over a fork, and a crash between calls leaves nothing
half-written. Writers wait for each other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rung.domain.errors import UserError
from rung.lab.statistics.trials import Result, Seen, Tally, Trial

APPLICATION_ID = 0x52554E54
"""'RUNT', in the file's header: tells a trial book from any other SQLite file."""

VERSION = 2
"""Of the tables. Books of version 0 kept each trial's first result and no days, those of version 1 not which trials ran
by themselves and which runs had died: what they hold is taken over, and all of it counts as run by itself."""

_BUSY_SECONDS = 60.0
_LARGE_CACHE = "PRAGMA cache_size = -65536"
"""64 MiB: ids are hashes, so that a large sweep writes all over the table."""
_TABLES = (
    """CREATE TABLE IF NOT EXISTS trials (
        id TEXT PRIMARY KEY, strategy TEXT NOT NULL, code_id TEXT NOT NULL, params TEXT NOT NULL,
        tape_id TEXT NOT NULL, at_ns INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS shown (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL REFERENCES trials, sharpe REAL, days INTEGER NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS bars (
        tape_id TEXT NOT NULL, symbol TEXT NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL,
        PRIMARY KEY (tape_id, symbol)) STRICT, WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS alone (id TEXT PRIMARY KEY REFERENCES trials) STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS died (id TEXT PRIMARY KEY REFERENCES trials) STRICT, WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS trials_of ON trials (strategy, tape_id)",
    "CREATE INDEX IF NOT EXISTS shown_of ON shown (id, number)",
    *(
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_{what.lower()} BEFORE {what} ON {table} "
        "BEGIN SELECT RAISE(ABORT, 'the trial book is append-only'); END"
        for table in ("trials", "shown", "bars", "alone", "died")
        for what in ("UPDATE", "DELETE")
    ),
)


_OLD = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'results'"
_SHOW = """INSERT INTO shown (id, sharpe, days) SELECT ?1, ?2, ?3 WHERE NOT EXISTS (
    SELECT 1 FROM (SELECT sharpe, days FROM shown WHERE id = ?1 ORDER BY number DESC LIMIT 1)
    WHERE sharpe IS ?2 AND days = ?3)"""
_NEWEST = """SELECT id, tape_id, (
    SELECT sharpe FROM shown WHERE shown.id = trials.id AND sharpe IS NOT NULL ORDER BY number DESC LIMIT 1)"""
_ALONE = "SELECT 1 FROM alone WHERE id = ?"
_LOOKED = "(id NOT IN (SELECT id FROM died) OR id IN (SELECT id FROM shown))"
_SHARING = "SELECT tape_id FROM bars WHERE symbol = ? AND first <= ? AND last >= ?"


class SqliteTrialBook:
    """TrialBook: one file, made at the first record."""

    def __init__(self, path: Path) -> None:
        """UserError: no such folder, not a trial book."""
        self.path = path
        if not path.parent.is_dir():
            raise UserError("no such folder", where=str(path.parent), remedy="make it first")
        if path.exists():
            with self._connection() as connection:
                (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise UserError("a newer Rung wrote this trial book", where=str(path), remedy="use that version")
            if version < VERSION:
                with self._writing():
                    pass

    def record(self, trials: Sequence[Trial], *, within_study: bool = False) -> int:
        with self._writing() as connection:
            named = [(trial, *trial.named()) for trial in trials]
            new = _insert(connection, named)
            if not within_study:
                ids = ((trial_id,) for _, trial_id, _ in named)
                connection.executemany("INSERT OR IGNORE INTO alone VALUES (?)", ids)
            return new

    def report(self, results: Sequence[tuple[Trial, Result]]) -> None:
        with self._writing() as connection:
            named = [(trial, *trial.named()) for trial, _ in results]
            _insert(connection, named)
            pairs = zip(named, results, strict=True)
            connection.executemany(_SHOW, [(row[1], result.sharpe, result.days) for row, (_, result) in pairs])

    def died(self, trial: Trial) -> None:
        with self._writing() as connection:
            name, params = trial.named()
            _insert(connection, [(trial, name, params)])
            connection.execute("INSERT OR IGNORE INTO died VALUES (?)", [name])

    def tally(self, strategy: str, seen: Sequence[Seen] | None = None, but: Collection[str] = ()) -> Tally:
        if not self.path.exists():
            return Tally(count=0)
        with self._connection() as connection:
            found = _trials(connection, strategy, seen)
            studied = {trial_id for trial_id in but if not connection.execute(_ALONE, [trial_id]).fetchone()}
        same = None if seen is None else {each.tape_id for each in seen}
        kept = [(tape_id, sharpe) for trial_id, tape_id, sharpe in found if trial_id not in studied]
        ratios = (sharpe for tape_id, sharpe in kept if sharpe is not None and (same is None or tape_id in same))
        return Tally(count=len(kept), ratios=tuple(ratios))

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, one writer at a time; the tables are made when there are none."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                for statement in _TABLES:
                    connection.execute(statement)
                _take_over(connection)
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
            connection.execute(_LARGE_CACHE)
            yield connection
        except sqlite3.DatabaseError as error:
            raise UserError(f"the trial book does not work: {error}", where=str(self.path)) from None
        finally:
            connection.close()


def _insert(connection: sqlite3.Connection, named: Sequence[tuple[Trial, str, str]]) -> int:
    """Trials with their ids and canonical parameters → how many are new; the days of their bars are noted first."""
    days = {
        (each.tape_id, symbol, each.first, each.last)
        for each in {trial.seen for trial, _, _ in named}
        for symbol in each.symbols
    }
    connection.executemany("INSERT OR IGNORE INTO bars VALUES (?, ?, ?, ?)", sorted(days))
    rows = [(name, t.strategy, t.code_id, params, t.seen.tape_id, t.at_ns) for t, name, params in named]
    before = connection.total_changes
    connection.executemany("INSERT OR IGNORE INTO trials VALUES (?, ?, ?, ?, ?, ?)", rows)
    return connection.total_changes - before


def _trials(
    connection: sqlite3.Connection, strategy: str, seen: Sequence[Seen] | None
) -> list[tuple[str, str, float | None]]:
    """(id, tape_id, newest ratio) of the trials that share days with any of `seen`, of all when it is None."""
    if seen is None:
        return connection.execute(
            f"{_NEWEST} FROM trials WHERE strategy = ? AND {_LOOKED} ORDER BY id", [strategy]
        ).fetchall()
    tapes = {each.tape_id for each in seen}
    for each in seen:
        for symbol in each.symbols:
            tapes |= {tape_id for (tape_id,) in connection.execute(_SHARING, [symbol, each.last, each.first])}
    sql = f"{_NEWEST} FROM trials WHERE strategy = ? AND tape_id = ? AND {_LOOKED}"
    found = [row for tape_id in sorted(tapes) for row in connection.execute(sql, [strategy, tape_id])]
    return sorted(found, key=lambda row: str(row[0]))


def _take_over(connection: sqlite3.Connection) -> None:
    """What a book of an earlier version holds, once."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version < VERSION:
        connection.execute("INSERT OR IGNORE INTO alone SELECT id FROM trials")
        (old,) = connection.execute(_OLD).fetchone()
        if old and version == 0:
            connection.execute("INSERT INTO shown (id, sharpe, days) SELECT id, sharpe, days FROM results")
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _check_is_ours(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN")  # one look: another process may be making the tables
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    connection.execute("COMMIT")
    if application_id != APPLICATION_ID and (tables or application_id):
        raise UserError("this file is not a trial book", where=str(path), remedy="name another file")
