"""Choosing: by ratio or by return, the same ratio as everywhere, and of equals the first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rung.domain.errors import UserError
from rung.lab.choosing import best
from rung.lab.statistics.series import Floats
from rung.lab.subject import ratio


def test_selection_is_by_ratio_or_by_return() -> None:
    steady, wild = np.array([0.01, 0.011, 0.009]), np.array([0.30, -0.10, 0.05])
    assert best([wild, steady], "sharpe") == 1
    assert best([steady, wild], "return") == 1


def test_doing_nothing_beats_losing_and_of_equals_the_first_is_taken() -> None:
    flat, loser = np.zeros(3), np.array([-0.01, -0.02, 0.001])
    assert best([loser, flat, flat], "sharpe") == 1


def test_two_days_have_no_ratio_so_the_first_is_taken() -> None:
    assert best([np.array([-0.01, 0.0]), np.array([0.01, 0.02])], "sharpe") == 0


def test_a_return_that_is_no_number_is_an_error_and_never_chosen() -> None:
    with pytest.raises(UserError, match="not finite numbers"):
        best([np.array([0.0, np.nan, 0.1]), np.zeros(3)], "sharpe")


@given(arrays(np.float64, (4, 9), elements=st.floats(-0.5, 0.5, width=32)))
def test_the_ratio_that_chooses_is_the_one_that_is_reported(rows: Floats) -> None:
    told = [ratio(row, 365) or 0.0 for row in rows]
    assert told[best(rows, "sharpe")] == pytest.approx(max(told), rel=1e-9, abs=1e-12)
