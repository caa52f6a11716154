"""An order must be priced where the market is."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rung.domain.order import Order, Side
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.facts import close_of, exact, pct, positive


class PriceCollar:
    """|reference price ÷ last close − 1| ≤ `max_frac`; nor may a limit price be worse than the close by more.

    Exactly at the limit passes. A passive limit price far from the market is no danger and passes.
    """

    name = "price_collar"
    halts = False

    def __init__(self, max_frac: float | Decimal) -> None:
        self._max_frac = exact(max_frac)

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        close = exact(close_of(order, view))
        reference, room = positive(order.reference_price, "reference price"), self._max_frac * close
        broken = []
        if abs(reference - close) > room:
            broken.append(self._broken(order, "reference price", reference, abs(reference / close - 1)))
        if order.limit_price is not None:
            worse = (positive(order.limit_price, "limit price") - close) * order.side.sign
            if worse > room:
                broken.append(self._broken(order, "limit price", order.limit_price, worse / close))
        return broken

    def _broken(self, order: Order, what: str, price: Decimal, away: Decimal) -> Violation:
        side = "from" if what == "reference price" else ("above" if order.side is Side.BUY else "below")
        sentence = f"{what} {price} of {order.symbol} is {pct(away)} {side} the last close"
        return Violation(
            kind=ViolationKind.PRICE_COLLAR,
            gate=self.name,
            message=f"{sentence}, {pct(self._max_frac)} is allowed",
            value=pct(away),
            limit=pct(self._max_frac),
        )
