"""Intervals for what was measured: how far chance alone could have moved it."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from rung.reports.record import Floats

RESAMPLES = 10_000
LEVEL_FRAC = 0.95
MIN_DAYS_FOR_INTERVAL = 5
Z_95 = 1.959963984540054


class Interval(NamedTuple):
    """Both ends, in the unit of what they bound."""

    low: float
    high: float


def mean_return_per_day(daily_returns: Floats) -> float:
    """Total (compounded) return ÷ days, as the source document defines MRD. (n,) fractions, n ≥ 1 → fraction.

    A day that loses everything or more ends the account: nothing compounds after it.
    """
    return float((np.prod(np.maximum(1.0 + daily_returns, 0.0)) - 1.0) / len(daily_returns))


def mrd_interval(daily_returns: Floats, chance: np.random.Generator) -> Interval | None:
    """95 % percentile interval of the mean return per day; None with fewer than 5 days.

    daily_returns : (n,) fractions, finite.   Stationary bootstrap with blocks of mean length n^(1/3), so that runs of
    good and bad days stay together; 10,000 resamples. With few days it is too narrow rather than too wide.
    Source: Politis & Romano (1994).
    """
    n = len(daily_returns)
    if n < MIN_DAYS_FOR_INTERVAL:
        return None
    block_days = max(1.0, round(n ** (1 / 3)))
    index = _stationary_indices(n, block_days, chance)
    growth = np.maximum(1.0 + daily_returns, 0.0)
    means = (np.prod(growth[index], axis=1) - 1.0) / n
    tail = (1.0 - LEVEL_FRAC) / 2.0
    low, high = np.quantile(means, (tail, 1.0 - tail))
    return Interval(float(low), float(high))


def _stationary_indices(n: int, block_days: float, chance: np.random.Generator) -> np.ndarray:
    """(resamples, n) day numbers: a block goes on with the next day (the last is followed by the first) or ends."""
    fresh = chance.random((RESAMPLES, n)) < 1.0 / block_days
    fresh[:, 0] = True
    starts = chance.integers(0, n, (RESAMPLES, n))
    column = np.arange(n)
    began = np.maximum.accumulate(np.where(fresh, column, 0), axis=1)
    return (np.take_along_axis(starts, began, axis=1) + column - began) % n


def wilson(wins: int, trials: int) -> Interval | None:
    """95 % score interval of a share; None without trials. Assumes independent trials. Source: Wilson (1927)."""
    if trials == 0:
        return None
    share, z2 = wins / trials, Z_95**2
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = Z_95 / (1 + z2 / trials) * sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


def worst_fall(equity: Floats, start: float) -> float:
    """Largest fall from a running peak that begins at `start`, as a fraction of the peak, in [0, 1].

    equity : (n,) one value per slice, quote currency. Closes only, so the fall inside a minute is not seen.
    """
    path = np.concatenate(([start], equity))
    peak = np.maximum.accumulate(path)
    falls = np.divide(peak - path, peak, out=np.zeros(len(path)), where=peak > 0)
    return float(np.clip(falls.max(), 0.0, 1.0))
