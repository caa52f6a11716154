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


class DayVolume(Observes):
    """Σ close × volume over the bars known in the last 24 h ≥ `min_quote`. Exactly at it passes.

    Only what the gate was shown counts, so a desk that has just started refuses until it has seen enough: show it
    the day before first. Bars without a finite value count as nothing. Source: seed 002 (1,000,000), seed 000.
    """

    name = "day_volume"
    halts = False

    def __init__(self, min_quote: float) -> None:
        self._min_quote = min_quote
        self._seen: dict[str, deque[tuple[int, float]]] = {}
        self._shown_ns: int | None = None

    def observe(self, event: Slice) -> None:
        self._shown_ns = event.at_ns
        for symbol, bar in event.bars.items():
            value = bar.close * bar.volume
            seen = self._seen.setdefault(symbol, deque())
            if math.isfinite(value) and value > 0.0:
                seen.append((event.at_ns, value))
            while seen and seen[0][0] <= event.at_ns - DAY_NS:
                seen.popleft()

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        if self._shown_ns != view.slice.at_ns:
            raise Refusable("cannot judge: the gate was not shown this slice")
        after_ns = view.slice.at_ns - DAY_NS
        traded = math.fsum(value for at_ns, value in self._seen.get(order.symbol, ()) if at_ns > after_ns)
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
