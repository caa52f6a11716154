"""The loop of a desk that trades: look outside, step, remember; and when it fails, the kill switch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rung.domain.clock import Clock
from rung.domain.errors import Fatal
from rung.domain.slice import Slice
from rung.domain.step import Step
from rung.engine.desk import Desk
from rung.engine.failsafe import Failsafe
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

    Per slice: read the kill switch, maintenance, wishes and transfers; step; throw the kill switch when a latch asks
    for it or the strategy failed; save the memory of risk; journal the step. A strategy that fails is not asked again:
    the desk goes on to withdraw, exit and flatten. Any other exception throws the kill switch, with the error as
    reason, and is raised.
    Between bars the feed yields slices without bars (at least twice a second on a live feed): the loop looks, and
    steps only when something outside has changed.
    """

    def __init__(
        self, *, desk: Desk, guard: Guard, strategy: Failsafe, outside: Outside, journal: Journal, around: Surroundings
    ) -> None:
        self._desk = desk
        self._guard = guard
        self._strategy = strategy
        self._outside = outside
        self._journal = journal
        self._around = around
        self._told: dict[str, Record] = {}
        self._snapshot: Mapping[str, Any] | None = None

    def run(self, feed: Iterable[Slice]) -> Iterator[Step]:
        """Step through `feed` until it ends, or until one slice after somebody stops the loop.

        In that last slice nothing opens and unfilled openings are withdrawn; positions keep their protection.
        """
        slices = iter(feed)
        while True:
            try:
                event = next(slices, None)
                if event is None:
                    return
                stopping = self._around.stopping()
                changed = self._look(stopping)
                if not event.bars and not changed:
                    continue
                step = self._step(event)
            except Exception as error:
                self._fail(error)
                raise
            yield step
            if stopping is not None:
                return

    def _step(self, event: Slice) -> Step:
        step = self._desk.step(event)
        self._kill_if_asked()
        self._snapshot = snapshot(step.account)
        self._around.save(self._guard.memory(), self._snapshot)
        self._journal.record(step, self._around.clock.now_ns())
        return step

    def _fail(self, error: Exception) -> None:
        """Kill first; then keep what risk knows, as far as that is still possible."""
        reason = f"the desk failed: {type(error).__name__}: {error}"
        self._around.kill_switch.kill(person="rung", reason=reason, flatten=isinstance(error, Fatal))
        if self._snapshot is not None:
            with suppress(Exception):
                self._around.save(self._guard.memory(), self._snapshot)

    def _look(self, stopping: str | None) -> bool:
        """Take in what changed outside; True when something did. The first look is always told: a replay must know
        how things stood.
        """
        state = kill_record(self._around.kill_switch.read())
        records = [
            record
            for record in (state, maintenance_record(self._around.maintenance()))
            if self._told.get(record["event"]) != record
        ]
        self._told |= {record["event"]: record for record in records}
        records += [rearm_record(wish) for wish in self._around.wishes()]
        records += self._around.transfers()
        if stopping is not None:
            records.append(stop_record(stopping))
        for record in records:
            self._take_in(record)
        return bool(records)

    def _take_in(self, record: Record) -> None:
        at_ns = self._around.clock.now_ns()
        self._journal.append(Kind.EVENT, at_ns, record)
        said = self._outside.apply(record, at_ns)
        self._journal.append(Kind.EVENT, at_ns, {"event": "told", "said": said})

    def _kill_if_asked(self) -> None:
        """A latch that kills, and a strategy that fails, do so through the one switch everybody reads."""
        if self._guard.kill.why() is not None:
            return
        latches, failure = self._guard.latches, self._strategy.failure
        if latches.wants_kill:
            reason = next(trip.reason for trip, then in latches.tripped.values() if then.kill)
            self._around.kill_switch.kill(person="rung", reason=reason, flatten=latches.wants_flat)
        elif failure is not None:
            reason = f"the strategy failed: {type(failure).__name__}: {failure}"
            self._around.kill_switch.kill(person="rung", reason=reason, flatten=isinstance(failure, Fatal))
