"""Fills and charges in order → closed positions, exactly: what was paid, earned and charged between flat and flat."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

from rung.domain.charge import Charge, ChargeKind
from rung.domain.fill import Fill
from rung.ledger.holding import ZERO, Holding, pieces


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
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
    charged: dict[ChargeKind, Decimal] = field(default_factory=lambda: dict.fromkeys(ChargeKind, ZERO))


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

    def charge(self, charge: Charge) -> None:
        """Book a charge where the ledger does: on the open position of the symbol, else on the one closed last."""
        trip = self._open.get(charge.symbol)
        if trip is not None:
            trip.charged[charge.kind] += charge.amount_quote
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
    return RoundTrip(
        symbol=fill.symbol,
        side=-fill.side.sign,
        quantity=trip.bought,
        opened_ns=trip.opened_ns,
        closed_ns=fill.at_ns,
        entry_price=trip.spent / trip.bought,
        exit_price=trip.earned / trip.sold,
        pnl_quote=trip.holding.trip - sum(trip.charged.values(), ZERO),
        fees_quote=trip.fees,
        slippage_quote=trip.slippage,
        funding_quote=trip.charged[ChargeKind.FUNDING],
        borrow_quote=trip.charged[ChargeKind.BORROW],
        liquidation_fee_quote=trip.charged[ChargeKind.LIQUIDATION_FEE],
        bars=bar - trip.opened_bar,
        trigger=fill.trigger.value,
        entry_reason=trip.reason,
        exit_reason=fill.reason,
    )
