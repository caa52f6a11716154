"""The tape of Work 1: `python path.py BARS.npy --bars 525600`. SYNTHETIC bars.

Evidence about programs, not about markets.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np


def walk(bars: int, seed: int = 7) -> np.ndarray:
    """(bars, 5) float64: open high low close volume, prices on the cent, open[t+1] == close[t] everywhere.

    About 100 a unit; 0.05 % a minute, the logarithm of which wanders (pull 0.1 % a minute), a jump of 1 % every
    few days. The walk ends where it began.
    """
    rng = np.random.default_rng(seed)
    wobble = rng.normal(0.0, 0.02, bars)
    mood, level = np.empty(bars), 0.0
    for t in range(bars):
        level = 0.999 * level + wobble[t]
        mood[t] = level
    returns = rng.normal(0.0, 5e-4, bars) * np.exp(mood)
    jumps = rng.random(bars) < 2e-4
    returns[jumps] += rng.normal(0.0, 0.01, jumps.sum())
    close = np.round(100.0 * np.exp(np.cumsum(returns - returns.mean())), 2)
    open_ = np.concatenate(([100.0], close[:-1]))
    high = np.round(np.maximum(open_, close) * (1.0 + rng.exponential(3e-4, bars)), 2)
    low = np.round(np.minimum(open_, close) * (1.0 - rng.exponential(3e-4, bars)), 2)
    return np.column_stack([open_, high, low, close, np.full(bars, 1e6)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--bars", type=int, default=525_600)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    np.save(given.out, walk(given.bars, given.seed))


if __name__ == "__main__":
    main()
