"""How often does each test let a strategy without skill through, and how often one that has some?

    python -m benchmarks.honesty [--runs 2000] [--json]

Simulated daily returns, 252 a year, deviation 1 %: nothing here is market evidence. Seeded, so the same numbers come
out again. A share p of `runs` has a standard error of √(p (1 − p) ÷ runs): 0.5 points at 5 % and 2,000 runs.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from math import sqrt

import numpy as np

from rung.lab.statistics.pbo import overfitting
from rung.lab.statistics.psr import deflated_sharpe, probabilistic_sharpe
from rung.lab.statistics.sharpe import moments_of
from rung.lab.statistics.spa import superiority
from rung.lab.statistics.trials import Tally
from rung.lab.statistics.verdict import Verdict, verdict_on

YEAR, DEVIATION, LEVEL = 252, 0.01, 0.95
DAYS, TRIALS = (63, 252, 756), (1, 10, 100)
Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
Row = dict[str, str | int | float]


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(shape) * DEVIATION


def fat(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Student's t with 4 degrees of freedom: kurtosis without bound."""
    return rng.standard_t(4, shape) / sqrt(2.0) * DEVIATION


def crashing(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Many small gains, few large losses: skewness −2."""
    return (1.0 - rng.exponential(1.0, shape)) * DEVIATION


def trailing(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Each day resembles the one before: first-order autocorrelation 0.2."""
    noise = rng.standard_normal((*shape[:-1], shape[-1] + 20))
    for t in range(1, noise.shape[-1]):
        noise[..., t] += 0.2 * noise[..., t - 1]
    return noise[..., 20:] * sqrt(1 - 0.04) * DEVIATION


MARKETS: dict[str, Draw] = {"normal": normal, "fat tails": fat, "crashes": crashing, "trailing": trailing}


def best_of(crowd: np.ndarray) -> tuple[float, float, float, int]:
    """PSR, DSR and 1 − chance of the best of (trials, days), and which it is."""
    ratios = crowd.mean(axis=1) / crowd.std(axis=1, ddof=1)
    best = int(ratios.argmax())
    moments, trials = moments_of(crowd[best]), len(crowd)
    variance = float(ratios.var(ddof=1)) if trials > 1 else 0.0
    deflated = deflated_sharpe(moments, trials, variance)
    return probabilistic_sharpe(moments), deflated.probability, 1.0 - deflated.chance, best


def picked(runs: int) -> list[Row]:
    """The best of N trials, judged on the days it was picked on; with an edge, the first of them has it."""
    rows: list[Row] = []
    for market, edge in (*((name, 0.0) for name in MARKETS), *(("normal", s) for s in (1.0, 2.0, 3.0))):
        for days in DAYS:
            for trials in TRIALS:
                rng = np.random.default_rng([1, days, trials])
                found = []
                for _ in range(runs):
                    crowd = MARKETS[market](rng, (trials, days))
                    crowd[0] += edge / sqrt(YEAR) * DEVIATION
                    found.append(best_of(crowd))
                psr, dsr, beyond, best = (np.array(column) for column in zip(*found, strict=True))
                right = best == 0 if edge else np.ones(runs, dtype=bool)
                rows.append(
                    {"market": market, "sharpe": edge, "days": days, "trials": trials,
                     "psr_passes": float(np.mean((psr >= LEVEL) & right)),
                     "chance_passes": float(np.mean((beyond >= LEVEL) & right)),
                     "dsr_passes": float(np.mean((dsr >= LEVEL) & right))}
                )  # fmt: skip
    return rows


def boxed(runs: int) -> list[Row]:
    """The honesty box on days that were looked at so often: it sees the best of as many, and is told how many."""
    rows: list[Row] = []
    cases = [(market, 0.0, trials) for market in MARKETS for trials in TRIALS]
    for market, edge, trials in (*cases, *(("normal", s, 1) for s in (1.0, 2.0, 3.0))):
        for days in DAYS:
            rng = np.random.default_rng([2, days, trials])
            said = []
            for _ in range(runs):
                crowd = MARKETS[market](rng, (trials, days)) + edge / sqrt(YEAR) * DEVIATION
                best = crowd[(crowd.mean(axis=1) / crowd.std(axis=1)).argmax()]
                said.append(verdict_on(best, Tally(count=trials), YEAR))
            shares = {each.value: said.count(each) / runs for each in Verdict}
            rows.append({"market": market, "sharpe": edge, "days": days, "looks": trials, **shares})
    return rows


def crowds(runs: int) -> list[Row]:
    """PBO (16 blocks) and SPA (against cash) on 20 strategies over two years, none or one of them with an edge."""
    rows: list[Row] = []
    for edge in (0.0, 1.0, 2.0, 3.0):
        rng = np.random.default_rng(3)
        pbo, spa, white = [], [], []
        for _ in range(runs // 10):
            crowd = normal(rng, (504, 20))
            crowd[:, 0] += edge / sqrt(YEAR) * DEVIATION
            pbo.append(overfitting(crowd).probability)
            test = superiority(np.zeros(504), crowd, rng, resamples=400, block=1)
            spa.append(test.spa <= 1.0 - LEVEL)
            white.append(test.reality_check <= 1.0 - LEVEL)
        low, high = np.quantile(pbo, (0.05, 0.95))
        rows.append(
            {"sharpe": edge, "pbo_mean": float(np.mean(pbo)), "pbo_5%": float(low), "pbo_95%": float(high),
             "spa_rejects": float(np.mean(spa)), "reality_check_rejects": float(np.mean(white))}
        )  # fmt: skip
    return rows


def table(title: str, rows: list[Row]) -> None:
    print(f"\n{title}")
    print("  ".join(f"{name:>12}" for name in rows[0]))
    for row in rows:
        print("  ".join(f"{value:>12.3f}" if isinstance(value, float) else f"{value:>12}" for value in row.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = {"picked": picked(given.runs), "boxed": boxed(given.runs), "crowds": crowds(given.runs)}
    if given.json:
        print(json.dumps(found, indent=2))
        return
    table("the best of so many trials passes at 95 % (with an edge: and is the right one)", found["picked"])
    table("the honesty box", found["boxed"])
    table(f"20 strategies, 504 days ({given.runs // 10} crowds)", found["crowds"])


if __name__ == "__main__":
    main()
