"""Fills → legs → closed trades: what each execution opened or realised, exactly.

A leg is a fill with the past it closes. Its P&L is net of its own fee and of the share of the entry fees it releases,
so the legs of a flat account add up to the change of its equity to the last digit.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from rung.domain.fill import Fill, Trigger
from rung.domain.target import Action, Lean
from rung.ledger.holding import MONEY_STEP, ZERO, Holding, Piece, pieces

ONE = Decimal(1)
NEEDLESS_BELOW = -8
FRAC_STEP = Decimal("0.000001")


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One execution seen from the position it opened or closed.

    shares : base units, > 0.   position_after : signed base units held once it is booked.
    pnl_quote, pnl_frac : only of an exit; net of fees; the fraction is of the entry value it closes.
    bars_held : slices since the position was opened; 0 for an entry.
    """

    at_ns: int
    symbol: str
    entry: bool
    direction: Lean
    shares: Decimal
    price: Decimal
    reference_price: Decimal
    fee_quote: Decimal
    slippage_quote: Decimal
    trigger: Trigger
    action: Action
    reason: str
    order_id: str
    fill_id: str
    position_after: Decimal
    pnl_quote: Decimal | None = None
    pnl_frac: Decimal | None = None
    bars_held: int = 0

    @property
    def value_quote(self) -> Decimal:
        return self.shares * self.price

    @property
    def buys(self) -> bool:
        return self.entry is (self.direction is Lean.LONG)


class ClosedTrade(msgspec.Struct, frozen=True, kw_only=True):
    """A position from its first fill until it is flat again; P&L net of every fee."""

    symbol: str
    direction: Lean
    opened_ns: int
    closed_ns: int
    pnl_quote: Decimal
    bars_held: int
    exit_action: Action
    exit_trigger: Trigger


class LegBook:
    """Holds the open positions; `book` is called once per fill, in order, from the first fill of the account."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[Holding, int]] = {}

    def book(self, fill: Fill, bar: int) -> list[Leg]:
        """The leg of this fill; two when it crosses zero. `bar` counts slices and gives `bars_held`."""
        holding, opened_at_bar = self._open.get(fill.symbol, (Holding(), bar))
        if fill.closes and holding.quantity == 0:
            raise ValueError(f"{fill.fill_id} closes a {fill.symbol} position whose entry was not seen")
        legs = []
        for piece in pieces(fill, holding.quantity):
            opened_at_bar = bar if holding.quantity == 0 else opened_at_bar
            legs.append(_leg(fill, piece, holding, bar - opened_at_bar))
        if holding.quantity == 0:
            self._open.pop(fill.symbol, None)
        else:
            self._open[fill.symbol] = (holding, opened_at_bar)
        return legs

    def bars_held(self, symbol: str, bar: int) -> int:
        """Slices since the open position in `symbol` began; 0 when there is none."""
        return bar - self._open[symbol][1] if symbol in self._open else 0


class TradeFold:
    """Legs in order → closed trades. Works from any point on: a leg says whether it leaves the position flat."""

    def __init__(self) -> None:
        self._pending: dict[str, tuple[int, Decimal]] = {}

    def add(self, leg: Leg) -> ClosedTrade | None:
        """The trade this leg completes, or None while something is still open."""
        opened_ns, so_far = self._pending.get(leg.symbol, (leg.at_ns, ZERO))
        pnl = so_far + (leg.pnl_quote if leg.pnl_quote is not None else ZERO)
        if leg.entry or leg.position_after != 0:
            self._pending[leg.symbol] = (opened_ns, pnl)
            return None
        self._pending.pop(leg.symbol, None)
        return ClosedTrade(
            symbol=leg.symbol,
            direction=leg.direction,
            opened_ns=opened_ns,
            closed_ns=leg.at_ns,
            pnl_quote=pnl,
            bars_held=leg.bars_held,
            exit_action=leg.action,
            exit_trigger=leg.trigger,
        )


def _leg(fill: Fill, piece: Piece, holding: Holding, bars_held: int) -> Leg:
    """Book the piece on the holding and say what it did."""
    long = (holding.quantity or piece.signed) > 0
    cost, fees = holding.cost, holding.fees
    realised = holding.take(piece, fill.price, fill.at_ns)
    pnl = frac = None
    if piece.closes:
        pnl = short(realised - piece.fee - (fees - holding.fees))
        released = abs(cost - holding.cost)
        frac = (pnl / released).quantize(FRAC_STEP) if released else ZERO
    return Leg(
        at_ns=fill.at_ns,
        symbol=fill.symbol,
        entry=not piece.closes,
        direction=Lean.LONG if long else Lean.SHORT,
        shares=abs(piece.signed),
        price=fill.price,
        reference_price=fill.reference_price,
        fee_quote=piece.fee,
        slippage_quote=(fill.price - fill.reference_price) * piece.signed,
        trigger=fill.trigger,
        action=fill.action,
        reason=fill.reason,
        order_id=fill.order_id,
        fill_id=fill.fill_id,
        position_after=holding.quantity,
        pnl_quote=pnl,
        pnl_frac=frac,
        bars_held=bars_held if piece.closes else 0,
    )


def short(amount: Decimal) -> Decimal:
    """At most 8 decimals and no needless zeros among them: a quotient has 28."""
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or exponent > NEEDLESS_BELOW:
        return amount
    rounded = amount.quantize(MONEY_STEP).normalize()
    return rounded.quantize(ONE) if rounded == rounded.to_integral_value() else rounded
