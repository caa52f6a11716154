"""Windows that cannot drift: power-of-two partial sums and extremes over the symbol's own bars.

A column of a panel gets one value per bar (at level 1); `push_*` then makes each level from the one below:
the last 2b values are the last b values and the b before them. `short_20(state, n, j)` is the sum of column j
over bars n−19 … n. Rows are ring buffers whose length is a power of two.
"""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from rung.kernels.features.layout import (
    EXTREME_WIDTH,
    EXTREMES_1,
    EXTREMES_2,
    EXTREMES_4,
    EXTREMES_8,
    EXTREMES_16,
    LONG_1,
    LONG_2,
    LONG_4,
    LONG_8,
    LONG_16,
    LONG_32,
    LONG_64,
    LONG_128,
    LONG_WIDTH,
    SHORT_1,
    SHORT_2,
    SHORT_4,
    SHORT_8,
    SHORT_16,
    SHORT_32,
    SHORT_WIDTH,
)

Row = NDArray[np.float64]
inlined = nb.njit(forceinline=True, error_model="numpy")


@inlined
def _sum_level(state: Row, n: int, block: int, below: int, below_rows: int, level: int, rows: int, width: int) -> None:
    newer = below + (n & (below_rows - 1)) * width
    older = below + ((n - block) & (below_rows - 1)) * width
    at = level + (n & (rows - 1)) * width
    for j in range(width):
        state[at + j] = state[newer + j] + state[older + j]


@inlined
def _max_level(state: Row, n: int, block: int, below: int, level: int) -> None:
    newer = below + (n & 31) * EXTREME_WIDTH
    older = below + ((n - block) & 31) * EXTREME_WIDTH
    at = level + (n & 31) * EXTREME_WIDTH
    for j in range(EXTREME_WIDTH):
        a, b = state[newer + j], state[older + j]
        state[at + j] = a if a > b else b


@inlined
def push_short(state: Row, n: int) -> None:
    _sum_level(state, n, 1, SHORT_1, 2, SHORT_2, 4, SHORT_WIDTH)
    _sum_level(state, n, 2, SHORT_2, 4, SHORT_4, 8, SHORT_WIDTH)
    _sum_level(state, n, 4, SHORT_4, 8, SHORT_8, 16, SHORT_WIDTH)
    _sum_level(state, n, 8, SHORT_8, 16, SHORT_16, 32, SHORT_WIDTH)
    _sum_level(state, n, 16, SHORT_16, 32, SHORT_32, 32, SHORT_WIDTH)


@inlined
def push_long(state: Row, n: int) -> None:
    _sum_level(state, n, 1, LONG_1, 2, LONG_2, 4, LONG_WIDTH)
    _sum_level(state, n, 2, LONG_2, 4, LONG_4, 8, LONG_WIDTH)
    _sum_level(state, n, 4, LONG_4, 8, LONG_8, 16, LONG_WIDTH)
    _sum_level(state, n, 8, LONG_8, 16, LONG_16, 32, LONG_WIDTH)
    _sum_level(state, n, 16, LONG_16, 32, LONG_32, 64, LONG_WIDTH)
    _sum_level(state, n, 32, LONG_32, 64, LONG_64, 128, LONG_WIDTH)
    _sum_level(state, n, 64, LONG_64, 128, LONG_128, 128, LONG_WIDTH)


@inlined
def push_extremes(state: Row, n: int) -> None:
    _max_level(state, n, 1, EXTREMES_1, EXTREMES_2)
    _max_level(state, n, 2, EXTREMES_2, EXTREMES_4)
    _max_level(state, n, 4, EXTREMES_4, EXTREMES_8)
    _max_level(state, n, 8, EXTREMES_8, EXTREMES_16)


@inlined
def _short(state: Row, n: int, level: int, rows: int, j: int) -> float:
    return state[level + (n & (rows - 1)) * SHORT_WIDTH + j]


@inlined
def short_5(state: Row, n: int, j: int) -> float:
    return _short(state, n, SHORT_1, 2, j) + _short(state, n - 1, SHORT_4, 8, j)


