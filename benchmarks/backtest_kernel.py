"""The compiled backtest (budget B2) against vectorbt, backtesting.py and the machine's limits, one symbol, one year.

    python benchmarks/backtest_kernel.py [--bars 525600] [--rounds 9] [--json]

Work 1: one-minute bars of a fixed-seed path (volatility that wanders, jumps, open[t+1] == close[t]), close against
the mean of the 60 closes before it, band 0.1 %, long, short or flat, 2 bps a side, 1,000 notional; with and without a
2 % stop and a 4 % target.

Every round runs every candidate in turn, in processor time, one thread: peers once, ours and the limits, which take
milliseconds, 15 times, of which the median counts. The table shows medians over the rounds. Peers are left out when
they are not installed: vectorbt and backtesting.py need an environment of their own.
SYNTHETIC bars: nothing here is evidence about a market.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numba as nb
import numpy as np
from numpy.typing import NDArray

from rung.kernels.bars.basket import BasketBars, backtest_basket
from rung.kernels.bars.params import BarRules
from rung.kernels.bars.portfolio import Bars, backtest
from rung.kernels.bars.reference import ReferencePortfolio
from rung.kernels.bars.signals import crossover, top_weights

sys.path.insert(0, str(Path(__file__).parent / "peers"))
from path import walk

Row = NDArray[np.float64]
BUDGET_NS, TIMES_VECTORBT, TIMES_BACKTESTING = 8.0, 25.0, 1_000.0
PERIOD, BAND, FEE_BPS, NOTIONAL, CAPITAL = 60, 0.001, 2, 1_000, 100_000
NO_MINUTES = np.zeros(0, np.int64)
STEPS_PER_PRICE = 100.0
FEW_BARS = 20_000
INSIDE = 15
COLUMNS = ("open", "high", "low", "close", "volume")


def path(bars: int, seed: int = 7, *, bars_per_session: int | None = None) -> Bars:
    """About 100 a share, on the cent; 0.05 % a minute, its logarithm wandering, a jump of 1 % every few days.

    One session unless told otherwise: the peers know none, and an opening dies with its session.
    """
    columns = dict(zip(COLUMNS, walk(bars, seed).T.copy(), strict=True))
    session = np.arange(bars) // (bars_per_session or bars)
    return Bars(**columns, session=session)


def trading(stops: bool) -> BarRules:
    return BarRules(
        capital_quote=Decimal(CAPITAL),
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.00001"),
        taker_bps=Decimal(FEE_BPS),
        maker_bps=Decimal(FEE_BPS),
        half_spread_bps=Decimal(0),
        min_half_spread_quote=Decimal(0),
        slippage_bps=Decimal(0),
        max_participation_frac=None,
        notional_quote=Decimal(NOTIONAL),
        stop_frac=0.02 if stops else None,
        take_profit_frac=0.04 if stops else None,
    )


def signal(bars: Bars, out: NDArray[np.int8]) -> NDArray[np.int8]:
    crossover(bars.close, NO_MINUTES, PERIOD, BAND, 1, False, STEPS_PER_PRICE, out)
    return out


@nb.njit
def signal_limit(closes: Row, out: NDArray[np.int8]) -> None:
    """The rolling sum and two comparisons, nothing asked, nothing rounded."""
    total = closes[:PERIOD].sum()
    for t in range(PERIOD, len(closes)):
        out[t] = int(closes[t] * PERIOD > total * 1.001) - int(closes[t] * PERIOD < total * 0.999)
        total += closes[t] - closes[t - PERIOD]


@nb.njit
def memory_limit(open_: Row, high: Row, low: Row, close: Row, out: Row) -> None:
    """Read four prices, write one number."""
    for t in range(len(close)):
        out[t] = open_[t] + high[t] + low[t] + close[t]


def in_plain_python(bars: Bars, rules: BarRules, directions: NDArray[np.int8]) -> None:
    """Rung's own slow twin, in decimals."""
    twin = ReferencePortfolio(rules)
    rows = zip(bars.open, bars.high, bars.low, bars.close, bars.volume, strict=True)
    for t, row in enumerate(rows):
        if t == FEW_BARS:
            break
        twin.step([row], int(bars.session[t]))
        twin.ask_direction(int(directions[t]), row[3])


