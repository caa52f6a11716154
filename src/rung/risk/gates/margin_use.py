"""How much of the equity all positions together may tie up."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.exposure import gross_notional_after
from rung.risk.facts import equity_of, exact, pct, positive


class MarginUse:
    """Σ |value| ÷ account leverage ≤ `max_frac` × equity. Exactly at it passes.

    account_leverage : what the account really borrows at, 1 for a cash account (then nothing is bought on credit).
    """

    name = "margin_use"
    halts = False

    def __init__(self, max_frac: float | Decimal, *, account_leverage: float | Decimal = 1) -> None:
        self._max_frac = exact(max_frac)
        self._leverage = positive(exact(account_leverage), "account leverage")

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        equity = equity_of(view)
        used = gross_notional_after(order, view, ahead) / self._leverage
        if used <= self._max_frac * equity:
            return ()
        value = pct(used / equity)
        return (
            Violation(
                kind=ViolationKind.MARGIN,
                gate=self.name,
                message=f"all positions would tie up {value} of equity as margin, {pct(self._max_frac)} is allowed",
                value=value,
                limit=pct(self._max_frac),
            ),
        )
