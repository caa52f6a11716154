"""Does the best of many strategies beat the benchmark beyond luck? White's reality check and Hansen's SPA.

Both resample all strategies together (stationary bootstrap), so that what they have in common stays in common.
Computed by the `arch` library (extra `lab`). Sources: White (2000); Hansen (2005).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import ArrayLike

from rung.domain.errors import UserError
from rung.lab.statistics.bootstrap import RESAMPLES, block_length
from rung.lab.statistics.extra import extra_lab
from rung.lab.statistics.series import Floats, is_flat, matrix_of, returns_of

MIN_DAYS = 10
_BLOCKS_FROM = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Superiority:
    """Chances that luck alone makes the best of so many look so good, in [0, 1].

    spa : Hansen's consistent value, the one to quote; spa_lower and spa_upper bound it.   reality_check : White's, not
    studentised, which poor strategies in the crowd make too large.   best : column of the best mean over the
    benchmark; best_lead_frac : that lead per period.   block : days per block.
    """

    spa: float
    spa_lower: float
    spa_upper: float
    reality_check: float
    strategies: int
    days: int
    best: int
    best_lead_frac: float
    block: int


def superiority(
    benchmark: ArrayLike,
    strategies: ArrayLike,
    chance: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
    block: int | None = None,
) -> Superiority:
    """Hold every strategy that was tried against a benchmark, by mean daily return.

    benchmark : (days,) fractions; zeros are cash.   strategies : (days, n ≥ 1) fractions of the same days: all that
    were tried, not only the survivors.   block : by default Politis & White's median over the first 50 columns.
    UserError: fewer than 10 days, days that do not match, a strategy that is the benchmark plus a constant.
    """
    base, matrix = returns_of(benchmark, where="benchmark"), matrix_of(strategies, where="strategies")
    _check(base, matrix)
    leads = matrix - base[:, None]
    block = _usual_block(leads) if block is None else block
    seed = int(chance.integers(2**31))
    lower, consistent, upper = _p_values(leads / long_run_deviation(leads, block), block, resamples, seed)
    _, _, white = _p_values(leads, block, resamples, seed)
    means = leads.mean(axis=0)
    return Superiority(
        spa=consistent,
        spa_lower=lower,
        spa_upper=upper,
        reality_check=white,
        strategies=matrix.shape[1],
        days=len(base),
        best=int(means.argmax()),
        best_lead_frac=float(means.max()),
        block=block,
    )


def long_run_deviation(leads: Floats, block: int) -> Floats:
    """√T × the standard error of each column's mean under the stationary bootstrap: (days, n) → (n,).

    Never below a tenth of the plain deviation, lest a column whose days cancel be divided by nothing.
    Sources: Politis & Romano (1994), lemma 1; Hansen (2005), section 3.
    """
    days = len(leads)
    away = leads - leads.mean(axis=0)
    spectrum = np.abs(np.fft.rfft(away, n=2 * days, axis=0)) ** 2
    covariances = np.fft.irfft(spectrum, axis=0)[:days] / days
    lag, goes_on = np.arange(days), 1.0 - 1.0 / block
    weights = (1.0 - lag / days) * goes_on**lag + lag / days * goes_on ** (days - lag)
    variances = covariances[0] + 2.0 * weights[1:] @ covariances[1:]
    return np.asarray(np.sqrt(np.maximum(variances, covariances[0] / 100.0)))


def _p_values(leads: Floats, block: int, resamples: int, seed: int) -> tuple[float, float, float]:
    """Lower, consistent, upper; never zero, as so many resamples cannot show that.

    arch's own `studentize` does not divide by the deviations (8.0), so they are divided out before.
    """
    with extra_lab():
        from arch.bootstrap import SPA

    test = SPA(np.zeros(len(leads)), -leads, block_size=block, reps=resamples, seed=seed)
    test.compute()
    least = 1.0 / (resamples + 1)
    lower, consistent, upper = (max(least, float(test.pvalues[k])) for k in ("lower", "consistent", "upper"))
    return lower, consistent, upper


def _usual_block(leads: Floats) -> int:
    return max(1, ceil(float(np.median([block_length(column) for column in leads.T[:_BLOCKS_FROM]]))))


def _check(base: Floats, matrix: Floats) -> None:
    if len(base) != len(matrix):
        raise UserError(f"the benchmark has {len(base)} days, the strategies {len(matrix)}", where="benchmark")
    if len(base) < MIN_DAYS:
        raise UserError(f"too short ({len(base)} days, needs {MIN_DAYS})", where="benchmark")
    if matrix.shape[1] < 1:
        raise UserError("no strategy was given", where="strategies")
    still = [i for i, column in enumerate(matrix.T) if is_flat(column - base)]
    if still:
        raise UserError(
            f"strategy {still[0]} never differs from the benchmark but by a constant",
            where="strategies",
            remedy="leave out strategies that never traded",
        )
