"""Fills → legs → closed trades: what each execution opened or realised, exactly.

A leg is a fill with the past it closes. Its P&L is net of its own fee and of the share of the entry fees it releases,
so the legs of a flat account add up to the change of its equity to the last digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import msgspec

from rung.domain.fill import Fill, Trigger
from rung.domain.target import Action, Lean

ZERO = Decimal(0)
MONEY_EXPONENT = -8
MONEY_STEP = Decimal(1).scaleb(MONEY_EXPONENT)
FRAC_STEP = Decimal("0.000001")


def short(amount: Decimal) -> Decimal:
    """At most 8 decimals and no needless zeros among them: a quotient has 28."""
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or exponent >= MONEY_EXPONENT:
        return amount
    rounded = amount.quantize(MONEY_STEP).normalize()
    return rounded if rounded.as_tuple().exponent <= 0 else rounded.quantize(Decimal(1))  # type: ignore[operator]


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


@dataclass(slots=True)
class _Open:
    """What is held in one symbol: unsigned quantity, what it cost, and when it began."""

    direction: Lean
    quantity: Decimal
    cost_quote: Decimal
    fees_quote: Decimal
    opened_at_bar: int


class LegBook:
    """Holds the open positions; `book` is called once per fill, in order, from the first fill of the account."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}

    def book(self, fill: Fill, bar: int) -> tuple[Leg, ...]:
        """The leg of this fill; two when it crosses zero. `bar` counts slices and gives `bars_held`."""
        buying = fill.side.sign > 0
        held = self._open.get(fill.symbol)
        if held is None or (held.direction is Lean.LONG) is buying:
            if fill.closes:
                raise ValueError(f"{fill.fill_id} closes a {fill.symbol} position whose entry was not seen")
            return (self._enter(fill, fill.quantity, fill.fee_quote, bar),)
        closing = min(fill.quantity, held.quantity)
        if closing == fill.quantity:
            return (self._exit(fill, held, closing, fill.fee_quote, bar),)
        fee = _share(fill.fee_quote, closing, fill.quantity)
        out = self._exit(fill, held, closing, fee, bar)
        return (out, self._enter(fill, fill.quantity - closing, fill.fee_quote - fee, bar))

    def bars_held(self, symbol: str, bar: int) -> int:
        """Slices since the open position in `symbol` began; 0 when there is none."""
        held = self._open.get(symbol)
        return bar - held.opened_at_bar if held is not None else 0

    def _enter(self, fill: Fill, shares: Decimal, fee: Decimal, bar: int) -> Leg:
        held = self._open.get(fill.symbol)
        if held is None:
            direction = Lean.LONG if fill.side.sign > 0 else Lean.SHORT
            held = self._open[fill.symbol] = _Open(direction, ZERO, ZERO, ZERO, bar)
        held.quantity += shares
        held.cost_quote += shares * fill.price
        held.fees_quote += fee
        return _leg(fill, held, shares, fee)

    def _exit(self, fill: Fill, held: _Open, shares: Decimal, fee: Decimal, bar: int) -> Leg:
        cost = _share(held.cost_quote, shares, held.quantity)
        entry_fee = _share(held.fees_quote, shares, held.quantity)
        held.quantity -= shares
        held.cost_quote -= cost
        held.fees_quote -= entry_fee
        sign = 1 if held.direction is Lean.LONG else -1
        pnl = sign * (shares * fill.price - cost) - fee - entry_fee
        if held.quantity == 0:
            del self._open[fill.symbol]
        return _leg(fill, held, shares, fee, (pnl, bar - held.opened_at_bar, cost))


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


def _share(total: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """`total · part ÷ whole`, to 8 decimals unless it is all of it: what is left keeps the rest, so nothing is lost."""
    return total if part == whole else short(total * part / whole)


def _leg(
    fill: Fill, held: _Open, shares: Decimal, fee: Decimal, realised: tuple[Decimal, int, Decimal] | None = None
) -> Leg:
    pnl, bars, cost = realised if realised is not None else (None, 0, ZERO)
    return Leg(
        at_ns=fill.at_ns,
        symbol=fill.symbol,
        entry=realised is None,
        direction=held.direction,
        shares=shares,
        price=fill.price,
        reference_price=fill.reference_price,
        fee_quote=fee,
        slippage_quote=(fill.price - fill.reference_price) * shares * fill.side.sign,
        trigger=fill.trigger,
        action=fill.action,
        reason=fill.reason,
        order_id=fill.order_id,
        fill_id=fill.fill_id,
        position_after=held.quantity if held.direction is Lean.LONG else -held.quantity,
        pnl_quote=pnl,
        pnl_frac=(pnl / cost).quantize(FRAC_STEP) if pnl is not None and cost > 0 else None,
        bars_held=bars,
    )
