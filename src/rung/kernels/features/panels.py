"""Windows that cannot drift: power-of-two partial sums and extremes over the symbol's own bars.

A column of a panel gets one value per bar (at level 1); `push_*` then makes each level from the one below:
the last 2b values are the last b values and the b before them. `short_20(state, n, j)` is the sum of column j
over bars n−19 … n. Rows are ring buffers whose length is a power of two.
"""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from rung.kernels.features import layout as at

Row = NDArray[np.float64]
Four = tuple[float, float, float, float]
inlined = nb.njit(
    forceinline=True, error_model="numpy", _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True
)


@inlined
def _lift(state: Row, newer: Four, older: int, target: int) -> Four:
    """One level up, four columns at a time: read before written, so that it is one vector addition."""
    a = newer[0] + state[older]
    b = newer[1] + state[older + 1]
    c = newer[2] + state[older + 2]
    d = newer[3] + state[older + 3]
    state[target] = a
    state[target + 1] = b
    state[target + 2] = c
    state[target + 3] = d
    return a, b, c, d


@inlined
def _max_level(state: Row, n: int, block: int, below: int, level: int) -> None:
    newer = below + (n & 31) * at.EXTREME_WIDTH
    older = below + ((n - block) & 31) * at.EXTREME_WIDTH
    target = level + (n & 31) * at.EXTREME_WIDTH
    for j in range(at.EXTREME_WIDTH):
        a, b = state[newer + j], state[older + j]
        state[target + j] = a if a > b else b


@inlined
def push_short(state: Row, n: int) -> None:
    new, old = at.SHORT_1 + (n & 1) * at.SHORT_WIDTH, at.SHORT_1 + ((n - 1) & 1) * at.SHORT_WIDTH
    for j in range(0, at.SHORT_WIDTH, 4):
        x = (state[new + j], state[new + j + 1], state[new + j + 2], state[new + j + 3])
        x = _lift(state, x, old + j, at.SHORT_2 + (n & 3) * at.SHORT_WIDTH + j)
        x = _lift(state, x, at.SHORT_2 + ((n - 2) & 3) * at.SHORT_WIDTH + j, at.SHORT_4 + (n & 7) * at.SHORT_WIDTH + j)
        x = _lift(state, x, at.SHORT_4 + ((n - 4) & 7) * at.SHORT_WIDTH + j, at.SHORT_8 + (n & 15) * at.SHORT_WIDTH + j)
        x = _lift(state, x, at.SHORT_8 + ((n - 8) & 15) * at.SHORT_WIDTH + j, at.SHORT_16 + (n & 31) * at.SHORT_WIDTH + j)
        _lift(state, x, at.SHORT_16 + ((n - 16) & 31) * at.SHORT_WIDTH + j, at.SHORT_32 + (n & 31) * at.SHORT_WIDTH + j)


@inlined
def push_long(state: Row, n: int) -> None:
    new, old = at.LONG_1 + (n & 1) * at.LONG_WIDTH, at.LONG_1 + ((n - 1) & 1) * at.LONG_WIDTH
    x = (state[new], state[new + 1], state[new + 2], state[new + 3])
    x = _lift(state, x, old, at.LONG_2 + (n & 3) * at.LONG_WIDTH)
    x = _lift(state, x, at.LONG_2 + ((n - 2) & 3) * at.LONG_WIDTH, at.LONG_4 + (n & 7) * at.LONG_WIDTH)
    x = _lift(state, x, at.LONG_4 + ((n - 4) & 7) * at.LONG_WIDTH, at.LONG_8 + (n & 15) * at.LONG_WIDTH)
    x = _lift(state, x, at.LONG_8 + ((n - 8) & 15) * at.LONG_WIDTH, at.LONG_16 + (n & 31) * at.LONG_WIDTH)
    x = _lift(state, x, at.LONG_16 + ((n - 16) & 31) * at.LONG_WIDTH, at.LONG_32 + (n & 63) * at.LONG_WIDTH)
    x = _lift(state, x, at.LONG_32 + ((n - 32) & 63) * at.LONG_WIDTH, at.LONG_64 + (n & 127) * at.LONG_WIDTH)
    _lift(state, x, at.LONG_64 + ((n - 64) & 127) * at.LONG_WIDTH, at.LONG_128 + (n & 127) * at.LONG_WIDTH)


@inlined
def push_extremes(state: Row, n: int) -> None:
    _max_level(state, n, 1, at.EXTREMES_1, at.EXTREMES_2)
    _max_level(state, n, 2, at.EXTREMES_2, at.EXTREMES_4)
    _max_level(state, n, 4, at.EXTREMES_4, at.EXTREMES_8)
    _max_level(state, n, 8, at.EXTREMES_8, at.EXTREMES_16)


