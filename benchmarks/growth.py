"""How the truth engine grows with symbols: the same backtest over 1 to 16 of them, one cash account.

    python -m benchmarks.growth [--bars 10000] [--symbols 1 2 4 8 16] [--rounds 3] [--json]

Work 1 with stops (see work1.py) on every symbol, each on a SYNTHETIC path of its own, 1,000 quote a position; gates,
ledger, recorder and figures on. Processor time, medians of interleaved rounds. Flat per symbol-bar is linear growth.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np

from rung.lab.backtesting import run_on
from rung.lab.bench import BacktestRequest, Bench, prepare
from rung.market.tape import Label, RawBars, Tape, make_tape

sys.path.insert(0, str(Path(__file__).parent / "peers"))
from path import walk
from rung_truth import Work1Stops
from work import START_S


def tape_of(number: int, bars: int) -> Tape:
    """A walk with its own seed, under its own name."""
    columns = dict(zip(("open", "high", "low", "close", "volume"), walk(bars, seed=7 + number).T.copy(), strict=True))
    opens_ns = (START_S + 60 * np.arange(bars, dtype=np.int64)) * 1_000_000_000
    label = Label(symbol=f"WORK{number}", interval_ns=60_000_000_000, source="benchmarks/growth.py", synthetic=True)
    return make_tape(RawBars(open_ns=opens_ns, **columns), label)


def bench_of(symbols: int, bars: int) -> Bench:
    """The shipped costs and gates of a crypto backtest."""
    tapes = [tape_of(number, bars) for number in range(symbols)]
    return prepare(BacktestRequest(strategy=Work1Stops, data=tapes, cache=None))


def measure(counts: list[int], bars: int, rounds: int) -> list[dict[str, float]]:
    """One row per count of symbols: µs per slice and per symbol-bar, fills."""
    benches = {count: bench_of(count, bars) for count in counts}
    taken: dict[int, list[float]] = {count: [] for count in counts}
    fills = {}
    for _ in range(rounds):
        for count, bench in benches.items():
            started = time.process_time()
            result = run_on(bench)
            taken[count].append((time.process_time() - started) / bars * 1e6)
            fills[count] = result.fills.height
    return [
        {
            "symbols": count,
            "us_per_slice": statistics.median(values),
            "us_per_symbol_bar": statistics.median(values) / count,
            "fills": fills[count],
        }
        for count, values in taken.items()
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=int, default=10_000)
    parser.add_argument("--symbols", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = measure(given.symbols, given.bars, given.rounds)
    if given.json:
        print(json.dumps(rows, indent=2))
        return 0
    print(f"{given.bars:,} SYNTHETIC bars a symbol, {given.rounds} interleaved rounds, medians\n")
    print(f"{'symbols':>8}{'us/slice':>12}{'us/symbol-bar':>16}{'fills':>10}")
    for row in rows:
        print(f"{row['symbols']:>8}{row['us_per_slice']:>12.1f}{row['us_per_symbol_bar']:>16.2f}{row['fills']:>10,}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
