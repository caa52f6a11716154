"""Taking a bar into the rings and panels; the few quantities that several families share."""

from __future__ import annotations

import math
from typing import NamedTuple

from rung.kernels.compiled import Row, inlined
from rung.kernels.features import layout as at
from rung.kernels.features import panels as over
from rung.kernels.features.now import Now, sign
from rung.kernels.features.shapes import push_shapes


class Shared(NamedTuple):
    """Read by more than one family. Sums are over the last 20 bars unless the name says otherwise."""

    mean_return: float
    return_squares: float
    return_spread: float  # Σ (r − mean)²
    rms: float  # root mean square return
    volume: float
    atr_10: float
    atr_14: float
    atr_20: float


@inlined
def take(state: Row, now: Now) -> Shared:
    """Push this bar everywhere; afterwards every window ends at it."""
    n = now.n
    _fill_short(state, now)
    over.push_short(state, n)
    _fill_long(state, now)
    over.push_long(state, n)
    push_shapes(state, n, now.close, now.prior_close)
    _fill_rings(state, now)
    over.push_extremes(state, n)
    squares = over.long_20(state, n, at.RETURN_SQUARE)
    mean = over.short_20(state, n, at.RETURN) * 0.05
    spread = squares - 20.0 * mean * mean
    rms = math.sqrt(squares * 0.05)
    state[at.SCORES + (n & 511)] = now.ret / rms if rms > 0.0 else 0.0
    return Shared(
        mean_return=mean,
        return_squares=squares,
        return_spread=spread if spread > 1e-12 * squares else 0.0,
        rms=rms,
        volume=over.short_20(state, n, at.VOLUME),
        atr_10=_wilder(state, at.ATRS, now.true_range, 10.0),
        atr_14=_wilder(state, at.ATRS + 1, now.true_range, 14.0),
        atr_20=_wilder(state, at.ATRS + 2, now.true_range, 20.0),
    )


@inlined
def _wilder(state: Row, where: int, value: float, span: float) -> float:
    average: float = state[where] + (value - state[where]) * (1.0 / span)
    state[where] = average
    return average


@inlined
def _fill_short(state: Row, now: Now) -> None:
    r, v, n = now.ret, now.volume, now.n
    row = at.SHORT_1 + (n & 1) * at.SHORT_WIDTH
    prior_typical = (now.prior_high + now.prior_low + now.prior_close) * (1.0 / 3.0)
    money = now.typical * v
    moved = now.typical - prior_typical
    direction = sign(moved) if abs(moved) > 1e-12 * now.typical else 0.0
    log_range, log_body = math.log(now.high / now.low), math.log(now.close / now.open)
    square = r * r
    state[row + at.TYPICAL] = now.typical
    state[row + at.ABS_CHANGE] = abs(now.change)
    state[row + at.BUYING] = now.close - (now.low if now.low < now.prior_close else now.prior_close)
    state[row + at.TRUE_RANGE] = now.true_range
    state[row + at.MONEY] = money * direction
    state[row + at.ABS_MONEY] = money * abs(direction)
    state[row + at.CLOSE_VOLUME] = now.close * v
    state[row + at.RETURN] = r
    state[row + at.RETURN_LAG_1] = r * state[at.RETURNS + ((n - 1) & 7)]
    state[row + at.RETURN_LAG_5] = r * state[at.RETURNS + ((n - 5) & 7)]
    state[row + at.RETURN_CUBE] = square * r
    state[row + at.RETURN_FOURTH] = square * square
    state[row + at.RETURN_VOLUME] = r * v
    state[row + at.VOLUME] = v
    state[row + at.VOLUME_SQUARE] = v * v
    state[row + at.SIGNED_VOLUME] = v * sign(now.change)
    state[row + at.FLOW] = money_flow(now)
    state[row + at.EASE] = _ease(now)
    state[row + at.LOG_RANGE] = log_range * log_range
    state[row + at.LOG_BODY] = log_body * log_body


@inlined
def money_flow(now: Now) -> float:
    """Volume × where the close lies in the bar's range, −1 at the low to +1 at the high."""
    if now.span > 0.0:
        return now.volume * (2.0 * now.close - now.high - now.low) / now.span
    return 0.0


@inlined
def _ease(now: Now) -> float:
    """How far the bar's middle moved per volume, × its range; both as fractions of the close."""
    if now.volume > 0.0:
        moved = 0.5 * (now.high + now.low - now.prior_high - now.prior_low)
        return moved * now.span * now.per_close * now.per_close / now.volume
    return 0.0


@inlined
def _fill_long(state: Row, now: Now) -> None:
    row = at.LONG_1 + (now.n & 1) * at.LONG_WIDTH
    stride = now.close / state[at.CLOSES + ((now.n - 8) & 255)] - 1.0
    state[row + at.CLOSE] = now.close
    state[row + at.RETURN_SQUARE] = now.ret * now.ret
    state[row + at.STRIDE_SQUARE] = stride * stride


@inlined
def _fill_rings(state: Row, now: Now) -> None:
    n = now.n
    state[at.CLOSES + (n & 255)] = now.close
    state[at.RETURNS + (n & 7)] = now.ret
    state[at.TYPICALS + (n & 31)] = now.typical
    state[at.TYPICALS + 32 + (n & 31)] = now.typical
    spot = at.EXTREMES_1 + (n & 31) * at.EXTREME_WIDTH
    state[spot + at.HIGH] = now.high
    state[spot + at.HIGH + 1] = n
    state[spot + at.LOW] = -now.low
    state[spot + at.LOW + 1] = n
