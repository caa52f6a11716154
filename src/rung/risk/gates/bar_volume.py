"""A bar in which almost nobody traded opens no risk."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rung.domain.errors import Refusable
from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.facts import bar_of


class BarVolume:
    """Volume of the symbol's fresh bar ≥ `min_base` (base units). Exactly at it passes. Source: seed 001."""

    name = "bar_volume"
    halts = False

    def __init__(self, min_base: float) -> None:
        self._min_base = min_base

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        volume = bar_of(order, view).volume
        if not math.isfinite(volume):
            raise Refusable(f"cannot judge without a finite volume of {order.symbol} (is {volume})")
        if volume >= self._min_base:
            return ()
        return (
            Violation(
                kind=ViolationKind.MIN_VOLUME,
                gate=self.name,
                message=f"{order.symbol} traded {volume:g} in this bar, less than {self._min_base:g}",
                value=f"{volume:g}",
                limit=f"{self._min_base:g}",
            ),
        )
