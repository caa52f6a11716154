"""The risk of the whole book decides how much more may be added."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rung.domain.errors import Refusable
from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.exposure import quantity_after, symbol_notional_after
from rung.risk.facts import equity_of, exact, offered, pct, positive
from rung.risk.global_risk import RiskLevel
from rung.risk.global_state import GlobalRiskState


class GlobalLevel:
    """NORMAL passes. CAUTION: value of the symbol ≤ `caution_factor` × `max_symbol_frac` × equity (exactly at passes).

    EMERGENCY refuses; a level nobody assessed recently cannot be judged. Source: seed 003 (allow, scale_down, block).
    """

    name = "global_level"
    halts = False

    def __init__(
        self, state: GlobalRiskState, *, max_symbol_frac: float | Decimal, caution_factor: float | Decimal
    ) -> None:
        self._state = state
        self._caution_frac = exact(max_symbol_frac) * exact(caution_factor)

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        level = self._state.level(view.slice.at_ns)
        if level is None:
            raise Refusable("cannot judge without a recent assessment of the global risk")
        if level is RiskLevel.NORMAL:
            return ()
        if level is RiskLevel.EMERGENCY:
            sentence = f"global risk is EMERGENCY: {self._state.reason}"
            return (self._broken(sentence, level.value, "NORMAL or CAUTION", None),)
        equity = equity_of(view)
        limit = self._caution_frac * equity
        value = symbol_notional_after(order, view, ahead)
        if value <= limit:
            return ()
        price = positive(order.reference_price, "reference price")
        fits = limit / price - abs(quantity_after(order.symbol, view, ahead))
        share, most = pct(value / equity), pct(self._caution_frac)
        sentence = f"global risk is CAUTION: {order.symbol} would be {share} of equity, {most} is allowed"
        return (self._broken(sentence, share, most, offered(fits)),)

    def _broken(self, sentence: str, value: str, limit: str, offered: Decimal | None) -> Violation:
        return Violation(
            kind=ViolationKind.GLOBAL_RISK,
            gate=self.name,
            message=sentence,
            value=value,
            limit=limit,
            adjusted_quantity=offered,
        )
