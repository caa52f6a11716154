"""Where float64 prices of a tape become exact money, and the rounding that is always against us."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from rung.domain import decimals
from rung.domain.order import Side

BUY = Side.BUY
"""Looked up once: to ask an enumeration for a member costs as much as a division of decimals."""
PRICE_STEP = Decimal("0.0001")
"""Execution prices are kept to a hundredth of a cent; venues with finer ticks use their tick."""


def exact(value: float) -> Decimal:
    """A price as a decimal; raises ValueError for NaN and infinity, at which nothing is traded."""
    number = decimals.exact(value)
    if not number.is_finite():
        raise ValueError(f"{value} is not a price")
    return number


def price_step(tick_size: Decimal) -> Decimal:
    return min(PRICE_STEP, tick_size)


def round_up(value: Decimal, step: Decimal) -> Decimal:
    return (value / step).to_integral_value(ROUND_CEILING) * step


def round_down(value: Decimal, step: Decimal) -> Decimal:
    return (value / step).to_integral_value(ROUND_FLOOR) * step


def against(side: Side, value: Decimal, step: Decimal) -> Decimal:
    """`value` on the price grid, rounded up for a buyer and down for a seller."""
    return (value / step).to_integral_value(ROUND_CEILING if side is BUY else ROUND_FLOOR) * step
