"""A series is finite numbers in a row; anything else is refused with its place."""

from __future__ import annotations

import numpy as np
import pytest

from rung.domain.errors import UserError
from rung.lab.statistics.series import is_flat, matrix_of, periods, returns_of


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_refused_with_its_place(bad: float) -> None:
    with pytest.raises(UserError, match=r"1 of 3 values are not finite numbers, the first at \[1\]"):
        returns_of([0.01, bad, 0.02])
    with pytest.raises(UserError, match=r"the first at \[1, 0\]"):
        matrix_of([[0.0, 0.0], [bad, 0.0]])


def test_a_matrix_is_not_a_row_and_a_row_is_not_a_matrix() -> None:
    with pytest.raises(UserError, match="one row"):
        returns_of([[0.01]])
    with pytest.raises(UserError, match="days × strategies"):
        matrix_of([0.01])


def test_a_year_has_at_least_one_period() -> None:
    assert periods(365) == 365
    with pytest.raises(UserError, match="252"):
        periods(0)


def test_values_that_differ_by_rounding_only_are_flat() -> None:
    assert is_flat(np.zeros(3))
    assert is_flat(np.array([]))
    assert is_flat(np.cumprod(np.full(9, 1.1))[1:] / np.cumprod(np.full(9, 1.1))[:-1] - 1.0)
    assert not is_flat(np.array([1e-9, 2e-9]))
