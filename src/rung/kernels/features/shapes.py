"""Spread and tilt of the last 20, 50 and 60 closes, merged from power-of-two blocks without cancellation.

Two neighbouring blocks of a and b closes with mean difference δ have together (Chan, Golub & LeVeque 1979)
    spread = spread_a + spread_b + δ²·ab/(a + b)        tilt = tilt_a + tilt_b + δ·ab/2
where spread = Σ (c − mean)² and tilt = Σ (age − mean age)(c − mean), age counting bars back.
"""

from __future__ import annotations

from typing import NamedTuple

from rung.kernels.compiled import Row, inlined
from rung.kernels.features import layout as at

_FLAT = 1e-20  # spread ÷ mean²


class Shape(NamedTuple):
    """`size` closes: their mean, spread and tilt."""

    size: float
    mean: float
    spread: float
    tilt: float


@inlined
def _merge(newer: Shape, older: Shape) -> Shape:
    difference = older.mean - newer.mean
    product = newer.size * older.size
    size = newer.size + older.size
    return Shape(
        size,
        newer.mean + difference * (older.size / size),
        newer.spread + older.spread + difference * difference * (product / size),
        newer.tilt + older.tilt + difference * (0.5 * product),
    )


@inlined
def _block(state: Row, n: int, size: float, totals: int, totals_ring: int, level: int, ring: int) -> Shape:
    spot = level + (n & ring) * at.SHAPE_WIDTH
    total = state[totals + (n & totals_ring) * at.LONG_WIDTH + at.CLOSE]
    return Shape(size, total * (1.0 / size), state[spot + at.SPREAD], state[spot + at.TILT])


@inlined
def _block_2(state: Row, n: int) -> Shape:
    return _block(state, n, 2.0, at.LONG_2, at.RING_4, at.SHAPE_2, at.RING_4)


@inlined
def _block_4(state: Row, n: int) -> Shape:
    return _block(state, n, 4.0, at.LONG_4, at.RING_8, at.SHAPE_4, at.RING_8)


@inlined
def _block_8(state: Row, n: int) -> Shape:
    return _block(state, n, 8.0, at.LONG_8, at.RING_16, at.SHAPE_8, at.RING_16)


@inlined
def _block_16(state: Row, n: int) -> Shape:
    return _block(state, n, 16.0, at.LONG_16, at.RING_32, at.SHAPE_16, at.RING_32)


@inlined
def _block_32(state: Row, n: int) -> Shape:
    return _block(state, n, 32.0, at.LONG_32, at.RING_64, at.SHAPE_32, at.RING_32)


@inlined
def _keep(state: Row, n: int, shape: Shape, level: int, ring: int) -> None:
    spot = level + (n & ring) * at.SHAPE_WIDTH
    state[spot + at.SPREAD] = shape.spread
    state[spot + at.TILT] = shape.tilt


@inlined
def push_shapes(state: Row, n: int, close: float, prior_close: float) -> None:
    """Merge the blocks ending at bar n; the long panel has already been pushed."""
    one = _merge(Shape(1.0, close, 0.0, 0.0), Shape(1.0, prior_close, 0.0, 0.0))
    _keep(state, n, one, at.SHAPE_2, at.RING_4)
    _keep(state, n, _merge(_block_2(state, n), _block_2(state, n - 2)), at.SHAPE_4, at.RING_8)
    _keep(state, n, _merge(_block_4(state, n), _block_4(state, n - 4)), at.SHAPE_8, at.RING_16)
    _keep(state, n, _merge(_block_8(state, n), _block_8(state, n - 8)), at.SHAPE_16, at.RING_32)
    _keep(state, n, _merge(_block_16(state, n), _block_16(state, n - 16)), at.SHAPE_32, at.RING_32)


@inlined
def _settled(shape: Shape) -> Shape:
    """Closes equal up to rounding have no spread."""
    spread = shape.spread if shape.spread > _FLAT * shape.mean * shape.mean else 0.0
    return Shape(shape.size, shape.mean, spread, shape.tilt)


@inlined
def shape_20(state: Row, n: int) -> Shape:
    return _settled(_merge(_block_4(state, n), _block_16(state, n - 4)))


@inlined
def shape_50(state: Row, n: int) -> Shape:
    return _settled(_merge(_merge(_block_2(state, n), _block_16(state, n - 2)), _block_32(state, n - 18)))


@inlined
def shape_60(state: Row, n: int) -> Shape:
    newer = _merge(_block_4(state, n), _block_8(state, n - 4))
    return _merge(newer, _merge(_block_16(state, n - 12), _block_32(state, n - 28)))
