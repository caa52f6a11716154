"""The 126 features (budget B5) against pandas and polars making 126 comparable columns, and against the memory.

    python -m benchmarks.features [--bars 30000] [--rounds 7] [--data DIR] [--json]

Every round measures every candidate once, in turn, in processor time; the table shows medians over the rounds.
polars is held to one thread, as everything else here uses one. Without the real tapes a synthetic one is used, and
the heading says so.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import numba as nb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from rung.kernels.compiled import entry
from rung.kernels.features.registry import N_FEATURES
from rung.kernels.features.step import STATE_SIZE, feature_batch, feature_step, new_state

Array = NDArray[np.float64]
SYMBOLS = 6
BUDGET_LOOP_NS, BUDGET_LIVE_NS = 600.0, 3_000.0
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

LAGS = (1, 2, 3, 5, 10, 15, 20, 30, 50, 100)
RETURN_LAGS = (*LAGS, 150, 200, 250, 300, 500)
WINDOWS = (5, 7, 10, 14, 20, 28, 30, 50, 60, 100, 150, 200)
PLAN = {  # operation: its windows; with the 13 plain columns of `_plain` these are 126
    "price_lag": LAGS,
    "return_lag": RETURN_LAGS,
    "sma": WINDOWS,
    "ema": WINDOWS,
    "sigma": WINDOWS,
    "band": WINDOWS[4:],
    "place": WINDOWS[2:],
    "rsi": WINDOWS[1:7],
    "atr": WINDOWS[1:7],
    "volume": WINDOWS[4:],
    "volume_score": WINDOWS[4:10],
    "flow": WINDOWS[4:9],
    "skew": (20, 50, 100),
}


def tape(bars: int, data: Path) -> tuple[pl.DataFrame, str]:
    """open high low close volume minute session, and where they come from."""
    path = data / "equities" / "TQQQ_1m.parquet"
    if path.exists():
        frame = pl.read_parquet(path).head(bars)
        local = pl.col("timestamp").dt.convert_time_zone("America/New_York")
        minute = local.dt.hour().cast(pl.Float64) * 60 + local.dt.minute() - 570
        prices = [pl.col(name).cast(pl.Float64) for name in ("open", "high", "low", "close", "volume")]
        session = local.dt.date().rank("dense")
        return frame.select(*prices, minute.alias("minute"), session.alias("session")), "real one-minute bars"
    rng = np.random.default_rng(5)
    walk = 50.0 * np.exp(np.cumsum(rng.normal(0.0, 1e-3, bars + 1)))
    spread = rng.exponential(3e-4, (bars, 2))
    columns = {
        "open": walk[:-1],
        "high": np.maximum(walk[:-1], walk[1:]) * (1.0 + spread[:, 0]),
        "low": np.minimum(walk[:-1], walk[1:]) * (1.0 - spread[:, 1]),
        "close": walk[1:],
        "volume": np.round(np.exp(rng.normal(9.0, 1.0, bars))),
        "minute": np.arange(bars) % 390.0,
        "session": np.arange(bars) // 390,
    }
    return pl.DataFrame(columns), "SYNTHETIC bars"


@entry
def in_place(states: Array, bars: Array, clocks: Array, opens: NDArray[np.bool_], row: Array) -> float:
    """All symbols' rows of each minute, one after the other, consumed where they are made."""
    total = 0.0
    for i in range(len(bars)):
        for s in range(len(states)):
            feature_step(states[s], bars[i], clocks[i], opens[i], row)
            total += row[8]
    return total


@nb.njit
def fill(table: Array) -> None:
    for i in range(table.shape[0]):
        for j in range(table.shape[1]):
            table[i, j] = i


def live(bars: Array, clocks: Array, opens: list[bool]) -> None:
    state, row = new_state(1)[0], np.zeros(N_FEATURES)
    for i in range(len(bars)):
        feature_step(state, bars[i], clocks[i], opens[i], row)


