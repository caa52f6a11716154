"""Loss limits: hour, day, week, drawdown, total. Mark-to-market, with deposits and withdrawals taken out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from rung.domain.clock import NS_PER_MINUTE
from rung.risk.facts import pct
from rung.risk.latch import Consequence, Latch, LatchEvent, LatchFacts

HOUR_NS = 60 * NS_PER_MINUTE
DAY_NS = 24 * HOUR_NS
_ZERO = Decimal(0)


class Period(StrEnum):
    """Where a loss starts to count. A slice at a boundary belongs to the period it ends."""

    HOUR = "hour"
    """The UTC clock hour."""
    SESSION = "session"
    """The exchange's session, gap from the close before included."""
    DAY = "day"
    """The UTC day."""
    WEEK = "week"
    """Monday to Sunday, UTC."""
    PEAK = "peak"
    """Since the highest equity so far: drawdown."""
    START = "start"
    """Since the first slice, or the last re-arming."""


_SINCE = {
    Period.HOUR: "in this UTC hour",
    Period.SESSION: "in this session",
    Period.DAY: "on this UTC day",
    Period.WEEK: "in this week",
    Period.PEAK: "below the peak",
    Period.START: "since the start",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LossRule:
    """One loss limit: a fraction of the period's first equity, or an amount of money. origin : the set that asked.

    trips_at_limit : a loss of exactly the limit trips (else only more than that). warn_frac : share of the limit
    at which people are warned, once per period.
    """

    name: str
    origin: str
    period: Period
    consequence: Consequence
    limit_frac: Decimal | None = None
    limit_quote: Decimal | None = None
    trips_at_limit: bool = True
    warn_frac: Decimal = Decimal("0.8")

    def __post_init__(self) -> None:
        if (self.limit_frac is None) == (self.limit_quote is None):
            raise ValueError(f"{self.key}: a loss limit is either a fraction or an amount")
        if self.limit_frac is not None and not 0 < self.limit_frac <= 1:
            raise ValueError(f"{self.key}: limit {self.limit_frac} is not within (0, 1]")
        if self.limit_quote is not None and not (self.limit_quote.is_finite() and self.limit_quote > 0):
            raise ValueError(f"{self.key}: limit {self.limit_quote} is no amount of money")

    @property
    def key(self) -> str:
        return f"{self.origin}.{self.name}"

    def room_quote(self, base_quote: Decimal) -> Decimal:
        """What may be lost of `base_quote`."""
        return base_quote * self.limit_frac if self.limit_frac is not None else self.limit_quote or _ZERO

    def said(self, loss_quote: Decimal, base_quote: Decimal) -> str:
        """A loss in the words of the limit: percent of the base, or money."""
        return f"{loss_quote:.2f}" if self.limit_frac is None else pct(loss_quote / base_quote)


class LossLatch(Latch):
    """Trips when equity has fallen by the rule's limit since the period began.

    The period begins with the last equity known before it, so that a gap at the open counts. A deposit moves the
    beginning, in proportion for a fraction and by itself for an amount, so that only profit and loss move the
    difference. Non-finite equity trips and never opens.
    """

    measures = True

    def __init__(self, rule: LossRule) -> None:
        super().__init__(rule.key, rule.consequence)
        self.rule = rule
        self._period: str | None = None
        self._base: Decimal | None = None
        self._last: Decimal | None = None
        self._trip_below = self._warn_below = _ZERO
        self._blind = False

    def usage(self) -> Decimal | None:
        """Loss so far in this period as a share of the limit, ≥ 0; None before the first measurable equity."""
        if self._base is None or self._last is None or self._base <= _ZERO:
            return None
        return max(_ZERO, self._base - self._last) / self.rule.room_quote(self._base)

    def _measure(self, facts: LatchFacts) -> tuple[LatchEvent, ...]:
        equity = facts.equity_quote
        if not equity.is_finite() or not facts.flow_quote.is_finite():
            self._blind = True
            events = self.trip(facts.at_ns, f"equity {equity} cannot be measured", str(equity), "a finite equity")
            self.tripped = None if self.tripped is None else replace(self.tripped, until_ns=None)
            return events
        if not self._begin(facts):
            reason = f"equity {equity} with flows of {facts.flow_quote} leaves nothing to measure against"
            return self.trip(facts.at_ns, reason, str(equity), "> 0")
        self._last = equity
        if equity > self._warn_below:
            return self._cool_down(facts.at_ns) if self.tripped is not None else ()
        if equity < self._trip_below or (self.rule.trips_at_limit and equity == self._trip_below):
            return self.trip(facts.at_ns, self._sentence(), self._loss(), self._limit())
        return (
            *self._cool_down(facts.at_ns),
            *self._warn(facts.at_ns, f"{self._sentence()}, {pct(self.rule.warn_frac)} of the limit is used"),
        )

    def _begin(self, facts: LatchFacts) -> bool:
        """Move the period's beginning for a new period, a flow, a new peak; False when there is nothing to measure."""
        base, equity, flow = self._base, facts.equity_quote, facts.flow_quote
        period = _period_of(self.rule.period, facts)
        if period != self._period:
            self._period, self.warned = period, False
            if self.tripped is not None and self.consequence.next_period and not self._blind:
                self.tripped = replace(self.tripped, until_ns=facts.at_ns)
            base = self._last if self._last is not None and self._last > _ZERO else None
        if base is None:
            base = equity
        elif flow:
            if equity - flow <= _ZERO or equity <= _ZERO:
                self._base = None
                return False
            base = base + flow if self.rule.limit_frac is None else base * (equity / (equity - flow))
        if self.rule.period is Period.PEAK and equity > base:
            base, self.warned = equity, False
        if base != self._base:
            self._set_base(base)
        return base > _ZERO

    def _set_base(self, base: Decimal) -> None:
        room = self.rule.room_quote(base)
        self._base = base
        self._trip_below = base - room
        self._warn_below = base - room * self.rule.warn_frac

    def _loss(self) -> str:
        base, last = self._base or _ZERO, self._last or _ZERO
        return self.rule.said(base - last, base)

    def _limit(self) -> str:
        base = self._base or _ZERO
        return self.rule.said(self.rule.room_quote(base), base)

    def _sentence(self) -> str:
        return f"{self.rule.name} is {self._loss()} {_SINCE[self.rule.period]}"

    def _start_anew(self) -> None:
        self._blind = False
        if self._last is not None and self._last > _ZERO:
            self._set_base(self._last)
        else:
            self._base = None

    def _memory(self) -> dict[str, Any]:
        return {
            "measures": self.rule.period.value,
            "blind": self._blind,
            "period": self._period,
            "base": None if self._base is None else str(self._base),
            "last": None if self._last is None else str(self._last),
        }

    def _recall(self, memory: Mapping[str, Any]) -> None:
        self._blind = bool(memory.get("blind", False))
        self.continue_from(memory)

    def continue_from(self, memory: Mapping[str, Any]) -> None:
        """Go on with the period, its beginning and the last equity that another rule of the same period has kept."""
        self._period = memory["period"]
        self._last = None if memory["last"] is None else Decimal(memory["last"])
        self._base = None
        if memory["base"] is not None:
            self._set_base(Decimal(memory["base"]))


def _period_of(period: Period, facts: LatchFacts) -> str:
    at_ns = facts.at_ns - 1
    if period is Period.HOUR:
        return str(at_ns // HOUR_NS)
    if period is Period.SESSION:
        return facts.session.date
    if period is Period.DAY:
        return str(at_ns // DAY_NS)
    if period is Period.WEEK:
        return str((at_ns // DAY_NS + 3) // 7)
    return ""
