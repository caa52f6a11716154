"""Equity at many closes: each the float nearest to the exact decimal."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rung.domain.decimals import exact
from rung.lab import marking
from rung.lab.marking import marked

D = Decimal
MONEY = st.tuples(st.integers(-(10**15), 10**15), st.integers(0, 12)).map(lambda given: D(given[0]).scaleb(-given[1]))
UNITS = st.tuples(st.integers(-(10**7), 10**7), st.sampled_from([-2, 0, 1, 5, 8])).map(
    lambda given: D(given[0]).scaleb(-given[1])
)
CHANGES = st.lists(st.tuples(MONEY, UNITS), min_size=1, max_size=5)
CLOSES = st.lists(st.tuples(st.integers(1, 10**7), st.integers(0, 4)), min_size=1, max_size=20)


@given(CHANGES, CLOSES, st.integers(0, 7))
def test_it_is_the_float_nearest_to_the_decimal(
    changes: list[tuple[Decimal, Decimal]], closes: list[tuple[int, int]], places: int
) -> None:
    close = np.array([price / 10.0**places for price, _ in closes])
    since = np.array([which % len(changes) for _, which in closes])
    rests, quantities = zip(*changes, strict=True)
    equity, gross = marked(close, since, rests, quantities)
    for row, which in enumerate(since):
        value = quantities[which] * exact(float(close[row]))
        assert equity[row] == float(rests[which] + value)
        assert gross[row] == float(abs(value))


@pytest.mark.parametrize("close", [0.1 + 0.2, 1e-12, 123.0123456789])
def test_closes_on_no_grid_are_marked_in_decimals(close: float) -> None:
    closes, since, rests, held = np.array([close]), np.array([0]), [D(100_000)], [D("0.777")]
    assert marking._marked_whole(closes, since, rests, held) is None
    value = D("0.777") * exact(close)
    equity, gross = marked(closes, since, rests, held)
    assert (equity[0], gross[0]) == (float(100_000 + value), float(value))


def test_numbers_too_large_for_a_float_are_marked_in_decimals() -> None:
    rests, held = [D(2**53 + 1).scaleb(-8)], [D(2**40)]
    equity, _ = marked(np.array([98_765.43]), np.array([0]), rests, held)
    assert equity[0] == float(rests[0] + held[0] * D("98765.43"))
