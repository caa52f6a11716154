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


@dataclass(frozen=True, slots=True, kw_only=True)
class LossRule:
    """One loss limit. limit_frac : fraction of the period's first equity, > 0. origin : the set that asked for it.

    trips_at_limit : a loss of exactly the limit trips (else only more than that). warn_frac : share of the limit
    at which people are warned, once per period.
    """

    name: str
    origin: str
    period: Period
    limit_frac: Decimal
    consequence: Consequence
    trips_at_limit: bool = True
    warn_frac: Decimal = Decimal("0.8")

    def __post_init__(self) -> None:
        if not 0 < self.limit_frac <= 1:
            raise ValueError(f"{self.origin} {self.name}: limit {self.limit_frac} is not within (0, 1]")

    @property
    def key(self) -> str:
        return f"{self.origin}.{self.name}"


class LossLatch(Latch):
    """Trips when equity has fallen by the rule's fraction since the period began.

    The period begins with the last equity known before it, so that a gap at the open counts. A deposit moves the
    beginning in proportion, so that only profit and loss move the ratio. Non-finite equity trips and never opens.
    """

    def __init__(self, rule: LossRule) -> None:
        super().__init__(rule.key, rule.consequence)
        self.rule = rule
        self._period: str | None = None
        self._base: Decimal | None = None
        self._last: Decimal | None = None
        self._trip_below = self._warn_below = _ZERO

    def usage(self) -> Decimal | None:
        """Loss so far in this period as a share of the limit, ≥ 0; None before the first measurable equity."""
        if self._base is None or self._last is None or self._base <= _ZERO:
            return None
        return max(_ZERO, self._loss()) / self.rule.limit_frac

    def _measure(self, facts: LatchFacts) -> tuple[LatchEvent, ...]:
        equity = facts.equity_quote
        if not equity.is_finite() or not facts.flow_quote.is_finite():
            return self.trip(facts.at_ns, f"equity {equity} cannot be measured", str(equity), "a finite equity")
        if not self._begin(facts):
            reason = f"equity {equity} with flows of {facts.flow_quote} leaves nothing to measure against"
            return self.trip(facts.at_ns, reason, str(equity), "> 0")
        self._last = equity
        if equity > self._warn_below:
            return self._cool_down(facts.at_ns) if self.tripped is not None else ()
        if equity < self._trip_below or (self.rule.trips_at_limit and equity == self._trip_below):
            return self.trip(facts.at_ns, self._sentence(), pct(self._loss()), pct(self.rule.limit_frac))
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
            if self.tripped is not None and self.consequence.next_period:
                self.tripped = replace(self.tripped, until_ns=facts.at_ns)
            base = self._last if self._last is not None and self._last > _ZERO else None
        if base is None:
            base = equity
        elif flow:
            if equity - flow <= _ZERO or equity <= _ZERO:
                self._base = None
                return False
            base = base * (equity / (equity - flow))
        if self.rule.period is Period.PEAK and equity > base:
            base, self.warned = equity, False
        if base != self._base:
            self._set_base(base)
        return base > _ZERO

    def _set_base(self, base: Decimal) -> None:
        limit = self.rule.limit_frac
        self._base = base
        self._trip_below = base * (1 - limit)
        self._warn_below = base * (1 - limit * self.rule.warn_frac)

    def _loss(self) -> Decimal:
        return _ZERO if self._base is None or self._last is None else 1 - self._last / self._base

    def _sentence(self) -> str:
        return f"{self.rule.name} is {pct(self._loss())} since the {self.rule.period.value} began"

    def _start_anew(self) -> None:
        if self._last is not None and self._last > _ZERO:
            self._set_base(self._last)
        else:
            self._base = None

    def _memory(self) -> dict[str, Any]:
        return {
            "period": self._period,
            "base": None if self._base is None else str(self._base),
            "last": None if self._last is None else str(self._last),
        }

    def _recall(self, memory: Mapping[str, Any]) -> None:
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
