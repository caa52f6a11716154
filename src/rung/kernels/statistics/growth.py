"""What a row of returns compounds to, and how far equity fell on the way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def growth(returns: Floats) -> Floats:
    """Factors 1 + return, never below 0: nothing compounds after a loss of everything. (…,) fractions → (…,)."""
    return np.maximum(1.0 + returns, 0.0)


def compounded(returns: Floats) -> Floats:
    """Equity after each return, from a start of 1: (n,) fractions, finite → (n,), never below 0."""
    return np.cumprod(growth(returns), dtype=np.float64)


def total_return(returns: Floats) -> float:
    """All returns compounded, as a fraction. (n,) fractions, finite; of none it is 0."""
    return float(np.prod(growth(returns)) - 1.0)


def mean_return_per_day(daily_returns: Floats) -> float:
    """Total (compounded) return ÷ days, as the source document defines MRD. (n,) fractions, n ≥ 1 → fraction.

    A day that loses everything or more ends the account: nothing compounds after it.
    """
    return float((np.prod(growth(daily_returns)) - 1.0) / len(daily_returns))


def falls(equity: Floats, start: float) -> Floats:
    """How far each point lies below the highest before it, as a fraction of that peak, in [0, 1]. (n,) → (n + 1,).

    equity : (n,) one value per slice, quote currency, finite.   start : the first peak, entry 0 of the answer.
    A peak that is not above zero has no falls.
    """
    path = np.concatenate(([start], equity))
    peak = np.maximum.accumulate(path)
    fallen = np.divide(peak - path, peak, out=np.zeros(len(path)), where=peak > 0)
    return np.clip(fallen, 0.0, 1.0)


def worst_fall(equity: Floats, start: float) -> float:
    """Largest fall from a running peak that begins at `start`, as a fraction of the peak, in [0, 1].

    equity : (n,) one value per slice, quote currency. Closes only, so the fall inside a minute is not seen.
    """
    return float(falls(equity, start).max())


def longest_fall(equity: Floats, start: float) -> int:
    """Most slices in a row that lay below the peak before them; one that never regains it lasts to the end."""
    at_peak = np.flatnonzero(falls(equity, start) <= 0.0)
    return int(np.diff(np.append(at_peak, len(equity) + 1)).max() - 1)
