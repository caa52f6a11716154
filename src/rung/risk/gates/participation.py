"""How much of a bar's volume one symbol's orders may be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from rung.domain.errors import Refusable
from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.facts import bar_of, exact, not_negative, pct

_ZERO = Decimal(0)


class Participation:
    """Opening quantity of the symbol, orders ahead included ≤ `max_frac` × volume of its fresh bar.

    Exactly at it passes. Offers the quantity that fits. Source: seed 004 (10 % of depth; we have bars, not books).
    """

    name = "participation"
    halts = False

    def __init__(self, max_frac: float | Decimal) -> None:
        self._max_frac = exact(max_frac)

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        volume = bar_of(order, view).volume
        if not math.isfinite(volume) or volume < 0.0:
            raise Refusable(f"cannot judge without a finite volume of {order.symbol} (is {volume})")
        sent = _ZERO
        for each in ahead:
            if each.symbol == order.symbol and not each.reduce_only:
                sent += each.quantity
        wanted = not_negative(sent + order.quantity, "quantity")
        limit = self._max_frac * exact(volume)
        if wanted <= limit:
            return ()
        return (
            Violation(
                kind=ViolationKind.PARTICIPATION,
                gate=self.name,
                message=f"{wanted} {order.symbol} is more than {pct(self._max_frac)} of the bar's {volume:g}",
                value=str(wanted),
                limit=str(limit),
                adjusted_quantity=max(_ZERO, limit - sent),
            ),
        )
