"""A strategy of one's own with an ATR trailing stop: the desk of `backtest` and the compiled twin trade alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rung.config.shipped import config_file
from rung.kernels.bars.portfolio import backtest as on_the_twin
from rung.lab import Strategy, SymbolView, Wish, atr, backtest, invented_tapes
from rung.lab.bench import BacktestRequest, prepare
from rung.lab.costs import load_costs
from rung.lab.sweep_twin import bars_of, rules_for

MULTIPLE, PERIOD = 3.0, 30
NO_LEAST = ("min_stop_frac = 0.001 ", "min_stop_frac = 0.00001 ")
"""The twin has no gates, and three ATR of a minute may be less than the gates allow."""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class Rides(Strategy):
    """Always long, or always short; the stop trails by three ATR."""

    def start(self) -> None:
        self.atr = atr(PERIOD)

    def decide(self, view: SymbolView) -> Wish | None:
        distance = self.atr(view.bar)
        if not distance > 0.0:
            return None
        return self.long("ride", weight=0.5, stop=0.02, trail_by=MULTIPLE * distance)


class Sinks(Rides):
    def decide(self, view: SymbolView) -> Wish | None:
        distance = self.atr(view.bar)
        if not distance > 0.0:
            return None
        return self.short("sink", weight=0.5, stop=0.02, trail_by=MULTIPLE * distance)


def compared(cls: type[Rides], side: int, **asked: Any) -> int:
    """Equity at every close on both; answers how often the trailing stop acted."""
    Path("limits.toml").write_text(config_file("risk/backtest.toml").read_text("utf-8").replace(*NO_LEAST), "utf-8")
    asked["limits"] = "limits.toml"
    result = backtest(cls, book=None, **asked)
    tapes: Any = asked.pop("data")
    bench = prepare(BacktestRequest(strategy=cls, data=tapes, **{**asked, "symbols": tuple(asked["symbols"])}))
    bars, _ = bars_of(bench)
    (tape,) = bench.market.tapes
    streaming = atr(PERIOD)
    found = [streaming(step.bars[tape.symbol]) for step in bench.market.feed]
    column = np.array(found)
    ready = np.isfinite(column) & (column > 0.0)
    rules = replace(rules_for(bench, {"size": 0.5, "stop": 0.02, "target": 0.0}), trail_atr=MULTIPLE)
    directions = np.where(ready, side, -128).astype(np.int8)
    fast = on_the_twin(replace(bars, atr=np.where(ready, column, np.nan)), rules, directions=directions)
    np.testing.assert_allclose(fast.equity_quote, result.equity["equity"].to_numpy(), rtol=1e-12)
    assert len(fast.fills) == len(result.fills)
    return int(result.fills["reason"].str.starts_with("trailing stop").sum())


@pytest.mark.parametrize(("cls", "side"), [(Rides, 1), (Sinks, -1)])
def test_the_desk_and_the_twin_trail_alike_on_an_invented_market(cls: type[Rides], side: int) -> None:
    tapes = invented_tapes("COINUSDT", days=2)
    no_loans = {} if side > 0 else {"costs": _without_loans()}
    assert compared(cls, side, data=tapes, symbols=["COINUSDT"], **no_loans) > 20


def _without_loans() -> Any:
    costs: Any = load_costs(config_file("costs_crypto.toml")).value
    return replace(costs, borrow=replace(costs.borrow, annual_bps=costs.borrow.annual_bps * 0))


@pytest.mark.data
def test_the_desk_and_the_twin_trail_alike_on_real_bitcoin_perpetuals(real_data: Path) -> None:
    folder = real_data / "crypto" / "binance_perp_1m_2025"
    period = {"start": "2025-06-01", "end": "2025-06-04"}
    assert compared(Rides, 1, data=str(folder), symbols=["BTCUSDT"], **period) > 20
