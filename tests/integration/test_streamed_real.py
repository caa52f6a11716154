"""Streamed = desk on real minutes of perpetuals, with their real funding: strategies of ours and of an author."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rung.lab import Strategy, SymbolView, Wish, atr, backtest, sma
from rung.lab.result import BacktestResult

WEEK = {"start": "2025-05-10", "end": "2025-05-16"}
FRAMES = ("equity", "hold", "daily", "trades", "fills", "charges", "orders")

pytestmark = pytest.mark.data


class Trailing(Strategy):
    """Says a new stop at every bar, behind the best close by three average ranges, and looks at its position."""

    def start(self) -> None:
        self.mean, self.range = sma(45), atr(30)

    def decide(self, view: SymbolView) -> Wish | None:
        mean, spread = self.mean(view.bar.close), self.range(view.bar)
        if not spread > 0.0 or view.minute % 7:
            return None
        if view.gain_frac > 0.01:
            return self.flat("enough")
        weight = 0.4 if view.equity > 99_000.0 else 0.2
        if view.bar.close > mean * 1.0005:
            return self.long("above", weight=weight, stop=0.02, trail_by=3.0 * spread)
        if view.bar.close < mean * 0.9995:
            return self.short("below", weight=weight, stop=0.02, target=0.01, trail_by=3.0 * spread)
        return None


CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "crossover": ("crossover", {}),
    "crossover that trails": ("crossover", {"settings": {"trail": 0.004, "every": 1}}),
    "momentum": ("momentum", {}),
    "mean reversion in 5 minutes": ("mean_reversion", {"timeframe": "5m"}),
    "of an author": (Trailing, {}),
    "of an author, as a coin": (Trailing, {"traded_as": "spot"}),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("symbol", ["BTCUSDT", "XRPUSDT", "BNBUSDT"])
def test_a_streamed_run_is_the_desks_to_the_last_digit(case: str, symbol: str, real_data: Path) -> None:
    strategy, options = CASES[case]
    data = real_data / "crypto" / "binance_perp_1m_2025"
    common: dict[str, Any] = {"symbols": symbol, "data": data, "book": None, **WEEK, **options}
    streamed: BacktestResult = backtest(strategy, **common)
    truth: BacktestResult = backtest(strategy, desk_only=True, **common)
    assert truth.figures.trades >= 3
    assert streamed.figures == truth.figures
    assert [name for name in FRAMES if not getattr(streamed, name).equals(getattr(truth, name))] == []
