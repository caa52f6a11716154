"""The covariance shared by all horizons: half of a symmetric matrix, one pass per sample.

Storage: rows in blocks of 8; row i keeps the columns from the first of its block on, so each 8 × 8 diagonal block is
whole and everything else is kept once. The update subtracts r·rᵀ for ONE vector r, so both halves of a diagonal
block get the same bits: asymmetry, which grows like 1/λ per sample and kills the textbook form within 2,000 updates,
cannot arise.

A sample x (weight 1, after forgetting λ):   P ← (P − Px·xᵀP/(λ + xᵀPx))/λ.
A leak (a row √d·eᵢ with target 0, i in turn): P ← P − d·Peᵢ·eᵢᵀP/(1 + d·Pᵢᵢ), which bounds P in every direction.
Both downdates stay pending and are applied while the next sample's P·x is formed: the matrix is read and written once.
"""

from __future__ import annotations

import math

from rung.kernels.compiled import Row, inlined, separate
from rung.kernels.learner import layout as at
from rung.kernels.learner.lanes import fma8, load8, mul8, splat8, store8, sum8
from rung.kernels.learner.params import N_WEIGHTS


@separate
def absorb(state: Row, sample: int, forgetting: float, leak: float) -> None:
    """Take state[X] into the covariance; leave the gains for the weights in the pending sample at `sample`."""
    advance(state)
    scale = state[at.SCALE]
    spread = forgetting + scale * dot(state, at.PX, at.X)
    scale /= forgetting
    to_gain, to_root = splat8(state[at.SCALE] / spread), splat8(math.sqrt(state[at.SCALE] / spread))
    for j in range(0, at.WIDTH, at.BLOCK):
        store8(state, sample + at.SAMPLE_X + j, load8(state, at.X + j))
        px = load8(state, at.PX + j)
        store8(state, sample + at.SAMPLE_GAIN + j, mul8(px, to_gain))
        store8(state, at.PENDING_X + j, mul8(px, to_root))
    state[at.SCALE] = scale
    i = int(state[at.APPENDED]) % N_WEIGHTS
    state[sample + at.SAMPLE_LEAK_INDEX] = i
    _leak(state, sample + at.SAMPLE_LEAK_GAIN, i, leak)


@separate
def _leak(state: Row, gain: int, i: int, leak: float) -> None:
    """The leak on coordinate i, and what it shows of the diagonal: its peak before, its floor after."""
    _column(state, i, gain)
    scale, root = state[at.SCALE], splat8(-state[at.PENDING_X + i])
    variance = scale * (state[gain + i] - state[at.PENDING_X + i] * state[at.PENDING_X + i])
    share = leak / (1.0 + leak * variance)
    to_gain, to_root = splat8(scale * share), splat8(math.sqrt(scale * share))
    for j in range(0, at.WIDTH, at.BLOCK):
        column = fma8(root, load8(state, at.PENDING_X + j), load8(state, gain + j))
        store8(state, at.PENDING_LEAK + j, mul8(column, to_root))
        store8(state, gain + j, mul8(column, to_gain))
    if i == 0:
        state[at.PEAK_BEFORE], state[at.FLOOR_BEFORE] = state[at.PEAK], state[at.FLOOR]
        state[at.PEAK], state[at.FLOOR] = 0.0, math.inf
    state[at.PEAK] = max(state[at.PEAK], variance)
    state[at.FLOOR] = min(state[at.FLOOR], variance / (1.0 + leak * variance))


@inlined
def dot(state: Row, left: int, right: int) -> float:
    """Inner product of the two vectors that start at `left` and `right`."""
    total = mul8(load8(state, left), load8(state, right))
    for j in range(at.BLOCK, at.WIDTH, at.BLOCK):
        total = fma8(load8(state, left + j), load8(state, right + j), total)
    result: float = sum8(total)
    return result


@separate
def _column(state: Row, i: int, into: int) -> None:
    """Column i of the stored half: above its block from the rows there, from its block on along row i."""
    block = i - i % at.BLOCK
    start = at.COVARIANCE
    for above in range(0, block, at.BLOCK):
        width = at.WIDTH - above
        for j in range(at.BLOCK):
            state[into + above + j] = state[start + j * width + i - above]
        start += at.BLOCK * width
    start += (i - block) * (at.WIDTH - block)
    for j in range(block, at.WIDTH):
        state[into + j] = state[start + j - block]


