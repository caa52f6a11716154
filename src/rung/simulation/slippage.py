"""What crossing the spread costs."""

from __future__ import annotations

from decimal import Decimal

from rung.domain.bar import Bar
from rung.simulation.params import SlippageParams

BPS = Decimal("0.0001")


class SpreadSlippage:
    """Half the spread, but at least half a smallest spread, plus slippage in proportion to the price."""

    def __init__(self, params: SlippageParams) -> None:
        self._half_spread_frac = params.half_spread_bps * BPS
        self._min_half_spread = params.min_half_spread_quote
        self._slippage_frac = params.slippage_bps * BPS

    def cost_per_unit_quote(self, reference_price: Decimal, quantity: Decimal, bar: Bar) -> Decimal:
        half_spread, least = reference_price * self._half_spread_frac, self._min_half_spread
        return (least if least > half_spread else half_spread) + reference_price * self._slippage_frac
