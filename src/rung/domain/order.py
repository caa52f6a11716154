"""What the desk may ask a venue to do."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from rung.domain.target import Action, Protection


class Side(StrEnum):
    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderKind(StrEnum):
    MARKET = "MARKET"
    LIMIT = "LIMIT"
    CANCEL = "CANCEL"
    """Withdraw whatever still works for the symbol (`quantity` 0)."""
    PROTECT = "PROTECT"
    """Replace the protective stop and take-profit of the open position (`quantity` 0)."""


class Order(Struct, frozen=True, kw_only=True, gc=False):
    """An intent, exact and complete, as it would be sent.

    order_id : client order id, derived from (account, strategy, slice, leg, attempt): unique, never reused.
    quantity : base units, > 0 for MARKET and LIMIT.   reference_price : the close the decision was made on.
    reduce_only : can only make the position smaller; such orders pass every entry gate.
    protection : for an opening order the stop and target that guard it from its first fill on.
    leverage : borrowed multiple asked of the venue, so that margin = notional ÷ leverage; 1 borrows nothing.
    """

    order_id: str
    at_ns: int
    symbol: str
    side: Side
    kind: OrderKind
    quantity: Decimal
    reference_price: Decimal
    reduce_only: bool
    action: Action
    reason: str
    strategy: str
    limit_price: Decimal | None = None
    protection: Protection | None = None
    leverage: Decimal = Decimal(1)

    @property
    def notional_quote(self) -> Decimal:
        """Value at the reference price, quote currency."""
        return self.quantity * self.reference_price
