"""How much of a bar one may be."""

from __future__ import annotations

from decimal import Decimal

from rung.domain.bar import Bar
from rung.simulation.params import LiquidityParams
from rung.simulation.prices import exact


class ParticipationCap:
    """A fixed share of the bar's volume, all our orders of the symbol together."""

    def __init__(self, params: LiquidityParams) -> None:
        self._frac = params.max_participation_frac

    def room_base(self, bar: Bar) -> Decimal:
        return exact(bar.volume) * self._frac
