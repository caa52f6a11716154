"""Price against its own mean: long above a band around it, short below, flat inside.

Source: the TGT QR documentation (`calculate_ma_signal`): mean of the 60 one-minute closes *before* the bar, band
±0.1 %, decided every 15 minutes, stop 2 %, target 4 %. The idea is the moving-average filter of Alexander (1961).
Rule: signal +1 above mean·(1 + band), −1 below mean·(1 − band), else 0. It is a level, not an event: as long as the
signal stands the position stands, and a position closed by its stop is opened again at the next decision. `on_cross`
trades only when the signal changes into ±1. `flip` turns an opposite position round in one decision; without it the
position is kept until the signal is 0, as the source's live loop does (its backtest flips; the two disagree).
Additions the source only plans: `trend` (trade only on the side of a longer mean), `second_period` (a slower mean must
agree, both on the same bars: several time frames without resampling), `atr_multiple` (the band is this many average
true ranges, if that is wider than `band`), `trail` (a stop that follows the best close).
Assumes: trends that last for hours are larger than the cost of a round trip. Fails in a market that swings around its
mean: it then buys high, sells low and pays the spread each time. With an hour's mean that is most of the time; see the
results in docs/concepts/strategies.md.
"""

from __future__ import annotations

from rung.strategy.authoring import Strategy, SymbolView, Wish
from rung.strategy.indicators import atr, sma
from rung.strategy.parameters import param


class Crossover(Strategy):
    """Price against its 60-minute mean, ±0.1 %, every 15 minutes, stop 2 %, target 4 % (the TGT rules)."""

    period = param(60, low=2, high=10_000, about="bars of the mean", aliases={"ma": "1"})
    band = param(
        0.001, low=0.0, high=0.5, about="distance from the mean that counts, fraction; the source's threshold_pct is "
        "the same in per cent", aliases={"threshold_pct": "0.01"},
    )  # fmt: skip
    every = param(15, low=1, high=1440, about="minutes between decisions, counted from the session's open")
    stop = param(0.02, low=0.0005, high=0.5, about="stop loss, fraction of the entry price")
    target = param(0.04, low=0.0, high=5.0, about="take profit, fraction of the entry price; 0 sets none")
    trail = param(0.0, low=0.0, high=0.5, about="stop this fraction behind the best close since the entry; 0 sets none")
    size = param(0.95, low=0.0001, high=100.0, about="position value, fraction of equity")
    include_current = param(False, about="the mean contains the bar it is compared with")
    flip = param(True, about="an opposite signal turns the position round; false keeps it until the signal is 0")
    on_cross = param(False, about="enter only when the signal changes, not while it stands")
    shorts = param(True, about="false: a signal of -1 means out")
    trend = param(0, low=0, high=100_000, about="bars of the trend filter's mean; 0 = no filter")
    second_period = param(0, low=0, high=100_000, about="bars of a second mean that must agree; 0 = none")
    atr_multiple = param(0.0, low=0.0, high=100.0, about="band of at least so many ATRs; 0 = fixed band")
    atr_period = param(60, low=2, high=10_000, about="bars of that ATR")

    def start(self) -> None:
        self.mean = sma(self.period)
        self.long_mean = sma(self.trend) if self.trend else None
        self.second_mean = sma(self.second_period) if self.second_period else None
        self.reach = atr(self.atr_period) if self.atr_multiple else None
        self.last_signal = 0
        self.guards = {"stop": self.stop, "target": self.target or None, "trail": self.trail or None}

    def decide(self, view: SymbolView) -> Wish | None:
        """The signal as a position, at the minutes at which decisions are made."""
        signal = self._signal(view)
        if view.minute % self.every:
            return None
        before, self.last_signal = self.last_signal, signal
        if signal == 0 or (signal < 0 and not self.shorts):
            return self.flat("inside the band" if signal == 0 else "below the band")
        if view.side == -signal and not self.flip:
            return None
        if self.on_cross and signal == before and view.side != signal:
            return None
        if signal > 0:
            return self.long("above the band", weight=self.size, **self.guards)
        return self.short("below the band", weight=self.size, **self.guards)

    def _signal(self, view: SymbolView) -> int:
        """+1, −1 or 0 of this bar; every mean sees every bar. NaN compares as false: nothing starts before its time."""
        close = view.bar.close
        before = self.mean.value
        mean = self.mean(close) if self.include_current else (self.mean(close), before)[1]
        above, below = mean * (1.0 + self.band), mean * (1.0 - self.band)
        if self.reach is not None:
            width = self.atr_multiple * self.reach(view.bar)
            above, below = max(mean + width, above), min(mean - width, below)
        signal = 1 if close > above else -1 if close < below else 0
        for filter_ in (self.long_mean, self.second_mean):
            if filter_ is not None:
                slow = filter_(close)
                if not (close - slow) * signal > 0.0:
                    signal = 0
        return signal
