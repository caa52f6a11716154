"""What gates measure, each fact refused when it is missing, non-finite or of another instant."""

from __future__ import annotations

import math
from decimal import ROUND_DOWN, Decimal

from rung.domain import decimals
from rung.domain.bar import Bar
from rung.domain.errors import Refusable
from rung.domain.order import Order
from rung.domain.view import View

_ZERO = Decimal(0)
_STEP = Decimal("1e-8")


def exact(value: float | Decimal) -> Decimal:
    """The decimal a person would read: 0.1 becomes Decimal("0.1"), not its binary neighbour."""
    return Decimal(value) if isinstance(value, Decimal | int) else decimals.exact(value)


def equity_of(view: View) -> Decimal:
    """Equity of the account, quote currency: finite, > 0 and marked to this very slice, or `Refusable`."""
    account = view.account
    if account.at_ns != view.slice.at_ns:
        raise Refusable(f"cannot judge: the account is of {account.at_ns}, the slice of {view.slice.at_ns}")
    return positive(account.equity_quote, "account equity")


def positive(value: Decimal, what: str) -> Decimal:
    """`value` when it is finite and > 0, else `Refusable` naming `what`."""
    if not value.is_finite() or value <= _ZERO:
        raise Refusable(f"cannot judge without a positive finite {what} (is {value})")
    return value


def not_negative(value: Decimal, what: str) -> Decimal:
    """`value` when it is finite and >= 0, else `Refusable` naming `what`."""
    if not value.is_finite() or value < _ZERO:
        raise Refusable(f"cannot judge without a finite {what} of at least 0 (is {value})")
    return value


def bar_of(order: Order, view: View) -> Bar:
    """The bar of the order's symbol that closed at this very instant, or `Refusable`."""
    bar = view.slice.bars.get(order.symbol)
    if bar is None or bar.known_ns != view.slice.at_ns:
        raise Refusable(f"cannot judge without a fresh bar of {order.symbol}")
    return bar


def close_of(order: Order, view: View) -> float:
    """Close of the symbol's fresh bar, finite and > 0, or `Refusable`."""
    close = bar_of(order, view).close
    if not math.isfinite(close) or close <= 0.0:
        raise Refusable(f"cannot judge without a positive finite close of {order.symbol} (is {close})")
    return close


def beyond(one: float, other: float, limit_frac: Decimal, price: float) -> bool:
    """|one − other| > limit × price: in floats far from the limit, close to it in the decimals a person would write.

    A distance that is not finite cannot be judged: `Refusable`.
    """
    distance, limit = abs(one - other), float(limit_frac) * price
    if not math.isfinite(distance):
        raise Refusable("cannot judge a distance between prices that is not finite")
    if abs(distance - limit) > 1e-9 * price:
        return distance > limit
    return abs(exact(one) - exact(other)) > limit_frac * exact(price)


def stop_distance_of(order: Order) -> float | None:
    """How far from the price of the decision the order's nearest stop begins, a fraction; None without a stop."""
    return None if order.protection is None else order.protection.stop_distance_frac(float(order.reference_price))


def offered(quantity: Decimal) -> Decimal:
    """A quantity that would have fitted, ≥ 0, rounded down to eight places: what a refusal offers instead."""
    return max(_ZERO, quantity).quantize(_STEP, rounding=ROUND_DOWN)


def pct(fraction: Decimal | float) -> str:
    """A fraction as people read it: 0.25 → "25 %"."""
    return f"{float(fraction) * 100:.6g} %"


class SmallerOf:
    """A limit that is a fraction of equity, an amount of money, or the smaller of both."""

    def __init__(self, frac: float | Decimal | None, quote: float | Decimal | None) -> None:
        if frac is None and quote is None:
            raise ValueError("a limit needs a fraction or an amount")
        self._frac = None if frac is None else exact(frac)
        self._quote = None if quote is None else exact(quote)

    def quote(self, equity_quote: Decimal) -> Decimal:
        """The limit in money, for this equity."""
        if self._frac is None:
            return self._quote or _ZERO
        limit = self._frac * equity_quote
        return limit if self._quote is None else min(limit, self._quote)

    def __str__(self) -> str:
        parts = [] if self._frac is None else [f"{pct(self._frac)} of equity"]
        return " and ".join(parts if self._quote is None else [*parts, f"{self._quote} at most"])
