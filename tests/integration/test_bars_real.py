"""Twin = truth on real bars: gaps, halts, false prints, zero volumes, quarter-cent closes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.integration.bars_on_the_desk import columns_of, on_the_desk, triggers
from tests.unit.kernels.bars.made import fills_of, rules

from rung.kernels.bars.basket import BasketBars, backtest_basket
from rung.kernels.bars.params import BarRules
from rung.kernels.bars.portfolio import Bars, backtest
from rung.kernels.bars.signals import crossover, top_weights

pytestmark = pytest.mark.data
D = Decimal
PRICES = ("open", "high", "low", "close", "volume")
COSTS: dict[str, Any] = {
    "taker_bps": D("4.5"),
    "maker_bps": D(2),
    "half_spread_bps": D(1),
    "slippage_bps": D("0.5"),
    "stop_frac": 0.004,
    "take_profit_frac": 0.006,
    "min_position_quote": D(100),
}
BTC = rules(tick_size=D("0.1"), lot_size=D("0.001"), max_participation_frac=D("0.05"), equity_frac=0.8, **COSTS)
UVXY = rules(min_half_spread_quote=D("0.005"), max_participation_frac=D("0.002"), equity_frac=0.9, **COSTS)


def tape(path: Path, rows: int) -> pl.DataFrame:
    return pl.read_parquet(path).head(rows).with_columns(pl.col(name).cast(pl.Float64) for name in PRICES)


def bars_of(frame: pl.DataFrame) -> Bars:
    """A session per UTC day: right for a market that never closes, and for one that closes before UTC midnight."""
    columns = {name: np.ascontiguousarray(frame[name].to_numpy()) for name in PRICES}
    return Bars(**columns, session=frame["timestamp"].dt.epoch("d").cast(pl.Int64).to_numpy())


@pytest.mark.parametrize(
    ("name", "grid", "trading"),
    [("crypto/binance_perp_1m_2025/BTCUSDT_1m.parquet", 10.0, BTC), ("equities/UVXY_1m.parquet", 10_000.0, UVXY)],
    ids=["BTCUSDT", "UVXY"],
)
@pytest.mark.parametrize("cadence", [1, 15])
def test_a_crossover_on_real_bars_makes_the_desks_fills(
    real_data: Path, name: str, grid: float, trading: BarRules, cadence: int
) -> None:
    frame = tape(real_data / name, 3_000)
    bars, directions = bars_of(frame), np.empty(len(frame), np.int8)
    minutes = frame["timestamp"].dt.epoch("s").to_numpy() // 60 + 1
    crossover(bars.close, minutes, 60, 0.001, cadence, False, grid, directions)
    fast = backtest(bars, trading, directions=directions)
    slow = on_the_desk([bars], trading, directions=directions)
    assert len(fast.fills) > 30
    assert {"ORDER", "STOP", "TAKE_PROFIT"} == {fill[5] for fill in slow.fills}
    assert triggers(fills_of(fast, trading)) == slow.fills
    np.testing.assert_allclose(fast.equity_quote, slow.equity, rtol=1e-12)


def test_the_strongest_three_of_six_on_real_bars_make_the_desks_fills(real_data: Path) -> None:
    symbols = ("TQQQ", "SQQQ", "SDS", "UVXY", "SSO", "SVIX")
    frames = [tape(real_data / "equities" / f"{symbol}_1m.parquet", 500) for symbol in symbols]
    clock = pl.concat([frame.select("timestamp") for frame in frames]).unique().sort("timestamp")
    aligned = [clock.join(frame, on="timestamp", how="left") for frame in frames]
    columns = {name: np.column_stack([frame[name].to_numpy() for frame in aligned]) for name in PRICES}
    bars = BasketBars(**columns, session=clock["timestamp"].dt.epoch("d").cast(pl.Int64).to_numpy())
    weights = top_weights(bars.close, 30, 5, 3, 0.9)
    fast = backtest_basket(bars, UVXY, weights)
    slow = on_the_desk(columns_of(bars), UVXY, weights=weights)
    assert len(fast.fills) > 200
    assert triggers(fills_of(fast, UVXY)) == slow.fills
    np.testing.assert_allclose(fast.equity_quote, slow.equity, rtol=1e-12)
