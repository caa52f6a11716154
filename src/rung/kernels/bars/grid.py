"""Rounding to whole steps in float64, as exact decimals would round.

A quotient that misses a whole number by no more than float64 rounding is that number. Decimals of up to 14 digits
are thereby rounded right: their true distance from the grid is larger than the slack.
"""

from __future__ import annotations

import numpy as np

from rung.kernels.compiled import inlined

SLACK = 2e-15


@inlined
def up(x: float) -> float:
    """The smallest whole number not below x ≥ 0."""
    return np.ceil(x * (1.0 - SLACK))


@inlined
def down(x: float) -> float:
    """The largest whole number not above x ≥ 0."""
    return np.floor(x * (1.0 + SLACK))


@inlined
def against(x: float, sign: float) -> float:
    """`up` where sign is 1, `down` where it is −1, without a branch; NaN stays NaN."""
    return sign * np.ceil(sign * x - SLACK * x)


@inlined
def share(total: float, part: float, whole: float) -> float:
    """total · part ÷ whole, half to even, for whole numbers: no product leaves the exact range of float64."""
    each = np.floor(total / whole)
    rest = total - each * whole
    if rest < 0.0:
        each, rest = each - 1.0, rest + whole
    product = rest * part
    quotient = np.floor(product / whole)
    left = 2.0 * (product - quotient * whole)
    if left > whole or (left == whole and (each * part + quotient) % 2.0 == 1.0):
        quotient += 1.0
    return each * part + quotient
