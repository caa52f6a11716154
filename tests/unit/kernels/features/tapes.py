"""Tapes for the feature tests: made from a seed, or read from the real data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rung.kernels.features.registry import N_FEATURES
from rung.kernels.features.step import feature_batch, new_state

Array = NDArray[np.float64]
EARLY_CLOSES = {"2025-07-03": 210.0}


@dataclass(frozen=True, slots=True)
class Tape:
    bars: Array
    clocks: Array
    opens: NDArray[np.bool_]

    def __getitem__(self, rows: slice) -> Tape:
        return Tape(self.bars[rows], self.clocks[rows], self.opens[rows])

    def with_bars(self, bars: Array) -> Tape:
        return replace(self, bars=bars)

    @property
    def starts(self) -> NDArray[np.int64]:
        return np.flatnonzero(self.opens)


def run(tape: Tape, state: Array | None = None) -> Array:
    """All features of the tape, from the given state or from nothing."""
    row = new_state(1)[0] if state is None else state
    out = np.full((len(tape.bars), N_FEATURES), np.nan)
    feature_batch(row, tape.bars, tape.clocks, tape.opens, out)
    return out


def made(seed: int, sessions: int = 3, minutes: int = 390, tick: float = 0.0, missing: float = 0.0) -> Tape:
    """Random walks with gaps between sessions; optionally on a price grid, with missing minutes and empty ones."""
    rng = np.random.default_rng(seed)
    n = sessions * minutes
    minute = np.tile(np.arange(minutes), sessions)
    opens = minute == 0
    scale = 1e-3 * np.exp(rng.normal(0.0, 0.4, n))
    step = rng.normal(0.0, 1.0, (n, 2)) * scale[:, None]
    step[opens, 0] = rng.normal(0.0, 0.03, sessions)
    walk = np.exp(np.cumsum(step.ravel())).reshape(n, 2) * 40.0
    open_, close = walk[:, 0], walk[:, 1]
    high = np.maximum(open_, close) * (1.0 + rng.exponential(0.4, n) * scale)
    low = np.minimum(open_, close) * (1.0 - rng.exponential(0.4, n) * scale)
    prices = np.column_stack([open_, high, low, close])
    if tick:
        prices = np.maximum(np.round(prices / tick), 1.0) * tick
    volume = np.round(np.exp(rng.normal(8.0, 1.0, n))) * (rng.random(n) > missing)
    day = np.repeat(np.arange(sessions), minutes)
    clocks = np.column_stack([minute, np.full(n, float(minutes)), day % 5 + 1, day % 30 + 2]).astype(np.float64)
    kept = opens | (rng.random(n) >= missing)
    return Tape(np.column_stack([prices, volume])[kept], clocks[kept], opens[kept])


def real(real_data: Path, symbol: str) -> Tape:
    """A whole tape of one-minute bars; the first bar of each New York date opens its session."""
    frame = pl.read_parquet(real_data / "equities" / f"{symbol}_1m.parquet")
    local = frame["timestamp"].dt.convert_time_zone("America/New_York")
    minute = local.dt.hour().cast(pl.Int64) * 60 + local.dt.minute() - 570
    length = local.dt.date().cast(pl.String).replace_strict(EARLY_CLOSES, default=390.0)
    clocks = np.column_stack([minute, length, local.dt.weekday() - 1, local.dt.day()]).astype(np.float64)
    date = local.dt.date()
    opens = (date != date.shift(1)).fill_null(True).to_numpy()
    bars = frame.select("open", "high", "low", "close", "volume").cast(pl.Float64).to_numpy()
    return Tape(np.ascontiguousarray(bars), np.ascontiguousarray(clocks), opens)


def same_bits(a: Array, b: Array) -> bool:
    """Equal to the last bit, signs of zero included."""
    return np.array_equal(np.ascontiguousarray(a).view(np.int64), np.ascontiguousarray(b).view(np.int64))


def apart(a: Array, b: Array) -> Array:
    """Largest difference of each column, in deviations of that column."""
    gap: Array = np.abs(a - b).max(axis=0) / np.maximum(b.std(axis=0), 1e-12)
    return gap
