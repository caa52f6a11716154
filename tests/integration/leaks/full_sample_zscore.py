"""Planted: mean and deviation of the whole file, read at import, used from the first bar on."""

import polars as pl

from rung.lab import Strategy

CLOSES = pl.read_parquet("tapes/COINUSDT_1m.parquet")["close"]


class FullSample(Strategy):
    def start(self):
        self.mean, self.spread = CLOSES.mean(), CLOSES.std()
        self.score = 0.0

    def decide(self, view):
        self.score = (view.bar.close - self.mean) / self.spread
        if self.score < -1:
            return self.long("cheap for the year", stop=0.05)
        return self.flat("dear") if self.score > 0 else None
