"""Journals in PostgreSQL, for desks on several machines. Needs the extra `postgres`.

One database holds many journals, told apart by name. The lease is a session lock of the server, so it ends with the
connection; the fencing token is in the journal's own row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rung.adapters.stores.postgres_schema import CURRENT, migrate, version_of
from rung.domain.errors import Tampered, UserError, install_words
from rung.journal.entry import Entry, Head
from rung.journal.lease import taken
from rung.journal.store import LAST, Fenced, NotDurable, Row, check_follows

if TYPE_CHECKING:
    import psycopg

_FETCH = 2_000
_COLUMNS = "seq, at_ns, kind, payload, prev_hash, hash"
_LOCK = "hashtextextended('rung journal ' || %s::text, %s::bigint)"


class PostgresReader:
    """Looks into one journal of a database without changing it."""

    def __init__(self, dsn: str, *, journal: str) -> None:
        """dsn : a libpq connection string; it never appears in messages.   UserError: unreachable, no such journal."""
        self.journal = journal
        self._connection: psycopg.Connection[Any] | None = _connect(dsn)
        try:
            version = self._run(version_of)
            if version != CURRENT:
                raise UserError("the database holds no journals of this version", remedy="open it for writing once")
            if self._one("SELECT 1 FROM rung_head WHERE journal = %s", (journal,)) is None:
                raise UserError(f"the database holds no journal named {journal!r}", remedy="check the name")
        except BaseException:
            self._disconnect()
            raise

    def read(self, from_seq: int = 1, to_seq: int | None = None) -> Iterator[Entry]:
        for batch in self.batches(from_seq, LAST if to_seq is None else to_seq):
            yield from map(Entry._make, batch)

    def batches(self, from_seq: int, to_seq: int) -> Iterator[Sequence[Row]]:
        """Page by page, so that nothing is held open on the server between two pages."""
        sql = (
            f"SELECT {_COLUMNS} FROM rung_entries "  # noqa: S608
            "WHERE journal = %s AND seq >= %s AND seq <= %s ORDER BY seq LIMIT %s"
        )
        while from_seq <= to_seq:
            rows: list[Row] = self._all(sql, (self.journal, from_seq, to_seq, _FETCH))
            if rows:
                yield rows
            if len(rows) < _FETCH:
                return
            from_seq = rows[-1][0] + 1

    def head(self) -> Head | None:
        """The last entry. Raises Tampered when the journal's own note of its head says something else."""
        row = self._one(
            "SELECT h.seq, h.hash, e.seq, e.hash FROM rung_head h LEFT JOIN LATERAL (SELECT seq, hash "
            "FROM rung_entries WHERE journal = h.journal ORDER BY seq DESC LIMIT 1) e ON true WHERE h.journal = %s",
            (self.journal,),
        )
        if row is None:
            raise Tampered("the journal's note of its own head is gone", where=self.journal)
        head = None if row[2] is None else Head(row[2], row[3])
        noted = None if row[0] == 0 else Head(row[0], row[1])
        if head != noted:
            raise Tampered(
                f"the journal notes its head at entry {row[0]}, but the last entry is {row[2] or 0}", where=self.journal
            )
        return head

    def close(self) -> None:
        self._disconnect()

    def _one(self, sql: str, values: tuple[object, ...]) -> Any:
        return self._run(lambda connection: connection.execute(sql, values, binary=True).fetchone())

    def _all(self, sql: str, values: tuple[object, ...]) -> Any:
        return self._run(lambda connection: connection.execute(sql, values, binary=True).fetchall())

    def _run(self, work: Callable[[psycopg.Connection[Any]], Any]) -> Any:
        import psycopg

        try:
            return work(self._open())
        except psycopg.Error as error:
            raise NotDurable(f"PostgreSQL: {_sentence(error)}") from None

    def _open(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            raise NotDurable(f"the journal {self.journal!r} is closed")
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class PostgresStore(PostgresReader):
    """The writer of one journal, which it makes when there is none. Holds the lease until closed or disconnected."""

    def __init__(self, dsn: str, *, journal: str, writer: str, takeover: bool = False) -> None:
        """UserError: unreachable, newer schema, held by another writer. takeover : fence that one out."""
        self.journal = journal
        self._connection = _connect(dsn)
        try:
            self._run(lambda connection: self._take(connection, writer, takeover))
            self._last = self._committed = self.head()
        except BaseException:
            self._disconnect()
            raise

    def _take(self, connection: psycopg.Connection[Any], writer: str, takeover: bool) -> None:
        """The present schema, the lease, a new fencing token.

        Each token has a server lock of its own: that of the present token is held exactly while its writer lives.
        """
        connection.execute("SET synchronous_commit = on")
        migrate(connection)
        who = f"{writer} (server process {connection.info.backend_pid})"
        new = "INSERT INTO rung_head VALUES (%s, 0, '', 0, '') ON CONFLICT DO NOTHING"
        present = "SELECT token, holder FROM rung_head WHERE journal = %s FOR UPDATE"
        with connection.transaction():
            connection.execute(new, (self.journal,))
            token, holder = self._one(present, (self.journal,))
            (free,) = self._one(f"SELECT pg_try_advisory_lock({_LOCK})", (self.journal, token))
            if not free and not takeover:
                raise taken(f"journal {self.journal!r}", holder)
            self._token: int = token + 1
            connection.execute(f"SELECT pg_advisory_lock({_LOCK})", (self.journal, self._token))
            update = "UPDATE rung_head SET token = %s, holder = %s WHERE journal = %s"
            connection.execute(update, (self._token, who, self.journal))

    def append(self, entries: Sequence[Entry]) -> None:
        check_follows(self._last, entries)
        self._durably(lambda connection: self._insert(connection, entries))
        self._last = Head(entries[-1].seq, entries[-1].hash) if entries else self._last

    def _insert(self, connection: psycopg.Connection[Any], entries: Sequence[Entry]) -> None:
        if connection.info.transaction_status == 0:
            connection.execute("BEGIN")
            row = connection.execute(
                "SELECT token, holder FROM rung_head WHERE journal = %s FOR UPDATE", (self.journal,)
            ).fetchone()
            if row is None or row[0] != self._token:
                holder = row[1] if row else "somebody who deleted its head"
                raise Fenced(f"journal {self.journal!r} was taken over by {holder}: this writer may not write any more")
        sql = "INSERT INTO rung_entries VALUES (%s, %s, %s, %s, %b, %b, %b)"
        rows = [(self.journal, *entry) for entry in entries]
        if len(rows) == 1:
            connection.execute(sql, rows[0])
        else:
            connection.cursor().executemany(sql, rows)

    def commit(self) -> None:
        if self._open().info.transaction_status != 0:
            self._durably(self._commit)

    def _commit(self, connection: psycopg.Connection[Any]) -> None:
        if self._last is not None:
            connection.execute(
                "UPDATE rung_head SET seq = %s, hash = %b WHERE journal = %s", (*self._last, self.journal)
            )
        connection.execute("COMMIT")
        self._committed = self._last

    def _durably(self, work: Callable[[psycopg.Connection[Any]], None]) -> None:
        """Run it; when it fails, nothing of the open group remains and the reason is said in one sentence."""
        import psycopg

        connection = self._open()
        try:
            work(connection)
        except (psycopg.Error, Fenced) as error:
            if not connection.broken and connection.info.transaction_status != 0:
                connection.execute("ROLLBACK")
            self._last = self._committed
            if isinstance(error, Fenced):
                raise
            raise NotDurable(f"PostgreSQL: {_sentence(error)}") from None

    def close(self) -> None:
        try:
            if self._connection is not None and not self._connection.broken:
                self.commit()
        finally:
            super().close()


def _connect(dsn: str) -> psycopg.Connection[Any]:
    try:
        import psycopg
    except ImportError:
        raise UserError("PostgreSQL journals need psycopg", remedy=install_words("postgres")) from None
    try:
        return psycopg.connect(dsn, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise UserError(f"cannot reach PostgreSQL: {_why_not(error)}", remedy="check the connection string") from None
    except (psycopg.Error, ValueError):
        raise UserError(
            "cannot reach PostgreSQL: the connection string is not written as libpq reads it",
            remedy='write it like "host=… dbname=… user=…", special characters of a URL percent-encoded',
        ) from None


_REASONS = (
    ("password authentication failed", "the server refuses the user or the password"),
    ("no password supplied", "the server asks for a password and the connection string has none"),
    ("no pg_hba.conf entry", "the server lets this user in from no such address"),
    ("connection refused", "nothing listens at this host and port"),
    ("no such file or directory", "there is no server at this socket"),
    ("could not translate host name", "the host is not known"),
    ("failed to resolve host", "the host is not known"),
    ("name or service not known", "the host is not known"),
    ("timeout", "the server does not answer in time"),
    ("invalid ", "the connection string has a value that libpq does not know"),
    ("certificate", "the server's certificate is not accepted"),
    ("ssl", "the server and the connection string do not agree about encryption"),
    ('database "', "the server has no such database"),
    ('role "', "the server knows no such user"),
)


def _why_not(error: Exception) -> str:
    """A sentence of ours for what libpq says: its own repeats pieces of the connection string, the password's too."""
    said = str(error).lower()
    found = (sentence for words, sentence in _REASONS if words in said)
    return next(found, "the connection string or the server is at fault")


def _sentence(error: Exception) -> str:
    """The first line of what the server says on an open connection; the connection string is not in it."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
