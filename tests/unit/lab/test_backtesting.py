"""A backtest on small markets: exact where it can be worked out by hand, refused clearly where it cannot be run."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import UserError
from rung.lab import Strategy, SymbolView, Wish, backtest, invented_tapes
from rung.lab.backtesting import run_backtest
from rung.lab.bench import BacktestRequest, prepare
from rung.lab.buy_and_hold import hold_path
from rung.lab.costs import load_costs
from rung.lab.instruments import instrument_for
from rung.lab.metrics import performance, trades
from rung.lab.result import BacktestResult
from rung.lab.statistics.sharpe import sharpe_ratio
from rung.lab.tapes import open_market
from rung.market.tape import Label, RawBars, Tape, make_tape
from rung.risk.limits import effective_limits
from rung.risk.params import ScreenLimits

ROOT = Path(__file__).resolve().parents[3]
SATURDAY_NS = 1_746_835_200_000_000_000  # 2025-05-10 00:00 UTC: a market that never closes
FREE = """
[fees]
maker_bps = 0
taker_bps = 0
[borrow]
annual_bps = 0
[margin]
liquidation_fee_bps = 0
spot_collateral_frac = 0
[slippage]
half_spread_bps = 0
min_half_spread_quote = 0
slippage_bps = 0
[liquidity]
max_participation_frac = 1.0
[latency]
delay_seconds = 0
"""


def tape(closes: list[float], symbol: str = "BTCUSDT", start_ns: int = SATURDAY_NS) -> Tape:
    """Minute bars that open where the one before closed and reach nowhere else."""
    close = np.array(closes)
    opened = np.concatenate([close[:1], close[:-1]])
    raw = RawBars(
        open_ns=start_ns + np.arange(len(close), dtype=np.int64) * NS_PER_MINUTE,
        open=opened, high=np.maximum(opened, close), low=np.minimum(opened, close), close=close,
        volume=np.full(len(close), 1e6),
    )  # fmt: skip
    return make_tape(raw, Label(symbol=symbol, interval_ns=NS_PER_MINUTE, source="made"))


def at_minutes(plan: dict[int, Callable[[Strategy], Wish]]) -> type[Strategy]:
    """A strategy that wishes what the plan says at each minute, and nothing else."""

    class Planned(Strategy):
        def decide(self, view: SymbolView) -> Wish | None:
            return plan[view.minute](self) if view.minute in plan else None

    return Planned


def coins(strategy: type[Strategy], **options: Any) -> BacktestResult:
    """A backtest of coins that are paid for: what is margined has its own file of tests."""
    return backtest(strategy, traded_as="spot", book=None, **options)


@pytest.fixture
def free(tmp_path: Path) -> Path:
    """A cost file in which everything is said to cost nothing."""
    path = tmp_path / "free.toml"
    path.write_text(FREE, encoding="utf-8")
    return path


UP = [100.0, 100.0, 100.0, 110.0, 121.0, 121.0]
BUY_AND_SELL = {1: lambda s: s.long("go", weight=0.5, stop=0.05), 4: lambda s: s.flat("done")}


def test_a_trade_without_costs_is_what_the_prices_say(free: Path) -> None:
    """Decided at minute 1, bought at the next open (100); decided at minute 4, sold at the next open (110)."""
    result = coins(at_minutes(BUY_AND_SELL), data=[tape(UP)], costs=free, capital=10_000)
    (trade,) = result.trades.to_dicts()
    assert (trade["side"], trade["quantity"], trade["entry_price"], trade["exit_price"]) == ("long", 50.0, 100.0, 110.0)
    assert result.figures.end_equity_quote == Decimal(10_500)
    assert result.figures.before_costs_quote == Decimal(500)
    assert result.figures.hold_return_frac == pytest.approx(0.21)
    assert result.equity["equity"].to_list() == [10_000, 10_000, 10_000, 10_500, 10_500, 10_500]
    assert result.equity["in_market"].to_list() == [False, True, True, True, False, False]


def test_a_short_earns_where_the_long_loses(free: Path) -> None:
    plan = {1: lambda s: s.short("go", weight=0.5, stop=0.2), 4: lambda s: s.flat("done")}
    result = coins(at_minutes(plan), data=[tape(UP)], costs=free, capital=10_000)
    assert result.figures.end_equity_quote == Decimal(9_500)
    assert result.trades["pnl"].to_list() == [-500.0]


def test_costs_are_charged_as_the_file_says() -> None:
    """5.5 bps of fees and 2.5 bps of spread and slippage on each of 5,000 and 5,500 of value."""
    result = coins(
        at_minutes(BUY_AND_SELL), data=[tape(UP)], costs=ROOT / "config" / "costs_crypto.toml", capital=10_000
    )
    buy, sell = 50 * Decimal("100.025"), 50 * Decimal("109.9725")
    fees = (buy + sell) * Decimal("0.00055")
    assert result.figures.end_equity_quote == 10_000 - buy + sell - fees
    assert result.figures.fees_quote == fees
    assert result.figures.before_costs_quote == Decimal(500)
    assert ("fees", "2.0 bps resting, 5.5 bps crossing") in result.identity.costs


def test_a_flip_closes_and_opens_in_one_decision(free: Path) -> None:
    plan = {1: lambda s: s.long("up", weight=0.5, stop=0.05), 3: lambda s: s.short("down", weight=0.5, stop=0.05)}
    result = coins(at_minutes(plan), data=[tape([100.0] * 8)], costs=free, capital=10_000)
    assert result.fills["side"].to_list() == ["BUY", "SELL", "SELL"]
    assert result.figures.refused_orders == 0
    assert (result.figures.trades, result.figures.still_open) == (1, 1)


def test_an_entry_without_a_stop_is_refused_and_the_result_says_why(free: Path) -> None:
    result = coins(at_minutes({1: lambda s: s.long("go")}), data=[tape(UP)], costs=free)
    assert result.figures.refused == {"missing_stop_loss": 1}
    assert result.orders["approved"].to_list() == [False]
    assert "stop" in result.orders["why"][0]
    assert result.honesty == "it never traded: 1 orders were refused (missing_stop_loss)"


def test_a_strategy_that_wants_nothing_has_typed_empty_frames(free: Path) -> None:
    result = coins(at_minutes({}), data=[tape(UP)], costs=free)
    assert result.trades.schema["opened"] == pl.Datetime("ns", "UTC")
    assert (len(result.trades), len(result.fills), len(result.orders)) == (0, 0, 0)
    assert result.figures.win_rate_frac is None
    assert result.honesty == "it sent no order: it wished for nothing, or for less than one lot"


def test_several_symbols_share_one_account(free: Path) -> None:
    plan = {1: lambda s: s.long("go", weight=0.4, stop=0.2), 4: lambda s: s.flat("done")}
    tapes = [tape(UP), tape([50.0, 50.0, 50.0, 45.0, 45.0, 45.0], "ETHUSDT")]
    result = coins(at_minutes(plan), data=tapes, costs=free, capital=10_000)
    assert sorted(result.trades["symbol"].to_list()) == ["BTCUSDT", "ETHUSDT"]
    assert result.figures.end_equity_quote == 10_000 + Decimal(400) - Decimal(400)
    assert result.figures.hold_return_frac == pytest.approx((0.21 - 0.1) / 2)


def test_more_than_the_account_needs_limits_that_allow_it(free: Path) -> None:
    plan = {1: lambda s: s.long("go", weight=2.0, stop=0.05), 4: lambda s: s.flat("done")}
    with pytest.raises(UserError, match=r"weight of 2\.0 is not within 0 and 1, the leverage allowed"):
        coins(at_minutes(plan), data=[tape(UP)], costs=free, capital=10_000)
    wide = ScreenLimits(
        max_symbol_notional_frac=3.0, max_gross_notional_frac=3.0, min_bar_volume_base=0.0, no_entry_last_minutes=0,
        min_equity_quote=0.0, max_bar_range_frac=0.5, max_bar_move_frac=0.5,
    )  # fmt: skip
    limits = effective_limits([wide.limit_set("wide")])
    result = coins(at_minutes(plan), data=[tape(UP)], costs=free, capital=10_000, limits=limits)
    assert result.figures.end_equity_quote == Decimal(12_000)


def test_every_run_begins_with_a_clean_strategy() -> None:
    bench = prepare(BacktestRequest(strategy="crossover", data=invented_tapes(days=1)))
    results = [[step.account.equity_quote for step in map(bench.desk().step, bench.market.feed)] for _ in range(2)]
    assert results[0] == results[1]
    assert len(set(results[0])) > 10


def test_a_longer_tape_changes_nothing_before() -> None:
    """Nothing looks ahead: two days alone, and the same two days with a third."""
    short, long = (backtest("crossover", data=invented_tapes(days=days), settings={"every": 5}) for days in (2, 3))
    assert short.figures.trades > 10
    assert long.equity.head(len(short.equity)).equals(short.equity)


def test_observers_see_every_step_and_progress_is_told() -> None:
    class Counts:
        steps = 0

        def see(self, step: object) -> None:
            self.steps += 1

    told: list[tuple[int, int]] = []
    counts = Counts()
    request = BacktestRequest(strategy="crossover", data=invented_tapes(days=4))
    run_backtest(request, lambda what, done, total: told.append((done, total)), [counts])
    assert counts.steps == 4 * 1440
    assert told == [(5000, 5760)]


def test_the_books_of_a_busy_run_add_up() -> None:
    """Equity = capital + what the closed trades made + what the open position is worth now."""
    result = backtest("crossover", data=invented_tapes(days=3), settings={"every": 1})
    figures = result.figures
    closed = sum(result.trades["pnl"].to_list())
    assert figures.trades > 100
    if not figures.still_open:
        assert float(figures.end_equity_quote - figures.start_equity_quote) == pytest.approx(closed, abs=1e-4)
    gross = float(figures.end_equity_quote - figures.start_equity_quote + figures.costs_quote)
    assert float(figures.before_costs_quote) == pytest.approx(gross)


# --- what cannot be run -----------------------------------------------------------------------------------------------


def refused(words: str, strategy: object = "crossover", **options: object) -> None:
    with pytest.raises(UserError, match=words):
        backtest(strategy, **options)  # type: ignore[arg-type]


def test_a_missing_folder_an_unknown_symbol_and_an_empty_period_are_told(tmp_path: Path) -> None:
    refused("there is no such folder", data=tmp_path / "gone", symbols="BTCUSDT")
    pl.DataFrame({"timestamp": [1], "open": [1.0]}).write_parquet(tmp_path / "BTCUSDT_1m.parquet")
    refused(r"no tape for BTCUSD.*did you mean BTCUSDT\?", data=tmp_path, symbols="BTCUSD")
    refused("no symbol", data=tmp_path)
    refused("no bar from 2030-01-01 to 2030-01-02", data=[tape(UP)], start="2030-01-01", end="2030-01-02")
    refused("ends on 2025-05-09, before it starts", data=[tape(UP)], start="2025-05-10", end="2025-05-09")
    refused("no tape for ETHUSDT — the tapes given are BTCUSDT", data=[tape(UP)], symbols="ETHUSDT")


def test_a_symbol_without_a_bar_in_the_period_is_told() -> None:
    later = tape(UP, "ETHUSDT", SATURDAY_NS + 5 * 1440 * NS_PER_MINUTE)
    refused(
        "no bar of ETHUSDT from 2025-05-10 to 2025-05-10 — its tape covers 2025-05-15 to 2025-05-15",
        data=[tape(UP), later], start="2025-05-10", end="2025-05-10",
    )  # fmt: skip


def test_costs_of_another_market_are_refused() -> None:
    refused("costs of US shares", data=[tape(UP)], costs=ROOT / "config" / "costs.toml")


def test_parameters_capital_and_settings_are_checked_before_anything_is_read() -> None:
    refused("period = 1 is not allowed", settings={"period": 1}, data="nowhere")
    refused("no parameter 'perod'", settings={"perod": 1}, data="nowhere")
    refused("no capital to start with", capital=0, data="nowhere")


def test_a_cost_left_out_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "costs.toml"
    path.write_text(FREE.replace("taker_bps = 0\n", ""), encoding="utf-8")
    with pytest.raises(UserError, match=r"taker_bps.*is required"):
        load_costs(path)


def test_a_coin_nobody_lists_gets_steps_from_its_price_and_a_doubt_when_it_is_said_to_be_one() -> None:
    unknown = tape([0.01234] * 3, "ODDUSDT")
    instrument, doubt = instrument_for(unknown, around_the_clock=True, traded_as="spot")
    assert (instrument.tick_size, instrument.lot_size) == (Decimal("0.000001"), Decimal(10))
    assert "guessed" in doubt
    with pytest.raises(UserError, match=r"whether ODDUSDT is a coin or a perpetual — add \[perpetuals\.ODDUSDT\]"):
        instrument_for(unknown, around_the_clock=True)
    with pytest.raises(UserError, match="nobody has said what ODDUSDT is"):
        instrument_for(unknown, around_the_clock=True, traded_as="perpetual")


# --- figures ----------------------------------------------------------------------------------------------------------


def test_the_sharpe_ratio_is_that_of_the_lab_and_so_are_the_other_figures() -> None:
    result = backtest("crossover", data=invented_tapes("COINUSDT", days=6), book=None)
    daily = result.daily["return_frac"].to_numpy()
    assert len(daily) == result.figures.days == 6
    assert result.figures.performance == performance(daily, 365)
    assert result.figures.closed == trades(result.trades["pnl"].to_numpy())
    lab = sharpe_ratio(daily, 365)
    assert lab is not None
    assert (result.figures.sharpe, result.figures.sharpe_error) == (lab.annual, lab.annual_error)


def test_buy_and_hold_ends_where_the_figure_says_and_exposure_is_gross_over_equity() -> None:
    result = backtest("crossover", data=[*invented_tapes("COINUSDT"), *invented_tapes("BITUSDT", seed=3)], book=None)
    equity, figures = result.equity, result.figures
    assert result.hold["equity"][-1] / 100_000 - 1 == pytest.approx(figures.hold_return_frac, abs=1e-12)
    assert figures.exposure_mean_frac == pytest.approx((equity["gross"] / equity["equity"]).mean())
    assert figures.time_in_market_frac == pytest.approx(equity["in_market"].mean())


def test_buying_and_holding_costs_both_ways_and_a_symbol_without_a_bar_yet_is_cash() -> None:
    first, later = tape([100.0, 110.0, 121.0]), tape([50.0, 25.0], "ETHUSDT", SATURDAY_NS + NS_PER_MINUTE)
    market = open_market([first, later], (), (None, None), None)
    at_ns = SATURDAY_NS + np.array([1, 2, 3]) * NS_PER_MINUTE
    toll = 0.99 / 1.01
    wanted = [(1.0 * toll + 1.0) / 2, (1.1 * toll + 1.0 * toll) / 2, (1.21 * toll + 0.5 * toll) / 2]
    assert hold_path(market, at_ns, 0.01, {}).tolist() == pytest.approx(wanted)


def test_a_result_can_be_told_from_another_by_its_identity() -> None:
    def run(**settings: object) -> BacktestResult:
        return backtest("crossover", data=invented_tapes(days=1), settings=settings)

    first, second = run(), run(period=30)
    assert first.identity.parameters["period"] == 60
    assert second.identity.parameters["period"] == 30
    assert first.identity.strategy_id == second.identity.strategy_id
    assert first.identity.synthetic
    assert "an invented market is no evidence" in first.honesty


def test_a_period_typed_wider_than_the_tapes_is_the_period_of_the_tapes() -> None:
    """The trial book must know the same bars however the dates were typed."""
    market = [tape(UP)]
    asked = [(None, None), ("2024-01-01", "2030-01-01")]
    found = [
        prepare(BacktestRequest(strategy="crossover", data=market, start=a, end=b, traded_as="spot")).identity
        for a, b in asked
    ]
    assert {(one.start, one.end) for one in found} == {(found[0].start, found[0].start)}
