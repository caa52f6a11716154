"""All latches of one account: ticked together, stored together, none lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from rung.domain.errors import UserError
from rung.domain.verdicts import ViolationKind
from rung.risk.latch import Consequence, Latch, LatchEvent, LatchFacts, Trip, consequence_of
from rung.risk.loss_latch import LossLatch
from rung.risk.states import TradingState, worst

CLOCK = "clock"
MANUAL = "manual"
_HALT = Consequence(state=TradingState.HALTED, kind=ViolationKind.TRADING_STATE)


class Latches:
    """The latches of one account and the trading state that follows from them.

    The state is the worst any tripped latch asks for, so that a milder one never overwrites it. Two latches are
    always there: `manual`, tripped by people, and `clock`, tripped when time goes back.
    A stored latch that the configuration no longer knows stays, tripped, until a person re-arms it: no limit is
    escaped by deleting it from a file.
    """

    def __init__(self, latches: Iterable[Latch]) -> None:
        every = (*latches, Latch(MANUAL, _HALT), Latch(CLOCK, _HALT))
        self._latches = {latch.name: latch for latch in every}
        if len(self._latches) != len(every):
            raise ValueError("two latches share a name")
        self.last_ns: int | None = None
        self._look()

    def tick(self, facts: LatchFacts) -> tuple[LatchEvent, ...]:
        """Show one slice to every latch; what changed comes back, in the order of the latches."""
        if self.last_ns is not None and facts.at_ns < self.last_ns:
            reason = f"time went back from {self.last_ns} to {facts.at_ns}"
            back = self._latches[CLOCK].trip(facts.at_ns, reason, str(facts.at_ns), str(self.last_ns))
            self._look()
            return back
        self.last_ns = facts.at_ns
        events: list[LatchEvent] = []
        for latch in self._live:
            events.extend(latch.tick(facts))
        if events:
            self._look()
        return tuple(events)

    @property
    def rest(self) -> bool:
        """True while no latch measures and none is tripped."""
        return not self._live

    def passes(self, at_ns: int) -> bool:
        """True when there is nothing to show to anybody: no latch measures, none is tripped, time went on. Then the
        time is noted, as `tick` would do; otherwise nothing is done.
        """
        if self._live or (self.last_ns is not None and at_ns < self.last_ns):
            return False
        self.last_ns = at_ns
        return True

    def trip(self, name: str, at_ns: int, reason: str) -> tuple[LatchEvent, ...]:
        """Trip one latch from outside (a person, a failing part of the desk)."""
        events = self._latch(name).trip(at_ns, reason)
        self._look()
        return events

    def rearm(self, name: str, at_ns: int, person: str, reason: str) -> LatchEvent:
        """Open one latch by hand. A latch only kept because it was stored tripped is forgotten with that.

        Whoever opens `clock` accepts the present time, whatever was told before.
        """
        latch = self._latch(name)
        event = latch.rearm(at_ns, person, reason)
        if name == CLOCK:
            self.last_ns = None
        if isinstance(latch, _Orphan):
            del self._latches[name]
        self._look()
        return event

    @property
    def tripped(self) -> Mapping[str, tuple[Trip, Consequence]]:
        """The tripped ones, by name."""
        return self._tripped

    @property
    def state(self) -> TradingState:
        """The worst that any tripped latch asks for."""
        return self._state

    @property
    def opens_nothing(self) -> bool:
        """True while the state lets nothing open."""
        return self._opens_nothing

    @property
    def wants_flat(self) -> bool:
        """True while a tripped latch asks that positions be closed."""
        return self._wants_flat

    @property
    def wants_kill(self) -> bool:
        """True while a tripped latch asks for the kill switch."""
        return self._wants_kill

    def losses(self) -> tuple[LossLatch, ...]:
        """The loss limits, to show their usage."""
        return tuple(latch for latch in self._latches.values() if isinstance(latch, LossLatch))

    def to_dict(self) -> dict[str, Any]:
        """Plain values only; `restore` brings them back bit for bit."""
        return {
            "last_ns": self.last_ns,
            "latches": {name: latch.to_dict() for name, latch in self._latches.items()},
        }

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Back to what `to_dict` said, for the latches configured now.

        A loss rule that is new (another file, another profile) goes on from what a former rule of the same period has
        measured, the highest beginning of several: renaming a limit does not forgive a loss.
        """
        self.last_ns = memory["last_ns"]
        for name, stored in memory["latches"].items():
            latch = self._latches.get(name)
            if latch is None:
                if stored["tripped"] is None:
                    continue
                latch = self._latches[name] = _Orphan(name, consequence_of(stored))
            latch.restore(stored)
        for latch in self.losses():
            if latch.name not in memory["latches"]:
                self._continue(latch, memory["latches"].values())
        self._look()

    def _continue(self, latch: LossLatch, stored: Iterable[Mapping[str, Any]]) -> None:
        period = latch.rule.period.value
        kept = [each for each in stored if each.get("measures") == period and each["base"] is not None]
        if kept:
            latch.continue_from(max(kept, key=lambda each: Decimal(each["base"])))

    def _look(self) -> None:
        """Gates ask far more often than anything changes."""
        self._tripped = {
            name: (latch.tripped, latch.consequence)
            for name, latch in self._latches.items()
            if latch.tripped is not None
        }
        consequences = [consequence for _, consequence in self._tripped.values()]
        self._state = worst(consequence.state for consequence in consequences)
        self._opens_nothing = self._state.opens_nothing
        self._wants_flat = any(consequence.flatten for consequence in consequences)
        self._wants_kill = any(consequence.kill for consequence in consequences)
        self._live = tuple(e for e in self._latches.values() if e.measures or e.tripped is not None)

    def _latch(self, name: str) -> Latch:
        if name not in self._latches:
            known = ", ".join(self._latches)
            raise UserError(f"there is no latch {name!r}", remedy=f"choose one of {known}")
        return self._latches[name]


class _Orphan(Latch):
    """A tripped latch whose limit is no longer configured: it knows no condition, so no timer opens it."""

    def _measure(self, facts: LatchFacts) -> tuple[LatchEvent, ...]:
        return ()
