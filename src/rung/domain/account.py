"""Positions and the account that holds them, as of one instant."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from rung.domain.target import Protection

_NOTHING = Decimal(0)


class Position(Struct, frozen=True, kw_only=True, gc=False):
    """An open position.

    quantity : base units, signed (short < 0).   entry_price : average price paid per unit, fees not included.
    opened_ns : time of the first fill.   mark_price : last known close.   entry_fees_quote : fees of the open part.
    protection : what the venue now holds against it; None means unprotected.
    """

    symbol: str
    quantity: Decimal
    entry_price: Decimal
    opened_ns: int
    mark_price: Decimal
    entry_fees_quote: Decimal
    protection: Protection | None = None

    @property
    def value_quote(self) -> Decimal:
        """Signed market value."""
        return self.quantity * self.mark_price

    @property
    def unrealised_quote(self) -> Decimal:
        return self.quantity * (self.mark_price - self.entry_price)


class Account(Struct, frozen=True, kw_only=True, gc=False):
    """A snapshot of one account, marked to market.

    cash_quote : settled cash.   equity_quote : cash + signed value of the positions; of a perpetual, which is never
    paid for, its unrealised gain.
    peak_equity_quote : highest equity so far.   session_start_equity_quote : equity at the start of this session.
    working : order ids that the venue has not finished, by symbol.
    closed_trades_quote : net P&L of the latest closed round trips, newest last, at most 10.
    """

    at_ns: int
    currency: str
    cash_quote: Decimal
    equity_quote: Decimal
    peak_equity_quote: Decimal
    session_start_equity_quote: Decimal
    positions: Mapping[str, Position]
    working: Mapping[str, str]
    closed_trades_quote: tuple[Decimal, ...] = ()

    @property
    def gross_notional_quote(self) -> Decimal:
        gross = _NOTHING
        for position in self.positions.values():
            gross += abs(position.quantity * position.mark_price)
        return gross

    @property
    def drawdown_frac(self) -> Decimal:
        """Fall from the peak as a fraction of the peak, in [0, 1]; 0 at a new high."""
        if self.peak_equity_quote <= 0:
            return Decimal(0)
        return max(Decimal(0), 1 - self.equity_quote / self.peak_equity_quote)
