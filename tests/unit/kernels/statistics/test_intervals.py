"""Wilson's interval: scipy's, and nothing where there is nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from rung.kernels.statistics.intervals import wilson


@settings(max_examples=60, derandomize=True)
@given(st.integers(1, 400), st.data())
def test_wilson_agrees_with_scipy(trials: int, data: st.DataObject) -> None:
    wins = data.draw(st.integers(0, trials))
    theirs = binomtest(wins, trials).proportion_ci(method="wilson")
    assert wilson(wins, trials) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_no_trials_have_no_share() -> None:
    assert wilson(0, 0) is None
