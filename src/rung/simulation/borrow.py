"""The loan of what is sold short."""

from __future__ import annotations

from decimal import Decimal

from rung.simulation.params import BorrowParams
from rung.simulation.prices import round_up

BPS = Decimal("0.0001")
HOURS_PER_YEAR = 365 * 24
MONEY_STEP = Decimal("0.00000001")


class HourlyBorrow:
    """One annual rate for every symbol, by the hour, rounded up to 1e-8."""

    def __init__(self, params: BorrowParams) -> None:
        self._hourly_frac = params.annual_bps * BPS / HOURS_PER_YEAR

    def cost_quote(self, symbol: str, value_quote: Decimal, hours: int) -> Decimal:
        return round_up(value_quote * self._hourly_frac * hours, MONEY_STEP)
