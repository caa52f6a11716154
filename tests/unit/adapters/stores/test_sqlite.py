"""The SQLite store: what only it promises."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.contract.store_contract import chain
from tests.unit.journal.made import small_journal

from rung.adapters.stores.sqlite import SqliteReader, SqliteStore
from rung.adapters.stores.sqlite_schema import APPLICATION_ID, CURRENT
from rung.domain.errors import Tampered, UserError
from rung.journal.entry import Kind
from rung.journal.journal import Journal
from rung.journal.store import NotDurable
from rung.journal.verify import verify


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def asked(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def doctored(path: Path, *statements: str) -> None:
    """Change the file behind Rung's back, as somebody with write access can."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TRIGGER IF EXISTS entries_no_update")
        connection.execute("DROP TRIGGER IF EXISTS entries_no_delete")
        for statement in statements:
            connection.execute(statement)


def made(path: Path) -> None:
    small_journal(SqliteStore(path, writer="test")).close()


def test_a_writer_syncs_fully_into_a_write_ahead_log(path: Path) -> None:
    with closing(SqliteStore(path, writer="test")) as store:
        connection = store._open()
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_the_file_says_what_it_is(path: Path) -> None:
    made(path)
    assert asked(path, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert asked(path, "SELECT max(version) FROM migrations") == [(CURRENT,)]
    assert {row[5] for row in asked(path, "PRAGMA table_list") if row[1] in ("entries", "head", "migrations")} == {1}


def test_a_closed_journal_is_one_plain_file(path: Path) -> None:
    made(path)
    with closing(SqliteReader(path)) as reader:
        assert verify(reader).entries == 8
    assert [p.name for p in path.parent.iterdir()] == ["journal.db"]


def test_equal_runs_leave_equal_bytes_whoever_ran_them(tmp_path: Path) -> None:
    for name, writer in (("a.db", "rung mock"), ("b.db", "rung live, by somebody else")):
        small_journal(SqliteStore(tmp_path / name, writer=writer), entries=300).close()
    assert (tmp_path / "a.db").read_bytes() == (tmp_path / "b.db").read_bytes()


def test_a_reader_sees_what_a_writer_commits_meanwhile(path: Path) -> None:
    store = SqliteStore(path, writer="test")
    journal = small_journal(store)
    with closing(SqliteReader(path)) as reader:
        assert verify(reader).entries == 8
        journal.append(Kind.EVENT, journal.last_ns or 0, {"more": 1})
        journal.commit()
        assert verify(reader).entries == 9
    journal.close()


def test_a_reader_cannot_write(path: Path) -> None:
    made(path)
    with closing(SqliteReader(path)) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._open().execute("INSERT INTO migrations VALUES (9, 'x')")


def test_the_file_itself_refuses_edits(path: Path) -> None:
    made(path)
    with closing(sqlite3.connect(path)) as connection:
        for sql in ("UPDATE entries SET payload = x'00'", "DELETE FROM entries WHERE seq = 8"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(sql)


class TestOlderAndNewerJournals:
    def old(self, path: Path) -> None:
        """Schema 1: the entries alone."""
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute("CREATE TABLE migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT")
            connection.execute("INSERT INTO migrations VALUES (1, 'entries')")
            connection.execute(
                """CREATE TABLE entries (
                seq INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, kind TEXT NOT NULL,
                payload BLOB NOT NULL, prev_hash BLOB NOT NULL, hash BLOB NOT NULL) STRICT"""
            )
            connection.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", chain(5))

    def test_an_older_journal_is_read_as_it_is(self, path: Path) -> None:
        self.old(path)
        with closing(SqliteReader(path)) as reader:
            assert verify(reader).entries == 5
        assert asked(path, "SELECT max(version) FROM migrations") == [(1,)]

    def test_an_older_journal_is_migrated_by_its_next_writer(self, path: Path) -> None:
        self.old(path)
        with closing(SqliteStore(path, writer="test")) as store:
            assert list(store.read()) == chain(5)
            store.append(chain(6)[5:])
        with closing(SqliteReader(path)) as reader:
            assert verify(reader).entries == 6
        assert asked(path, "SELECT version, name FROM migrations") == [
            (1, "entries"),
            (2, "append only"),
            (3, "head note with fencing token"),
        ]

    def test_an_older_journal_may_be_empty(self, path: Path) -> None:
        self.old(path)
        doctored(path, "DELETE FROM entries")
        with closing(SqliteStore(path, writer="test")) as store:
            assert store.head() is None

    def test_a_newer_journal_refuses_and_stays_as_it_was(self, path: Path) -> None:
        made(path)
        doctored(path, "INSERT INTO migrations VALUES (99, 'from the future')")
        before = path.read_bytes()
        for opening in (lambda: SqliteStore(path, writer="test"), lambda: SqliteReader(path)):
            with pytest.raises(UserError, match=r"has schema 99; this Rung knows up to 3 — upgrade Rung"):
                opening()
        assert asked(path, "SELECT count(*) FROM entries") == [(8,)]
        assert path.read_bytes()[100:] == before[100:]


class TestFilesThatAreNoJournal:
    def test_another_database_is_left_alone(self, path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE recipes (name TEXT)")
        before = path.read_bytes()
        for opening in (lambda: SqliteStore(path, writer="test"), lambda: SqliteReader(path)):
            with pytest.raises(UserError, match="not a Rung journal"):
                opening()
        assert path.read_bytes() == before

    def test_a_text_file_is_left_alone(self, path: Path) -> None:
        path.write_text("a diary, and a long one at that " * 100)
        for opening in (lambda: SqliteStore(path, writer="test"), lambda: SqliteReader(path)):
            with pytest.raises(UserError, match="not a SQLite journal"):
                opening()
        assert path.read_text().startswith("a diary")

    def test_nothing_is_read_where_nothing_is(self, path: Path) -> None:
        with pytest.raises(UserError, match="no such journal"):
            SqliteReader(path)
        assert not path.exists()
        with pytest.raises(UserError, match="no such folder"):
            SqliteStore(path / "in" / "nowhere.db", writer="test")

    def test_an_empty_file_becomes_a_journal_for_a_writer_only(self, path: Path) -> None:
        path.touch()
        with pytest.raises(UserError, match="not a Rung journal"):
            SqliteReader(path)
        made(path)


class TestCutsAndInsertionsAtTheEnd:
    def test_a_cut_tail_shows_by_the_noted_head(self, path: Path) -> None:
        made(path)
        doctored(path, "DELETE FROM entries WHERE seq > 6")
        with (
            closing(SqliteReader(path)) as reader,
            pytest.raises(Tampered, match="entry 7 is missing, and the journal notes its head at entry 8"),
        ):
            verify(reader)
        with pytest.raises(Tampered):
            SqliteStore(path, writer="test")

    def test_an_edit_before_the_cut_is_named_first(self, path: Path) -> None:
        made(path)
        doctored(path, "DELETE FROM entries WHERE seq > 6", "UPDATE entries SET at_ns = 5 WHERE seq = 3")
        with closing(SqliteReader(path)) as reader, pytest.raises(Tampered, match="entry 3"):
            verify(reader)

    def test_an_addition_shows(self, path: Path) -> None:
        made(path)
        doctored(path, "INSERT INTO entries SELECT 9, at_ns, kind, payload, prev_hash, hash FROM entries WHERE seq = 8")
        with closing(SqliteReader(path)) as reader, pytest.raises(Tampered, match="entry 9"):
            verify(reader)

    def test_a_smuggled_entry_before_the_first_shows(self, path: Path) -> None:
        made(path)
        doctored(
            path, "INSERT INTO entries SELECT -4, at_ns, kind, payload, prev_hash, hash FROM entries WHERE seq = 8"
        )
        with closing(SqliteReader(path)) as reader, pytest.raises(Tampered, match="entry -4 comes again"):
            verify(reader)

    def test_a_note_that_is_gone_shows(self, path: Path) -> None:
        made(path)
        doctored(path, "DELETE FROM head")
        with closing(SqliteReader(path)) as reader, pytest.raises(Tampered, match="note of its own head is gone"):
            verify(reader)


class TestDisksThatFail:
    def test_a_full_disk_loses_the_open_group_only(self, path: Path) -> None:
        store = SqliteStore(path, writer="test")
        journal = Journal(store)
        journal.append(Kind.RUN_OPENED, 1, {})
        pages = store._open().execute("PRAGMA page_count").fetchone()[0]
        store._open().execute(f"PRAGMA max_page_count = {pages}")
        full = False
        while not full:
            try:
                journal.append(Kind.EVENT, 1, {"x": "y" * 300})
            except NotDurable as error:
                full = "full" in str(error)
        with pytest.raises(NotDurable, match="failed before"):
            journal.append(Kind.EVENT, 1, {})
        kept = journal.head.seq - 1
        journal.close()
        with closing(SqliteReader(path)) as reader:
            assert verify(reader).entries == kept
        made_again = Journal(SqliteStore(path, writer="test"))
        made_again.append(Kind.EVENT, 1, {"x": 1})
        made_again.close()

    def test_a_read_only_folder_is_one_line_and_can_still_be_read(self, path: Path) -> None:
        made(path)
        path.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
        path.parent.chmod(0o555)
        for folder in path.parents:
            if str(folder).startswith("/tmp/pytest"):
                folder.chmod(folder.stat().st_mode | 0o055)
        code = (
            "import os, sys, pathlib\n"
            "from rung.adapters.stores.sqlite import SqliteReader, SqliteStore\n"
            "from rung.journal.verify import verify\n"
            "from rung.domain.errors import UserError\n"
            "os.geteuid() == 0 and os.setuid(65534)\n"
            "path = pathlib.Path(sys.argv[1])\n"
            "print(verify(SqliteReader(path)).entries)\n"
            "try:\n    SqliteStore(path, writer='test')\n"
            "except UserError as error:\n    print(error)\n"
        )
        done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, cwd="/")
        path.parent.chmod(0o755)
        assert done.stderr == ""
        entries, said = done.stdout.splitlines()
        assert entries == "8"
        assert "Permission denied" in said

    def test_a_locked_database_is_not_durable(self, path: Path) -> None:
        store = SqliteStore(path, writer="test")
        store._open().execute("PRAGMA busy_timeout = 10")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(NotDurable, match="locked"):
                store.append(chain(1))
            other.execute("ROLLBACK")
        store.append(chain(1))
        store.close()


def test_a_backup_is_whole_while_a_desk_writes(path: Path) -> None:
    target = path.with_name("copy.db")
    with closing(SqliteStore(path, writer="test")) as store:
        journal = small_journal(store)
        with closing(SqliteReader(path)) as reader:
            reader.backup(target)
        journal.append(Kind.EVENT, journal.last_ns or 0, {})
    with closing(SqliteReader(target)) as copy:
        assert verify(copy).entries == 8
    assert sorted(p.name for p in path.parent.iterdir()) == ["copy.db", "journal.db"]


def test_a_backup_that_cannot_be_written_leaves_nothing(path: Path) -> None:
    made(path)
    with closing(SqliteReader(path)) as reader, pytest.raises(UserError, match="the backup failed"):
        reader.backup(path.parent / "no" / "copy.db")
    assert os.listdir(path.parent) == ["journal.db"]


def test_a_link_to_a_journal_has_the_lease_of_the_journal(tmp_path: Path) -> None:
    path, link, folder = tmp_path / "journal.db", tmp_path / "link.db", tmp_path / "linked"
    link.symlink_to(path)
    folder.symlink_to(tmp_path)
    first = SqliteStore(path, writer="first")
    for other in (link, folder / "journal.db"):
        with pytest.raises(UserError, match="already written to by first"):
            SqliteStore(other, writer="second")
    small_journal(first).close()
    assert [p.name for p in tmp_path.glob("*.lock")] == []
