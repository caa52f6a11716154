"""Journals in a SQLite file: WAL, synchronous=FULL, one writer, any number of readers."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from rung.adapters.stores.file_lease import FileLease
from rung.adapters.stores.sqlite_schema import migrate, plainly, version_of
from rung.domain.errors import Tampered, UserError
from rung.journal.entry import Entry, Head
from rung.journal.store import LAST, Fenced, NotDurable, Row, check_follows

_BUSY_SECONDS = 5.0
_FETCH = 2_000
_COLUMNS = "seq, at_ns, kind, payload, prev_hash, hash"


class SqliteReader:
    """Looks into a journal without being able to change it, also while a desk writes: for reports and verification."""

    def __init__(self, path: Path) -> None:
        """UserError: no such file, not a journal, newer schema, damaged."""
        if not path.is_file():
            raise UserError("no such journal", where=str(path), remedy="name an existing file")
        self.path = path
        self._connection: sqlite3.Connection | None = _connect_reading(path)
        try:
            self._version = version_of(self._connection, path)
            if self._version == 0:
                raise UserError("this file is not a Rung journal", where=str(path), remedy="name another file")
        except BaseException:
            self.close()
            raise

    def read(self, from_seq: int = 1, to_seq: int | None = None) -> Iterator[Entry]:
        for batch in self.batches(from_seq, LAST if to_seq is None else to_seq):
            yield from map(Entry._make, batch)

    def batches(self, from_seq: int, to_seq: int) -> Iterator[Sequence[Row]]:
        sql = f"SELECT {_COLUMNS} FROM entries WHERE seq BETWEEN ? AND ? ORDER BY seq"  # noqa: S608
        with plainly(self.path):
            cursor = self._open().execute(sql, (from_seq, to_seq))
            while rows := cursor.fetchmany(_FETCH):
                yield rows

    def head(self) -> Head | None:
        """The last entry. Raises Tampered when the file's own note of its head says something else."""
        noted = "SELECT seq, hash FROM head" if self._version >= 3 else "SELECT 0, x''"
        last = "SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1"
        with plainly(self.path):
            sql = f"SELECT * FROM ({noted}) LEFT JOIN ({last}) ON true"  # noqa: S608
            row = self._open().execute(sql).fetchone()
        if row is None:
            raise Tampered("the journal's note of its own head is gone", where=str(self.path))
        noted_seq, noted_hash, seq, digest = row
        head = None if seq is None else Head(seq, digest)
        if self._version >= 3 and not self._open().in_transaction:
            _check_note(Head(noted_seq, noted_hash), head, self.path)
        return head

    def backup(self, target: Path) -> None:
        """Copy the journal, also while a desk writes to it, into a new file that is whole or absent."""
        partial = target.with_name(target.name + ".partial")
        try:
            partial.unlink(missing_ok=True)
            copy = sqlite3.connect(partial)
            try:
                self._open().backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
            finally:
                copy.close()
            partial.replace(target)
        except (sqlite3.Error, OSError) as error:
            partial.unlink(missing_ok=True)
            raise UserError(f"the backup failed: {error}", where=str(target)) from None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise NotDurable(f"{self.path} is closed")
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class SqliteStore(SqliteReader):
    """The writer of a journal file, which it makes when there is none.

    It holds an exclusive lease: a file `PATH.lock` and a fencing token inside of the journal. Beside the
    entries the file notes its own head, so that a cut tail shows even without an anchor.
    """

    def __init__(self, path: Path, *, writer: str, takeover: bool = False) -> None:
        """Open or create. UserError: held by another writer, newer schema, not a journal, read-only, no such folder."""
        self.path = path
        self._lease: FileLease | None = None
        self._connection = None
        self._ready = False
        if not path.parent.is_dir():
            raise UserError("no such folder", where=str(path.parent), remedy="make it first")
        self._lease = FileLease(_lock_path(path), writer, takeover=takeover)
        try:
            self._connection = _connect(f"{path.absolute().as_uri()}?mode=rwc", path)
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        """WAL, FULL, the present schema, a new fencing token."""
        run = self._open().execute
        version_of(self._open(), self.path)
        assert self._lease is not None  # noqa: S101
        with plainly(self.path):
            run("PRAGMA journal_mode = WAL")
            run("PRAGMA synchronous = FULL")
            migrate(self._open(), self.path)
            self._version = version_of(self._open(), self.path)
            run("BEGIN IMMEDIATE")
            run("UPDATE head SET token = max(token + 1, ?)", (self._lease.token,))
            (self._token,) = run("SELECT token FROM head").fetchone()
            run("COMMIT")
        self._ready = True
        self._last = self._committed = self.head()

    def append(self, entries: Sequence[Entry]) -> None:
        check_follows(self._last, entries)
        self._durably(lambda connection: self._insert(connection, entries))
        self._last = Head(entries[-1].seq, entries[-1].hash) if entries else self._last

    def _insert(self, connection: sqlite3.Connection, entries: Sequence[Entry]) -> None:
        if not connection.in_transaction:
            connection.execute("BEGIN IMMEDIATE")
            (token,) = connection.execute("SELECT token FROM head").fetchone()
            if token != self._token:
                raise Fenced(f"{self.path} was taken over by {self._holder()}: this writer may not write any more")
        if len(entries) == 1:
            connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", entries[0])
        else:
            connection.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", entries)

    def _holder(self) -> str:
        return FileLease.holder_of(_lock_path(self.path)) or "another writer"

    def commit(self) -> None:
        connection = self._open()
        if connection.in_transaction:
            self._durably(self._commit)

    def _commit(self, connection: sqlite3.Connection) -> None:
        if self._last is not None:
            connection.execute("UPDATE head SET seq = ?, hash = ?", self._last)
        connection.execute("COMMIT")
        self._committed = self._last

    def _durably(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Run it; when it fails, nothing of the open group remains and the reason is said in one sentence."""
        connection = self._open()
        try:
            work(connection)
        except (sqlite3.Error, Fenced) as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._last = self._committed
            if isinstance(error, Fenced):
                raise
            raise NotDurable(f"{self.path}: {error}") from None

    def close(self) -> None:
        try:
            if self._connection is not None and self._ready:
                self.commit()
                self._fold_log(self._connection)
        finally:
            super().close()
            if self._lease is not None:
                self._lease.release(remove=True)
                self._lease = None

    @staticmethod
    def _fold_log(connection: sqlite3.Connection) -> None:
        """Leave one plain file behind that is a function of its entries: equal runs leave equal bytes.

        With readers still looking it stays a WAL journal, which is as safe.
        """
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA busy_timeout = 0")
            connection.execute("PRAGMA journal_mode = DELETE")


def _lock_path(path: Path) -> Path:
    """Beside the file itself: another name for it (a link) must not get a lease of its own."""
    real = path.resolve()
    return real.with_name(real.name + ".lock")


def _check_note(noted: Head, head: Head | None, path: Path) -> None:
    seq = 0 if head is None else head.seq
    if noted.seq > seq:
        raise Tampered(
            f"the end was cut off: entry {seq + 1} is missing, and the journal notes its head at entry {noted.seq}",
            where=str(path),
        )
    if noted.seq < seq or (head is not None and noted.hash != head.hash):
        raise Tampered(
            f"entry {seq} is not the head the journal notes (entry {noted.seq}): it was inserted or edited",
            where=str(path),
        )


def _connect_reading(path: Path) -> sqlite3.Connection:
    """A read-only medium that holds no write-ahead log is read as it lies there; otherwise SQLite guards the reads."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    connection = _connect(uri, path)
    try:
        with plainly(path), suppress(sqlite3.OperationalError):
            connection.execute("SELECT count(*) FROM sqlite_schema")
            return connection
    except UserError:
        connection.close()
        raise
    connection.close()
    return _connect(uri + "&immutable=1", path)


def _connect(uri: str, path: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_SECONDS)
    except sqlite3.OperationalError as error:
        raise UserError(f"cannot open the journal: {error}", where=str(path)) from None
