"""Figures of a run, against arithmetic done by hand on the toy account."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from tests.unit.reports.stream import CAPITAL, Ask, about, busy_run, folded, play, price, small_run

from rung.domain.target import Action
from rung.reports.figures import RunMetrics
from rung.reports.metrics import measure
from rung.reports.record import RunRecord


def measured(record: RunRecord | None = None) -> RunMetrics:
    return measure(record or folded(small_run()), about().baselines, np.random.default_rng(7))


def test_a_run_without_a_session_has_no_figures() -> None:
    with pytest.raises(ValueError, match="without a session"):
        measured(RunRecord(days=()))


def test_returns_follow_the_account() -> None:
    steps = list(small_run())
    end = steps[-1].account.equity_quote
    returns = measured().returns
    assert (returns.start_equity_quote, returns.end_equity_quote) == (CAPITAL, end)
    assert returns.total_frac == pytest.approx(float(end / CAPITAL - 1))
    assert returns.mrd_frac == pytest.approx(returns.total_frac / 2)
    assert returns.mrd_interval is None


def test_costs_are_the_fees_and_slippage_of_every_fill() -> None:
    fills = [f for s in small_run() for f in s.fills]
    costs = measured().costs
    assert costs.fees_quote == sum(f.fee_quote for f in fills)
    assert costs.slippage_quote == sum(f.slippage_quote for f in fills) > 0
    assert costs.traded_quote == sum(f.value_quote for f in fills)
    assert costs.gross_quote - costs.total_quote == costs.net_quote


def test_symbols_add_up_to_the_run() -> None:
    metrics = measured()
    assert sum(s.pnl_quote for s in metrics.symbols) == metrics.costs.net_quote
    assert sum(s.trades for s in metrics.symbols) == metrics.trading.trades == 5
    assert [s.symbol for s in metrics.symbols] == ["AAA", "BBB"]
    assert metrics.symbols[0].pnl_quote > metrics.symbols[1].pnl_quote


def test_a_trade_that_only_costs_made_a_loser_is_a_loser() -> None:
    """The path is flat at every 11th bar, so entering and leaving there loses exactly the costs."""
    flat = np.full((1, 41, 1), 50.0)
    script = {(0, 2): [Ask("AAA", 10, Action.ENTER_LONG)], (0, 9): [Ask("AAA", -10, Action.EXIT)]}
    metrics = measured(folded(play(script, days=1, bars=40, symbols=("AAA",), prices=flat)))
    assert (metrics.trading.trades, metrics.trading.wins) == (1, 0)
    assert metrics.costs.gross_quote == 0
    assert metrics.costs.frac_of_gross is None
    assert metrics.trading.profit_factor == 0.0


def test_no_loser_no_profit_factor_and_no_trade_no_rates() -> None:
    idle = measured(folded(play({}, days=1, bars=40)))
    assert idle.trading.profit_factor is None
    assert idle.trading.win_rate_frac is None
    assert idle.trading.win_rate_interval is None
    assert idle.trading.mean_bars_held is None
    assert idle.costs.frac_of_traded is None


def test_the_worst_session_counts_not_the_whole_run() -> None:
    returns = measured().returns
    steps = list(small_run())
    worst = Decimal(0)
    for date in ("2025-09-15", "2025-09-16"):
        path = [s.account.equity_quote for s in steps if s.event.session.date == date]
        start = next(s for s in steps if s.event.session.date == date).account.session_start_equity_quote
        peak = start
        for equity in path:
            peak = max(peak, equity)
            worst = max(worst, 1 - equity / peak)
    assert returns.max_intraday_drawdown_frac == pytest.approx(float(worst))
    assert returns.max_drawdown_frac > returns.max_intraday_drawdown_frac


def test_buy_and_hold_pays_the_runs_own_costs_once_each_side() -> None:
    metrics = measured()
    held, cost = metrics.buy_and_hold, metrics.costs.frac_of_traded
    assert held is not None
    assert cost is not None
    first, last = price(0, 0, 0), price(0, 1, 40)
    assert held.symbols_frac["AAA"] == pytest.approx(last * (1 - cost) / (first * (1 + cost)) - 1)
    assert held.equal_weight_frac == pytest.approx(sum(held.symbols_frac.values()) / 2)


def test_buy_and_hold_without_trades_says_that_it_has_no_costs() -> None:
    held = measured(folded(play({}, days=1, bars=40))).buy_and_hold
    assert held is not None
    assert held.cost_frac is None


def test_a_record_without_bars_has_no_buy_and_hold() -> None:
    record = folded(small_run())
    bare = RunRecord(days=tuple(replace(day, candles={}) for day in record.days))
    metrics = measured(bare)
    assert metrics.buy_and_hold is None
    assert {s.hold_return_frac for s in metrics.symbols} == {None}


def test_confidence_is_read_at_both_ends() -> None:
    beliefs = measured().beliefs
    assert beliefs.confidence_start is not None
    assert beliefs.confidence_end is not None
    assert beliefs.confidence_start < beliefs.confidence_end
    assert (beliefs.strength_mean, beliefs.strength_max) == (pytest.approx(0.05), 0.05)


def test_refusals_come_most_frequent_first() -> None:
    refused = measured(folded(busy_run(days=3, bars=90))).refused
    assert list(refused.values()) == sorted(refused.values(), reverse=True)


def test_two_runs_with_different_capitals_are_no_profit() -> None:
    """Sessions of two recordings beside each other: the jump between them is not earned."""
    record = folded(small_run())
    richer = replace(record.days[1], start_equity_quote=Decimal(500_000), end_equity_quote=Decimal(500_000))
    metrics = measured(RunRecord(days=(record.days[0], richer)))
    assert metrics.costs.net_quote == record.days[0].end_equity_quote - CAPITAL
    assert metrics.returns.total_frac == pytest.approx(float(record.days[0].end_equity_quote / CAPITAL - 1))
