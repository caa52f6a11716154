"""The journal: order, commits, clocks, receipts, failure."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.unit.journal.made import KEY, MINUTE, OPEN, approved, fill, small_journal, step

import rung
from rung.adapters.stores.memory import MemoryStore
from rung.domain.durable import Durable
from rung.domain.errors import Fatal, Tampered, UserError
from rung.journal.entry import Entry, Head, Kind
from rung.journal.journal import ClockWentBack, Durability, Journal, entries, opened, steps
from rung.journal.store import NotDurable


class CountingStore(MemoryStore):
    """Counts commits; breaks when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.commits = 0
        self.broken = False

    def append(self, entries: Sequence[Entry]) -> None:
        if self.broken:
            raise NotDurable("the disk is full")
        super().append(entries)

    def commit(self) -> None:
        self.commits += 1


def test_every_entry_is_its_own_commit_when_asked() -> None:
    store = CountingStore()
    journal = Journal(store, durability=Durability.EACH)
    for n in range(1, 6):
        journal.record(step(n))
    assert store.commits == 5


def test_a_group_shares_one_commit_and_closing_takes_the_rest() -> None:
    store = CountingStore()
    journal = Journal(store, durability=Durability.grouped(4))
    for n in range(1, 11):
        journal.record(step(n))
    assert store.commits == 2
    assert store.head() == Head(8, list(store.read())[-1].hash)
    journal.close()
    assert store.commits == 3
    assert [e.seq for e in store.read()] == list(range(1, 11))


def test_a_group_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Durability.grouped(0)


def test_the_size_of_the_group_does_not_change_the_chain() -> None:
    heads = set()
    for durability in (Durability.EACH, Durability.grouped(3), Durability.grouped(1_000)):
        with Journal(MemoryStore(), durability=durability) as journal:
            for n in range(1, 8):
                journal.record(step(n))
            heads.add(journal.head)
    assert len(heads) == 1


def test_the_key_changes_the_chain() -> None:
    assert small_journal(MemoryStore()).head != small_journal(MemoryStore(), key=KEY).head


def test_steps_and_facts_come_back_as_they_were() -> None:
    store = MemoryStore()
    journal = Journal(store)
    journal.append(Kind.RUN_OPENED, OPEN, {"run": "r"})
    journal.record(step(1))
    journal.append(Kind.ACK, OPEN + MINUTE, fill())
    journal.record(step(2))
    assert list(steps(store)) == [step(1), step(2)]
    (told,) = entries(store, [Kind.ACK])
    assert opened(told) == fill()
    assert [e.kind for e in entries(store)] == ["run_opened", "step", "ack", "step"]


def test_an_intent_is_on_disk_before_its_receipt_is_handed_out() -> None:
    store = CountingStore()
    journal = Journal(store, durability=Durability.grouped(1_000))
    journal.record(step(1))
    receipt = journal.record_intent(approved(), OPEN + MINUTE)
    assert store.commits == 1
    assert store.head() == Head(receipt.seq, receipt.hash)
    assert receipt == Durable(approved(), 2, journal.head.hash)


def test_without_a_disk_there_is_no_receipt_and_nothing_goes_on() -> None:
    store = CountingStore()
    journal = Journal(store, durability=Durability.grouped(1_000))
    store.broken = True
    with pytest.raises(NotDurable, match="the disk is full"):
        journal.record_intent(approved(), OPEN)
    store.broken = False
    for attempt in (
        lambda: journal.record(step(9)),
        lambda: journal.append(Kind.EVENT, OPEN, {}),
        lambda: journal.record_intent(approved(2), OPEN),
        journal.commit,
    ):
        with pytest.raises(NotDurable, match="failed before"):
            attempt()
    journal.close()
    assert list(store.read()) == []


def test_a_full_disk_stops_the_desk_and_tells_the_person() -> None:
    assert issubclass(NotDurable, Fatal)
    assert issubclass(NotDurable, UserError)
    assert NotDurable("x").exit_code == 2


class TestAClockThatGoesBack:
    def journal(self) -> tuple[Journal, MemoryStore]:
        store = MemoryStore()
        journal = Journal(store)
        journal.append(Kind.RUN_OPENED, OPEN + 5 * MINUTE, {})
        return journal, store

    def test_opens_no_risk(self) -> None:
        journal, store = self.journal()
        with pytest.raises(ClockWentBack):
            journal.record(step(1))
        with pytest.raises(ClockWentBack):
            journal.record_intent(approved(), OPEN)
        with pytest.raises(ClockWentBack):
            journal.append(Kind.INTENT, OPEN, approved())
        assert [e.kind for e in store.read()] == ["run_opened"]

    def test_does_not_block_an_exit(self) -> None:
        journal, store = self.journal()
        receipt = journal.record_intent(approved(reduce_only=True), OPEN)
        assert receipt.seq == 3
        assert [e.kind for e in store.read()] == ["run_opened", "event", "intent"]

    def test_loses_no_fact_and_is_noted(self) -> None:
        journal, store = self.journal()
        journal.append(Kind.ACK, OPEN, fill())
        noted, told = list(store.read())[1:]
        assert opened(noted) == {"event": "clock_went_back", "from_ns": OPEN + 5 * MINUTE, "to_ns": OPEN}
        assert (noted.at_ns, told.at_ns) == (OPEN + 5 * MINUTE, OPEN)
        assert opened(told) == fill()

    def test_stays_shut_until_the_clock_is_right_again(self) -> None:
        journal, _ = self.journal()
        journal.append(Kind.ACK, OPEN, fill())
        with pytest.raises(ClockWentBack):
            journal.record(step(1))
        journal.record(step(5))
        assert journal.last_ns == OPEN + 5 * MINUTE

    def test_is_remembered_over_a_restart(self) -> None:
        journal, store = self.journal()
        journal.append(Kind.ACK, OPEN, fill())
        again = Journal(store)
        assert again.last_ns == OPEN + 5 * MINUTE
        with pytest.raises(ClockWentBack):
            again.record(step(1))

    def test_may_go_back_for_a_new_run(self) -> None:
        journal, _ = self.journal()
        journal.append(Kind.RUN_OPENED, OPEN, {})
        journal.record(step(1))


def test_a_journal_without_its_first_entry_is_not_written_to() -> None:
    store = MemoryStore()
    small_journal(store)
    del store._entries[0]
    with pytest.raises(Tampered, match="entry 1 is missing"):
        Journal(store)


def test_one_function_makes_receipts() -> None:
    source = Path(rung.__file__).parent
    makers = {
        f"{path.relative_to(source)}:{function.name}"
        for path in source.rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(function, ast.FunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and re.fullmatch(r"(\w+\.)*Durable(\[.*\])?", ast.unparse(call.func))
    }
    assert makers == {"journal/journal.py:record_intent"}
