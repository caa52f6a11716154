"""An opening order must be a whole order before any gate can judge it."""

from __future__ import annotations

from decimal import Decimal

from rung.domain.order import Order, OrderKind
from rung.domain.verdicts import Violation, ViolationKind

NAME = "shape"
_ZERO = Decimal(0)


def malformed(order: Order) -> tuple[Violation, ...]:
    """Why the order is no order: a quantity or price that is missing, not finite or not positive."""
    broken = (
        [_broken(order, "reference price", order.reference_price, "> 0")]
        if not _is_positive(order.reference_price)
        else []
    )
    if order.kind is OrderKind.PROTECT:
        if order.quantity != _ZERO:
            broken.append(_broken(order, "quantity", order.quantity, "0"))
    elif not _is_positive(order.quantity):
        broken.append(_broken(order, "quantity", order.quantity, "> 0"))
    if (order.kind is OrderKind.LIMIT) != (order.limit_price is not None):
        broken.append(_broken(order, "limit price", order.limit_price, "set exactly for LIMIT orders"))
    elif order.limit_price is not None and not _is_positive(order.limit_price):
        broken.append(_broken(order, "limit price", order.limit_price, "> 0"))
    return tuple(broken)


def _is_positive(value: Decimal) -> bool:
    return value.is_finite() and value > _ZERO


def _broken(order: Order, what: str, value: Decimal | None, limit: str) -> Violation:
    return Violation(
        kind=ViolationKind.CANNOT_JUDGE,
        gate=NAME,
        message=f"{what} of {order.kind} {order.symbol} is {value}, must be {limit}",
        value=str(value),
        limit=limit,
    )
