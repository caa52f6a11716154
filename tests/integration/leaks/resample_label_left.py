"""Planted: five-minute bars labelled with their start, joined to minutes by that label."""

import numpy as np
import polars as pl

from rung.lab import Strategy


class LabelLeft(Strategy):
    def start(self):
        frame = pl.scan_parquet("tapes/COIN*.parquet").collect()
        fives = frame.group_by_dynamic("timestamp", every="5m", label="left").agg(pl.col("close").last().alias("five"))
        joined = frame.join_asof(fives, on="timestamp", strategy="backward")
        self.fives = dict(zip(joined["timestamp"].dt.epoch("ns"), np.asarray(joined["five"]), strict=True))

    def decide(self, view):
        five = self.fives[view.bar.open_ns]
        if five > view.bar.close:
            return self.long("below its five minutes", stop=0.05)
        return self.flat("above its five minutes")
