"""Does it predict? Out-of-sample error over a whole tape, recomputed from closes and recorded predictions.

Uses nothing of the learner but its results: targets are formed again from the tape, so it also checks the kernel's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rung.kernels.learner import layout as at
from rung.kernels.learner.params import HORIZONS

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillRow:
    """One symbol and horizon. `ratio`: MSE ÷ target variance, 1 = predicting nothing, NaN without samples.

    `direction_frac`: share of predictions with the target's sign, a half for each zero.
    """

    symbol: str
    horizon_minutes: int
    n_samples: int
    ratio: float
    direction_frac: float


def measure_skill(
    symbols: Sequence[str], closes: Array, present: NDArray[np.bool_], clocks: Array, out: Array
) -> list[SkillRow]:
    """One row per symbol and horizon over every warmed-up prediction whose targets matured in its session.

    closes, present : (t, n).   clocks : (t, 5).   out : (t, n, N_OUT), all as of `ensemble_batch`.
    """
    rows: list[SkillRow] = []
    for i, symbol in enumerate(symbols):
        known = np.flatnonzero(present[:, i])
        clock, said, close = clocks[known], out[known, i], closes[known, i]
        counted = (clock[:, 0] + 1 + at.LONGEST <= clock[:, 1]) & (said[:, at.VALID] > 0.0)
        for h, horizon in enumerate(HORIZONS):
            target = forward_returns(close, clock, horizon)[counted]
            rows.append(_row(symbol, horizon, said[counted, at.PREDICTION + h], target))
    return rows


def forward_returns(closes: Array, clocks: Array, horizon_minutes: int) -> Array:
    """(t,) simple return from each bar's close to the last close known `horizon_minutes` later in its session."""
    stamps = np.cumsum(np.concatenate(([0.0], np.diff(clocks[:, 4]) != 0))) * 1e6 + clocks[:, 0]
    last_known = np.searchsorted(stamps, stamps + horizon_minutes, side="right") - 1
    returns: Array = closes[last_known] / closes - 1.0
    return returns


def _row(symbol: str, horizon: int, predicted: Array, target: Array) -> SkillRow:
    n = len(target)
    variance = float(np.var(target)) if n else 0.0
    return SkillRow(
        symbol=symbol,
        horizon_minutes=horizon,
        n_samples=n,
        ratio=float(np.mean((target - predicted) ** 2)) / variance if variance > 0.0 else float("nan"),
        direction_frac=float(np.mean(0.5 + 0.5 * np.sign(predicted * target))) if n else float("nan"),
    )
