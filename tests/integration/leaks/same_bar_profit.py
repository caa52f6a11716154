"""Planted: its own profit and loss, signal times the return of the bar that made the signal."""

from rung.lab import Strategy, sma


class SameBarProfit(Strategy):
    def start(self):
        self.mean = sma(15)
        self.last = 0.0
        self.equity = 1.0

    def decide(self, view):
        close, mean = view.bar.close, self.mean(view.bar.close)
        side = 1 if close > mean else 0
        if self.last:
            self.equity *= 1 + side * (close / self.last - 1)
        self.last = close
        if self.equity < 0.5:
            return self.flat("lost too much")
        return self.long("above the mean", stop=0.05) if side else self.flat("below the mean")
