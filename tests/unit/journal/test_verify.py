"""Verification: each way of editing a journal, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.unit.journal.made import KEY, OPEN, small_journal

from rung.adapters.stores.memory import MemoryStore
from rung.domain.errors import Tampered, UserError
from rung.journal.anchors import Anchor
from rung.journal.entry import Entry, Head, Kind, genesis, seal
from rung.journal.verify import KeyMismatch, verify, verify_share

Edit = Callable[[list[Entry]], None]


def edited(edit: Edit, key: bytes | None = None) -> MemoryStore:
    store = MemoryStore()
    small_journal(store, key=key)
    edit(store._entries)
    return store


def rechained(entries: list[Entry], start: int, key: bytes | None = None) -> None:
    """What an attacker does who can hash: make every entry from `start` on follow the one before it again."""
    head = Head(start - 1, entries[start - 2].hash if start > 1 else genesis(key))
    for i in range(start - 1, len(entries)):
        entries[i] = seal(head, entries[i].at_ns, Kind(entries[i].kind), entries[i].payload, key)
        head = Head(entries[i].seq, entries[i].hash)


def change(i: int, **columns: object) -> Edit:
    def edit(entries: list[Entry]) -> None:
        entries[i] = entries[i]._replace(**columns)  # type: ignore[arg-type]

    return edit


def swap_contents(entries: list[Entry]) -> None:
    a, b = entries[3], entries[4]
    entries[3], entries[4] = b._replace(seq=4), a._replace(seq=5)


def swap_places(entries: list[Entry]) -> None:
    entries[3], entries[4] = entries[4], entries[3]


def repeat(entries: list[Entry]) -> None:
    entries.insert(4, entries[3])


def smuggle_before(entries: list[Entry]) -> None:
    entries.insert(0, entries[0]._replace(seq=0))


def replace_one_and_reseal_it(entries: list[Entry]) -> None:
    entries[4] = seal(Head(4, entries[3].hash), OPEN, Kind.EVENT, b'{"n":"forged"}', None)


EDITS: dict[str, tuple[Edit, str]] = {
    "payload": (change(4, payload=b'{"n":99}'), "entry 5 (event) was edited: its content does not match its hash"),
    "instant": (change(4, at_ns=OPEN), "entry 5 (event) was edited: its content does not match its hash"),
    "kind": (change(4, kind="fill"), "entry 5 (fill) was edited: its content does not match its hash"),
    "no kind": (change(4, kind="evil"), "entry 5 was edited: 'evil' is no kind of entry"),
    "hash": (change(4, hash=bytes(32)), "entry 5 (event) was edited: its content does not match its hash"),
    "link": (change(4, prev_hash=bytes(32)), "entry 5 (event) does not follow entry 4"),
    "first link": (
        change(0, prev_hash=b"\x01" * 32),
        "entry 1 (run_opened) was edited: it points back to something else",
    ),
    "first payload": (change(0, payload=b"{}"), "entry 1 (run_opened) was edited"),
    "one gone": (lambda entries: entries.pop(4) and None, "entry 5 is missing: 4 is followed at 6"),
    "three gone": (lambda entries: entries.__delitem__(slice(3, 6)), "entries 4 to 6 are missing: 3 is followed at 7"),
    "first gone": (lambda entries: entries.pop(0) and None, "entry 1 is missing: the journal starts at 2"),
    "contents swapped": (swap_contents, "entry 4 (event) does not follow entry 3"),
    "places swapped": (swap_places, "entry 4 is missing: 3 is followed at 5"),
    "repeated": (repeat, "entry 4 comes again after entry 4"),
    "smuggled before": (smuggle_before, "entry 0 comes again after entry 0"),
    "resealed": (replace_one_and_reseal_it, "entry 6 (event) does not follow entry 5"),
}


def test_an_untouched_journal_holds() -> None:
    for key in (None, KEY):
        store = MemoryStore()
        journal = small_journal(store, key=key)
        found = verify(store, key=key)
        assert (found.entries, found.head, found.anchors, found.keyed) == (8, journal.head, 0, key is not None)


def test_an_empty_journal_holds() -> None:
    assert verify(MemoryStore()).head is None


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_found_and_the_first_bad_entry_named(name: str) -> None:
    edit, said = EDITS[name]
    with pytest.raises(Tampered) as caught:
        verify(edited(edit))
    assert caught.value.what.startswith(said)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("name", EDITS)
def test_a_key_finds_the_same_edits(name: str) -> None:
    with pytest.raises(Tampered):
        verify(edited(EDITS[name][0], KEY), key=KEY)


class TestACutTail:
    def test_is_found_by_an_anchor(self) -> None:
        store = MemoryStore()
        head = small_journal(store).head
        del store._entries[6:]
        assert verify(store).entries == 6
        with pytest.raises(Tampered, match="entry 7 is missing, and an anchor remembers up to entry 8"):
            verify(store, anchors=[Anchor(head.seq, head.hash, OPEN)])

    def test_of_everything_is_found_by_an_anchor(self) -> None:
        with pytest.raises(Tampered, match="entry 1 is missing"):
            verify(MemoryStore(), anchors=[Anchor(3, bytes(32), OPEN)])


class TestAChainWrittenAnew:
    def forged(self, key: bytes | None, forgers_key: bytes | None) -> tuple[MemoryStore, Anchor]:
        store = MemoryStore()
        head = small_journal(store, key=key).head
        change(4, payload=b'{"n":"forged"}')(store._entries)
        rechained(store._entries, 1 if forgers_key != key else 5, forgers_key)
        return store, Anchor(head.seq, head.hash, OPEN)

    def test_is_found_by_an_anchor(self) -> None:
        store, anchor = self.forged(None, None)
        assert verify(store).entries == 8
        with pytest.raises(Tampered, match="entry 8 is not the one an anchor remembers"):
            verify(store, anchors=[anchor])

    def test_is_found_by_every_anchor_even_when_a_later_line_repeats_its_number(self) -> None:
        store, anchor = self.forged(None, None)
        honest_looking = Anchor(8, store._entries[7].hash, OPEN + 1)
        with pytest.raises(Tampered):
            verify(store, anchors=[anchor, honest_looking])

    def test_without_the_key_is_found_by_the_key(self) -> None:
        store, _ = self.forged(KEY, None)
        with pytest.raises(KeyMismatch, match="written anew without it"):
            verify(store, key=KEY)

    def test_with_another_key_is_found_by_the_key(self) -> None:
        store, _ = self.forged(KEY, b"the forger's own key")
        with pytest.raises(KeyMismatch, match="does not belong to this journal"):
            verify(store, key=KEY)

    def test_from_the_middle_without_the_key_is_found_by_the_key(self) -> None:
        store = MemoryStore()
        small_journal(store, key=KEY)
        change(4, payload=b'{"n":"forged"}')(store._entries)
        rechained(store._entries, 5, None)
        with pytest.raises(Tampered, match=r"entry 5 \(event\) was edited"):
            verify(store, key=KEY)


def test_a_keyed_journal_asks_for_its_key() -> None:
    store = MemoryStore()
    small_journal(store, key=KEY)
    with pytest.raises(UserError, match="none was given — set RUNG_JOURNAL_KEY"):
        verify(store)


def test_a_share_holds_only_when_all_of_it_is_there() -> None:
    store = MemoryStore()
    head = small_journal(store).head
    assert verify_share(store, 3, 8, None, ()).head == head
    assert verify_share(store, 0, 3, None, ()).head.seq == 3
    with pytest.raises(Tampered, match="entry 9 is missing"):
        verify_share(store, 3, 10, None, ())
    with pytest.raises(Tampered, match="entry 20 is missing"):
        verify_share(store, 20, 30, None, ())


def test_progress_is_told() -> None:
    store, heard = MemoryStore(), list[int]()
    small_journal(store)
    verify(store, progress=heard.append)
    assert heard == [8]
