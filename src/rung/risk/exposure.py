"""What the account could hold once the orders are sent: the worst case that is still reachable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from rung.domain.errors import Refusable
from rung.domain.order import Order, OrderKind
from rung.domain.view import View

_ZERO = Decimal(0)
_TRADES = (OrderKind.MARKET, OrderKind.LIMIT)


def reachable(quantity: Decimal, orders: Sequence[Order]) -> Decimal:
    """Signed base units after `orders` of one symbol, starting from `quantity`: the larger of two endings.

    In one everything fills; in the other no exit does: an exit that has been sent is not yet an exit, its symbol may
    not trade for minutes, and nothing may be bought with what it has not brought.
    """
    filled = stuck = quantity
    for order in orders:
        if order.kind not in _TRADES:
            continue
        change = order.quantity * order.side.sign
        if order.kind is OrderKind.MARKET or abs(filled + change) > abs(filled):  # a limit may rest unfilled
            filled += change
        if not order.reduce_only and abs(stuck + change) > abs(stuck):
            stuck += change
    return stuck if abs(stuck) >= abs(filled) else filled


def quantity_after(symbol: str, view: View, orders: Sequence[Order]) -> Decimal:
    """Signed base units of one symbol after `orders`, at their worst."""
    position = view.account.positions.get(symbol)
    return reachable(position.quantity if position is not None else _ZERO, [o for o in orders if o.symbol == symbol])


def quantities_after(order: Order, view: View, ahead: Sequence[Order]) -> Mapping[str, Decimal]:
    """Signed base units by symbol after `ahead` and `order`; symbols that end flat keep a zero."""
    return _after(order, view, ahead).quantities


def symbol_notional_after(order: Order, view: View, ahead: Sequence[Order]) -> Decimal:
    """Absolute value of the order's symbol after everything, at its reference price, quote currency."""
    quantity = _after(order, view, ahead).quantities[order.symbol]
    return _finite(abs(quantity * order.reference_price), order.symbol)


def notionals_after(order: Order, view: View, ahead: Sequence[Order]) -> Mapping[str, Decimal]:
    """Absolute value by symbol after everything: at the newest reference price, else at the mark."""
    after = _after(order, view, ahead)
    if after.notionals is None:
        after.notionals = _notionals(after.quantities, view, (*ahead, order))
    return after.notionals


def gross_notional_after(order: Order, view: View, ahead: Sequence[Order]) -> Decimal:
    """Sum of the absolute values of all positions after everything, quote currency."""
    return sum(notionals_after(order, view, ahead).values(), _ZERO)


def symbols_held_after(order: Order, view: View, ahead: Sequence[Order]) -> int:
    """How many symbols are not flat after everything."""
    return sum(1 for quantity in _after(order, view, ahead).quantities.values() if quantity)


class _After:
    """What several gates ask about one order in a row; worked out once. Holds what it was asked about."""

    __slots__ = ("ahead", "notionals", "order", "quantities", "view")

    def __init__(self, order: Order, view: View, ahead: Sequence[Order]) -> None:
        self.order, self.view, self.ahead = order, view, ahead
        quantities = {symbol: position.quantity for symbol, position in view.account.positions.items()}
        orders = (*ahead, order)
        for symbol in dict.fromkeys([each.symbol for each in orders]):
            sent = [each for each in orders if each.symbol == symbol]
            quantities[symbol] = reachable(quantities.get(symbol, _ZERO), sent)
        self.quantities = quantities
        self.notionals: Mapping[str, Decimal] | None = None


_newest: _After | None = None


def _after(order: Order, view: View, ahead: Sequence[Order]) -> _After:
    """The newest answer when the very same objects are asked about again; they are frozen, and a tuple is as well."""
    global _newest
    after = _newest
    if after is None or after.order is not order or after.view is not view or after.ahead is not ahead:
        after = _After(order, view, ahead)
        _newest = after if isinstance(ahead, tuple) else None
    return after


def _notionals(quantities: Mapping[str, Decimal], view: View, orders: Sequence[Order]) -> Mapping[str, Decimal]:
    prices = {symbol: position.mark_price for symbol, position in view.account.positions.items()}
    for each in orders:
        prices[each.symbol] = each.reference_price
    return {symbol: _finite(abs(quantity * prices[symbol]), symbol) for symbol, quantity in quantities.items()}


def _finite(value: Decimal, symbol: str) -> Decimal:
    if not value.is_finite():
        raise Refusable(f"cannot judge without a finite value of {symbol} (is {value})")
    return value
