"""The honest line never says more than the figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from math import sqrt

import pytest

from rung.lab.metrics import performance
from rung.lab.metrics import trades as closed
from rung.lab.result import Figures, honest_words
from rung.lab.statistics.trials import Tally
from rung.lab.trial_count import Tried, ordinal


def figures(
    *,
    net: int = 500,
    costs: int = 200,
    sharpe: tuple[float, float] | None = (1.0, 0.9),
    hold: float = -0.1,
    trades: int = 40,
    days: int = 40,
    refused: Mapping[str, int] | None = None,
    liquidations: int = 0,
) -> Figures:
    start = Decimal(10_000)
    shown = performance([0.01, -0.01] * (days // 2), 365)
    assert shown.sharpe is not None
    ratio = sharpe and replace(shown.sharpe, annual=sharpe[0], daily_error=sharpe[1] / sqrt(365))
    return Figures(
        start_equity_quote=start, end_equity_quote=start + net, ruined_on=None,
        total_return_frac=net / 10_000, hold_return_frac=hold,
        performance=replace(shown, sharpe=ratio), closed=replace(closed([1.0, -1.0]), count=trades),
        max_drawdown_frac=0.1, still_open=0, mean_trade_frac=0.0, mean_bars_held=5.0, fees_quote=Decimal(costs),
        slippage_quote=Decimal(0), funding_quote=Decimal(0), borrow_quote=Decimal(0),
        liquidation_fees_quote=Decimal(0), liquidations=liquidations, traded_quote=Decimal(1), turnover=1.0,
        turnover_per_day=0.1, exposure_mean_frac=0.5, max_exposure_frac=1.0,
        before_costs_quote=Decimal(net + costs), time_in_market_frac=0.5, slices=100, sent_orders=80,
        refused_orders=sum((refused or {}).values()), refused=refused or {},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (figures(), "it earned after costs, from 40 closed trades"),
        (figures(net=-100), "costs ate what it earned"),
        (figures(net=-300), "it lost before costs too"),
        (figures(), "Sharpe 1.0 ± 0.9 from 40 days is not to be told from luck"),
        (figures(sharpe=(3.0, 0.9)), "is better than luck alone explains"),
        (figures(sharpe=(-3.0, 0.9)), "is worse than luck alone explains"),
        (figures(sharpe=(-99.0, 0.9), days=28), "28 days are too few to tell skill from luck"),
        (figures(sharpe=None, days=20), "20 days are too few to tell skill from luck"),
        (figures(hold=0.05), "buying and holding did as well (+5.00% against +5.00%)"),
        (figures(net=-435, hold=0.1251), "buying and holding did better (+12.51% against -4.35%)"),
        (figures(refused={"circuit_breaker_active": 9}), "it lost so much that the gates stopped it"),
        (figures(liquidations=2), "the venue closed 2 of its positions because their margin was gone"),
        (figures(), "one run of one parameter set, chosen by you: not out of sample"),
        (figures(trades=0, refused={"stale_market_data": 80}), "it never traded: 80 orders were refused (stale"),
    ],
)
def test_each_figure_has_its_sentence(given: Figures, said: str) -> None:
    assert said in honest_words(given, synthetic=False)


def test_ruin_is_said_with_its_day() -> None:
    said = honest_words(replace(figures(), ruined_on="2025-03-02"), synthetic=False)
    assert said.startswith("it was ruined on 2025-03-02: nothing was left")
    assert "earned" not in said
    assert "Sharpe" not in said


def test_what_is_owed_after_ruin_is_said() -> None:
    said = honest_words(replace(figures(), ruined_on="2025-03-02", end_equity_quote=Decimal(-1234)), synthetic=False)
    assert said.startswith("it was ruined on 2025-03-02: 1,234.00 is owed at the end")


def test_owning_the_thing_is_mentioned_only_where_it_did_no_worse() -> None:
    assert "holding" not in honest_words(figures(hold=0.04), synthetic=False)


def test_an_invented_market_is_said_first() -> None:
    assert honest_words(figures(), synthetic=True).startswith("an invented market is no evidence of anything")


@pytest.mark.parametrize(
    ("count", "new", "said"),
    [
        (1, True, "the only try under this name on any of these days so far"),
        (1, False, "the only try under this name on any of these days so far"),
        (3, True, "the 3rd try on these days or some of them under this name, whatever the file"),
        (3, False, "run before, as one of 3 tries on these days or some of them under this name, whatever the file"),
    ],
)
def test_the_line_ends_with_how_many_configurations_were_tried(count: int, new: bool, said: str) -> None:
    tried = Tried(tally=Tally(count=count), new=new)
    assert honest_words(figures(), synthetic=False, tried=tried).endswith(said)


def test_ordinals() -> None:
    said = [ordinal(count) for count in (1, 2, 3, 4, 11, 12, 13, 21, 112, 1_003)]
    assert said == ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th", "1,003rd"]