def in_pandas(frame: Any) -> Any:
    import pandas as pd

    o, h, l, c, v = (frame[name] for name in ("open", "high", "low", "close", "volume"))  # noqa: E741
    r, change, before = c.pct_change(), c.diff(), c.shift(1)
    true_range = np.maximum(h, before) - np.minimum(l, before)
    up, down, flow = change.clip(lower=0.0), -change.clip(upper=0.0), np.sign(change) * v
    make: dict[str, Callable[[int], Any]] = {
        "price_lag": lambda w: c / c.shift(w) - 1.0,
        "return_lag": lambda w: r.shift(w),
        "sma": lambda w: c / c.rolling(w).mean() - 1.0,
        "ema": lambda w: c / c.ewm(span=w, adjust=False).mean() - 1.0,
        "sigma": lambda w: r.rolling(w).std(),
        "band": lambda w: (c - c.rolling(w).mean()) / c.rolling(w).std(),
        "place": lambda w: (c - l.rolling(w).min()) / (h.rolling(w).max() - l.rolling(w).min()),
        "rsi": lambda w: up.ewm(alpha=1 / w, adjust=False).mean() / (up + down).ewm(alpha=1 / w, adjust=False).mean(),
        "atr": lambda w: true_range.ewm(alpha=1 / w, adjust=False).mean() / c,
        "volume": lambda w: v / v.rolling(w).mean() - 1.0,
        "volume_score": lambda w: (v - v.rolling(w).mean()) / v.rolling(w).std(),
        "flow": lambda w: flow.rolling(w).sum() / v.rolling(w).sum(),
        "skew": lambda w: r.rolling(w).skew(),
    }
    columns = {f"{name}_{w}": make[name](w) for name, windows in PLAN.items() for w in windows}
    session, typical = frame["session"], (h + l + c) / 3.0
    vwap = (typical * v).groupby(session).cumsum() / v.groupby(session).cumsum()
    first = o.groupby(session).transform("first")
    angle = frame["minute"] * (np.pi / 390.0)
    top, bottom = np.maximum(o, c), np.minimum(o, c)
    plain = [c / vwap - 1.0, c / first - 1.0, (h - l) / c, (c - o) / c, (h - top) / c, (bottom - l) / c]
    plain += [o / before - 1.0, (c - l) / (h - l), np.sin(angle), np.cos(angle), np.sin(angle * 13.0)]
    plain += [np.cos(angle * 13.0), (abs(c - o) < 0.1 * (h - l)).astype(float)]
    return pd.DataFrame(columns | {f"plain_{i}": column for i, column in enumerate(plain)})


def in_polars(frame: pl.DataFrame) -> pl.DataFrame:
    o, h, l, c, v = (pl.col(name) for name in ("open", "high", "low", "close", "volume"))  # noqa: E741
    before = c.shift(1)
    base = frame.with_columns(
        r=c / before - 1.0,
        up=c.diff().clip(lower_bound=0.0),
        down=-c.diff().clip(upper_bound=0.0),
        true_range=pl.max_horizontal(h, before) - pl.min_horizontal(l, before),
        flow=c.diff().sign() * v,
    )
    r, up, down, true_range, flow = (pl.col(name) for name in ("r", "up", "down", "true_range", "flow"))
    make: dict[str, Callable[[int], pl.Expr]] = {
        "price_lag": lambda w: c / c.shift(w) - 1.0,
        "return_lag": lambda w: r.shift(w),
        "sma": lambda w: c / c.rolling_mean(w) - 1.0,
        "ema": lambda w: c / c.ewm_mean(span=w, adjust=False) - 1.0,
        "sigma": lambda w: r.rolling_std(w),
        "band": lambda w: (c - c.rolling_mean(w)) / c.rolling_std(w),
        "place": lambda w: (c - l.rolling_min(w)) / (h.rolling_max(w) - l.rolling_min(w)),
        "rsi": lambda w: up.ewm_mean(alpha=1 / w, adjust=False) / (up + down).ewm_mean(alpha=1 / w, adjust=False),
        "atr": lambda w: true_range.ewm_mean(alpha=1 / w, adjust=False) / c,
        "volume": lambda w: v / v.rolling_mean(w) - 1.0,
        "volume_score": lambda w: (v - v.rolling_mean(w)) / v.rolling_std(w),
        "flow": lambda w: flow.rolling_sum(w) / v.rolling_sum(w),
        "skew": lambda w: r.rolling_skew(w),
    }
    columns = [make[name](w).alias(f"{name}_{w}") for name, windows in PLAN.items() for w in windows]
    vwap = ((h + l + c) / 3.0 * v).cum_sum().over("session") / v.cum_sum().over("session")
    angle = pl.col("minute") * (np.pi / 390.0)
    top, bottom = pl.max_horizontal(o, c), pl.min_horizontal(o, c)
    plain = [c / vwap - 1.0, c / o.first().over("session") - 1.0, (h - l) / c, (c - o) / c, (h - top) / c]
    plain += [(bottom - l) / c, o / before - 1.0, (c - l) / (h - l), angle.sin(), angle.cos()]
    plain += [(angle * 13.0).sin(), (angle * 13.0).cos(), ((c - o).abs() < 0.1 * (h - l)).cast(pl.Float64)]
    return base.select(*columns, *(column.alias(f"plain_{i}") for i, column in enumerate(plain)))


