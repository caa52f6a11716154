"""What a venue accepts at least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rung.domain.errors import Refusable
from rung.domain.instrument import Instrument
from rung.domain.order import Order, OrderKind
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.facts import not_negative


class MinNotional:
    """quantity × reference price ≥ the instrument's minimum. Exactly at it passes; unknown symbols do not."""

    name = "min_notional"
    halts = False

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self._instruments = instruments

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        if order.kind is OrderKind.PROTECT:
            return ()
        instrument = self._instruments.get(order.symbol)
        if instrument is None:
            raise Refusable(f"cannot judge the value without knowing the instrument {order.symbol}")
        value = not_negative(order.notional_quote, "order value")
        if value >= not_negative(instrument.min_notional, "minimum notional"):
            return ()
        return (
            Violation(
                kind=ViolationKind.MIN_NOTIONAL,
                gate=self.name,
                message=f"the order is worth {value:.4f}, {instrument.venue} wants {instrument.min_notional} or more",
                value=f"{value:.4f}",
                limit=str(instrument.min_notional),
            ),
        )
