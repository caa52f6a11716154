"""Exposure of all positions together, built-in leverage of the products included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.exposure import notionals_after
from rung.risk.facts import equity_of, exact

_ZERO, _ONE = Decimal(0), Decimal(1)


class GrossLeverage:
    """Σ |value| × multiplier ÷ equity ≤ `most`. Exactly at it passes. Source: seed 000, check 5.

    multipliers : leverage inside a product, by symbol (3 for a threefold ETF); 1 where none is given. Without any,
    this is gross notional under another name, as it was in the source.
    """

    name = "gross_leverage"
    halts = False

    def __init__(self, most: float | Decimal, multipliers: Mapping[str, float] | None = None) -> None:
        self._most = exact(most)
        self._multipliers = {symbol: exact(value) for symbol, value in (multipliers or {}).items()}

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        equity = equity_of(view)
        values = notionals_after(order, view, ahead)
        multipliers = self._multipliers
        gross = sum(values.values(), _ZERO)
        if multipliers:
            gross = sum((value * multipliers.get(symbol, _ONE) for symbol, value in values.items()), _ZERO)
        if gross <= self._most * equity:
            return ()
        others = gross - values[order.symbol] * multipliers.get(order.symbol, _ONE)
        left = max(_ZERO, self._most - others / equity)
        value = f"{gross / equity:.4g}"
        return (
            Violation(
                kind=ViolationKind.LEVERAGE_GROSS,
                gate=self.name,
                message=f"gross leverage would be {value}, {self._most} is allowed",
                value=value,
                limit=str(self._most),
                adjusted_leverage=left,
            ),
        )
