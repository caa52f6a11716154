"""Bullets in a SQLite file, found by time, symbol, decision, regime, tag and violation.

Everything that came from a journal can be made from it again; only bullets saved by hand live here alone.
"""

from __future__ import annotations

import heapq
import os
import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain, groupby, islice
from pathlib import Path
from typing import Any, NamedTuple

from rung.domain.errors import UserError
from rung.journal.bullet import Bullet, from_json, to_json

APPLICATION_ID = 0x52425544
"""'RBUD', in the file's header: tells an index from a journal."""
VERSION = 1

BY_HAND = "saved"
"""The source of bullets that no journal holds."""

_BUSY_SECONDS = 30.0
_TOGETHER = 500
_SCHEMA = (
    """CREATE TABLE bullets (
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at_ns INTEGER NOT NULL, symbol TEXT NOT NULL,
        decision TEXT NOT NULL, volatility TEXT NOT NULL, trend TEXT NOT NULL, liquidity TEXT NOT NULL,
        source TEXT NOT NULL) STRICT""",
    "CREATE TABLE bodies (n INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT",
    "CREATE TABLE terms (term INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE) STRICT",
    """CREATE TABLE postings (
        term INTEGER NOT NULL, at_ns INTEGER NOT NULL, n INTEGER NOT NULL,
        PRIMARY KEY (term, at_ns, n)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE sources (
        name TEXT PRIMARY KEY, first_hash BLOB NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL,
        params TEXT NOT NULL, state BLOB NOT NULL) STRICT""",
    "CREATE INDEX by_time ON bullets (at_ns)",
    *(
        f"CREATE INDEX by_{column} ON bullets ({column}, at_ns)"
        for column in ("symbol", "decision", "volatility", "trend", "liquidity")
    ),
)
_Row = tuple[int, str, bytes]
_REGIMES = ("volatility", "trend", "liquidity")


