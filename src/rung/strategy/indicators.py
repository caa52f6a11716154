"""Streaming indicators: one object, one call per bar, NaN until the window is full.

`mean = sma(60)` in `start`, `mean(close)` in `decide`. A call answers the new value; `.value` is the last one again, so
that a rule may compare a close with the mean of the bars before it. They see what they are shown and nothing else: no
look-ahead is possible. A NaN that is shown makes NaN until it has left the window; the recursive ones (ema, rsi, atr)
ignore it. Windows count calls, so call each one on every bar.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Protocol

NAN = math.nan


class HighLowClose(Protocol):
    """A bar, as far as an indicator looks at it."""

    @property
    def high(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def close(self) -> float: ...


class _Window:
    """The last `period` numbers as a ring."""

    __slots__ = ("_at", "_full", "_ring", "period", "value")

    def __init__(self, period: int) -> None:
        if period < 1:
            raise ValueError(f"a window has at least 1 bar, not {period}")
        self.period = period
        self.value = NAN
        self._ring = [0.0] * period
        self._at = 0
        self._full = False


class sma(_Window):  # noqa: N801 - indicators are written like the functions they are to their users
    """Simple mean of the last `period` values. The running sum is added up anew each time round the ring."""

    __slots__ = ("_sum",)

    def __init__(self, period: int) -> None:
        super().__init__(period)
        self._sum = 0.0

    def __call__(self, value: float) -> float:
        ring, at = self._ring, self._at
        self._sum += value - ring[at]
        ring[at] = value
        at += 1
        if at == self.period:
            at = 0
            self._full = True
            self._sum = math.fsum(ring)
        self._at = at
        if self._full:
            if self._sum != self._sum:
                self._sum = math.fsum(ring)  # a NaN has just left, or is still there
            self.value = self._sum / self.period
        return self.value


class std(_Window):  # noqa: N801
    """Standard deviation of the last `period` values, divided by `period` (population); `mean` is their mean.

    Source: Welford's update with the oldest value taken out, started anew each time round the ring.
    """

    __slots__ = ("_m2", "mean")

    def __init__(self, period: int) -> None:
        super().__init__(period)
        if period < 2:
            raise ValueError("a deviation needs at least 2 bars")
        self.mean = NAN
        self._m2 = 0.0

    def __call__(self, value: float) -> float:
        ring, at, period = self._ring, self._at, self.period
        if self._full:
            old, mean = ring[at], self.mean
            self.mean = mean + (value - old) / period
            self._m2 += (value - old) * (value - self.mean + old - mean)
        ring[at] = value
        at += 1
        if at == period:
            at = 0
            self._full = True
        self._at = at
        if self._full and (at == 0 or self._m2 != self._m2):
            self.mean = mean = math.fsum(ring) / period
            self._m2 = math.fsum([(each - mean) ** 2 for each in ring])
        if self._full:
            self.value = math.sqrt(self._m2 / period) if not self._m2 < 0.0 else 0.0
        return self.value


class zscore:  # noqa: N801
    """(value − mean) ÷ deviation of the last `period` values, the newest included; NaN where they are all equal."""

    __slots__ = ("_std", "period", "value")

    def __init__(self, period: int) -> None:
        self._std = std(period)
        self.period = period
        self.value = NAN

    def __call__(self, value: float) -> float:
        spread = self._std(value)
        self.value = (value - self._std.mean) / spread if spread > 1e-12 * abs(value) else NAN
        return self.value


class ema:  # noqa: N801
    """Exponential mean with share 2 ÷ (period + 1), started from the simple mean of the first `period` values."""

    __slots__ = ("_count", "_share", "_sum", "period", "value")

    def __init__(self, period: int) -> None:
        if period < 1:
            raise ValueError(f"a window has at least 1 bar, not {period}")
        self.period = period
        self.value = NAN
        self._share = 2.0 / (period + 1)
        self._count = 0
        self._sum = 0.0

    def __call__(self, value: float) -> float:
        if value != value:
            return self.value
        if self._count < self.period:
            self._count += 1
            self._sum += value
            if self._count == self.period:
                self.value = self._sum / self.period
        else:
            self.value += self._share * (value - self.value)
        return self.value


class _Wilder:
    """Wilder's average: share 1 ÷ period, started from the simple mean. Source: Wilder (1978)."""

    __slots__ = ("_count", "period", "value")

    def __init__(self, period: int) -> None:
        if period < 1:
            raise ValueError(f"a window has at least 1 bar, not {period}")
        self.period = period
        self.value = 0.0
        self._count = 0

    def add(self, value: float) -> bool:
        """True once the average is one of `period` values."""
        if self._count < self.period:
            self._count += 1
            self.value += (value - self.value) / self._count
        else:
            self.value += (value - self.value) / self.period
        return self._count == self.period


