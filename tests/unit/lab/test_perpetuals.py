"""Backtests of perpetuals: funding to the last digit, margin, liquidation, longer bars; refused without their rates."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.unit.lab.test_backtesting import FREE, SATURDAY_NS, UP, at_minutes, tape

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import UserError
from rung.domain.funding import FundingHistory, FundingInstant
from rung.domain.instrument import AssetClass
from rung.lab import Portfolio, Wish, backtest, invented_tapes
from rung.lab.buy_and_hold import hold_path
from rung.lab.funding import histories_for
from rung.lab.instruments import instrument_for, one_currency
from rung.lab.result import BacktestResult
from rung.lab.tapes import minutes_of, open_market
from rung.market.tape import Label, RawBars, Tape, make_tape
from rung.risk.limits import EffectiveLimits, effective_limits
from rung.risk.params import ScreenLimits

D = Decimal
EIGHT_HOURS = 480 * NS_PER_MINUTE
FLAT = [100.0] * 12


@pytest.fixture
def free(tmp_path: Path) -> Path:
    path = tmp_path / "free.toml"
    path.write_text(FREE, encoding="utf-8")
    return path


def history(
    *due: tuple[int, str], symbol: str = "BTCUSDT", mark: str | None = None, start_ns: int = SATURDAY_NS
) -> FundingHistory:
    """Rates due at minutes after the start; one of zero stands at the start, so that all is known for eight hours."""
    instants = [(0, "0"), *due]
    return FundingHistory(
        symbol=symbol,
        interval_ns=EIGHT_HOURS,
        instants=tuple(
            FundingInstant(
                at_ns=start_ns + minute * NS_PER_MINUTE, rate=D(rate), mark_price=None if mark is None else D(mark)
            )
            for minute, rate in instants
        ),
        source="made",
    )


def wide(most: float = 20.0, **others: Any) -> EffectiveLimits:
    """Limits that let a position be `most` times the equity."""
    settings: dict[str, Any] = {
        "max_symbol_notional_frac": most, "max_gross_notional_frac": most, "min_bar_volume_base": 0.0,
        "no_entry_last_minutes": 0, "min_equity_quote": 0.0, "max_bar_range_frac": 0.5, "max_bar_move_frac": 0.5,
        "max_stop_frac": 0.25,
        **others,
    }  # fmt: skip
    return effective_limits([ScreenLimits(**settings).limit_set("wide")])


def perpetual(plan: Any, closes: list[float], rates: Mapping[str, FundingHistory], **options: Any) -> BacktestResult:
    strategy = at_minutes(plan) if isinstance(plan, dict) else plan
    return backtest(strategy, data=[tape(closes)], funding=rates, capital=10_000, book=None, **options)


LONG = {1: lambda s: s.long("go", weight=0.5, stop=0.2), 9: lambda s: s.flat("done")}
SHORT = {1: lambda s: s.short("go", weight=0.5, stop=0.2), 9: lambda s: s.flat("done")}


@pytest.mark.parametrize(("plan", "sign"), [(LONG, 1), (SHORT, -1)])
@pytest.mark.parametrize("rate", ["0.001", "-0.001"])
def test_a_long_pays_a_positive_rate_and_a_short_receives_it(free: Path, plan: Any, sign: int, rate: str) -> None:
    """50 coins at a mark of 101 for each of two instants; the one before the entry is nobody's."""
    rates = {"BTCUSDT": history((1, "0.5"), (4, rate), (6, rate), mark="101")}
    result = perpetual(plan, FLAT, rates, costs=free)
    paid = sign * 2 * 50 * 101 * D(rate)
    figures = result.figures
    assert figures.funding_quote == figures.costs_quote == paid
    assert figures.end_equity_quote == 10_000 - paid
    assert figures.before_costs_quote == 0
    (trade,) = result.trades.to_dicts()
    assert (trade["funding"], trade["pnl"]) == (float(paid), -float(paid))
    assert result.charges["kind"].to_list() == ["FUNDING", "FUNDING"]
    assert result.equity["funding"].to_list()[-1] == pytest.approx(float(paid))
    assert result.equity["funding"].n_unique() == 3


def test_a_perpetual_is_not_paid_for_and_its_exposure_is_what_it_is_worth(free: Path) -> None:
    plan = {1: lambda s: s.long("go", weight=2.0, stop=0.05), 4: lambda s: s.flat("done")}
    result = perpetual(plan, UP, {"BTCUSDT": history()}, costs=free, limits=wide())
    assert result.figures.end_equity_quote == 12_000
    gross = result.equity["gross"].to_list()
    assert gross == [0.0, 20_000.0, 20_000.0, 22_000.0, 0.0, 0.0]
    shares = [0, 2, 2, 22 / 12, 0, 0]
    assert result.figures.exposure_mean_frac == pytest.approx(np.mean(shares))
    assert result.figures.max_exposure_frac == 2.0
    assert result.figures.borrow_quote is None


