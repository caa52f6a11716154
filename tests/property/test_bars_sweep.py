"""A sweep is the same as one backtest per combination, bit for bit, whatever shares a lane or a thread."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.kernels.bars.made import Row, made_bars, made_rules

from rung.kernels.bars.crossovers import OUTCOMES, Crossovers, sweep_crossovers
from rung.kernels.bars.params import BarRules
from rung.kernels.bars.portfolio import Bars, backtest
from rung.kernels.bars.signals import crossover

seeds = st.integers(0, 2**31 - 1)


def made_grid(seed: int, n: int) -> Crossovers:
    """A few periods, with bands, stops and targets drawn for each combination."""
    rng = np.random.default_rng(seed)
    combinations = int(rng.integers(1, 24))
    return Crossovers(
        period=rng.choice([1, 2, 5, 20], combinations),
        band=rng.choice([0.0, 0.0005, 0.001, 0.004], combinations),
        stop_frac=rng.choice([np.nan, 0.002, 0.01], combinations),
        take_profit_frac=rng.choice([np.nan, 0.003, 0.02], combinations),
        cadence_minutes=int(rng.choice([1, 1, 3])),
        minutes=np.cumsum(rng.integers(1, 3, n)),
        includes_current=bool(rng.random() < 0.5),
    )


def one_by_one(bars: Bars, rules: BarRules, tried: Crossovers, row: int) -> Row:
    """The outcomes of one combination, from its own backtest."""
    directions = np.empty(len(bars.close), np.int8)
    crossover(
        bars.close, tried.minutes, int(tried.period[row]), float(tried.band[row]), tried.cadence_minutes,
        tried.includes_current, tried.steps_per_price, directions,
    )  # fmt: skip
    assert tried.stop_frac is not None
    assert tried.take_profit_frac is not None
    stop, take = float(tried.stop_frac[row]), float(tried.take_profit_frac[row])
    own = replace(rules, stop_frac=None if np.isnan(stop) else stop, take_profit_frac=None if np.isnan(take) else take)
    found = backtest(bars, own, directions=directions)
    won = found.trades[:, 7] if not len(bars.funding) else np.zeros(0)
    return np.array([
        found.equity_quote[-1], found.max_drawdown_frac, len(found.trades), found.wins,
        won[won > 0].sum(), -won[won <= 0].sum(), found.fees_quote, found.funding_quote, *found.daily_returns,
    ])  # fmt: skip


@settings(max_examples=150)
@given(seeds, st.sampled_from([1, 30, 200]), st.booleans())
def test_a_sweep_is_one_backtest_per_combination(seed: int, n: int, funded: bool) -> None:
    bars, rules, tried = made_bars(seed, n), made_rules(seed + 1), made_grid(seed + 2, n)
    if not funded:
        bars = replace(bars, funding=np.zeros(0))
    together = sweep_crossovers(bars, rules, tried)
    each = np.array([one_by_one(bars, rules, tried, row) for row in range(len(tried.period))])
    exact = [OUTCOMES.index(name) for name in OUTCOMES if not name.startswith("gross")]
    np.testing.assert_array_equal(together[:, exact], each[:, exact])
    if not funded:
        np.testing.assert_allclose(together, each, rtol=1e-9, atol=1e-7)


@settings(max_examples=20)
@given(seeds)
def test_threads_and_neighbours_change_no_bit(seed: int) -> None:
    bars, rules, tried = made_bars(seed, 150), made_rules(seed + 1), made_grid(seed + 2, 150)
    together = sweep_crossovers(bars, rules, tried)
    np.testing.assert_array_equal(together, sweep_crossovers(bars, rules, tried, workers=3))
    mixed = np.random.default_rng(seed).permutation(len(tried.period))
    columns = {name: getattr(tried, name)[mixed] for name in ("period", "band", "stop_frac", "take_profit_frac")}
    np.testing.assert_array_equal(together[mixed], sweep_crossovers(bars, rules, replace(tried, **columns)))


def test_these_sweeps_do_trade() -> None:
    found = [sweep_crossovers(made_bars(s, 200), made_rules(s + 1), made_grid(s + 2, 200)) for s in range(30)]
    assert np.mean([table[:, OUTCOMES.index("trades")].mean() for table in found]) > 5