@separate
def advance(state: Row) -> None:
    """Apply the pending downdates and form state[PX] = Q·state[X], in one pass over the half."""
    for j in range(at.WIDTH):
        state[at.PX + j] = 0.0
    start = at.COVARIANCE
    for block in range(0, at.WIDTH, at.BLOCK):
        width = at.WIDTH - block
        for tile in range(0, at.BLOCK, at.TILE):
            _advance_tile(state, block, block + tile, start + tile * width, width)
        start += at.BLOCK * width
    if state[at.SCALE] >= 2.0:  # a power of two: exact
        state[at.SCALE] *= 0.5
        for j in range(at.COVARIANCE, at.COVARIANCE + at.COVARIANCE_SIZE):
            state[j] *= 2.0
        for j in range(at.PX, at.PX + at.WIDTH):
            state[j] *= 2.0


@inlined
def _advance_tile(state: Row, block: int, i: int, row_0: int, width: int) -> None:
    """Four rows from i on: each vector of eight columns is updated, used for its rows and for its columns."""
    row_1, row_2, row_3 = row_0 + width, row_0 + 2 * width, row_0 + 3 * width
    x_0, x_1 = splat8(state[at.X + i]), splat8(state[at.X + i + 1])
    x_2, x_3 = splat8(state[at.X + i + 2]), splat8(state[at.X + i + 3])
    r_0, r_1 = splat8(-state[at.PENDING_X + i]), splat8(-state[at.PENDING_X + i + 1])
    r_2, r_3 = splat8(-state[at.PENDING_X + i + 2]), splat8(-state[at.PENDING_X + i + 3])
    l_0, l_1 = splat8(-state[at.PENDING_LEAK + i]), splat8(-state[at.PENDING_LEAK + i + 1])
    l_2, l_3 = splat8(-state[at.PENDING_LEAK + i + 2]), splat8(-state[at.PENDING_LEAK + i + 3])

    x, r, leak = load8(state, at.X + block), load8(state, at.PENDING_X + block), load8(state, at.PENDING_LEAK + block)
    p_0 = fma8(l_0, leak, fma8(r_0, r, load8(state, row_0)))
    p_1 = fma8(l_1, leak, fma8(r_1, r, load8(state, row_1)))
    p_2 = fma8(l_2, leak, fma8(r_2, r, load8(state, row_2)))
    p_3 = fma8(l_3, leak, fma8(r_3, r, load8(state, row_3)))
    store8(state, row_0, p_0)
    store8(state, row_1, p_1)
    store8(state, row_2, p_2)
    store8(state, row_3, p_3)
    sum_0, sum_1, sum_2, sum_3 = mul8(p_0, x), mul8(p_1, x), mul8(p_2, x), mul8(p_3, x)
    for k in range(at.BLOCK, width, at.BLOCK):
        j = block + k
        x, r, leak = load8(state, at.X + j), load8(state, at.PENDING_X + j), load8(state, at.PENDING_LEAK + j)
        p_0 = fma8(l_0, leak, fma8(r_0, r, load8(state, row_0 + k)))
        p_1 = fma8(l_1, leak, fma8(r_1, r, load8(state, row_1 + k)))
        p_2 = fma8(l_2, leak, fma8(r_2, r, load8(state, row_2 + k)))
        p_3 = fma8(l_3, leak, fma8(r_3, r, load8(state, row_3 + k)))
        store8(state, row_0 + k, p_0)
        store8(state, row_1 + k, p_1)
        store8(state, row_2 + k, p_2)
        store8(state, row_3 + k, p_3)
        sum_0, sum_1 = fma8(p_0, x, sum_0), fma8(p_1, x, sum_1)
        sum_2, sum_3 = fma8(p_2, x, sum_2), fma8(p_3, x, sum_3)
        down = fma8(p_1, x_1, fma8(p_0, x_0, load8(state, at.PX + j)))
        store8(state, at.PX + j, fma8(p_3, x_3, fma8(p_2, x_2, down)))
    state[at.PX + i] += sum8(sum_0)
    state[at.PX + i + 1] += sum8(sum_1)
    state[at.PX + i + 2] += sum8(sum_2)
    state[at.PX + i + 3] += sum8(sum_3)