def test_the_size_of_a_built_in_strategy_may_be_a_multiple_where_the_limits_allow_it() -> None:
    (made,) = invented_tapes("BTCUSDT", days=1)
    real = make_tape(
        RawBars(
            open_ns=made.open_ns, open=made.open, high=made.high, low=made.low, close=made.close, volume=made.volume
        ),
        Label(symbol="BTCUSDT", interval_ns=made.interval_ns, source="made"),
    )
    rates = {"BTCUSDT": history((480, "0.0001"), (960, "0.0001"), start_ns=int(made.open_ns[0]))}
    settings = {"size": "2", "every": "15"}
    told: dict[str, Any] = {"data": [real], "funding": rates, "settings": settings, "book": None}
    with pytest.raises(UserError, match="leverage allowed"):
        backtest("crossover", **told)
    result = backtest("crossover", **told, limits=wide(3.0))
    assert result.figures.trades > 5
    assert result.figures.max_exposure_frac == pytest.approx(2.0, abs=0.1)
    assert result.figures.funding_quote != 0


CRASH = [100.0, 100.0, 100.0, 93.0, 86.0, 86.0, 86.0]


def test_a_position_whose_margin_is_gone_is_closed_by_the_venue_and_the_report_says_so() -> None:
    """Ten times the account, a fall of 14 %, a stop that is farther: nothing is left to hold it."""
    plan = {1: lambda s: s.long("go", weight=10.0, stop=0.19)}
    result = perpetual(plan, CRASH, {"BTCUSDT": history()}, limits=wide(max_bar_range_frac=0.9, max_bar_move_frac=0.9))
    (trade,) = result.trades.to_dicts()
    figures = result.figures
    assert trade["trigger"] == "LIQUIDATION"
    assert figures.liquidations == 1
    assert figures.end_equity_quote == 10_000 + D(repr(trade["pnl"])).quantize(D("1e-8"))
    assert -1 < figures.end_equity_quote < 1_000
    assert trade["liquidation_fee"] == float(figures.liquidation_fees_quote)
    assert any(note.startswith("liquidated: a margin of") for note in result.notes)
    assert "the venue closed 1 of its positions because their margin was gone" in result.honesty


def test_two_perpetuals_share_one_cash_account_and_the_gain_of_one_carries_the_other(free: Path) -> None:
    class Both(Portfolio):
        def decide(self, view: Any) -> list[Wish]:
            if view.minute == 1:
                return [
                    self.long("BTCUSDT", "up", weight=1.0, stop=0.2),
                    self.short("ETHUSDT", "down", weight=1.0, stop=0.2),
                ]
            return [self.flat(symbol, "done") for symbol in view.symbols] if view.minute == 4 else []

    tapes = [tape(UP), tape([50.0, 50.0, 50.0, 45.0, 45.0, 45.0], "ETHUSDT")]
    rates = {symbol: history(symbol=symbol) for symbol in ("BTCUSDT", "ETHUSDT")}
    result = backtest(Both, data=tapes, funding=rates, costs=free, capital=10_000, limits=wide(2.0), book=None)
    assert result.figures.end_equity_quote == 10_000 + 1_000 + 1_000
    assert result.figures.max_exposure_frac == pytest.approx(2.0)


def test_a_coin_sold_short_pays_its_loan_by_the_hour_and_no_funding() -> None:
    result = backtest(at_minutes(SHORT), data=[tape(FLAT)], traded_as="spot", capital=10_000, book=None)
    figures = result.figures
    entry = result.trades["quantity"][0] * result.trades["entry_price"][0]
    assert float(figures.borrow_quote) == pytest.approx(entry * 0.15 / (365 * 24), rel=0.01)
    assert result.trades["borrow"].to_list() == [float(figures.borrow_quote)]
    assert figures.funding_quote is None
    assert figures.costs_quote == figures.fees_quote + figures.slippage_quote + figures.borrow_quote
    assert dict(result.identity.costs)["traded as"] == "BTCUSDT spot"
    assert any("is taken as a coin: no funding" in doubt for doubt in result.identity.warnings)


