"""The recorder keeps numbers that are shared and counted late: they are those of the plain money of every step."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import pytest
from msgspec.structs import replace
from tests.unit.lab.test_backtesting import FREE, tape

from rung.domain.account import Account
from rung.domain.step import Step
from rung.lab import Strategy, SymbolView, Wish
from rung.lab.backtesting import run_backtest
from rung.lab.bench import BacktestRequest
from rung.lab.costs import load_costs
from rung.lab.recording import Recorder
from rung.lab.result import Figures

MINUTES = 2 * 1_440


class InAndOut(Strategy):
    """Long, flat and short in turn, and for a while nothing."""

    def start(self) -> None:
        self.seen = 0

    def decide(self, view: SymbolView) -> Wish | None:
        self.seen += 1
        if self.seen % 7 or 900 < self.seen < 1_800:
            return None
        if view.side:
            return self.flat("in turn")
        return (self.long if self.seen % 2 else self.short)("in turn", weight=0.3, stop=0.2)


class Steps:
    """Keeps every step."""

    def __init__(self) -> None:
        self.all: list[Step] = []

    def see(self, step: Step) -> None:
        self.all.append(step)


class Seen(NamedTuple):
    steps: list[Step]
    recorder: Recorder
    figures: Figures


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    costs = tmp_path_factory.mktemp("costs") / "costs.toml"
    costs.write_text(FREE.replace("taker_bps = 0", "taker_bps = 5").replace("fee_bps = 0", "fee_bps = 5"))
    path = np.round(100.0 * np.exp(np.cumsum(np.random.default_rng(3).normal(0.0, 1e-3, MINUTES))), 2)
    markets = [tape(path.tolist()), tape((path[::-1] / 7).round(4).tolist(), "ETHUSDT")]
    request = BacktestRequest(
        strategy=InAndOut, data=markets, costs=load_costs(costs).value, cache=None, traded_as="spot"
    )
    steps, again = Steps(), Recorder()
    result = run_backtest(request, observers=(steps, again))
    return Seen(steps.all, again, result.figures)


def gross(account: Account) -> float:
    return float(sum((abs(p.quantity * p.mark_price) for p in account.positions.values()), Decimal(0)))


def test_every_row_is_the_money_of_its_step(seen: Seen) -> None:
    steps, recorder, _ = seen
    frame = recorder.equity_frame()
    assert frame["at"].to_physical().to_list() == [step.event.at_ns for step in steps]
    assert frame["equity"].to_list() == [float(step.account.equity_quote) for step in steps]
    assert frame["gross"].to_list() == [gross(step.account) for step in steps]
    assert 0 < sum(frame["in_market"]) < len(frame)


def test_steps_that_share_nothing_are_recorded_the_same(seen: Seen) -> None:
    """As after a journal was read: every snapshot has its own numbers."""
    steps, recorder, _ = seen
    apart = Recorder()
    for step in steps:
        own = replace(
            step.account, equity_quote=Decimal(str(step.account.equity_quote)), positions=dict(step.account.positions)
        )
        apart.see(replace(step, account=own))
    assert apart.equity_frame().equals(recorder.equity_frame())
    assert apart.trades_frame().equals(recorder.trades_frame())


def test_the_turnover_is_what_each_day_traded_over_what_it_began_with(seen: Seen) -> None:
    steps, _, figures = seen
    traded: dict[str, Decimal] = defaultdict(Decimal)
    first: dict[str, Decimal] = {}
    before = Decimal(100_000)
    for step in steps:
        date = step.event.session.date
        first.setdefault(date, before)
        traded[date] += sum((fill.quantity * fill.price for fill in step.fills), Decimal(0))
        before = step.account.equity_quote
    assert len(first) > 1
    expected = np.mean([float(traded[date]) / float(first[date]) for date in first])
    assert figures.turnover_per_day == pytest.approx(expected, rel=1e-12)
