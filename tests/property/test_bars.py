"""The compiled backtest on any tape under any rules: equal to its slow twin, fill by fill."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.unit.kernels.bars.made import (
    Row,
    fills_of,
    made_bars,
    made_basket,
    made_directions,
    made_rules,
    made_weights,
    plain,
    plain_basket,
    plain_fills,
    without_holes,
)

from rung.kernels.bars.basket import backtest_basket
from rung.kernels.bars.params import BarRules
from rung.kernels.bars.portfolio import Bars, backtest

seeds = st.integers(0, 2**31 - 1)
lengths = st.sampled_from([1, 2, 7, 40, 200])


def agree(
    bars: Bars, rules: BarRules, *, directions: NDArray[np.int8] | None = None, weights: Row | None = None
) -> int:
    """Compare everything; answers how many fills there were."""
    fast = backtest(bars, rules, directions=directions, weights=weights)
    slow = plain(bars, rules, directions=directions, weights=weights)
    assert fills_of(fast, rules) == plain_fills(slow)
    np.testing.assert_allclose(fast.equity_quote, [float(x) for x in slow.equity], rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(fast.max_drawdown_frac, float(1 - max(slow.worst, 0)), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(fast.fees_quote, float(slow.fees), rtol=1e-12)
    np.testing.assert_allclose(fast.funding_quote, float(slow.funding), rtol=1e-12)
    trips = slow.books[0].trips
    assert (len(fast.trades), fast.wins) == (len(trips), sum(trip > 0 for trip in trips))
    days, returns, squares = fast.daily_returns
    np.testing.assert_allclose(
        [days, returns, squares],
        [len(slow.daily), sum(slow.daily), sum(r * r for r in slow.daily)],
        rtol=1e-9, atol=1e-13,
    )  # fmt: skip
    return len(fast.fills)


@settings(max_examples=300)
@given(seeds, lengths)
def test_directions_give_the_slow_twins_fills_and_books(seed: int, n: int) -> None:
    agree(made_bars(seed, n), made_rules(seed + 1), directions=made_directions(seed + 2, n))


@settings(max_examples=80)
@given(seeds, st.sampled_from([9, 130, 1_200]), st.sampled_from([0.8, 0.97, 0.998]), st.booleans())
def test_long_calm_stretches_give_the_slow_twins_fills_and_books(seed: int, n: int, stay: float, whole: bool) -> None:
    bars = made_bars(seed, n, wild=2e-4)
    bars = replace(without_holes(bars), funding=np.zeros(0)) if whole else bars
    agree(bars, made_rules(seed + 1), directions=made_directions(seed + 2, n, stay))


@settings(max_examples=200)
@given(seeds, lengths)
def test_weights_give_the_slow_twins_fills_and_books(seed: int, n: int) -> None:
    agree(made_bars(seed, n), made_rules(seed + 1), weights=made_weights(seed + 2, (n,)))


def test_these_tapes_do_trade() -> None:
    """Else the two tests above would compare nothing."""
    found = [agree(made_bars(s, 200), made_rules(s + 1), directions=made_directions(s + 2, 200)) for s in range(40)]
    assert np.mean(found) > 20


@settings(max_examples=120)
@given(seeds, lengths, st.integers(1, 5))
def test_a_basket_gives_the_slow_twins_fills_and_common_equity(seed: int, n: int, symbols: int) -> None:
    bars, rules = made_basket(seed, n, symbols), replace(made_rules(seed + 1), trail_atr=None, trail_frac=None)
    weights = made_weights(seed + 2, (n, symbols))
    fast, slow = backtest_basket(bars, rules, weights), plain_basket(bars, rules, weights)
    assert fills_of(fast, rules) == plain_fills(slow)
    np.testing.assert_allclose(fast.equity_quote, [float(x) for x in slow.equity], rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(fast.max_drawdown_frac, float(1 - max(slow.worst, 0)), rtol=1e-9, atol=1e-12)
    assert (fast.trades, fast.wins) == tuple(
        sum(f(trip) for book in slow.books for trip in book.trips) for f in (lambda _: 1, lambda trip: int(trip > 0))
    )
