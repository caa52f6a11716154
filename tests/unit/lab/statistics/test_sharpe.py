"""The Sharpe ratio: known values, errors as large as they really are, and silence where there is nothing to say."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from rung.domain.errors import UserError
from rung.lab.statistics.sharpe import (
    Moments,
    autocorrelations,
    correlated_error,
    lo_factor,
    moments_of,
    sharpe_ratio,
    usual_lags,
)


def ar1(rng: np.random.Generator, n: int, rho: float, mean: float = 0.0) -> np.ndarray:
    noise = rng.normal(0.0, 0.01, n + 50)
    row = np.zeros(n + 50)
    for t in range(1, n + 50):
        row[t] = rho * row[t - 1] + noise[t]
    return row[50:] + mean


def test_a_hand_computed_ratio() -> None:
    measured = sharpe_ratio([0.01, 0.02, 0.03], 252)
    assert measured is not None
    assert measured.moments.ratio == pytest.approx(2.0)
    assert measured.annual == pytest.approx(2.0 * sqrt(252))
    assert measured.moments.skewness == pytest.approx(0.0)
    assert measured.moments.kurtosis == pytest.approx(1.5)


def test_the_year_is_an_argument() -> None:
    row = np.random.default_rng(1).normal(0.001, 0.01, 300)
    equities, crypto = sharpe_ratio(row, 252), sharpe_ratio(row, 365)
    assert equities is not None
    assert crypto is not None
    assert crypto.annual / equities.annual == pytest.approx(sqrt(365 / 252))


@pytest.mark.parametrize("row", [[], [0.01], [0.01, 0.02], [0.0] * 50, [0.003] * 50])
def test_a_row_that_is_short_or_flat_has_no_ratio(row: list[float]) -> None:
    assert sharpe_ratio(row, 252) is None


def test_the_standard_error_for_normal_returns_is_lo_s() -> None:
    """√((1 + SR²/2) ÷ (n − 1))."""
    assert Moments(ratio=0.5, days=101, skewness=0.0, kurtosis=3.0).error == pytest.approx(sqrt(1.125 / 100))


def test_excess_kurtosis_is_not_taken_for_kurtosis() -> None:
    with pytest.raises(UserError, match="not its excess"):
        Moments(ratio=0.1, days=100, skewness=0.0, kurtosis=0.0)


def test_the_errors_are_as_wide_as_ratios_really_scatter() -> None:
    """Skewed, fat-tailed independent days; the mean stated error against the scatter of 2,000 ratios."""
    rng = np.random.default_rng(2)
    found = [sharpe_ratio(0.1 - rng.gamma(2.0, 0.5, 250) + 1.0, 252) for _ in range(2_000)]
    ratios = np.array([each.moments.ratio for each in found if each is not None])
    stated = np.mean([each.moments.error for each in found if each is not None])
    assert stated == pytest.approx(ratios.std(), rel=0.08)


def test_runs_of_like_days_widen_the_error_about_as_much_as_they_should() -> None:
    """AR(1) with 0.3: the true spread of the mean is √(1.3 ÷ 0.7) = 1.36 times that of independent days."""
    rng = np.random.default_rng(4)
    found = [sharpe_ratio(ar1(rng, 500, 0.3), 252) for _ in range(300)]
    ratios = np.array([each.moments.ratio for each in found if each is not None])
    plain = np.mean([each.moments.error for each in found if each is not None])
    wide = np.mean([each.daily_error for each in found if each is not None])
    assert ratios.std() == pytest.approx(1.36 * plain, rel=0.12)
    assert 1.15 * plain < wide < 1.4 * plain


def test_for_independent_days_both_errors_are_one() -> None:
    row = 1.5 - np.random.default_rng(5).gamma(2.0, 0.5, 40_000)
    moments = moments_of(row)
    assert moments.ratio > 0.6
    assert correlated_error(row) == pytest.approx(moments.error, rel=0.03)


def test_without_autocorrelation_a_year_is_the_root_of_its_days() -> None:
    assert lo_factor(np.zeros(5), 252) == pytest.approx(sqrt(252))


@pytest.mark.parametrize("rho", [-0.5, -0.2, 0.1, 0.3, 0.9])
@pytest.mark.parametrize("q", [2, 3, 12])
def test_lo_s_factor_for_first_order_autoregression_is_his_closed_form(rho: float, q: int) -> None:
    """Lo (2002), eq. 22."""
    closed = sqrt(q) / sqrt(1.0 + 2.0 * rho / (1.0 - rho) * (1.0 - (1.0 - rho**q) / (q * (1.0 - rho))))
    assert lo_factor(rho ** np.arange(1, q), q) == pytest.approx(closed)


def test_lo_s_factor_is_what_sums_of_days_really_show() -> None:
    row = ar1(np.random.default_rng(6), 120_000, 0.4, mean=0.003)
    measured = sharpe_ratio(row, 12)
    sums = row.reshape(-1, 12).sum(axis=1)
    assert measured is not None
    assert measured.annual_corrected == pytest.approx(sums.mean() / sums.std(ddof=1), rel=0.02)
    assert measured.annual > 1.4 * measured.annual_corrected
    assert measured.autocorrelation == pytest.approx(0.4, abs=0.02)


def test_days_that_undo_each_other_leave_a_year_without_variance() -> None:
    assert lo_factor(np.array([-0.9]), 252) is None
    measured = sharpe_ratio([0.01, -0.01, 0.01], 252)
    assert measured is not None
    assert measured.annual_corrected is None


def test_autocorrelations_are_the_plain_definition() -> None:
    row = np.array([1.0, 2.0, 0.0, 3.0, -1.0])
    away = row - 1.0
    assert autocorrelations(row, 2) == pytest.approx(
        [np.sum(away[1:] * away[:-1]) / 10.0, np.sum(away[2:] * away[:-2]) / 10.0]
    )


def test_short_records_carry_few_lags() -> None:
    assert [usual_lags(days) for days in (2, 3, 5, 100, 252, 1_000)] == [0, 1, 2, 4, 4, 6]
