"""A latch: trips by itself, stays tripped, opens again by its own timer or by a person with a reason.

Pure state: time and facts are arguments, and the whole of it is a plain dict that survives a restart bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from rung.domain.errors import UserError
from rung.domain.session import Session
from rung.domain.verdicts import ViolationKind
from rung.risk.states import TradingState


@dataclass(frozen=True, slots=True, kw_only=True)
class LatchFacts:
    """What latches look at, once per slice.

    equity_quote : marked to market; non-finite trips.   flow_quote : deposits less withdrawals since the last tick,
    already inside the equity.   closed_trades_quote : net P&L of the latest round trips, newest last, as in Account.
    slippage_bps : what crossing cost in each fill since the last tick, in basis points of its reference price.
    """

    at_ns: int
    session: Session
    equity_quote: Decimal
    flow_quote: Decimal = Decimal(0)
    closed_trades_quote: tuple[Decimal, ...] = ()
    slippage_bps: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """What a tripped latch means.

    cooldown_ns : it may open by itself this long after it tripped, if its condition is gone; None waits for a person.
    next_period : it may also open by itself when the next period of its limit begins.
    flatten : positions are to be closed.   kill : the kill switch is to be thrown.
    revert : people are asked to go back to the parameters before the present ones.
    """

    state: TradingState
    kind: ViolationKind
    cooldown_ns: int | None = None
    next_period: bool = False
    flatten: bool = False
    kill: bool = False
    revert: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """Why and since when a latch is tripped. until_ns : None waits for a person."""

    at_ns: int
    reason: str
    value: str
    limit: str
    until_ns: int | None


class LatchChange(StrEnum):
    WARNED = "WARNED"
    TRIPPED = "TRIPPED"
    REARMED = "REARMED"


@dataclass(frozen=True, slots=True, kw_only=True)
class LatchEvent:
    """Something a person should read and the journal must keep. person : empty when the timer did it."""

    change: LatchChange
    latch: str
    at_ns: int
    reason: str
    person: str = ""
    consequence: Consequence

    def __str__(self) -> str:
        by = f" by {self.person}" if self.person else ""
        said = f"latch {self.latch} {self.change.value.lower()}{by}: {self.reason}"
        asks = self.change is LatchChange.TRIPPED and self.consequence.revert
        return f"{said}; go back to the parameters before these" if asks else said


class Latch:
    """The part every latch shares. Subclasses measure in `_measure`, say so, and forget in `_start_anew`."""

    measures: ClassVar[bool] = False
    """True for a latch that trips by what it is shown; the others are tripped from outside."""

    def __init__(self, name: str, consequence: Consequence) -> None:
        self.name = name
        self.consequence = consequence
        self.tripped: Trip | None = None
        self.warned = False

    def trip(self, at_ns: int, reason: str, value: str = "", limit: str = "") -> tuple[LatchEvent, ...]:
        """Trip now; nothing when tripped already: the first reason stands."""
        if self.tripped is not None:
            return ()
        cooldown_ns = self.consequence.cooldown_ns
        until_ns = None if cooldown_ns is None else at_ns + cooldown_ns
        self.tripped = Trip(at_ns=at_ns, reason=reason, value=value, limit=limit, until_ns=until_ns)
        return (self._event(LatchChange.TRIPPED, at_ns, reason),)

    def tick(self, facts: LatchFacts) -> tuple[LatchEvent, ...]:
        """Measure, then trip, warn or — timer over and condition gone — open."""
        return self._measure(facts)

    def rearm(self, at_ns: int, person: str, reason: str) -> LatchEvent:
        """Open by hand: whoever does it accepts what happened so far, and the measure starts anew."""
        if self.tripped is None:
            raise UserError(f"latch {self.name} is not tripped", remedy="see `rung risk show`")
        if not person.strip() or not reason.strip():
            raise UserError("a latch is re-armed by a person with a reason", remedy="name both")
        if at_ns < self.tripped.at_ns:
            raise UserError(f"latch {self.name} tripped after the given time", remedy="check the clock")
        self.tripped, self.warned = None, False
        self._start_anew()
        return self._event(LatchChange.REARMED, at_ns, reason, person)

    def to_dict(self) -> dict[str, Any]:
        """Everything there is to know, in strings, integers and lists."""
        trip = None if self.tripped is None else asdict(self.tripped)
        return {"tripped": trip, "warned": self.warned, "consequence": _plain(self.consequence), **self._memory()}

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Back to what `to_dict` said. The consequence stays the configured one."""
        trip = memory["tripped"]
        self.tripped = None if trip is None else Trip(**trip)
        self.warned = bool(memory["warned"])
        self._recall(memory)

    def _measure(self, facts: LatchFacts) -> tuple[LatchEvent, ...]:
        return self._cool_down(facts.at_ns)

    def _start_anew(self) -> None:
        """Forget what led to the trip."""

    def _memory(self) -> dict[str, Any]:
        return {}

    def _recall(self, memory: Mapping[str, Any]) -> None:
        """Take back what `_memory` gave."""

    def _cool_down(self, at_ns: int) -> tuple[LatchEvent, ...]:
        """Open when the timer is over. Called only while the condition is gone."""
        trip = self.tripped
        if trip is None or not self._timer_over(at_ns):
            return ()
        self.tripped, self.warned = None, False
        return (self._event(LatchChange.REARMED, at_ns, f"cooldown over ({trip.reason})"),)

    def _timer_over(self, at_ns: int) -> bool:
        return self.tripped is not None and self.tripped.until_ns is not None and at_ns >= self.tripped.until_ns

    def _warn(self, at_ns: int, reason: str) -> tuple[LatchEvent, ...]:
        if self.warned or self.tripped is not None:
            return ()
        self.warned = True
        return (self._event(LatchChange.WARNED, at_ns, reason),)

    def _event(self, change: LatchChange, at_ns: int, reason: str, person: str = "") -> LatchEvent:
        return LatchEvent(
            change=change,
            latch=self.name,
            at_ns=at_ns,
            reason=reason,
            person=person,
            consequence=self.consequence,
        )


def consequence_of(memory: Mapping[str, Any]) -> Consequence:
    """The consequence a stored latch had when it was stored."""
    stored = memory["consequence"]
    return Consequence(**{**stored, "state": TradingState(stored["state"]), "kind": ViolationKind(stored["kind"])})


def _plain(consequence: Consequence) -> dict[str, Any]:
    return {**asdict(consequence), "state": consequence.state.value, "kind": consequence.kind.value}
