"""A bar that cannot be true opens no risk."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rung.domain.bar import Bar
from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.facts import bar_of


class SoundData:
    """Prices finite and > 0, volume finite and ≥ 0, low ≤ open, close ≤ high (else the bar is crossed)."""

    name = "sound_data"
    halts = False

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        bar = bar_of(order, view)
        if 0.0 < bar.low <= bar.high < math.inf and not _crossed(bar) and 0.0 <= bar.volume < math.inf:
            return ()
        fields = {"open": bar.open, "high": bar.high, "low": bar.low, "close": bar.close}
        broken = [
            self._broken(
                ViolationKind.NON_FINITE_DATA,
                f"{name} {value}",
                f"{name} of {order.symbol} is {value}",
                "> 0",
            )
            for name, value in fields.items()
            if not (math.isfinite(value) and value > 0.0)
        ]
        if not (math.isfinite(bar.volume) and bar.volume >= 0.0):
            sentence = f"volume of {order.symbol} is {bar.volume}"
            broken.append(self._broken(ViolationKind.NON_FINITE_DATA, f"volume {bar.volume}", sentence, ">= 0"))
        if not broken and _crossed(bar):
            value = f"low {bar.low} open {bar.open} close {bar.close} high {bar.high}"
            sentence = f"the bar of {order.symbol} is crossed: {value}"
            broken.append(self._broken(ViolationKind.CROSSED_DATA, value, sentence, "low <= open, close <= high"))
        return broken

    def _broken(self, kind: ViolationKind, value: str, sentence: str, limit: str) -> Violation:
        return Violation(kind=kind, gate=self.name, message=sentence, value=value, limit=limit)


def _crossed(bar: Bar) -> bool:
    return not (bar.low <= bar.open <= bar.high and bar.low <= bar.close <= bar.high)
