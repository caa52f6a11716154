"""Strategies on real minutes, end to end: the fifteen lines, the TGT rules, and a plain loop to compare with."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from rung.apps.cli.main import main
from rung.config.load import load
from rung.domain.funding import FundingHistory, FundingInstant
from rung.lab import backtest
from rung.lab.result import BacktestResult
from rung.simulation.params import CryptoCostParams, LiquidityParams

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "my_first_strategy.py"
MONTH = {"start": "2025-05-10", "end": "2025-06-08"}
EIGHT_HOURS = 8 * 3_600_000_000_000
FEE_STEP, LOT = Decimal("0.00000001"), Decimal("0.001")
WEEK = {"start": "2025-05-10", "end": "2025-05-16"}

pytestmark = pytest.mark.data


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def minutes(real_data: Path) -> Path:
    return real_data / "crypto" / "binance_perp_1m_2025"


def test_the_fifteen_lines_run_from_the_command_line_to_a_trade_list(
    minutes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--symbol", "BTCUSDT", "--from", WEEK["start"], "--to", WEEK["end"], "--data", str(minutes), "--json"]
    assert main(["backtest", str(EXAMPLE), *words, "--out", "results"]) == 0
    summary = json.loads(capsys.readouterr().out)
    figures = summary["figures"]
    trades = pl.read_parquet("results/trades.parquet")
    assert figures["slices"] == 7 * 1440
    assert len(trades) == figures["trades"] > 100
    made = float(figures["end_equity_quote"]) - float(figures["start_equity_quote"])
    open_value = 0.0 if not figures["still_open"] else made - trades["pnl"].sum()
    assert abs(made - trades["pnl"].sum() - open_value) < 1e-6
    assert abs(open_value) < 0.05 * 100_000
    assert not summary["identity"]["synthetic"]
    assert summary["honesty"]


def test_the_example_is_at_most_fifteen_lines() -> None:
    source = EXAMPLE.read_text("utf-8")
    lines = source[source.index("from rung.lab") : source.index("def main")].splitlines()
    assert len([line for line in lines if line.strip()]) <= 15


@pytest.mark.parametrize(("symbol", "period"), [("XRPUSDT", WEEK), ("BTCUSDT", MONTH)])
def test_the_tgt_rules_trade_as_documented_on_real_minutes(minutes: Path, symbol: str, period: dict[str, str]) -> None:
    """Decisions every 15 minutes only, stop and target on every entry, all costs charged."""
    result = backtest("crossover", symbols=symbol, data=minutes, **period)  # type: ignore[arg-type]
    entries = result.orders.filter(~pl.col("reduce_only"))
    assert result.figures.trades > 100
    assert set(entries["at"].dt.minute().to_list()) <= {0, 15, 30, 45}
    assert set(result.trades["trigger"].unique()) <= {"ORDER", "STOP", "TAKE_PROFIT"}
    value, fee = pl.col("quantity") * pl.col("price"), pl.col("fee")
    rested = pl.col("trigger") == "TAKE_PROFIT"
    fills = result.fills.with_columns(rate=fee / value, cost=pl.col("slippage") / value)
    np.testing.assert_allclose(fills.filter(~rested)["rate"], 5.5e-4, atol=1e-8)
    np.testing.assert_allclose(fills.filter(~rested)["cost"], 2.5e-4, atol=5e-5)
    assert fills.filter(~rested)["cost"].min() >= 2.5e-4 - 1e-6  # type: ignore[operator]  # rounded against us
    assert set(fills.filter(rested)["cost"]) <= {0.0}
    stopped = result.trades.filter(pl.col("trigger") == "STOP")
    assert all(frac < -0.02 for frac in stopped["return_frac"])


def test_twice_is_the_same_to_the_last_digit(minutes: Path) -> None:
    first, second = (backtest("mean_reversion", symbols="ETHUSDT", data=minutes, **WEEK) for _ in range(2))
    assert first.figures == second.figures
    assert first.trades.equals(second.trades)


def test_orders_are_those_of_a_plain_loop_over_the_tape(minutes: Path) -> None:
    """The rules without stops, worked out with numpy and a little Decimal: same fills, same prices, same equity."""
    far = {"stop": 0.25, "target": 0.0, "every": 1}  # farther than the market moves in this week: no stop is hit
    rates = {"BTCUSDT": unpaid("2025-05-10", 7)}
    result = backtest("crossover", symbols="BTCUSDT", data=minutes, settings=far, costs=deep(), funding=rates, **WEEK)
    frame = pl.read_parquet(minutes / "BTCUSDT_1m.parquet").filter(
        pl.col("timestamp").dt.date().is_between(pl.date(2025, 5, 10), pl.date(2025, 5, 16))
    )
    refused = set(result.orders.filter(~pl.col("approved"))["at"].dt.epoch("s"))
    fills, equity = plain_crossover(frame, refused)
    made = list(zip(*(result.fills[name] for name in ("side", "quantity", "price")), strict=True))
    assert len(made) > 500
    assert set(result.figures.refused) <= {"halted_data"}
    assert made == fills
    assert float(result.figures.end_equity_quote) == pytest.approx(equity, abs=1e-6)


def deep() -> CryptoCostParams:
    """The shipped costs in a market that fills everything at once."""
    costs = load(ROOT / "config" / "costs_crypto.toml", CryptoCostParams).value
    return replace(costs, liquidity=LiquidityParams(max_participation_frac=Decimal(1)))


def unpaid(start: str, days: int) -> FundingHistory:
    """A perpetual that pays nothing: the plain loop knows no funding."""
    hours = [np.datetime64(start, "ns").astype(int).item() + n * EIGHT_HOURS for n in range(3 * days)]
    instants = tuple(FundingInstant(at_ns=at_ns, rate=Decimal(0)) for at_ns in hours)
    return FundingHistory(symbol="BTCUSDT", interval_ns=EIGHT_HOURS, instants=instants, source="none")


def test_funding_of_a_real_week_is_what_the_files_say_for_what_was_held(minutes: Path, real_data: Path) -> None:
    result = backtest("momentum", symbols="BTCUSDT", data=minutes, costs=deep(), start="2025-05-10", end="2025-05-30")
    folder = real_data / "funding"
    marks = pl.read_parquet(folder / "binance_perp_BTCUSDT_mark_1h.parquet").select("timestamp", mark="open")
    due = pl.read_parquet(folder / "binance_perp_BTCUSDT_funding.parquet").join(marks, on="timestamp", how="left")
    known = dict(zip(due["timestamp"].dt.epoch("ns"), due["funding_rate"] * due["mark"], strict=True))
    fills = result.fills.select(pl.col("at").dt.epoch("ns"), "quantity", "side").rows()
    paid = 0.0
    charges = result.charges.rows(named=True)
    for at_ns, amount in zip(result.charges["at"].dt.epoch("ns"), result.charges["amount"], strict=True):
        held = sum(size if side == "BUY" else -size for when, size, side in fills if when < at_ns)
        assert amount == pytest.approx(held * known[at_ns], abs=0.01)
        paid += amount
    assert len(charges) > 10
    assert float(result.figures.funding_quote) == pytest.approx(paid)
    assert result.charges["amount"].min() < 0 < result.charges["amount"].max()  # type: ignore[operator]
    if not result.figures.still_open:
        assert result.trades["funding"].sum() == pytest.approx(paid)


def test_quarter_hours_from_the_command_line(minutes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--symbol", "BTCUSDT", "--from", WEEK["start"], "--to", WEEK["end"], "--data", str(minutes), "--json"]
    assert main(["backtest", "crossover", *words, "--timeframe", "15m"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["identity"]["timeframe"] == "15m"
    assert summary["figures"]["slices"] == 7 * 96
    assert summary["figures"]["trades"] > 10


def test_a_kind_or_a_folder_that_does_not_exist_is_told_without_a_traceback(
    minutes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["backtest", "crossover", "--symbol", "BTCUSDT", "--data", str(minutes)]
    assert main([*words, "--as", "future"]) != 0
    assert "nothing is traded as 'future'" in capsys.readouterr().err
    assert main([*words, "--funding", "nowhere"]) != 0
    assert "no funding history of BTCUSDT at binance" in capsys.readouterr().err
    assert main([*words, "--timeframe", "7 days"]) != 0
    assert "is no timeframe" in capsys.readouterr().err


def plain_crossover(frame: pl.DataFrame, refused: set[int]) -> tuple[list[tuple[str, float, float]], float]:
    """Fills as (side, quantity, price) and the equity at the last close; costs of costs_crypto.toml, no funding.

    refused : the instants (seconds) at which nothing may open; exits pass, and the entry is asked for again.
    """
    opens, closes = frame["open"].to_list(), frame["close"].to_numpy()
    known = (frame["timestamp"].dt.epoch("s") + 60).to_list()
    sums = np.concatenate([[0.0], np.cumsum(closes)])
    cash, held, fills = Decimal(100_000), Decimal(0), []
    wanted = Decimal(0)
    for i, close in enumerate(closes):
        for quantity in steps_to(held, wanted):
            side = 1 if quantity > 0 else -1
            price = rounded(Decimal(repr(opens[i])) * (1 + side * Decimal("0.00025")), side)
            cash -= quantity * price + (abs(quantity) * price * Decimal("0.00055")).quantize(FEE_STEP, ROUND_CEILING)
            fills.append(("BUY" if side > 0 else "SELL", float(abs(quantity)), float(price)))
        held = wanted
        if i < 60:
            continue
        mean = (sums[i] - sums[i - 60]) / 60
        signal = 1 if close > mean * 1.001 else -1 if close < mean * 0.999 else 0
        if signal == (held > 0) - (held < 0):
            continue
        price = Decimal(repr(float(close)))
        lots = (Decimal("0.95") * (cash + held * price) / (price * LOT)).to_integral_value(ROUND_FLOOR)
        wanted = signal * lots * LOT if known[i] not in refused else Decimal(0)
    return fills, float(cash + held * Decimal(repr(float(closes[-1]))))


def steps_to(held: Decimal, wanted: Decimal) -> list[Decimal]:
    """A turn is two executions: out, then in."""
    if held * wanted < 0:
        return [-held, wanted]
    return [wanted - held] if wanted != held else []


def rounded(price: Decimal, side: int) -> Decimal:
    return price.quantize(Decimal("0.0001"), ROUND_CEILING if side > 0 else ROUND_FLOOR)


def test_a_pair_is_entered_and_left_with_both_legs(minutes: Path) -> None:
    result = backtest(
        "stat_arb",
        symbols=("SOLUSDT", "ETHUSDT"),
        data=minutes,
        settings={"entry": 2.0},
        costs=deep(),
        start="2025-05-10",
        end="2025-05-30",
    )
    fills: dict[Any, set[str]] = {}
    for row in result.fills.to_dicts():
        fills.setdefault(row["at"], set()).add(row["symbol"])
    assert len(fills) > 4
    assert all(symbols == {"SOLUSDT", "ETHUSDT"} for symbols in fills.values())


def test_features_of_the_registry_can_be_used_by_name(minutes: Path, tmp_path: Path) -> None:
    """Values within one session: between sessions the registry takes the gap out of its windows."""
    path = tmp_path / "by_name.py"
    path.write_text(
        "from rung.lab import Strategy, feature, features\n\n"
        "SEEN = []\n\n"
        "class ByName(Strategy):\n"
        "    def start(self):\n"
        "        self.both = features('rsi_14', 'sma_50')\n"
        "        self.one = feature('z_score_50')\n\n"
        "    def decide(self, view):\n"
        "        SEEN.append((*self.both(view), self.one(view)))\n",
        encoding="utf-8",
    )
    from rung.lab.strategy_files import find_strategy

    found = find_strategy(path)
    result: BacktestResult = backtest(found.cls, symbols="BTCUSDT", data=minutes, start="2025-05-10", end="2025-05-10")
    import sys

    seen = np.array(sys.modules[found.cls.__module__].SEEN)
    closes = (
        pl.read_parquet(minutes / "BTCUSDT_1m.parquet")
        .filter(pl.col("timestamp").dt.date() == pl.date(2025, 5, 10))["close"]
        .to_numpy()
    )
    assert len(seen) == result.figures.slices == len(closes)
    assert np.isnan(seen[:48]).all(axis=0)[1]
    window = np.lib.stride_tricks.sliding_window_view(closes, 50)
    np.testing.assert_allclose(seen[49:, 1], closes[49:] / window.mean(axis=1) - 1, atol=1e-9)
    np.testing.assert_allclose(seen[49:, 2], (closes[49:] - window.mean(axis=1)) / window.std(axis=1), atol=1e-4)


def test_an_unknown_feature_is_told_with_the_line_that_asks_for_it(minutes: Path, tmp_path: Path) -> None:
    path = tmp_path / "wrong.py"
    path.write_text(
        "from rung.lab import Strategy, feature\n\nclass Wrong(Strategy):\n    def start(self):\n"
        "        self.rsi = feature('vwap_distanc')\n\n    def decide(self, view):\n        return None\n",
        encoding="utf-8",
    )
    from rung.domain.errors import UserError

    with pytest.raises(
        UserError, match=r"wrong\.py:5: there is no feature 'vwap_distanc': did you mean 'vwap_distance'\?"
    ):
        backtest(path, symbols="BTCUSDT", data=minutes, **WEEK)
