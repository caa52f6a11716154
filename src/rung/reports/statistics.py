"""The interval of MRD: how far chance alone could have moved it."""

from __future__ import annotations

import numpy as np

from rung.kernels.statistics.growth import growth
from rung.kernels.statistics.intervals import Interval
from rung.reports.record import Floats

RESAMPLES = 10_000
LEVEL_FRAC = 0.95
MIN_DAYS_FOR_INTERVAL = 5


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
    factors = growth(daily_returns)
    means = (np.prod(factors[index], axis=1) - 1.0) / n
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
