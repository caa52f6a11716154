"""What a sweep keeps of one combination: the same figures, whichever engine found them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rung.lab.backtesting import record_of
from rung.lab.bench import Bench
from rung.lab.metrics import daily_returns

COLUMNS = (
    "total_return_frac", "trades", "win_rate_frac", "max_drawdown_frac", "sharpe", "sharpe_error", "fees_quote",
    "end_equity_quote", "days",
)  # fmt: skip
"""Figures of a row, defined as in `result.Figures`: win_rate_frac of closed trades, sharpe of daily
returns, annualised. None: cannot be said."""


DESK, TWIN = "desk", "twin"
"""The truth engine, gates on; the compiled kernel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One combination. engine : DESK or TWIN.   figures : in the order of COLUMNS.

    daily : returns per session, () when they were not kept.
    """

    engine: str
    figures: tuple[float | None, ...]
    daily: tuple[float, ...] = ()


def periods_per_year(bench: Bench) -> int:
    """Sessions in a year: 365 for a market that never closes."""
    return 365 if bench.market.around_the_clock else 252


def desk_row(bench: Bench) -> Row:
    """One combination as `rung backtest` runs it, gates on: the truth."""
    record = record_of(bench)
    figures = record.figures(bench.capital, bench.market, bench.histories)
    numbers = (
        figures.total_return_frac, figures.trades, figures.win_rate_frac, figures.max_drawdown_frac, figures.sharpe,
        figures.sharpe_error, float(figures.fees_quote), float(figures.end_equity_quote), figures.days,
    )  # fmt: skip
    sessions = bench.market.feed.sessions
    days = _days_of(np.array(record.at_ns), [session.close_ns for session in sessions])
    daily = daily_returns(record.equity, days, float(bench.capital))
    return Row(engine=DESK, figures=numbers, daily=tuple(float(each) for each in daily))


def sharpe_of_sums(days: float, total: float, squares: float, periods: int) -> float | None:
    """Annualised, from number, sum and sum of squares of daily returns; None with under 3 days."""
    if days < 3:
        return None
    variance = (squares - total * total / days) / (days - 1.0)
    spread = float(variance) ** 0.5 if variance > 0.0 else 0.0
    return float(total / days / spread * periods**0.5) if spread > 1e-12 else None


def _days_of(at_ns: NDArray[np.int64], closes: list[int]) -> NDArray[np.int64]:
    """Number of the session of each instant, at its close or before."""
    return np.searchsorted(np.array(closes, dtype=np.int64), at_ns).astype(np.int64)
