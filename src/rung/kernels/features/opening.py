"""The first bar of a session: yesterday's prices are scaled so that the overnight gap vanishes."""

from __future__ import annotations

from rung.kernels.compiled import Row, separate
from rung.kernels.features import layout as at

_LARGEST_GAP = 1e3  # beyond a factor of this it is not a gap but another instrument


@separate
def open_session(state: Row, bar: Row) -> None:
    """Reset what belongs to a session; carry the rest over the gap, or forget it if it cannot be carried."""
    factor = bar[0] / state[at.PREVIOUS_CLOSE]
    known = state[at.N_BARS] > 0.0
    if known and 1.0 / _LARGEST_GAP < factor < _LARGEST_GAP and _is_sound(state):
        _remove_gap(state, bar[0], factor)
    else:
        _start(state, bar)
    state[at.AWAITS_OPEN] = 0.0
    state[at.SESSION_OPEN] = bar[0]
    state[at.SESSION_HIGH] = bar[1]
    state[at.SESSION_LOW] = bar[2]
    state[at.SESSION_BARS] = 0.0
    state[at.SESSION_VOLUME] = 0.0
    state[at.SESSION_TILT] = 0.0
    state[at.SESSION_TILT_SQUARED] = 0.0
    state[at.RANGE_HIGH] = bar[1]
    state[at.RANGE_LOW] = bar[2]


@separate
def _is_sound(state: Row) -> bool:
    """No recursive average has overflowed; a window forgets an overflow, an average would keep it for ever."""
    total = 0.0
    for i in range(at.SCALARS_START, at.SCALARS_STOP):
        total += state[i] * 0.0
    return total == 0.0


@separate
def _start(state: Row, bar: Row) -> None:
    """Nothing is known: as if the price had always stood at this open."""
    state[:] = 0.0
    for i in range(at.LEVELS_START, at.LEVELS_STOP):
        state[i] = bar[0]
    for i in range(3):
        state[at.ATRS + i] = bar[1] - bar[2]
    state[at.ENTROPY_COUNTS + 2] = 60.0


@separate
def _remove_gap(state: Row, open_today: float, factor: float) -> None:
    for i in range(at.PRICE_START, at.PRICE_STOP):
        state[i] *= factor
    for row in range(at.SHORT_ROWS):
        start = at.SHORT_START + row * at.SHORT_WIDTH
        for j in range(at.SHORT_PRICES[0], at.SHORT_PRICES[1]):
            state[start + j] *= factor
    for row in range(at.LONG_ROWS):
        state[at.LONG_START + row * at.LONG_WIDTH + at.CLOSE] *= factor
    for row in range(at.EXTREME_ROWS):
        state[at.EXTREMES_1 + row * at.EXTREME_WIDTH + at.HIGH] *= factor
        state[at.EXTREMES_1 + row * at.EXTREME_WIDTH + at.LOW] *= factor
    for row in range(at.SHAPE_ROWS):
        state[at.SHAPE_START + row * at.SHAPE_WIDTH + at.SPREAD] *= factor * factor
        state[at.SHAPE_START + row * at.SHAPE_WIDTH + at.TILT] *= factor
    state[at.PREVIOUS_CLOSE] = open_today
    state[at.GAP] = factor - 1.0
