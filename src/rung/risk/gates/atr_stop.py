"""Is the stop where the market's own noise says it should be? A remark, never a refusal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rung.domain.order import Order
from rung.domain.slice import Slice
from rung.domain.verdicts import Violation
from rung.domain.view import View
from rung.risk.atr import AverageTrueRange
from rung.risk.facts import close_of, pct, stop_distance_of
from rung.risk.gate import Advises, Observes

TOLERANCE_FRAC = 0.005
"""Half a percentage point between the stop and the ATR's is close enough (seed 000)."""


class AtrStop(Advises, Observes):
    """Says when |stop − multiple × ATR ÷ close| > 0.5 percentage points. Exactly at it says nothing.

    Where the ATR is not known yet there is nothing to say. Source: seed 000, check 8 (message only, 1.5 × ATR).
    """

    name = "atr_stop"
    halts = False

    def __init__(self, multiple: float, atr: AverageTrueRange) -> None:
        self._multiple = multiple
        self._atr = atr

    def observe(self, event: Slice) -> None:
        self._atr.observe(event)

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        return ()

    def advise(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[str]:
        atr = self._atr.atr_quote(order.symbol)
        stop = stop_distance_of(order)
        if atr is None or stop is None or not math.isfinite(stop):
            return ()
        expected = self._multiple * atr / close_of(order, view)
        if abs(stop - expected) <= TOLERANCE_FRAC + 1e-12:
            return ()
        return (f"stop of {order.symbol} at {pct(stop)} where {self._multiple:g} × ATR says {pct(expected)}",)
