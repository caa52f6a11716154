"""The trading state: half size when REDUCED, nothing new from CLOSE_ONLY on."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.exposure import quantity_after, symbol_notional_after
from rung.risk.facts import equity_of, exact, offered, pct, positive
from rung.risk.latches import Latches
from rung.risk.states import TradingState


class TradingStateGate:
    """ACTIVE passes. REDUCED: value of the symbol ≤ `reduced_factor` × `max_symbol_frac` × equity (exactly at passes).

    CLOSE_ONLY and HALTED refuse. Offers the quantity that fits. Source: seed 004 (size × 0.5).
    """

    name = "trading_state"
    halts = False

    def __init__(self, latches: Latches, *, max_symbol_frac: float | Decimal, reduced_factor: float | Decimal) -> None:
        self._latches = latches
        self._reduced_frac = exact(max_symbol_frac) * exact(reduced_factor)

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        state = self._latches.state
        if state is TradingState.ACTIVE:
            return ()
        if state.opens_nothing:
            return (self._broken(f"the desk is {state}: exits only", state.value, "ACTIVE", None),)
        equity = equity_of(view)
        limit = self._reduced_frac * equity
        value = symbol_notional_after(order, view, ahead)
        if value <= limit:
            return ()
        price = positive(order.reference_price, "reference price")
        fits = limit / price - abs(quantity_after(order.symbol, view, ahead))
        share, most = pct(value / equity), pct(self._reduced_frac)
        sentence = f"the desk is REDUCED: {order.symbol} would be {share} of equity, {most} is allowed"
        return (self._broken(sentence, share, most, offered(fits)),)

    def _broken(self, sentence: str, value: str, limit: str, offered: Decimal | None) -> Violation:
        return Violation(
            kind=ViolationKind.TRADING_STATE,
            gate=self.name,
            message=sentence,
            value=value,
            limit=limit,
            adjusted_quantity=offered,
        )
