"""How many symbols may be held at once."""

from __future__ import annotations

from collections.abc import Sequence

from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.exposure import quantity_after, symbols_held_after


class MaxPositions:
    """Symbols held after all orders ≤ `most`. Exactly at it passes; adding to a held symbol always does.

    An exit that was sent frees its place when it has filled, not before.
    Source: seed 002 (1), seed 003 profiles (2–8).
    """

    name = "max_positions"
    halts = False

    def __init__(self, most: int) -> None:
        self._most = most

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        count = symbols_held_after(order, view, ahead)
        if count <= self._most or quantity_after(order.symbol, view, ahead):
            return ()
        return (
            Violation(
                kind=ViolationKind.MAX_POSITIONS,
                gate=self.name,
                message=f"{order.symbol} would be open position {count}, {self._most} are allowed",
                value=str(count),
                limit=str(self._most),
            ),
        )
