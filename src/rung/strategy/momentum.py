"""Own past return carried on: long what rose, short what fell.

Source: time-series momentum, Moskowitz, Ooi & Pedersen (2012), "Time series momentum", JFE 104; the position is scaled
by realised volatility as they do. Their horizon is 12 months of daily data, held for a month; ours is minutes.
Rule: at every `every` minutes, r = close ÷ close[−lookback] − 1, z = r ÷ (σ·√lookback) with σ the deviation of one-bar
returns over `volatility_period` bars. Long when z > `threshold`, short when z < −`threshold`, out when z has lost its
sign; between 0 and the threshold a position is kept (hysteresis against churning). Size = target volatility ÷ σ per
day, at most `size`.
Assumes: returns over the look-back are positively autocorrelated by more than costs. Fails after sharp reversals and in
ranges; at horizons below a day crypto and index returns have shown little of it, and the turnover is dear.
"""

from __future__ import annotations

import math

from rung.strategy.authoring import Strategy, SymbolView, Wish
from rung.strategy.indicators import roc, std
from rung.strategy.parameters import param


class Momentum(Strategy):
    """Time-series momentum with volatility scaling (Moskowitz, Ooi & Pedersen 2012), on minutes."""

    lookback = param(1440, low=2, high=200_000, about="bars over which the past return is measured")
    volatility_period = param(1440, low=10, high=200_000, about="bars over which volatility is measured")
    threshold = param(0.5, low=0.0, high=10.0, about="past return in its own deviations that opens a position")
    every = param(60, low=1, high=1440, about="minutes between decisions, counted from the session's open")
    stop = param(0.03, low=0.0005, high=0.5, about="stop loss, fraction of the entry price")
    size = param(0.95, low=0.0001, high=100.0, about="largest position value, fraction of equity")
    daily_volatility = param(0.02, low=0.0, high=1.0, about="wanted deviation of a day's equity; 0 = always full size")
    shorts = param(True, about="false: falling means out")

    def start(self) -> None:
        self.change = roc(self.lookback)
        self.one_bar = roc(1)
        self.spread = std(self.volatility_period)

    def decide(self, view: SymbolView) -> Wish | None:
        """Past return in deviations, at the minutes at which decisions are made."""
        past = self.change(view.bar.close)
        step = self.one_bar(view.bar.close)
        sigma = self.spread(step) if step == step else math.nan
        if view.minute % self.every or not sigma > 0.0:
            return None
        z = past / (sigma * math.sqrt(self.lookback))
        side = view.side
        wanted = 1 if z > self.threshold else -1 if z < -self.threshold else side if z * side > 0.0 else 0
        if wanted == 0 or (wanted < 0 and not self.shorts):
            return self.flat("no momentum")
        if wanted == side:
            return None  # sized when opened: following every change of volatility would only feed the venue
        weight = self._weight(sigma, view)
        if wanted > 0:
            return self.long("rose", weight=weight, stop=self.stop)
        return self.short("fell", weight=weight, stop=self.stop)

    def _weight(self, sigma: float, view: SymbolView) -> float:
        """Rounded to whole percents, so that the same market asks for the same size."""
        if self.daily_volatility == 0.0:
            return self.size
        bars_per_day = view.session.length_minutes * 60_000_000_000 / view.bar.interval_ns
        wanted = self.daily_volatility / (sigma * math.sqrt(bars_per_day))
        return min(self.size, max(0.01, round(wanted, 2)))
