"""What a symbol traded in the last 24 hours."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import Refusable
from rung.domain.order import Order
from rung.domain.slice import Slice
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.gate import Observes

DAY_NS = 24 * 60 * NS_PER_MINUTE
_MILLION = 1_000_000


class DayVolume(Observes):
    """Σ close × volume over the bars known in the last 24 h ≥ `min_quote`. Exactly at it passes.

    Only what the gate was shown counts, so a desk that has just started refuses until it has seen enough: show it
    the day before first. Bars without a finite value count as nothing. Sums are kept in whole millionths, so that
    nothing is lost by adding and taking away for months. Source: seed 002 (1,000,000), seed 000.
    """

    name = "day_volume"
    halts = False

    def __init__(self, min_quote: float) -> None:
        self._min_quote = min_quote
        self._seen: dict[str, deque[tuple[int, int]]] = {}
        self._total: dict[str, int] = {}
        self._shown_ns: int | None = None

    def observe(self, event: Slice) -> None:
        self._shown_ns = event.at_ns
        for symbol, bar in event.bars.items():
            value = bar.close * bar.volume
            seen = self._seen.setdefault(symbol, deque())
            total = self._total.get(symbol, 0)
            if 0.0 < value < math.inf:
                millionths = round(value * _MILLION)
                seen.append((event.at_ns, millionths))
                total += millionths
            while seen and seen[0][0] <= event.at_ns - DAY_NS:
                total -= seen.popleft()[1]
            self._total[symbol] = total

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        if self._shown_ns != view.slice.at_ns:
            raise Refusable("cannot judge: the gate was not shown this slice")
        traded = self._traded(order.symbol, view.slice.at_ns - DAY_NS) / _MILLION
        if traded >= self._min_quote:
            return ()
        return (
            Violation(
                kind=ViolationKind.MIN_VOLUME,
                gate=self.name,
                message=f"{order.symbol} traded {traded:,.0f} in 24 h, less than {self._min_quote:,.0f}",
                value=f"{traded:,.0f}",
                limit=f"{self._min_quote:,.0f}",
            ),
        )

    def _traded(self, symbol: str, after_ns: int) -> int:
        """Millionths of the quote currency; what grew old since the symbol's last bar is left out."""
        total = self._total.get(symbol, 0)
        for at_ns, millionths in self._seen.get(symbol, ()):
            if at_ns > after_ns:
                break
            total -= millionths
        return total
