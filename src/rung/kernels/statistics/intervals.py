"""Intervals that need no resampling."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

Z_95 = 1.959963984540054


class Interval(NamedTuple):
    """Both ends, in the unit of what they bound."""

    low: float
    high: float


def wilson(wins: int, trials: int) -> Interval | None:
    """95 % score interval of a share; None without trials. Assumes independent trials. Source: Wilson (1927)."""
    if trials == 0:
        return None
    share, z2 = wins / trials, Z_95**2
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = Z_95 / (1 + z2 / trials) * sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    return Interval(max(0.0, centre - half), min(1.0, centre + half))