def in_vectorbt(bars: Bars, stops: bool) -> Any:
    """Signals with pandas' rolling mean, fills at the next open, equity and drawdown: the same outputs."""
    import pandas as pd
    import vectorbt as vbt

    close = pd.Series(bars.close)
    mean = close.rolling(PERIOD).mean().shift(1)
    long, short = (close > mean * (1.0 + BAND)), (close < mean * (1.0 - BAND))
    up, down = (x.shift(1, fill_value=False) for x in (long, short))
    given: dict[str, Any] = {"sl_stop": 0.02, "tp_stop": 0.04} if stops else {}
    portfolio = vbt.Portfolio.from_signals(
        close, entries=up, exits=~up, short_entries=down, short_exits=~down, price=bars.open,
        open=bars.open, high=bars.high, low=bars.low, size=float(NOTIONAL), size_type="value",
        fees=FEE_BPS / 10_000, init_cash=float(CAPITAL), freq="1min", **given,
    )  # fmt: skip
    return portfolio, portfolio.value(), portfolio.max_drawdown()


def in_backtesting(bars: Bars, stops: bool) -> Any:
    """backtesting.py over the first bars: its own equity and statistics included."""
    import pandas as pd
    from backtesting import Backtest, Strategy

    class Crossover(Strategy):  # type: ignore[misc]
        def init(self) -> None:
            self.mean = self.I(lambda x: pd.Series(x).rolling(PERIOD).mean().shift(1), self.data.Close)

        def next(self) -> None:
            close, mean = self.data.Close[-1], self.mean[-1]
            wanted = int(close > mean * (1.0 + BAND)) - int(close < mean * (1.0 - BAND))
            held = 1 if self.position.is_long else -1 if self.position.is_short else 0
            if wanted != held:
                self.position.close()
            if wanted and wanted != held:
                guards = {"sl": close * (1.0 - 0.02 * wanted), "tp": close * (1.0 + 0.04 * wanted)} if stops else {}
                (self.buy if wanted > 0 else self.sell)(size=10, **guards)

    columns = {name.capitalize(): getattr(bars, name)[:FEW_BARS] for name in COLUMNS}
    frame = pd.DataFrame(columns, index=pd.date_range("2025-01-01", periods=FEW_BARS, freq="1min"))
    return Backtest(frame, Crossover, cash=CAPITAL, commission=FEE_BPS / 10_000).run()


@dataclass(frozen=True, slots=True)
class Work:
    """What is measured, and over how many bars."""

    run: Callable[[], object]
    bars: int


