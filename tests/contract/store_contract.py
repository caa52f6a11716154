"""What every store promises. A subclass gives the fixture `place`: where one journal can be opened again and again."""

from __future__ import annotations

from typing import Protocol

import pytest
from tests.unit.journal.made import KEY, OPEN, approved, small_journal, step

from rung.domain.errors import Tampered, UserError
from rung.journal.anchors import Anchor
from rung.journal.entry import Entry, Head, Kind, genesis, seal
from rung.journal.journal import Durability, Journal, opened, steps
from rung.journal.store import FIRST, LAST, Fenced, NotDurable, Reads, Store
from rung.journal.verify import verify


class Place(Protocol):
    """Opens the same journal as its writer or as somebody who only looks."""

    def writer(self, name: str = "first", *, takeover: bool = False) -> Store: ...

    def reader(self) -> Reads: ...


def chain(length: int) -> list[Entry]:
    entries, head = [], Head(0, genesis(None))
    for n in range(1, length + 1):
        entries.append(seal(head, OPEN + n, Kind.EVENT, b'{"n":%d}' % n, None))
        head = Head(n, entries[-1].hash)
    return entries


class StoreContract:
    """For stores of every kind."""

    def test_a_new_store_is_empty(self, place: Place) -> None:
        store = place.writer()
        assert store.head() is None
        assert list(store.read()) == []
        store.close()

    def test_what_was_appended_is_read_back_bit_for_bit_and_in_order(self, place: Place) -> None:
        entries = chain(7)
        store = place.writer()
        store.append(entries[:1])
        store.append(entries[1:])
        store.commit()
        assert list(store.read()) == entries
        assert store.head() == Head(7, entries[-1].hash)
        store.close()

    def test_both_ends_of_a_range_are_included(self, place: Place) -> None:
        entries = chain(9)
        store = place.writer()
        store.append(entries)
        store.commit()
        assert list(store.read(3, 5)) == entries[2:5]
        assert list(store.read(8)) == entries[7:]
        assert list(store.read(10)) == []
        assert [row for batch in store.batches(FIRST, LAST) for row in batch] == [tuple(e) for e in entries]
        assert [row for batch in store.batches(9, 9) for row in batch] == [tuple(entries[8])]
        store.close()

    def test_a_long_journal_is_read_page_by_page_without_loss(self, place: Place) -> None:
        entries = chain(4_001)
        store = place.writer()
        store.append(entries)
        store.commit()
        assert [e.seq for e in store.read()] == list(range(1, 4_002))
        assert [e.seq for e in store.read(2_000, 2_001)] == [2_000, 2_001]
        store.close()

    @pytest.mark.parametrize(("after", "bad"), [(0, 1), (3, 0), (3, 2), (3, 4)])
    def test_a_hole_a_repeat_or_another_chain_is_refused(self, place: Place, after: int, bad: int) -> None:
        store, entries = place.writer(), chain(6)
        store.append(entries[:after])
        with pytest.raises(ValueError, match="cannot follow"):
            store.append([entries[bad]])
        alien = entries[after]._replace(prev_hash=b"\x01" * 32)
        if after:
            with pytest.raises(ValueError, match="does not hang"):
                store.append([alien])
        store.append(entries[after : after + 1])
        store.commit()
        assert [e.seq for e in store.read()] == list(range(1, after + 2))
        store.close()

    def test_after_closing_nothing_can_be_written(self, place: Place) -> None:
        store = place.writer()
        store.close()
        store.close()
        with pytest.raises(NotDurable):
            store.append(chain(1))

    def test_payloads_of_any_bytes_and_instants_of_any_sign_survive(self, place: Place) -> None:
        store = place.writer()
        odd = seal(Head(0, genesis(None)), -(2**62), Kind.EVENT, b"\x00\xff\x00" + bytes(range(256)), None)
        store.append([odd])
        store.commit()
        assert list(store.read()) == [odd]
        store.close()

    @pytest.mark.parametrize("key", [None, KEY])
    def test_a_journal_of_it_verifies_and_gives_its_steps_back(self, place: Place, key: bytes | None) -> None:
        journal = Journal(place.writer(), key=key, durability=Durability.grouped(4))
        recorded = [step(n) for n in range(1, 11)]
        for one in recorded:
            journal.record(one)
        journal.commit()
        reader = place.reader()
        assert list(steps(reader)) == recorded
        assert verify(reader, key=key).head == journal.head
        reader.close()
        journal.close()

    def test_a_receipt_means_that_others_can_read_the_intent(self, place: Place) -> None:
        journal = Journal(place.writer(), durability=Durability.grouped(1_000))
        journal.append(Kind.RUN_OPENED, OPEN, {})
        receipt = journal.record_intent(approved(), OPEN)
        reader = place.reader()
        (entry,) = reader.read(receipt.seq, receipt.seq)
        assert entry.hash == receipt.hash
        assert opened(entry) == receipt.thing == approved()
        reader.close()
        journal.close()