def test_the_report_says_what_was_traded_and_where_its_rates_came_from(free: Path) -> None:
    result = perpetual(LONG, FLAT, {"BTCUSDT": history()}, costs=free)
    said = dict(result.identity.costs)
    assert (said["traded as"], said["funding"]) == ("BTCUSDT perpetual", "as paid: BTCUSDT from made")
    other = perpetual(LONG, FLAT, {"BTCUSDT": history((4, "0.001"))}, costs=free)
    assert result.identity.funding_ids != other.identity.funding_ids
    assert result.identity.costs_id == other.identity.costs_id


def test_owning_a_perpetual_pays_its_funding_too(free: Path) -> None:
    market = open_market([tape(FLAT)], (), (None, None), None)
    rates = {"BTCUSDT": history((4, "0.01"), (6, "0.02"))}
    ends = np.array([SATURDAY_NS + minute * NS_PER_MINUTE for minute in (4, 5, 6, 7, 12)])
    assert hold_path(market, ends, 0.0, rates) == pytest.approx([1.0, 0.99, 0.99, 0.97, 0.97])
    assert hold_path(market, ends, 0.0, {}) == pytest.approx([1.0] * 5)
    result = perpetual({}, FLAT, rates, costs=free)
    assert result.figures.hold_return_frac == pytest.approx(-0.03)
    assert result.hold["equity"].to_list()[3:7] == pytest.approx([10_000, 9_900, 9_900, 9_700])


# --- refused ----------------------------------------------------------------------------------------------------------


