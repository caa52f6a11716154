"""A second, plainer fold of fills into round trips: the oracle of the reports' own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.fill import Fill, Trigger
from rung.domain.target import Action, Lean
from rung.ledger.holding import ZERO, Piece, pieces


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One round trip.

    quantity : base units entered (and left) in total.   entry_price, exit_price : averages paid, fees not included.
    gross_quote : exits less entries.   net_quote : after every fee.   pnl_frac : net ÷ value entered, a fraction.
    slippage_quote : what half-spread and slippage cost, already inside gross.   exit_* : of the last execution.
    """

    symbol: str
    side: Lean
    quantity: Decimal
    entered_ns: int
    exited_ns: int
    entry_price: Decimal
    exit_price: Decimal
    gross_quote: Decimal
    net_quote: Decimal
    pnl_frac: Decimal
    fees_quote: Decimal
    slippage_quote: Decimal
    exit_action: Action
    exit_trigger: Trigger
    exit_reason: str
    entry_fill_ids: tuple[str, ...]
    exit_fill_ids: tuple[str, ...]
    bars_held: int


@dataclass(slots=True)
class _Trip:
    """A round trip so far; quantities and values are unsigned."""

    entered_ns: int
    held: Decimal = ZERO
    entered: Decimal = ZERO
    entered_quote: Decimal = ZERO
    exited_quote: Decimal = ZERO
    fees: Decimal = ZERO
    slippage: Decimal = ZERO
    entry_ids: list[str] = field(default_factory=list)
    exit_ids: list[str] = field(default_factory=list)


BarsBetween = Callable[[int, int], int]


def minutes_between(from_ns: int, to_ns: int) -> int:
    """Whole minutes, nights included: right for one-minute bars and positions held within a session."""
    return (to_ns - from_ns) // NS_PER_MINUTE


class TradeFold:
    """Holds the open round trips; feed it every fill of an account in order."""

    def __init__(self, bars_between: BarsBetween = minutes_between) -> None:
        self._bars_between = bars_between
        self._open: dict[str, _Trip] = {}

    def add(self, fill: Fill) -> Trade | None:
        """The round trip this fill completes, or None. A fill that crosses zero completes one and begins the next."""
        trip = self._open.get(fill.symbol)
        closed = None
        for piece in pieces(fill, trip.held if trip is not None else ZERO):
            if trip is None:
                trip = self._open[fill.symbol] = _Trip(fill.at_ns)
            _take(trip, piece, fill)
            if trip.held == 0:
                closed = self._close(trip, fill)
                del self._open[fill.symbol]
                trip = None
        return closed

    def _close(self, trip: _Trip, fill: Fill) -> Trade:
        side = Lean.LONG if fill.side.sign < 0 else Lean.SHORT
        gross = (trip.exited_quote - trip.entered_quote) * (1 if side is Lean.LONG else -1)
        net = gross - trip.fees
        return Trade(
            symbol=fill.symbol,
            side=side,
            quantity=trip.entered,
            entered_ns=trip.entered_ns,
            exited_ns=fill.at_ns,
            entry_price=trip.entered_quote / trip.entered,
            exit_price=trip.exited_quote / trip.entered,
            gross_quote=gross,
            net_quote=net,
            pnl_frac=net / trip.entered_quote if trip.entered_quote else ZERO,
            fees_quote=trip.fees,
            slippage_quote=trip.slippage,
            exit_action=fill.action,
            exit_trigger=fill.trigger,
            exit_reason=fill.reason,
            entry_fill_ids=tuple(trip.entry_ids),
            exit_fill_ids=tuple(trip.exit_ids),
            bars_held=self._bars_between(trip.entered_ns, fill.at_ns),
        )


def closed_trades(fills: Iterable[Fill], bars_between: BarsBetween = minutes_between) -> tuple[Trade, ...]:
    """Every round trip that `fills` complete, in order of completion; what is still open is left out."""
    trips = TradeFold(bars_between)
    return tuple(trade for fill in fills if (trade := trips.add(fill)) is not None)


def _take(trip: _Trip, piece: Piece, fill: Fill) -> None:
    quantity = abs(piece.signed)
    trip.held += piece.signed
    trip.fees += piece.fee
    trip.slippage += (fill.price - fill.reference_price) * piece.signed
    if piece.closes:
        trip.exited_quote += quantity * fill.price
        trip.exit_ids.append(fill.fill_id)
    else:
        trip.entered += quantity
        trip.entered_quote += quantity * fill.price
        trip.entry_ids.append(fill.fill_id)
