"""What else could have happened: the stationary bootstrap of returns or of trades.

Blocks of random length are drawn from the record and joined, so that runs of like days stay together. Resampling
and block length come from the `arch` library (extra `lab`). Sources: Politis & Romano (1994); Politis & White (2004)
with Patton, Politis & White (2009).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import cbrt, ceil, isfinite
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rung.domain.errors import UserError
from rung.kernels.statistics.growth import compounded, worst_fall
from rung.kernels.statistics.intervals import Interval
from rung.lab.statistics.extra import extra_lab
from rung.lab.statistics.series import Floats, is_flat, returns_of

if TYPE_CHECKING:
    from arch.bootstrap import StationaryBootstrap

RESAMPLES = 2_000
LEVEL_FRAC = 0.95
MIN_VALUES = 5
MIN_FOR_BLOCK = 10
Statistic = Callable[[Floats], float]


class Quantiles(NamedTuple):
    """Of what could have happened: one case in twenty is below `low`, one in twenty above `high`."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Futures:
    """The record's days, or trades, dealt anew many times.

    total_frac : compounded return of all of them.   max_drawdown_frac : worst fall, in [0, 1].   loss : share of the
    resamples that end below their start.   block : mean block length, in values.
    """

    resamples: int
    block: int
    total_frac: Quantiles
    max_drawdown_frac: Quantiles
    loss: float


def block_length(values: ArrayLike) -> int:
    """Mean block length that suits the record's autocorrelation, in values, 1 … n ÷ 2, rounded up.

    values : (n,) finite.   Fewer than 10, or all alike: n^(1/3), as nothing can be estimated. Politis & White (2004).
    """
    row = returns_of(values, where="values")
    if len(row) < MIN_FOR_BLOCK or is_flat(row):
        return max(1, round(cbrt(len(row))))
    with extra_lab():
        from arch.bootstrap import optimal_block_length

    with np.errstate(divide="ignore", invalid="ignore"):  # an overlap of equal values has no correlation
        found = float(optimal_block_length(row)["stationary"].iloc[0])
    return min(max(1, ceil(found)), len(row) // 2) if isfinite(found) else 1


def interval(
    values: ArrayLike,
    statistic: Statistic,
    chance: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
    level_frac: float = LEVEL_FRAC,
    block: int | None = None,
) -> Interval:
    """Percentile interval of any statistic of daily returns or of trades' results.

    values : (n ≥ 5,) finite, in the order of time.   statistic : (n,) → finite number.   block : mean length, by
    default `block_length`.   The same generator state gives the same interval. With few values it is too narrow
    rather than too wide. UserError: too few values, a statistic that is not finite.
    """
    drawn = resampled(values, statistic, chance, resamples=resamples, block=block)
    tail = (1.0 - level_frac) / 2.0
    low, high = np.quantile(drawn, (tail, 1.0 - tail))
    return Interval(float(low), float(high))


def resampled(
    values: ArrayLike,
    statistic: Statistic,
    chance: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
    block: int | None = None,
) -> Floats:
    """(resamples,) the statistic of every resample, as `interval` describes it."""
    dealt = _dealer(values, chance, block).apply(lambda row: np.array([statistic(row)]), resamples)
    drawn: Floats = np.asarray(dealt, dtype=np.float64)[:, 0]
    if not np.isfinite(drawn).all():
        raise UserError(
            f"the statistic is not a finite number in {np.count_nonzero(~np.isfinite(drawn))} of {resamples} resamples",
            where="statistic",
            remedy="let it answer with a number where it cannot be computed, or leave it out",
        )
    return drawn


def futures(
    values: ArrayLike, chance: np.random.Generator, *, resamples: int = RESAMPLES, block: int | None = None
) -> Futures:
    """Final return and worst fall, had the same days or trades come in another order and mixture.

    values : (n ≥ 5,) results as fractions of the equity at that time: of days, or of trades one after the other.
    Knows nothing of days unlike those it saw. UserError as `interval`.
    """
    length = block_length(values) if block is None else block

    def outcome(row: Floats) -> Floats:
        equity = compounded(row)
        return np.array([equity[-1] - 1.0, worst_fall(equity, 1.0)])

    drawn = np.asarray(_dealer(values, chance, length).apply(outcome, resamples), dtype=np.float64)
    return Futures(
        resamples=resamples,
        block=length,
        total_frac=_quantiles(drawn[:, 0]),
        max_drawdown_frac=_quantiles(drawn[:, 1]),
        loss=float(np.mean(drawn[:, 0] < 0.0)),
    )


def _dealer(values: ArrayLike, chance: np.random.Generator, block: int | None) -> StationaryBootstrap:
    row = returns_of(values, where="values")
    if len(row) < MIN_VALUES:
        raise UserError(f"too short ({len(row)} values, needs {MIN_VALUES})", where="values")
    length = block_length(row) if block is None else block
    if not 1 <= length <= len(row):
        raise UserError(f"a block of {length} does not fit {len(row)} values", where="block")
    with extra_lab():
        from arch.bootstrap import StationaryBootstrap

    return StationaryBootstrap(length, row, seed=chance)


def _quantiles(drawn: Floats) -> Quantiles:
    low, middle, high = np.quantile(drawn, (0.05, 0.5, 0.95))
    return Quantiles(float(low), float(middle), float(high))
