"""What a venue did."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from rung.domain.order import Side
from rung.domain.target import Action


class Trigger(StrEnum):
    """What made the venue trade."""

    ORDER = "ORDER"
    STOP = "STOP"
    TAKE_PROFIT = "TAKE_PROFIT"
    LIQUIDATION = "LIQUIDATION"
    """The venue closed the position because its margin was gone."""


class Fill(Struct, frozen=True, kw_only=True, gc=False):
    """One execution. Immutable; `fill_id` is unique per venue.

    price : what was paid per unit, costs of crossing included.   reference_price : the price before half-spread and
    slippage, so that `slippage_quote` can be shown.   fee_quote : >= 0, every charge of this execution.
    """

    fill_id: str
    order_id: str
    at_ns: int
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    reference_price: Decimal
    fee_quote: Decimal
    trigger: Trigger
    action: Action
    reason: str
    closes: bool
    """True when this execution made the position smaller."""

    @property
    def value_quote(self) -> Decimal:
        return self.quantity * self.price

    @property
    def slippage_quote(self) -> Decimal:
        """What crossing the spread and moving the price cost, >= 0 by construction of the simulator."""
        return (self.price - self.reference_price) * self.quantity * self.side.sign
