"""Bars on which nothing happens, eight at a time: most of a tape lies between two decisions.

Each number comes out of the same operations, in the same order, as bar by bar: the bits are the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rung.kernels.bars import layout as at
from rung.kernels.bars.book import Columns, Row
from rung.kernels.bars.lanes import ALL, apart, below8, counted, equal8, least8, lowest8, lowest_bit, prices8
from rung.kernels.compiled import inlined, separate
from rung.kernels.learner.lanes import LANES, load8, splat8

STRETCH = 512


@separate
def regular_until(close: Row, sessions: NDArray[np.int64], funding: Row, start: int, session: int) -> int:
    """The first bar from `start` on, at most STRETCH on, that has no price, another session or funding to pay."""
    apart()
    for t in range(start, min(start + STRETCH, len(close) - LANES + 1), LANES):
        regular = prices8(close, t)
        regular &= equal8(sessions, t, session)
        if len(funding) > 0:
            regular &= equal8(funding, t, 0.0)
        if regular != ALL:
            return t + lowest_bit(regular ^ ALL)
        start = t + LANES
    return start


@inlined
def calm_until(
    columns: Columns, directions: NDArray[np.int8], start: int, end: int, stance: int, cash: float, base: float,
    floor: float, ceiling: float, equity_out: Row,
) -> int:  # fmt: skip
    """The first of the regular bars [start, end) on which something happens, else `end`; writes equity before it.

    The loops compare with a written-out stance: a processor that guesses wrong where a loop ends then finds out
    without having to wait for the fill that made the stance.
    """
    if stance == 0:
        return _flat_until(directions, start, end, cash, equity_out)
    if stance > 0:
        return _held_until(columns, directions, start, end, 1, cash, base, floor, ceiling, equity_out)
    return _held_until(columns, directions, start, end, -1, cash, base, floor, ceiling, equity_out)


@inlined
def _flat_until(directions: NDArray[np.int8], start: int, end: int, cash: float, equity_out: Row) -> int:
    """The first bar that asks for a position."""
    for bar in range(start, end):
        t = counted(bar)
        if directions[t] != 0 and directions[t] != at.KEEP:
            return bar
        equity_out[t] = cash
    return end


@inlined
def _held_until(
    columns: Columns, directions: NDArray[np.int8], start: int, end: int, stance: int, cash: float, base: float,
    floor: float, ceiling: float, equity_out: Row,
) -> int:  # fmt: skip
    """The first bar that reaches a level or asks for another position."""
    _, high, low, close, _, _, _, _ = columns
    for bar in range(start, end):
        t = counted(bar)
        if not (floor < low[t] and high[t] < ceiling):
            return bar
        if directions[t] != stance and directions[t] != at.KEEP:
            return bar
        equity_out[t] = cash + base * close[t]
    return end


@separate
def or_ruin(equity: Row, start: int, stop: int, last: float) -> float:
    """`last` when equity was above zero at every close of the bars [start, stop), else 0: a day that ruined."""
    apart()
    lows, whole = splat8(last), start + (stop - start) // LANES * LANES
    for t in range(start, whole, LANES):
        lows = least8(load8(equity, t), lows)
    lowest = lowest8(lows)
    for t in range(whole, stop):
        lowest = min(lowest, equity[t])
    return last if lowest > 0.0 else 0.0


@separate
def deepest_fall(equity: Row, first: float) -> tuple[float, float, float]:
    """Peak, lowest equity since, and the deepest fall from a peak before, as a ratio; `first` is before all."""
    apart()
    peak, trough, worst = first, first, 1.0
    lows, whole = splat8(first), len(equity) // LANES * LANES
    for t in range(0, whole, LANES):
        now = load8(equity, t)
        if below8(splat8(peak), now) == 0:
            lows = least8(now, lows)
            continue
        trough = lowest8(lows)
        for i in range(t, t + LANES):
            peak, trough, worst = _deepest(equity[i], peak, trough, worst)
        lows = splat8(trough)
    trough = lowest8(lows)
    for t in range(whole, len(equity)):
        peak, trough, worst = _deepest(equity[t], peak, trough, worst)
    return peak, trough, worst


@inlined
def _deepest(equity: float, peak: float, trough: float, worst: float) -> tuple[float, float, float]:
    """After one more bar; a division only at new peaks."""
    if equity > peak:
        return equity, equity, min(worst, trough / peak)
    return peak, min(trough, equity), worst
