"""Bars whose prices cannot or should not be: on columns, all rows at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from rung.domain.clock import NS_PER_MINUTE
from rung.market.checks.params import CheckParams
from rung.market.tape import Floats, Tape

Rows = NDArray[np.bool_]

SPLIT_RATIOS = (1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0)


def inconsistent(tape: Tape) -> Rows:
    """(n,) True where the high is not the highest or the low not the lowest of the four prices."""
    top, bottom = np.maximum(tape.open, tape.close), np.minimum(tape.open, tape.close)
    return (tape.high < top) | (tape.low > bottom)


def false_prints(tape: Tape, params: CheckParams) -> tuple[Rows, Rows]:
    """(n,) twice: bars whose high, and whose low, is a print away from where the market traded.

    Such an extreme stands beyond the bodies of its own bar and the `print_body_bars` before by more than
    `print_floor_frac` and `print_scale_ratio` × the median of their usual move; it dwarfs the rest of its own bar
    (`print_own_ratio`), and the volume is nothing special (`print_volume_ratio`): a market that really runs trades.
    Timing: a row is judged from itself and earlier rows only, so a later bar never changes the answer. The first
    `print_scale_bars` rows have too little past and are not judged.
    """
    top, bottom = np.maximum(tape.open, tape.close), np.minimum(tape.open, tape.close)
    above = tape.high / _over_past(top, params.print_body_bars, np.max) - 1
    below = 1 - tape.low / _over_past(bottom, params.print_body_bars, np.min)
    moves = np.maximum(top / bottom - 1, np.abs(np.diff(tape.close, prepend=tape.close[0]) / tape.close))
    limit = np.full(len(tape), np.inf)
    for row in np.flatnonzero(np.maximum(above, below) > params.print_floor_frac).tolist():
        before = slice(row - params.print_scale_bars, row)
        if before.start < 0 or tape.volume[row] > params.print_volume_ratio * np.median(tape.volume[before]):
            continue
        rest = (tape.high[row] - tape.low[row]) / bottom[row] - max(above[row], below[row])
        scale = params.print_scale_ratio * float(np.median(moves[before]))
        limit[row] = max(params.print_floor_frac, scale, params.print_own_ratio * rest)
    return above > limit, below > limit


def spikes(tape: Tape, adjacent: Rows, params: CheckParams) -> Rows:
    """(n,) True where a bar moved or ranged too far. `adjacent` marks rows whose previous bar is the minute before."""
    moved = np.zeros(len(tape), dtype=bool)
    moved[1:] = np.abs(np.diff(tape.close) / tape.close[:-1]) > params.spike_move_frac
    ranged = (tape.high - tape.low) / tape.close > params.spike_range_frac
    return (moved & adjacent) | ranged


def flat_runs(tape: Tape, min_minutes: int) -> tuple[Rows, Rows]:
    """(n,) twice: flat bars without volume, at least `min_minutes` of them in a row, and other bars without volume."""
    min_bars = max(2, -(-min_minutes * NS_PER_MINUTE // tape.interval_ns))
    idle = tape.volume == 0
    flat = idle & (tape.high == tape.low)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flat, [False])).astype(np.int8)))
    runs = np.zeros(len(tape), dtype=bool)
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        runs[start:stop] = stop - start >= min_bars
    return runs, idle & ~runs


def split_ratio(ratio: float, tolerance_frac: float) -> str:
    """`1:5` when prices overnight fell to a fifth, `3:1` when they tripled; empty when no usual split is near."""
    up = ratio >= 1
    factor = ratio if up else 1 / ratio
    nearest = min(SPLIT_RATIOS, key=lambda known: abs(factor / known - 1))
    if abs(factor / nearest - 1) > tolerance_frac:
        return ""
    left, right = (3, 2) if nearest == 1.5 else (int(nearest), 1)
    return f"{left}:{right}" if up else f"{right}:{left}"


def _over_past(values: Floats, bars: int, extreme: Callable[..., Floats]) -> Floats:
    """The extreme over each row and the `bars` rows before it."""
    padded = np.concatenate((np.full(bars, values[0]), values))
    return extreme(sliding_window_view(padded, bars + 1), axis=1)
