"""Targets + account → exact orders. Reductions come first, so that freed capital is seen by the gates.

A flip is two orders: a reduce-only one to flat and an opening one. An entry whose symbol has no bar in this slice is
dropped (no price, no size); an exit is sent anyway. Order ids follow from (strategy, slice, symbol, leg): the same
decision makes the same id, and no id is made twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from rung.allocation.sizing import SizingParams, adaptive_factor, whole_lots
from rung.domain.decimals import exact
from rung.domain.instrument import Instrument
from rung.domain.order import Order, OrderKind, Side
from rung.domain.target import Action, Target
from rung.domain.view import View

NOTHING = Decimal(0)
OPENING = "o"
_CUTS = re.compile(r"-(r|t|s\d+)$")
"""How the ids of reducing legs, stops and targets end."""


class Allocator:
    """Turns what one strategy wants into orders for one account."""

    def __init__(self, *, strategy: str, instruments: Mapping[str, Instrument], params: SizingParams) -> None:
        self._strategy = strategy
        self._instruments = instruments
        self._params = params

    def allocate(self, targets: Sequence[Target], view: View) -> tuple[Order, ...]:
        """Orders in sending order: cancels and reductions, then protection, then openings.

        Raises KeyError for a symbol without an instrument: composing a desk without its instruments is a bug.
        """
        reducing: list[Order] = []
        opening: list[Order] = []
        for target in targets:
            if target.weight is None or target.action is Action.GUARD:
                if target.action is not Action.GUARD and self._grows(target.symbol, view):
                    reducing.append(self._order(target, view, OrderKind.CANCEL, NOTHING, "c"))
                if target.protection is not None:
                    reducing.append(self._protect(target, view))
                continue
            self._towards(target, view, reducing, opening)
        return (*reducing, *opening)

    def _grows(self, symbol: str, view: View) -> bool:
        """True while an order works that is not known to cut: keeping the quantity means withdrawing it."""
        order_id = view.account.working.get(symbol)
        return order_id is not None and _CUTS.search(order_id) is None

    def _towards(self, target: Target, view: View, reducing: list[Order], opening: list[Order]) -> None:
        """Split the way from the present to the wanted quantity into a reducing and an opening leg."""
        held = _held(view, target.symbol)
        wanted = self._wanted(target, view)
        if target.symbol in view.account.working:
            reducing.append(self._order(target, view, OrderKind.CANCEL, NOTHING, "c"))
        if wanted is None:
            return
        keeps_side = held * wanted > 0
        delta_reduce = held - wanted if keeps_side and abs(wanted) < abs(held) else held if not keeps_side else NOTHING
        delta_open = wanted - held if keeps_side and abs(wanted) > abs(held) else wanted if not keeps_side else NOTHING
        if delta_reduce != 0:
            reducing.append(self._order(target, view, OrderKind.MARKET, -delta_reduce, "r", reduce_only=True))
        if delta_open != 0 and abs(delta_open) * _price(view, target.symbol) >= self._params.min_position_quote:
            opening.append(self._order(target, view, OrderKind.MARKET, delta_open, OPENING))

    def _wanted(self, target: Target, view: View) -> Decimal | None:
        """The signed quantity the target asks for; None when an entry cannot be priced."""
        if target.weight == 0.0:
            return NOTHING
        bar = view.slice.bars.get(target.symbol)
        if bar is None or not bar.close > 0.0:
            return None
        weight = exact(target.weight)
        value = abs(weight) * view.account.equity_quote
        if self._params.adaptive:
            value *= adaptive_factor(view.account.closed_trades_quote, view.account.equity_quote)
        quantity = whole_lots(value, exact(bar.close), self._instruments[target.symbol].lot_size)
        return quantity if weight > 0 else -quantity

    def _protect(self, target: Target, view: View) -> Order:
        return self._order(target, view, OrderKind.PROTECT, -_held(view, target.symbol), "p", reduce_only=True)

    def _order(
        self,
        target: Target,
        view: View,
        kind: OrderKind,
        signed: Decimal,
        leg: str,
        *,
        reduce_only: bool = False,
    ) -> Order:
        trades = kind is OrderKind.MARKET
        return Order(
            order_id=f"{self._strategy}-{view.slice.at_ns // 1_000_000_000:x}-{target.symbol}-{leg}",
            at_ns=view.slice.at_ns,
            symbol=target.symbol,
            side=Side.BUY if signed > 0 else Side.SELL,
            kind=kind,
            quantity=abs(signed) if trades else NOTHING,
            reference_price=_price(view, target.symbol),
            reduce_only=reduce_only or kind is OrderKind.CANCEL,
            action=target.action,
            reason=target.reason,
            strategy=self._strategy,
            protection=None if trades and reduce_only else target.protection,
        )


def _held(view: View, symbol: str) -> Decimal:
    position = view.account.positions.get(symbol)
    return position.quantity if position is not None else NOTHING


def _price(view: View, symbol: str) -> Decimal:
    """The newest close; for a symbol without a bar in this slice the position's last mark."""
    bar = view.slice.bars.get(symbol)
    if bar is not None and bar.close > 0.0:
        return exact(bar.close)
    position = view.account.positions.get(symbol)
    return position.mark_price if position is not None else NOTHING
