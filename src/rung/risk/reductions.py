"""The short list for orders that cut risk: they pass every entry gate, so they must really cut it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from rung.domain.order import Order, OrderKind
from rung.domain.target import Protection
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View

NAME = "reductions"
_ZERO = Decimal(0)


def cuts_risk(order: Order, view: View) -> bool:
    """True for what passes the entry gates: cancels, reduce-only orders, a PROTECT that keeps or tightens.

    A PROTECT that loosens or drops a stop adds risk: it is judged like an opening order. A trailing stop never
    retreats, so another distance of it loosens nothing; to drop it does.
    """
    if order.kind is OrderKind.CANCEL:
        return True
    if order.kind is OrderKind.PROTECT:
        return _keeps_or_tightens(order, view)
    return order.reduce_only


def reduction_violations(order: Order, view: View, ahead: Sequence[Order]) -> tuple[Violation, ...]:
    """Why an order that claims to cut risk does not; empty when it does. No limit of any kind is asked."""
    if order.kind is OrderKind.CANCEL:
        return ()
    position = view.account.positions.get(order.symbol)
    if position is None or not position.quantity:
        return (_not_reducing(f"{order.symbol} holds no position", "0", "a position"),)
    if order.kind is OrderKind.PROTECT:
        return _protection_violations(order.protection)
    if (position.quantity > 0) == (order.side.sign > 0):
        sentence = f"{order.side} adds to a position of {position.quantity} {order.symbol}"
        return (_not_reducing(sentence, order.side.value, order.side.opposite.value),)
    left = abs(position.quantity) - _leaving(order.symbol, ahead)
    if not order.quantity.is_finite() or order.quantity <= _ZERO or order.quantity > left:
        sentence = f"{order.side} {order.quantity} {order.symbol} where only {left} is left to close"
        return (_not_reducing(sentence, str(order.quantity), str(left)),)
    return ()


def _leaving(symbol: str, ahead: Sequence[Order]) -> Decimal:
    """What market exits approved before in this batch already take; a resting limit never blocks an exit."""
    exits = (o.quantity for o in ahead if o.symbol == symbol and o.reduce_only and o.kind is OrderKind.MARKET)
    return sum(exits, _ZERO)


def _keeps_or_tightens(order: Order, view: View) -> bool:
    position = view.account.positions.get(order.symbol)
    present = position.protection if position is not None else None
    if present is None:
        return True
    wanted = order.protection if order.protection is not None else Protection()
    if present.trails and not wanted.trails:
        return False
    if present.stop_frac is None:
        return True
    return wanted.stop_frac is not None and wanted.stop_frac <= present.stop_frac


def _protection_violations(protection: Protection | None) -> tuple[Violation, ...]:
    if protection is None:
        return ()
    entry, best = "fraction of the entry price", "fraction of the best close"
    distances = (
        ("stop", protection.stop_frac, entry),
        ("take-profit", protection.take_profit_frac, entry),
        ("trailing stop", protection.trail_frac, best),
        ("trailing stop", protection.trail_quote, "amount"),
    )
    return tuple(
        Violation(
            kind=ViolationKind.INVALID_STOP,
            gate=NAME,
            message=f"{name} distance {value} is not a positive finite {what}",
            value=str(value),
            limit="> 0",
        )
        for name, value, what in distances
        if value is not None and not (math.isfinite(value) and value > 0.0)
    )


def _not_reducing(sentence: str, value: str, limit: str) -> Violation:
    return Violation(kind=ViolationKind.NOT_REDUCING, gate=NAME, message=sentence, value=value, limit=limit)
