"""A strategy's own book, told from attributes that only look like one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rung.lab.checking.own_books import Prices, own_fill
from rung.lab.checking.watching import Row

CLOSE = 100.0 * np.exp(np.random.default_rng(3).normal(0, 0.001, 200).cumsum())
OPEN = np.concatenate(([100.0], CLOSE[:-1] * 1.0001))
SIDE = np.where(np.arange(200) // 10 % 2 == 1, 1.0, 0.0)
RATE = np.diff(CLOSE, prepend=np.nan) / np.concatenate(([np.nan], CLOSE[:-1]))


def rows(values: NDArray[np.float64]) -> list[Row]:
    return [
        Row(at, (("BTC:book",), (None if value != value else float(value),)), (("BTC", side, None, None, ""),), (), ())
        for at, (value, side) in enumerate(zip(values, SIDE, strict=True))
    ]


def found(values: NDArray[np.float64]) -> tuple[int, float, float] | None:
    own = own_fill(rows(values), "BTC", Prices(OPEN, CLOSE))
    return None if own is None else (own.bar, own.booked, own.price)


def held(at_entry: NDArray[np.float64]) -> NDArray[np.float64]:
    """The value of the last entry's bar, kept."""
    places = np.maximum.accumulate(np.where((SIDE == 1) & (np.roll(SIDE, 1) == 0), np.arange(200), 0))
    return at_entry[places]


def test_an_entry_price_that_is_the_close_decided_on_is_told_with_the_first_price_to_be_had() -> None:
    assert found(held(CLOSE)) == (10, CLOSE[10], OPEN[11])


@pytest.mark.parametrize("step", [SIDE * RATE, SIDE * np.diff(CLOSE, prepend=np.nan)])
def test_profit_of_the_bar_that_made_the_signal_is_told(step: NDArray[np.float64]) -> None:
    assert found(np.nancumsum(step)) == (10, CLOSE[10], OPEN[11])


def test_compounded_profit_of_the_same_bar_is_told() -> None:
    assert found(np.cumprod(1 + np.nan_to_num(SIDE * RATE))) == (10, CLOSE[10], OPEN[11])


def test_profit_of_the_side_held_during_the_bar_is_honest() -> None:
    before = np.concatenate(([0.0], SIDE[:-1]))
    assert found(np.nancumsum(before * RATE)) is None


def test_the_last_close_a_mean_and_a_constant_are_no_books() -> None:
    assert found(CLOSE) is None
    assert found(np.convolve(CLOSE, np.ones(5) / 5, "same")) is None
    assert found(np.full(200, 3.0)) is None
    assert found(held(OPEN)) is None
