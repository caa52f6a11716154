"""The one compiled feature step. A batch is this step in a loop, so a feature cannot see the future."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rung.kernels.compiled import Row, entry, inlined
from rung.kernels.features import layout as at
from rung.kernels.features.averages import average_features
from rung.kernels.features.clock import time_features
from rung.kernels.features.intake import take
from rung.kernels.features.lags import lag_features
from rung.kernels.features.momentum import momentum_features
from rung.kernels.features.now import look, remember
from rung.kernels.features.opening import open_session
from rung.kernels.features.patterns import pattern_features
from rung.kernels.features.price import price_features
from rung.kernels.features.registry import N_FEATURES, REGISTRY, WARMUP_BARS
from rung.kernels.features.shapes import shape_20
from rung.kernels.features.statistics import statistics_features
from rung.kernels.features.volatility import volatility_features
from rung.kernels.features.volume import volume_features

STATE_SIZE = at.STATE_SIZE
_WARMUPS = np.array([float(spec.warmup_bars) for spec in REGISTRY])


def new_state(n_symbols: int) -> NDArray[np.float64]:
    """(n_symbols, STATE_SIZE) float64: one row is everything known of one symbol; saving it saves the stream."""
    return np.zeros((n_symbols, STATE_SIZE))


@inlined
def _is_usable(bar: Row) -> bool:
    """Finite, prices above zero, volume not negative."""
    total = bar[0] + bar[1] + bar[2] + bar[3] + bar[4]
    priced = (bar[0] > 0.0) & (bar[1] > 0.0) & (bar[2] > 0.0) & (bar[3] > 0.0)
    return bool(priced & (bar[4] >= 0.0) & (total < np.inf))


@inlined
def _neutralise(out: Row, bars: int) -> None:
    """0 where a window is not full yet, and wherever a denominator was zero."""
    if bars < WARMUP_BARS:
        for j in range(N_FEATURES):
            if bars < _WARMUPS[j]:
                out[j] = 0.0
    for j in range(N_FEATURES):
        value = out[j]
        out[j] = value if value - value == 0.0 else 0.0


@entry
def feature_step(state: Row, bar: Row, clock: Row, session_open: bool, out: Row) -> None:
    """Take one closed bar of one symbol and write its 126 features.

    state : (STATE_SIZE,), from `new_state`, changed in place.   bar : (5,) open, high, low, close, volume.
    clock : (4,) minutes from the session's open to the bar's open, session length in minutes, weekday
    (Monday 0) and day of month of the session date.   session_open : first bar of the symbol's session.
    out : (126,), always finite; 0 before a feature's warm-up and where it is undefined.
    Timing: may be called at bar open + interval, with bars in time order; a missing bar is simply not passed.
    An unusable bar (non-finite, price ≤ 0, volume < 0) leaves the state as it is and writes zeros.
    """
    if not _is_usable(bar):
        if session_open:
            state[at.AWAITS_OPEN] = 1.0
        out[:] = 0.0
        return
    if session_open or state[at.AWAITS_OPEN] > 0.0 or state[at.N_BARS] == 0.0:
        open_session(state, bar)
    now = look(state, bar)
    shared = take(state, now)
    last_20 = shape_20(state, now.n)
    time_features(state, clock, out)
    price_features(state, now, shared, out)
    average_features(state, now, shared, last_20.tilt, out)
    momentum_features(state, now, shared, out)
    volatility_features(state, now, shared, last_20.spread, clock[0], out)
    volume_features(state, now, shared, out)
    statistics_features(state, now, shared, last_20, out)
    pattern_features(state, now, out)
    lag_features(state, now, out)
    remember(state, now)
    _neutralise(out, now.n + 1)


@entry
def feature_batch(
    state: Row,
    bars: NDArray[np.float64],
    clocks: NDArray[np.float64],
    session_open: NDArray[np.bool_],
    out: NDArray[np.float64],
) -> None:
    """`feature_step` over the rows of `bars` (n, 5), `clocks` (n, 4), `session_open` (n,) into `out` (n, 126)."""
    for i in range(len(bars)):
        feature_step(state, bars[i], clocks[i], session_open[i], out[i])
