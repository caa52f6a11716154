"""Fills and charges in order → closed positions, exactly: what was paid, earned and charged between flat and flat."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from rung.domain.charge import Charge, ChargeKind
from rung.domain.fill import Fill, Trigger
from rung.ledger.holding import ZERO, Piece, pieces


class RoundTrip(Struct, frozen=True, kw_only=True, gc=False):
    """A position from its first fill until it was flat again.

    side : 1 long, −1 short.   quantity : bought in all (sold, for a short).   entry_price, exit_price : averages.
    pnl_quote : net of `fees_quote`, `funding_quote` (> 0 paid), `borrow_quote` and `liquidation_fee_quote`; slippage is
    in the prices.   bars : slices held.
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
    funding_quote: Decimal
    borrow_quote: Decimal
    liquidation_fee_quote: Decimal
    bars: int
    trigger: Trigger
    entry_reason: str
    exit_reason: str

    @property
    def return_frac(self) -> float:
        """P&L over what was put in."""
        return float(self.pnl_quote / (self.quantity * self.entry_price))


@dataclass(slots=True)
class _Trip:
    """A position while it is open. Units and their values are signed as they were traded: a sale is negative."""

    opened_ns: int
    opened_bar: int
    reason: str
    held: Decimal = ZERO
    entered: Decimal = ZERO
    entered_quote: Decimal = ZERO
    left_quote: Decimal = ZERO
    fees: Decimal = ZERO
    slippage: Decimal = ZERO
    charged: dict[ChargeKind, Decimal] = field(default_factory=dict)

    def take(self, piece: Piece, fill: Fill) -> None:
        self.held += piece.signed
        self.fees += piece.fee
        self.slippage += (fill.price - fill.reference_price) * piece.signed
        if piece.closes:
            self.left_quote += piece.signed * fill.price
        else:
            self.entered += piece.signed
            self.entered_quote += piece.signed * fill.price

    def charge(self, charge: Charge) -> None:
        self.charged[charge.kind] = self.charged.get(charge.kind, ZERO) + charge.amount_quote


class RoundTrips:
    """Takes every fill of an account, and after the fills of a slice its charges, in order, from the first one on."""

    def __init__(self) -> None:
        self.closed: list[RoundTrip] = []
        self._open: dict[str, _Trip] = {}

    @property
    def still_open(self) -> int:
        return len(self._open)

    def take(self, fill: Fill, bar: int) -> None:
        """Book one fill; `bar` counts slices."""
        trip = self._open.get(fill.symbol)
        for piece in pieces(fill, ZERO if trip is None else trip.held):
            if trip is None:
                trip = self._open[fill.symbol] = _Trip(fill.at_ns, bar, fill.reason)
            trip.take(piece, fill)
            if not trip.held:
                self.closed.append(_closed(trip, fill, bar))
                del self._open[fill.symbol]
                trip = None

    def charge(self, charge: Charge) -> None:
        """Book a charge where the ledger does: on the open position of the symbol, else on the one closed last."""
        trip = self._open.get(charge.symbol)
        if trip is not None:
            trip.charge(charge)
            return
        for row in reversed(range(len(self.closed))):
            if self.closed[row].symbol == charge.symbol:
                self.closed[row] = _charged_late(self.closed[row], charge)
                return


def _charged_late(trip: RoundTrip, charge: Charge) -> RoundTrip:
    amount, kind = charge.amount_quote, charge.kind
    return replace(
        trip,
        pnl_quote=trip.pnl_quote - amount,
        funding_quote=trip.funding_quote + (amount if kind is ChargeKind.FUNDING else ZERO),
        borrow_quote=trip.borrow_quote + (amount if kind is ChargeKind.BORROW else ZERO),
        liquidation_fee_quote=trip.liquidation_fee_quote + (amount if kind is ChargeKind.LIQUIDATION_FEE else ZERO),
    )


def _closed(trip: _Trip, fill: Fill, bar: int) -> RoundTrip:
    """What is paid in and taken out of a position that is flat again adds up to what it lost."""
    charged = trip.charged
    return RoundTrip(
        symbol=fill.symbol,
        side=1 if trip.entered > ZERO else -1,
        quantity=abs(trip.entered),
        opened_ns=trip.opened_ns,
        closed_ns=fill.at_ns,
        entry_price=trip.entered_quote / trip.entered,
        exit_price=trip.left_quote / -trip.entered,
        pnl_quote=-trip.entered_quote - trip.left_quote - trip.fees - sum(charged.values(), ZERO),
        fees_quote=trip.fees,
        slippage_quote=trip.slippage,
        funding_quote=charged.get(ChargeKind.FUNDING, ZERO),
        borrow_quote=charged.get(ChargeKind.BORROW, ZERO),
        liquidation_fee_quote=charged.get(ChargeKind.LIQUIDATION_FEE, ZERO),
        bars=bar - trip.opened_bar,
        trigger=fill.trigger,
        entry_reason=trip.reason,
        exit_reason=fill.reason,
    )
