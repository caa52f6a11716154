"""Keeps the rotation from holding the same bet twice: correlation of one-bar returns over the kept history."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from statistics import StatisticsError, correlation

from rung.domain.slice import Slice

MIN_COMMON_BARS = 20


class ReturnHistory:
    """The newest `size` one-bar returns of every symbol, aligned by slice."""

    def __init__(self, size: int) -> None:
        self._rows: deque[dict[str, float]] = deque(maxlen=size)
        self._closes: dict[str, float] = {}

    def see(self, event: Slice) -> None:
        """Take in one slice; a symbol without a bar has no return in it."""
        row = {}
        for symbol, bar in event.bars.items():
            before = self._closes.get(symbol)
            if before is not None and before > 0.0:
                row[symbol] = bar.close / before - 1.0
            self._closes[symbol] = bar.close
        self._rows.append(row)

    def largest(self, symbol: str, others: Iterable[str]) -> float:
        """The highest correlation of `symbol` with any of `others`, in [-1, 1]; -1 while too few bars are common."""
        return max((self._between(symbol, other) for other in others if other != symbol), default=-1.0)

    def _between(self, one: str, other: str) -> float:
        pairs = [(row[one], row[other]) for row in self._rows if one in row and other in row]
        if len(pairs) < MIN_COMMON_BARS:
            return -1.0
        try:
            return correlation(*zip(*pairs, strict=True))
        except StatisticsError:  # one of them did not move at all
            return -1.0
