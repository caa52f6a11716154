"""Compounding and falls: plain definitions, an account that died, the worst of all pairs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rung.kernels.statistics.growth import falls, longest_fall, mean_return_per_day, total_return, worst_fall


def test_mrd_is_total_return_divided_by_days() -> None:
    assert mean_return_per_day(np.array([0.10, -0.10])) == pytest.approx(-0.005)


def test_an_account_that_lost_everything_does_not_come_back() -> None:
    assert mean_return_per_day(np.array([-1.5, -1.5])) == -0.5


@settings(max_examples=80, derandomize=True)
@given(st.lists(st.floats(1, 1000), min_size=1, max_size=40), st.floats(1, 1000))
def test_the_worst_fall_is_the_worst_of_all_pairs(path: list[float], start: float) -> None:
    whole = [start, *path]
    plain = max((1 - later / earlier for i, earlier in enumerate(whole) for later in whole[i:]), default=0.0)
    assert worst_fall(np.array(path), start) == pytest.approx(max(plain, 0.0), abs=1e-12)


def test_returns_compound() -> None:
    assert total_return(np.array([0.10, -0.10])) == pytest.approx(-0.01)
    assert total_return(np.array([])) == 0.0


def test_a_fall_is_measured_from_the_peak_before_it() -> None:
    assert falls(np.array([110.0, 99.0, 121.0]), 100.0) == pytest.approx([0.0, 0.0, 0.1, 0.0])


def test_the_longest_fall_counts_the_slices_below_a_peak() -> None:
    assert longest_fall(np.array([101.0, 102.0, 103.0]), 100.0) == 0
    assert longest_fall(np.array([99.0, 100.0, 98.0, 97.0, 99.0, 101.0]), 100.0) == 3


def test_a_fall_that_is_not_regained_lasts_to_the_end() -> None:
    assert longest_fall(np.array([101.0, 99.0, 98.0, 97.0]), 100.0) == 3
    assert longest_fall(np.array([90.0, 80.0]), 100.0) == 2
