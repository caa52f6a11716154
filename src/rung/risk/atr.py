"""Average true range per symbol, one bar at a time."""

from __future__ import annotations

import math

from rung.domain.slice import Slice


class AverageTrueRange:
    """Wilder's ATR over the bars of the slices it is shown, quote currency.

    Known from `period` bars on (their mean), then smoothed with 1/period. The first bar's range is high − low.
    A bar with a non-finite price is skipped. Source: Wilder (1978).
    """

    def __init__(self, period: int = 14) -> None:
        self._period = period
        self._close: dict[str, float] = {}
        self._count: dict[str, int] = {}
        self._mean: dict[str, float] = {}

    def observe(self, event: Slice) -> None:
        for symbol, bar in event.bars.items():
            if not math.isfinite(bar.high + bar.low + bar.close):
                continue
            before = self._close.get(symbol, bar.close)
            width = max(bar.high, before) - min(bar.low, before)
            count = self._count.get(symbol, 0) + 1
            mean = self._mean.get(symbol, 0.0)
            self._mean[symbol] = mean + (width - mean) / min(count, self._period)
            self._count[symbol] = count
            self._close[symbol] = bar.close

    def atr_quote(self, symbol: str) -> float | None:
        """The newest value, None before `period` bars."""
        return self._mean[symbol] if self._count.get(symbol, 0) >= self._period else None
