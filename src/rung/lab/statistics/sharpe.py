"""The Sharpe ratio of daily returns, and how little a short row of them says about it."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from rung.domain.errors import UserError
from rung.kernels.statistics.intervals import Z_95, Interval
from rung.lab.statistics.series import Floats, is_flat, periods, returns_of

MIN_DAYS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """All that the error of a Sharpe ratio depends on when days are independent.

    ratio : mean ÷ deviation per period, not annualised.   days : observations.   skewness : 0 for a normal.
    kurtosis : 3 for a normal (not the excess).   UserError: moments that no returns can have.
    """

    ratio: float
    days: int
    skewness: float
    kurtosis: float

    def __post_init__(self) -> None:
        if not np.isfinite([self.ratio, self.skewness, self.kurtosis]).all() or self.days < 2:
            raise UserError("a Sharpe ratio needs two days and finite moments", where="moments")
        if self.kurtosis < (self.skewness**2 + 1.0) * (1.0 - 1e-9):
            raise UserError(
                f"no returns have skewness {self.skewness:g} and kurtosis {self.kurtosis:g}",
                where="moments",
                remedy="give the kurtosis itself, not its excess over 3",
            )

    @property
    def spread(self) -> float:
        """Variance that one day adds to the estimate. Mertens (2002), Bailey & López de Prado (2012) eq. 8."""
        return max(0.0, 1.0 - self.skewness * self.ratio + (self.kurtosis - 1.0) / 4.0 * self.ratio**2)

    @property
    def error(self) -> float:
        """Standard error of `ratio` when days are independent, per period: √(spread ÷ (days − 1))."""
        return sqrt(self.spread / (self.days - 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class SharpeRatio:
    """What was measured, its errors, and what a year of it would be worth.

    moments.error holds for independent days; daily_error is the larger of it and Lo's, which knows runs of like days.
    annual : √periods × the daily ratio.   annual_corrected : Lo's η(q) × the daily ratio; None where the
    autocorrelations are so negative that a year would have no variance.   interval : annual ± 1.96 × daily_error,
    annualised.   autocorrelation : of first order.
    """

    moments: Moments
    periods_per_year: int
    daily_error: float
    annual: float
    annual_corrected: float | None
    interval: Interval
    autocorrelation: float

    @property
    def annual_error(self) -> float:
        return self.daily_error * sqrt(self.periods_per_year)


def sharpe_ratio(returns: ArrayLike, periods_per_year: int) -> SharpeRatio | None:
    """The ratio of a row of daily returns; None with fewer than 3 days or when all are alike.

    returns : (n,) fractions per period, in excess of the riskless rate if that matters.   Deviation with n − 1.
    NaN and infinity are errors (`returns_of`). Sources: Sharpe (1994), Lo (2002), Mertens (2002).
    """
    row, year = returns_of(returns), periods(periods_per_year)
    if len(row) < MIN_DAYS or is_flat(row):
        return None
    moments = moments_of(row)
    error = max(moments.error, correlated_error(row))
    eta, annual = lo_factor(autocorrelations(row, usual_lags(len(row))), year), moments.ratio * sqrt(year)
    half = Z_95 * error * sqrt(year)
    return SharpeRatio(
        moments=moments,
        periods_per_year=year,
        daily_error=error,
        annual=annual,
        annual_corrected=None if eta is None else eta * moments.ratio,
        interval=Interval(annual - half, annual + half),
        autocorrelation=float(autocorrelations(row, 1)[0]),
    )


def moments_of(row: Floats) -> Moments:
    """(n,) returns that are not all alike, n ≥ 2. Skewness and kurtosis are the plain (biased) ones."""
    away = (row - row.mean()) / row.std()
    return Moments(
        ratio=float(row.mean() / row.std(ddof=1)),
        days=len(row),
        skewness=float(np.mean(away**3)),
        kurtosis=float(np.mean(away**4)),
    )


def usual_lags(days: int) -> int:
    """How many autocorrelations so many days can carry: ⌊4 (n ÷ 100)^(2/9)⌋, at most n − 2. Newey & West (1994)."""
    return max(0, min(days - 2, int(4.0 * (days / 100.0) ** (2.0 / 9.0))))


def autocorrelations(row: Floats, lags: int) -> Floats:
    """Of the orders 1 … lags: (n,) → (lags,), each divided by n, so that the whole is a proper correlation."""
    away = row - row.mean()
    power = float(away @ away)
    return np.array([float(away[lag:] @ away[:-lag]) / power for lag in range(1, lags + 1)])


def lo_factor(correlations: Floats, periods_per_year: int) -> float | None:
    """η(q) = q ÷ √(q + 2 Σ (q − k) ρ_k), by which a daily ratio becomes an annual one; √q without autocorrelation.

    correlations : (m,) of the orders 1 … m, those beyond taken as zero; m < q.   None where the root has no
    positive argument.   Source: Lo (2002), eq. 20.
    """
    q = periods_per_year
    k = np.arange(1, min(len(correlations), q - 1) + 1)
    variance = q + 2.0 * float(np.sum((q - k) * correlations[: len(k)]))
    return q / sqrt(variance) if variance > 0.0 else None


def correlated_error(row: Floats) -> float:
    """Standard error of the daily ratio when days depend on each other, per period. (n,) not all alike.

    Newey & West's variance (Bartlett weights, `usual_lags`) of what each day adds to the estimate. Without lags it is
    Mertens's. Source: Lo (2002), appendix: GMM; Newey & West (1987).
    """
    away = (row - row.mean()) / row.std()
    ratio = float(row.mean() / row.std(ddof=1))
    added = away - ratio / 2.0 * (away**2 - 1.0)
    lags = usual_lags(len(row))
    variance = float(added @ added)
    for lag in range(1, lags + 1):
        variance += 2.0 * (1.0 - lag / (lags + 1)) * float(added[lag:] @ added[:-lag])
    return sqrt(max(variance, 0.0) / len(row) / (len(row) - 1))
