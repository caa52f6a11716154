"""The built-in strategies on real crypto minutes, with costs: the table of docs/concepts/strategies.md.

Reads the folder RUNG_TEST_DATA, or ../shared/data beside the checkout. Nothing is timed: `./rung bench strategies`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rung.lab import backtest
from rung.lab.result import Figures

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("RUNG_TEST_DATA") or ROOT.parent / "shared" / "data") / "crypto" / "binance_perp_1m_2025"
WEEK, MONTH, WHOLE = ("2025-05-10", "2025-05-16"), ("2025-05-10", "2025-06-08"), ("2025-05-05", "2025-06-23")

RUNS: tuple[tuple[str, tuple[str, ...], tuple[str, str], dict[str, object]], ...] = (
    ("examples/my_first_strategy.py", ("BTCUSDT",), MONTH, {}),
    ("crossover", ("XRPUSDT",), WEEK, {}),
    ("crossover", ("BTCUSDT",), MONTH, {}),
    ("crossover", ("ETHUSDT",), MONTH, {}),
    ("crossover", ("XRPUSDT",), MONTH, {}),
    ("crossover", ("BTCUSDT",), MONTH, {"flip": False}),
    ("crossover", ("BTCUSDT",), MONTH, {"on_cross": True}),
    ("crossover", ("BTCUSDT",), MONTH, {"trend": 1440}),
    ("crossover", ("BTCUSDT",), MONTH, {"atr_multiple": 3.0}),
    ("crossover", ("BTCUSDT",), MONTH, {"trail": 0.01}),
    ("momentum", ("BTCUSDT",), WHOLE, {}),
    ("momentum", ("ETHUSDT",), WHOLE, {}),
    ("momentum", ("XRPUSDT",), WHOLE, {}),
    ("momentum", ("SOLUSDT",), WHOLE, {}),
    ("mean_reversion", ("BTCUSDT",), WHOLE, {}),
    ("mean_reversion", ("ETHUSDT",), WHOLE, {}),
    ("mean_reversion", ("BTCUSDT",), WHOLE, {"measure": "rsi", "period": 14, "entry": 2.5}),
    ("mean_reversion", ("BTCUSDT",), WHOLE, {"measure": "bollinger"}),
    ("stat_arb", ("ETHUSDT", "BTCUSDT"), WHOLE, {}),
    ("stat_arb", ("SOLUSDT", "ETHUSDT"), WHOLE, {}),
    ("stat_arb", ("BNBUSDT", "BTCUSDT"), WHOLE, {}),
    ("stat_arb", ("XRPUSDT", "BTCUSDT"), WHOLE, {}),
)
HEAD = (
    "| strategy | on | days | return | before costs | costs | of these funding | buy and hold "
    "| trades | won | max drawdown | Sharpe |"
)


def main() -> int:
    if not DATA.is_dir():
        print(f"no minutes in {DATA}: set RUNG_TEST_DATA", file=sys.stderr)
        return 2
    print(HEAD)
    print("|---|---|" + "--:|" * 10)
    for name, symbols, (start, end), settings in RUNS:
        what = str(ROOT / name) if name.endswith(".py") else name
        result = backtest(what, symbols=symbols, start=start, end=end, settings=settings, data=DATA)
        said = " ".join(f"{key}={value}" for key, value in settings.items())
        label = f"`{Path(name).name}{' ' if said else ''}{said}`"
        print(f"| {label} | {' '.join(symbols)} | {row(result.figures)} |", flush=True)
    return 0


def row(figures: Figures) -> str:
    start = figures.start_equity_quote
    won = "-" if figures.win_rate_frac is None else f"{figures.win_rate_frac:.0%}"
    sharpe = "-" if figures.sharpe is None else f"{figures.sharpe:.1f} ± {figures.sharpe_error:.1f}"
    cells = (
        f"{figures.days}", f"{figures.total_return_frac:+.1%}", f"{figures.before_costs_quote / start:+.1%}",
        f"{figures.costs_quote / start:.1%}", f"{(figures.funding_quote or 0) / start:+.2%}",
        f"{figures.hold_return_frac:+.1%}", f"{figures.trades}", won,
        f"{figures.max_drawdown_frac:.1%}", sharpe,
    )  # fmt: skip
    return " | ".join(cells)


if __name__ == "__main__":
    sys.exit(main())
