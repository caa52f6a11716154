"""Whatever is done to a journal's entries or file, verification finds it, or it changed nothing."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.journal.made import KEY, OPEN, small_journal

from rung.adapters.stores.memory import MemoryStore
from rung.adapters.stores.sqlite import SqliteReader, SqliteStore
from rung.domain.errors import Tampered, UserError
from rung.journal.anchors import Anchor
from rung.journal.entry import Entry, Head, Kind, genesis, seal
from rung.journal.journal import Durability, Journal
from rung.journal.verify import verify

LENGTH = 12


def entries_of(key: bytes | None) -> list[Entry]:
    store = MemoryStore()
    small_journal(store, key=key, entries=LENGTH)
    return list(store.read())


PLAIN, KEYED = entries_of(None), entries_of(KEY)


def holding(entries: list[Entry]) -> MemoryStore:
    store = MemoryStore()
    store._entries = entries
    return store


@settings(max_examples=150)
@given(st.lists(st.integers(0, LENGTH - 1), max_size=LENGTH + 3))
def test_no_other_selection_or_order_of_entries_holds(picks: list[int]) -> None:
    store = holding([PLAIN[i] for i in picks])
    anchor = Anchor(LENGTH, PLAIN[-1].hash, OPEN)
    if picks == list(range(len(picks))):
        assert verify(store).entries == len(picks)
    else:
        with pytest.raises(Tampered):
            verify(store)
    if picks != list(range(LENGTH)):
        with pytest.raises(Tampered):
            verify(store, anchors=[anchor])


@settings(max_examples=150)
@given(st.integers(0, LENGTH - 1), st.integers(0, 5), st.integers(1, 255), st.integers(0, 10**6), st.booleans())
def test_no_changed_byte_holds(row: int, column: int, flip: int, position: int, keyed: bool) -> None:
    entries = list(KEYED if keyed else PLAIN)
    value = entries[row][column]
    changed: object
    if isinstance(value, int):
        changed = value ^ (1 << (position % 62))
    elif isinstance(value, bytes):
        at = position % len(value)
        changed = value[:at] + bytes([value[at] ^ flip]) + value[at + 1 :]
    else:
        kinds = [k.value for k in Kind if k.value != value] + ["", value.upper()]
        changed = kinds[position % len(kinds)]
    columns = list(entries[row])
    columns[column] = changed  # type: ignore[call-overload]
    entries[row] = Entry._make(columns)
    with pytest.raises(UserError):
        verify(holding(entries), key=KEY if keyed else None)


@settings(max_examples=60)
@given(st.integers(0, LENGTH - 1), st.sampled_from([None, b"the forger's own key"]), st.booleans())
def test_no_chain_written_anew_without_the_key_holds(start: int, forger: bytes | None, from_start: bool) -> None:
    entries = list(KEYED)
    entries[start] = entries[start]._replace(payload=b'{"forged":true}')
    first = 0 if from_start else start
    head = Head(first, entries[first - 1].hash if first else genesis(forger))
    for i in range(first, LENGTH):
        entries[i] = seal(head, entries[i].at_ns, Kind(entries[i].kind), entries[i].payload, forger)
        head = Head(entries[i].seq, entries[i].hash)
    with pytest.raises(Tampered):
        verify(holding(entries), key=KEY)
    with pytest.raises(UserError):
        verify(holding(entries), key=forger, anchors=[Anchor(LENGTH, KEYED[-1].hash, OPEN)])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("journal") / "journal.db"
    small_journal(SqliteStore(path, writer="test"), entries=LENGTH).close()
    return path


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 10**7), flip=st.integers(1, 255))
def test_no_byte_of_the_file_can_change_what_is_read(file: Path, position: int, flip: int) -> None:
    """Unused bytes may change; what is read back either is what was written, or is refused."""
    broken = bytearray(file.read_bytes())
    broken[position % len(broken)] ^= flip
    copy = file.with_name("copy.db")
    copy.write_bytes(broken)
    for end in ("-wal", "-shm", "-journal"):
        copy.with_name(copy.name + end).unlink(missing_ok=True)
    try:
        with closing(SqliteReader(copy)) as reader:
            assert verify(reader).entries == LENGTH
            assert list(reader.read()) == PLAIN
    except UserError:
        return


facts = st.tuples(st.sampled_from([k for k in Kind if k not in (Kind.STEP, Kind.INTENT)]), st.integers(-50, 50))


@settings(max_examples=100)
@given(st.lists(facts, max_size=20), st.integers(1, 7), st.sets(st.integers(0, 19)))
def test_no_grouping_and_no_restart_changes_the_chain(
    told: list[tuple[Kind, int]], group: int, restarts: set[int]
) -> None:
    def chain(durability: Durability, stops: set[int]) -> list[Entry]:
        store = MemoryStore()
        journal = Journal(store, durability=durability)
        for i, (kind, at_ns) in enumerate(told):
            if i in stops:
                journal.commit()
                journal = Journal(store, durability=durability)
            journal.append(kind, at_ns, {"i": i})
        journal.commit()
        return list(store.read())

    plain = chain(Durability.EACH, set())
    assert chain(Durability.grouped(group), restarts) == plain
    assert verify(holding(plain)).entries == len(plain)
