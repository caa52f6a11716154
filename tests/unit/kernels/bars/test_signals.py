"""Directions and weights against plain definitions: exact at ties, blind to the future, indifferent to broken bars."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.kernels.bars.made import Row, made_bars, rules

from rung.domain.errors import UserError
from rung.kernels.bars.basket import BasketBars, backtest_basket
from rung.kernels.bars.crossovers import Crossovers, sweep_crossovers
from rung.kernels.bars.layout import KEEP
from rung.kernels.bars.signals import crossover, top_weights, wilder_atr

NO_MINUTES = np.zeros(0, np.int64)


def directions(
    closes: Row, period: int, band: float, *, current: bool = False, cadence: int = 1, minutes: Row = NO_MINUTES
) -> list[int]:
    out: NDArray[np.int8] = np.empty(len(closes), np.int8)
    crossover(closes, minutes.astype(np.int64), period, band, cadence, current, 10_000.0, out)
    return out.tolist()


def plain_directions(closes: Row, period: int, band: float, current: bool) -> list[int]:
    """The definition, in whole numbers, from scratch on every bar."""
    found, known = [], []
    for close in closes.tolist():
        if not 0.0 < close < math.inf:
            found.append(KEEP)
            continue
        steps = round(close * 10_000)
        window = ([*known, steps] if current else known)[-period:]
        known.append(steps)
        if len(window) < period:
            found.append(KEEP)
            continue
        total, scaled = sum(window), float(steps * period)
        found.append((scaled > total * (1.0 + band)) - (scaled < total * (1.0 - band)))
    return found


@pytest.mark.parametrize("current", [False, True])
@pytest.mark.parametrize("period", [1, 2, 7, 60, 500])
@pytest.mark.parametrize("seed", [3, 4])
def test_the_crossover_is_its_definition(seed: int, period: int, current: bool) -> None:
    closes = made_bars(seed, 400).close
    assert not np.isfinite(closes).all() or (closes <= 0).any()
    sound = np.where((closes > 0) & np.isfinite(closes), closes, 50.0)
    for band in (0.0, 0.001):
        for tape in (closes, sound):
            assert directions(tape, period, band, current=current) == plain_directions(tape, period, band, current)


def test_equal_closes_are_no_cross_even_without_a_band() -> None:
    assert directions(np.full(50, 33.3333), 7, 0.0) == [KEEP] * 7 + [0] * 43


def test_only_minutes_of_the_cadence_decide() -> None:
    closes, minutes = made_bars(5, 60).close, np.arange(100, 160)
    every = directions(closes, 5, 0.001)
    some = directions(closes, 5, 0.001, cadence=15, minutes=minutes)
    assert [t for t, d in enumerate(some) if d != KEEP] == [t for t in (5, 20, 35, 50) if every[t] != KEEP]
    assert all(some[t] == every[t] for t in (5, 20, 35, 50))


def test_the_average_true_range_is_wilders() -> None:
    high, low, close = (
        np.array(x) for x in ([12.0, 13.0, 12.0, 20.0], [10.0, 11.0, 9.0, 18.0], [11.0, 12.0, 10.0, 19.0])
    )
    out = np.empty(4)
    wilder_atr(high, low, close, 2, out)
    assert math.isnan(out[0])
    np.testing.assert_allclose(out[1:], [2.0, 2.5, 6.25])  # true ranges 2, 2, 3, 10


def test_the_strongest_k_share_the_weight_every_so_often() -> None:
    closes = np.array([[10.0, 10.0, 10.0], [11.0, 12.0, 9.0], [12.0, np.nan, 9.0], [13.0, 12.0, 30.0]])
    weights = top_weights(closes, 1, 1, 2, 1.0)
    assert np.isnan(weights[0]).all()
    np.testing.assert_array_equal(weights[1:], [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.5, 0.0, 0.5]])
    assert np.isnan(top_weights(closes, 1, 2, 2, 1.0)[[0, 1, 3]]).all()


def test_a_grid_without_combinations_or_with_impossible_ones_is_refused() -> None:
    bars, none = made_bars(1, 50), np.zeros(0, np.int64)
    with pytest.raises(UserError, match="no combination"):
        sweep_crossovers(bars, rules(), Crossovers(period=none, band=np.zeros(0)))
    with pytest.raises(UserError, match="periods start at 1"):
        sweep_crossovers(bars, rules(), Crossovers(period=np.array([0]), band=np.zeros(1)))
    with pytest.raises(UserError, match="2 rows of band for 1"):
        sweep_crossovers(bars, rules(), Crossovers(period=np.array([5]), band=np.zeros(2)))
    with pytest.raises(UserError, match="minute of every bar"):
        sweep_crossovers(bars, rules(), Crossovers(period=np.array([5]), band=np.zeros(1), cadence_minutes=5))


def test_a_sweep_tells_how_far_it_is() -> None:
    told: list[int] = []
    grid = Crossovers(period=np.array([2, 3, 2]), band=np.zeros(3))
    sweep_crossovers(made_bars(1, 50), rules(), grid, progress=told.append)
    assert told == [2, 1]


def test_a_basket_refuses_what_does_not_fit() -> None:
    table = np.full((3, 2), 10.0)
    bars = BasketBars(open=table, high=table, low=table, close=table, volume=table, session=np.zeros(3, np.int64))
    with pytest.raises(UserError, match=r"weights is \(3, 1\)"):
        backtest_basket(bars, rules(), table[:, :1])
    with pytest.raises(UserError, match="no trailing stop"):
        backtest_basket(bars, rules(trail_atr=1.0), table)


def test_closes_may_be_a_column_of_a_table_or_narrower_floats() -> None:
    closes = made_bars(3, 200).close
    sound = np.where((closes > 0) & np.isfinite(closes), closes, 50.0).round(2)
    expected = directions(sound, 7, 0.001)
    assert directions(np.column_stack([sound, sound + 1.0])[:, 0], 7, 0.001) == expected
    assert directions(sound.astype(np.float32), 7, 0.001) == expected