@inlined
def short_7(state: Row, n: int, j: int) -> float:
    tail = _short(state, n - 1, SHORT_2, 4, j) + _short(state, n - 3, SHORT_4, 8, j)
    return _short(state, n, SHORT_1, 2, j) + tail


@inlined
def short_10(state: Row, n: int, j: int) -> float:
    return _short(state, n, SHORT_2, 4, j) + _short(state, n - 2, SHORT_8, 16, j)


@inlined
def short_14(state: Row, n: int, j: int) -> float:
    tail = _short(state, n - 2, SHORT_4, 8, j) + _short(state, n - 6, SHORT_8, 16, j)
    return _short(state, n, SHORT_2, 4, j) + tail


@inlined
def short_20(state: Row, n: int, j: int) -> float:
    return _short(state, n, SHORT_4, 8, j) + _short(state, n - 4, SHORT_16, 32, j)


@inlined
def short_28(state: Row, n: int, j: int) -> float:
    tail = _short(state, n - 4, SHORT_8, 16, j) + _short(state, n - 12, SHORT_16, 32, j)
    return _short(state, n, SHORT_4, 8, j) + tail


@inlined
def short_60(state: Row, n: int, j: int) -> float:
    head = _short(state, n, SHORT_4, 8, j) + _short(state, n - 4, SHORT_8, 16, j)
    return head + (_short(state, n - 12, SHORT_16, 32, j) + _short(state, n - 28, SHORT_32, 32, j))


@inlined
def _long(state: Row, n: int, level: int, rows: int, j: int) -> float:
    return state[level + (n & (rows - 1)) * LONG_WIDTH + j]


@inlined
def long_5(state: Row, n: int, j: int) -> float:
    return _long(state, n, LONG_1, 2, j) + _long(state, n - 1, LONG_4, 8, j)


@inlined
def long_10(state: Row, n: int, j: int) -> float:
    return _long(state, n, LONG_2, 4, j) + _long(state, n - 2, LONG_8, 16, j)


@inlined
def long_20(state: Row, n: int, j: int) -> float:
    return _long(state, n, LONG_4, 8, j) + _long(state, n - 4, LONG_16, 32, j)


@inlined
def long_50(state: Row, n: int, j: int) -> float:
    tail = _long(state, n - 2, LONG_16, 32, j) + _long(state, n - 18, LONG_32, 64, j)
    return _long(state, n, LONG_2, 4, j) + tail


@inlined
def long_60(state: Row, n: int, j: int) -> float:
    head = _long(state, n, LONG_4, 8, j) + _long(state, n - 4, LONG_8, 16, j)
    return head + (_long(state, n - 12, LONG_16, 32, j) + _long(state, n - 28, LONG_32, 64, j))


@inlined
def long_100(state: Row, n: int, j: int) -> float:
    tail = _long(state, n - 4, LONG_32, 64, j) + _long(state, n - 36, LONG_64, 128, j)
    return _long(state, n, LONG_4, 8, j) + tail


@inlined
def long_200(state: Row, n: int, j: int) -> float:
    tail = _long(state, n - 8, LONG_64, 128, j) + _long(state, n - 72, LONG_128, 128, j)
    return _long(state, n, LONG_8, 16, j) + tail


@inlined
def _extreme(state: Row, n: int, level: int, step: int, j: int) -> float:
    a = state[level + (n & 31) * EXTREME_WIDTH + j]
    b = state[level + ((n - step) & 31) * EXTREME_WIDTH + j]
    return a if a > b else b


@inlined
def extreme_14(state: Row, n: int, j: int) -> float:
    return _extreme(state, n, EXTREMES_8, 6, j)


@inlined
def extreme_20(state: Row, n: int, j: int) -> float:
    return _extreme(state, n, EXTREMES_16, 4, j)


@inlined
def extreme_28(state: Row, n: int, j: int) -> float:
    return _extreme(state, n, EXTREMES_16, 12, j)
