"""SPA: it keeps its size on noise, sees a true lead, and is not fooled by poor or wild company."""

from __future__ import annotations

import numpy as np
import pytest
from arch.bootstrap import SPA

from rung.domain.errors import UserError
from rung.lab.statistics.spa import long_run_deviation, superiority


def chance(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_on_noise_it_rejects_about_as_often_as_it_says() -> None:
    rng = chance(1)
    found = [
        superiority(np.zeros(150), rng.normal(0.0, 0.01, (150, 10)), rng, resamples=150, block=1) for _ in range(250)
    ]
    assert 0.015 <= np.mean([each.spa < 0.05 for each in found]) <= 0.10
    assert 0.015 <= np.mean([each.reality_check < 0.05 for each in found]) <= 0.10


def test_a_true_lead_is_seen_and_named() -> None:
    rng = chance(2)
    crowd = rng.normal(0.0, 0.01, (500, 30))
    crowd[:, 11] += 0.002
    found = superiority(np.zeros(500), crowd, rng)
    assert found.spa < 0.02
    assert found.best == 11
    assert found.best_lead_frac == pytest.approx(crowd[:, 11].mean())
    assert found.spa_lower <= found.spa <= found.spa_upper


def test_it_is_the_lead_over_the_benchmark_that_counts() -> None:
    rng = chance(3)
    market = rng.normal(0.002, 0.01, 400)
    followers = market[:, None] + rng.normal(0.0, 0.002, (400, 8))
    assert superiority(np.zeros(400), followers, chance()).spa < 0.05
    assert superiority(market, followers, chance()).spa > 0.05


def test_poor_and_wild_company_hides_a_good_strategy_from_the_reality_check_but_not_from_spa() -> None:
    rng = chance(4)
    good = rng.normal(0.0006, 0.004, 500)
    wild = rng.normal(-0.004, 0.06, (500, 20))
    found = superiority(np.zeros(500), np.column_stack((good, wild)), rng)
    assert found.spa < 0.05
    assert found.reality_check > 0.3


def test_the_reality_check_is_arch_s() -> None:
    crowd = chance(6).normal(0.0003, 0.01, (200, 5))
    rng = chance(7)
    found = superiority(np.zeros(200), crowd, rng, resamples=300, block=3)
    theirs = SPA(np.zeros(200), -crowd, block_size=3, reps=300, seed=int(chance(7).integers(2**31)))
    theirs.compute()
    assert found.reality_check == theirs.pvalues["upper"]


def test_the_deviation_is_the_one_the_bootstrap_shows() -> None:
    rng = chance(8)
    leads = np.cumsum(rng.normal(0.0, 0.01, (405, 3)), axis=0)
    leads = leads[5:] - leads[:-5]
    kept = long_run_deviation(leads, 10)
    test = SPA(np.zeros(400), -leads, block_size=10, reps=10, seed=1)
    test._compute_variance()
    assert kept == pytest.approx(np.sqrt(test._loss_diff_var))


def test_no_chance_is_zero_and_the_same_seed_repeats() -> None:
    crowd = chance(9).normal(0.01, 0.001, (50, 2))
    first, again = (superiority(np.zeros(50), crowd, chance(), resamples=99) for _ in range(2))
    assert first == again
    assert first.spa == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("base", "crowd", "said"),
    [
        (np.zeros(20), np.zeros((20, 1)), "never differs"),
        (np.zeros(20), np.ones((19, 1)), "has 20 days, the strategies 19"),
        (np.zeros(5), np.ones((5, 1)), "too short"),
        (np.zeros(20), np.zeros((20, 0)), "no strategy"),
    ],
)
def test_what_cannot_be_compared_is_refused(base: np.ndarray, crowd: np.ndarray, said: str) -> None:
    with pytest.raises(UserError, match=said):
        superiority(base, crowd, chance())
