"""Value of all positions together, as a fraction of equity."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.exposure import gross_notional_after
from rung.risk.facts import equity_of, exact, pct


class GrossNotional:
    """Σ |value| of every symbol after all orders ≤ `max_frac` × equity. Exactly at the limit passes.

    An exit that was sent is not yet an exit: until it fills its position counts.
    Source: seed 000, check 7.
    """

    name = "gross_notional"
    halts = False

    def __init__(self, max_frac: float | Decimal) -> None:
        self._max_frac = exact(max_frac)

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        equity = equity_of(view)
        gross = gross_notional_after(order, view, ahead)
        if gross <= self._max_frac * equity:
            return ()
        value = pct(gross / equity)
        return (
            Violation(
                kind=ViolationKind.NOTIONAL_GROSS,
                gate=self.name,
                message=f"all positions would be {value} of equity, more than {pct(self._max_frac)}",
                value=value,
                limit=pct(self._max_frac),
            ),
        )
