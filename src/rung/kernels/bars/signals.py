"""Directions and weights from closes: the three-way crossover, the strongest k of several symbols, the true range."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rung.kernels.bars import layout as at
from rung.kernels.bars.book import Row, Table, is_price
from rung.kernels.bars.lanes import ALL, add8, below8, last8, prices8, rint8, running8, store_signs8
from rung.kernels.compiled import entry, inlined
from rung.kernels.learner.lanes import LANES, load8, mul8, splat8, sub8

Signs = NDArray[np.int8]


def crossover(
    closes: Row,
    minutes: NDArray[np.int64],
    period: int,
    band: float,
    cadence: int,
    includes_current: bool,
    grid: float,
    out: Signs,
) -> None:
    """Direction of every bar: 1 above (1 + band) × the mean of `period` closes, −1 below (1 − band) ×, 0 between.

    minutes : of the bars' closes; only those divisible by `cadence` decide (an empty array: all). includes_current :
    the mean is over this close and period − 1 before it, else over the `period` before it.   grid : steps per price
    (10,000: closes lie on 0.0001), so that sums are exact whole numbers whatever their order.   out : contiguous.
    Bars that do not decide, have no price, or lie before the mean is full are KEEP; the first full mean decides.
    """
    row = np.ascontiguousarray(closes, np.float64)
    _crossover(row, minutes, period, band, cadence, includes_current, grid, out)


@entry
def _crossover(
    closes: Row,
    minutes: NDArray[np.int64],
    period: int,
    band: float,
    cadence: int,
    includes_current: bool,
    grid: float,
    out: Signs,
) -> None:
    """As `crossover`, over closes that lie one after the other."""
    back = period - 1 if includes_current else period
    head = min(back, len(closes))
    head += (len(closes) - head) % LANES
    if not all_prices(closes[:head]) or not _eight_by_eight(closes, head, back, float(period), band, grid, out):
        head = len(closes)
    _one_by_one(closes[:head], period, band, includes_current, grid, out)
    if len(minutes) > 0 and cadence > 1:
        for t in range(len(closes)):
            if minutes[t] % cadence != 0:
                out[t] = at.KEEP


@inlined
def _eight_by_eight(closes: Row, first: int, back: int, period: float, band: float, grid: float, out: Signs) -> bool:
    """From bar `first` on, where a multiple of eight bars is left. False, and all in vain, if a close is no price."""
    above, below, scale = splat8(1.0 + band), splat8(1.0 - band), splat8(grid)
    current = splat8(period - back)
    total, sound = 0.0, ALL
    for t in range(max(first - back, 0), first):
        total += np.rint(closes[t] * grid)
    for t in range(first, len(closes), LANES):
        sound &= prices8(closes, t)
        steps = rint8(mul8(load8(closes, t), scale))
        change = sub8(steps, rint8(mul8(load8(closes, t - back), scale)))
        after = add8(splat8(total), running8(change))
        mean = add8(sub8(after, change), mul8(steps, current))
        scaled = mul8(steps, splat8(period))
        store_signs8(out, t, below8(mul8(mean, above), scaled), below8(scaled, mul8(mean, below)))
        total = last8(after)
    return sound == ALL


@entry
def all_prices(closes: Row) -> bool:
    """True when every close is positive and finite."""
    count = 0
    for t in range(len(closes)):
        count += int(closes[t] > 0.0) & int(closes[t] < math.inf)
    return count == len(closes)


@inlined
def _one_by_one(closes: Row, period: int, band: float, includes_current: bool, grid: float, out: Signs) -> None:
    """Where some closes may be no prices: they decide nothing and no mean counts them."""
    above, below, full = 1.0 + band, 1.0 - band, float(period)
    total, seen, tail = 0.0, 0, 0
    for t in range(len(closes)):
        out[t] = at.KEEP
        if not is_price(closes[t]):
            continue
        steps = np.rint(closes[t] * grid)
        if includes_current:
            total, seen = total + steps, seen + 1
        while seen > period:
            if is_price(closes[tail]):
                total, seen = total - np.rint(closes[tail] * grid), seen - 1
            tail += 1
        if seen == period:
            out[t] = int(steps * full > total * above) - int(steps * full < total * below)
        if not includes_current:
            total, seen = total + steps, seen + 1


@entry
def wilder_atr(highs: Row, lows: Row, closes: Row, period: int, out: Row) -> None:
    """Average true range after every bar, quote units: the mean of the first `period`, then Wilder's smoothing.

    NaN until `period` true ranges are known (the first bar's is high − low); bars without prices repeat the last.
    """
    before, average, seen = math.nan, 0.0, 0
    for t in range(len(closes)):
        if is_price(closes[t]) and is_price(highs[t]) and is_price(lows[t]):
            high, low = highs[t], lows[t]
            if before == before:
                high, low = max(high, before), min(low, before)
            seen += 1
            average += (high - low - average) / min(seen, period)
            before = closes[t]
        out[t] = average if seen >= period else math.nan


def top_weights(closes: Table, lookback: int, every: int, k: int, gross: float) -> Table:
    """Weights of the k symbols that rose most over `lookback` rows, gross / k each, the others 0; every `every` rows.

    closes : (rows, symbols), NaN where a bar is missing: the last known close stands.   Answers (rows, symbols), NaN
    on rows that decide nothing. Ties go to the symbol further left; a symbol without a full past never ranks.
    """
    out, known = np.empty(closes.shape), np.full((lookback + 1, closes.shape[1]), math.nan)
    _rank(closes, known, every, k, gross, out)
    return out


@entry
def _rank(closes: Table, known: Table, every: int, k: int, gross: float, out: Table) -> None:
    """`known` is a ring of the last lookback + 1 rows of closes, each symbol's newest standing in for a missing one."""
    n, symbols = closes.shape
    ring = len(known)
    for t in range(n):
        now, last, then = known[t % ring], known[(t + ring - 1) % ring], known[(t + 1) % ring]
        decides = t >= ring - 1 and t % every == 0
        for s in range(symbols):
            now[s] = closes[t, s] if is_price(closes[t, s]) else last[s]
            out[t, s] = 0.0 if decides else math.nan
        if decides:
            _pick(now, then, k, gross, out[t])


@entry
def _pick(now: Row, then: Row, k: int, gross: float, out: Row) -> None:
    """Give gross / k to each of the k largest ratios now ÷ then."""
    for _ in range(k):
        best, strongest = -math.inf, -1
        for s in range(len(now)):
            ratio = now[s] / then[s]
            if out[s] == 0.0 and ratio > best:
                best, strongest = ratio, s
        if strongest >= 0:
            out[strongest] = gross / k