@inlined
def _short(state: Row, n: int, level: int, rows: int, j: int) -> float:
    return state[level + (n & (rows - 1)) * at.SHORT_WIDTH + j]


@inlined
def short_5(state: Row, n: int, j: int) -> float:
    return _short(state, n, at.SHORT_1, 2, j) + _short(state, n - 1, at.SHORT_4, 8, j)


@inlined
def short_7(state: Row, n: int, j: int) -> float:
    tail = _short(state, n - 1, at.SHORT_2, 4, j) + _short(state, n - 3, at.SHORT_4, 8, j)
    return _short(state, n, at.SHORT_1, 2, j) + tail


@inlined
def short_10(state: Row, n: int, j: int) -> float:
    return _short(state, n, at.SHORT_2, 4, j) + _short(state, n - 2, at.SHORT_8, 16, j)


@inlined
def short_14(state: Row, n: int, j: int) -> float:
    tail = _short(state, n - 2, at.SHORT_4, 8, j) + _short(state, n - 6, at.SHORT_8, 16, j)
    return _short(state, n, at.SHORT_2, 4, j) + tail


@inlined
def short_20(state: Row, n: int, j: int) -> float:
    return _short(state, n, at.SHORT_4, 8, j) + _short(state, n - 4, at.SHORT_16, 32, j)


@inlined
def short_28(state: Row, n: int, j: int) -> float:
    tail = _short(state, n - 4, at.SHORT_8, 16, j) + _short(state, n - 12, at.SHORT_16, 32, j)
    return _short(state, n, at.SHORT_4, 8, j) + tail


@inlined
def short_60(state: Row, n: int, j: int) -> float:
    head = _short(state, n, at.SHORT_4, 8, j) + _short(state, n - 4, at.SHORT_8, 16, j)
    return head + (_short(state, n - 12, at.SHORT_16, 32, j) + _short(state, n - 28, at.SHORT_32, 32, j))


@inlined
def _long(state: Row, n: int, level: int, rows: int, j: int) -> float:
    return state[level + (n & (rows - 1)) * at.LONG_WIDTH + j]


@inlined
def long_5(state: Row, n: int, j: int) -> float:
    return _long(state, n, at.LONG_1, 2, j) + _long(state, n - 1, at.LONG_4, 8, j)


@inlined
def long_10(state: Row, n: int, j: int) -> float:
    return _long(state, n, at.LONG_2, 4, j) + _long(state, n - 2, at.LONG_8, 16, j)


@inlined
def long_20(state: Row, n: int, j: int) -> float:
    return _long(state, n, at.LONG_4, 8, j) + _long(state, n - 4, at.LONG_16, 32, j)


@inlined
def long_50(state: Row, n: int, j: int) -> float:
    tail = _long(state, n - 2, at.LONG_16, 32, j) + _long(state, n - 18, at.LONG_32, 64, j)
    return _long(state, n, at.LONG_2, 4, j) + tail


@inlined
def long_60(state: Row, n: int, j: int) -> float:
    head = _long(state, n, at.LONG_4, 8, j) + _long(state, n - 4, at.LONG_8, 16, j)
    return head + (_long(state, n - 12, at.LONG_16, 32, j) + _long(state, n - 28, at.LONG_32, 64, j))


@inlined
def long_100(state: Row, n: int, j: int) -> float:
    tail = _long(state, n - 4, at.LONG_32, 64, j) + _long(state, n - 36, at.LONG_64, 128, j)
    return _long(state, n, at.LONG_4, 8, j) + tail


@inlined
def long_200(state: Row, n: int, j: int) -> float:
    tail = _long(state, n - 8, at.LONG_64, 128, j) + _long(state, n - 72, at.LONG_128, 128, j)
    return _long(state, n, at.LONG_8, 16, j) + tail


@inlined
def _extreme(state: Row, n: int, level: int, step: int, j: int) -> float:
    a = state[level + (n & 31) * at.EXTREME_WIDTH + j]
    b = state[level + ((n - step) & 31) * at.EXTREME_WIDTH + j]
    return a if a > b else b


@inlined
def extreme_14(state: Row, n: int, j: int) -> float:
    return _extreme(state, n, at.EXTREMES_8, 6, j)


@inlined
def extreme_20(state: Row, n: int, j: int) -> float:
    return _extreme(state, n, at.EXTREMES_16, 4, j)


@inlined
def extreme_28(state: Row, n: int, j: int) -> float:
    return _extreme(state, n, at.EXTREMES_16, 12, j)
