"""Eight numbers side by side do what numpy does to each, and their sum has one written order."""

from __future__ import annotations

import math
from fractions import Fraction

import numba as nb
import numpy as np
import pytest
from numpy.typing import NDArray

from rung.kernels.learner.lanes import choose8, div8, fma8, load8, mul8, splat8, sqrt8, store8, sub8, sum8

Array = NDArray[np.float64]
A = np.array([1.5, -2.0, 0.0, 1e100, 3.0, -0.1, 7.0, 2.0])
B = np.array([2.0, 4.0, -5.0, 1e-100, 0.3, 0.7, 7.0, -1.0])


@nb.njit
def apply(a: Array, b: Array, c: Array, out: Array) -> None:
    x, y, z = load8(a, 0), load8(b, 0), load8(c, 0)
    store8(out, 0, mul8(x, y))
    store8(out, 8, div8(x, y))
    store8(out, 16, sub8(x, y))
    store8(out, 24, sqrt8(mul8(x, x)))
    store8(out, 32, fma8(x, y, z))
    store8(out, 40, choose8(x, y, z))
    store8(out, 48, splat8(b[4]))
    out[56] = sum8(x)


@pytest.fixture(scope="module")
def results() -> Array:
    out = np.zeros(57)
    apply(A, B, np.arange(8.0), out)
    return out


def test_each_lane_is_the_same_ieee_operation(results: Array) -> None:
    assert (results[0:8] == A * B).all()
    assert (results[8:16] == A / B).all()
    assert (results[16:24] == A - B).all()
    assert (results[24:32] == np.sqrt(A * A)).all()
    assert (results[48:56] == B[4]).all()


def test_multiply_and_add_rounds_once(results: Array) -> None:
    exact = [Fraction(a) * Fraction(b) + c for a, b, c in zip(A.tolist(), B.tolist(), range(8), strict=True)]
    assert results[32:40].tolist() == [float(value) for value in exact]


def test_a_lane_is_chosen_only_when_its_test_is_above_zero(results: Array) -> None:
    assert results[40:48].tolist() == [2.0, 1.0, 2.0, 1e-100, 0.3, 5.0, 7.0, -1.0]
    out = np.zeros(57)
    apply(np.full(8, math.nan), B, np.arange(8.0), out)
    assert out[40:48].tolist() == list(range(8))


def test_the_sum_is_taken_in_pairs() -> None:
    out = np.zeros(57)
    a = np.array([1e16, 1.0, -1e16, 1.0, 1e16, 1.0, -1e16, 3.0])
    apply(a, B, B, out)
    v = a.tolist()
    assert out[56] == ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]))
    assert out[56] != math.fsum(v)


def test_loads_and_stores_take_any_offset() -> None:
    @nb.njit
    def shift(a: Array) -> None:
        store8(a, 3, load8(a, 1))

    a = np.arange(16.0)
    shift(a)
    assert a.tolist() == [0, 1, 2, 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15]
