"""The learner (budget B4) against textbook forms and the machine's limits; and, with --skill, whether it predicts.

    python benchmarks/learner.py [--samples 2000] [--rounds 9] [--json]
    python benchmarks/learner.py --skill [--data DIR] [--json]

Times are processor time per symbol-bar for all three horizons, medians of interleaved rounds, one thread. Six
symbols take turns, as in a slice. --skill replays the real tapes: mean squared error out of sample ÷ variance of the
target per setting, symbol and horizon (1 = predicting nothing).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numba as nb
import numpy as np
from numpy.typing import NDArray

from rung.kernels.ensemble import N_OUT, ensemble_batch, new_ensemble_state
from rung.kernels.learner import layout as at
from rung.kernels.learner.covariance import absorb
from rung.kernels.learner.lanes import fma8, load8, splat8, store8, sum8
from rung.kernels.learner.params import HORIZONS, N_WEIGHTS, SOURCE, LearnerParams
from rung.kernels.learner.skill import SkillRow, measure_skill
from rung.kernels.learner.state import pack_params, start_learner
from rung.kernels.learner.step import _learn, learn_bar, mature, open_session

Array = NDArray[np.float64]
SYMBOLS = 6
BUDGET_US = 4.5
MINUTES = 390
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
TAPES = {
    "2025-04-01 → 10-03": (("TQQQ", "SQQQ", "SDS", "UVXY", "SSO", "SVIX"), "2025-04-01"),
    "2025-09-15 → 10-03": (("TQQQ", "SQQQ", "SPXL", "SDS", "UVXY", "SVXY"), "2025-09-15"),
}
LAST_DAY = "2025-10-03"
MEMORIES = (0.98, 0.99, 0.995, 0.999, 0.9999)
RIDGES = (0.0, 100.0, 1_000.0, 10_000.0, 30_000.0, 100_000.0)


def rows() -> Array:
    """Six learners that have seen nothing, on cache lines."""
    store = np.zeros(SYMBOLS * at.STATE_SIZE + 8)
    first = -store.ctypes.data // 8 % 8
    state = store[first : first + SYMBOLS * at.STATE_SIZE].reshape(SYMBOLS, at.STATE_SIZE)
    start_learner(state, LearnerParams())
    return state


@nb.njit
def whole_step(states: Array, features: Array, closes: Array, params: Array) -> None:
    """Scaling, predictions, confidence, matured targets, covariance: all but the features."""
    for t in range(len(features)):
        for s in range(len(states)):
            row = states[s]
            if t % MINUTES == 0:
                open_session(row, params, row[at.SESSION] + 1.0)
            row[at.CLOSE] = closes[t]
            mature(row, params, float(t % MINUTES))
            for j in range(at.N_FEATURES):
                row[at.X + j] = features[t, j]
            learn_bar(row, params, closes[t], float(t % MINUTES), float(MINUTES), 0.0)


@nb.njit
def updates_only(states: Array, features: Array, closes: Array, params: Array, filters: int) -> None:
    """What the textbook forms below do: gains once per filter, weights of every horizon."""
    for t in range(len(features)):
        for s in range(len(states)):
            row = states[s]
            for j in range(at.N_FEATURES):
                row[at.X + j] = features[t, j]
            row[at.X + at.INTERCEPT] = 1.0
            sample = at.RING + t % at.N_PENDING * at.SAMPLE_SIZE
            for _ in range(filters):
                absorb(row, sample, params[at.LAMBDA], params[at.LEAK])
            row[at.APPENDED] += 1.0
            for h in range(at.N_HORIZONS):
                _learn(row, sample, h, closes[t])


@nb.njit
def rewrite_half(states: Array, passes: int) -> float:
    """The memory's limit: read and write every symbol's covariance once, add nothing but a sign change's worth."""
    total = splat8(0.0)
    minus = splat8(-1.0)
    zero = splat8(0.0)
    for _ in range(passes):
        for s in range(len(states)):
            row = states[s]
            for k in range(at.COVARIANCE, at.COVARIANCE + at.COVARIANCE_SIZE, 8):
                store8(row, k, fma8(minus, load8(row, k), zero))
    return sum8(total)


@nb.njit
def arithmetic(block: Array, passes: int) -> float:
    """The arithmetic's limit: four multiply-adds per eight elements of the half, everything at hand."""
    a, b, c, d = splat8(0.1), splat8(0.2), splat8(0.3), splat8(0.4)
    e, f, g, h = splat8(0.5), splat8(0.6), splat8(0.7), splat8(0.8)
    factor = splat8(0.999)
    for _ in range(passes):
        for k in range(0, at.COVARIANCE_SIZE, 16):
            p, q = load8(block, k % 512), load8(block, k % 512 + 8)
            a, b, c, d = fma8(a, factor, p), fma8(b, factor, p), fma8(c, factor, p), fma8(d, factor, p)
            e, f, g, h = fma8(e, factor, q), fma8(f, factor, q), fma8(g, factor, q), fma8(h, factor, q)
    return sum8(a) + sum8(b) + sum8(c) + sum8(d) + sum8(e) + sum8(f) + sum8(g) + sum8(h)


