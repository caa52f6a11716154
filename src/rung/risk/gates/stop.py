"""Every opening order carries a stop, and the stop is neither a hair nor a mile away."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.facts import exact, pct, stop_distance_of


class MandatoryStop:
    """`min_frac` ≤ stop distance ≤ `max_frac`, fractions of the entry price. Exactly at either bound passes.

    Source: seed 000, check 8 (whose missing stop silently became 1 %: here it refuses).
    """

    name = "stop"
    halts = False

    def __init__(self, min_frac: float | Decimal, max_frac: float | Decimal) -> None:
        self._min_frac, self._max_frac = exact(min_frac), exact(max_frac)
        self._bounds = f"{pct(self._min_frac)} … {pct(self._max_frac)}"

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        stop = stop_distance_of(order)
        if stop is None:
            return (self._broken(ViolationKind.MISSING_STOP, "none", f"{order.symbol} carries no stop"),)
        if not math.isfinite(stop) or not self._min_frac <= exact(stop) <= self._max_frac:
            sentence = f"stop of {order.symbol} at {pct(stop)} is outside {self._bounds}"
            return (self._broken(ViolationKind.INVALID_STOP, pct(stop), sentence),)
        return ()

    def _broken(self, kind: ViolationKind, value: str, sentence: str) -> Violation:
        return Violation(kind=kind, gate=self.name, message=sentence, value=value, limit=self._bounds)
