"""One convention for ruin: from the first close without equity on a run has lost everything."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.unit.kernels.bars.made import bars_of, rules

from rung.kernels.bars.portfolio import backtest
from rung.lab.metrics import daily_returns, performance
from rung.lab.recording import Recorder
from rung.lab.subject import outcome_of

CAPITAL = Decimal(100)
RUINED = [("d1", 110), ("d1", 100), ("d2", 50), ("d2", -5), ("d2", 20), ("d3", 40), ("d4", 60)]
"""(day, equity at a close): gone on the second day, and back with somebody else's money."""
RETURNS = [0.0, -1.0, 0.0, 0.0]


def step(n: int, day: str, equity: int) -> Any:
    account = SimpleNamespace(
        equity_quote=Decimal(equity), positions={}, gross_notional_quote=Decimal(0), cash_quote=Decimal(equity)
    )
    event = SimpleNamespace(session=SimpleNamespace(date=day), at_ns=n)
    return SimpleNamespace(event=event, account=account, fills=(), charges=(), verdicts=(), notes=())


def test_the_desks_figures_the_labs_runs_and_the_plain_formula_agree() -> None:
    recorder = Recorder()
    for n, (day, equity) in enumerate(RUINED):
        recorder.see(step(n, day, equity))
    days = np.array([int(day[1]) for day, _ in RUINED])
    assert daily_returns([equity for _, equity in RUINED], days, 100.0).tolist() == RETURNS
    assert outcome_of(recorder, CAPITAL)["returns"] == RETURNS
    frame = recorder.daily_frame(CAPITAL)
    assert (frame["date"].to_list(), frame["return_frac"].to_list()) == (["d1", "d2", "d3", "d4"], RETURNS)


def test_the_figures_of_a_ruined_row_say_all_is_lost_and_nothing_is_infinite() -> None:
    shown = performance(RETURNS, 365)
    assert (shown.total_frac, shown.cagr_frac, shown.max_drawdown_frac) == (-1.0, -1.0, 1.0)
    assert shown.sharpe is not None
    assert np.isfinite(shown.sharpe.annual)


@pytest.mark.parametrize("length", [3, 8, 9, 40])
@pytest.mark.parametrize("where", [0, 1, -1])
def test_the_twin_sees_a_ruin_inside_a_day_that_ends_well(length: int, where: int) -> None:
    """A day of `length` bars, one of them below nothing; its last closes where it began."""
    dip = [100.0] * length
    dip[where if where >= 0 else length - 2] = 20.0
    prices = [100.0] * length + dip[:-1] + [100.0] * (length + 1)
    day = np.repeat(np.arange(3, dtype=np.int64), length)
    bars = bars_of([(price, price, price, price) for price in prices])
    bars = type(bars)(**{name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}, session=day)
    always = np.ones(3 * length, np.int8)
    found = backtest(bars, rules(equity_frac=2.0, openings_last=True), directions=always)
    row = daily_returns(found.equity_quote, bars.session, 100_000.0)
    assert row.tolist() == [row[0], -1.0, 0.0]
    assert found.daily_returns == (3.0, row.sum(), (row**2).sum())


@pytest.mark.parametrize("last", [30.0, 400.0])
def test_the_twin_counts_a_ruined_account_as_the_formula_does(last: float) -> None:
    """Twice the equity in something that falls by four fifths; what it does later no longer counts."""
    prices = [100.0, 100.0, 20.0, last]
    bars = bars_of([(price, price, price, price) for price in prices])
    bars = type(bars)(**{name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")},
                      session=np.arange(4, dtype=np.int64))  # fmt: skip
    found = backtest(bars, rules(equity_frac=2.0, openings_last=True), directions=np.array([1, 1, 1, 1], np.int8))
    assert found.equity_quote.min() < 0.0
    row = daily_returns(found.equity_quote, bars.session, 100_000.0)
    assert row.tolist() == [0.0, 0.0, -1.0, 0.0]
    assert found.daily_returns == (4.0, row.sum(), (row**2).sum())
    assert found.max_drawdown_frac == 1.0