class DurableStoreContract(StoreContract):
    """For stores that outlive the process."""

    def test_the_chain_goes_on_where_it_was_left(self, place: Place) -> None:
        first = small_journal(place.writer())
        head = first.head
        first.close()
        again = Journal(place.writer())
        assert again.head == head
        assert again.last_ns == OPEN + 8
        again.append(Kind.EVENT, OPEN + 9, {})
        again.close()
        reader = place.reader()
        assert verify(reader).entries == 9
        reader.close()

    def test_what_was_not_committed_is_not_seen_by_others(self, place: Place) -> None:
        store = place.writer()
        store.append(chain(2))
        reader = place.reader()
        assert reader.head() is None
        store.commit()
        assert reader.head() == store.head()
        reader.close()
        store.close()

    def test_closing_commits(self, place: Place) -> None:
        store = place.writer()
        store.append(chain(2))
        store.close()
        reader = place.reader()
        assert [e.seq for e in reader.read()] == [1, 2]
        reader.close()

    def test_a_second_writer_is_told_who_holds_the_journal(self, place: Place) -> None:
        store = place.writer("rung live on alpha")
        with pytest.raises(UserError, match="rung live on alpha"):
            place.writer("rung live on beta")
        store.close()
        place.writer("rung live on beta").close()

    def test_a_fenced_writer_can_write_no_more_and_loses_nothing_it_had_committed(self, place: Place) -> None:
        entries = chain(4)
        stale = place.writer("stale")
        stale.append(entries[:2])
        stale.commit()
        fresh = place.writer("fresh", takeover=True)
        with pytest.raises(Fenced, match="fresh"):
            stale.append(entries[2:3])
        with pytest.raises(Fenced):
            stale.append(entries[2:])
        fresh.append(entries[2:])
        fresh.commit()
        assert list(fresh.read()) == entries
        stale.close()
        with pytest.raises(UserError, match="fresh"):
            place.writer("a third")
        fresh.close()

    def test_two_journals_with_the_same_facts_have_the_same_head(self, place: Place) -> None:
        from rung.adapters.stores.memory import MemoryStore

        here, there = small_journal(place.writer()), small_journal(MemoryStore())
        assert here.head == there.head
        here.close()

    def test_a_wrong_key_is_not_an_edit(self, place: Place) -> None:
        small_journal(place.writer(), key=KEY).close()
        reader = place.reader()
        with pytest.raises(Tampered, match="the key does not belong to this journal"):
            verify(reader, key=b"another key altogether")
        with pytest.raises(UserError, match="none was given"):
            verify(reader)
        reader.close()
        with pytest.raises(UserError, match="none was given"):
            self._closing(place)

    @staticmethod
    def _closing(place: Place) -> None:
        store = place.writer()
        try:
            Journal(store)
        finally:
            store.close()

    def test_a_head_told_outside_is_compared(self, place: Place) -> None:
        journal = small_journal(place.writer())
        entry = next(journal_entry for journal_entry in place_entries(place) if journal_entry.seq == 5)
        journal.close()
        reader = place.reader()
        assert verify(reader, anchors=[Anchor(5, entry.hash, OPEN)]).anchors == 1
        with pytest.raises(Tampered, match="entry 5 is not the one an anchor remembers"):
            verify(reader, anchors=[Anchor(5, bytes(32), OPEN)])
        with pytest.raises(Tampered, match="entry 9 is missing"):
            verify(reader, anchors=[Anchor(12, bytes(32), OPEN)])
        reader.close()


def place_entries(place: Place) -> list[Entry]:
    reader = place.reader()
    entries = list(reader.read())
    reader.close()
    return entries
