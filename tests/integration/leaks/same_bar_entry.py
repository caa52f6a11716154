"""Planted: fills itself at the close of the bar it decides on, and takes its profit from there."""

from rung.lab import Strategy, sma


class SameBarEntry(Strategy):
    def start(self):
        self.mean = sma(15)
        self.entry = 0.0
        self.inside = False

    def decide(self, view):
        close, mean = view.bar.close, self.mean(view.bar.close)
        if not self.inside and close > mean:
            self.inside = True
            self.entry = close
            return self.long("above the mean", stop=0.05)
        if self.inside and (close > self.entry * 1.002 or close < mean):
            self.inside = False
            return self.flat("profit taken")
        return None
