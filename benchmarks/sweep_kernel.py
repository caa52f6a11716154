"""The sweep (budget B3): 1,000 crossovers over a month of minutes, against vectorbt with the same outputs.

    python benchmarks/sweep_kernel.py [--bars 43200] [--rounds 7] [--json]

Work 2: 50 periods × 20 bands, 2 % stop, 4 % target, 2 bps, 1,000 notional, on the path of `backtest_kernel.py`; out
come final equity, drawdown, trades, wins, gross profit and loss, and the moments of daily returns, per combination.
Every round runs every candidate once, in turn; medians. Processor time per combination-bar and core, so that what
else runs on the machine weighs less; the wall time of both cores beside it. Peak memory is that of fresh processes
with 100, 1,000 and 4,000 combinations. vectorbt does 100 of the combinations, 20 at a time, and is left out when it is
not installed. SYNTHETIC bars.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from backtest_kernel import CAPITAL, FEE_BPS, NOTIONAL, STEPS_PER_PRICE, path, trading

from rung.kernels.bars.crossovers import OUTCOMES, Crossovers, sweep_crossovers
from rung.kernels.bars.portfolio import Bars, backtest
from rung.kernels.bars.signals import crossover

BUDGET_NS, TIMES_VECTORBT, BUDGET_MIB = 4.0, 60.0, 400
PEAKS = (100, 1_000, 4_000)
BANDS = np.linspace(0.0005, 0.01, 20)
FEW = 100
DAY = 1_440


def grid(combinations: int) -> Crossovers:
    """20 bands for each of combinations ÷ 20 periods from 10 up, two apart."""
    periods = np.arange(combinations // len(BANDS)) * 2 + 10
    return Crossovers(
        period=np.repeat(periods, len(BANDS)).astype(np.int64),
        band=np.tile(BANDS, len(periods)),
        steps_per_price=STEPS_PER_PRICE,
    )


def one_by_one(bars: Bars, tried: Crossovers) -> None:
    """A whole backtest per combination: what sharing the rolling sum and the lanes saves."""
    rules, directions = trading(True), np.empty(len(bars.close), np.int8)
    for period, band in zip(tried.period.tolist(), tried.band.tolist(), strict=True):
        crossover(bars.close, tried.minutes, period, band, 1, False, STEPS_PER_PRICE, directions)
        backtest(bars, rules, directions=directions)


def in_vectorbt(bars: Bars, tried: Crossovers) -> list[Any]:
    """Final value, drawdown and trades, 20 combinations at a time."""
    import pandas as pd
    import vectorbt as vbt

    close, said = pd.Series(bars.close), []
    for first in range(0, len(tried.period), len(BANDS)):
        mean = close.rolling(int(tried.period[first])).mean().shift(1).to_numpy()[:, None]
        bands, prices = tried.band[first : first + len(BANDS)], bars.close[:, None]
        columns = {name: getattr(bars, name)[:, None] for name in ("open", "high", "low")}
        long, short = prices > mean * (1.0 + bands), prices < mean * (1.0 - bands)
        up, down = (np.vstack((np.zeros((1, len(bands)), bool), x[:-1])) for x in (long, short))
        portfolio = vbt.Portfolio.from_signals(
            close, entries=up, exits=~up, short_entries=down, short_exits=~down,
            price=columns["open"], **columns, size=float(NOTIONAL), size_type="value",
            fees=FEE_BPS / 10_000, init_cash=float(CAPITAL), freq="1min", sl_stop=0.02, tp_stop=0.04,
        )  # fmt: skip
        said.append((portfolio.final_value(), portfolio.max_drawdown(), portfolio.trades.closed.count()))
    return said


@dataclass(frozen=True, slots=True)
class Work:
    """What is measured, over how many combination-bars."""

    run: Callable[[], object]
    combination_bars: int


def candidates(bars: Bars) -> dict[str, Work]:
    n, rules, whole, few = len(bars.close), trading(True), grid(1_000), grid(FEW)
    idle = replace(whole, band=np.full(1_000, 10.0))
    every = 1_000 * n
    found = {
        "rung, one thread": Work(lambda: sweep_crossovers(bars, rules, whole), every),
        "rung, two threads": Work(lambda: sweep_crossovers(bars, rules, whole, workers=2), every),
        "limit: the same lanes, none ever trades": Work(lambda: sweep_crossovers(bars, rules, idle), every),
        "rung, one backtest per combination": Work(lambda: one_by_one(bars, few), FEW * n),
    }
    try:
        import vectorbt  # noqa: F401
    except ImportError:
        print("vectorbt is not installed: left out", file=sys.stderr)
        return found
    return found | {"vectorbt, 20 combinations at a time": Work(lambda: in_vectorbt(bars, few), FEW * n)}


def measure(work: dict[str, Work], rounds: int) -> dict[str, tuple[float, float]]:
    """Median nanoseconds per combination-bar: of processor time, and of wall time."""
    for candidate in work.values():
        candidate.run()
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, candidate in work.items():
            wall, busy = time.perf_counter_ns(), time.process_time_ns()
            candidate.run()
            spent = time.process_time_ns() - busy, time.perf_counter_ns() - wall
            taken[name].append((spent[0] / candidate.combination_bars, spent[1] / candidate.combination_bars))
    return {name: tuple(map(statistics.median, zip(*t, strict=True))) for name, t in taken.items()}  # type: ignore[misc]


def peak_mib(bars: int, combinations: int) -> float:
    """Of a fresh process that does one such sweep on both cores and nothing else."""
    command = [sys.executable, __file__, "--bars", str(bars), "--peak", str(combinations)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def only_sweep(bars: int, combinations: int) -> int:
    sweep_crossovers(path(bars, bars_per_session=DAY), trading(True), grid(combinations), workers=2)
    status = Path("/proc/self/status").read_text("ascii")  # getrusage would count the parent's memory too
    print(int(status.split("VmHWM:")[1].split()[0]) / 1024)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=int, default=43_200)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peak", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    warnings.filterwarnings("ignore")
    if given.peak:
        return only_sweep(given.bars, given.peak)
    bars = path(given.bars, bars_per_session=DAY)
    trades = sweep_crossovers(bars, trading(True), grid(1_000))[:, OUTCOMES.index("trades")].sum()
    found = measure(candidates(bars), given.rounds)
    peaks = {combinations: peak_mib(given.bars, combinations) for combinations in PEAKS}
    ours = found["rung, one thread"][0]
    times = {name: value[0] / ours for name, value in found.items()}
    peer = times.get("vectorbt, 20 combinations at a time", TIMES_VECTORBT)
    kept = {"ns": ours <= BUDGET_NS, "vectorbt": peer >= TIMES_VECTORBT, "MiB": max(peaks.values()) <= BUDGET_MIB}
    if given.json:
        print(json.dumps({"ns_cpu_and_wall": found, "peak_mib": peaks, "within_budget": kept}, indent=2))
        return 0
    print(f"1,000 crossovers over {given.bars:,} SYNTHETIC one-minute bars with stops: {trades:,.0f} trades")
    print(f"{'per combination-bar':<42}{'ns processor':>14}{'ns wall':>10}{'÷ ours':>10}")
    for name, (busy, wall) in found.items():
        print(f"{name:<42}{busy:>14,.2f}{wall:>10,.2f}{times[name]:>10,.2f}")
    print(", ".join(f"{n:,} combinations: {mib:.0f} MiB" for n, mib in peaks.items()))
    word = {name: "within" if ok else "NOT within" for name, ok in kept.items()}
    print(
        f"\nB3: {BUDGET_NS:.0f} ns per combination-bar and core: {word['ns']}; {TIMES_VECTORBT:.0f} × vectorbt: "
        f"{word['vectorbt']}; {BUDGET_MIB} MiB: {word['MiB']}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
