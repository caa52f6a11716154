"""What one symbol may lose when its stop is hit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from rung.domain.errors import Refusable
from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.exposure import quantity_after, symbol_notional_after
from rung.risk.facts import SmallerOf, equity_of, exact, offered, positive, stop_distance_of


class TradeRisk:
    """stop distance × value of the symbol after everything ≤ `max_frac` × equity and ≤ `max_quote`.

    Exactly at it passes.

    Counted on the whole position, so that splitting an order changes nothing. Gaps through the stop lose more:
    this is the planned loss. Offers the quantity that fits. Source: seed 003 (0.2 … 2 %), seed 004 (2 %).
    """

    name = "trade_risk"
    halts = False

    def __init__(self, max_frac: float | Decimal | None = None, max_quote: float | Decimal | None = None) -> None:
        self._limit = SmallerOf(max_frac, max_quote)

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        equity = equity_of(view)
        stop = stop_distance_of(order)
        if stop is None or not math.isfinite(stop) or stop <= 0.0:
            raise Refusable(f"cannot judge the risk of {order.symbol} without a stop (is {stop})")
        risk = exact(stop) * symbol_notional_after(order, view, ahead)
        limit = self._limit.quote(equity)
        if risk <= limit:
            return ()
        price = positive(order.reference_price, "reference price")
        fits = limit / (exact(stop) * price) - abs(quantity_after(order.symbol, view, ahead))
        return (
            Violation(
                kind=ViolationKind.TRADE_RISK,
                gate=self.name,
                message=f"{order.symbol} would risk {risk:.2f} at its stop, {limit:.2f} ({self._limit}) is allowed",
                value=f"{risk:.2f}",
                limit=f"{limit:.2f}",
                adjusted_quantity=offered(fits),
            ),
        )
