"""Windows that cannot drift: power-of-two partial sums and extremes over the symbol's own bars.

A column of a panel gets one value per bar (at level 1); `push_*` then makes each level from the one below:
the last 2b values are the last b values and the b before them. `short_20(state, n, j)` is the sum of column j
over bars n−19 … n. Rows are ring buffers whose length is a power of two.
"""

from __future__ import annotations

from rung.kernels.compiled import Row, inlined
from rung.kernels.features import layout as at


@inlined
def _to_8(state: Row, n: int, j: int) -> float:
    """Blocks of 2, 4 and 8 bars of one column of the short panel, ending at bar n; returns the last."""
    total = _short(state, n, at.SHORT_1, at.RING_2, j) + _short(state, n - 1, at.SHORT_1, at.RING_2, j)
    state[at.SHORT_2 + (n & at.RING_4) * at.SHORT_WIDTH + j] = total
    total += _short(state, n - 2, at.SHORT_2, at.RING_4, j)
    state[at.SHORT_4 + (n & at.RING_8) * at.SHORT_WIDTH + j] = total
    total += _short(state, n - 4, at.SHORT_4, at.RING_8, j)
    state[at.SHORT_8 + (n & at.RING_16) * at.SHORT_WIDTH + j] = total
    return total


@inlined
def _to_16(state: Row, n: int, j: int) -> float:
    total = _to_8(state, n, j) + _short(state, n - 8, at.SHORT_8, at.RING_16, j)
    state[at.SHORT_16 + (n & at.RING_32) * at.SHORT_WIDTH + j] = total
    return total


@inlined
def push_short(state: Row, n: int) -> None:
    for j in range(at.TYPICAL):
        _to_8(state, n, j)
    for j in range(at.TYPICAL, at.RETURN_LAG_1):
        _to_16(state, n, j)
    for j in range(at.RETURN_LAG_1, at.SHORT_WIDTH):
        total = _to_16(state, n, j) + _short(state, n - 16, at.SHORT_16, at.RING_32, j)
        state[at.SHORT_32 + (n & at.RING_32) * at.SHORT_WIDTH + j] = total


@inlined
def push_long(state: Row, n: int) -> None:
    for j in range(at.LONG_WIDTH):
        total = _long(state, n, at.LONG_1, at.RING_2, j) + _long(state, n - 1, at.LONG_1, at.RING_2, j)
        state[at.LONG_2 + (n & at.RING_4) * at.LONG_WIDTH + j] = total
        total += _long(state, n - 2, at.LONG_2, at.RING_4, j)
        state[at.LONG_4 + (n & at.RING_8) * at.LONG_WIDTH + j] = total
        total += _long(state, n - 4, at.LONG_4, at.RING_8, j)
        state[at.LONG_8 + (n & at.RING_16) * at.LONG_WIDTH + j] = total
        total += _long(state, n - 8, at.LONG_8, at.RING_16, j)
        state[at.LONG_16 + (n & at.RING_32) * at.LONG_WIDTH + j] = total
        total += _long(state, n - 16, at.LONG_16, at.RING_32, j)
        state[at.LONG_32 + (n & at.RING_64) * at.LONG_WIDTH + j] = total
        total += _long(state, n - 32, at.LONG_32, at.RING_64, j)
        state[at.LONG_64 + (n & at.RING_128) * at.LONG_WIDTH + j] = total
    total = _long(state, n, at.LONG_64, at.RING_128, at.CLOSE) + _long(state, n - 64, at.LONG_64, at.RING_128, at.CLOSE)
    state[at.LONG_128 + (n & at.RING_128) * at.LONG_WIDTH + at.CLOSE] = total


@inlined
def _max_level(state: Row, n: int, earlier: int, below: int, level: int, j: int) -> None:
    newer = below + (n & at.RING_32) * at.EXTREME_WIDTH + j
    older = below + (earlier & at.RING_32) * at.EXTREME_WIDTH + j
    target = level + (n & at.RING_32) * at.EXTREME_WIDTH + j
    state[target] = max(state[newer], state[older])
    state[target + 1] = _latest(state, newer, older)


@inlined
def _latest(state: Row, newer: int, older: int) -> float:
    """Bar number of the larger value; the newer bar's if they are equal up to rounding."""
    equal = 1e-12 * abs(state[older])
    number: float = state[newer + 1] if state[newer] >= state[older] - equal else state[older + 1]
    return number


@inlined
def push_extremes(state: Row, n: int) -> None:
    for j in range(0, at.EXTREME_WIDTH, 2):
        _max_level(state, n, n - 1, at.EXTREMES_1, at.EXTREMES_2, j)
        _max_level(state, n, n - 2, at.EXTREMES_2, at.EXTREMES_4, j)
        _max_level(state, n, n - 4, at.EXTREMES_4, at.EXTREMES_8, j)
        _max_level(state, n, n - 8, at.EXTREMES_8, at.EXTREMES_16, j)


@inlined
def _short(state: Row, n: int, level: int, mask: int, j: int) -> float:
    total: float = state[level + (n & mask) * at.SHORT_WIDTH + j]
    return total


