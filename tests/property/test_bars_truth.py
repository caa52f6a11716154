"""Twin = truth: the compiled backtest makes the desk's own fills, order for order, and its equity."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.integration.bars_on_the_desk import columns_of, on_the_desk, triggers
from tests.unit.kernels.bars.made import fills_of, made_bars, made_basket, made_directions, made_rules, made_weights

from rung.kernels.bars import layout as at
from rung.kernels.bars.basket import backtest_basket
from rung.kernels.bars.params import BarRules
from rung.kernels.bars.portfolio import NOTHING, BarResult, Bars, backtest
from rung.lab.metrics import daily_returns

seeds = st.integers(0, 2**31 - 1)
lengths = st.sampled_from([2, 10, 60])


def truthful(rules: BarRules) -> BarRules:
    """With a cap, which the desk always has."""
    share = rules.max_participation_frac
    return replace(rules, max_participation_frac=Decimal(1) if share is None else share)


def one_case(seed: int, n: int) -> BarResult:
    """Random bars, rules and decisions, through both; answers what the kernel made of them."""
    bars: Bars = replace(made_bars(seed, n), funding=NOTHING)
    rules = truthful(made_rules(seed + 1))
    told = {"directions": made_directions(seed + 2, n)} if seed % 3 else {"weights": made_weights(seed + 2, (n,))}
    fast = backtest(bars, rules, **told)  # type: ignore[arg-type]
    slow = on_the_desk([bars], rules, **told, gaps_seed=seed if seed % 2 else None)  # type: ignore[arg-type]
    assert triggers(fills_of(fast, rules)) == slow.fills
    np.testing.assert_allclose(fast.equity_quote, slow.equity, rtol=1e-12, atol=1e-9)
    row = daily_returns(fast.equity_quote, bars.session, float(rules.capital_quote))
    np.testing.assert_allclose(fast.daily_returns, (len(row), row.sum(), (row**2).sum()), rtol=1e-9, atol=1e-12)
    return fast


@settings(max_examples=250)
@given(seeds, lengths)
def test_the_kernel_makes_the_desks_fills_and_equity(seed: int, n: int) -> None:
    one_case(seed, n)


def test_these_cases_do_trade() -> None:
    """Else the test above would compare nothing."""
    found = [one_case(seed, 60).fills for seed in range(60)]
    assert np.mean([len(fills) for fills in found]) > 8
    made = np.concatenate(found)[:, at.FILL_WHY]
    assert {why: int((made == why).sum()) >= 10 for why in range(5)} == dict.fromkeys(range(5), True)


@settings(max_examples=80)
@given(seeds, lengths, st.integers(2, 4))
def test_a_basket_makes_the_desks_fills_and_common_equity(seed: int, n: int, symbols: int) -> None:
    bars = replace(made_basket(seed, n, symbols), funding=None)
    rules, weights = (
        truthful(replace(made_rules(seed + 1), trail_atr=None, trail_frac=None)),
        made_weights(seed + 2, (n, symbols)),
    )
    fast = backtest_basket(bars, rules, weights)
    slow = on_the_desk(columns_of(bars), rules, weights=weights, gaps_seed=seed if seed % 2 else None)
    assert triggers(fills_of(fast, rules)) == slow.fills
    np.testing.assert_allclose(fast.equity_quote, slow.equity, rtol=1e-12, atol=1e-9)
