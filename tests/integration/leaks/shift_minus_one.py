"""Planted: tomorrow's close, shifted back over a frame that is read at start."""

from pathlib import Path

import polars as pl

from rung.lab import Strategy, param


class ShiftMinusOne(Strategy):
    tapes = param("tapes")
    band = param(0.0, low=0.0, high=0.1)

    def start(self):
        frame = pl.read_parquet(Path(self.tapes) / "COINUSDT_1m.parquet")
        self.next = frame.with_columns(pl.col("close").shift(-1).alias("next"))
        self.row = 0

    def decide(self, view):
        ahead = self.next["next"][self.row]
        self.row += 1
        if ahead is None:
            return None
        if ahead > view.bar.close * (1 + self.band):
            return self.long("it will rise", stop=0.05)
        return self.flat("it will fall")
