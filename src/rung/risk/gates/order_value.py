"""The value of one order."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.facts import SmallerOf, equity_of, not_negative, offered, positive


class OrderValue:
    """quantity × reference price ≤ `max_frac` × equity and ≤ `max_quote`. Exactly at it passes. Offers what fits.

    Source: seed 002 (the $5 position), seed 003 (5,000 per trade), seed 004 (20 % of equity).
    """

    name = "order_value"
    halts = False

    def __init__(self, max_frac: float | Decimal | None = None, max_quote: float | Decimal | None = None) -> None:
        self._limit = SmallerOf(max_frac, max_quote)

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        limit = self._limit.quote(equity_of(view))
        value = not_negative(order.notional_quote, "order value")
        if value <= limit:
            return ()
        fits = limit / positive(order.reference_price, "reference price")
        return (
            Violation(
                kind=ViolationKind.ORDER_VALUE,
                gate=self.name,
                message=f"the order is worth {value:.2f}, {limit:.2f} ({self._limit}) is allowed",
                value=f"{value:.2f}",
                limit=f"{limit:.2f}",
                adjusted_quantity=offered(fits),
            ),
        )
