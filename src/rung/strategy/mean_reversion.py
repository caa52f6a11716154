"""What strayed from its mean comes back: buy low, sell high, leave at the mean.

Source: three classic measures of "too far": the z-score of price over a window, Wilder's RSI (1978), and Bollinger's
bands (2001), which are the z-score's lines at ±2. Lo & MacKinlay (1990) describe the contrarian effect and how much of
it is only bid-ask bounce.
Rule (`measure`): `zscore` enters long below −`entry` and short above +`entry` deviations, leaves when the score has
come back within `exit`. `rsi` does the same with (RSI − 50) ÷ 10, so that 30 and 70 are ∓2. `bollinger` enters only
when the close returns into the bands from outside, the confirmed form. A position older than `patience` bars is left: a
mean that is not reached has moved. After a position
there is no new one until the score has been back inside.
Assumes: no drift within the window and no news. Fails in trends, where it adds to the losing side once per stop, and
wherever the bounce it earns is smaller than the spread it pays, which on one-minute bars is usual.
"""

from __future__ import annotations

from rung.strategy.authoring import Strategy, SymbolView, Wish
from rung.strategy.indicators import rsi, zscore
from rung.strategy.parameters import param


class MeanReversion(Strategy):
    """Fade a stretched price (z-score, RSI or Bollinger) and leave at the mean."""

    measure = param("zscore", choices=("zscore", "rsi", "bollinger"), about="what says how far is too far")
    period = param(60, low=2, high=10_000, about="bars of the measure")
    entry = param(2.5, low=0.1, high=10.0, about="deviations at which it enters; RSI points ÷ 10 for rsi")
    exit = param(0.5, low=0.0, high=10.0, about="deviations within which it leaves")
    patience = param(240, low=1, high=100_000, about="bars after which a position is left")
    stop = param(0.01, low=0.0005, high=0.5, about="stop loss, fraction of the entry price")
    size = param(0.95, low=0.0001, high=100.0, about="position value, fraction of equity")
    shorts = param(True, about="false: only dips are bought")

    def start(self) -> None:
        self.score = rsi(self.period) if self.measure == "rsi" else zscore(self.period)
        self.last = 0.0
        self.held = 0
        self.armed = True

    def decide(self, view: SymbolView) -> Wish | None:
        """Enter when stretched, leave when back, late or stopped."""
        raw = self.score(view.bar.close)
        score = (raw - 50.0) / 10.0 if self.measure == "rsi" else raw
        last, self.last = self.last, score
        side = view.side
        if side:
            self.held += 1
            if self.held > self.patience:
                return self.flat("patience is over")
            return self.flat("back at the mean") if side * score >= -self.exit else None
        if self.held:
            self.held = 0
            self.armed = False
        if abs(score) < self.entry:
            self.armed = True
        wanted = self._entry(score, last)
        if not wanted or not self.armed or (wanted < 0 and not self.shorts):
            return None
        if wanted > 0:
            return self.long("stretched down", weight=self.size, stop=self.stop)
        return self.short("stretched up", weight=self.size, stop=self.stop)

    def _entry(self, score: float, last: float) -> int:
        """The side a stretched score asks for; 0 where it is NaN or near."""
        if self.measure == "bollinger":
            return 1 if last < -self.entry <= score else -1 if last > self.entry >= score else 0
        return 1 if score < -self.entry else -1 if score > self.entry else 0