def test_a_perpetual_without_its_rates_is_refused_with_the_way_to_give_them(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no funding history for the perpetual BTCUSDT.*--funding DIR.*--as spot"):
        backtest(at_minutes(LONG), data=[tape(FLAT)], book=None)
    with pytest.raises(UserError, match=r"no funding history for the perpetual BTCUSDT.*--as spot"):
        backtest(at_minutes(LONG), data=[tape(FLAT)], funding={"ETHUSDT": history()}, book=None)
    with pytest.raises(UserError, match="no funding history of BTCUSDT at binance"):
        backtest(at_minutes(LONG), data=[tape(FLAT)], funding=tmp_path, book=None)


def test_missing_payments_are_named_before_anything_runs() -> None:
    day = [100.0] * 1440
    holed = {"BTCUSDT": history((1200, "0.0001"))}
    words = "unknown from 2025-05-10 08:00 UTC to 2025-05-10 20:00 UTC"
    with pytest.raises(UserError, match=words):
        backtest(at_minutes({}), data=[tape(day)], funding=holed, book=None)
    late = {"BTCUSDT": history((480, "0"), (960, "0"), start_ns=SATURDAY_NS + 60 * NS_PER_MINUTE)}
    with pytest.raises(UserError, match="unknown from 2025-05-10 00:00 UTC to 2025-05-10 01:00 UTC"):
        backtest(at_minutes({}), data=[tape(day)], funding=late, book=None)
    ends = {"BTCUSDT": history((480, "0"))}
    with pytest.raises(UserError, match="from 2025-05-10 16:00 UTC to 2025-05-11 00:00 UTC"):
        backtest(at_minutes({}), data=[tape(day)], funding=ends, book=None)
    assert backtest(at_minutes({}), data=[tape(day)], funding={"BTCUSDT": history((480, "0"), (960, "0"))}, book=None)


def test_rates_are_found_beside_the_tapes(tmp_path: Path) -> None:
    tapes, rates = tmp_path / "crypto" / "minutes", tmp_path / "funding"
    tapes.mkdir(parents=True)
    rates.mkdir()
    when = pl.Series("timestamp", [SATURDAY_NS, SATURDAY_NS + EIGHT_HOURS]).cast(pl.Datetime("ns", "UTC"))
    frame = pl.DataFrame({"timestamp": when, "funding_rate": [0.0001, 0.0001]})
    frame.write_parquet(rates / "binance_perp_BTCUSDT_funding.parquet")
    made = tape(FLAT)
    stamps = pl.Series("timestamp", made.open_ns).cast(pl.Datetime("ns", "UTC"))
    prices = {name: getattr(made, name) for name in ("open", "high", "low", "close", "volume")}
    pl.DataFrame({"timestamp": stamps, **prices}).write_parquet(tapes / "BTCUSDT_1m.parquet")
    result = backtest(at_minutes(LONG), symbols="BTCUSDT", data=tapes, book=None)
    assert dict(result.identity.costs)["funding"] == "as paid: BTCUSDT from binance_perp_BTCUSDT_funding.parquet"
    market = open_market([made], (), (None, None), None)
    instrument, _ = instrument_for(made, around_the_clock=True)
    assert histories_for({"BTCUSDT": instrument}, market, tapes, None)["BTCUSDT"].interval_ns == EIGHT_HOURS


def test_what_a_symbol_is_taken_as() -> None:
    coin, _ = instrument_for(tape(FLAT), around_the_clock=True, traded_as="spot")
    contract, doubt = instrument_for(tape(FLAT), around_the_clock=True)
    assert (coin.asset_class, contract.asset_class) == (AssetClass.CRYPTO_SPOT, AssetClass.CRYPTO_PERP)
    assert (coin.tick_size, coin.lot_size, doubt) == (contract.tick_size, contract.lot_size, "")
    (invented,) = invented_tapes("BTCUSDT", days=1)
    assert not instrument_for(invented, around_the_clock=True)[0].is_perpetual
    with pytest.raises(UserError, match="BTCUSDT is a share, not a spot"):
        instrument_for(tape(FLAT), around_the_clock=False, traded_as="spot")
    with pytest.raises(UserError, match="nothing is traded as 'future' — say perpetual or spot"):
        backtest(at_minutes({}), data=[tape(FLAT)], traded_as="future", book=None)  # type: ignore[arg-type]


def test_one_account_has_one_currency() -> None:
    coin, _ = instrument_for(tape(FLAT), around_the_clock=True)
    share, _ = instrument_for(tape(FLAT, "TQQQ"), around_the_clock=False)
    assert one_currency({"BTCUSDT": coin}) == "USDT"
    with pytest.raises(UserError, match="one account cannot hold USD and USDT"):
        one_currency({"BTCUSDT": coin, "TQQQ": share})


# --- longer bars ------------------------------------------------------------------------------------------------------


def saw(count: int) -> list[float]:
    return [100.0 + (i % 7) * 0.25 for i in range(count)]


def test_a_strategy_sees_longer_bars_only_and_fills_at_their_opens(free: Path) -> None:
    minutes = tape(saw(33))
    seen: list[tuple[int, float, float]] = []

    class Sees(at_minutes({})):  # type: ignore[misc]
        def decide(self, view: Any) -> Wish | None:
            seen.append((view.minute, view.bar.open, view.bar.close))
            return self.long("go", weight=0.5, stop=0.2) if view.minute == 10 else None

    rates = {"BTCUSDT": history()}
    result = backtest(Sees, data=[minutes], funding=rates, costs=free, timeframe="5m", capital=10_000, book=None)
    opens, closes = minutes.open[::5], minutes.close[4::5]
    assert seen == [(5 * n, opens[n - 1], closes[n - 1]) for n in range(1, 7)]
    assert result.identity.timeframe == "5m"
    assert result.figures.slices == 6
    assert result.fills["price"].to_list() == [float(opens[2])]
    assert result.fills["at"].dt.epoch("ns").to_list() == [SATURDAY_NS + 10 * NS_PER_MINUTE]


@pytest.mark.parametrize(("said", "minutes"), [("5m", 5), ("15m", 15), ("1h", 60), ("24h", 1440)])
def test_a_timeframe_is_minutes_or_hours(said: str, minutes: int) -> None:
    assert minutes_of(said) == minutes


@pytest.mark.parametrize("said", ["", "m", "15", "0m", "25h", "-5m", "1d", "5 m"])
def test_anything_else_is_no_timeframe(said: str) -> None:
    with pytest.raises(UserError, match="is no timeframe"):
        minutes_of(said)


def test_a_timeframe_shorter_than_the_bars_is_refused() -> None:
    fives = open_market([tape(saw(60))], (), (None, None), None, "5m").tapes
    with pytest.raises(UserError, match="bars of 3 minutes cannot be made of bars of 5"):
        open_market(fives, (), (None, None), None, "3m")


def test_a_longer_bar_made_of_a_false_print_is_flagged_too() -> None:
    closes = saw(400)
    plain = tape(closes)
    high = plain.high.copy()
    high[203] = 160.0
    raw = RawBars(
        open_ns=plain.open_ns, open=plain.open, high=high, low=plain.low, close=plain.close, volume=plain.volume
    )
    printed: Tape = make_tape(raw, Label(symbol="BTCUSDT", interval_ns=NS_PER_MINUTE, source="made"))
    minutes = open_market([printed], (), (None, None), None)
    assert minutes.flagged["BTCUSDT"] == {int(plain.open_ns[203])}
    assert open_market([printed], (), (None, None), None, "5m").flagged["BTCUSDT"] == {int(plain.open_ns[200])}
