"""What one order ties up: margin, which is neither its notional nor its risk."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.facts import SmallerOf, equity_of, not_negative, offered, positive


class TradeMargin:
    """notional ÷ leverage ≤ `max_frac` × equity and ≤ `max_quote`. Exactly at it passes. Offers what fits.

    Source: seed 002 ($0.50 a trade, which at leverage 10 is $5 of notional and, with a 2 % stop, $0.10 of risk).
    """

    name = "trade_margin"
    halts = False

    def __init__(self, max_frac: float | Decimal | None = None, max_quote: float | Decimal | None = None) -> None:
        self._limit = SmallerOf(max_frac, max_quote)

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        limit = self._limit.quote(equity_of(view))
        leverage = positive(order.leverage, "leverage")
        margin = not_negative(order.notional_quote, "order value") / leverage
        if margin <= limit:
            return ()
        fits = limit * leverage / positive(order.reference_price, "reference price")
        return (
            Violation(
                kind=ViolationKind.MARGIN,
                gate=self.name,
                message=f"the order ties up {margin:.4f} of margin, {limit:.4f} is allowed",
                value=f"{margin:.4f}",
                limit=f"{limit:.4f}",
                adjusted_quantity=offered(fits),
            ),
        )
