"""Value of one symbol, as a fraction of equity."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.exposure import quantity_after, symbol_notional_after
from rung.risk.facts import equity_of, exact, offered, pct


class SymbolNotional:
    """|position + orders| × reference price ≤ `max_frac` × equity. Exactly at the limit passes.

    Offers the quantity that would have passed. Source: seed 000, check 6.
    """

    name = "symbol_notional"
    halts = False

    def __init__(self, max_frac: float | Decimal) -> None:
        self._max_frac = exact(max_frac)

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        equity = equity_of(view)
        notional = symbol_notional_after(order, view, ahead)
        limit = self._max_frac * equity
        if notional <= limit:
            return ()
        value = pct(notional / equity)
        held = abs(quantity_after(order.symbol, view, ahead))
        fits = limit / order.reference_price - held
        return (
            Violation(
                kind=ViolationKind.NOTIONAL_SYMBOL,
                gate=self.name,
                message=f"{order.symbol} would be {value} of equity, more than {pct(self._max_frac)}",
                value=value,
                limit=pct(self._max_frac),
                adjusted_quantity=offered(fits),
            ),
        )
