"""What a streaming desk does not take, in words; everything else it does."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from rung.domain.verdicts import ViolationKind
from rung.lab import Portfolio, Strategy, invented_tapes
from rung.lab.bench import BacktestRequest, Bench, prepare
from rung.lab.streaming import streamed, why_not
from rung.market.calendar import calendar_named
from rung.risk.latch import Consequence
from rung.risk.limits import Limits, LimitSet, effective_limits
from rung.risk.loss_latch import LossRule, Period
from rung.risk.states import TradingState

(TEST,) = invented_tapes(days=1)


class Idle(Strategy):
    def decide(self, view: Any) -> None:
        return None


class IdleBook(Portfolio):
    def decide(self, view: Any) -> tuple[()]:
        return ()


def bench(strategy: Any = Idle, data: Any = (TEST,), **given: Any) -> Bench:
    return prepare(BacktestRequest(strategy=strategy, data=list(data), cache=None, **given))


def limited(**limits: Any) -> Any:
    return effective_limits([LimitSet(origin="made", limits=Limits(**limits))])


def test_one_symbol_around_the_clock_is_taken() -> None:
    assert why_not(bench()) == ""


def test_a_portfolio_and_several_symbols_are_the_desks() -> None:
    assert why_not(bench(IdleBook)) == "a portfolio decides on all symbols at once"
    other = invented_tapes("OTHER", days=1)
    assert why_not(bench(data=(TEST, *other))) == "several symbols share the account"


def rule() -> LossRule:
    halt = Consequence(state=TradingState.HALTED, kind=ViolationKind.DAILY_LOSS)
    return LossRule(name="day", origin="made", period=Period.DAY, consequence=halt, limit_frac=Decimal("0.1"))


@pytest.mark.parametrize(
    "limits",
    [
        limited(min_day_volume_quote=Decimal(1)),
        limited(max_atr_multiple=Decimal(2)),
        limited(max_consecutive_losses=3),
        effective_limits([LimitSet(origin="made", limits=Limits(), losses=(rule(),))]),
    ],
    ids=["a day's volume", "an average range", "a streak", "a loss"],
)
def test_risk_that_remembers_more_than_a_few_slices_is_the_desks(limits: Any) -> None:
    assert why_not(bench(limits=limits)) == "risk measures every slice"


def test_a_market_that_closes_is_the_desks() -> None:
    given = bench()
    assert (
        why_not(replace(given, market=replace(given.market, calendar=calendar_named("XNYS"))))
        == "the market closes at night"
    )


def test_whoever_makes_a_streaming_desk_with_risk_that_measures_every_slice_is_refused() -> None:
    given = bench(limits=limited(max_consecutive_losses=3))
    with pytest.raises(ValueError, match="risk has to be shown every slice"):
        streamed(given, lambda day, done: None)
