"""Latches that do not measure equity: losing streaks and slippage."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rung.risk.latch import Consequence, Latch, LatchEvent, LatchFacts


class StreakLatch(Latch):
    """Trips at `most` losing round trips in a row; a trade that ends at exactly zero breaks no streak and adds none.

    When its timer is over, or a person opens it, counting starts anew.
    Source: seed 000 (5), seed 001 monitor (5), seed 003 (10).
    """

    measures = True

    def __init__(self, name: str, most: int, consequence: Consequence) -> None:
        super().__init__(name, consequence)
        self._most = most
        self._seen: tuple[Decimal, ...] = ()
        self._losses = 0

    def _measure(self, facts: LatchFacts) -> tuple[LatchEvent, ...]:
        trades = facts.closed_trades_quote
        if trades != self._seen:
            for result in newly_closed(self._seen, trades):
                if not result.is_finite():
                    return self.trip(facts.at_ns, f"a round trip ended at {result}", str(result), "finite")
                self._losses = 0 if result > 0 else self._losses + (result < 0)
            self._seen = trades
        if self._timer_over(facts.at_ns):
            self._start_anew()
        if self._losses >= self._most:
            reason = f"{self._losses} losing round trips in a row"
            return self.trip(facts.at_ns, reason, str(self._losses), str(self._most))
        return self._cool_down(facts.at_ns)

    def _start_anew(self) -> None:
        self._losses = 0

    def _memory(self) -> dict[str, Any]:
        return {"seen": [str(each) for each in self._seen], "losses": self._losses}

    def _recall(self, memory: Mapping[str, Any]) -> None:
        self._seen = tuple(Decimal(each) for each in memory["seen"])
        self._losses = memory["losses"]


def newly_closed(before: tuple[Decimal, ...], now: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
    """The trades of `now` that were not in `before`, where both are windows on one growing list, newest last.

    Takes the fewest that explain the change: a full window of identical results cannot be told from no change.
    """
    for count in range(len(now) + 1):
        kept = now[: len(now) - count]
        if before[len(before) - len(kept) :] == kept and len(kept) <= len(before):
            return now[len(now) - count :]
    return now


class SlippageLatch(Latch):
    """Trips when the mean cost of crossing over the last `window` fills is above `max_bps`. Exactly at it does not.

    Judged from the first full window on; opening it empties the window.
    Source: seed 004 (15 bps → back to the previous parameters).
    """

    measures = True

    def __init__(self, name: str, max_bps: float, window: int, consequence: Consequence) -> None:
        super().__init__(name, consequence)
        self._max_bps, self._window = max_bps, window
        self._costs_bps: list[float] = []

    def _measure(self, facts: LatchFacts) -> tuple[LatchEvent, ...]:
        if any(not math.isfinite(cost) for cost in facts.slippage_bps):
            return self.trip(facts.at_ns, "the slippage of a fill cannot be measured", "non-finite", "finite")
        if facts.slippage_bps:
            self._costs_bps = [*self._costs_bps, *facts.slippage_bps][-self._window :]
        if self._timer_over(facts.at_ns):
            self._start_anew()
        mean_bps = math.fsum(self._costs_bps) / len(self._costs_bps) if self._costs_bps else 0.0
        if len(self._costs_bps) == self._window and mean_bps > self._max_bps:
            reason = f"mean slippage of the last {self._window} fills is {mean_bps:.4g} bps"
            return self.trip(facts.at_ns, reason, f"{mean_bps:.4g} bps", f"{self._max_bps:g} bps")
        return self._cool_down(facts.at_ns)

    def _start_anew(self) -> None:
        self._costs_bps = []

    def _memory(self) -> dict[str, Any]:
        return {"costs_bps": [cost.hex() for cost in self._costs_bps]}

    def _recall(self, memory: Mapping[str, Any]) -> None:
        self._costs_bps = [float.fromhex(cost) for cost in memory["costs_bps"]]
