"""One compiled call per slice: features and learner of every symbol.

Everything known of a symbol is one row of `state`, so a copy of the array is a save and writing it back is a restore,
bit for bit. No symbol reads another's row.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rung.kernels.compiled import entry, separate
from rung.kernels.features import step as features
from rung.kernels.features.step import feature_step
from rung.kernels.features.volatility import BOLLINGER_POSITION_20
from rung.kernels.learner import layout as at
from rung.kernels.learner.params import LearnerParams
from rung.kernels.learner.state import start_learner
from rung.kernels.learner.step import learn_bar, mature, open_session

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

FEATURES = at.STATE_SIZE
STATE_SIZE = -(-(at.STATE_SIZE + features.STATE_SIZE) // 8) * 8
N_OUT = at.N_OUT
CLOCK_SIZE = 5
MINUTE, LENGTH, WEEKDAY, MONTH_DAY, SESSION = range(CLOCK_SIZE)


def new_ensemble_state(n_symbols: int, params: LearnerParams) -> Array:
    """(n_symbols, STATE_SIZE) float64, C-contiguous, on a cache line: learners that have seen nothing."""
    store = np.zeros(n_symbols * STATE_SIZE + 8)
    first = -store.ctypes.data // 8 % 8
    state = store[first : first + n_symbols * STATE_SIZE].reshape(n_symbols, STATE_SIZE)
    start_learner(state, params)
    state[:, FEATURES : FEATURES + features.STATE_SIZE] = features.new_state(n_symbols)
    return state


@separate
def _is_usable(bar: Array) -> bool:
    """Finite, prices above zero, volume not negative."""
    total = bar[0] + bar[1] + bar[2] + bar[3] + bar[4]
    priced = (bar[0] > 0.0) & (bar[1] > 0.0) & (bar[2] > 0.0) & (bar[3] > 0.0)
    return bool(priced & (bar[4] >= 0.0) & (total < np.inf))


@separate
def _symbol_step(row: Array, bar: Array, has_bar: bool, clock: Array, params: Array) -> None:
    minute = clock[MINUTE]
    if row[at.SESSION] != clock[SESSION]:
        open_session(row, params, clock[SESSION])
    mature(row, params, minute - 1.0)
    row[at.SAID + at.FRESH] = 0.0
    if has_bar:
        row[at.CLOSE] = bar[3]
    mature(row, params, minute)
    if has_bar:
        raw = row[at.X : at.X + at.N_FEATURES]
        feature_step(row[FEATURES : FEATURES + features.STATE_SIZE], bar, clock, row[at.AWAITS_BAR] > 0.0, raw)
        row[at.AWAITS_BAR] = 0.0
        learn_bar(row, params, bar[3], minute, clock[LENGTH], raw[BOLLINGER_POSITION_20])


@entry
def ensemble_step(state: Array, bars: Array, present: Flags, clock: Array, params: Array, out: Array) -> None:
    """Take one slice: every symbol's bar, or its absence.

    state : (n, STATE_SIZE), from `new_ensemble_state`, changed in place.   bars : (n, 5) open, high, low, close,
    volume; rows of absent symbols are not read.   present : (n,) bool.   clock : (5,) minutes from the session's
    open to the bars' open, session length in minutes, weekday (Monday 0) and day of month of the session date,
    ordinal of the session (any number ≥ 0 that differs from the previous session's).   params : `pack_params`.
    out : (n, N_OUT), columns named in `learner.layout`; always finite.
    All arrays C-contiguous: another layout is compiled anew, which takes seconds.
    Timing: call at bar open + interval, slices in time order. A target matures at the last close known when it
    is due, within its session; a sample whose targets could not all mature in the session is predicted, not
    learned. A bar that is not finite, not positive or has negative volume counts as absent. An absent symbol
    repeats its last results with FRESH 0, and with VALID 0 until its first bar of the session.
    """
    for i in range(len(state)):
        row, bar = state[i], bars[i]
        _symbol_step(row, bar, present[i] and _is_usable(bar), clock, params)
        for k in range(N_OUT):
            out[i, k] = row[at.SAID + k]


@entry
def ensemble_batch(state: Array, bars: Array, present: Flags, clocks: Array, params: Array, out: Array) -> None:
    """`ensemble_step` over bars (t, n, 5), present (t, n), clocks (t, 5) into out (t, n, N_OUT).

    Releases the interpreter's lock: symbols may be given to threads, one slice of `state` each.
    """
    for t in range(len(bars)):
        ensemble_step(state, bars[t], present[t], clocks[t], params, out[t])
