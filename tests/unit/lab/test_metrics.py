"""Performance figures: empyrical's where it defines them, the reports' where both compute one, None for nothing."""

from __future__ import annotations

from decimal import Decimal
from math import sqrt

import empyrical
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rung.domain.errors import UserError
from rung.lab import metrics
from rung.lab.metrics import daily_returns, exposure, performance, trades, turnover_per_day

RETURNS = st.lists(st.floats(-0.2, 0.2), min_size=3, max_size=300).map(np.array)
YEARS = st.sampled_from([252, 365])


def same(ours: float | None, theirs: float) -> None:
    """None is what they call NaN or infinite."""
    if ours is None:
        assert not np.isfinite(theirs)
    else:
        assert ours == pytest.approx(theirs, rel=1e-7, abs=1e-12)


@settings(max_examples=150)
@given(RETURNS, YEARS)
def test_the_figures_are_empyrical_s(row: np.ndarray, year: int) -> None:
    found = performance(row, year)
    same(found.total_frac, empyrical.cum_returns_final(row))
    same(found.cagr_frac, empyrical.annual_return(row, annualization=year))
    same(found.volatility_annual_frac, empyrical.annual_volatility(row, annualization=year))
    same(found.max_drawdown_frac, -empyrical.max_drawdown(row))
    same(found.value_at_risk_frac, -empyrical.value_at_risk(row, 0.05))
    same(found.expected_shortfall_frac, -empyrical.conditional_value_at_risk(row, 0.05))


@settings(max_examples=150)
@given(st.integers(3, 300), st.integers(0, 10_000), YEARS)
def test_the_ratios_are_empyrical_s(days: int, seed: int, year: int) -> None:
    row = np.random.default_rng(seed).standard_t(4, days) * 0.01
    found = performance(row, year)
    assert found.sharpe is not None
    same(found.sharpe.annual, empyrical.sharpe_ratio(row, annualization=year))
    same(found.sortino, empyrical.sortino_ratio(row, annualization=year))
    same(found.calmar, empyrical.calmar_ratio(row, annualization=year))
    same(found.tail_ratio, empyrical.tail_ratio(row))


def test_a_hand_computed_example() -> None:
    found = performance([0.10, -0.10, 0.20, -0.05], 252)
    assert found.total_frac == pytest.approx(1.1 * 0.9 * 1.2 * 0.95 - 1)
    assert found.max_drawdown_frac == pytest.approx(0.10)
    assert found.longest_drawdown_days == 1
    assert found.sortino == pytest.approx(0.0375 / sqrt((0.01 + 0.0025) / 4) * sqrt(252))


def test_what_cannot_be_computed_is_none_and_never_zero_or_infinite() -> None:
    nothing, rising = performance([], 252), performance([0.01] * 20, 252)
    assert (nothing.days, nothing.total_frac, nothing.max_drawdown_frac) == (0, 0.0, 0.0)
    assert (nothing.cagr_frac, nothing.sharpe, nothing.sortino, nothing.tail_ratio) == (None, None, None, None)
    assert (rising.sharpe, rising.sortino, rising.calmar, rising.tail_ratio) == (None, None, None, None)
    assert (rising.max_drawdown_frac, rising.longest_drawdown_days) == (0.0, 0)


def test_an_account_that_lost_everything_fell_by_all_of_it() -> None:
    found = performance([0.1, -1.2, 0.5], 252)
    assert (found.total_frac, found.max_drawdown_frac, found.cagr_frac) == (-1.0, 1.0, -1.0)
    assert found.longest_drawdown_days == 2


def test_a_return_that_is_not_finite_is_refused() -> None:
    with pytest.raises(UserError, match="daily returns"):
        performance([0.01, float("nan"), 0.02], 252)


def test_equity_per_slice_becomes_one_return_per_day() -> None:
    equity = np.array([101.0, 102.0, 99.0, 110.0, 121.0])
    found = daily_returns(equity, np.array([3, 3, 4, 4, 9]), 100.0)
    assert found == pytest.approx([0.02, 110 / 102 - 1, 0.1])
    assert len(daily_returns(np.array([]), np.array([], dtype=np.int64), 100.0)) == 0


def test_a_sharpe_ratio_of_minutes_is_not_that_of_days() -> None:
    """Minutes that undo each other would make a large deviation of nothing; the day knows better."""
    minutes = np.tile([0.002, -0.00195], 195 * 40)
    equity = 100.0 * np.cumprod(1.0 + minutes) * np.repeat(1 + np.random.default_rng(1).normal(0, 1e-4, 40), 390)
    by_day = performance(daily_returns(equity, np.repeat(np.arange(40), 390), 100.0), 252)
    by_minute = performance(minutes, 252 * 390)
    assert by_day.sharpe is not None
    assert by_minute.sharpe is not None
    assert by_day.days == 40
    assert by_day.sharpe.annual > 5 * by_minute.sharpe.annual


@pytest.mark.parametrize(("equity", "days"), [([100.0, 101.0], [2, 1]), ([100.0, 101.0], [1])])
def test_equity_without_returns_is_refused(equity: list[float], days: list[int]) -> None:
    with pytest.raises(UserError):
        daily_returns(equity, np.array(days), 100.0)


def test_trades_are_counted_as_the_reports_count_them() -> None:
    found = trades([10.0, -5.0, 0.0, 20.0, -10.0])
    assert (found.count, found.win_rate_frac, found.profit_factor) == (5, 0.4, 2.0)
    assert (found.expectancy, found.mean_win, found.mean_loss) == (3.0, 15.0, -7.5)
    won, lost = Decimal(30), Decimal(15)
    assert found.profit_factor == float(won / lost)


def test_no_trade_no_figure_and_no_loser_no_profit_factor() -> None:
    assert (trades([]).win_rate_frac, trades([]).win_rate_interval, trades([]).expectancy) == (None, None, None)
    assert trades([1.0]).profit_factor is None


def test_turnover_and_exposure_are_means_of_ratios() -> None:
    assert turnover_per_day([200.0, 0.0], [100.0, 400.0]) == 1.0
    assert exposure([50.0, -100.0], [100.0, 100.0]) == 0.75
    assert turnover_per_day([], []) is None
    assert exposure([], []) is None
    for figure in (metrics.turnover_per_day, metrics.exposure):
        with pytest.raises(UserError):
            figure([1.0], [0.0])