class rsi:  # noqa: N801
    """Relative strength, 0 to 100, of Wilder averages of rises and falls; 50 where nothing moved. Wilder (1978)."""

    __slots__ = ("_falls", "_last", "_rises", "period", "value")

    def __init__(self, period: int = 14) -> None:
        self.period = period
        self.value = NAN
        self._last = NAN
        self._rises = _Wilder(period)
        self._falls = _Wilder(period)

    def __call__(self, value: float) -> float:
        change = value - self._last
        if value == value:
            self._last = value
        if change != change:
            return self.value
        full = self._rises.add(change if change > 0.0 else 0.0)
        self._falls.add(-change if change < 0.0 else 0.0)
        if full:
            total = self._rises.value + self._falls.value
            self.value = 100.0 * self._rises.value / total if total > 0.0 else 50.0
        return self.value


class atr:  # noqa: N801
    """Average true range in the price's own unit; called with the bar. Needs `period` + 1 bars. Wilder (1978)."""

    __slots__ = ("_average", "_last", "period", "value")

    def __init__(self, period: int = 14) -> None:
        self.period = period
        self.value = NAN
        self._last = NAN
        self._average = _Wilder(period)

    def __call__(self, bar: HighLowClose) -> float:
        last, self._last = self._last, bar.close
        reach = max(bar.high, last) - min(bar.low, last) if last == last else NAN
        if reach == reach and self._average.add(reach):
            self.value = self._average.value
        return self.value


class highest:  # noqa: N801
    """Largest of the last `period` values; each value is looked at twice at most."""

    __slots__ = ("_count", "_places", "period", "value")
    _sign = 1.0

    def __init__(self, period: int) -> None:
        if period < 1:
            raise ValueError(f"a window has at least 1 bar, not {period}")
        self.period = period
        self.value = NAN
        self._count = 0
        self._places: deque[tuple[int, float]] = deque()

    def __call__(self, value: float) -> float:
        places, signed = self._places, self._sign * value if value == value else math.inf
        while places and places[-1][1] <= signed:
            places.pop()
        places.append((self._count, signed))
        if places[0][0] <= self._count - self.period:
            places.popleft()
        self._count += 1
        if self._count >= self.period:
            top = places[0][1]
            self.value = self._sign * top if top != math.inf else NAN
        return self.value


class lowest(highest):  # noqa: N801
    """Smallest of the last `period` values."""

    __slots__ = ()
    _sign = -1.0


class lag(_Window):  # noqa: N801
    """The value of `period` calls ago."""

    __slots__ = ()

    def __call__(self, value: float) -> float:
        ring, at = self._ring, self._at
        if self._full:
            self.value = ring[at]
        ring[at] = value
        self._at = at + 1 if at + 1 < self.period else 0
        self._full = self._full or self._at == 0
        return self.value


class roc:  # noqa: N801
    """Rate of change: value ÷ value of `period` calls ago − 1."""

    __slots__ = ("_lag", "period", "value")

    def __init__(self, period: int) -> None:
        self._lag = lag(period)
        self.period = period
        self.value = NAN

    def __call__(self, value: float) -> float:
        before = self._lag(value)
        self.value = value / before - 1.0 if before else NAN
        return self.value