def textbook_by_products(xs: Array, ys: Array) -> None:
    """P − k·xᵀ·P as written: two products of whole matrices, O(n³). One filter per horizon."""
    for y in ys.T:
        p, w = np.eye(N_WEIGHTS) * 10.0, np.zeros((N_WEIGHTS, 1))
        for x, target in zip(xs[:, :, None], y, strict=True):
            k = p @ x / (0.98 + x.T @ p @ x)
            w = w + k * (target - x.T @ w)
            p = (p - k @ x.T @ p) / 0.98


def textbook_in_place(xs: Array, ys: Array) -> None:
    """P −= outer(Px, Px)/s in place, O(n²). One filter per horizon."""
    buffer = np.zeros((N_WEIGHTS, N_WEIGHTS))
    for y in ys.T:
        p, w = np.eye(N_WEIGHTS) * 10.0, np.zeros(N_WEIGHTS)
        for x, target in zip(xs, y, strict=True):
            px = p @ x
            spread = 0.98 + x @ px
            w += px * ((target - x @ w) / spread)
            np.outer(px, px / spread, out=buffer)
            p -= buffer
            p /= 0.98


def in_padasip(xs: Array, ys: Array) -> None:
    from padasip.filters import FilterRLS

    for y in ys.T:
        model = FilterRLS(n=N_WEIGHTS, mu=0.98, eps=0.1, w="zeros")
        for x, target in zip(xs, y, strict=True):
            model.adapt(target, x)


def in_river(xs: Array, ys: Array) -> None:
    """Bayesian regression without forgetting: river has no recursive least squares that forgets."""
    from river.linear_model import BayesianLinearRegression

    named = [dict(enumerate(x)) for x in xs]
    for y in ys.T:
        model = BayesianLinearRegression()
        for x, target in zip(named, y, strict=True):
            model.learn_one(x, target)


@dataclass(frozen=True, slots=True)
class Work:
    """What is measured, and how many symbol-bars one measurement makes."""

    run: Callable[[], object]
    bars: int


def candidates(samples: int) -> dict[str, Work]:
    rng = np.random.default_rng(7)
    features = rng.normal(size=(samples, at.N_FEATURES))
    closes = 40.0 * np.exp(np.cumsum(rng.normal(0.0, 1e-3, samples)))
    few = min(samples, 150)
    xs, ys = np.column_stack([features[:few], np.ones(few)]), rng.normal(0.0, 1e-3, (few, len(HORIZONS)))
    params, states, block = pack_params(LearnerParams()), rows(), np.ones(512)
    every, passes = samples * SYMBOLS, samples
    found = {
        "rung, whole step but the features": Work(lambda: whole_step(states, features, closes, params), every),
        "rung, the updates alone": Work(lambda: updates_only(rows(), features, closes, params, 1), every),
        "rung's kernel as three separate filters": Work(
            lambda: updates_only(rows(), features, closes, params, 3), every
        ),
        "limit: read and write half a covariance": Work(lambda: rewrite_half(states, passes), every),
        "limit: arithmetic of the fused update": Work(lambda: arithmetic(block, passes), passes),
        "numpy in place, three filters": Work(lambda: textbook_in_place(xs, ys), few),
        "numpy P − k·xᵀ·P, three filters": Work(lambda: textbook_by_products(xs, ys), few),
    }
    for name, module, run in (
        ("padasip FilterRLS, three filters", "padasip", in_padasip),
        ("river Bayesian, no forgetting, three", "river", in_river),
    ):
        try:
            __import__(module)
        except ImportError:
            print(f"{module} is not installed: left out", file=sys.stderr)
            continue
        found[name] = Work(lambda run=run: run(xs, ys), few)
    return found


def measure(samples: int, rounds: int) -> dict[str, float]:
    """Median processor microseconds per symbol-bar."""
    work = candidates(samples)
    for candidate in work.values():
        candidate.run()
    taken: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, candidate in work.items():
            started = time.process_time_ns()
            candidate.run()
            taken[name].append((time.process_time_ns() - started) / candidate.bars / 1e3)
    return {name: statistics.median(values) for name, values in taken.items()}


