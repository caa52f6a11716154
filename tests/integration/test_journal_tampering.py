"""P11 on a real file: every byte of every column, every cut, every exchange is found."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import combinations
from pathlib import Path

import pytest
from tests.unit.journal.made import KEY, OPEN, small_journal, step

from rung.adapters.stores.sqlite import SqliteReader, SqliteStore
from rung.domain.errors import Tampered, UserError
from rung.journal.anchors import AnchorFile
from rung.journal.entry import Entry
from rung.journal.verify import verify


@pytest.fixture(params=[None, KEY], ids=["plain", "keyed"])
def key(request: pytest.FixtureRequest) -> bytes | None:
    value: bytes | None = request.param
    return value


@pytest.fixture
def path(tmp_path: Path, key: bytes | None) -> Path:
    path = tmp_path / "journal.db"
    journal = small_journal(SqliteStore(path, writer="test"), key=key)
    journal.anchor(AnchorFile(tmp_path / "heads"), OPEN + 20)
    journal.close()
    return path


@pytest.fixture
def attacker(path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody who may write to the file and knows its tables."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "PRAGMA synchronous = OFF; DROP TRIGGER entries_no_update; DROP TRIGGER entries_no_delete"
        )
        yield connection


def refused(path: Path, key: bytes | None, *, anchors: bool = False) -> str:
    told = AnchorFile(path.with_name("heads")).read() if anchors else ()
    with closing(SqliteReader(path)) as reader, pytest.raises(UserError) as caught:
        verify(reader, key=key, anchors=told)
    return str(caught.value)


def holds(path: Path, key: bytes | None) -> None:
    with closing(SqliteReader(path)) as reader:
        assert verify(reader, key=key).entries == 9


def rows(attacker: sqlite3.Connection) -> list[Entry]:
    return list(map(Entry._make, attacker.execute("SELECT * FROM entries ORDER BY seq")))


def test_every_byte_of_every_blob(path: Path, attacker: sqlite3.Connection, key: bytes | None) -> None:
    flipped = 0
    for entry in rows(attacker):
        for column in ("payload", "prev_hash", "hash"):
            whole: bytes = getattr(entry, column)
            sql = f"UPDATE entries SET {column} = ? WHERE seq = ?"  # noqa: S608
            for i in range(len(whole)):
                with attacker:
                    attacker.execute(sql, (whole[:i] + bytes([whole[i] ^ 0x01]) + whole[i + 1 :], entry.seq))
                assert "entry" in refused(path, key)
                flipped += 1
            with attacker:
                attacker.execute(sql, (whole, entry.seq))
    assert flipped > 600
    holds(path, key)


def test_every_number_and_word(path: Path, attacker: sqlite3.Connection, key: bytes | None) -> None:
    for entry in rows(attacker):
        for column, values in (
            ("at_ns", (entry.at_ns + 1, -entry.at_ns, 0)),
            ("kind", ("fill", "evenT", "", b"\xff\xfe".decode("latin-1"))),
            ("seq", (entry.seq + 100, -entry.seq, 0)),
        ):
            sql = f"UPDATE entries SET {column} = ? WHERE seq = ?"  # noqa: S608
            for value in values:
                with attacker:
                    attacker.execute(sql, (value, entry.seq))
                refused(path, key)
                now = value if column == "seq" else entry.seq
                with attacker:
                    attacker.execute(sql, (getattr(entry, column), now))
    holds(path, key)


def test_a_kind_that_is_no_text(path: Path, attacker: sqlite3.Connection, key: bytes | None) -> None:
    with attacker:
        attacker.execute("UPDATE entries SET kind = CAST(x'ff' AS TEXT) WHERE seq = 3")
    assert "was edited" in refused(path, key)


def test_every_entry_deleted_and_every_tail_dropped(
    path: Path, attacker: sqlite3.Connection, key: bytes | None
) -> None:
    entries = rows(attacker)
    for n in range(1, 10):
        for sql in ("DELETE FROM entries WHERE seq = ?", "DELETE FROM entries WHERE seq >= ?"):
            with attacker:
                attacker.execute(sql, (n,))
            assert f"{n}" in refused(path, key)
            with attacker:
                attacker.executemany("INSERT OR IGNORE INTO entries VALUES (?, ?, ?, ?, ?, ?)", entries)
    holds(path, key)


def test_a_tail_dropped_together_with_the_note_of_the_head(
    path: Path, attacker: sqlite3.Connection, key: bytes | None
) -> None:
    for n in range(9, 1, -1):
        with attacker:
            attacker.execute("DELETE FROM entries WHERE seq >= ?", (n,))
            attacker.execute("UPDATE head SET seq = ?, hash = (SELECT hash FROM entries WHERE seq = ?)", (n - 1, n - 1))
        if n < 9:
            assert f"entry {n} is missing" in refused(path, key, anchors=True)
    with attacker:
        attacker.execute("DELETE FROM entries")
        attacker.execute("UPDATE head SET seq = 0, hash = x''")
    assert "entry 1 is missing" in refused(path, key, anchors=True)


def test_any_two_entries_exchanged(path: Path, attacker: sqlite3.Connection, key: bytes | None) -> None:
    entries = rows(attacker)
    sql = "UPDATE entries SET at_ns = ?, kind = ?, payload = ?, prev_hash = ?, hash = ? WHERE seq = ?"
    for a, b in combinations(entries, 2):
        with attacker:
            attacker.execute(sql, (*b[1:], a.seq))
            attacker.execute(sql, (*a[1:], b.seq))
        assert f"entry {a.seq}" in refused(path, key)
        with attacker:
            attacker.execute(sql, (*a[1:], a.seq))
            attacker.execute(sql, (*b[1:], b.seq))
    holds(path, key)


def test_an_entry_inserted_anywhere(path: Path, attacker: sqlite3.Connection, key: bytes | None) -> None:
    entries = rows(attacker)
    for n in range(1, 10):
        with attacker:
            attacker.execute("UPDATE entries SET seq = -seq - 1 WHERE seq >= ?", (n,))
            attacker.execute("UPDATE entries SET seq = -seq WHERE seq < 0")
            attacker.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", entries[n - 1]._replace(payload=b"{}"))
        assert f"entry {n}" in refused(path, key)
        with attacker:
            attacker.execute("DELETE FROM entries")
            attacker.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", entries)
    holds(path, key)


def test_a_step_whose_loss_was_made_smaller(tmp_path: Path, key: bytes | None) -> None:
    """The edit people really make: one digit of one amount, in a journal of steps."""
    path = tmp_path / "steps.db"
    from rung.journal.journal import Journal

    with Journal(SqliteStore(path, writer="test"), key=key) as journal:
        for n in range(1, 6):
            journal.record(step(n))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TRIGGER entries_no_update")
        (payload,) = connection.execute("SELECT payload FROM entries WHERE seq = 3").fetchone()
        assert b'"-1.50"' in payload
        milder = payload.replace(b'"-1.50"', b'"-0.50"')
        connection.execute("UPDATE entries SET payload = ? WHERE seq = 3", (milder,))
    with closing(SqliteReader(path)) as reader, pytest.raises(Tampered, match=r"entry 3 \(step\) was edited"):
        verify(reader, key=key)
