"""Intervals: known values, coverage, and honesty about too little data."""

from __future__ import annotations

import numpy as np
import pytest

from rung.reports.statistics import mrd_interval


def chance() -> np.random.Generator:
    return np.random.default_rng(11)


def test_fewer_than_five_days_have_no_interval() -> None:
    assert mrd_interval(np.full(4, 0.01), chance()) is None
    assert mrd_interval(np.full(5, 0.01), chance()) is not None


def test_days_that_are_all_alike_leave_no_doubt() -> None:
    interval = mrd_interval(np.full(8, 0.01), chance())
    assert interval is not None
    assert interval.low == pytest.approx(interval.high) == pytest.approx((1.01**8 - 1) / 8)


def test_the_same_seed_gives_the_same_interval() -> None:
    returns = np.random.default_rng(1).normal(0, 0.01, 20)
    assert mrd_interval(returns, chance()) == mrd_interval(returns, chance())


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """30 independent days of mean zero: a 95 % interval of this kind misses a little more often than 5 %."""
    rng = np.random.default_rng(5)
    missed = 0
    for _ in range(60):
        interval = mrd_interval(rng.normal(0.0, 0.01, 30), rng)
        assert interval is not None
        missed += not interval.low <= 0.0 <= interval.high
    assert 1 <= missed <= 10


def test_runs_of_like_days_widen_the_interval() -> None:
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 0.01, 120)
    blocks = np.repeat(noise[::6], 6)[:120]
    shuffled = rng.permutation(blocks)
    together, apart = mrd_interval(blocks, chance()), mrd_interval(shuffled, chance())
    assert together is not None
    assert apart is not None
    assert together.high - together.low > 1.2 * (apart.high - apart.low)
