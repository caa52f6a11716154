"""What the account would hold if the orders went through: the worst case that is still reachable."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rung.domain.errors import Refusable
from rung.domain.order import Order, OrderKind
from rung.domain.view import View

_ZERO = Decimal(0)
_TRADES = (OrderKind.MARKET, OrderKind.LIMIT)


def added(quantity: Decimal, order: Order) -> Decimal:
    """Signed base units after `order`, starting from `quantity`, counted pessimistically.

    An order that takes away counts only when it is a MARKET order: a limit may rest unfilled.
    """
    if order.kind not in _TRADES:
        return quantity
    after = quantity + order.quantity * order.side.sign
    if order.kind is OrderKind.MARKET or abs(after) > abs(quantity):
        return after
    return quantity


def quantity_after(symbol: str, view: View, orders: Sequence[Order]) -> Decimal:
    """Signed base units of one symbol after `orders`."""
    position = view.account.positions.get(symbol)
    quantity = position.quantity if position is not None else _ZERO
    for order in orders:
        if order.symbol == symbol:
            quantity = added(quantity, order)
    return quantity


def quantities_after(view: View, orders: Sequence[Order]) -> dict[str, Decimal]:
    """Signed base units by symbol after `orders`; symbols that end flat keep a zero."""
    held = {symbol: position.quantity for symbol, position in view.account.positions.items()}
    for order in orders:
        held[order.symbol] = added(held.get(order.symbol, _ZERO), order)
    return held


def symbol_notional_after(order: Order, view: View, ahead: Sequence[Order]) -> Decimal:
    """Absolute value of the order's symbol after everything, at its reference price, quote currency."""
    quantity = quantity_after(order.symbol, view, (*ahead, order))
    return _finite(abs(quantity * order.reference_price), f"value of {order.symbol}")


def notionals_after(order: Order, view: View, ahead: Sequence[Order]) -> dict[str, Decimal]:
    """Absolute value by symbol after everything: at the newest reference price, else at the mark."""
    orders = (*ahead, order)
    prices = {symbol: position.mark_price for symbol, position in view.account.positions.items()}
    for each in orders:
        prices[each.symbol] = each.reference_price
    quantities = quantities_after(view, orders)
    return {
        symbol: _finite(abs(quantity * prices[symbol]), f"value of {symbol}") for symbol, quantity in quantities.items()
    }


def gross_notional_after(order: Order, view: View, ahead: Sequence[Order]) -> Decimal:
    """Sum of the absolute values of all positions after everything, quote currency."""
    return sum(notionals_after(order, view, ahead).values(), _ZERO)


def symbols_held_after(order: Order, view: View, ahead: Sequence[Order]) -> int:
    """How many symbols are not flat after everything."""
    return sum(1 for quantity in quantities_after(view, (*ahead, order)).values() if quantity)


def _finite(value: Decimal, what: str) -> Decimal:
    if not value.is_finite():
        raise Refusable(f"cannot judge without a finite {what} (is {value})")
    return value
