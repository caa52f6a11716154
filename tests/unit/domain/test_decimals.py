"""A float64 price as the decimal a person would write."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rung.domain.decimals import exact


@given(st.floats(allow_nan=False))
def test_the_decimal_reads_back_as_the_same_number_and_is_the_shortest_that_does(value: float) -> None:
    assert float(exact(value)) == value
    assert str(exact(value)) == str(Decimal(repr(value))) or value == 0.0


@pytest.mark.parametrize("text", ["45.12", "0.1", "60000.0", "1E+22"])
def test_a_price_stays_as_it_was_written(text: str) -> None:
    assert str(exact(float(text))) == text


def test_whoever_asks_gets_the_same_digits() -> None:
    assert str(exact(2)) == str(exact(2.0)) == str(exact(np.float64(2.0))) == "2.0"


def test_what_is_no_number_stays_none() -> None:
    assert exact(float("nan")).is_nan()
    assert exact(float("-inf")) == Decimal("-Infinity")
