"""The loop of a desk that trades: look outside, step, remember; and when it fails, the kill switch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rung.domain.clock import Clock
from rung.domain.slice import Slice
from rung.domain.step import Step
from rung.engine.desk import Desk
from rung.engine.outside import Outside, Record, kill_record, maintenance_record, rearm_record, stop_record
from rung.journal.entry import Kind
from rung.journal.journal import Journal
from rung.risk.guard import Guard
from rung.risk.kill import KillSwitch
from rung.risk.memory import snapshot
from rung.risk.rearming import Rearming

Save = Callable[[Mapping[str, Any], Mapping[str, Any]], None]
"""Keeps what risk must not forget, and figures of the account for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where the loop looks before each step, and what it leaves behind after it.

    maintenance : why entries are blocked, None when they are not.   wishes : latches people want opened, each given
    once.   transfers : records of money paid in or out since the last look.   stopping : which signal or
    person wants the loop to end, None while nobody does.
    """

    clock: Clock
    kill_switch: KillSwitch
    save: Save
    maintenance: Callable[[], str | None] = lambda: None
    wishes: Callable[[], Sequence[Rearming]] = tuple
    transfers: Callable[[], Sequence[Record]] = tuple
    stopping: Callable[[], str | None] = lambda: None


class TradingLoop:
    """Runs one desk on one account. Everything it lets in is in the journal before the desk hears of it.

    Per slice: read the kill switch, maintenance, wishes and transfers; step; throw the kill switch if a latch asks
    for it; journal the step; save the memory of risk. Any exception on the way throws the kill switch, with the error
    as reason, and is raised.
    """

    def __init__(self, *, desk: Desk, guard: Guard, outside: Outside, journal: Journal, around: Surroundings) -> None:
        self._desk = desk
        self._guard = guard
        self._outside = outside
        self._journal = journal
        self._around = around
        self._told: dict[str, Record] = {}

    def run(self, feed: Iterable[Slice]) -> Iterator[Step]:
        """Step through `feed` until it ends, or until one slice after somebody stops the loop.

        In that last slice nothing opens and unfilled openings are withdrawn; positions keep their protection.
        """
        for event in feed:
            stopping = self._around.stopping()
            try:
                self._look(self._around.clock.now_ns())
                if stopping is not None:
                    self._take_in(stop_record(stopping), self._around.clock.now_ns())
                step = self._desk.step(event)
                self._kill_if_asked()
                self._journal.record(step, self._around.clock.now_ns())
                self._around.save(self._guard.memory(), snapshot(step.account))
            except Exception as error:
                self._around.kill_switch.kill(person="rung", reason=f"the desk failed: {type(error).__name__}: {error}")
                raise
            yield step
            if stopping is not None:
                return

    def _look(self, at_ns: int) -> None:
        """Take in what changed outside. The first look is always told: a replay must know how things stood."""
        state = kill_record(self._around.kill_switch.read())
        for record in (state, maintenance_record(self._around.maintenance())):
            if self._told.get(record["event"]) != record:
                self._told[record["event"]] = record
                self._take_in(record, at_ns)
        for wish in self._around.wishes():
            self._take_in(rearm_record(wish), at_ns)
        for record in self._around.transfers():
            self._take_in(record, at_ns)

    def _take_in(self, record: Record, at_ns: int) -> None:
        self._journal.append(Kind.EVENT, at_ns, record)
        self._outside.apply(record, at_ns)

    def _kill_if_asked(self) -> None:
        """A latch that kills does so through the one switch everybody reads."""
        latches = self._guard.latches
        if latches.wants_kill and self._guard.kill.why() is None:
            reason = next(trip.reason for trip, then in latches.tripped.values() if then.kill)
            self._around.kill_switch.kill(person="rung", reason=reason, flatten=latches.wants_flat)
