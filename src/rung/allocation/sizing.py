"""How many units a weight is, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Annotated

from annotated_doc import Doc
from annotated_types import Ge


@dataclass(frozen=True, slots=True, kw_only=True)
class SizingParams:
    """How weights become quantities."""

    min_position_quote: Annotated[Decimal, Ge(0), Doc("entries smaller than this are dropped, quote currency")] = (
        Decimal(100)
    )
    adaptive: Annotated[bool, Doc("scale entries by the outcome of the last two closed trades")] = False


def whole_lots(value_quote: Decimal, price: Decimal, lot_size: Decimal) -> Decimal:
    """The largest multiple of `lot_size` that `value_quote` buys at `price`; 0 when it buys none."""
    lots = (value_quote / (price * lot_size)).to_integral_value(rounding=ROUND_FLOOR)
    return max(lots, Decimal(0)) * lot_size


def adaptive_factor(closed_trades_quote: Sequence[Decimal], equity_quote: Decimal) -> Decimal:
    """The source's factor from the last two closed trades: 1 without two of them or when they disagree.

    Two wins: 1.15, rising to 1.5 as their sum reaches 1 % of equity. Two losses: 0.9, falling to 0.3 likewise.
    """
    if len(closed_trades_quote) < 2 or equity_quote <= 0:
        return Decimal(1)
    last_two = closed_trades_quote[-2:]
    size = min(abs(sum(last_two, Decimal(0))) / equity_quote / Decimal("0.01"), Decimal(1))
    if all(p > 0 for p in last_two):
        return Decimal("1.15") + Decimal("0.35") * size
    if all(p < 0 for p in last_two):
        return Decimal("0.9") - Decimal("0.6") * size
    return Decimal(1)
