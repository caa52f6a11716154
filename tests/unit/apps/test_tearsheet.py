"""A finished backtest as a sheet: every number is the lab's, every gap has its reason."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from rung.apps.backtest_box import OutOfSample
from rung.apps.backtest_figures import figure_groups
from rung.apps.backtest_words import rows
from rung.apps.sweep_surface import surface_of
from rung.apps.tearsheet import tearsheet
from rung.domain.errors import UserError
from rung.lab import Strategy, SymbolView, Wish, backtest, invented_tapes
from rung.lab.result import BacktestResult
from rung.lab.statistics.trials import Tally
from rung.reports.sheet.content import Box, figure_of


class Idle(Strategy):
    """Wants nothing."""

    def decide(self, view: SymbolView) -> Wish | None:
        return None


@pytest.fixture(scope="module")
def busy() -> BacktestResult:
    return backtest("crossover", data=invented_tapes("COINUSDT", days=33), settings={"every": 60}, book=None)


@pytest.fixture(scope="module")
def idle() -> BacktestResult:
    return backtest(Idle, data=invented_tapes("COINUSDT", days=1), book=None)


def missing(result: BacktestResult) -> dict[str, str]:
    return {f.key: f.missing for group in figure_groups(result) for f in group.figures if f.missing}


def test_the_costs_lead_from_gross_to_net(busy: BacktestResult) -> None:
    names, amounts = zip(*tearsheet(busy).waterfall, strict=True)
    assert names == ("before costs", "fees", "slippage", "borrow", "liquidation", "after costs")
    assert sum(amounts[:-1]) == pytest.approx(amounts[-1])
    assert amounts[-1] == float(busy.figures.end_equity_quote - busy.figures.start_equity_quote)


def test_the_rolling_ratio_ends_with_the_ratio_of_the_last_window(busy: BacktestResult) -> None:
    rolling = tearsheet(busy).rolling
    assert (rolling.window, len(rolling.dates), rolling.dates[-1]) == (30, 4, busy.daily["date"][-1])
    last = busy.daily["return_frac"].to_numpy()[-30:]
    assert rolling.ratio[-1] == pytest.approx(last.mean() / last.std(ddof=1) * np.sqrt(365), abs=1e-4)
    assert all(low < ratio < high for low, ratio, high in zip(rolling.low, rolling.ratio, rolling.high, strict=True))


def test_what_a_run_without_a_trade_cannot_say_is_missing_with_the_reason(idle: BacktestResult) -> None:
    assert missing(idle) == {
        "win_rate_frac": "no trade was closed", "profit_factor": "no trade was closed",
        "expectancy_quote": "no trade was closed", "mean_trade_frac": "no trade was closed",
        "mean_bars_held": "no trade was closed", "funding_quote": "nothing here pays funding",
        "sharpe": "needs 3 days, has 1", "sortino": "needs 2 days, has 1", "calmar": "equity never fell",
        "volatility_annual_frac": "needs 2 days, has 1",
        "tail_ratio": "all days are alike, or nothing in the lower tail",
    }  # fmt: skip
    sheet = tearsheet(idle)
    assert sheet.rolling.missing == "needs 31 days, has 1"
    assert sheet.trades.count == len(sheet.trades.rows) == 0


def test_a_run_alone_is_called_in_sample_and_has_no_verdict(busy: BacktestResult) -> None:
    box = tearsheet(busy).box
    assert (box.verdict, box.tone, box.tried) == ("in sample only: no verdict", "warn", "")
    assert box.sentences[0].endswith("everything here is in sample.")
    assert all(figure.missing == "nothing was kept out of sample" for figure in box.out_of_sample)
    assert figure_of("sharpe", box.in_sample).value == busy.figures.sharpe


def test_days_nobody_chose_on_stand_beside_it_and_give_the_verdict(busy: BacktestResult) -> None:
    def judged(mean: float) -> Box:
        daily = np.random.default_rng(5).normal(mean, 0.01, 500)
        return tearsheet(busy, after=OutOfSample(returns_frac=daily, looks=Tally(count=1))).box

    good, bad = judged(0.003), judged(-0.003)
    assert (good.verdict, good.tone) == ("beyond luck", "good")
    assert (bad.verdict, bad.tone) == ("it loses", "bad")
    assert figure_of("days", good.out_of_sample).value == 500
    assert figure_of("days", good.in_sample).value == 33


def test_funding_and_borrow_are_shown_and_subtracted_where_they_are_charged(busy: BacktestResult) -> None:
    assert busy.figures.borrow_quote is not None
    before = busy.figures.costs_quote - busy.figures.borrow_quote
    paid = replace(
        busy.figures,
        funding_quote=Decimal(-5),
        borrow_quote=Decimal(2),
        liquidation_fees_quote=Decimal(7),
        liquidations=1,
    )
    sheet = tearsheet(replace(busy, figures=paid))
    steps = dict(sheet.waterfall)
    assert (steps["funding"], steps["borrow"], steps["liquidation"]) == (5.0, -2.0, -7.0)
    assert sheet.figure("costs_quote").value == before + 4
    assert sheet.figure("liquidation_fees_quote").remark == "the venue closed 1 position: no margin was left"
    shown = {name for name, _, _ in rows(replace(busy, figures=paid))}
    assert {"Funding", "Borrow", "Liquidation fees"} < shown
    assert not {"Funding", "Liquidation fees"} & {name for name, _, _ in rows(busy)}


# --- surfaces ---------------------------------------------------------------------------------------------------------

SWEPT = pl.DataFrame(
    {"ma": [40, 20, 20, 40], "band": [0.1, 0.1, 0.2, 0.2], "sharpe": [4.0, 3.0, float("nan"), None], "why": ["x"] * 4}
)


def test_a_surface_is_sorted_and_leaves_what_is_no_number_empty() -> None:
    surface = surface_of(SWEPT, "ma", "band", "sharpe", {"ma": 40, "band": 0.1})
    assert (surface.x, surface.y) == (("20", "40"), ("0.1", "0.2"))
    assert surface.values == ((3.0, 4.0), (None, None))
    assert surface.chosen == ("40", "0.1")
    assert surface_of(SWEPT, "ma", "band", "sharpe", {"ma": 41, "band": 0.1}).chosen is None


def test_configurations_that_share_a_place_show_their_median_and_it_says_so() -> None:
    twice = pl.concat([SWEPT, SWEPT.with_columns(pl.col("sharpe") + 1.0)])
    surface = surface_of(twice, "ma", "band", "sharpe")
    assert surface.values[0] == (3.5, 4.5)
    assert surface.remark == "medians: up to 2 configurations share a place"


@pytest.mark.parametrize(
    ("frame", "names", "said"),
    [
        (SWEPT, ("gone", "band", "sharpe"), "no column 'gone'"),
        (SWEPT, ("ma", "ma", "sharpe"), "two parameters"),
        (SWEPT.clear(), ("ma", "band", "sharpe"), "no configuration"),
        (pl.DataFrame({"a": range(200), "b": range(200), "c": range(200)}), ("a", "b", "c"), "too many to see"),
    ],
)
def test_a_surface_that_cannot_be_drawn_is_refused(frame: pl.DataFrame, names: tuple[str, str, str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        surface_of(frame, *names)
