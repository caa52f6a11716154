"""Journals as JSON lines: there and back, and every edit of a line found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.journal.made import KEY, small_journal, step

from rung.adapters.stores.jsonl import JsonlReader, export, line_of, named
from rung.adapters.stores.memory import MemoryStore
from rung.adapters.stores.verify_file import verify_file
from rung.domain.errors import Tampered, UserError
from rung.journal.entry import Entry, Kind
from rung.journal.journal import Journal, steps
from rung.journal.verify import verify


def made(path: Path, key: bytes | None = None) -> list[Entry]:
    store = MemoryStore()
    small_journal(store, key=key)
    assert export(store.read(), path) == 8
    return list(store.read())


@pytest.mark.parametrize("key", [None, KEY])
def test_an_exported_journal_reads_back_and_verifies(tmp_path: Path, key: bytes | None) -> None:
    entries = made(tmp_path / "j.jsonl", key)
    reader = JsonlReader(tmp_path / "j.jsonl")
    assert list(reader.read()) == entries
    assert list(reader.read(3, 4)) == entries[2:4]
    assert verify(reader, key=key).entries == 8
    reader.close()


def test_steps_read_back_from_lines(tmp_path: Path) -> None:
    store = MemoryStore()
    journal = Journal(store)
    journal.record(step(1))
    export(store.read(), tmp_path / "j.jsonl")
    assert list(steps(JsonlReader(tmp_path / "j.jsonl"))) == [step(1)]


def test_every_line_is_json_with_the_payload_inside(tmp_path: Path) -> None:
    made(tmp_path / "j.jsonl")
    first = json.loads((tmp_path / "j.jsonl").read_text().splitlines()[0])
    assert list(first) == ["seq", "at_ns", "kind", "payload", "prev_hash", "hash"]
    assert first["payload"] == {"config": "7c1f", "run": "test"}


def test_a_step_by_name_says_what_every_number_is() -> None:
    store = MemoryStore()
    Journal(store).record(step(1))
    (entry,) = store.read()
    told = named(entry)
    assert told["kind"] == Kind.STEP
    assert told["payload"]["account"]["cash_quote"] == "99000.10"
    assert told["payload"]["event"]["bars"]["TQQQ"]["close"] == 20.25
    assert json.loads(json.dumps(told))["payload"]["verdicts"][1]["violations"][0]["limit"] == "2"


def test_an_empty_file_is_no_journal_but_an_empty_journal_is_one(tmp_path: Path) -> None:
    (tmp_path / "j.jsonl").touch()
    with pytest.raises(UserError, match="the file is empty"):
        JsonlReader(tmp_path / "j.jsonl")
    assert export(iter(()), tmp_path / "e.jsonl") == 0
    assert verify(JsonlReader(tmp_path / "e.jsonl")).entries == 0


@pytest.mark.parametrize("kept", range(8))
def test_a_file_cut_at_the_end_of_a_line_is_found_when_its_note_of_the_end_stays(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "j.jsonl"
    made(path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:kept], lines[-1]]))
    with pytest.raises(Tampered, match=f"the end was cut off: entry {kept + 1} is missing.*at entry 8"):
        verify(JsonlReader(path))


def test_a_file_without_the_note_of_its_end_reads_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    entries = made(path)
    assert JsonlReader(path).noted_end
    assert verify_file(path).noted_end
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert list(JsonlReader(path).read()) == entries
    assert not verify_file(path).noted_end


def test_lines_behind_the_noted_end_and_another_hash_in_it_are_edits(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    made(path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines, lines[0]]))
    with pytest.raises(Tampered, match="line 10 was added behind the noted end"):
        verify(JsonlReader(path))
    path.write_bytes(b"".join([*lines[:-1], lines[-1].replace(b'hash":"', b'hash":"00')]))
    with pytest.raises(Tampered):
        verify(JsonlReader(path))


def test_a_name_that_comes_twice_in_a_line_is_an_edit(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    made(path)
    whole = path.read_bytes()
    for line, first in ((2, b'{"seq":3,'), (4, b'{"payload":{"n":99},'), (8, b'{"end_seq":3,')):
        lines = whole.splitlines(keepends=True)
        lines[line] = first + lines[line][1:]
        path.write_bytes(b"".join(lines))
        with pytest.raises(Tampered, match=f"line {line + 1} was edited"):
            verify(JsonlReader(path))


def test_an_export_by_name_says_that_it_cannot_be_verified(tmp_path: Path) -> None:
    store = MemoryStore()
    small_journal(store)
    export(store.read(), tmp_path / "n.jsonl", by_name=True)
    with pytest.raises(UserError, match="exported by name") as caught:
        verify(JsonlReader(tmp_path / "n.jsonl"))
    assert caught.value.exit_code == 2


def test_every_byte_of_a_line_counts(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    lines = [line_of(entry) for entry in made(path)[:3]]
    for position in range(len(lines[1]) - 1):
        broken = bytearray(lines[1])
        broken[position] ^= 1
        path.write_bytes(lines[0] + bytes(broken) + lines[2])
        with pytest.raises(UserError):
            verify(JsonlReader(path))


@pytest.mark.parametrize("at_ns", ["1e5", "-1e400", "99999999999999999999999", '"x"', "null"])
def test_a_number_no_journal_can_hold_is_an_edit(tmp_path: Path, at_ns: str) -> None:
    path = tmp_path / "j.jsonl"
    made(path)
    lines = path.read_text().splitlines(keepends=True)
    lines[2] = lines[2].replace('"at_ns":1757943000000000003', f'"at_ns":{at_ns}')
    path.write_text("".join(lines))
    with pytest.raises(Tampered, match="line 3 was edited: it is not an entry"):
        verify(JsonlReader(path))


def test_lines_out_of_order_or_missing_are_found(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    lines = [line_of(entry) for entry in made(path)]
    for wrong in (lines[:3:-1] + lines[:4], [lines[1], lines[0]], lines[1:], lines[:4] + lines[5:], [*lines, lines[0]]):
        path.write_bytes(b"".join(wrong))
        with pytest.raises(Tampered, match=r"entry|entries"):
            verify(JsonlReader(path))


def test_a_torn_line_asks_for_recovery(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    made(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    with pytest.raises(UserError, match=r"line 9 is cut short: the end is lost — run `rung journal recover`"):
        verify(JsonlReader(path))
    path.write_bytes(whole[: whole.index(b'{"end_seq"') - 20])
    with pytest.raises(UserError, match=r"line 8 is cut short: its entry is lost — run `rung journal recover`"):
        verify(JsonlReader(path))


def test_an_export_never_overwrites_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    made(path)
    with pytest.raises(UserError, match="exists already"):
        export(iter(()), path)
    with pytest.raises(UserError, match="cannot write"):
        export(iter(()), tmp_path / "no" / "j.jsonl")

    def breaking() -> object:
        yield from JsonlReader(path).read()
        raise UserError("the journal file is damaged")

    with pytest.raises(UserError, match="damaged"):
        export(breaking(), tmp_path / "half.jsonl")  # type: ignore[arg-type]
    assert [p.name for p in tmp_path.iterdir()] == ["j.jsonl"]


def test_nothing_is_read_where_nothing_is(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such journal"):
        JsonlReader(tmp_path / "none.jsonl")
