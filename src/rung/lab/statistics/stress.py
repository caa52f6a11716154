"""The same strategy under dearer, slower and luckless conditions: what a small change does to its result.

Nothing here knows how a backtest runs. `run` is given: it takes the one thing that changes and answers with the daily
returns of that run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from rung.domain.errors import UserError
from rung.kernels.statistics.growth import total_return
from rung.lab.statistics.bootstrap import Quantiles
from rung.lab.statistics.series import returns_of
from rung.lab.statistics.sharpe import sharpe_ratio

COST_MULTIPLES = (0.0, 1.0, 1.5, 2.0, 3.0)
DELAYS_BARS = (0, 1, 2, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One run: what was set, and what came of it. sharpe : annual, None where it cannot be computed."""

    setting: float
    days: int
    total_frac: float
    sharpe: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stress:
    """Runs in the order of their setting. break_even : the setting at which the total return falls to zero, between
    the two tested ones (a straight line); None when it never does."""

    points: tuple[Point, ...]
    break_even: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Jitter:
    """Runs that began a little later. total_frac and sharpe : quantiles over the starts; sharpe None if any is None.
    loss : share of the starts that lost."""

    points: tuple[Point, ...]
    total_frac: Quantiles
    sharpe: Quantiles | None
    loss: float


def cost_stress(
    run: Callable[[float], ArrayLike], periods_per_year: int, multiples: Sequence[float] = COST_MULTIPLES
) -> Stress:
    """`run(multiple)` with all costs at that multiple of the assumed ones; 0 is a market without costs."""
    if any(not multiple >= 0.0 for multiple in multiples):
        raise UserError("costs below zero are gifts", where="multiples")
    return _stress(run, sorted(multiples), periods_per_year)


def delay_stress(
    run: Callable[[int], ArrayLike], periods_per_year: int, delays_bars: Sequence[int] = DELAYS_BARS
) -> Stress:
    """`run(bars)` with every order reaching the market that many bars later than assumed."""
    if any(bars < 0 for bars in delays_bars):
        raise UserError("an order cannot arrive before it is sent", where="delays_bars")
    return _stress(lambda bars: run(int(bars)), sorted(delays_bars), periods_per_year)


def start_jitter(
    run: Callable[[int], ArrayLike],
    periods_per_year: int,
    chance: np.random.Generator,
    *,
    starts: int,
    within_bars: int,
) -> Jitter:
    """`run(bars)` with the first bars left out: as planned, and from `starts` different moments within `within_bars`.

    starts : 1 … within_bars.   A strategy whose result hangs on the first minute it saw has none.
    """
    if not 1 <= starts <= within_bars:
        raise UserError(f"{starts} starts do not fit into {within_bars} bars", where="starts")
    later = np.sort(chance.choice(np.arange(1, within_bars + 1), size=starts, replace=False))
    points = tuple(_point(float(bars), run(int(bars)), periods_per_year) for bars in (0, *later))
    ratios = [point.sharpe for point in points if point.sharpe is not None]
    totals = [point.total_frac for point in points]
    return Jitter(
        points=points,
        total_frac=_quantiles(totals),
        sharpe=_quantiles(ratios) if len(ratios) == len(points) else None,
        loss=float(np.mean(np.array(totals) < 0.0)),
    )


def _stress(run: Callable[[float], ArrayLike], settings: Sequence[float], periods_per_year: int) -> Stress:
    if len(set(settings)) < len(settings) or not settings:
        raise UserError("each setting is tested once, and one is needed at least", where="settings")
    points = tuple(_point(setting, run(setting), periods_per_year) for setting in settings)
    return Stress(points=points, break_even=_break_even(points))


def _break_even(points: Sequence[Point]) -> float | None:
    for before, after in pairwise(points):
        if before.total_frac > 0.0 >= after.total_frac:
            share = before.total_frac / (before.total_frac - after.total_frac)
            return before.setting + share * (after.setting - before.setting)
    return None


def _point(setting: float, answered: ArrayLike, periods_per_year: int) -> Point:
    row = returns_of(answered, where=f"run({setting:g})")
    measured = sharpe_ratio(row, periods_per_year)
    return Point(
        setting=float(setting),
        days=len(row),
        total_frac=total_return(row),
        sharpe=None if measured is None else measured.annual,
    )


def _quantiles(values: Sequence[float]) -> Quantiles:
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
    return Quantiles(float(low), float(middle), float(high))