class Source(NamedTuple):
    """How far a journal has been read. seq, hash : its last entry seen.   state : of the bullet fold at that entry."""

    name: str
    first_hash: bytes
    seq: int
    hash: bytes
    params: str
    state: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which bullets; what is None does not matter.

    regimes : (dimension, word) pairs, any of which may hold.   tags, violations : any of them may be there.
    since_ns is included, until_ns is not.
    """

    symbol: str | None = None
    decision: str | None = None
    regimes: tuple[tuple[str, str], ...] | None = None
    tags: tuple[str, ...] | None = None
    violations: tuple[str, ...] | None = None
    since_ns: int | None = None
    until_ns: int | None = None


class BulletIndex:
    """One file, one connection. Writers of several processes wait for each other.

    in_memory : the folder cannot be written to; what is added here is gone when this is closed.
    """

    def __init__(self, path: Path) -> None:
        """Open or create. UserError: another kind of file, an index of another version, no room."""
        self.path = path
        self.in_memory = not _writable(path)
        with self._plainly():
            place = ":memory:" if self.in_memory else path
            self._connection = sqlite3.connect(place, isolation_level=None, timeout=_BUSY_SECONDS)
            try:
                if self.in_memory and path.exists():
                    _load(path, self._connection)
                self._prepare()
            except BaseException:
                self._connection.close()
                raise
        self._terms: dict[str, int] = {}
        self._let_go = weakref.finalize(self, self._connection.close)

    def _prepare(self) -> None:
        run = self._connection.execute
        with self.writing(fresh_only=True):
            (application_id,) = run("PRAGMA application_id").fetchone()
            (version,) = run("PRAGMA user_version").fetchone()
            (tables,) = run("SELECT count(*) FROM sqlite_schema").fetchone()
            if tables == 0 and application_id == 0:
                run(f"PRAGMA application_id = {APPLICATION_ID}")
                run(f"PRAGMA user_version = {VERSION}")
                for statement in _SCHEMA:
                    run(statement)
            elif application_id != APPLICATION_ID:
                raise UserError("this file is not an index of bullets", where=str(self.path), remedy="name another one")
            elif version != VERSION:
                raise UserError(
                    f"the index has version {version}, this Rung works with {VERSION}",
                    where=str(self.path),
                    remedy="move the file away: it is made anew from the journals",
                )
        run("PRAGMA synchronous = NORMAL")
        run("PRAGMA cache_size = -65536")

    def close(self) -> None:
        """May be called twice; an index nobody holds any more is closed by itself."""
        self._let_go()

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            remedy = "move the file away: it is made anew from the journals"
            if isinstance(error, sqlite3.OperationalError):
                remedy = "make the folder writable and see that there is room, or name another index"
            raise UserError(
                f"the index of bullets cannot be used ({error})", where=str(self.path), remedy=remedy
            ) from None

    @contextmanager
    def writing(self, *, fresh_only: bool = False) -> Iterator[None]:
        """All or nothing. fresh_only : take the lock for writing only when the file is new."""
        run = self._connection.execute
        with self._plainly():
            fresh = not fresh_only or run("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
            run("BEGIN IMMEDIATE" if fresh else "BEGIN")
            try:
                yield
                run("COMMIT")
            except BaseException:
                self._terms = {}
                if self._connection.in_transaction:
                    run("ROLLBACK")
                raise

    # -- what journals were read ------------------------------------------------------------------------------

    def sources(self) -> dict[str, Source]:
        with self._plainly():
            rows = self._connection.execute("SELECT name, first_hash, seq, hash, params, state FROM sources")
            return {row[0]: Source._make(row) for row in rows}

    def note(self, source: Source) -> None:
        with self._plainly():
            self._connection.execute("INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?, ?, ?)", source)

    def forget(self, name: str) -> None:
        """Drop a journal and every bullet it gave."""
        chosen = "(SELECT n FROM bullets WHERE source = ?)"
        with self._plainly():
            self._connection.execute(f"DELETE FROM postings WHERE n IN {chosen}", (name,))  # noqa: S608
            self._connection.execute(f"DELETE FROM bodies WHERE n IN {chosen}", (name,))  # noqa: S608
            self._connection.execute("DELETE FROM bullets WHERE source = ?", (name,))
            self._connection.execute("DELETE FROM sources WHERE name = ?", (name,))

    # -- writing ----------------------------------------------------------------------------------------------

    def put(self, bullets: Iterable[Bullet], source: str = BY_HAND) -> int:
        """Add them, or put them in the place of those with the same id. Call inside `writing`. Answers how many."""
        (last,) = self._connection.execute("SELECT coalesce(max(n), 0) FROM bullets").fetchone()
        number, waiting = 0, iter(bullets)
        while together := list(islice(waiting, _TOGETHER)):
            last = self._put(list({bullet.id: bullet for bullet in together}.values()), source, last)
            number += len(together)
        return number

    def _put(self, bullets: list[Bullet], source: str, last: int) -> int:
        """Bullets of different ids, in a few statements. Answers the last number given."""
        many = self._connection.executemany
        places = self._places([bullet.id for bullet in bullets])
        rows, bodies, postings = [], [], []
        for bullet in bullets:
            n = places.get(bullet.id)
            if n is None:
                n = last = last + 1
            regime = [str(bullet.regime.get(name, "unknown")) for name in _REGIMES]
            rows.append((n, bullet.id, bullet.at_ns, bullet.symbol, bullet.decision, *regime, source))
            bodies.append((n, to_json(bullet)))
            postings += [(self._term(word), bullet.at_ns, n) for word in _words(bullet)]
        many("INSERT OR REPLACE INTO bullets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        many("INSERT OR REPLACE INTO bodies VALUES (?, ?)", bodies)
        many("INSERT OR IGNORE INTO postings VALUES (?, ?, ?)", postings)
        return int(last)

    def _places(self, ids: list[str]) -> dict[str, int]:
        """The numbers of those that are there already, taken out of the postings."""
        marks = ", ".join("?" * len(ids))
        sql = f"SELECT b.id, b.n, d.body FROM bullets b JOIN bodies d ON d.n = b.n WHERE b.id IN ({marks})"  # noqa: S608
        known = self._connection.execute(sql, ids).fetchall()
        for _, n, body in known:
            before = from_json(body)
            self._connection.executemany(
                "DELETE FROM postings WHERE term = ? AND at_ns = ? AND n = ?",
                [(self._term(word), before.at_ns, n) for word in _words(before)],
            )
        return {row[0]: row[1] for row in known}

    def _term(self, word: str) -> int:
        term = self._terms.get(word)
        if term is None:
            self._connection.execute("INSERT OR IGNORE INTO terms (word) VALUES (?)", (word,))
            (term,) = self._connection.execute("SELECT term FROM terms WHERE word = ?", (word,)).fetchone()
            self._terms[word] = term
        return int(term)

    # -- reading ----------------------------------------------------------------------------------------------

    def find(self, wanted: Wanted, limit: int | None = None) -> Iterator[Bullet]:
        """Newest first, those of one instant by id. Streamed: only what is taken is read."""
        with self._plainly():
            for body in islice(self._bodies(wanted), limit):
                yield from_json(body)

    def _bodies(self, wanted: Wanted) -> Iterator[bytes]:
        rows = heapq.merge(*self._streams(wanted), key=_when, reverse=True)
        for _, together in groupby(rows, key=_when):
            by_id = {row[1]: row[2] for row in together}
            yield from (by_id[key] for key in sorted(by_id))

    def _streams(self, wanted: Wanted) -> list[Iterator[_Row]]:
        """Rows (at_ns, id, body), newest first; one stream per way in, all of which an index answers in order."""
        ways = [f"tag {tag}" for tag in wanted.tags] if wanted.tags is not None else None
        if ways is None and wanted.violations is not None:
            ways = [f"violation {violation}" for violation in wanted.violations]
        if ways is not None:
            return [self._by_term(wanted, term) for term in self._known(ways)]
        if wanted.regimes is None:
            return [self._by_column(wanted, "true", ())]
        return [self._by_column(wanted, f"b.{name} = ?", (word,)) for name, word in wanted.regimes]

    def _by_column(self, wanted: Wanted, way: str, value: tuple[str, ...]) -> Iterator[_Row]:
        where, values = self._conditions(wanted, "b")
        sql = (
            "SELECT b.at_ns, b.id, d.body FROM bullets b CROSS JOIN bodies d ON d.n = b.n "  # noqa: S608
            f"WHERE {way}{where} ORDER BY b.at_ns DESC"
        )
        return self._connection.execute(sql, (*value, *values))

    def _by_term(self, wanted: Wanted, term: int) -> Iterator[_Row]:
        where, values = self._conditions(wanted, "p")
        sql = (
            "SELECT p.at_ns, b.id, d.body FROM postings p CROSS JOIN bullets b ON b.n = p.n "  # noqa: S608
            "CROSS JOIN bodies d ON d.n = b.n "
            f"WHERE p.term = ?{where} ORDER BY p.at_ns DESC"
        )
        return self._connection.execute(sql, (term, *values))

    def _conditions(self, wanted: Wanted, clock: str) -> tuple[str, list[Any]]:
        """What must hold beside the way in; `clock` names the table whose times the way in walks along."""
        parts: list[str] = []
        values: list[Any] = []
        simple = (("b.symbol =", wanted.symbol), ("b.decision =", wanted.decision))
        for test, value in (*simple, (f"{clock}.at_ns >=", wanted.since_ns), (f"{clock}.at_ns <", wanted.until_ns)):
            if value is not None:
                parts.append(f" AND {test} ?")
                values.append(value)
        if wanted.regimes is not None:
            parts.append(" AND (" + " OR ".join(f"b.{name} = ?" for name, _ in wanted.regimes) + ")")
            values += [word for _, word in wanted.regimes]
        if wanted.tags is not None and wanted.violations is not None:
            terms = self._known([f"violation {violation}" for violation in wanted.violations])
            marks = ", ".join("?" * len(terms))
            probe = f"SELECT 1 FROM postings q WHERE q.term IN ({marks}) AND q.at_ns = b.at_ns AND q.n = b.n"  # noqa: S608
            parts.append(f" AND EXISTS ({probe})")
            values += terms
        return "".join(parts), values

    def _known(self, words: Sequence[str]) -> list[int]:
        """The terms there are; a word no bullet has finds nothing."""
        found = (self._connection.execute("SELECT term FROM terms WHERE word = ?", (w,)).fetchone() for w in words)
        return [row[0] for row in found if row is not None]

    def ids(self, prefix: str) -> list[str]:
        """At most three ids that begin so: enough to know whether one is meant."""
        with self._plainly():
            above = prefix + "\U0010ffff"
            rows = self._connection.execute(
                "SELECT id FROM bullets WHERE id >= ? AND id < ? ORDER BY id LIMIT 3", (prefix, above)
            )
            return [row[0] for row in rows]

    def load(self, id: str) -> Bullet | None:
        with self._plainly():
            sql = "SELECT body FROM bodies WHERE n = (SELECT n FROM bullets WHERE id = ?)"
            row = self._connection.execute(sql, (id,)).fetchone()
        return None if row is None else from_json(row[0])

    def counts(self, column: str) -> dict[str, int]:
        """How many bullets by symbol, decision or a dimension of the regime; the commonest first."""
        if column not in ("symbol", "decision", *_REGIMES):
            raise ValueError(f"there is no count by {column}")
        sql = f"SELECT {column}, count(*) FROM bullets GROUP BY {column}"  # noqa: S608
        with self._plainly():
            return _ordered(self._connection.execute(sql))

    def term_counts(self, family: str) -> dict[str, int]:
        """How many bullets carry each tag (`tag`) or violation (`violation`); the commonest first."""
        sql = """SELECT substr(word, length(?) + 2), (SELECT count(*) FROM postings p WHERE p.term = t.term)
            FROM terms t WHERE word >= ? || ' ' AND word < ? || '!'"""
        with self._plainly():
            rows = self._connection.execute(sql, (family, family, family))
            return _ordered((word, number) for word, number in rows if number)

    def span(self) -> tuple[int, int] | None:
        """The first and the last instant; None without bullets."""
        with self._plainly():
            sql = "SELECT (SELECT min(at_ns) FROM bullets), (SELECT max(at_ns) FROM bullets)"
            first, last = self._connection.execute(sql).fetchone()
        return None if first is None else (first, last)


def _writable(path: Path) -> bool:
    """SQLite needs the folder too, for what protects a write."""
    effective = os.access in os.supports_effective_ids
    places = [path.parent, *([path] if path.exists() else [])]
    return not path.parent.is_dir() or all(os.access(place, os.W_OK, effective_ids=effective) for place in places)


def _load(path: Path, target: sqlite3.Connection) -> None:
    """What an earlier reader that could write has left."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as kept:
        kept.backup(target)


def _when(row: _Row) -> int:
    return row[0]


def _words(bullet: Bullet) -> Iterator[str]:
    tags = (f"tag {tag}" for tag in dict.fromkeys(bullet.tags))
    return chain(tags, (f"violation {violation}" for violation in dict.fromkeys(bullet.violations)))


def _ordered(rows: Iterable[tuple[str, int]]) -> dict[str, int]:
    return dict(sorted(rows, key=lambda row: (-row[1], row[0])))