def real_tape(data: Path, symbols: tuple[str, ...], start: str) -> tuple[Array, NDArray[np.bool_], Array]:
    """bars (t, n, 5), present (t, n), clocks (t, 5) of the exchange's sessions from `start` on."""
    from datetime import date

    from rung.market.calendar import xnys
    from rung.market.catalogue import Catalogue
    from rung.market.replay import TapeFeed

    slices = list(TapeFeed(Catalogue(data / "equities").tapes(symbols), xnys(), start, LAST_DAY))
    bars, clocks = np.full((len(slices), len(symbols), 5), np.nan), np.zeros((len(slices), 5))
    for t, event in enumerate(slices):
        day, session = date.fromisoformat(event.session.date), event.session
        minute = session.minutes_since_open(event.at_ns) - 1
        clocks[t] = minute, session.length_minutes, day.weekday(), day.day, day.toordinal()
        for i, symbol in enumerate(symbols):
            bar = event.bars.get(symbol)
            if bar is not None:
                bars[t, i] = bar.open, bar.high, bar.low, bar.close, bar.volume
    return bars, np.isfinite(bars[:, :, 3]), clocks


def skill_of(params: LearnerParams, symbols: tuple[str, ...], tape: tuple[Any, Any, Any]) -> list[SkillRow]:
    bars, present, clocks = tape
    out = np.zeros((*present.shape, N_OUT))
    ensemble_batch(new_ensemble_state(len(symbols), params), bars, present, clocks, pack_params(params), out)
    return measure_skill(symbols, bars[:, :, 3], present, clocks, out)


def print_grid(title: str, symbols: tuple[str, ...], tape: tuple[Any, Any, Any]) -> None:
    print(f"\n{title}: {' '.join(symbols)}; ratio as mean / worst of the 18 symbol-horizons, then mean direction\n")
    print("| λ | " + " | ".join(f"ridge {ridge:,.0f}" for ridge in RIDGES) + " |")
    print("|---" * (len(RIDGES) + 1) + "|")
    for memory in MEMORIES:
        cells = []
        for ridge in RIDGES:
            found = skill_of(LearnerParams(ewrls_lambda=memory, ridge=ridge), symbols, tape)
            ratios = [row.ratio for row in found]
            direction = statistics.fmean(row.direction_frac for row in found)
            cells.append(f"{statistics.fmean(ratios):.3f} / {max(ratios):.3f}, {direction:.1%}")
        print(f"| {memory} | " + " | ".join(cells) + " |", flush=True)


def print_symbols(name: str, found: list[SkillRow]) -> None:
    print(f"\n{name}\n\n| symbol | " + " | ".join(f"{h} min" for h in HORIZONS) + " | samples |\n|---|---|---|---|---|")
    for i in range(0, len(found), len(HORIZONS)):
        some = found[i : i + len(HORIZONS)]
        cells = " | ".join(f"{row.ratio:.3f}, {row.direction_frac:.1%}" for row in some)
        print(f"| {some[0].symbol} | {cells} | {some[0].n_samples:,} |")


def report_skill(data: Path, as_json: bool) -> int:
    if not (data / "equities").is_dir():
        print(f"no real tapes in {data / 'equities'}: give --data DIR", file=sys.stderr)
        return 2
    settings = {"shipped default": LearnerParams(), "source setting": SOURCE}
    for title, (symbols, start) in TAPES.items():
        tape = real_tape(data, symbols, start)
        found = {name: skill_of(params, symbols, tape) for name, params in settings.items()}
        if as_json:
            table = {
                name: [[r.symbol, r.horizon_minutes, r.ratio, r.direction_frac] for r in f] for name, f in found.items()
            }
            print(json.dumps({"period": title, **table}))
            continue
        print_grid(title, symbols, tape)
        for name, one in found.items():
            print_symbols(f"{title}, {name} (ratio, direction):", one)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--skill", action="store_true")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.skill:
        return report_skill(given.data, given.json)
    found = measure(given.samples, given.rounds)
    ours, alone = list(found.values())[:2]
    if given.json:
        print(json.dumps({"us_per_symbol_bar": found, "within_budget": ours <= BUDGET_US}, indent=2))
        return 0
    print(
        f"{N_WEIGHTS} weights, horizons {HORIZONS}, {SYMBOLS} symbols in turn, {at.STATE_SIZE * 8 / 1024:.0f} KiB each"
    )
    print(f"{'':<44}{'µs per symbol-bar':>18}{'÷ updates alone':>17}")
    for name, value in found.items():
        print(f"{name:<44}{value:>18.2f}{value / alone:>17.2f}")
    print(f"\nB4: {BUDGET_US} µs for the whole step: {'within' if ours <= BUDGET_US else 'NOT within'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
