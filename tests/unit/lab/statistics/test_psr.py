"""PSR, DSR and the minimum track record: the papers' own examples, and the truth under the null."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from scipy.stats import kstest

from rung.domain.errors import UserError
from rung.lab.statistics.psr import (
    chance_of_best,
    days_to_pass,
    deflated_sharpe,
    expected_best,
    minimum_track_record,
    probabilistic_sharpe,
    probability_above,
    variance_without_skill,
)
from rung.lab.statistics.sharpe import Moments, moments_of


def normal(ratio: float, days: int) -> Moments:
    return Moments(ratio=ratio, days=days, skewness=0.0, kurtosis=3.0)


def test_the_hedge_fund_of_the_sharpe_ratio_efficient_frontier() -> None:
    """Bailey & López de Prado (2012): 24 months, ratio 0.458, skewness −2.448, kurtosis 10.164: 0.982 becomes 0.913."""
    assert probabilistic_sharpe(normal(0.458, 24)) == pytest.approx(0.982, abs=5e-4)
    crooked = Moments(ratio=0.458, days=24, skewness=-2.448, kurtosis=10.164)
    assert probabilistic_sharpe(crooked) == pytest.approx(0.913, abs=5e-4)


@pytest.mark.parametrize(("periods", "years"), [(252, 2.73), (52, 2.83), (12, 3.24)])
def test_the_track_record_lengths_of_the_sharpe_ratio_efficient_frontier(periods: int, years: float) -> None:
    """An annual ratio of 2 against 1, at 95 %, from daily, weekly and monthly returns."""
    needed = minimum_track_record(normal(2.0 / sqrt(periods), 100), 1.0 / sqrt(periods))
    assert needed is not None
    assert needed / periods == pytest.approx(years, abs=5e-3)


def test_the_numerical_example_of_the_deflated_sharpe_ratio() -> None:
    """Bailey & López de Prado (2014): annual 2.5, 1,250 days, 100 trials of variance 1/2, skewness −3, kurtosis 10."""
    crooked = Moments(ratio=2.5 / sqrt(250), days=1_250, skewness=-3.0, kurtosis=10.0)
    found = deflated_sharpe(crooked, 100, 0.5 / 250)
    assert found.luck == pytest.approx(0.1132, abs=5e-5)
    assert found.probability == pytest.approx(0.9004, abs=5e-5)
    assert deflated_sharpe(crooked, 46, 0.5 / 250).probability == pytest.approx(0.9505, abs=5e-5)
    assert deflated_sharpe(normal(2.5 / sqrt(250), 1_250), 88, 0.5 / 250).probability == pytest.approx(0.9505, abs=5e-5)


def test_after_the_minimum_track_record_the_psr_is_what_was_asked() -> None:
    measured = Moments(ratio=0.09, days=300, skewness=-0.7, kurtosis=6.0)
    needed = minimum_track_record(measured, 0.02, 0.95)
    assert needed is not None
    longer = Moments(ratio=0.09, days=round(needed), skewness=-0.7, kurtosis=6.0)
    assert probabilistic_sharpe(longer, 0.02) == pytest.approx(0.95, abs=1e-3)


def test_what_is_not_above_the_benchmark_never_gets_there() -> None:
    assert minimum_track_record(normal(0.05, 100), 0.05) is None
    assert days_to_pass(-0.01, 1.0) is None


def test_one_trial_is_not_deflated() -> None:
    measured = normal(0.1, 200)
    assert deflated_sharpe(measured, 1, 0.01).probability == probabilistic_sharpe(measured)


def test_more_trials_deflate_more() -> None:
    found = [deflated_sharpe(normal(0.1, 500), trials, 0.002).probability for trials in (1, 2, 5, 50, 5_000)]
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.1 < 0.95 < found[0]


@pytest.mark.parametrize("trials", [5, 20, 200])
def test_the_expected_best_is_about_what_the_best_of_so_many_normals_is(trials: int) -> None:
    best = np.random.default_rng(7).normal(0.0, 0.3, (20_000, trials)).max(axis=1).mean()
    assert expected_best(trials, 0.09) == pytest.approx(best, rel=0.04)


def test_no_trials_and_no_variance_are_refused() -> None:
    with pytest.raises(UserError, match="0 trials"):
        expected_best(0, 0.1)
    with pytest.raises(UserError, match="variance"):
        expected_best(3, float("nan"))
    with pytest.raises(UserError, match="days"):
        variance_without_skill(1)


def test_without_error_there_is_no_doubt() -> None:
    assert [probability_above(r, 0.1, 0.0) for r in (0.0, 0.1, 0.2)] == [0.0, 0.5, 1.0]


def test_without_skill_the_psr_is_uniform() -> None:
    """Fat-tailed days. By chance alone 6,000 uniform numbers are 0.025 off their line once in a thousand times."""
    rng = np.random.default_rng(8)
    found = [probabilistic_sharpe(moments_of(rng.standard_t(6, 250))) for _ in range(6_000)]
    assert kstest(found, "uniform").statistic < 0.025
    assert np.mean(np.array(found) > 0.95) == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize("trials", [10, 100])
def test_of_the_best_of_many_without_skill_the_chance_lets_as_many_pass_as_it_says_and_the_dsr_hardly_any(
    trials: int,
) -> None:
    """The PSR lets many through. The DSR asks the best, which scatters less than one trial, for one trial's error."""
    rng = np.random.default_rng(9)
    kept, deflated, plain = [], [], []
    for _ in range(1_000):
        crowd = rng.normal(0.0, 0.01, (trials, 250))
        ratios = crowd.mean(axis=1) / crowd.std(axis=1, ddof=1)
        best = moments_of(crowd[ratios.argmax()])
        found = deflated_sharpe(best, trials, float(ratios.var(ddof=1)))
        kept.append(found.chance <= 0.05)
        deflated.append(found.probability >= 0.95)
        plain.append(probabilistic_sharpe(best) >= 0.95)
    assert np.mean(kept) == pytest.approx(0.05, abs=0.025)
    assert np.mean(deflated) <= 0.015
    assert np.mean(plain) > 0.35


