"""The steps in which a venue counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from rung.domain.errors import Refusable
from rung.domain.instrument import Instrument
from rung.domain.order import Order, OrderKind
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.facts import positive


class TickLot:
    """Quantity is a whole number of lots, a limit price a whole number of ticks. Offers the quantity rounded down."""

    name = "tick_lot"
    halts = False

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self._instruments = instruments

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        if order.kind is OrderKind.PROTECT:
            return ()
        instrument = self._instruments.get(order.symbol)
        if instrument is None:
            raise Refusable(f"cannot judge the steps without knowing the instrument {order.symbol}")
        lot = positive(instrument.lot_size, "lot size")
        broken = []
        if order.quantity % lot:
            lots = order.quantity // lot * lot
            broken.append(self._broken("quantity", order.quantity, "lot", lot, lots))
        if order.limit_price is not None and order.limit_price % positive(instrument.tick_size, "tick size"):
            broken.append(self._broken("limit price", order.limit_price, "tick", instrument.tick_size, None))
        return broken

    def _broken(self, what: str, value: Decimal, step_name: str, step: Decimal, offered: Decimal | None) -> Violation:
        return Violation(
            kind=ViolationKind.TICK_LOT,
            gate=self.name,
            message=f"{what} {value} is not a multiple of the {step_name} {step}",
            value=str(value),
            limit=f"multiple of {step}",
            adjusted_quantity=offered,
        )
