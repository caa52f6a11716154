"""Recovery: torn tails are cut back to the last whole entry; edits are not healed."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from tests.unit.adapters.stores.test_sqlite import doctored
from tests.unit.journal.made import KEY, OPEN, small_journal

from rung.adapters.stores.jsonl import JsonlReader, export
from rung.adapters.stores.recover import recover
from rung.adapters.stores.sqlite import SqliteReader, SqliteStore
from rung.domain.errors import Tampered, UserError
from rung.journal.entry import Kind
from rung.journal.journal import Durability, Journal
from rung.journal.verify import verify

ENTRIES = 400


def long_journal(path: Path, key: bytes | None = None) -> None:
    with Journal(SqliteStore(path, writer="test"), key=key, durability=Durability.grouped(50)) as journal:
        for n in range(ENTRIES):
            journal.append(Kind.EVENT, OPEN + n, {"n": n, "text": "x" * 300})


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("lost_bytes", [1, 5_000, 60_000])
def test_a_file_cut_short_keeps_every_whole_entry_and_says_how_many_are_lost(
    tmp_path: Path, lost_bytes: int, key: bytes | None
) -> None:
    path = tmp_path / "journal.db"
    long_journal(path, key)
    whole = path.read_bytes()
    path.write_bytes(whole[:-lost_bytes])
    with pytest.raises(UserError):
        _verified(path, key)
    found = recover(path, key=key)
    assert 0 < found.kept < ENTRIES
    assert found.lost == ENTRIES - found.kept
    assert found.damaged is not None
    assert found.damaged.read_bytes() == whole[:-lost_bytes]
    assert _verified(path, key) == found.kept
    assert sorted(p.name for p in tmp_path.iterdir()) == ["journal.db", "journal.db.damaged-1"]
    with Journal(SqliteStore(path, writer="test"), key=key) as journal:
        journal.append(Kind.RECOVERED, OPEN + ENTRIES, {"kept": found.kept})
    assert _verified(path, key) == found.kept + 1


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("kept_frac", [0.9, 0.5, 0.25])
def test_a_file_cut_in_the_middle_keeps_what_is_there_though_sqlite_has_lost_its_way(
    tmp_path: Path, kept_frac: float, key: bytes | None
) -> None:
    """Large entries make a tall tree; its upper pages lie far from the beginning and go with the cut."""
    path = tmp_path / "journal.db"
    entries = 3_000
    with Journal(SqliteStore(path, writer="test"), key=key, durability=Durability.grouped(500)) as journal:
        for n in range(entries):
            journal.append(Kind.EVENT, OPEN + n, {"n": n, "text": "x" * 9_000})
    length = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(int(length * kept_frac))
    found = recover(path, key=key)
    assert found.kept >= int(entries * kept_frac) - 10
    assert found.lost == entries - found.kept
    assert _verified(path, key) == found.kept


def test_a_page_of_the_tree_that_is_rubbish_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal(SqliteStore(path, writer="test"), durability=Durability.grouped(500)) as journal:
        for n in range(3_000):
            journal.append(Kind.EVENT, OPEN + n, {"n": n, "text": "x" * 500})
    content = bytearray(path.read_bytes())
    inner = [p for p in range(1, len(content) // 4096) if content[p * 4096] == 5]
    assert inner
    for page in inner:
        content[page * 4096 : page * 4096 + 4096] = b"\xa5" * 4096
    path.write_bytes(content)
    found = recover(path)
    assert (found.kept, found.lost) == (3_000, 0)
    assert _verified(path) == 3_000


def test_a_file_of_which_no_entry_is_whole_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    long_journal(path)
    with path.open("r+b") as file:
        file.truncate(5_000)
    before = path.read_bytes()
    with pytest.raises(UserError, match="not one entry could be kept"):
        recover(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["journal.db"]


def test_the_wrong_key_is_said_also_of_a_torn_file(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    long_journal(path, KEY)
    path.write_bytes(path.read_bytes()[:-60_000])
    with pytest.raises(UserError, match="does not belong"):
        recover(path, key=b"another key altogether")
    assert [p.name for p in tmp_path.iterdir()] == ["journal.db"]


def test_a_linked_name_is_healed_where_the_file_is(tmp_path: Path) -> None:
    path, link = tmp_path / "journal.db", tmp_path / "link.db"
    long_journal(path)
    path.write_bytes(path.read_bytes()[:-5_000])
    link.symlink_to(path)
    found = recover(link)
    assert link.is_symlink()
    assert _verified(path) == found.kept > 0


def test_a_tail_overwritten_with_rubbish_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    long_journal(path)
    content = bytearray(path.read_bytes())
    content[-9_000:] = b"\xa5" * 9_000
    path.write_bytes(content)
    found = recover(path)
    assert 0 < found.kept < ENTRIES
    assert found.lost == ENTRIES - found.kept
    assert _verified(path) == found.kept


def _verified(path: Path, key: bytes | None = None) -> int:
    with closing(SqliteReader(path)) as reader:
        return verify(reader, key=key).entries


def test_a_whole_journal_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    long_journal(path)
    before = path.read_bytes()
    found = recover(path)
    assert (found.kept, found.lost, found.reason, found.damaged) == (ENTRIES, 0, "nothing is wrong", None)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["journal.db"]


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE entries SET at_ns = 5 WHERE seq = 300",
        "DELETE FROM entries WHERE seq = 200",
        "DELETE FROM entries WHERE seq > 390",
    ],
)
def test_an_edit_is_not_healed(tmp_path: Path, edit: str) -> None:
    path = tmp_path / "journal.db"
    long_journal(path)
    doctored(path, edit)
    with pytest.raises(Tampered):
        recover(path)
    assert [p.name for p in tmp_path.iterdir()] == ["journal.db"]


def test_a_journal_in_use_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = small_journal(SqliteStore(path, writer="rung mock"))
    with pytest.raises(UserError, match="rung mock"):
        recover(path)
    journal.close()


def test_a_second_damage_gets_a_name_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    for number in (1, 2):
        path.unlink(missing_ok=True)
        long_journal(path)
        path.write_bytes(path.read_bytes()[:-5_000])
        found = recover(path)
        assert found.damaged is not None
        assert found.damaged.name == f"journal.db.damaged-{number}"


def test_a_file_without_a_beginning_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"\x00" * 5_000)
    with pytest.raises(UserError, match="nothing can be read from this file"):
        recover(path)
    with pytest.raises(UserError, match="no such journal"):
        recover(tmp_path / "none.db")
    assert [p.name for p in tmp_path.iterdir()] == ["journal.db"]


class TestLines:
    def made(self, tmp_path: Path, key: bytes | None = None) -> Path:
        store = SqliteStore(tmp_path / "journal.db", writer="test")
        small_journal(store, key=key)
        export(store.read(), tmp_path / "journal.jsonl")
        store.close()
        return tmp_path / "journal.jsonl"

    @pytest.mark.parametrize("lost_bytes", [1, 2, 150])
    def test_a_torn_last_line_is_dropped(self, tmp_path: Path, lost_bytes: int) -> None:
        path = self.made(tmp_path)
        whole = path.read_bytes()
        whole = whole[: whole.index(b'{"end_seq"')]
        path.write_bytes(whole[:-lost_bytes])
        found = recover(path)
        assert (found.kept, found.lost) == (7, None)
        assert "cut short" in found.reason
        assert verify(JsonlReader(path)).entries == 7
        assert found.damaged is not None
        assert found.damaged.read_bytes() == whole[:-lost_bytes]

    def test_a_torn_note_of_the_end_costs_no_entry(self, tmp_path: Path) -> None:
        path = self.made(tmp_path)
        path.write_bytes(path.read_bytes()[:-30])
        found = recover(path)
        assert (found.kept, found.lost) == (8, 0)
        assert verify(JsonlReader(path)).entries == 8

    def test_a_note_of_the_end_that_more_entries_led_to_is_not_healed(self, tmp_path: Path) -> None:
        path = self.made(tmp_path)
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join([*lines[:5], lines[-1]]))
        with pytest.raises(Tampered, match="cut off after entry 5"):
            recover(path)

    def test_a_file_of_which_nothing_is_whole_is_left_as_it_is(self, tmp_path: Path) -> None:
        path = self.made(tmp_path)
        torn = path.read_bytes()[:50]
        path.write_bytes(torn)
        with pytest.raises(UserError, match="not one entry could be kept"):
            recover(path)
        assert path.read_bytes() == torn

    def test_whole_lines_are_left_as_they_are(self, tmp_path: Path) -> None:
        path = self.made(tmp_path, KEY)
        before = path.read_bytes()
        assert recover(path, key=KEY).damaged is None
        assert path.read_bytes() == before

    def test_an_edited_line_is_not_healed(self, tmp_path: Path) -> None:
        path = self.made(tmp_path)
        path.write_bytes(path.read_bytes().replace(b'"note":"xxxx"', b'"note":"xxyx"')[:-10])
        with pytest.raises(Tampered, match=r"entry 4 \(event\) was edited"):
            recover(path)
