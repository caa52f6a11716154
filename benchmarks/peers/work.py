"""Work 1 as every system is told it: the rules, the tape, and the one line each prints.

Imports numpy and the standard library only: it runs inside the environment of every peer.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SELDOM = os.environ.get("RUNG_WORK") == "seldom"
"""A strategy that hardly ever trades, instead: the mean of a day, 1 %."""
PERIOD, BAND = (1_440, 0.01) if SELDOM else (60, 0.001)
FEE_FRAC, NOTIONAL, CAPITAL = 0.0002, 1_000.0, 100_000.0
STOP_FRAC, TAKE_FRAC = 0.02, 0.04
START = "2025-01-01"
START_S = 1_735_689_600
"""The first bar opens then, UTC."""
MINUTE_S = 60


@dataclass(frozen=True)
class Task:
    """One run. rows : (n, 5) float64, open high low close volume of one-minute bars.   stops : 2 % and 4 %.
    out : where the round trips go as (trades, 3) int64: entry row, exit row, side; None for nowhere.   extra : flags.
    """

    rows: np.ndarray
    stops: bool
    out: Path | None
    extra: argparse.Namespace

    def column(self, name: str) -> np.ndarray:
        """One of open, high, low, close, volume; contiguous."""
        return np.ascontiguousarray(self.rows[:, ("open", "high", "low", "close", "volume").index(name)])

    def stamps_s(self) -> np.ndarray:
        """When each bar opens, UTC seconds."""
        return START_S + MINUTE_S * np.arange(len(self.rows), dtype=np.int64)


def task(*flags: str) -> Task:
    """What the command line asks for: BARS.npy [--stops] [--out FILE.npy] and the peer's own flags."""
    parser = argparse.ArgumentParser()
    parser.add_argument("bars", type=Path)
    parser.add_argument("--stops", action="store_true")
    parser.add_argument("--out", type=Path)
    for flag in flags:
        parser.add_argument(flag, action="store_true")
    given = parser.parse_args()
    return Task(np.load(given.bars), given.stops, given.out, given)


class Mean:
    """The mean of the PERIOD closes before the newest, for peers that call a strategy bar by bar."""

    def __init__(self) -> None:
        self._closes: deque[float] = deque(maxlen=PERIOD)
        self._total = 0.0

    def direction(self, close: float) -> int:
        """1, 0 or −1 for this close against the mean of those before it; 0 until there are enough. Takes it in."""
        closes, wanted = self._closes, 0
        if len(closes) == PERIOD:
            mean = self._total / PERIOD
            wanted = int(close > mean * (1.0 + BAND)) - int(close < mean * (1.0 - BAND))
            self._total -= closes[0]
        self._total += close
        closes.append(close)
        return wanted


class Timer:
    """Processor seconds of the engine's run alone: what other programs take meanwhile is not in them."""

    seconds = 0.0

    def __enter__(self) -> Timer:
        self._started = time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.process_time() - self._started


def tell(work: Task, version: str, seconds: float, equity: float, trips: Any, **more: Any) -> None:
    """Print the line. trips : rows of (entry row, exit row, side), closed round trips only, in order of entry."""
    log = np.asarray(trips, dtype=np.int64).reshape(-1, 3)
    if work.out is not None:
        np.save(work.out, log)
    line = {
        "version": version,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "bars": len(work.rows),
        "seconds": seconds,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
        "trades": len(log),
        "equity": float(equity),
        **more,
    }
    print(json.dumps(line), flush=True)