@inlined
def short_5(state: Row, n: int, j: int) -> float:
    return _short(state, n, at.SHORT_1, at.RING_2, j) + _short(state, n - 1, at.SHORT_4, at.RING_8, j)


@inlined
def short_7(state: Row, n: int, j: int) -> float:
    tail = _short(state, n - 1, at.SHORT_2, at.RING_4, j) + _short(state, n - 3, at.SHORT_4, at.RING_8, j)
    return _short(state, n, at.SHORT_1, at.RING_2, j) + tail


@inlined
def short_10(state: Row, n: int, j: int) -> float:
    return _short(state, n, at.SHORT_2, at.RING_4, j) + _short(state, n - 2, at.SHORT_8, at.RING_16, j)


@inlined
def short_14(state: Row, n: int, j: int) -> float:
    tail = _short(state, n - 2, at.SHORT_4, at.RING_8, j) + _short(state, n - 6, at.SHORT_8, at.RING_16, j)
    return _short(state, n, at.SHORT_2, at.RING_4, j) + tail


@inlined
def short_20(state: Row, n: int, j: int) -> float:
    return _short(state, n, at.SHORT_4, at.RING_8, j) + _short(state, n - 4, at.SHORT_16, at.RING_32, j)


@inlined
def short_28(state: Row, n: int, j: int) -> float:
    tail = _short(state, n - 4, at.SHORT_8, at.RING_16, j) + _short(state, n - 12, at.SHORT_16, at.RING_32, j)
    return _short(state, n, at.SHORT_4, at.RING_8, j) + tail


@inlined
def short_60(state: Row, n: int, j: int) -> float:
    head = _short(state, n, at.SHORT_4, at.RING_8, j) + _short(state, n - 4, at.SHORT_8, at.RING_16, j)
    return head + (
        _short(state, n - 12, at.SHORT_16, at.RING_32, j) + _short(state, n - 28, at.SHORT_32, at.RING_32, j)
    )


@inlined
def _long(state: Row, n: int, level: int, mask: int, j: int) -> float:
    total: float = state[level + (n & mask) * at.LONG_WIDTH + j]
    return total


@inlined
def long_5(state: Row, n: int, j: int) -> float:
    return _long(state, n, at.LONG_1, at.RING_2, j) + _long(state, n - 1, at.LONG_4, at.RING_8, j)


@inlined
def long_10(state: Row, n: int, j: int) -> float:
    return _long(state, n, at.LONG_2, at.RING_4, j) + _long(state, n - 2, at.LONG_8, at.RING_16, j)


@inlined
def long_20(state: Row, n: int, j: int) -> float:
    return _long(state, n, at.LONG_4, at.RING_8, j) + _long(state, n - 4, at.LONG_16, at.RING_32, j)


@inlined
def long_50(state: Row, n: int, j: int) -> float:
    tail = _long(state, n - 2, at.LONG_16, at.RING_32, j) + _long(state, n - 18, at.LONG_32, at.RING_64, j)
    return _long(state, n, at.LONG_2, at.RING_4, j) + tail


@inlined
def long_60(state: Row, n: int, j: int) -> float:
    head = _long(state, n, at.LONG_4, at.RING_8, j) + _long(state, n - 4, at.LONG_8, at.RING_16, j)
    return head + (_long(state, n - 12, at.LONG_16, at.RING_32, j) + _long(state, n - 28, at.LONG_32, at.RING_64, j))


@inlined
def long_100(state: Row, n: int, j: int) -> float:
    tail = _long(state, n - 4, at.LONG_32, at.RING_64, j) + _long(state, n - 36, at.LONG_64, at.RING_128, j)
    return _long(state, n, at.LONG_4, at.RING_8, j) + tail


@inlined
def long_200(state: Row, n: int, j: int) -> float:
    tail = _long(state, n - 8, at.LONG_64, at.RING_128, j) + _long(state, n - 72, at.LONG_128, at.RING_128, j)
    return _long(state, n, at.LONG_8, at.RING_16, j) + tail


@inlined
def _extreme(state: Row, n: int, earlier: int, level: int, j: int) -> float:
    newer: float = state[level + (n & at.RING_32) * at.EXTREME_WIDTH + j]
    older: float = state[level + (earlier & at.RING_32) * at.EXTREME_WIDTH + j]
    return max(newer, older)


@inlined
def extreme_14(state: Row, n: int, j: int) -> float:
    return _extreme(state, n, n - 6, at.EXTREMES_8, j)


@inlined
def extreme_20(state: Row, n: int, j: int) -> float:
    return _extreme(state, n, n - 4, at.EXTREMES_16, j)


@inlined
def extreme_28(state: Row, n: int, j: int) -> float:
    return _extreme(state, n, n - 12, at.EXTREMES_16, j)


@inlined
def latest_extreme_26(state: Row, n: int, j: int) -> float:
    """Number of the bar that holds the extreme of the last 26; the latest of equals."""
    newer = at.EXTREMES_16 + (n & at.RING_32) * at.EXTREME_WIDTH + j
    older = at.EXTREMES_16 + ((n - 10) & at.RING_32) * at.EXTREME_WIDTH + j
    return _latest(state, newer, older)
