"""How a run went, in the figures people compare: each defined in docs/concepts/statistics.md.

Where `empyrical` defines a figure, it is empyrical's; losses and falls are positive numbers here. What cannot be
computed is None, never zero. Errors for values that are not finite: `returns_of`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rung.domain.errors import UserError
from rung.kernels.statistics.growth import compounded, longest_fall, total_return, worst_fall
from rung.kernels.statistics.intervals import Interval, wilson
from rung.lab.statistics.series import Floats, is_flat, periods, returns_of
from rung.lab.statistics.sharpe import SharpeRatio, sharpe_ratio

TAIL_FRAC = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """Figures of a row of daily returns; fractions per period unless the name says otherwise."""

    days: int
    total_frac: float
    cagr_frac: float | None
    volatility_annual_frac: float | None
    sharpe: SharpeRatio | None
    sortino: float | None
    calmar: float | None
    max_drawdown_frac: float
    longest_drawdown_days: int
    value_at_risk_frac: float | None
    expected_shortfall_frac: float | None
    tail_ratio: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trades:
    """Figures of closed trades, after all their costs. expectancy : mean result per trade, in the results' unit."""

    count: int
    wins: int
    win_rate_frac: float | None
    win_rate_interval: Interval | None
    profit_factor: float | None
    expectancy: float | None
    mean_win: float | None
    mean_loss: float | None


def performance(daily_returns: ArrayLike, periods_per_year: int) -> Performance:
    """All figures at once. (n,) fractions; of no days the totals are 0 and the rest None."""
    row = returns_of(daily_returns, where="daily returns")
    equity = compounded(row)
    return Performance(
        days=len(row),
        total_frac=total_return(row),
        cagr_frac=cagr(row, periods_per_year),
        volatility_annual_frac=volatility(row, periods_per_year),
        sharpe=sharpe_ratio(row, periods_per_year),
        sortino=sortino(row, periods_per_year),
        calmar=calmar(row, periods_per_year),
        max_drawdown_frac=worst_fall(equity, 1.0),
        longest_drawdown_days=longest_fall(equity, 1.0),
        value_at_risk_frac=value_at_risk(row),
        expected_shortfall_frac=expected_shortfall(row),
        tail_ratio=tail_ratio(row),
    )


def daily_returns(equity_quote: ArrayLike, day_of: NDArray[np.int64], start_quote: float) -> Floats:
    """Equity per slice → return per day, (days,) fractions: the day's last equity over that of the day before − 1.

    equity_quote : (n,).   day_of : (n,) ordinal of each slice's day, not decreasing: the session of an exchange,
    the UTC day of crypto.   start_quote : > 0, equity before the first slice.   A day without a slice is not in the
    answer.   Ruin: see `returns_to_ruin`.   UserError: nothing to start with, days out of order.
    """
    equity = returns_of(equity_quote, where="equity")
    if len(equity) != len(day_of) or np.any(np.diff(day_of) < 0):
        raise UserError("every slice needs its day, in the order of time", where="day_of")
    if start_quote <= 0.0:
        raise UserError("a start that is not above zero has no return", where="equity")
    if len(equity) == 0:
        return np.zeros(0)
    last = np.append(np.flatnonzero(np.diff(day_of)), len(equity) - 1)
    ruined = np.flatnonzero(equity <= 0.0)
    day = int(np.searchsorted(last, ruined[0])) if len(ruined) else None
    return returns_to_ruin([start_quote, *equity[last].tolist()], day)


def returns_to_ruin(ends: Sequence[float] | Sequence[Decimal], ruined_on: int | None) -> Floats:
    """Equity before the first day and at every day's end → return per day, (days,) fractions.

    ruined_on : the first day on which equity at some close was not above zero, None for none. That day earns −1 and
    those after it 0, whatever the books say later: an account with nothing in it is closed. The one convention for
    ruin: the desk's figures, the lab's runs and the compiled twin all follow it, and the page says so.
    """
    days = len(ends) - 1
    whole = days if ruined_on is None else ruined_on
    row = np.zeros(days)
    row[:whole] = [float(after / before - 1) for before, after in pairwise(ends[: whole + 1])]  # type: ignore[operator]
    row[whole : whole + 1] = -1.0
    return row