def candidates(frame: pl.DataFrame) -> dict[str, tuple[Callable[[], object], int]]:
    """What is measured, and how many symbol-bars (or calls) one measurement makes."""
    bars = np.ascontiguousarray(frame.select("open", "high", "low", "close", "volume").to_numpy())
    n = len(bars)
    session = frame["session"].to_numpy()
    opens = np.concatenate([[True], session[1:] != session[:-1]])
    day = session % 28.0
    clocks = np.column_stack([frame["minute"].to_numpy(), np.full(n, 390.0), day % 5, day + 1.0])
    table, row = np.zeros((n, N_FEATURES)), np.zeros(N_FEATURES)
    few, calls = max(n // SYMBOLS, 1), min(n, 20_000)
    flags = [bool(flag) for flag in opens[:calls]]
    found: dict[str, tuple[Callable[[], object], int]] = {
        "rung, six symbols in turn, row used in place": (
            lambda: in_place(new_state(SYMBOLS), bars[:few], clocks[:few], opens[:few], row),
            few * SYMBOLS,
        ),
        "rung, one symbol into a table": (lambda: feature_batch(new_state(1)[0], bars, clocks, opens, table), n),
        "rung, one Python call per live bar": (lambda: live(bars[:calls], clocks[:calls], flags), calls),
        "limit: writing that table": (lambda: fill(table), n),
        "polars, 126 comparable columns": (lambda: in_polars(frame), n),
    }
    try:
        import pandas as pd
    except ImportError:
        return found
    twin = pd.DataFrame({name: frame[name].to_numpy() for name in frame.columns})
    return found | {"pandas, 126 comparable columns": (lambda: in_pandas(twin), n)}


def measure(frame: pl.DataFrame, rounds: int) -> dict[str, float]:
    """Median processor nanoseconds per symbol-bar."""
    work = candidates(frame)
    assert in_polars(frame.head(600)).width == N_FEATURES
    for run, _ in work.values():
        run()
    samples: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, (run, count) in work.items():
            started = time.process_time_ns()
            run()
            samples[name].append((time.process_time_ns() - started) / count)
    return {name: statistics.median(values) for name, values in samples.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    frame, origin = tape(given.bars, given.data)
    found = measure(frame, given.rounds)
    ours, live_call = (found[name] for name in list(found)[0:3:2])
    within = ours <= BUDGET_LOOP_NS and live_call <= BUDGET_LIVE_NS
    if given.json:
        print(json.dumps({"tape": origin, "ns_per_symbol_bar": found, "within_budget": within}, indent=2))
        return
    print(f"{N_FEATURES} features of {len(frame):,} {origin}; state {STATE_SIZE * 8 / 1024:.0f} KiB a symbol")
    print(f"{'':<48}{'ns per bar':>12}{'ratio':>9}")
    for name, value in found.items():
        print(f"{name:<48}{value:>12,.0f}{value / ours:>9.2f}")
    budget = f"B5: {BUDGET_LOOP_NS:.0f} ns in the loop, {BUDGET_LIVE_NS:.0f} ns a live call"
    print(f"\n{budget}: {'within' if within else 'NOT within'}")


if __name__ == "__main__":
    main()