def test_the_chance_of_the_best_of_one_is_what_the_psr_leaves() -> None:
    measured = Moments(ratio=0.09, days=300, skewness=-0.7, kurtosis=6.0)
    assert chance_of_best(measured, 1) == pytest.approx(1.0 - probabilistic_sharpe(measured))
    assert chance_of_best(measured, 7) == pytest.approx(1.0 - probabilistic_sharpe(measured) ** 7)
    assert chance_of_best(normal(0.6, 1_000), 10**6) == pytest.approx(10**6 * chance_of_best(normal(0.6, 1_000), 1))
    assert chance_of_best(normal(-5.0, 1_000), 10) == 1.0


def test_days_to_pass_is_the_minimum_track_record_when_there_was_one_trial() -> None:
    measured = Moments(ratio=0.09, days=300, skewness=-0.7, kurtosis=6.0)
    needed = minimum_track_record(measured)
    assert needed is not None
    assert days_to_pass(measured.ratio, measured.spread) == np.ceil(needed)


@pytest.mark.parametrize("trials", [1, 40, 5_000])
def test_at_the_days_to_pass_the_chance_is_just_small_enough(trials: int) -> None:
    days = days_to_pass(0.12, normal(0.12, 2).spread, trials)
    assert days is not None
    assert chance_of_best(normal(0.12, days), trials) <= 0.05 < chance_of_best(normal(0.12, days - 1), trials)


def test_after_the_days_to_pass_with_power_four_in_five_of_the_truly_good_do() -> None:
    true, rng = 2.0 / sqrt(252), np.random.default_rng(10)
    needed = days_to_pass(true, 1.0 + true**2 / 2.0, power=0.8)
    assert needed is not None
    passed = [probabilistic_sharpe(moments_of(rng.normal(true * 0.01, 0.01, needed))) > 0.95 for _ in range(1_500)]
    assert np.mean(passed) == pytest.approx(0.8, abs=0.035)