def six_symbols() -> tuple[BasketBars, Row]:
    """Work 3: six symbols, 20 days of 390 minutes; the three strongest over 30 bars, every fifth bar."""
    tapes = [path(7_800, seed) for seed in range(6)]
    columns = {name: np.column_stack([getattr(t, name) for t in tapes]) for name in COLUMNS}
    bars = BasketBars(**columns, session=np.arange(7_800) // 390)
    return bars, top_weights(bars.close, 30, 5, 3, 1.0)


def candidates(bars: Bars) -> dict[str, Work]:
    n = len(bars.close)
    out, directions, equity = np.empty(n, np.int8), signal(bars, np.empty(n, np.int8)), np.empty(n)
    bare, stopped, idle = trading(False), trading(True), np.zeros(n, np.int8)
    basket, weights = six_symbols()
    found = {
        "rung, signal and backtest, stops": Work(lambda: backtest(bars, stopped, directions=signal(bars, out)), n),
        "rung, signal and backtest, no stops": Work(lambda: backtest(bars, bare, directions=signal(bars, out)), n),
        "rung, backtest alone, stops": Work(lambda: backtest(bars, stopped, directions=directions), n),
        "rung, backtest alone, never a trade": Work(lambda: backtest(bars, stopped, directions=idle), n),
        "rung, basket of six, per symbol-bar": Work(lambda: backtest_basket(basket, bare, weights), weights.size),
        "limit: rolling sum and signal": Work(lambda: signal_limit(bars.close, out), n),
        "limit: read OHLC, write equity": Work(
            lambda: memory_limit(bars.open, bars.high, bars.low, bars.close, equity), n
        ),
        "rung's slow twin, plain Python": Work(lambda: in_plain_python(bars, stopped, directions), min(n, FEW_BARS)),
    }
    peers: dict[str, tuple[str, Callable[[], object], int]] = {
        "vectorbt, stops": ("vectorbt", lambda: in_vectorbt(bars, True), n),
        "vectorbt, no stops": ("vectorbt", lambda: in_vectorbt(bars, False), n),
        "backtesting.py, stops": ("backtesting", lambda: in_backtesting(bars, True), min(n, FEW_BARS)),
    }
    for name, (module, run, count) in peers.items():
        try:
            __import__(module)
        except ImportError:
            print(f"{module} is not installed: left out", file=sys.stderr)
            continue
        found[name] = Work(run, count)
    return found


def once(work: Work) -> float:
    started = time.process_time_ns()
    work.run()
    return (time.process_time_ns() - started) / work.bars


def is_short(name: str) -> bool:
    """Milliseconds: one run would mostly measure what the peer before it left of the caches."""
    return name.startswith(("rung,", "limit:"))


def measure(work: dict[str, Work], rounds: int) -> dict[str, float]:
    """Median processor nanoseconds per bar."""
    for candidate in work.values():
        candidate.run()
    taken: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, candidate in work.items():
            taken[name].append(statistics.median(once(candidate) for _ in range(INSIDE if is_short(name) else 1)))
    return {name: statistics.median(values) for name, values in taken.items()}


def agreement(bars: Bars) -> list[str]:
    """How many round trips everyone counts, and where the equity ends."""
    directions = signal(bars, np.empty(len(bars.close), np.int8))
    said = []
    for stops in (False, True):
        ours = backtest(bars, trading(stops), directions=directions)
        line = f"{'stops' if stops else 'no stops'}: {len(ours.trades):,} trades, equity {ours.equity_quote[-1]:.2f}"
        try:
            portfolio, value, _ = in_vectorbt(bars, stops)
            line += f"; vectorbt {portfolio.trades.closed.count():,}, {value.iloc[-1]:.2f}"
        except ImportError:
            pass
        said.append(line)
    return said


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=int, default=525_600)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    warnings.filterwarnings("ignore")
    bars = path(given.bars)
    found = measure(candidates(bars), given.rounds)
    ours = found["rung, signal and backtest, stops"]
    times = {name: value / ours for name, value in found.items()}
    kept = {
        "ns per bar": ours <= BUDGET_NS,
        "vectorbt": times.get("vectorbt, stops", TIMES_VECTORBT) >= TIMES_VECTORBT,
        "backtesting.py": times.get("backtesting.py, stops", TIMES_BACKTESTING) >= TIMES_BACKTESTING,
    }
    if given.json:
        print(json.dumps({"ns_per_bar": found, "times_ours": times, "within_budget": kept}, indent=2))
        return 0
    print(f"{given.bars:,} SYNTHETIC one-minute bars, close against the mean of {PERIOD}, band {BAND:.1%}")
    print("\n".join(agreement(bars)))
    print(f"{'':<40}{'ns per bar':>14}{'÷ ours':>12}")
    for name, value in found.items():
        print(f"{name:<40}{value:>14,.2f}{times[name]:>12,.2f}")
    word = {name: "within" if ok else "NOT within" for name, ok in kept.items()}
    print(f"\nB2: {BUDGET_NS} ns a bar: {word['ns per bar']}; {TIMES_VECTORBT:.0f} × vectorbt: {word['vectorbt']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
