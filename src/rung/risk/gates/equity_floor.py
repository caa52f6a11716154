"""The circuit breaker on equity: below the floor the desk only leaves."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.facts import equity_of, exact, pct, positive


class EquityFloor:
    """Equity ≥ `min_start_frac` × start and ≥ `min_quote`. Exactly at a floor passes.

    start_equity_quote : equity the account began with. Source: seed 001 (60 %, $10,000 → exits only).
    """

    name = "equity_floor"
    halts = False

    def __init__(
        self, start_equity_quote: Decimal, min_start_frac: float | Decimal, min_quote: float | Decimal
    ) -> None:
        self._start = positive(start_equity_quote, "starting equity")
        self._min_start_frac, self._min_quote = exact(min_start_frac), exact(min_quote)

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        equity = equity_of(view)
        broken = []
        if equity < self._min_start_frac * self._start:
            share = pct(equity / self._start)
            sentence = f"equity is {share} of its start, below {pct(self._min_start_frac)}: exits only"
            broken.append(self._broken(share, pct(self._min_start_frac), sentence))
        if equity < self._min_quote:
            sentence = f"equity {equity:.2f} is below {self._min_quote:.2f}: exits only"
            broken.append(self._broken(f"{equity:.2f}", f"{self._min_quote:.2f}", sentence))
        return broken

    def _broken(self, value: str, limit: str, sentence: str) -> Violation:
        return Violation(kind=ViolationKind.CIRCUIT_BREAKER, gate=self.name, message=sentence, value=value, limit=limit)