def cagr(row: Floats, periods_per_year: int) -> float | None:
    """Growth per year: (1 + total)^(periods ÷ n) − 1; None without a day. A few days say nothing of a year."""
    if len(row) == 0:
        return None
    return float((1.0 + total_return(row)) ** (periods(periods_per_year) / len(row)) - 1.0)


def volatility(row: Floats, periods_per_year: int) -> float | None:
    """Standard deviation (n − 1) × √periods; None with fewer than two days."""
    return float(row.std(ddof=1)) * sqrt(periods(periods_per_year)) if len(row) > 1 else None


def sortino(row: Floats, periods_per_year: int) -> float | None:
    """Mean × √periods ÷ root of the mean squared loss over *all* days; None without a losing day. Sortino (1994)."""
    downside = sqrt(float(np.mean(np.minimum(row, 0.0) ** 2))) if len(row) > 1 else 0.0
    return float(row.mean()) / downside * sqrt(periods(periods_per_year)) if downside > 0.0 else None


def calmar(row: Floats, periods_per_year: int) -> float | None:
    """CAGR ÷ worst drawdown; None when equity never fell. Young (1991)."""
    yearly, fall = cagr(row, periods_per_year), worst_fall(compounded(row), 1.0)
    return yearly / fall if yearly is not None and fall > 0.0 else None


def rolling_sharpe(row: Floats, window: int, periods_per_year: int) -> list[SharpeRatio | None]:
    """The ratio, with its error, of every `window` days in a row: n − window + 1 of them, oldest first.

    Neighbours share nearly all of their days: a curve of them swings slowly whatever the strategy does.
    """
    return [sharpe_ratio(row[end - window : end], periods_per_year) for end in range(window, len(row) + 1)]


def value_at_risk(row: Floats, tail_frac: float = TAIL_FRAC) -> float | None:
    """The loss that one day in twenty exceeds, historical, positive for a loss; None without a day."""
    return -float(np.percentile(row, 100.0 * tail_frac)) if len(row) else None


def expected_shortfall(row: Floats, tail_frac: float = TAIL_FRAC) -> float | None:
    """Mean loss of the worst ⌊(n − 1) × tail⌋ + 1 days, positive for a loss; None without a day."""
    if len(row) == 0:
        return None
    worst = int((len(row) - 1) * tail_frac) + 1
    return -float(np.sort(row)[:worst].mean())


def tail_ratio(row: Floats) -> float | None:
    """|95th percentile| ÷ |5th percentile| of the returns; None without days or with nothing in the lower tail."""
    if len(row) == 0 or is_flat(row):
        return None
    high, low = np.percentile(row, (95.0, 5.0))
    return float(abs(high) / abs(low)) if low != 0.0 else None


def trades(results: ArrayLike) -> Trades:
    """Figures of trades from their results after costs, in any one unit. (n,); a result of zero is not a win."""
    row = returns_of(results, where="trades")
    wins, losses = row[row > 0.0], row[row < 0.0]
    count = len(row)
    return Trades(
        count=count,
        wins=len(wins),
        win_rate_frac=len(wins) / count if count else None,
        win_rate_interval=wilson(len(wins), count),
        profit_factor=float(wins.sum() / -losses.sum()) if len(losses) else None,
        expectancy=float(row.mean()) if count else None,
        mean_win=float(wins.mean()) if len(wins) else None,
        mean_loss=float(losses.mean()) if len(losses) else None,
    )


def turnover_per_day(traded_quote: ArrayLike, start_equity_quote: ArrayLike) -> float | None:
    """Mean over days of value traded ÷ the day's first equity; buying and selling both count. (days,) each."""
    traded, equity = returns_of(traded_quote, where="traded"), returns_of(start_equity_quote, where="equity")
    if len(traded) != len(equity) or np.any(equity <= 0.0) or np.any(traded < 0.0):
        raise UserError("every day needs what it traded (≥ 0) and its equity (> 0)", where="turnover")
    return float(np.mean(traded / equity)) if len(equity) else None


def exposure(gross_quote: ArrayLike, equity_quote: ArrayLike) -> float | None:
    """Mean over slices of gross notional ÷ equity; a short counts as a size. (n,) each."""
    gross, equity = returns_of(gross_quote, where="gross"), returns_of(equity_quote, where="equity")
    if len(gross) != len(equity) or np.any(equity <= 0.0):
        raise UserError("every slice needs its gross notional and its equity (> 0)", where="exposure")
    return float(np.mean(np.abs(gross) / equity)) if len(equity) else None
