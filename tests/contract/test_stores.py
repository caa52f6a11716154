"""Memory, SQLite and PostgreSQL under the same contract."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import psycopg
import pytest
from tests.contract.postgres_server import postgres_dsn
from tests.contract.store_contract import DurableStoreContract, Place, StoreContract, chain
from tests.unit.journal.made import small_journal

from rung.adapters.stores.memory import MemoryStore
from rung.adapters.stores.postgres import PostgresReader, PostgresStore
from rung.adapters.stores.sqlite import SqliteReader, SqliteStore
from rung.domain.errors import Tampered, UserError
from rung.journal.store import NotDurable
from rung.journal.verify import verify

__all__ = ["postgres_dsn"]


class InMemory:
    def __init__(self) -> None:
        self.store = MemoryStore()

    def writer(self, name: str = "first", *, takeover: bool = False) -> MemoryStore:
        return self.store

    def reader(self) -> MemoryStore:
        return self.store


class TestMemory(StoreContract):
    @pytest.fixture
    def place(self) -> Place:
        return InMemory()


class InFile:
    def __init__(self, path: Path) -> None:
        self.path = path

    def writer(self, name: str = "first", *, takeover: bool = False) -> SqliteStore:
        return SqliteStore(self.path, writer=name, takeover=takeover)

    def reader(self) -> SqliteReader:
        return SqliteReader(self.path)


class TestSqlite(DurableStoreContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return InFile(tmp_path / "journal.db")


class OnServer:
    names = count(1)

    def __init__(self, dsn: str) -> None:
        self.dsn, self.name = dsn, f"journal {next(self.names)}"

    def writer(self, name: str = "first", *, takeover: bool = False) -> PostgresStore:
        return PostgresStore(self.dsn, journal=self.name, writer=name, takeover=takeover)

    def reader(self) -> PostgresReader:
        return PostgresReader(self.dsn, journal=self.name)


class TestPostgres(DurableStoreContract):
    @pytest.fixture
    def place(self, postgres_dsn: str) -> Iterator[Place]:
        return OnServer(postgres_dsn)

    def test_the_server_refuses_to_change_or_delete_entries(self, postgres_dsn: str) -> None:
        place = OnServer(postgres_dsn)
        small_journal(place.writer()).close()
        with psycopg.connect(postgres_dsn, autocommit=True) as connection:
            for sql in ("UPDATE rung_entries SET at_ns = 1", "DELETE FROM rung_entries", "TRUNCATE rung_entries"):
                with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                    connection.execute(sql)

    def test_a_cut_tail_shows_by_the_noted_head(self, postgres_dsn: str) -> None:
        place = OnServer(postgres_dsn)
        small_journal(place.writer()).close()
        with psycopg.connect(postgres_dsn, autocommit=True) as connection:
            connection.execute("ALTER TABLE rung_entries DISABLE TRIGGER ALL")
            connection.execute("DELETE FROM rung_entries WHERE journal = %s AND seq = 8", (place.name,))
            connection.execute("ALTER TABLE rung_entries ENABLE TRIGGER ALL")
        with closing(place.reader()) as reader, pytest.raises(Tampered, match="at entry 8, but the last entry is 7"):
            verify(reader)
        with pytest.raises(Tampered):
            place.writer()

    def test_a_lost_connection_makes_nothing_durable(self, postgres_dsn: str) -> None:
        place = OnServer(postgres_dsn)
        store = place.writer()
        store.append(chain(1))
        with psycopg.connect(postgres_dsn, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                "AND backend_type = 'client backend'"
            )
        with pytest.raises(NotDurable, match="PostgreSQL"):
            store.commit()
        store.close()
        with closing(place.writer("next")) as following:
            assert following.head() is None

    def test_a_journal_that_is_not_there_and_a_server_that_is_not_there_are_said_in_one_line(
        self, postgres_dsn: str
    ) -> None:
        OnServer(postgres_dsn).writer().close()
        with pytest.raises(UserError, match="no journal named 'none such'"):
            PostgresReader(postgres_dsn, journal="none such")
        with pytest.raises(UserError) as caught:
            PostgresReader("host=127.0.0.1 port=1 user=u password=swordfish", journal="x")
        assert "cannot reach PostgreSQL" in str(caught.value)
        assert "swordfish" not in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_a_user_who_may_not_make_tables_is_told_in_one_line(self, postgres_dsn: str) -> None:
        with psycopg.connect(postgres_dsn, autocommit=True) as connection:
            connection.execute("CREATE DATABASE guarded")
            connection.execute("CREATE ROLE guest LOGIN")
        guest = postgres_dsn.replace("user=rung", "user=guest").replace("dbname=postgres", "dbname=guarded")
        with pytest.raises(UserError, match="permission denied"):
            PostgresStore(guest, journal="j", writer="guest")
        with pytest.raises(UserError, match="no journals of this version"):
            PostgresReader(guest, journal="j")

    def test_a_newer_schema_refuses_and_an_older_one_migrates(self, postgres_dsn: str) -> None:
        with psycopg.connect(postgres_dsn, autocommit=True) as connection:
            connection.execute("CREATE DATABASE older")
            connection.execute("CREATE DATABASE newer")
        older, newer = (
            postgres_dsn.replace("dbname=postgres", "dbname=older"),
            postgres_dsn.replace("dbname=postgres", "dbname=newer"),
        )
        entries = chain(3)
        with psycopg.connect(older, autocommit=True) as connection:
            connection.execute("CREATE TABLE rung_migrations (version int PRIMARY KEY, name text NOT NULL)")
            connection.execute("INSERT INTO rung_migrations VALUES (1, 'entries')")
            connection.execute(
                """CREATE TABLE rung_entries (
                journal text NOT NULL, seq bigint NOT NULL, at_ns bigint NOT NULL, kind text NOT NULL,
                payload bytea NOT NULL, prev_hash bytea NOT NULL, hash bytea NOT NULL, PRIMARY KEY (journal, seq))"""
            )
            connection.cursor().executemany(
                "INSERT INTO rung_entries VALUES ('j', %s, %s, %s, %b, %b, %b)", [tuple(e) for e in entries]
            )
        store = PostgresStore(older, journal="j", writer="new")
        assert list(store.read()) == entries
        assert verify(store).entries == 3
        store.close()
        PostgresStore(newer, journal="j", writer="new").close()
        with psycopg.connect(newer, autocommit=True) as connection:
            connection.execute("INSERT INTO rung_migrations VALUES (99, 'from the future')")
        for opening in (
            lambda: PostgresStore(newer, journal="j", writer="old"),
            lambda: PostgresReader(newer, journal="j"),
        ):
            with pytest.raises(UserError, match="upgrade Rung"):
                opening()
