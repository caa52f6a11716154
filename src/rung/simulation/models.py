"""The ports of the simulator: one question each, one method each. `SimVenue` is composed from their answers."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from msgspec import Struct

from rung.domain.bar import Bar
from rung.domain.funding import FundingInstant
from rung.domain.order import Order, Side


class Execution(Struct, frozen=True, kw_only=True, gc=False):
    """What a fee is charged on.

    passive : the order was resting and somebody else crossed the spread.   nights_short : UTC midnights since the short
    position was opened that this execution closes; 0 for everything else.
    """

    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    at_ns: int
    passive: bool
    nights_short: int = 0


class FeeModel(Protocol):
    """What an execution is charged, quote currency, >= 0, every charge included."""

    def fee_quote(self, execution: Execution) -> Decimal: ...


class SlippageModel(Protocol):
    """What crossing the spread and moving the price cost per unit, quote currency, >= 0."""

    def cost_per_unit_quote(self, reference_price: Decimal, quantity: Decimal, bar: Bar) -> Decimal: ...


class LiquidityModel(Protocol):
    """How much of a bar all our orders together may be, base units, >= 0; whole lots are cut from it later."""

    def room_base(self, bar: Bar) -> Decimal: ...


class LatencyModel(Protocol):
    """How long an order travels: it acts on bars that open at or after its decision plus this."""

    def delay_ns(self, order: Order) -> int: ...


class FundingModel(Protocol):
    """What perpetuals pay: the instants of a symbol in [start_ns, stop_ns), oldest first.

    Raises UserError when a payment in that time is unknown: it is never read as zero.
    """

    def due(self, symbol: str, start_ns: int, stop_ns: int) -> Sequence[FundingInstant]: ...


class BorrowModel(Protocol):
    """What the loan of units worth `value_quote` (>= 0) costs for so many hours, quote currency, >= 0."""

    def cost_quote(self, symbol: str, value_quote: Decimal, hours: int) -> Decimal: ...
