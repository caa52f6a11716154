"""Fills in order → closed positions, exactly: what was paid, earned and charged between flat and flat."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from rung.domain.fill import Fill
from rung.ledger.holding import ZERO, Holding, pieces


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
    """A position from its first fill until it was flat again.

    side : 1 long, −1 short.   quantity : bought in all (sold, for a short).   entry_price, exit_price : averages.
    pnl_quote : net of `fees_quote`; slippage is in the prices.   bars : slices held.
    """

    symbol: str
    side: int
    quantity: Decimal
    opened_ns: int
    closed_ns: int
    entry_price: Decimal
    exit_price: Decimal
    pnl_quote: Decimal
    fees_quote: Decimal
    slippage_quote: Decimal
    bars: int
    trigger: str
    entry_reason: str
    exit_reason: str

    @property
    def return_frac(self) -> float:
        """P&L over what was put in."""
        return float(self.pnl_quote / (self.quantity * self.entry_price))


@dataclass(slots=True)
class _Trip:
    """A position while it is open."""

    opened_ns: int
    opened_bar: int
    reason: str
    holding: Holding = field(default_factory=Holding)
    bought: Decimal = ZERO
    spent: Decimal = ZERO
    sold: Decimal = ZERO
    earned: Decimal = ZERO
    fees: Decimal = ZERO
    slippage: Decimal = ZERO


class RoundTrips:
    """Takes every fill of an account, in order, from its first one on."""

    def __init__(self) -> None:
        self.closed: list[RoundTrip] = []
        self._open: dict[str, _Trip] = {}

    @property
    def still_open(self) -> int:
        return len(self._open)

    def take(self, fill: Fill, bar: int) -> None:
        """Book one fill; `bar` counts slices."""
        trip = self._open.get(fill.symbol)
        held = ZERO if trip is None else trip.holding.quantity
        for piece in pieces(fill, held):
            trip = self._open.get(fill.symbol)
            if trip is None:
                trip = self._open[fill.symbol] = _Trip(fill.at_ns, bar, fill.reason)
            quantity = abs(piece.signed)
            trip.fees += piece.fee
            trip.slippage += (fill.price - fill.reference_price) * piece.signed
            if piece.closes:
                trip.sold += quantity
                trip.earned += quantity * fill.price
            else:
                trip.bought += quantity
                trip.spent += quantity * fill.price
            trip.holding.take(piece, fill.price, fill.at_ns)
            if trip.holding.quantity == 0:
                self.closed.append(_closed(trip, fill, bar))
                del self._open[fill.symbol]


def _closed(trip: _Trip, fill: Fill, bar: int) -> RoundTrip:
    return RoundTrip(
        symbol=fill.symbol,
        side=-fill.side.sign,
        quantity=trip.bought,
        opened_ns=trip.opened_ns,
        closed_ns=fill.at_ns,
        entry_price=trip.spent / trip.bought,
        exit_price=trip.earned / trip.sold,
        pnl_quote=trip.holding.trip,
        fees_quote=trip.fees,
        slippage_quote=trip.slippage,
        bars=bar - trip.opened_bar,
        trigger=fill.trigger.value,
        entry_reason=trip.reason,
        exit_reason=fill.reason,
    )
