"""Time of the session and of the calendar as waves: 8 features that need no prices."""

from __future__ import annotations

import math

import numpy as np

from rung.kernels.compiled import Row, inlined
from rung.kernels.features import layout as at
from rung.kernels.features.registry import slots

(
    SESSION_SIN,
    SESSION_COS,
    MINUTE_SIN,
    MINUTE_COS,
    WEEKDAY_SIN,
    WEEKDAY_COS,
    MONTH_DAY_SIN,
    MONTH_DAY_COS,
) = slots("time")
_MINUTE_SINES = np.sin(np.arange(60) * (2.0 * math.pi / 60.0))
_MINUTE_COSINES = np.cos(np.arange(60) * (2.0 * math.pi / 60.0))
_ROUND_THE_CLOCK = 1440.0
_REGULAR = 390  # minutes of a full session, by far the most common: looked up instead of computed
_REGULAR_SINES = np.sin(np.arange(_REGULAR) * (math.pi / _REGULAR))
_REGULAR_COSINES = np.cos(np.arange(_REGULAR) * (math.pi / _REGULAR))


@inlined
def time_features(state: Row, clock: Row, out: Row) -> None:
    """Half a turn per session (the open and the close differ), a full one in a market that never closes."""
    minute = int(clock[0])
    if clock[1] == _REGULAR and 0 <= minute < _REGULAR:
        out[SESSION_SIN] = _REGULAR_SINES[minute]
        out[SESSION_COS] = _REGULAR_COSINES[minute]
    else:
        turn = 2.0 * math.pi if clock[1] >= _ROUND_THE_CLOCK else math.pi
        phase = turn * minute / clock[1]
        out[SESSION_SIN] = math.sin(phase)
        out[SESSION_COS] = math.cos(phase)
    out[MINUTE_SIN] = _MINUTE_SINES[minute % 60]
    out[MINUTE_COS] = _MINUTE_COSINES[minute % 60]
    if state[at.DAY_CLOCK] != clock[2] or state[at.DAY_CLOCK + 1] != clock[3]:
        _new_day(state, clock)
    for i in range(4):
        out[WEEKDAY_SIN + i] = state[at.DAY_WAVES + i]


@inlined
def _new_day(state: Row, clock: Row) -> None:
    weekday, month_day = clock[2] * (2.0 * math.pi / 7.0), (clock[3] - 1.0) * (2.0 * math.pi / 31.0)
    state[at.DAY_CLOCK] = clock[2]
    state[at.DAY_CLOCK + 1] = clock[3]
    state[at.DAY_WAVES] = math.sin(weekday)
    state[at.DAY_WAVES + 1] = math.cos(weekday)
    state[at.DAY_WAVES + 2] = math.sin(month_day)
    state[at.DAY_WAVES + 3] = math.cos(month_day)
