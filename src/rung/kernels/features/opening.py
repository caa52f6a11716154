"""The first bar of a session: yesterday's prices are scaled so that the overnight gap vanishes."""

from __future__ import annotations

from rung.kernels.features import layout as at
from rung.kernels.features.compiled import Row, separate


@separate
def open_session(state: Row, bar: Row) -> None:
    """Reset what belongs to a session; carry the rest over the gap."""
    if state[at.N_BARS] == 0.0:
        _first_bar(state, bar)
    else:
        _remove_gap(state, bar[0])
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
def _first_bar(state: Row, bar: Row) -> None:
    """Nothing is known yet: as if the price had always stood at the first open."""
    for i in range(at.LEVELS[0], at.LEVELS[1]):
        state[i] = bar[0]
    for i in range(3):
        state[at.ATRS + i] = bar[1] - bar[2]
    state[at.ENTROPY_COUNTS + 2] = 60.0


@separate
def _remove_gap(state: Row, open_today: float) -> None:
    factor = open_today / state[at.PREVIOUS_CLOSE]
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
